"""Tables made by a query over the files that a CRM exports, whatever their layout; every cell stays text.

The query is the workspace's own, yet it is held to what it is for: it sees the exports and nothing else of the machine.
"""

import fnmatch
from collections.abc import Mapping
from pathlib import Path

import duckdb

from features.faults import FaultyDataError
from pipeline import csv_files
from pipeline.cells import identifier, literal, select
from pipeline.csv_files import Wrong
from pipeline.settings import CsvSettings
from pipeline.typing_columns import Raw

# What DuckDB says of these quotes the query; of the others it may quote the cells of a person.
ABOUT_THE_QUERY = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException, duckdb.PermissionException)


def find(folder: Path, exports: Mapping[str, str]) -> tuple[dict[str, Path], dict[str, str]]:
    """Find the files of the exports: of several that match, the last by name, which dates sort.

    Parameters
    ----------
    folder : Path
        Where they stand.
    exports : mapping of str to str
        Name in the query -> file name, in which ``*`` is any text; upper and lower case are different.

    Returns
    -------
    found, missing
        Name -> file, and name -> pattern of those that are not there.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for day in ("2026-10-31", "2026-11-28"):
    ...     (folder / f"contacts-{day}.csv").touch()
    >>> found, missing = find(folder, {"contacts": "contacts-*.csv", "deals": "deals.csv"})
    >>> found["contacts"].name, missing
    ('contacts-2026-11-28.csv', {'deals': 'deals.csv'})
    """
    there = sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    matching = {name: fnmatch.filter(there, pattern) for name, pattern in exports.items()}
    found = {name: folder / files[-1] for name, files in matching.items() if files}
    return found, {name: exports[name] for name, files in matching.items() if not files}


def ask(
    table: str,
    query: str,
    files: Mapping[str, Path],
    settings: CsvSettings,
    work: Path,
    like: duckdb.DuckDBPyConnection,
) -> Raw:
    r"""Make the cells of a table by a query.

    Parameters
    ----------
    table : str
        Canonical name.
    query : str
        In DuckDB's SQL; each export is a table of texts with the columns of its file.
    files : mapping of str to Path
        Name in the query -> CSV or Parquet file.
    settings : CsvSettings
        How CSV files are written.
    work : Path
        Existing folder; each CSV file is read once into it.
    like : duckdb.DuckDBPyConnection
        Whose limits of threads and memory hold here too.

    Returns
    -------
    Raw
        Rows as the query gives them; ``row`` counts them from 2, as in a file.

    Raises
    ------
    FaultyDataError
        When a file cannot be read, or the query fails: a column that the export does not have, most often.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "deals.csv").write_text("Deal,Contacts\nd1,a;b\n")
    >>> query = "SELECT unnest(string_split(Contacts, ';')) AS lead_id, Deal AS deal FROM deals"
    >>> raw = ask("outcomes", query, {"deals": folder / "deals.csv"}, CsvSettings(), folder, duckdb.connect())
    >>> raw.headers, duckdb.sql(f"FROM {raw.relation}").fetchall()
    (('lead_id', 'deal'), [(2, 'a', 'd1'), (3, 'b', 'd1')])
    >>> files = {"deals": folder / "deals.csv"}
    >>> ask("outcomes", "SELECT Stage FROM deals", files, CsvSettings(), folder, duckdb.connect())
    Traceback (most recent call last):
    ...
    features.faults.FaultyDataError: outcomes: the query of the settings fails (Referenced column "Stage" not found in
    FROM clause!). Correct [source.tables.outcomes] query, or export the files with the columns that it names.
    [query_failed]
    """
    target = work / f"{table}.raw.parquet"
    wrong = Wrong()
    tables = [path for path in files.values() if path.suffix == ".parquet"]
    delimiters = []
    connection = duckdb.connect(config={"temp_directory": str(work / "spill"), "autoinstall_known_extensions": False})
    try:
        threads, memory = like.execute("SELECT current_setting('threads'), current_setting('memory_limit')").fetchall()[
            0
        ]
        connection.execute(f"SET threads = {threads}; SET memory_limit = {literal(memory)}")
        allowed = ", ".join(literal(str(path)) for path in tables)
        connection.execute(f"SET allowed_directories = [{literal(str(work))}]; SET allowed_paths = [{allowed}]")
        connection.execute("SET enable_external_access = false")
        for name, path in files.items():
            delimiters.append(_view(connection, name, path, settings, work, wrong))
        connection.execute("SET lock_configuration = true")
        described = connection.execute(f"DESCRIBE {query}").fetchall()
        headers, types = tuple(str(row[0]) for row in described), tuple(str(row[1]) for row in described)
        cells = [f"c{place}" for place in range(len(headers))]
        rows = f"({query.strip().rstrip(';')}) AS q({', '.join(cells)})"
        numbered = select(["row_number() OVER () + 1 AS row", *cells], rows)
        connection.execute(f"COPY ({numbered}) TO {literal(str(target))} (FORMAT parquet)").fetchall()
    except duckdb.Error as error:
        raise _failed(table, error) from None
    finally:
        connection.close()
    relation = f"read_parquet({literal(str(target))})"
    return Raw(table, relation, headers, types, next(iter(delimiters), ""), settings.decimal, wrong)


def _view(
    connection: duckdb.DuckDBPyConnection, name: str, path: Path, settings: CsvSettings, work: Path, wrong: Wrong
) -> str:
    """Name an export for the query; give what stands between its fields."""
    if path.suffix == ".parquet":
        connection.execute(f"CREATE VIEW {identifier(name)} AS FROM read_parquet({literal(str(path))})")
        return ""
    look = csv_files.sniff(path, settings, name)
    cells = work / f"{name}.export.parquet"
    if not cells.is_file():
        # Told once, with the table that reads the export first.
        told = csv_files.to_parquet(path, look, cells, name)
        wrong.lines += told.lines
        wrong.first += told.first
    firsts = {header.casefold(): place for place, header in reversed(list(enumerate(look.headers))) if header}
    named = [f"c{place} AS {identifier(look.headers[place])}" for place in sorted(firsts.values())]
    cells_of = f"read_parquet({literal(str(cells))})"
    connection.execute(f"CREATE VIEW {identifier(name)} AS {select(named, cells_of)}")
    return look.delimiter


def _failed(table: str, error: duckdb.Error) -> FaultyDataError:
    first, *_ = str(error).splitlines()
    what = first.partition(": ")[2] if isinstance(error, ABOUT_THE_QUERY) else type(error).__name__
    return csv_files.refusal(
        table,
        "query_failed",
        f"the query of the settings fails ({what})",
        f"Correct [source.tables.{table}] query, or export the files with the columns that it names.",
    )
