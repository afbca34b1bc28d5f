"""Exports of data vendors (Clearbit, Lusha, Dropcontact and the like): a row per company or person, joined by key."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from features.errors import UseError
from features.personal import is_personal_name
from pipeline.cells import identifier, literal, select
from pipeline.enrichment.files import File
from pipeline.enrichment_settings import EnrichmentSettings


def match(
    connection: duckdb.DuckDBPyConnection,
    ours: str,
    keys: Mapping[str, str],
    theirs: File,
    settings: EnrichmentSettings,
    target: Path,
) -> list[tuple[str, str]]:
    """Write what a vendor knows of our rows.

    Parameters
    ----------
    ours : str
        SQL with ``row`` and the cells.
    keys : mapping of str to str
        Their column -> SQL of our cell; both are compared in small letters, without outer spaces, and addresses of web
        sites without scheme, ``www.`` and path.
    target : Path
        Parquet that is written: ``row`` and the columns of the result. Of several rows with one key the one known last.

    Returns
    -------
    list of (str, str)
        Columns and their DuckDB types; ``known_at`` is the last.

    Raises
    ------
    UseError
        A personal column is asked for, or ``known_at`` is no date and no column.
    DataError
        Columns are not in the file.
    """
    wanted = _columns(theirs, keys, settings)
    theirs.require([*keys, *wanted.values()])
    known = _known_at(theirs, settings)
    on = " AND ".join(f"{_key(cell)} = {_key('u.' + identifier(name))}" for name, cell in keys.items())
    cells = [f"u.{identifier(name)} AS {identifier(column)}" for column, name in wanted.items()]
    order = "QUALIFY row_number() OVER (PARTITION BY t.row ORDER BY known_at DESC NULLS LAST) = 1"
    query = select(["t.row", *cells, f"{known} AS known_at"], f"{ours} t JOIN {theirs.relation} u ON {on}", order)
    connection.execute(f"COPY ({query}) TO {literal(str(target))} (FORMAT parquet)").fetchall()
    described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(target))})").fetchall()
    return [(row[0], row[1]) for row in described[1:]]


def _columns(theirs: File, keys: Mapping[str, str], settings: EnrichmentSettings) -> dict[str, str]:
    personal = {name for name in theirs.columns if name in settings.personal or is_personal_name(name)}
    if asked := sorted(personal & set(settings.columns.values())):
        raise UseError(
            f"{theirs.setting}: {', '.join(asked)} is about persons and is never learnt from. Take it out of columns."
        )
    rest = [name for name in theirs.columns if name not in personal and name not in keys and name != settings.known_at]
    return dict(settings.columns) or {name: name for name in rest}


def _known_at(theirs: File, settings: EnrichmentSettings) -> str:
    try:
        return f"TIMESTAMP {literal(date.fromisoformat(settings.known_at).isoformat())}"
    except ValueError:
        if settings.known_at not in theirs.columns:
            raise UseError(
                f"{theirs.setting}: expected known_at to be a date such as 2026-11-01 or a column of "
                f"{theirs.path.name}, found {settings.known_at!r}."
            ) from None
    return f"u.{identifier(settings.known_at)}"


def _key(cell: str) -> str:
    text = f"lower(trim(CAST({cell} AS VARCHAR)))"
    return f"nullif(regexp_replace(regexp_replace({text}, '^(https?://)?(www[.])?', ''), '/.*$', ''), '')"
