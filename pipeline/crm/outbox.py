"""The outbox as it is stored: leads that follow each other, have one parent and one state are one row of the database.

A row for every lead would cost more than all the rest of a push.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from pipeline.crm.ledger_tables import PACKED

PARCEL = 1000
# Columns that hold JSON already: a line for each lead.
LINES = frozenset({"seen", "before", "after"})


class Place(NamedTuple):
    """Where a lead stands in the outbox."""

    parent: str
    seq: int


class Planned(NamedTuple):
    """Leads of the outbox, column by column, all of one length."""

    parent: Sequence[str]
    seq: Sequence[int]
    lead_id: Sequence[str]
    crm_id: Sequence[str]
    version: Sequence[str]
    seen: Sequence[str | None]
    before: Sequence[str | None]
    before_push: Sequence[int | None]
    after: Sequence[str | None]
    after_push: Sequence[int]
    fingerprint: Sequence[int | None]
    state: Sequence[str]
    code: Sequence[str | None]
    message: Sequence[str | None]

    def part(self, start: int, stop: int) -> "Planned":
        """Leads that follow each other."""
        return Planned._make(column[start:stop] for column in self)

    def take(self, places: Sequence[int]) -> "Planned":
        """Some of the leads."""
        if len(places) == len(self.seq):
            return self
        return Planned._make([column[k] for k in places] for column in self)

    def place(self, k: int) -> Place:
        """Where one of them stands."""
        return Place(self.parent[k], self.seq[k])


def packed(push: int, leads: Planned) -> Iterator[dict[str, Any]]:
    """Write leads as rows of the outbox.

    Parameters
    ----------
    leads : Planned
        ``seq`` counts up by one.
    """
    start = 0
    for (parent, state), run in groupby(zip(leads.parent, leads.state, strict=True)):
        end = start + sum(1 for _ in run)
        for first in range(start, end, PARCEL):
            some = leads.part(first, min(first + PARCEL, end))
            row = {"push": push, "parent": parent, "seq": some.seq[0], "state": state, "n": len(some.seq)}
            yield row | columns_of(some)
        start = end


def columns_of(leads: Planned) -> dict[str, str]:
    """What stands in the columns of one row; what all its leads have in common stands there once."""
    texts = {}
    for name in PACKED:
        column: Sequence[Any] = getattr(leads, name)
        if column.count(column[0]) == len(column):
            column = column[:1]
        if name in LINES:
            texts[name] = "\n".join([line or "null" for line in column])
        else:
            texts[name] = json.dumps(column, ensure_ascii=False)
    return texts


def unpacked(row: Mapping[Any, Any]) -> Planned:
    r"""Read a row of the outbox.

    Examples
    --------
    >>> before = [None, '["a\\nb"]']
    >>> leads = Planned(["", ""], [7, 8], ["é", "b"], ["1", "2"], ["v", "v"], [None] * 2, before, [None, 3],
    ...                 ["[1]", None], [4, 4], [5, None], ["pending"] * 2, [None] * 2, [None] * 2)
    >>> (row,) = packed(9, leads)
    >>> row["version"], row["before"], unpacked(row) == leads
    ('["v"]', 'null\n["a\\nb"]', True)
    """
    n, columns = row["n"], dict[str, Any]()
    for name in PACKED:
        text = row[name]
        column = [None if line == "null" else line for line in text.split("\n")] if name in LINES else json.loads(text)
        columns[name] = column * n if len(column) == 1 else column
    return Planned(
        parent=[row["parent"]] * n, seq=list(range(row["seq"], row["seq"] + n)), state=[row["state"]] * n, **columns
    )


def blanked(leads: Planned, lead_id: str) -> Planned:
    """Leads of which one is erased: its place stays, without anything of it."""
    here = [one == lead_id for one in leads.lead_id]

    def emptied(name: str, nothing: str | None) -> list[Any]:
        return [nothing if gone else value for gone, value in zip(here, getattr(leads, name), strict=True)]

    kept = {name: emptied(name, None) for name in ("lead_id", "seen", "before", "after", "fingerprint", "message")}
    return leads._replace(**kept, crm_id=emptied("crm_id", ""), version=emptied("version", ""))


def batches(parts: Iterator[Planned], size: int) -> Iterator[Planned]:
    """Leads in batches of one size, but for the last one, however they are stored."""
    waiting = Planned._make([] for _ in Planned._fields)
    for part in parts:
        for column, more in zip(waiting, part, strict=True):
            column.extend(more)  # type: ignore[attr-defined]
        while len(waiting.seq) >= size:
            yield waiting.part(0, size)
            waiting = waiting.part(size, len(waiting.seq))
    if waiting.seq:
        yield waiting
