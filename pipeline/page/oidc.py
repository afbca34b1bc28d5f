"""Sign in with OpenID Connect: authorization code with PKCE, state and nonce, by Authlib."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from features.errors import UseError
from pipeline.page.access import RefusedError
from pipeline.page_settings import PageSettings


class Provider:
    """The identity provider of the settings.

    Parameters
    ----------
    settings : PageSettings
        Issuer, client, secret, claim.

    Raises
    ------
    UseError
        Authlib is not installed.
    """

    def __init__(self, settings: PageSettings) -> None:
        try:
            from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415 (an extra)
        except ImportError:
            raise UseError(
                'page.sign_in = "oidc": expected Authlib, found none. Install it: pip install -e ".[oidc]".'
            ) from None
        self._settings = settings
        secret = settings.oidc_secret
        self._client: Any = OAuth().register(
            "provider",
            client_id=settings.oidc_client,
            client_secret=None if secret is None else secret.get_secret_value(),
            server_metadata_url=f"{settings.oidc_issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
        )

    async def begin(self, request: Request) -> Response:
        """Send somebody to the provider."""
        back = f"{self._settings.url}/oidc/back"
        answer: Response = await self._client.authorize_redirect(request, back)
        return answer

    async def end(self, request: Request) -> str:
        """Read who came back.

        Raises
        ------
        RefusedError
            The answer is not one that we asked for, or names nobody, or an e-mail address that nobody verified.
        """
        try:
            token = await self._client.authorize_access_token(request)
        except Exception:  # (whatever was wrong with the answer, nobody is signed in)
            raise RefusedError(401, "oidc") from None
        claims = token.get("userinfo") or {}
        name = claims.get(self._settings.oidc_claim)
        unverified = self._settings.oidc_claim == "email" and claims.get("email_verified") is not True
        if not isinstance(name, str) or not name or unverified:
            raise RefusedError(403, "unknown_user")
        return name
