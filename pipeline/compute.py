"""Run features on DuckDB: a query per kind of row and range of leads, in the order of the snapshots.

One query for everything would take DuckDB longer to plan than to run (7 s for 120 features), sort a gigabyte that is in
order already, and hold a million leads times all columns at once. Queries of a kind share their scan; a wide kind is
cut into ranges of leads, which read only their part of the sorted tables. Leads go by their numbers, not by texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.compiler import describe
from features.errors import DataError
from features.kinds import by_kind
from features.specification import Feature
from features.tables import Tables
from pipeline.cells import identifier
from pipeline.engines.engine import Embedded
from pipeline.saved import Saved, save
from pipeline.source import Opened

# Values that one query gives at most: some hundred megabytes with all that it takes to make them.
AT_ONCE = 16_000_000
ROWS_PER_BATCH = 20_480
BY_ACCOUNT = ("signals", "colleagues")


@dataclass(frozen=True)
class Computed:
    """Features of snapshots, on the disk, in the order of the snapshots.

    Attributes
    ----------
    names : tuple of str
        Of the features, in order.
    parts : tuple of (tuple of str, pathlib.Path)
        Arrow files that hold some features each, of the same rows.
    """

    names: tuple[str, ...]
    parts: tuple[tuple[tuple[str, ...], Path], ...]

    def blocks(self, size: int) -> Iterator[pa.Table]:
        """All features, ``size`` rows at a time, the last fewer."""
        for tables in zip(*(_batches(path, size) for _, path in self.parts), strict=True):
            columns = {name: table.column(name) for table in tables for name in table.column_names}
            yield pa.table({name: columns[name] for name in self.names})

    def frame(self) -> pd.DataFrame:
        """All features of all rows."""
        columns: dict[str, Any] = {}
        for _, path in self.parts:
            with pa.ipc.open_file(path) as file:
                frame = file.read_all().to_pandas()
            columns |= {str(name): frame[name] for name in frame}
        return pd.DataFrame({name: columns[name] for name in self.names}, copy=False)


def compute(opened: Opened, keys: pd.DataFrame, features: Sequence[Feature], scratch: Path) -> Computed | Saved:
    """Run features on snapshots.

    Parameters
    ----------
    opened : Opened
        Its tables and its connection, whose limits hold: what does not fit is spilled.
    keys : pandas.DataFrame of n rows
        ``lead_id``, ``cutoff`` (UTC seconds), sorted by both, each once.
    features : sequence of Feature
        With recipes.
    scratch : pathlib.Path
        Folder for the results.

    Returns
    -------
    Computed or Saved
        n rows; the latter where the tables stand elsewhere and are worked on in place.

    Raises
    ------
    DataError
        A table has a lead twice.
    """
    if not isinstance(opened.engine, Embedded):
        return save(opened, keys, features, scratch)
    source = _Source.of(opened, keys)
    parts = []
    for kind, some in by_kind(features).items():
        path = scratch / f"{kind}.arrow"
        _run(source, kind, some, path)
        parts.append((tuple(feature.name for feature in some), path))
    return Computed(tuple(feature.name for feature in features), tuple(parts))


@dataclass(frozen=True)
class _Source:
    """What queries read: tables and snapshots whose ``lead_id`` is the number of the lead, where there are numbers."""

    opened: Opened
    tables: Tables
    keys: pa.Table

    @classmethod
    def of(cls, opened: Opened, keys: pd.DataFrame) -> "_Source":
        known, tables = opened.numbered, opened.tables
        snapshots = pa.table({"lead_id": pa.array(keys["lead_id"], pa.string()), "cutoff": pa.array(keys["cutoff"])})
        if "leads" not in known:
            return cls(opened, tables, snapshots)
        leads = tables.frames["leads"].select("lead_id").collect(backend="pyarrow").to_native().column(0)
        place = pc.index_in(snapshots.column(0), value_set=leads.combine_chunks())
        frames = {name: known.get(name, frame) for name, frame in tables.frames.items()}
        numbered = Tables(frames, tables.attributes, tables.extracted_at, tables.one_table, tables.counts)
        return cls(opened, numbered, snapshots.set_column(0, "lead_id", place.cast(pa.int32())))

    def part(self, start: int, stop: int, by_lead: bool) -> tuple[pa.Table, Tables]:
        """Some of the snapshots, and what the tables say of their leads."""
        keys, tables = self.keys.slice(start, stop - start), self.tables
        if not by_lead or keys.num_rows == self.keys.num_rows:
            return keys, tables
        first, last = keys.column(0)[0].as_py(), keys.column(0)[-1].as_py()
        near = {
            name: frame.filter(nw.col("lead_id") >= first, nw.col("lead_id") <= last)
            if "lead_id" in frame.collect_schema().names()
            else frame
            for name, frame in tables.frames.items()
        }
        return keys, Tables(near, tables.attributes, tables.extracted_at, tables.one_table, tables.counts)


def _run(source: _Source, kind: str, features: Sequence[Feature], path: Path) -> None:
    n, size = source.keys.num_rows, max(1, AT_ONCE // len(features))
    n_parts = max(1, -(-n // size))
    ends = [n * k // n_parts for k in range(n_parts + 1)]
    with _Writer(path) as writer:
        for start, stop in pairwise(ends):
            keys, tables = source.part(start, stop, kind not in BY_ACCOUNT)
            writer.add(_query(source.opened, keys, tables, features), stop - start)


def _query(opened: Opened, keys: pa.Table, tables: Tables, features: Sequence[Feature]) -> Any:
    cutoffs = keys.column("cutoff")
    first, last = (pc.min_max(cutoffs)[name].as_py() or 0 for name in ("min", "max"))
    lazy = describe(nw.from_native(opened.connection.from_arrow(keys)), tables, features, first, last)
    names = ", ".join(identifier(feature.name) for feature in features)
    return lazy.to_native().order("lead_id, cutoff").project(names)


class _Writer:
    """One Arrow file, made of the results of queries."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Any = None

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, relation: Any, expected: int) -> None:
        """Append a result.

        Raises
        ------
        DataError
            It has not one row per snapshot.
        """
        reader = relation.to_arrow_reader(ROWS_PER_BATCH)
        if self._file is None:
            self._file = pa.ipc.new_file(str(self._path), reader.schema)
        n = 0
        for batch in reader:
            self._file.write_batch(batch)
            n += batch.num_rows
        if n != expected:
            raise DataError(f"features: expected a row for each of {expected} snapshots, found {n}; check the tables.")


def _batches(path: Path, size: int) -> Iterator[pa.Table]:
    """Read a file, ``size`` rows at a time."""
    with pa.OSFile(str(path)) as opened, pa.ipc.open_file(opened) as file:
        kept: list[pa.RecordBatch] = []
        rows = 0
        for k in range(file.num_record_batches):
            kept.append(file.get_batch(k))
            rows += kept[-1].num_rows
            while rows >= size:
                table = pa.Table.from_batches(kept)
                yield table.slice(0, size)
                kept, rows = table.slice(size).to_batches(), rows - size
        if rows:
            yield pa.Table.from_batches(kept)
