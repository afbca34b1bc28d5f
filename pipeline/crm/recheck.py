"""For systems without a lock of their own: read a record again before it is written, unless it was read just now."""

import time
from collections.abc import Callable, Sequence

from pipeline.crm.adapter import EDITED, Change, Outcome, Record

# Reading again costs requests; within so many seconds it would hardly find more than the write itself misses.
FRESH_S = 30.0


class Recheck:
    """Remembers which keys were read a moment ago."""

    def __init__(self) -> None:
        self._read: dict[str, float] = {}

    def saw(self, keys: Sequence[str]) -> None:
        """Write down that these keys were read now."""
        now = time.monotonic()
        self._read = {key: at for key, at in self._read.items() if now - at < FRESH_S}
        self._read.update(dict.fromkeys(keys, now))

    def refusals(
        self, changes: Sequence[Change], read: Callable[[Sequence[str]], Sequence[Record]]
    ) -> dict[int, Outcome]:
        """Which changes must not be written as somebody edited or deleted the record since it was read."""
        now = time.monotonic()
        stale = [i for i, change in enumerate(changes) if now - self._read.get(change.lead_id, 0.0) >= FRESH_S]
        found = {record.key: record for record in (read([changes[i].lead_id for i in stale]) if stale else ())}
        refused: dict[int, Outcome] = {}
        for i in stale:
            record = found.get(changes[i].lead_id)
            if record is None:
                refused[i] = Outcome("missing")
            elif record.version != changes[i].version:
                refused[i] = EDITED
        return refused


def merge(n: int, refused: dict[int, Outcome], written: Sequence[Outcome]) -> list[Outcome]:
    """Outcomes of n changes, of which some were not sent.

    Examples
    --------
    >>> [one.state for one in merge(3, {1: EDITED}, [Outcome("ok"), Outcome("ok")])]
    ['ok', 'edited', 'ok']
    """
    rest = iter(written)
    return [refused[i] if i in refused else next(rest) for i in range(n)]
