"""Find the tables of a source: files of a folder by their names, queries over them, or tables of a database at once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet

from features.errors import UseError
from features.faults import Fault, FaultyDataError, nearest
from features.tables import SCHEMA
from pipeline import csv_files, exports
from pipeline.cells import literal, select
from pipeline.database import Database, is_database
from pipeline.settings import CsvSettings, SourceSettings
from pipeline.staging import scan
from pipeline.tidy import never_blank, tidy_columns
from pipeline.typing_columns import Raw

ENDINGS = (".csv", ".csv.gz", ".parquet")
LISTED = 20
BOMB_ROWS, BOMB_ROWS_PER_BYTE = 1_000_000, 100


@dataclass(frozen=True)
class Place:
    """Where one table stands.

    Attributes
    ----------
    form : {"csv", "parquet", "extract", "query"}
        ``extract`` is Parquet that `Database.extract` wrote; a query makes the table of the exports.
    path : Path
        The file.
    fingerprint : str
        sha256 of its content.
    headers : tuple of str
        Of an extract; the other forms hold their own.
    query : str
        What makes the table.
    exports : mapping of str to Path
        What the query reads.
    """

    form: Literal["csv", "parquet", "extract", "query"]
    path: Path
    fingerprint: str
    headers: tuple[str, ...] = ()
    query: str = ""
    exports: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Located:
    """The tables that are there, and what is wrong with where they stand."""

    places: dict[str, Place]
    faults: list[Fault]


def locate(source: SourceSettings, root: Path, work: Path, leads_file: Path | None = None) -> Located:
    """Find every table.

    Parameters
    ----------
    source : SourceSettings
        ``url`` and ``tables`` say where to look.
    root : Path
        What a relative folder is relative to.
    work : Path
        An existing folder for what is extracted of a database.
    leads_file : Path, optional
        Stands for the leads of the source.

    Raises
    ------
    UseError
        When there is no such folder, or the database URL cannot be used.
    OutsideError
        When the database fails.
    """
    if is_database(source.url):
        located = _tables(source, root, work, leads_file is not None)
    else:
        located = _files(source, root, leads_file)
    if leads_file is not None and "leads" not in located.places:
        located.places["leads"] = _place(leads_file)
    return located


def _files(source: SourceSettings, root: Path, leads_file: Path | None) -> Located:
    folder = root / source.url
    if not folder.is_dir():
        raise UseError(
            f"source.url: expected a folder of CSV or Parquet files, found none at {source.url!r} (from {root}). "
            "Correct source.url, or create it."
        )
    places: dict[str, Place] = {}
    faults: list[Fault] = []
    there = sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    asked = _queries(source, folder, there, leads_file)
    for table in wanted_tables(source, leads_file is not None):
        if table in asked.places:
            continue
        named = source.tables[table].path if table in source.tables else ""
        names = [named] if named else [table + ending for ending in ENDINGS]
        found = [folder / name for name in names if (folder / name).is_file()]
        if len(found) == 1:
            places[table] = _place(found[0])
        elif found:
            what = f"several files: {', '.join(path.name for path in found)}"
            remedy = f"Keep one, or name it in [source.tables.{table}] path."
            faults.append(Fault(table, "", "several_files", "refuse", 0, what, remedy))
        elif named or table == "leads":
            faults.append(missing_table(table, named or "leads.csv or leads.parquet", there, "files"))
    return Located({**places, **asked.places}, faults + asked.faults)


def _queries(source: SourceSettings, folder: Path, there: list[str], leads_file: Path | None) -> Located:
    """Tables that queries make; a file of leads stands for the export that lists them."""
    queries = {table: settings.query for table, settings in source.tables.items() if settings.query}
    if not queries:
        return Located({}, [])
    found, missing = exports.find(folder, source.exports)
    if leads_file is not None and "leads" in queries:
        lists_leads = next(iter(source.exports))
        missing.pop(lists_leads, None)
        found = {lists_leads: leads_file, **{name: path for name, path in found.items() if name != lists_leads}}
    faults = [missing_export(name, pattern, there) for name, pattern in missing.items()]
    if faults:
        return Located({}, faults)
    read = [f"{name} {csv_files.content_hash(path)}" for name, path in found.items()]
    return Located(
        {
            table: Place(
                "query", folder, hashlib.sha256("\n".join([query, *read]).encode()).hexdigest(), (), query, found
            )
            for table, query in queries.items()
        },
        [],
    )


def missing_export(name: str, pattern: str, there: list[str]) -> Fault:
    """Say that the file of an export is not there.

    Examples
    --------
    >>> print(missing_export("deals", "all-deals-*.csv", ["all-contacts-2026-11-28.csv"]))
    leads: expected a file all-deals-*.csv for the export deals, found these files: all-contacts-2026-11-28.csv.
    Put it there, or correct its name in [source.exports]. [missing_export]
    """
    remedy = "Put it there, or correct its name in [source.exports]."
    listed = _listed(there, "files")
    return Fault(
        "leads", "", "missing_export", "refuse", 0, f"expected a file {pattern} for the export {name}, {listed}", remedy
    )


def _listed(there: list[str], what: str) -> str:
    more = f" and {len(there) - LISTED} more" if len(there) > LISTED else ""
    return f"found these {what}: {', '.join(there[:LISTED])}{more}" if there else f"found no {what} at all"


def wanted_tables(source: SourceSettings, without_leads: bool) -> list[str]:
    """Tables to look for: all of them, or those that the settings name."""
    named = {"leads", *source.tables} if source.only_named else set(SCHEMA)
    return [table for table in SCHEMA if table in named and not (table == "leads" and without_leads)]


def missing_table(table: str, wanted: str, there: list[str], what: str) -> Fault:
    """Say that a table is not there, what is, and which name is the nearest.

    Examples
    --------
    >>> print(missing_table("leads", "leads.csv", ["lead.csv"], "files"))
    leads: expected leads.csv, found these files: lead.csv. Did you mean 'lead.csv'?
    Name the right one in [source.tables.leads] path. [missing_table]
    """
    listed = _listed(there, what)
    hint = nearest(wanted.split(" ", maxsplit=1)[0], there).strip()
    remedy = f"{hint} Name the right one in [source.tables.{table}] path.".strip()
    return Fault(table, "", "missing_table", "refuse", 0, f"expected {wanted}, {listed}", remedy)


def _place(path: Path) -> Place:
    return Place("parquet" if path.suffix == ".parquet" else "csv", path, csv_files.content_hash(path))


def _tables(source: SourceSettings, root: Path, work: Path, without_leads: bool) -> Located:
    password = source.password.get_secret_value() if source.password else None
    wanted = {
        table: (source.tables[table].path if table in source.tables else "") or table
        for table in wanted_tables(source, without_leads)
    }
    named = ["leads", *(table for table in source.tables if source.tables[table].path)]
    extraction = Database(source.url, password, root).extract(wanted, named, work)
    places = {
        table: Place("extract", path, csv_files.content_hash(path), headers)
        for table, (path, headers) in extraction.found.items()
    }
    faults = [
        missing_table(table, wanted[table], list(extraction.there), "tables and views") for table in extraction.missing
    ]
    return Located(places, faults)


def read_raw(
    connection: duckdb.DuckDBPyConnection, table: str, place: Place, settings: CsvSettings, work: Path
) -> Raw | None:
    """Make the cells of a table readable by SQL; None where the file is empty.

    Raises
    ------
    FaultyDataError
        When the file cannot be read at all.
    """
    if place.form == "query":
        return exports.ask(table, place.query, place.exports, settings, work, connection)
    if place.form == "csv":
        look = csv_files.sniff(place.path, settings, table)
        if not look.headers:
            return None
        target = work / f"{table}.raw.parquet"
        wrong = csv_files.to_parquet(place.path, look, target, table)
        types = ("VARCHAR",) * len(look.headers)
        tidy, no_blanks = tidy_columns(target, 1), never_blank(target, 1)
        return Raw(table, scan(target), look.headers, types, look.delimiter, settings.decimal, wrong, tidy, no_blanks)
    try:
        _refuse_bomb(table, place.path)
        headers = place.headers or tuple(pa.parquet.read_schema(place.path).names)
        cells = [f"c{position}" for position in range(len(headers))]
        if place.form == "extract":
            relation = scan(place.path)
        else:
            options = f"read_parquet({literal(str(place.path))}, file_row_number = true, hive_partitioning = false)"
            inner = select(["*"], f"{options} AS t({', '.join([*cells, 'number'])})")
            relation = f"({select(['number + 1 AS row', *cells], f'({inner})')})"
        described = connection.execute("DESCRIBE " + select(cells, relation)).fetchall()
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        line = str(error).splitlines()[0]
        raise csv_files.refusal(
            table, "unreadable_file", f"{place.path.name} is no Parquet file: {line}", "Export it again."
        ) from None
    types = tuple(row[1] for row in described)
    # An extract holds the numbers of the rows before its columns.
    decimal, first = (".", 1) if place.form == "extract" else ("auto", 0)
    try:
        tidy, no_blanks = tidy_columns(place.path, first), never_blank(place.path, first)
    except (pa.ArrowException, OSError) as error:
        raise _broken_off(table, place.path, error) from None
    return Raw(table, relation, headers, types, decimal=decimal, tidy=tidy, no_blanks=no_blanks)


def _refuse_bomb(table: str, path: Path) -> None:
    """Refuse a file of a few bytes that says many rows: of one that is true, each row costs something."""
    rows = pa.parquet.read_metadata(path).num_rows
    if rows > BOMB_ROWS and rows > BOMB_ROWS_PER_BYTE * path.stat().st_size:
        found = f"{path.name} says {rows:,} rows in {path.stat().st_size:,} bytes, as no export does"
        raise csv_files.refusal(table, "bomb", found, "If you trust it, write it as CSV.")


def unreadable(table: str, path: Path) -> FaultyDataError | None:
    """Say why a Parquet file cannot be read to its end; None where it can."""
    try:
        with pa.parquet.ParquetFile(path) as file:
            for _ in file.iter_batches():
                pass
    except (pa.ArrowException, OSError) as error:
        return _broken_off(table, path, error)
    return None


def _broken_off(table: str, path: Path, error: Exception) -> FaultyDataError:
    found = f"{path.name} is a Parquet file that cannot be read to its end: {str(error).splitlines()[0]}"
    return csv_files.refusal(table, "unreadable_file", found, "Export it again.")
