"""HTTP to a CRM: explicit timeouts, the vendor's rate, patience with what passes, and no guess about what broke."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from pyrate_limiter import Limiter, Rate

from features.errors import OutsideError, UseError
from pipeline.crm.adapter import Uncertain, patiently
from pipeline.settings import CrmSettings

# The request was not taken up: sending it again is safe.
BUSY = (429, 503)
# Something between us and the CRM gave up: nobody knows how far the request came.
UNKNOWN = (502, 504)
CONNECT_S = 10.0
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Wire:
    """A connection to one CRM.

    Parameters
    ----------
    crm : CrmSettings
        Address, timeout, patience, requests per second.
    rates : sequence of (int, float)
        The vendor's limits, as requests in so many seconds; empty where there is none.
    headers : mapping of str to str
        Sent with every request; never shown.
    spent : callable
        Tells from an answer that the quota of the day is spent.

    Raises
    ------
    UseError
        The address is none.
    """

    def __init__(
        self,
        crm: CrmSettings,
        rates: Sequence[tuple[int, float]] = (),
        headers: Mapping[str, str] | None = None,
        spent: Callable[[httpx.Response], bool] = lambda _: False,
    ) -> None:
        if not crm.url.startswith(("https://", "http://")):
            raise UseError(f"crm.url: expected an address such as https://crm.example.com, found {crm.url!r}.")
        if not "".join((headers or {}).values()).isascii():
            raise UseError("crm.token: expected a key of plain characters, found others. Copy it again from the CRM.")
        self._spent = spent
        self.patience, self._seconds = crm.patience_seconds, crm.timeout_seconds
        timeout = httpx.Timeout(crm.timeout_seconds, connect=min(CONNECT_S, crm.timeout_seconds))
        self._client = httpx.Client(
            base_url=crm.url, timeout=timeout, headers=dict(headers or {}), follow_redirects=False
        )
        if crm.requests_per_second:
            rates = [(max(1, round(crm.requests_per_second)), max(1.0, 1 / crm.requests_per_second))]
        self._limiter = Limiter([Rate(n, round(seconds * 1000)) for n, seconds in rates]) if rates else None

    def send(self, method: str, path: str, *, is_write: bool = False, **how: Any) -> httpx.Response:
        """Send one request and give the whole answer.

        Parameters
        ----------
        is_write : bool
            Whether the CRM may have changed something when the answer is lost.
        **how
            What httpx takes: ``json``, ``content``, ``params``, ``headers``.

        Raises
        ------
        Uncertain
            A write whose answer never came.
        OutsideError
            The CRM did not answer, or was too busy, for as long as we are patient.
        """
        answer: httpx.Response | None = None
        try:
            for attempt in patiently(_pause, self.patience):
                with attempt:
                    answer = self._once(method, path, is_write=is_write, how=how)
        except _Again as again:
            raise OutsideError(
                f"crm.url: the CRM {again.why} for {self.patience:.0f} seconds. "
                "Try again later: what was accepted is not sent twice."
            ) from None
        assert answer is not None  # noqa: S101 (the loop ends with an answer or an exception)
        return answer

    def _once(self, method: str, path: str, *, is_write: bool, how: Mapping[str, Any]) -> httpx.Response:
        if self._limiter:
            self._limiter.try_acquire("crm")
        try:
            answer = self._read(method, path, how)
        except NOT_SENT:
            raise _Again("could not be reached") from None
        except httpx.TransportError as error:
            if is_write:
                raise Uncertain from None
            raise _Again(f"broke the connection ({type(error).__name__})") from None
        if self._spent(answer):
            raise OutsideError(
                "crm.url: the quota of the day of this CRM is spent. Push again tomorrow: what was accepted is not "
                "sent twice."
            )
        if answer.status_code in BUSY:
            raise _Again(f"was busy (status {answer.status_code})", self._wanted(answer))
        if answer.status_code in UNKNOWN:
            if is_write:
                raise Uncertain
            raise _Again(f"did not answer (status {answer.status_code})")
        return answer

    def _read(self, method: str, path: str, how: Mapping[str, Any]) -> httpx.Response:
        """Read to the end, with one deadline for the whole answer: a body that trickles would never time out."""
        deadline = time.monotonic() + self._seconds
        with self._client.stream(method, path, **how) as answer:
            chunks = []
            for chunk in answer.iter_bytes():
                chunks.append(chunk)
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("The answer took too long.")
            # The body is decoded already.
            plain = [(name, value) for name, value in answer.headers.items() if name not in ("content-encoding",)]
            return httpx.Response(answer.status_code, headers=plain, content=b"".join(chunks), request=answer.request)

    def _wanted(self, answer: httpx.Response) -> float | None:
        """Seconds that the CRM asks us to wait."""
        asked = answer.headers.get("retry-after", "")
        try:
            seconds = float(asked)
        except ValueError:
            try:
                seconds = (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
            except (TypeError, ValueError):
                return None
        if seconds > self.patience:
            raise OutsideError(
                f"crm.url: the CRM asks to wait {seconds:,.0f} seconds, longer than crm.patience_seconds. "
                "Push again then: what was accepted is not sent twice."
            )
        return max(seconds, 0.0)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class _Again(Exception):  # noqa: N818 (it is tried again)
    """A failure that passes."""

    def __init__(self, why: str, pause: float | None = None) -> None:
        super().__init__(why)
        self.why, self.pause = why, pause


def _pause(error: Exception) -> bool | float:
    if not isinstance(error, _Again):
        return False
    return True if error.pause is None else error.pause


def secret_of(crm: CrmSettings) -> str:
    """The key or password of the job.

    Raises
    ------
    UseError
        None was given.
    """
    if crm.token is None:
        raise UseError(
            "crm.token: expected the key or password of the job in TAMIS_CRM__TOKEN or in a secret file, found none."
        )
    return crm.token.get_secret_value()


def denied(answer: httpx.Response) -> OutsideError:
    """The sentence for a request that nothing will make pass, with the CRM's own words where they are short."""
    return OutsideError(
        f"crm.url: the CRM answered {answer.status_code} to {answer.request.method} {answer.request.url.path}: "
        f"{words(answer)[:300]}. Check the rights of the job's user and the settings in [crm]."
    )


def words(answer: httpx.Response) -> str:
    """What an error answer says, without markup."""
    try:
        found = answer.json()
    except ValueError:
        return answer.reason_phrase
    if isinstance(found, list) and found:
        found = found[0]
    if isinstance(found, dict):
        found = next((found[name] for name in ("message", "detail", "error") if found.get(name)), answer.reason_phrase)
    return str(found).strip().rstrip(".")
