"""Plan a push: what changed, and how each of these records stands in the CRM. Nothing is written there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from features.errors import DataError, GateError
from pipeline.crm.adapter import Adapter, Record
from pipeline.crm.diff import Diff, compare
from pipeline.crm.fields import DIGITS, Field, Value
from pipeline.crm.ledger import Accepted, Ledger
from pipeline.crm.values import SEGMENT, Block, Integers, fault, normalise, payload
from pipeline.language import iso
from pipeline.score_runs import SCHEMA, ScoreRun

# Below this many leads a share of changed bands says nothing.
FEWEST = 20
TOLD = 10


class Words(Protocol):
    """Makes the sentences of the reasons, for rows that are sent."""

    def __call__(self, name: str, rows: pa.Table) -> list[str]:
        """One text per row of a file of the run."""
        ...


@dataclass(frozen=True)
class Order:
    """What is to be pushed.

    Attributes
    ----------
    run : ScoreRun
    fields : sequence of Field
    certified : mapping of str to bool
        By segment, whether percentages may be read as such.
    minimum, brake : float
        Least move that is sent; share of leads that may change band.
    forced : bool
        Whether a person has looked at the changes of bands.
    longest : int
        Characters of the reasons.
    """

    run: ScoreRun
    fields: Sequence[Field]
    certified: Mapping[str, bool]
    minimum: float
    brake: float
    forced: bool
    longest: int


@dataclass
class Tally:
    """What a plan found: leads compared, left alone, with an accepted band, with another band now."""

    compared: int = 0
    unchanged: int = 0
    older: int = 0
    known: int = 0
    moved: int = 0
    twice: list[str] = field(default_factory=list)


def plan(order: Order, ledger: Ledger, adapter: Adapter, push: int, words: Words) -> Tally:
    """Fill the outbox.

    Raises
    ------
    DataError
        A key stands on two records of the CRM.
    GateError
        Too many leads would change band.
    OutsideError
        The CRM or the ledger failed.
    """
    tally, seq = Tally(), 0
    pushes = ledger.pushes()
    scored = (int(order.run.manifest["cutoff"]), int(order.run.manifest["scored_at"]))
    wanted = {"lead_id", "band", SEGMENT, *(one.ours for one in order.fields)}
    columns = [name for name in SCHEMA.names if name in wanted]
    longest = adapter.limits.text
    for name, table in order.run.blocks(columns):
        if not table.num_rows:
            continue
        block = normalise(table, order.fields, certified=order.certified, longest=longest)
        accepted = ledger.accepted(min(block.lead_ids), max(block.lead_ids))
        diff = compare(block, order.fields, accepted, pushes, scored, order.minimum)
        _count(tally, block, diff)
        ready = Ready(block, accepted, diff.changed, _values(order, block, diff.changed, name, table, words), longest)
        rows = list(_rows(ready, order.fields, adapter, push, tally, scored))
        for row in rows:
            row["seq"] = seq = seq + 1
        ledger.stage(rows)
    if tally.twice:
        named = ", ".join(tally.twice[:TOLD])
        raise DataError(
            f"The key of the CRM is not unique: {len(tally.twice)} of our leads stand on two records or more "
            f"({named}). Nothing was written. Merge these records, or name another field in crm.key."
        )
    _brake(order, tally)
    return tally


@dataclass(frozen=True)
class Ready:
    """A block with the values of its changed rows."""

    block: Block
    accepted: dict[str, Accepted]
    changed: Integers
    values: list[tuple[Value, ...]]
    longest: int


def _count(tally: Tally, block: Block, diff: Diff) -> None:
    tally.compared += len(block.lead_ids)
    tally.unchanged += len(block.lead_ids) - len(diff.changed) - diff.older
    tally.older += diff.older
    tally.known += diff.known
    tally.moved += diff.moved


def _values(
    order: Order, block: Block, rows: Integers, name: str, table: pa.Table, words: Words
) -> list[tuple[Value, ...]]:
    columns: list[Sequence[Value]] = []
    for place, one in enumerate(order.fields):
        if one.kind == "reasons":
            columns.append(words(name, table.select(["lead_id", "reasons"]).take(rows)) if len(rows) else [])
        elif one.kind == "instant":
            columns.append([None if value is None else int(value) for value in block.values(place, rows)])
        else:
            columns.append(block.values(place, rows))
    return list(zip(*columns, strict=True))


def _rows(
    ready: Ready, fields: Sequence[Field], adapter: Adapter, push: int, tally: Tally, scored: tuple[int, int]
) -> Iterator[dict[str, Any]]:
    block, texts = ready.block, [place for place, one in enumerate(fields) if one.kind == "reasons"]
    for start in range(0, len(ready.changed), adapter.limits.read):
        part = range(start, min(start + adapter.limits.read, len(ready.changed)))
        wrong = {}
        for k in part:
            why = block.faults.get(int(ready.changed[k]), "")
            for place in texts:
                why = why or (f"reasons: {bad}" if (bad := fault(str(ready.values[k][place]), ready.longest)) else "")
            if why:
                wrong[k] = why
        found = _by_key(adapter.read([block.lead_ids[ready.changed[k]] for k in part if k not in wrong]))
        for k in part:
            i = int(ready.changed[k])
            lead_id, values = block.lead_ids[i], ready.values[k]
            before = ready.accepted.get(lead_id)
            row = {
                "push": push,
                "parent": "",
                "lead_id": lead_id,
                "crm_id": "",
                "version": "",
                "seen": None,
                "before": before.payload if before else None,
                "before_push": before.push if before else None,
                "after": payload(values, int(block.reasons[i]), block.bands[i]),
                "after_push": push,
                "fingerprint": int(block.fingerprint[i]),
                "code": None,
                "message": None,
            }
            if k in wrong:
                yield {**row, "after": "[]", "state": "invalid", "code": "invalid", "message": wrong[k]}
                continue
            records = found.get(lead_id, [])
            if len(records) > 1:
                tally.twice.append(lead_id)
            newer = before is None and bool(records) and _is_newer(records[0], fields, scored)
            yield {**row, **standing(records, values, fields, is_older=newer)}


def standing(
    records: Sequence[Record], values: Sequence[Value], fields: Sequence[Field], *, is_older: bool = False
) -> dict[str, Any]:
    """How a record stands: pending, already as wanted, or why it is left alone."""
    if not records:
        return {"state": "missing"}
    record = records[0]
    seen = None if record.values is None or record.version else payload(record.values, 0, "")
    known = {"crm_id": record.crm_id, "version": record.version, "parent": record.parent, "seen": seen}
    if record.barrier:
        return {**known, "state": record.barrier}
    if is_older:
        return {**known, "state": "older"}
    return {**known, "state": "already" if same(record.values, values, fields) else "pending"}


def same(found: Sequence[Value] | None, wanted: Sequence[Value], fields: Sequence[Field]) -> bool:
    """Whether a record holds what it is to hold; stamps alone are no reason to write.

    Examples
    --------
    >>> rate, run = Field("propensity", "score", "rate"), Field("run_id", "run", "text")
    >>> same((0.30001, "r1"), (0.3, "r2"), [rate, run]), same((0.31, "r2"), (0.3, "r2"), [rate, run])
    (True, False)
    """
    if found is None:
        return False
    return all(one.is_stamp or _equal(one, then, now) for one, then, now in zip(fields, found, wanted, strict=True))


def _equal(one: Field, then: Value, now: Value) -> bool:
    if one.is_number and isinstance(then, float | int) and isinstance(now, float | int):
        return abs(then - now) < 0.5 * 10.0 ** -DIGITS[one.kind]
    if isinstance(then, str) or isinstance(now, str):
        # Many systems store an empty text for none, and write line ends their own way.
        return str(then or "").replace("\r\n", "\n") == str(now or "").replace("\r\n", "\n")
    return then == now


def _is_newer(record: Record, fields: Sequence[Field], scored: tuple[int, int]) -> bool:
    """Whether the CRM itself says that its values come from a newer score: the ledger may be new."""
    if record.values is None:
        return False
    ours = dict(zip(("cutoff", "scored_at"), scored, strict=True))
    for name in ("cutoff", "scored_at"):
        for one, value in zip(fields, record.values, strict=True):
            if one.ours == name and isinstance(value, int | float) and value != ours[name]:
                return value > ours[name]
    return False


def _by_key(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record.key].append(record)
    return found


def _brake(order: Order, tally: Tally) -> None:
    if order.forced or tally.known < FEWEST or tally.moved <= order.brake * tally.known:
        return
    share = tally.moved / tally.known
    raise GateError(
        f"{tally.moved:,} of {tally.known:,} leads ({share:.0%}) would change band: expected at most {order.brake:.0%} "
        f"(crm.brake) between the score run of {iso(int(order.run.manifest['cutoff']))} and what was sent before. "
        "Nothing was written. Look at 'tamis push --dry-run --force'; if the changes are right, 'tamis push --force'."
    )
