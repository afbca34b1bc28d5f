"""Features that an engine beside ours computed: Parquet as it wrote it, put in order when somebody reads it here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.compiler import describe
from features.errors import DataError
from features.snapshots import KEYS
from features.specification import Feature
from pipeline.cells import identifier
from pipeline.source import Opened


@dataclass(frozen=True)
class Saved:
    """Features of snapshots as another engine wrote them.

    Attributes
    ----------
    path : pathlib.Path
        A file or a folder of files with the keys and features called f0, f1 ..., in no order.
    names : tuple of str
        Of the features.
    keys : pandas.DataFrame
        The snapshots that were asked for, sorted.
    connection : duckdb.DuckDBPyConnection
        Ours: it puts them in order.
    """

    path: Path
    names: tuple[str, ...]
    keys: pd.DataFrame
    connection: duckdb.DuckDBPyConnection

    def blocks(self, size: int) -> Iterator[pa.Table]:
        """All features in the order of the snapshots, ``size`` rows at a time, the last fewer."""
        with pq.ParquetFile(self.in_order) as file:
            for batch in file.iter_batches(batch_size=size, columns=list(self.names)):
                yield pa.Table.from_batches([batch])

    def frame(self) -> pd.DataFrame:
        """All features of all rows, in the order of the snapshots."""
        frame: pd.DataFrame = pq.read_table(self.in_order, columns=list(self.names)).to_pandas()
        return frame

    @cached_property
    def in_order(self) -> Path:
        """The features in the order of the snapshots, in one file; made once, while our connection stands.

        Raises
        ------
        DataError
            Not one row for each snapshot.
        """
        files = str(self.path / "*.parquet") if self.path.is_dir() else str(self.path)
        named = [f"f{k} AS {identifier(name)}" for k, name in enumerate(self.names)]
        rows: duckdb.DuckDBPyRelation = self.connection.read_parquet(files).select(", ".join([*KEYS, *named]))
        path = self.path.with_name(f"{self.path.name}.ordered")
        rows.order(", ".join(KEYS)).write_parquet(str(path))
        found = pq.read_table(path, columns=KEYS).to_pandas()
        if not all(np.array_equal(found[name].to_numpy(), self.keys[name].to_numpy()) for name in KEYS):
            raise DataError(
                f"features: expected one row for each of {len(self.keys):,} snapshots, found {len(found):,} rows or "
                "others; check the tables."
            )
        return path


def save(opened: Opened, keys: pd.DataFrame, features: Sequence[Feature], scratch: Path) -> Saved:
    """Have the engine of the tables compute features.

    Parameters
    ----------
    opened, keys, features, scratch
        As for `pipeline.compute.compute`.

    Returns
    -------
    Saved
    """
    path = scratch / "raw"
    snapshots = opened.engine.put(pa.Table.from_pandas(keys, preserve_index=False))
    first, last = (0, 0) if keys.empty else (int(keys["cutoff"].min()), int(keys["cutoff"].max()))
    # Postgres cuts names at 63 bytes, Spark reads a dot as a field: names of features are ours alone.
    short = [replace(feature, name=f"f{k}") for k, feature in enumerate(features)]
    opened.engine.save(describe(snapshots, opened.tables, short, first, last), path)
    saved = Saved(path, tuple(feature.name for feature in features), keys, opened.connection)
    if not opened.engine.distributed:
        # A run is scored after its tables were let go; executors score what they wrote, in any order.
        _ = saved.in_order
    return saved
