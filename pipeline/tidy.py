"""Which columns of text hold nothing that must be cleaned: told by their bytes, a tenth of what a pattern costs."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

ROWS_AT_ONCE = 65_536
SPACE, DELETE = 0x20, 0x7F
# In UTF-8: control signs of Latin-1 and the no-break space; figure, thin and narrow no-break space; byte order mark.
RARE = ((b"\xc2", 0x80, 0xA0), (b"\xe2\x80", 0x87, 0x89), (b"\xe2\x80", 0xAF, 0xAF), (b"\xef\xbb", 0xBF, 0xBF))


def tidy_columns(path: Path, first: int = 0) -> frozenset[int]:
    """Find the columns of text of which no cell holds control signs or rare spaces, is empty or has spaces around it.

    Parameters
    ----------
    path : pathlib.Path
        Parquet.
    first : int
        Columns before this place are not counted.

    Returns
    -------
    frozenset of int
        Places of the columns, from 0.

    Examples
    --------
    >>> import tempfile
    >>> table = pa.table({"a": ["x y", None], "b": ["é", "\u00a0x"], "c": [" x", "y"], "d": ["", "x"], "e": [1, 2]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "x.parquet"
    ...     pq.write_table(table, path)
    ...     sorted(tidy_columns(path))
    [0]
    """
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        left = {field.name for field in schema if field.type in (pa.string(), pa.large_string())}
        left = {name for name in left if schema.names.count(name) == 1}
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=sorted(left)):
            left &= {name for name in left if is_tidy(batch.column(name))}
            if not left:
                break
    return frozenset(place for place, name in enumerate(schema.names[first:]) if name in left)


def is_tidy(cells: pa.Array) -> bool:
    """Whether no cell would change by `pipeline.cells.clean`; a rare space inside a cell counts as if it would."""
    _, ends, data = cells.buffers()
    kind = np.int64 if pa.types.is_large_string(cells.type) else np.int32
    offsets = np.frombuffer(ends, kind)[cells.offset : cells.offset + len(cells) + 1]
    lengths = np.diff(offsets)
    filled = lengths > 0
    if len(cells) - filled.sum() != cells.null_count:
        return False
    if not filled.any():
        return True
    signs = np.frombuffer(data, np.uint8)
    inside = signs[offsets[0] : offsets[-1]]
    if inside.min() < SPACE or (inside.max() >= DELETE and _has_rare(inside)):
        return False
    return not ((signs[offsets[:-1][filled]] == SPACE) | (signs[offsets[1:][filled] - 1] == SPACE)).any()


def _has_rare(signs: npt.NDArray[np.uint8]) -> bool:
    if (signs == DELETE).any():
        return True
    for lead, low, high in RARE:
        at = np.flatnonzero(signs[: len(signs) - len(lead)] == lead[0])
        for k, byte in enumerate(lead[1:], 1):
            at = at[signs[at + k] == byte]
        last = signs[at + len(lead)]
        if ((last >= low) & (last <= high)).any():
            return True
    return False
