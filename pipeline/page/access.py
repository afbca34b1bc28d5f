"""Who somebody is, and what they may see: a one-time link, an authenticating proxy, or OpenID Connect."""

import hmac
import ipaddress
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection

from features.errors import UseError
from pipeline.page_settings import PageSettings, Role

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class User:
    """Somebody who is signed in.

    Attributes
    ----------
    name : str
        As the proxy or the provider gives it; of whoever started the page, in token mode.
    role : {"manager", "rep"}
        Sees all leads, or those of ``owner``.
    owner : str, optional
        None for a manager.
    """

    name: str
    role: Role
    owner: str | None


class RefusedError(Exception):
    """Somebody may not go on.

    Attributes
    ----------
    status : int
        401: sign in first; 403: known, or coming from the wrong place, and not allowed.
    code : str
        Of the words that tell them what to do.
    """

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class Access:
    """Decides who is asking.

    Parameters
    ----------
    settings : PageSettings
        How people sign in, and their roles.
    local_user : str
        Who is signed in by the one-time link.
    now : callable
        UTC seconds.
    """

    def __init__(self, settings: PageSettings, local_user: str, now: Callable[[], float]) -> None:
        self.settings = settings
        self._local_user = local_user
        self._now = now
        self._token = ""
        self._proxies = [ipaddress.ip_network(text) for text in settings.proxy_addresses]

    def new_token(self) -> str:
        """Make a link's token; the one before is worth nothing from now on."""
        self._token = secrets.token_urlsafe(24)
        return self._token

    def enter(self, token: str, session: dict[str, Any]) -> bool:
        """Sign in by the one-time token, which is used up then."""
        if self.settings.sign_in != "token" or not self._token:
            return False
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return False
        self._token = ""
        self.sign_in(self._local_user, session)
        return True

    def sign_in(self, name: str, session: dict[str, Any]) -> None:
        """Begin a session; nothing of another one stays."""
        session.clear()
        session |= {"user": name, "at": int(self._now()), "csrf": secrets.token_urlsafe(18)}

    def who(self, connection: HTTPConnection) -> User:
        """Say who is asking.

        Raises
        ------
        RefusedError
            Nobody who may see the page.
        """
        session = connection.session
        if self.settings.sign_in == "proxy":
            name = self._by_proxy(connection)
            if session.get("user") != name:
                self.sign_in(name, session)
        elif "user" not in session or self._now() - session.get("at", 0) > 3600 * self.settings.session_hours:
            session.clear()
            raise RefusedError(401, self.settings.sign_in)
        return self.user(session["user"])

    def _by_proxy(self, connection: HTTPConnection) -> str:
        peer = connection.client.host if connection.client else ""
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            raise RefusedError(403, "not_the_proxy") from None
        if not any(address in network for network in self._proxies):
            raise RefusedError(403, "not_the_proxy")
        names = connection.headers.getlist(self.settings.proxy_header)
        # Two headers: somebody added one before the proxy did, and which is whose cannot be told.
        if len(names) != 1 or not names[0].strip():
            raise RefusedError(401, "proxy")
        return names[0].strip()

    def user(self, name: str) -> User:
        """Give the rights of a name.

        Raises
        ------
        RefusedError
            Nobody has given it any.
        """
        if self.settings.sign_in == "token":
            return User(name, "manager", None)
        found = self.settings.users.get(name)
        if found is None:
            raise RefusedError(403, "unknown_user")
        return User(name, found.role, None if found.role == "manager" else found.owner or name)


def check_csrf(session: Mapping[str, Any], given: str, headers: Mapping[str, str], host: str) -> None:
    """Let a write pass only from our own form.

    Raises
    ------
    RefusedError
        Another site sent it, or the token is not that of the session.
    """
    origin = headers.get("origin")
    foreign = origin is not None and origin.rpartition("://")[2] != host
    if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise RefusedError(403, "csrf")
    if not hmac.compare_digest(given.encode(), str(session.get("csrf", "")).encode()) or not given:
        raise RefusedError(403, "csrf")


def check_binding(settings: PageSettings) -> None:
    """Refuse to be seen from outside with nobody at the door.

    Raises
    ------
    UseError
        An address that is not loopback with one-time links, or people who sign in and have no role.

    Examples
    --------
    >>> check_binding(PageSettings(host="0.0.0.0"))
    Traceback (most recent call last):
    ...
    features.errors.UseError: page.host: expected a loopback address with page.sign_in = "token", found '0.0.0.0':
    everybody could read your leads. Put an authenticating proxy before it (sign_in = "proxy") or use oidc, see
    docs/page.md.
    """
    if settings.sign_in == "token" and settings.host not in LOOPBACK:
        raise UseError(
            f'page.host: expected a loopback address with page.sign_in = "token", found {settings.host!r}: everybody '
            'could read your leads. Put an authenticating proxy before it (sign_in = "proxy") or use oidc, see '
            "docs/page.md."
        )
    if settings.sign_in != "token" and not settings.users:
        raise UseError(
            f'page.users: expected at least one person with page.sign_in = "{settings.sign_in}", found nobody. '
            'Add [page.users."name"] with role = "manager" or "rep".'
        )
    if settings.sign_in == "oidc" and settings.oidc_secret is None:
        raise UseError("page.oidc_secret: expected the client's secret, found none. Set TAMIS_PAGE__OIDC_SECRET.")
    if settings.sign_in == "oidc" and not settings.url.startswith("https://") and settings.host not in LOOPBACK:
        raise UseError("page.url: expected an address that begins with https://, as sessions travel with it.")
