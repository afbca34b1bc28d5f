"""Take a person out of files that Tamis wrote: rows of tables, words of texts. A file is replaced whole or never."""

import contextlib
import csv
import io
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.cells import identifier
from pipeline.forget.person import Person

ERASED = b"(erased)"
SQLITE = b"SQLite format 3\x00"
KEY = "lead_id"
# Columns of our databases in which people or a CRM write freely, of whomever.
FREE_TEXT = ("why", "message")
# A table with these columns was written by 'tamis score --out'.
SCORED = frozenset({KEY, "propensity", "band", "decision", "scored_at"})


def kind_of(path: Path) -> str:
    """Say what a file is: ``parquet``, ``sqlite``, ``csv`` or ``text`` (all the rest)."""
    with path.open("rb") as file:
        head = file.read(len(SQLITE))
    if head == SQLITE:
        return "sqlite"
    return {".parquet": "parquet", ".csv": "csv"}.get(path.suffix, "text")


def is_output(path: Path) -> bool:
    """Whether a file outside ``.tamis`` holds score rows that Tamis wrote."""
    try:
        if path.suffix == ".parquet":
            return set(pq.read_schema(path).names) >= SCORED
        if path.suffix != ".csv":
            return False
        with path.open(encoding="utf-8-sig") as file:
            head = file.readline(10_000)
    except (OSError, ValueError, pa.ArrowException):
        return False
    return any({name.strip('"') for name in head.strip().split(mark)} >= SCORED for mark in ",;")


def erase(path: Path, person: Person, *, keeps: bool = False) -> int:
    """Erase a person from one file.

    Parameters
    ----------
    path : Path
        Anything below ``.tamis``.
    keeps : bool
        Only count: nothing is written.

    Returns
    -------
    int
        Rows, or words of a text.
    """
    match kind_of(path):
        case "parquet":
            return _parquet(path, person, keeps)
        case "sqlite":
            return _sqlite(path, person, keeps)
        case "csv":
            return _csv(path, person, keeps)
    return _text(path, person, keeps)


@contextlib.contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Give a place beside the file, which takes its name when it is whole."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield temporary
        shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _parquet(path: Path, person: Person, keeps: bool) -> int:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        # Rows that were set aside stand as the source has them: which cell is the lead's is not known there.
        columns = [KEY] if KEY in schema.names else [f.name for f in schema if pa.types.is_string(f.type)]
        if KEY not in schema.names and ".quarantine" not in path.name:
            return 0
        found = sum(
            int(pc.sum(_is(batch, columns, person)).as_py() or 0) for batch in file.iter_batches(columns=columns)
        )
        if found and not keeps:
            # In pieces as large as they were: others are read in milliseconds because of them.
            groups = range(file.num_row_groups)
            packed = file.metadata.row_group(0).column(0).compression.replace("UNCOMPRESSED", "NONE")
            with _replaced(path) as temporary, pq.ParquetWriter(temporary, schema, compression=packed) as writer:
                for group in map(file.read_row_group, groups):
                    writer.write_table(group.filter(pc.invert(_is(group, columns, person))))
    return found


def _is(batch: pa.RecordBatch | pa.Table, columns: list[str], person: Person) -> pa.Array | pa.ChunkedArray:
    mask: pa.Array | pa.ChunkedArray = pa.array([False] * batch.num_rows)
    for name in columns:
        mask = pc.or_(mask, pc.fill_null(pc.equal(pc.utf8_trim_whitespace(batch.column(name)), person.lead_id), False))
    return mask


def _sqlite(path: Path, person: Person, keeps: bool) -> int:
    found = 0
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.create_function("named", 1, lambda text: bool(text) and _words(text, person)[1] > 0)
        connection.create_function("unnamed", 1, lambda text: text and _words(text, person)[0])
        # The words of a full-text search cannot be read row by row: the page's index is removed whole.
        plain = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        tables = [row[0] for row in connection.execute(plain)]
        for table in tables:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({identifier(table)})")]
            if KEY not in columns:
                continue
            where = f"{identifier(table)} WHERE {KEY} = ?"
            found += connection.execute(f"SELECT count(*) FROM {where}", [person.lead_id]).fetchone()[0]  # noqa: S608 (quoted)
            if not keeps:
                connection.execute(f"DELETE FROM {where}", [person.lead_id])  # noqa: S608 (quoted)
            for text in [column for column in columns if column in FREE_TEXT]:
                found += _unname(connection, table, columns, text, keeps)
        connection.commit()
        if not keeps:
            # What was deleted, here or before, still stands in free pages and in the log.
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return found


def _unname(connection: sqlite3.Connection, table: str, columns: list[str], text: str, keeps: bool) -> int:
    """Take a person out of what was written freely in rows of other leads."""
    others = f"FROM {identifier(table)} WHERE named({text})"
    (found,) = connection.execute(f"SELECT count(*) {others}").fetchone()
    if found and not keeps:
        # Replaced, not updated: rows that stay as they are for everybody else refuse an update.
        taken = ", ".join(f"unnamed({name})" if name == text else identifier(name) for name in columns)
        connection.execute(f"REPLACE INTO {identifier(table)} SELECT {taken} {others}")
    return int(found)


def _words(text: str, person: Person) -> tuple[str, int]:
    erased, found = person.pattern.subn(ERASED, text.encode())
    return erased.decode(), found


def _csv(path: Path, person: Person, keeps: bool) -> int:
    text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    mark = max(";,\t", key=text.partition("\n")[0].count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    kept = [row for row in rows if person.lead_id not in [cell.strip() for cell in row]]
    if len(kept) < len(rows) and not keeps:
        with _replaced(path) as temporary:
            encoding = "utf-8-sig" if path.read_bytes().startswith(b"\xef\xbb\xbf") else "utf-8"
            with temporary.open("w", encoding=encoding, errors="surrogateescape", newline="") as file:
                csv.writer(file, delimiter=mark, lineterminator="\n").writerows(kept)
    return len(rows) - len(kept)


def _text(path: Path, person: Person, keeps: bool) -> int:
    content = path.read_bytes()
    erased, found = person.pattern.subn(ERASED, content)
    if found and not keeps and b"\x00" not in content:
        with _replaced(path) as temporary:
            temporary.write_bytes(erased)
    return found
