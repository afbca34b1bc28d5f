"""What stands before the page: limits, headers, and a log that tells nobody's data."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Log = Callable[[Mapping[str, Any]], None]
LONGEST_QUERY, LARGEST_BODY = 2_048, 16_384
WINDOW_SECONDS = 60.0
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The report of a training carries its own style; it runs nothing and reaches nothing.
REPORT_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'; sandbox"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "cache-control": "no-store",
}


class TooLargeError(Exception):
    """The body is larger than any of our forms."""


class Pace:
    """Counts requests by whoever makes them.

    Parameters
    ----------
    per_minute : int
        More than these have to wait.
    clock : callable
        Seconds that only grow.

    Examples
    --------
    >>> pace = Pace(2, clock=lambda: 0.0)
    >>> [pace.allows("ana"), pace.allows("ana"), pace.allows("ana"), pace.allows("luc")]
    [True, True, False, True]
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = per_minute
        self._clock = clock
        self._window = -1
        self._counts: dict[str, int] = {}

    def allows(self, who: str) -> bool:
        """Count one more request; False where it is one too many."""
        if (window := int(self._clock() / WINDOW_SECONDS)) != self._window:
            self._window, self._counts = window, {}
        self._counts[who] = self._counts.get(who, 0) + 1
        return self._counts[who] <= self._most


class Guard:
    """Outermost layer of the page.

    Parameters
    ----------
    app : ASGI application
        The page.
    hosts : collection of str, optional
        Names under which it may be asked for, ports left out; None for any.
    pace : Pace
        Counts requests by address, before anybody is known.
    key : bytes
        By which names of users are hidden in the log.
    log : callable
        Given one mapping a request: method, route (its pattern, never its values), status, milliseconds, user (hidden).
    is_https : bool
        Whether people come by https.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Iterable[str] | None, pace: Pace, key: bytes, log: Log, is_https: bool
    ) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)
        self._pace = pace
        self._key = key
        self._log = log
        self._headers = HEADERS | ({"strict-transport-security": "max-age=31536000"} if is_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the page answer; nothing of what went wrong is told but that it did."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        failure: Exception | None = None
        try:
            answer: ASGIApp = self._refusal(scope) or self._app
            await answer(scope, self._limited(receive), sending)
        except Exception as error:  # (whatever it is, no trace of it may reach the reader or the log)
            failure = error
            if not status:
                await plain(500)(scope, receive, sending)
        facts = {
            "method": scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other",
            "route": getattr(scope.get("route"), "path", "-"),
            "status": status,
            "ms": round(1000 * (time.perf_counter() - began), 1),
            "user": self._hidden(scope.get("state", {}).get("user", "")),
        }
        self._log(facts if failure is None else {**facts, **_place(failure)})

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        if len(scope["query_string"]) > LONGEST_QUERY or len(scope["raw_path"] or b"") > LONGEST_QUERY:
            return plain(414)
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._hosts is not None and (host.rpartition(":")[0] or host).strip("[]") not in self._hosts:
            return plain(421)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            return plain(413)
        if not self._pace.allows(scope["client"][0] if scope["client"] else ""):
            return plain(429)
        return None

    @staticmethod
    def _limited(receive: Receive) -> Receive:
        size = 0

        async def receiving() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > LARGEST_BODY:
                raise TooLargeError
            return message

        return receiving

    def _hidden(self, name: str) -> str:
        return hashlib.blake2b(name.encode(), key=self._key, digest_size=4).hexdigest() if name else "-"


def plain(status: int) -> PlainTextResponse:
    """Answer with one sentence."""
    words = {
        413: "The request is too large.",
        414: "The address is too long.",
        421: "This page is not served under that name.",
        429: "Too many requests. Wait a minute, then try again.",
        500: "Something went wrong here; it was noted. Go back and try again.",
    }
    headers = {"retry-after": "60"} if status == 429 else None
    return PlainTextResponse(words[status] + "\n", status, headers)


def _place(error: Exception) -> dict[str, str]:
    """Where an error arose, without its words: they may hold a customer's data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
    return {"error": type(error).__name__, "at": where}
