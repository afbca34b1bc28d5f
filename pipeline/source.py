"""Open a source: files or a database -> checked tables, with every fault, under a stamp of what was read.

The same files and settings give the same stamp, and then what was staged before is used again, faults included. Staging
happens in a folder of its own that gets its name only when it is whole, so that a killed run leaves nothing half.
"""

import contextlib
import datetime
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import narwhals.stable.v2 as nw

from features.errors import UseError
from features.faults import Fault, Faults, FaultyDataError, fault
from features.tables import SCHEMA, Attribute, Tables
from pipeline import quarantine as quarantined
from pipeline.cells import select
from pipeline.columns import Bound, bind, two_outcomes
from pipeline.engines.engine import Embedded, Engine
from pipeline.engines.in_place import open_in_place
from pipeline.engines.places import connect_place, is_in_place
from pipeline.enrichment.enrich import Enricher, Enrichments, fingerprints
from pipeline.forget import suppression
from pipeline.forget.suppression import Suppressed
from pipeline.limit_settings import LimitSettings
from pipeline.locate import Located, Place, locate, read_raw, unreadable
from pipeline.settings import SourceSettings
from pipeline.staged_record import RECORD, StagedRecord
from pipeline.staging import Stager
from pipeline.typing_columns import Raw
from pipeline.workspace import Workspace

FORMAT = "4"
KEPT_STAGINGS = 5
NOTHING: Enrichments = {}
TEMPORARY = ".new-"
SPILL = ".spill-"


@dataclass(frozen=True)
class Opened:
    """A source that can be worked on.

    Attributes
    ----------
    tables : Tables
        Checked; lazy frames on DuckDB that live as long as ``connection``.
    faults : Faults
        Everything found, with the rows of each table.
    stamp : str
        sha256, in hex, of what was read and of the settings that shape it.
    connection : duckdb.DuckDBPyConnection
        In memory, with the limits of the settings, in UTC: for what is ours. Tables in place are not in it.
    engine : Engine
        Holds the tables.
    numbered : mapping of str to narwhals.LazyFrame
        The same tables where they speak of leads, with the place of the lead among the leads for ``lead_id``: what is
        computed with numbers costs a fraction. None of tables in place.
    """

    tables: Tables
    faults: Faults
    stamp: str
    connection: duckdb.DuckDBPyConnection
    engine: Engine
    numbered: Mapping[str, nw.LazyFrame[Any]] = field(default_factory=dict)

    def close(self) -> None:
        """Let go of the connections."""
        self.engine.close()
        self.connection.close()


def open_source(  # noqa: PLR0913 (what shapes a source, each by its name)
    source: SourceSettings,
    limits: LimitSettings,
    *,
    root: Path,
    staging: Path,
    quarantine: Path | None,
    now: int,
    leads_file: Path | None = None,
    kinds: Sequence[Attribute] = (),
    enrichment: Enrichments = NOTHING,
) -> Opened:
    """Read, check and stage the tables of a source, or use what was staged before.

    Parameters
    ----------
    source, limits : SourceSettings, LimitSettings
        What to read and how; what the machine may give.
    root : Path
        The workspace: a relative ``source.url`` starts there.
    staging : Path
        Where the checked tables go, a folder per stamp; the five used last are kept.
    quarantine : Path or None
        Where rows that are set aside go, ``STAMP/TABLE.csv``; None writes none.
    now : int
        UTC seconds: later times are faults.
    leads_file : Path, optional
        CSV or Parquet of leads that replace those of the source. They need no outcome, and rows of other leads in the
        other tables are no fault.
    kinds : sequence of Attribute
        Attributes whose type is settled, by a model: they are not guessed anew.
    enrichment : mapping of str to EnrichmentSettings
        What others know of our companies and people.

    Raises
    ------
    FaultyDataError
        A ``DataError`` with every fault of every table: something cannot be read at all, or a table has more faulty
        rows than ``max_faulty_rate``.
    UseError
        When the settings name a folder, a time, an encoding or a driver that does not exist.
    OutsideError
        When the database fails.
    """
    asked = _Request(
        source,
        now,
        _extraction(source),
        leads_file,
        tuple(kinds),
        enrichment,
        root,
        suppression.read(Workspace(root).home),
    )
    staging.mkdir(parents=True, exist_ok=True)
    if is_in_place(source):
        return _open_in_place(asked, limits, staging / (SPILL + "in-place"))
    work = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=staging))
    connection = connect(limits, staging / (SPILL + work.name.removeprefix(TEMPORARY)))
    try:
        _check_zone(connection, source.time_zone)
        located = locate(source, root, work, leads_file)
        stamp = asked.stamp(located)
        target = staging / stamp
        if not StagedRecord.is_whole(target):
            building = work / "result"
            building.mkdir()
            record = _stage(connection, asked, located, work, building)
            kept = None if quarantine is None else quarantine / stamp
            _refuse_faulty(connection, source, record, building, kept)
            _publish(building, record, target)
        os.utime(target)
        record = StagedRecord.read(target / RECORD)
        if quarantine is not None:
            quarantined.write(connection, target, record.headers, quarantine / stamp)
        quarantined.forget_oldest(staging, KEPT_STAGINGS)
        tables, numbered = record.tables(connection, target)
        return Opened(tables, record.faults, stamp, connection, Embedded(connection), numbered)
    except BaseException:
        connection.close()
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
        _forget_killed(staging)


