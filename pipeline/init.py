"""``tamis init``: look at the data, write ``tamis.toml`` with every setting and what was understood."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.markup import escape

from features.errors import DataError, UseError
from features.faults import nearest
from features.tables import SCHEMA
from pipeline import guesses
from pipeline.columns import ROW_NUMBER
from pipeline.console import Console
from pipeline.csv_files import sniff, to_parquet
from pipeline.explain import chosen_language
from pipeline.settings import CsvSettings, Settings
from pipeline.settings_file import FILE_NAME, from_dict
from pipeline.settings_template import render
from pipeline.views import plain_table
from pipeline.words import say
from pipeline.workspace import write_text

ENCODINGS = ("utf-8", "windows-1252")
MOST_OUTCOMES = 50
Raw = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What the command line gave; see ``tamis init --help``."""

    directory: Path
    leads: Path | None = None
    id_column: str | None = None
    outcome: str | None = None
    won: tuple[str, ...] = ()
    created: str | None = None
    exclude: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True)
class Seen:
    """A file as text: its columns, and how it is written."""

    headers: tuple[str, ...]
    cells: pa.Table
    encoding: str = "utf-8"

    def values(self, header: str) -> list[str]:
        """The cells of a column as text; empty ones are left out."""
        column = self.cells.column(self.headers.index(header)).cast(pa.string()).drop_null()
        return [value for value in column.to_pylist() if value.strip()]


def run(request: Request, *, console: Console) -> None:
    """Write the settings of a new workspace.

    Raises
    ------
    UseError
        Settings exist already, a named file or column does not, or the outcome cannot be understood.
    DataError
        The file cannot be read.
    """
    path = request.directory / FILE_NAME
    if path.exists():
        raise UseError(f"{path} exists already: expected a new workspace. Edit it, or name another folder.")
    with console.step("Looking at the data"):
        raw = one_table(request, request.leads) if request.leads else tables(request.directory)
    raw["output"] = {"language": chosen_language(request.language, Settings())}
    settings = from_dict(raw)
    write_text(path, render(settings))
    console.show({"settings": str(path), "understood": raw}, *_views(path, settings))


def look(path: Path) -> Seen:
    """Read a CSV or Parquet file as text, trying the encodings of usual exports.

    Raises
    ------
    UseError
        There is no such file, or it is of another kind.
    DataError
        It cannot be read.
    """
    if not path.is_file():
        raise UseError(f"{path} does not exist: expected a CSV or Parquet file.")
    if path.suffix == ".parquet":
        try:
            table = pq.read_table(path)
        except pa.ArrowInvalid as error:
            raise DataError(
                f"{path.name}: expected a Parquet file, found one that is cut or of another kind."
            ) from error
        return Seen(tuple(table.column_names), table)
    for encoding in ENCODINGS:
        with tempfile.TemporaryDirectory(prefix="tamis-") as scratch:
            target = Path(scratch) / "cells.parquet"
            try:
                found = sniff(path, CsvSettings(encoding=encoding))
                to_parquet(path, found, target)
            except DataError:
                if encoding == ENCODINGS[-1]:
                    raise
                continue
            return Seen(found.headers, pq.read_table(target).drop_columns("row"), encoding)
    raise AssertionError  # the loop returns or raises


def one_table(request: Request, path: Path) -> Raw:
    """Understand a single table with an outcome column."""
    seen = look(path)
    asked = {"lead_id": request.id_column, "outcome": request.outcome, "created_at": request.created}
    for option, header in (("--id", request.id_column), ("--outcome", request.outcome), ("--created", request.created)):
        _require(option, header, seen.headers)
    for header in request.exclude:
        _require("--exclude", header, seen.headers)
    given = {column: header for column, header in asked.items() if header}
    free = [header for header in seen.headers if header not in {*given.values(), *request.exclude}]
    wanted = [column for column in SCHEMA["leads"] if column not in given]
    columns = {**guesses.canonical(wanted, free), **given}
    if "outcome" not in columns:
        raise UseError(
            f"--outcome: expected the column that says how a lead ended. Columns: {', '.join(seen.headers)}."
        )
    if "lead_id" not in given and not _is_key(columns.get("lead_id"), seen):
        columns["lead_id"] = ROW_NUMBER
    rest = [header for header in free if header not in columns.values()]
    personal = [header for header in rest if guesses.is_personal(header, seen.values(header)[:1000])]
    kept = [header for header in rest if header not in personal]
    where = Path(os.path.relpath(path.resolve().parent, request.directory.resolve()))
    return {
        "source": {
            "url": where.as_posix(),
            "csv": {"encoding": seen.encoding},
            "outcome": _outcome(columns["outcome"], seen, request.won),
            "tables": {"leads": {"path": path.name, "columns": _renamed(columns)}},
        },
        "features": {
            "exclude": [*request.exclude, *personal],
            "families": {header: kind for header in kept if (kind := guesses.family(header))},
        },
    }


