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
    file, groups, first, last = _opened(path, path.stat().st_mtime_ns, threading.get_ident())
    groups = groups[bisect_left(last, value) : bisect_right(first, value)]
    there = file.schema_arrow.names
    wanted = [name for name in columns or there if name in there]
    found = file.read_row_groups(groups, columns=list(dict.fromkeys([*wanted, key])), use_threads=False)
    return found.filter(pc.equal(found.column(key), value)).select(wanted)


@lru_cache(maxsize=FILES_KEPT)
def _opened(path: Path, _changed_at: int, _thread: int) -> tuple[pq.ParquetFile, list[int], list[str], list[str]]:
    """A file, open for one thread, with its row groups that are not empty, and the first and last key of each."""
    file = pq.ParquetFile(path)
    # The key is the first column of everything that is sorted by it.
    groups = [k for k in range(file.metadata.num_row_groups) if file.metadata.row_group(k).num_rows]
    bounds = [file.metadata.row_group(k).column(0).statistics for k in groups]
    return file, groups, [known.min for known in bounds], [known.max for known in bounds]