def _open_in_place(asked: "_Request", limits: LimitSettings, spill: Path) -> Opened:
    what = "--leads" if asked.leads_file else "[enrichment]" if asked.enrichment else ""
    what = "[source.exports]" if asked.source.exports else what
    if what:
        raise UseError(
            f"{what}: expected tables that Tamis reads itself, found tables that are worked on in place. "
            "Put the rows into a table there and name it, or set source.in_place = false."
        )
    place = connect_place(asked.source)
    try:
        found = open_in_place(
            place,
            asked.source,
            now=asked.now,
            extracted_at=asked.extracted_at,
            kinds=asked.kinds,
            suppressed=asked.suppressed,
        )
    except BaseException:
        place.close()
        raise
    return Opened(found.tables, found.faults, found.stamp, connect(limits, spill), place)


def connect(limits: LimitSettings, spill: Path) -> duckdb.DuckDBPyConnection:
    """Open DuckDB in memory: bounded, in UTC, offline; what does not fit goes to ``spill``, made when needed."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{limits.tables_mb}MB",
        "threads": limits.threads,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
    }
    connection = duckdb.connect(config=config)
    # Not among the options of the connection: there DuckDB would look for its time zones on the network.
    connection.execute("SET TimeZone = 'UTC'")
    quiet(connection)
    return connection


def quiet(connection: duckdb.DuckDBPyConnection) -> None:
    """Show no bar of DuckDB's; in a notebook without ipywidgets it has none, and says so by an error."""
    with contextlib.suppress(duckdb.InvalidInputException):
        connection.execute("SET enable_progress_bar = false")


@dataclass(frozen=True)
class _Request:
    """What was asked for."""

    source: SourceSettings
    now: int
    extracted_at: int | None
    leads_file: Path | None
    kinds: tuple[Attribute, ...]
    enrichment: Enrichments
    root: Path
    suppressed: Suppressed

    def stamp(self, located: Located) -> str:
        """Hash what is read and what shapes the result; where it stands does not matter, nor does the clock."""
        settings = self.source.model_dump(mode="json", exclude={"url", "password"})
        read = {table: (place.form, place.fingerprint, place.headers) for table, place in located.places.items()}
        parts = [FORMAT, settings, read, self.leads_file is not None, [vars(kind) for kind in self.kinds]]
        parts += [fingerprints(self.enrichment, self.root)] if self.enrichment else []
        parts += [self.suppressed.stamp] if self.suppressed.hashes else []
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _stage(
    connection: duckdb.DuckDBPyConnection, asked: _Request, located: Located, work: Path, building: Path
) -> StagedRecord:
    faults = list(located.faults)
    stager = Stager(connection, asked.source, work, building, asked.leads_file is not None, asked.suppressed)
    one_table = False
    enricher = Enricher(connection, asked.enrichment, asked.source, asked.root, work) if asked.enrichment else None
    accounts: Raw | None = None
    for table in _order(located, asked.enrichment):
        try:
            raw = (
                read_raw(connection, table, located.places[table], asked.source.csv, work)
                if table in located.places
                else None
            )
        except FaultyDataError as error:
            faults += error.faults.items
            continue
        if enricher and raw is not None:
            raw, told = enricher.extend(raw)
            faults += told
        if enricher and table == "signals":
            raw, told = enricher.signals(raw, accounts)
            faults += told
        if table == "accounts":
            accounts = raw
        if raw is None:
            faults.append(fault(table, "", "empty_table", "refuse" if table == "leads" else "notice", 0))
            continue
        columns, found = _type(connection, stager, raw, asked, located.places.get(table))
        faults += found
        if table == "leads":
            one_table, more = _one_table(columns, located, asked)
            faults += more
    if asked.extracted_at is None:
        stager.find_extraction(asked.now)
    else:
        stager.result.extracted_at = asked.extracted_at
    stager.check()
    result = stager.result
    everything = Faults(tuple(faults + result.faults), result.counts)
    return StagedRecord(tuple(result.attributes), result.extracted_at, one_table, everything, result.headers)


