"""Files as ``tamis init`` sees them: cells as text, whatever the export was written with."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import DataError, UseError
from features.faults import FaultyDataError
from features.tables import SCHEMA
from pipeline.csv_files import UTF16, open_binary, sniff, to_parquet
from pipeline.locate import ENDINGS
from pipeline.settings import CsvSettings

ENCODINGS = ("utf-8", "windows-1252")
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # xlsx and zip, xls


@dataclass(frozen=True)
class Seen:
    """A file as text: its columns, and how it is written."""

    headers: tuple[str, ...]
    cells: pa.Table
    encoding: str = "utf-8"

    def values(self, header: str) -> list[str]:
        """The cells of a column as text; empty ones are left out, and so are lists and records."""
        column = self.cells.column(self.headers.index(header))
        if pa.types.is_nested(column.type):
            return []
        return [value for value in column.cast(pa.string()).drop_null().to_pylist() if value.strip()]


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
    try:
        return _parquet(path) if path.suffix == ".parquet" else _csv(path)
    except (pa.ArrowException, OSError, EOFError) as error:
        kind = "Parquet" if path.suffix == ".parquet" else "CSV"
        raise DataError(f"{path.name}: expected a {kind} file, found one that is cut or of another kind.") from error


def _parquet(path: Path) -> Seen:
    table = pq.read_table(path)
    return Seen(tuple(table.column_names), table)


def _csv(path: Path) -> Seen:
    with open_binary(path) as file:
        start = file.read(8)
    if start.startswith(WORKBOOKS):
        raise UseError(f"{path.name}: expected a CSV or Parquet file, found a workbook or archive. Save it as CSV.")
    encodings = ("utf-16",) if start[:2] in UTF16 else ENCODINGS
    for encoding in encodings:
        with tempfile.TemporaryDirectory(prefix="tamis-") as scratch:
            target = Path(scratch) / "cells.parquet"
            try:
                found = sniff(path, CsvSettings(encoding=encoding))
                if not found.headers:
                    break
                to_parquet(path, found, target)
            except FaultyDataError:
                if encoding == encodings[-1]:
                    raise
                continue
            return Seen(found.headers, pq.read_table(target).drop_columns("row"), encoding)
    raise DataError(f"{path.name}: expected a line of column names and rows below it, found an empty file.")


def canonical_files(data: Path) -> dict[str, Path]:
    """Find the files of our tables by their names.

    Raises
    ------
    UseError
        There is none of leads.
    """
    found = {
        name: data / (name + ending) for name in SCHEMA for ending in ENDINGS if (data / (name + ending)).is_file()
    }
    if "leads" not in found:
        there = ", ".join(sorted(path.name for path in data.glob("*"))) or "nothing"
        raise UseError(
            f"{data}: expected leads.csv or leads.parquet, found {there}. "
            "Put the tables there, or name one file with --leads."
        )
    return found


def one_encoding(seen: Mapping[str, Seen]) -> str:
    """The encoding of all files: the settings have one, and reading UTF-8 as another garbles it without a word.

    Raises
    ------
    DataError
        They have several.
    """
    found = {name: table.encoding for name, table in seen.items() if not _is_ascii(table)}
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{name} is {encoding}" for name, encoding in found.items())
        raise DataError(f"data: expected all files in one encoding, found: {listed}. Export them all as UTF-8.")
    return next(iter(found.values()), "utf-8")


def _is_ascii(seen: Seen) -> bool:
    """Whether every encoding but UTF-16 reads the same; Parquet has none at all."""
    if seen.encoding == "utf-16":
        return False
    texts = (column for column in seen.cells.columns if pa.types.is_string(column.type))
    return "".join(seen.headers).isascii() and all(
        pc.all(pc.string_is_ascii(text)).as_py() is not False for text in texts
    )
