"""What the engine asks of a CRM: read records by key, write a batch, one outcome per record."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import stamina
from stamina.instrumentation import set_on_retry_hooks

from features.errors import OutsideError
from pipeline.crm.fields import Field, Value

# Why a record is not written although it could be read.
Barrier = Literal["", "override", "opted_out", "closed", "merged"]
State = Literal["ok", "rejected", "edited", "missing", "unknown"]
Again = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool | float]
HOPELESS = 20
# By itself stamina logs the exception of every attempt; ours are told once, in one sentence.
set_on_retry_hooks(())


class Record(NamedTuple):
    """A record as it stands in the CRM.

    Attributes
    ----------
    key : str
        Our lead_id.
    crm_id : str
        The CRM's own identifier.
    version : str
        What changes when anybody edits the record; empty where the system has none.
    values : tuple of Value, optional
        Our fields as they stand, in the order of the mapping and in our units; None where the write itself leaves equal
        values alone.
    barrier : str
        Why it must not be written; empty where it may.
    parent : str
        What it is sent together with.
    """

    key: str
    crm_id: str
    version: str = ""
    values: tuple[Value, ...] | None = None
    barrier: Barrier = ""
    parent: str = ""

    def keeps_off(self, values: Sequence[Value]) -> bool:
        """Whether it must not be written; who opted out may have all that is ours taken back.

        Examples
        --------
        >>> flagged = Record("L1", "7", barrier="opted_out")
        >>> flagged.keeps_off([0.5, "A"]), flagged.keeps_off([None, ""]), Record("L1", "7").keeps_off([0.5, "A"])
        (True, False, False)
        """
        return bool(self.barrier) and not (self.barrier == "opted_out" and not any(v not in (None, "") for v in values))


class Change(NamedTuple):
    """What one record is to hold: values in the order of the mapping, None empties a field.

    ``before`` is what was read, where the system has no version of its own.
    """

    lead_id: str
    crm_id: str
    version: str
    values: tuple[Value, ...]
    before: tuple[Value, ...] | None = None


class Outcome(NamedTuple):
    """What became of one change; code and message are the CRM's own."""

    state: State
    code: str = ""
    message: str = ""


OK = Outcome("ok")
EDITED = Outcome("edited", "edited", "The record was edited between reading and writing.")


@dataclass(frozen=True)
class Limits:
    """What a system takes at a time.

    Attributes
    ----------
    read, write : int
        Records per call of `Adapter.read` and `Adapter.write`.
    text : int
        Characters in one field.
    """

    read: int
    write: int
    text: int


class Memory(Protocol):
    """Notes of an adapter that outlive the process, such as the number of a job that the CRM still works on."""

    def keep(self, name: str, value: str | None) -> None:
        """Write a note durably; None removes it."""
        ...

    def kept(self) -> Mapping[str, str]:
        """Every note."""
        ...


class Adapter(Protocol):
    """A CRM.

    `read` and `write` may raise `Uncertain` (nobody knows what the CRM has done) and `OutsideError` (it failed, and
    trying again would not help now).
    """

    name: str
    limits: Limits
    fields: Sequence[Field]

    def recover(self, memory: Memory) -> None:
        """Settle what a former process left in the CRM's hands."""
        ...

    def read(self, keys: Sequence[str]) -> Sequence[Record]:
        """Every record that has one of the keys: none where it is gone, two where the key is not unique."""
        ...

    def write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        """Update records, in order; never create one."""
        ...

    def prepare(self) -> Sequence[str]:
        """Create the mapped fields that are missing, and give their names."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class Ahead(Protocol):
    """An adapter that can do something for a batch while the CRM still works on the one before."""

    def ahead(self, changes: Sequence[Change]) -> Sequence[Change]:
        """The same changes, with what was done for them."""
        ...


class Uncertain(Exception):  # noqa: N818 (not an error yet: reading again decides)
    """The connection broke or timed out after something was sent."""


class Refused(Exception):  # noqa: N818 (an outcome on its way)
    """The CRM refused a whole batch, which one bad record is enough for."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


def patiently(on: Again, seconds: float) -> Iterator[AbstractContextManager[object]]:
    """Try again with growing pauses, for so many seconds; ``on`` may give the pause that the CRM asks for."""
    waits = {"wait_initial": 0.1, "wait_max": 10.0, "wait_jitter": 0.1}
    return iter(stamina.retry_context(on, attempts=None, timeout=seconds, **waits))


def bisect(changes: Sequence[Change], attempt: Callable[[Sequence[Change]], Sequence[Outcome]]) -> list[Outcome]:
    """Write a batch that is refused as a whole for one bad record, by halves until the bad ones stand alone.

    Parameters
    ----------
    changes : sequence of n Change
    attempt : callable
        Writes all or nothing; raises `Refused`.

    Returns
    -------
    list of n Outcome

    Raises
    ------
    OutsideError
        The first 20 records alone were all refused for one reason: it is not their fault.

    Examples
    --------
    >>> def attempt(batch):
    ...     if any(change.lead_id == "bad" for change in batch):
    ...         raise Refused(Outcome("rejected", "domain", "1.7 is too much"))
    ...     return [OK] * len(batch)
    >>> [outcome.state for outcome in bisect([Change(n, n, "", ()) for n in ("a", "bad", "c")], attempt)]
    ['ok', 'rejected', 'ok']
    """
    outcomes: list[Outcome] = []
    parts = [changes] if changes else []
    while parts:
        part = parts.pop()
        try:
            outcomes += attempt(part)
        except Refused as refused:
            if len(part) > 1:
                half = len(part) // 2
                parts += [part[half:], part[:half]]
                continue
            outcomes.append(refused.outcome)
            if len(outcomes) == HOPELESS and len(set(outcomes)) == 1 and refused.outcome.state == "rejected":
                raise OutsideError(
                    f"The CRM refused the first {HOPELESS} records for one reason: {refused.outcome.message} "
                    "Correct the rights of the job's user or the fields, then push again."
                ) from None
    return outcomes
