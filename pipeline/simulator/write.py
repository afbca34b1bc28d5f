"""Write a simulated company as files, as a CRM exports them. The truth goes elsewhere, on demand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike

from features.errors import UseError
from pipeline.simulator.columns import iso_utc
from pipeline.simulator.simulate import Simulation
from pipeline.simulator.truth import Truth

Format = Literal["csv", "parquet"]
_SLICE = 500_000
_TIMES = ("created_at", "occurred_at", "known_at", "decided_at", "entered_at", "month")


def write_tables(simulation: Simulation, directory: Path, format: Format = "csv") -> list[Path]:  # noqa: A002 (pandas' word)
    """Write the nine tables, one file each, never the truth.

    Parameters
    ----------
    simulation : Simulation
        What to write.
    directory : pathlib.Path
        Made where absent; files of the same names are replaced.
    format : {"csv", "parquet"}
        CSV is UTF-8 with commas and decimal points. Parquet is right above some 200,000 rows.

    Returns
    -------
    list of pathlib.Path
        ``leads.csv``, ``accounts.csv``... Times are ISO-8601 UTC text, as in ``2026-03-01T09:12:44Z``.

    Raises
    ------
    UseError
        If the format is neither.
    """
    if format not in {"csv", "parquet"}:
        raise UseError(f"simulation: format must be csv or parquet, got {format!r}")
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in simulation.tables.items():
        path = directory / f"{name}.{format}"
        # A slice at a time: the texts of the times weigh more than the table itself.
        slices = (_readable(table.iloc[row : row + _SLICE]) for row in range(0, max(len(table), 1), _SLICE))
        if format == "csv":
            _write_csv(path, slices)
        else:
            _write_parquet(path, slices)
        paths.append(path)
    return paths


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Times as ISO-8601 texts."""
    return table.assign(**{column: iso_utc(table[column]) for column in _TIMES if column in table})


def _write_csv(path: Path, slices: Iterator[pd.DataFrame]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, part in enumerate(slices):
            part.to_csv(file, index=False, header=number == 0, lineterminator="\n")


def _write_parquet(path: Path, slices: Iterator[pd.DataFrame]) -> None:
    first = pa.Table.from_pandas(next(slices), preserve_index=False).replace_schema_metadata()
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for part in slices:
            writer.write_table(pa.Table.from_pandas(part, schema=first.schema, preserve_index=False))


def truth_table(truth: Truth, cutoffs: ArrayLike, horizon_days: float | None = None) -> pd.DataFrame:
    """True propensity of every open lead at each of some cutoffs.

    Parameters
    ----------
    truth : Truth
        Of a simulation.
    cutoffs : array-like of int
        UTC seconds.
    horizon_days : float, optional
        By default the plan's.

    Returns
    -------
    pandas.DataFrame
        `lead_id`, `cutoff` (UTC s), `propensity`; only leads created and not decided at that cutoff.
    """
    parts = []
    for cutoff in np.atleast_1d(np.asarray(cutoffs, dtype=np.int64)):
        propensity = truth.propensity(truth.lead_ids, cutoff, horizon_days)
        known = ~np.isnan(propensity)
        parts.append(
            pd.DataFrame({"lead_id": truth.lead_ids[known], "cutoff": cutoff, "propensity": propensity[known]})
        )
    return pd.concat(parts, ignore_index=True)


def write_truth(truth: Truth, path: Path, cutoffs: ArrayLike, horizon_days: float | None = None) -> None:
    """Write `truth_table` as one Parquet file, wherever the caller says: never beside the tables.

    Parameters
    ----------
    truth, cutoffs, horizon_days
        As in `truth_table`.
    path : pathlib.Path
        Parquet file, replaced.

    Raises
    ------
    UseError
        If the folder already holds the tables that a pipeline reads.
    """
    if any((path.parent / f"leads.{format_}").exists() for format_ in ("csv", "parquet")):
        raise UseError(f"simulation: expected a folder without tables for the truth, found leads beside {path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    table = truth_table(truth, cutoffs, horizon_days)
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(), path)