def tables(directory: Path) -> Raw:
    """Understand the canonical tables that stand in ``data/``."""
    data = directory / "data"
    paths = {path.name.split(".")[0]: path for path in sorted(data.glob("*")) if path.name.split(".")[0] in SCHEMA}
    if "leads" not in paths:
        found = ", ".join(sorted(path.name for path in data.glob("*"))) or "nothing"
        raise UseError(
            f"{data}: expected leads.csv or leads.parquet, found {found}. "
            "Put the tables there, or name one file with --leads."
        )
    described: Raw = {}
    encodings = set()
    for name, path in paths.items():
        seen = look(path)
        encodings.add(seen.encoding)
        columns = _renamed(guesses.canonical(SCHEMA[name], seen.headers))
        if columns:
            described[name] = {"columns": columns}
    return {"source": {"csv": {"encoding": max(encodings, key=ENCODINGS.index)}, "tables": described}}


def _require(option: str, header: str | None, headers: Sequence[str]) -> None:
    if header is not None and header not in headers:
        raise UseError(
            f"{option}: expected a column of the file, found {header!r}.{nearest(header, headers)} "
            f"Columns: {', '.join(headers)}."
        )


def _is_key(header: str | None, seen: Seen) -> bool:
    if header is None:
        return False
    values = seen.values(header)
    return len(values) == int(seen.cells.num_rows) == len(set(values))


def _renamed(columns: Mapping[str, str]) -> dict[str, str]:
    """Only what is called otherwise has to be said."""
    return {ours: theirs for ours, theirs in columns.items() if ours != theirs}


def _outcome(header: str, seen: Seen, won: Sequence[str]) -> Raw:
    counted = pc.value_counts(pa.array([value.strip() for value in seen.values(header)], pa.string())).to_pylist()
    values = [entry["values"] for entry in sorted(counted, key=lambda entry: -entry["counts"])]
    if len(values) > MOST_OUTCOMES:
        raise UseError(
            f"--outcome: expected a column with a few words, found {len(values)} different values in {header!r}. "
            "Name the column that says won or lost."
        )
    found, lost, still_open = guesses.outcome_words(values, won)
    missing = [word for word in won if guesses.fold(word) not in {guesses.fold(value) for value in values}]
    if missing or not found:
        wrong = f"found {missing[0]!r}" if missing else "found none that says so by itself"
        raise UseError(
            f"--won: expected one of {', '.join(map(repr, values))}, {wrong}. Name the value that means won."
        )
    return {"won": list(found), "lost": list(lost), "open": list(still_open)}


def _views(path: Path, settings: Settings) -> list[Any]:
    language = settings.output.language
    table = plain_table()
    for name, described in settings.source.tables.items():
        for ours, theirs in described.columns.items():
            table.add_row(f"{name}.{ours}", "=", escape(theirs))
    outcome = settings.source.outcome
    for kind, words in (("won", outcome.won), ("lost", outcome.lost), ("open", outcome.open)):
        if words:
            table.add_row(say(f"outcome_{kind}", language), "=", escape(", ".join(words)))
    if settings.features.exclude:
        table.add_row(say("excluded", language), "=", escape(", ".join(settings.features.exclude)))
    for header, kind in settings.features.families.items():
        table.add_row(escape(header), "->", say(kind, language))
    return [say("understood", language), table, "", say("settings_written", language).format(path=escape(str(path)))]
