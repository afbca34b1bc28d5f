"""A few rows of a large sorted Parquet file, in milliseconds: only row groups that may hold them are read."""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FILES_KEPT = 16
BOUNDS_KEPT = 1024


def rows_of(path: Path, key: str, value: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the rows of one key.

    Parameters
    ----------
    path : pathlib.Path
        Parquet, sorted by ``key``; it never changes under its name.
    key : str
        A column of text.
    value : str
        Which rows.
    columns : sequence of str, optional
        Those of them that the file has; all by default.

    Returns
    -------
    pyarrow.Table
        Empty where there are none.

    Raises
    ------
    OSError, pyarrow.ArrowException
        The file is not there, or no longer what it was.
    """
    changed_at = path.stat().st_mtime_ns
    groups, first, last = _bounds(path, changed_at)
    file, there = _opened(path, changed_at, threading.get_ident())
    wanted = [name for name in columns or there if name in there]
    found = file.read_row_groups(
        groups[bisect_left(last, value) : bisect_right(first, value)],
        columns=list(dict.fromkeys([*wanted, key])),
        use_threads=False,
    )
    is_it = pc.equal(found.column(key), value)
    # They stand together: a slice costs nothing, a filter copies column by column.
    start = pc.index(is_it, True).as_py()
    rows = found.slice(max(start, 0), pc.sum(is_it).as_py() or 0)
    return rows if rows.column_names == wanted else rows.select(wanted)


@lru_cache(maxsize=FILES_KEPT)
def _opened(path: Path, _changed_at: int, _thread: int) -> tuple[pq.ParquetFile, list[str]]:
    """A file, open for one thread, and its columns."""
    file = pq.ParquetFile(path)
    return file, file.schema_arrow.names


@lru_cache(maxsize=BOUNDS_KEPT)
def _bounds(path: Path, changed_at: int) -> tuple[list[int], list[str], list[str]]:
    """Row groups of a file that are not empty, and the first and last key of each."""
    metadata = _opened(path, changed_at, threading.get_ident())[0].metadata
    # The key is the first column of everything that is sorted by it.
    known = [(k, metadata.row_group(k).column(0).statistics) for k in range(metadata.num_row_groups)]
    full = [(k, bounds) for k, bounds in known if bounds is not None and bounds.num_values]
    return [k for k, _ in full], [bounds.min for _, bounds in full], [bounds.max for _, bounds in full]
