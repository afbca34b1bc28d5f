"""What a dossier reads of a lead in the runs, some leads on one sheet: a run's own files hold them column by column.

``sheets.db`` stands beside the index and holds, of each lead, its score row and its features in the run of the index,
the same of the run before, and what it scored in some runs before that. A sheet is a table of numbers, compressed in
one piece; instants are seconds, texts are numbers of the table ``text``. Whoever finds no sheet reads the runs.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import DataError
from pipeline.score_runs import SCHEMA, ScoreRun

SHEETS = "sheets.db"
RUNS_SHOWN = 6
ROWS = 128
# The reasons that were kept are fewer than a dossier gives: it makes its own.
SCORED = tuple(name for name in SCHEMA.names if name != "reasons")
COMPARED, PASSED = ("lead_id", "cutoff", "propensity", "band"), ("lead_id", "propensity", "band")
CREATE = """
CREATE TABLE col (place INTEGER PRIMARY KEY, run_id TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE text (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE sheet (first INTEGER PRIMARY KEY, content BLOB NOT NULL);
"""
Floats = npt.NDArray[np.float64]
Kind = Literal["number", "instant", "text"]


class Column(NamedTuple):
    """A column of the sheets.

    Attributes
    ----------
    run_id : str
        Of which run.
    name : str
        Of the score row or of a feature.
    kind : {"number", "instant", "text"}
        What its numbers stand for; NaN stands for null.
    """

    run_id: str
    name: str
    kind: Kind


def codec() -> pa.Codec:
    """How sheets are compressed; one for each thread."""
    return pa.Codec("zstd", 1)


def write_sheets(path: Path, found: ScoreRun, earlier: Sequence[ScoreRun]) -> None:
    """Write the sheets of a run.

    Parameters
    ----------
    path : pathlib.Path
        New file.
    found : ScoreRun
        The run of the index; leads keep its order.
    earlier : sequence of ScoreRun
        Runs of earlier cutoffs, the newest first.

    Raises
    ------
    DataError
        A run is no longer what was published, or holds what a sheet cannot.
    """
    before = [
        _Beside(run, PASSED if place else COMPARED, with_features=not place)
        for place, run in enumerate(earlier[: RUNS_SHOWN - 1])
    ]
    columns: list[Column] = []
    numbers: dict[str, int] = {}
    first, packed = 0, codec()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + CREATE)
        for table in found.joined(SCORED, with_features=True):
            lead_ids = table.column("lead_id").combine_chunks()
            tables = [(found, table), *((one.run, one.of(lead_ids)) for one in before)]
            there = [column for run, one in tables for column in _columns(run, one)]
            columns = columns or there
            if there != columns:
                raise DataError(f"Score run {found.run_id}: expected the same columns in all files. Score again.")
            arrays = [one.column(name) for _, one in tables for name in one.column_names if name != "lead_id"]
            sheets = _sheets(arrays, columns, numbers, len(table))
            places = range(first, first + len(table), ROWS)
            contents = (packed.compress(sheet, asbytes=True) for sheet in sheets)
            connection.executemany("INSERT INTO sheet VALUES (?, ?)", zip(places, contents, strict=True))
            first += len(table)
        connection.executemany("INSERT INTO text VALUES (?, ?)", ((k, text) for text, k in numbers.items()))
        connection.executemany("INSERT INTO col VALUES (?, ?, ?, ?)", ((k, *one) for k, one in enumerate(columns)))


class _Beside:
    """Rows of another run for the leads of file after file of a run; both are in the order of leads."""

    def __init__(self, run: ScoreRun, columns: Sequence[str], *, with_features: bool) -> None:
        self.run = run
        self._tables: Iterator[pa.Table] = run.joined(columns, with_features=with_features)
        self._held: list[pa.Table] = []

    def of(self, lead_ids: pa.Array) -> pa.Table:
        """One row for each lead, null where it is not in the run."""
        first, last = lead_ids[0].as_py(), lead_ids[-1].as_py()
        while not self._held or _last(self._held[-1]) < last:
            if (more := next(self._tables, None)) is None:
                break
            self._held = [*(held for held in self._held if _last(held) >= first), more]
        if not self._held:
            raise DataError(f"Score run {self.run.run_id}: expected leads, found none.")
        table = pa.concat_tables(self._held).combine_chunks()
        return table.take(pc.index_in(lead_ids, table.column("lead_id").combine_chunks()))


def _last(table: pa.Table) -> str:
    return str(table.column("lead_id")[-1].as_py())


def _columns(run: ScoreRun, table: pa.Table) -> list[Column]:
    return [Column(run.run_id, field.name, _kind(run, field)) for field in table.schema if field.name != "lead_id"]


def _kind(run: ScoreRun, field: pa.Field) -> Kind:
    if pa.types.is_floating(field.type):
        return "number"
    if pa.types.is_timestamp(field.type):
        return "instant"
    if pa.types.is_string(field.type):
        return "text"
    raise DataError(f"Score run {run.run_id}: expected numbers and texts, found {field.type} in {field.name}.")


def _sheets(arrays: Sequence[pa.ChunkedArray], columns: Sequence[Column], numbers: dict[str, int], n: int) -> Floats:
    """The columns of n leads as sheets, the last one filled up with NaN."""
    n_sheets = -(-n // ROWS)
    out = np.full((n_sheets, len(columns), ROWS), np.nan)
    lead = np.full(n_sheets * ROWS, np.nan)
    codes = _codes([a for a, c in zip(arrays, columns, strict=True) if c.kind == "text"], numbers, n)
    for j, (array, column) in enumerate(zip(arrays, columns, strict=True)):
        if column.kind == "text":
            lead[:n] = next(codes)
        else:
            whole = array.cast(pa.int64()) if column.kind == "instant" else array
            lead[:n] = whole.cast(pa.float64()).to_numpy()
        out[:, j] = lead.reshape(n_sheets, ROWS)
    return out


def _codes(arrays: Sequence[pa.ChunkedArray], numbers: dict[str, int], n: int) -> Iterator[Floats]:
    """Columns of n texts as the numbers of these, which new ones are added to."""
    if not arrays:
        return
    encoded = pa.chunked_array([part for array in arrays for part in array.chunks]).combine_chunks().dictionary_encode()
    known = np.array([numbers.setdefault(text, len(numbers)) for text in encoded.dictionary.to_pylist()], np.float64)
    place = encoded.indices.to_numpy(zero_copy_only=False)
    is_null = np.isnan(place.astype(np.float64))
    # The last entry is where nulls fall.
    yield from np.append(known, np.nan)[np.where(is_null, -1, place).astype(np.int64)].reshape(-1, n)