def _type(
    connection: duckdb.DuckDBPyConnection, stager: Stager, raw: Raw, asked: _Request, place: Place | None
) -> tuple[list[Bound], list[Fault]]:
    """Bind the columns of a table and read its cells, unless something is refused."""
    try:
        columns, found = _bind(connection, raw, asked)
        if not any(item.level == "refuse" for item in found):
            stager.type(raw, columns, asked.kinds)
    except duckdb.Error:
        # Pages of Parquet that are altered show when they are read, wherever that is.
        told = unreadable(raw.table, place.path) if place and place.form == "parquet" else None
        if told is None:
            raise
        return [], list(told.faults.items)
    return columns, found


def _order(located: Located, enrichment: Enrichments) -> list[str]:
    """Tables as they are read; notices make signals where the source has none."""
    notices = any(one.kind == "notices" for one in enrichment.values())
    return [table for table in SCHEMA if table in located.places or (table == "signals" and notices)]


def _bind(connection: duckdb.DuckDBPyConnection, raw: Raw, asked: _Request) -> tuple[list[Bound], list[Fault]]:
    unnamed = [place for place, header in enumerate(raw.headers) if not header.strip()]
    hollow = []
    if unnamed:
        counts = connection.execute(select([f"count(c{place})" for place in unnamed], raw.relation)).fetchall()[0]
        hollow = [place for place, count in zip(unnamed, counts, strict=True) if not count]
    tables: Any = asked.source.tables
    mapping = tables[raw.table].columns if raw.table in tables else {}
    optional = ("outcome",) if asked.leads_file is not None and raw.table == "leads" else ()
    return bind(raw.table, raw.headers, mapping, hollow, optional)


def _one_table(columns: Sequence[Bound], located: Located, asked: _Request) -> tuple[bool, list[Fault]]:
    """Tell whether the outcome stands in leads; it must not stand in two places."""
    inside = any(column.name == "outcome" for column in columns)
    if asked.leads_file is not None:
        # A file to score needs no outcome, so that the rest of the source has to tell.
        return "outcomes" not in located.places, []
    if inside and "outcomes" in located.places:
        return True, [two_outcomes()]
    return inside, []


def _extraction(source: SourceSettings) -> int | None:
    if not source.extracted_at:
        return None
    try:
        time = datetime.datetime.fromisoformat(source.extracted_at)
    except ValueError:
        raise UseError(
            f"source.extracted_at: expected a time such as 2026-11-21T06:00:00Z, found {source.extracted_at!r}."
        ) from None
    aware = time if time.tzinfo else time.replace(tzinfo=ZoneInfo(source.time_zone))
    return int(aware.timestamp() // 1)


def _check_zone(connection: duckdb.DuckDBPyConnection, zone: str) -> None:
    try:
        connection.execute("SELECT epoch_us(timezone(?, TIMESTAMP '2020-01-01'))", [zone]).fetchall()
    except duckdb.Error:
        raise UseError(
            f"source.time_zone: expected a zone that DuckDB knows, such as 'Europe/Paris', found {zone!r}."
        ) from None


def _refuse_faulty(
    connection: duckdb.DuckDBPyConnection,
    source: SourceSettings,
    record: StagedRecord,
    staged: Path,
    folder: Path | None,
) -> None:
    """Stop where there is too much to set aside, which is then all the more worth looking at."""
    refusal = record.faults.refusal(source.max_faulty_rate)
    if refusal is None:
        return
    if folder is not None:
        quarantined.write(connection, staged, record.headers, folder)
    raise FaultyDataError(refusal, record.faults)


def _publish(building: Path, record: StagedRecord, target: Path) -> None:
    """Give the staged folder its name; who comes second keeps the first."""
    record.write(building / RECORD)
    try:
        building.rename(target)
    except OSError:
        if not (target / RECORD).is_file():
            raise


def _forget_killed(staging: Path) -> None:
    """Remove what killed runs left behind a day ago or more."""
    clock = staging.stat().st_mtime
    for path in (*staging.glob(TEMPORARY + "*"), *staging.glob(SPILL + "*")):
        if clock - path.stat().st_mtime > 86_400:
            shutil.rmtree(path, ignore_errors=True)
