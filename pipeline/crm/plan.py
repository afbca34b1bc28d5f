"""Plan a push: what changed, and how each of these records stands in the CRM. Nothing is written there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple, Protocol

import pyarrow as pa

from features.errors import DataError, GateError
from pipeline.crm.adapter import Adapter, Record
from pipeline.crm.diff import Diff, compare
from pipeline.crm.fields import DIGITS, Field, Value
from pipeline.crm.ledger import Accepted, Ledger, Staged
from pipeline.crm.values import SEGMENT, Block, Integers, fault, normalise, payload, payloads
from pipeline.language import iso
from pipeline.score_runs import SCHEMA, ScoreRun

# Below this many leads a share of changed bands says nothing.
FEWEST = 20
TOLD = 10


class Words(Protocol):
    """Makes the texts of reasons and hand-over notes, for rows that are sent."""

    def __call__(self, name: str, rows: pa.Table) -> Mapping[str, Sequence[str]]:
        """By column of ours, one text per row of a file of the run."""
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
    told = any(one.kind == "reasons" for one in order.fields)
    wanted = {"lead_id", "band", SEGMENT, *(one.ours for one in order.fields), *(["reasons"] if told else [])}
    columns = [name for name in SCHEMA.names if name in wanted]
    longest = adapter.limits.text
    for name, table in chain(order.run.blocks(columns), _withdrawn(order.run, ledger, columns)):
        if not table.num_rows:
            continue
        block = normalise(table, order.fields, certified=order.certified, longest=longest)
        accepted = ledger.accepted(min(block.lead_ids), max(block.lead_ids))
        diff = compare(block, order.fields, accepted, pushes, scored, order.minimum)
        _count(tally, block, diff)
        if len(diff.changed):
            texts = words(name, table.select(["lead_id", "reasons"]).take(diff.changed)) if told else {}
            ready = _ready(order, block, accepted, diff.changed, texts, longest)
            ledger.stage(list(_staged(ready, order, adapter, push, tally, seq)))
            seq += len(diff.changed)
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
    """The changed rows of a block: their places in it, the wanted values by row, and what the ledger will keep."""

    block: Block
    accepted: dict[str, Accepted]
    rows: list[int]
    values: list[tuple[Value, ...]]
    payloads: list[str]
    wrong: dict[int, str]


def _count(tally: Tally, block: Block, diff: Diff) -> None:
    tally.compared += len(block.lead_ids)
    tally.unchanged += len(block.lead_ids) - len(diff.changed) - diff.older
    tally.older += diff.older
    tally.known += diff.known
    tally.moved += diff.moved


def _ready(
    order: Order,
    block: Block,
    accepted: dict[str, Accepted],
    rows: Integers,
    texts: Mapping[str, Sequence[str]],
    longest: int,
) -> Ready:
    columns: list[Sequence[Value]] = []
    for place, one in enumerate(order.fields):
        if one.kind == "reasons":
            columns.append(texts[one.ours])
        elif one.kind == "instant":
            columns.append([None if value is None else int(value) for value in block.values(place, rows)])
        else:
            columns.append(block.values(place, rows))
    wrong = {k: f"reasons: {why}" for k, text in enumerate(texts) if (why := fault(text, longest))}
    if block.faults:
        wrong |= {k: block.faults[i] for k, i in enumerate(rows.tolist()) if i in block.faults}
    kept = payloads(columns, block.reasons[rows].tolist(), list(block.bands[rows]))
    return Ready(block, accepted, rows.tolist(), list(zip(*columns, strict=True)), kept, wrong)


def _withdrawn(run_: ScoreRun, ledger: Ledger, columns: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
    """The leads that opted out and of which something was pushed: it is taken back."""
    for name, table in run_.withdrawn(columns):
        leads = table.column("lead_id").to_pylist()
        accepted = ledger.accepted(leads[0], leads[-1])
        yield name, table.filter(pa.array([lead in accepted for lead in leads]))


def _staged(ready: Ready, order: Order, adapter: Adapter, push: int, tally: Tally, seq: int) -> Iterator[Staged]:
    """Rows of the outbox, in the order of the block."""
    lead_ids, fingerprints = ready.block.lead_ids, ready.block.fingerprint.tolist()
    stamps = _stamps(order)
    for start in range(0, len(ready.rows), adapter.limits.read):
        part = range(start, min(start + adapter.limits.read, len(ready.rows)))
        found = _by_key(adapter.read([lead_ids[ready.rows[k]] for k in part if k not in ready.wrong]))
        for k in part:
            i, seq = ready.rows[k], seq + 1
            lead_id, before = lead_ids[i], ready.accepted.get(lead_ids[i])
            if k in ready.wrong:
                how, after = Standing("invalid", code="invalid", message=ready.wrong[k]), "[]"
            else:
                records, after = found.get(lead_id, ()), ready.payloads[k]
                if len(records) > 1:
                    tally.twice.append(lead_id)
                is_older = before is None and bool(records) and _is_newer(records[0], stamps)
                how = standing(records, ready.values[k], order.fields, is_older=is_older)
            old, old_push = (before.payload, before.push) if before else (None, None)
            yield Staged(
                push,
                how.parent,
                seq,
                lead_id,
                how.crm_id,
                how.version,
                how.seen,
                old,
                old_push,
                after,
                push,
                fingerprints[i],
                how.state,
                how.code,
                how.message,
            )


def _stamps(order: Order) -> list[tuple[int, int]]:
    """Places of the fields that say when a record was scored, with what ours say."""
    names = [one.ours for one in order.fields]
    stamps = ("cutoff", "scored_at")
    return [(names.index(name), int(order.run.manifest[name])) for name in stamps if name in names]


class Standing(NamedTuple):
    """How a record stands: pending, already as wanted, or why it is left alone."""

    state: str
    parent: str = ""
    crm_id: str = ""
    version: str = ""
    seen: str | None = None
    code: str | None = None
    message: str | None = None


def standing(
    records: Sequence[Record], values: Sequence[Value], fields: Sequence[Field], *, is_older: bool = False
) -> Standing:
    """Say how a record stands; who opted out is left alone but for taking back what we wrote."""
    if not records:
        return Standing("missing")
    record = records[0]
    if record.keeps_off(values):
        state: str = record.barrier
    elif is_older:
        state = "older"
    else:
        state = "already" if same(record.values, values, fields) else "pending"
    seen = None if record.values is None or record.version else payload(record.values, 0, None)
    return Standing(state, record.parent, record.crm_id, record.version, seen)


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


def _is_newer(record: Record, stamps: Sequence[tuple[int, int]]) -> bool:
    """Whether the CRM itself says that its values come from a newer score: the ledger may be new."""
    for place, ours in stamps if record.values is not None else ():
        value = record.values[place]  # type: ignore[index]
        if isinstance(value, int | float) and value != ours:
            return value > ours
    return False


def _by_key(records: Sequence[Record]) -> dict[str, tuple[Record, ...]]:
    found: dict[str, tuple[Record, ...]] = {record.key: (record,) for record in records}
    if len(found) < len(records):
        found = dict.fromkeys(found, ())
        for record in records:
            found[record.key] += (record,)
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
