"""Plan a push: what changed, and how each of these records stands in the CRM. Nothing is written there."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

import pyarrow as pa

from features.errors import DataError, GateError
from pipeline.crm.accepted import Accepted
from pipeline.crm.adapter import Adapter, Record
from pipeline.crm.diff import Diff, compare
from pipeline.crm.fields import Field, Value
from pipeline.crm.ledger import Ledger
from pipeline.crm.outbox import Planned
from pipeline.crm.prefetch import prefetched
from pipeline.crm.standing import is_newer, standings
from pipeline.crm.values import SEGMENT, Block, Integers, fault, normalise, payloads
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
    tally = Tally()

    def read(part: Part) -> tuple[Part, Sequence[Record]]:
        return part, adapter.read([lead_id for k, lead_id in enumerate(part.lead_ids) if k not in part.wrong])

    def planned() -> Iterator[Planned]:
        seq = 0
        for part, records in prefetched(map(read, _parts(order, ledger, adapter, words, tally))):
            yield _planned(part, records, order, push, tally, seq)
            seq += len(part.lead_ids)

    for leads in prefetched(planned()):
        ledger.stage(push, leads)
    if tally.twice:
        named = ", ".join(tally.twice[:TOLD])
        raise DataError(
            f"The key of the CRM is not unique: {len(tally.twice)} of our leads stand on two records or more "
            f"({named}). Nothing was written. Merge these records, or name another field in crm.key."
        )
    _brake(order, tally)
    return tally


@dataclass(frozen=True)
class Part:
    """Changed leads that are read in the CRM at a time; each sequence in their order, ``wrong`` by place in it."""

    lead_ids: list[str]
    accepted: list[Accepted | None]
    columns: list[Sequence[Value]]
    payloads: list[str]
    fingerprints: list[int]
    wrong: dict[int, str]


def _parts(order: Order, ledger: Ledger, adapter: Adapter, words: Words, tally: Tally) -> Iterator[Part]:
    """What changed since it was accepted last, as much at a time as is read in the CRM."""
    pushes, longest = ledger.pushes(), adapter.limits.text
    scored = (int(order.run.manifest["cutoff"]), int(order.run.manifest["scored_at"]))
    told = any(one.kind == "reasons" for one in order.fields)
    wanted = {"lead_id", "band", SEGMENT, *(one.ours for one in order.fields), *(["reasons"] if told else [])}
    columns = [name for name in SCHEMA.names if name in wanted]
    for name, table, block, accepted in prefetched(_blocks(order, ledger, columns, longest)):
        diff = compare(block, order.fields, accepted, pushes, scored, order.minimum)
        _count(tally, block, diff)
        if len(diff.changed):
            texts = words(name, table.select(["lead_id", "reasons"]).take(diff.changed)) if told else {}
            for start in range(0, len(diff.changed), adapter.limits.read):
                some = slice(start, start + adapter.limits.read)
                of_some = {ours: of_all[some] for ours, of_all in texts.items()}
                yield _part(order, block, accepted, diff.changed[some], of_some, longest)


def _blocks(
    order: Order, ledger: Ledger, columns: Sequence[str], longest: int
) -> Iterator[tuple[str, pa.Table, Block, Mapping[str, Accepted]]]:
    """Each file of the score run, as it is and normalised, with what was accepted of its leads."""
    for name, table in chain(order.run.blocks(columns), _withdrawn(order.run, ledger, columns)):
        if table.num_rows:
            block = normalise(table, order.fields, certified=order.certified, longest=longest)
            yield name, table, block, ledger.accepted(min(block.lead_ids), max(block.lead_ids))


def _count(tally: Tally, block: Block, diff: Diff) -> None:
    tally.compared += len(block.lead_ids)
    tally.unchanged += len(block.lead_ids) - len(diff.changed) - diff.older
    tally.older += diff.older
    tally.known += diff.known
    tally.moved += diff.moved


def _part(
    order: Order,
    block: Block,
    accepted: Mapping[str, Accepted],
    rows: Integers,
    texts: Mapping[str, Sequence[str]],
    longest: int,
) -> Part:
    columns: list[Sequence[Value]] = []
    for place, one in enumerate(order.fields):
        if one.kind == "reasons":
            columns.append(texts[one.ours])
        elif one.kind == "instant":
            columns.append([None if value is None else int(value) for value in block.values(place, rows)])
        else:
            columns.append(block.values(place, rows))
    wrong = {
        k: f"{ours}: {why}"
        for ours, of_all in texts.items()
        for k, text in enumerate(of_all)
        if (why := fault(text, longest))
    }
    if block.faults:
        wrong |= {k: block.faults[i] for k, i in enumerate(rows.tolist()) if i in block.faults}
    kept = payloads(columns, block.reasons[rows].tolist(), list(block.bands[rows]))
    lead_ids: list[str] = block.lead_ids[rows].tolist()
    return Part(
        lead_ids,
        [accepted.get(lead_id) for lead_id in lead_ids],
        columns,
        kept,
        block.fingerprint[rows].tolist(),
        wrong,
    )


def _withdrawn(run_: ScoreRun, ledger: Ledger, columns: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
    """The leads that opted out and of which something was pushed: it is taken back."""
    for name, table in run_.withdrawn(columns):
        leads = table.column("lead_id").to_pylist()
        accepted = ledger.accepted(leads[0], leads[-1])
        yield name, table.filter(pa.array([lead in accepted for lead in leads]))


def _planned(part: Part, records: Sequence[Record], order: Order, push: int, tally: Tally, seq: int) -> Planned:
    """Rows of the outbox, in the order of the score run."""
    found = {record.key: record for record in records}
    if len(found) < len(records):
        times = Counter(record.key for record in records)
        tally.twice += [lead_id for lead_id in part.lead_ids if times[lead_id] > 1]
    n, stamps = len(part.lead_ids), _stamps(order)
    held = [found.get(lead_id) for lead_id in part.lead_ids]
    older = [
        before is None and record is not None and is_newer(record, stamps)
        for before, record in zip(part.accepted, held, strict=True)
    ]
    how = standings(held, part.columns, order.fields, older)
    after = list(part.payloads)
    for k in part.wrong:
        how.state[k], after[k] = "invalid", "[]"
    return Planned(
        **how._asdict(),
        seq=range(seq + 1, seq + n + 1),
        lead_id=part.lead_ids,
        before=[one and one.payload for one in part.accepted],
        before_push=[one and one.push for one in part.accepted],
        after=after,
        after_push=[push] * n,
        fingerprint=part.fingerprints,
        code=["invalid" if k in part.wrong else None for k in range(n)],
        message=[part.wrong.get(k) for k in range(n)],
    )


def _stamps(order: Order) -> list[tuple[int, int]]:
    """Places of the fields that say when a record was scored, with what ours say."""
    names = [one.ours for one in order.fields]
    stamps = ("cutoff", "scored_at")
    return [(names.index(name), int(order.run.manifest[name])) for name in stamps if name in names]


def _brake(order: Order, tally: Tally) -> None:
    if order.forced or tally.known < FEWEST or tally.moved <= order.brake * tally.known:
        return
    share = tally.moved / tally.known
    raise GateError(
        f"{tally.moved:,} of {tally.known:,} leads ({share:.0%}) would change band: expected at most {order.brake:.0%} "
        f"(crm.brake) between the score run of {iso(int(order.run.manifest['cutoff']))} and what was sent before. "
        "Nothing was written. Look at 'tamis push --dry-run --force'; if the changes are right, 'tamis push --force'."
    )
