"""Open tables where they stand: bound, typed and checked by queries; no row leaves its engine.

The rules are those of the embedded path (`features.checks`), with two differences. Nothing is quarantined: rows that
must not count are left out by every query, and how many there are is told. And rows of unknown leads are not looked
for: they can reach no feature.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw

from features import checks
from features.checks import CREATED, KEPT, REMOVING, Checked, flag, sum_of
from features.errors import UseError
from features.faults import Count, Fault, Faults, FaultyDataError, fault
from features.frames import Frame
from features.tables import SCHEMA, Attribute, Tables
from pipeline.columns import bind, two_outcomes
from pipeline.engines.canonical import canonical
from pipeline.engines.engine import Place
from pipeline.forget.suppression import Suppressed
from pipeline.locate import missing_table, wanted_tables
from pipeline.settings import SourceSettings
from pipeline.shown_cells import iso

FORMAT = "in place 1"
c = nw.col


@dataclass(frozen=True)
class InPlace:
    """Tables of an engine, ready for features."""

    tables: Tables
    faults: Faults
    stamp: str


def open_in_place(
    place: Place,
    source: SourceSettings,
    *,
    now: int,
    extracted_at: int | None,
    kinds: Sequence[Attribute] = (),
    suppressed: Suppressed,
) -> InPlace:
    """Bind, type and check the tables of an engine.

    Parameters
    ----------
    place : Place
        The engine.
    source : SourceSettings
        Which tables and columns.
    now : int
        UTC seconds: later times are faults. The stamp holds it: what stands elsewhere can change unseen.
    extracted_at : int, optional
        UTC seconds; the newest time of the tables where it is not given.
    kinds : sequence of Attribute
        Attributes whose type is settled.
    suppressed : Suppressed
        Leads that were erased.

    Raises
    ------
    FaultyDataError
        With every fault of every table.
    """
    frames, attributes, faults, one_table = _typed(place, source, kinds)
    _refuse(Faults(tuple(faults)), source)
    frames = _without_erased(frames, suppressed)
    if extracted_at is None:
        extracted_at, told = _newest(frames, now)
        faults.append(told)
    sound: dict[str, Frame] = {}
    counts: dict[str, Count] = {}
    for table in dict.fromkeys(("leads", *frames)):
        known = None
        if table == "outcomes":
            known = sound["leads"].select("lead_id", c("created_at").alias(CREATED), nw.lit(1).alias(KEPT))
        marked = checks.mark(table, frames[table], extracted_at, known)
        found, counts[table] = _count(table, marked, extracted_at)
        faults += found
        sound[table] = _sound(table, frames[table], marked, found, known)
    everything = Faults(tuple(faults), counts)
    _refuse(everything, source)
    kept = {table: count.kept for table, count in counts.items()}
    tables = Tables(
        {table: sound[table] for table in SCHEMA if table in sound}, tuple(attributes), extracted_at, one_table, kept
    )
    return InPlace(tables, everything, _stamp(source, kept, extracted_at, suppressed, now))


def _refuse(faults: Faults, source: SourceSettings) -> None:
    if (refusal := faults.refusal(source.max_faulty_rate)) is not None:
        raise FaultyDataError(refusal, faults)


def _typed(
    place: Place, source: SourceSettings, kinds: Sequence[Attribute]
) -> tuple[dict[str, Frame], list[Attribute], list[Fault], bool]:
    frames: dict[str, Frame] = {}
    attributes: list[Attribute] = []
    faults: list[Fault] = []
    inside = False
    settings: Any = source.tables
    for table in wanted_tables(source, without_leads=False):
        named = settings[table].path if table in settings else ""
        native = place.table(named or table)
        if native is None:
            if named or table == "leads":
                faults.append(missing_table(table, named or table, place.there(), "tables and views"))
            continue
        headers = nw.from_native(native).collect_schema().names()
        columns, found = bind(table, headers, settings[table].columns if table in settings else {})
        faults += found
        if any(item.level == "refuse" for item in found):
            continue
        if any(column.position >= len(headers) for column in columns):
            raise UseError(
                f"[source.tables.{table}.columns]: expected columns of {place.name}, found #row, which only files "
                "have. Name a column."
            )
        inside |= table == "leads" and any(column.name == "outcome" for column in columns)
        frames[table], more, told = canonical(table, native, columns, place, source, kinds)
        attributes += more
        faults += told
    if inside and "outcomes" in frames:
        faults.append(two_outcomes())
    return frames, attributes, faults, inside


def _without_erased(frames: dict[str, Frame], suppressed: Suppressed) -> dict[str, Frame]:
    """Leave the leads out that were erased, wherever they stand."""
    if not suppressed.hashes:
        return frames
    gone: set[str] = set()
    for table, frame in frames.items():
        if "lead_id" in SCHEMA[table]:
            ids = frame.filter(~c("lead_id").is_null()).select("lead_id").unique().collect("pyarrow")
            gone |= set(suppressed.among(ids["lead_id"].to_list()))
    if not gone:
        return frames
    stays = c("lead_id").is_null() | ~c("lead_id").is_in(sorted(gone))
    return {table: frame.filter(stays) if "lead_id" in SCHEMA[table] else frame for table, frame in frames.items()}


def _newest(frames: Mapping[str, Frame], now: int) -> tuple[int, Fault]:
    """The newest time of the tables that is not after ``now``."""
    found: list[tuple[int, str, str]] = []
    for table, frame in frames.items():
        times = [name for name, column in SCHEMA[table].items() if column.kind == "time" and table != "costs"]
        if times:
            row = frame.select(*[nw.when(c(name) <= now).then(c(name)).max().alias(name) for name in times])
            newest = row.collect("pyarrow").to_dict(as_series=False)
            found += [(int(newest[name][0]), table, name) for name in times if newest[name][0] is not None]
    remedy = "If this is wrong, set source.extracted_at."
    if not found:
        what = "no time in any table: the extraction is taken to be now"
        return now, Fault("leads", "", "extraction_found", "notice", 0, what, remedy)
    time = max(found)[0]
    table, name = next((table, name) for at, table, name in found if at == time)
    what = f"the newest time found is {iso(time)}, taken as the time of the extraction"
    return time, Fault(table, name, "extraction_found", "notice", 0, what, remedy)


def _count(table: str, marked: Checked, extracted_at: int) -> tuple[list[Fault], Count]:
    """Count the rows and what is wrong with them, in one query."""

    def some(*levels: str) -> nw.Expr:
        places = [place for place, check in enumerate(marked.checks) if check.level in levels]
        return nw.when(sum_of(places) > 0).then(nw.lit(1)).count()

    hits = [
        nw.when(c(flag(place)) > 0).then(nw.lit(1)).count().alias(flag(place)) for place in range(len(marked.checks))
    ]
    groups = {"faulty": some("row", "cell"), "aside": some("row"), "gone": some(*REMOVING)}
    query = marked.frame.select(nw.len().alias("read"), *hits, **groups)
    row = {name: int(values[0]) for name, values in query.collect("pyarrow").to_dict(as_series=False).items()}
    faults = []
    for place, check in enumerate(marked.checks):
        if n := row[flag(place)]:
            _, home = checks.HOMES.get(table, ("", ""))
            details: Any = {"extracted": iso(extracted_at), "home": home}
            faults.append(fault(table, check.column, check.reason, check.level, n, **details))
    kept = row["read"] - row["gone"]
    if not kept and (table == "leads" or not row["read"]):
        faults.append(fault(table, "", "empty_table", "refuse" if table == "leads" else "notice", 0))
    return faults, Count(row["read"], kept, row["aside"], row["gone"] - row["aside"], row["faulty"])


def _sound(table: str, frame: Frame, marked: Checked, found: Sequence[Fault], known: Frame | None) -> Frame:
    """Give the rows that count; a table without faults is queried as it is."""
    names = [name for name in frame.collect_schema().names() if not name.startswith("@")]
    if any(item.level in REMOVING for item in found):
        places = [place for place, check in enumerate(marked.checks) if check.level in REMOVING]
        frame = marked.frame.filter(sum_of(places) == 0)
    frame = frame.select(*names)
    late = {"known_before_occurred", "decided_on_the_day"}
    return checks.repair(table, frame, known) if late.intersection(item.reason for item in found) else frame


def _stamp(
    source: SourceSettings, counts: Mapping[str, int], extracted_at: int, suppressed: Suppressed, now: int
) -> str:
    settings = source.model_dump(mode="json", exclude={"url", "password"})
    parts = [FORMAT, settings, dict(counts), extracted_at, suppressed.stamp, now]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
