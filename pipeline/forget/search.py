"""Search files for a person: what they decode to, and their bytes as they are on the disk."""

import contextlib
import gzip
import mmap
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.cells import identifier
from pipeline.forget.erase import kind_of
from pipeline.forget.person import Person


def traces(path: Path, person: Person) -> int:
    """Count what is left of a person in a file.

    Returns
    -------
    int
        Cells of a table, or occurrences in its bytes, whichever are more; -1 where the file cannot be read.
    """
    try:
        if not path.stat().st_size:
            return 0
        match kind_of(path):
            case "parquet":
                return _parquet(path, person)
            case "sqlite":
                return max(_sqlite(path, person), _bytes(path, person))
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                return len(person.pattern.findall(file.read()))
        return _bytes(path, person)
    except (OSError, ValueError, pa.ArrowException, sqlite3.Error):
        return -1


def _bytes(path: Path, person: Person) -> int:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return sum(1 for _ in person.pattern.finditer(content))


def _parquet(path: Path, person: Person) -> int:
    found = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            for column in batch.columns:
                found += sum(1 for text in _texts(column) if person.pattern.search(text.encode()))
    return found


def _texts(column: pa.Array) -> list[str]:
    """The distinct texts of a column, however deep."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return _texts(column.flatten())
    if pa.types.is_struct(column.type):
        return [text for part in column.flatten() for text in _texts(part)]
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return [text for text in column.unique().to_pylist() if text is not None]
    return []


def _sqlite(path: Path, person: Person) -> int:
    found = 0
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            with contextlib.suppress(sqlite3.Error):  # shadow tables of a full text search cannot all be read
                for row in connection.execute(f"SELECT * FROM {identifier(table.decode())}"):  # noqa: S608 (quoted)
                    found += sum(1 for cell in row if isinstance(cell, bytes) and person.pattern.search(cell))
    return found
