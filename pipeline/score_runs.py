"""Published score runs: find them, read them.

A run is an immutable folder ``.tamis/scores/<run_id>/`` with ``rows/`` (one row per lead), ``features/`` (what the
model read, for explanations and drift; the same leads in the files of the same names) and ``manifest.json``. A folder
without a manifest is not a run. Reasons are kept as codes and points: `pipeline.telling` words those that are shown.
"""

import contextlib
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from features.errors import DataError
from pipeline.workspace import Workspace

MANIFEST = "manifest.json"
# Key of the metadata of a file of rows: how often each reason is given in it.
TALLY = "tamis.reasons"
# Qualification of a lead below the threshold that is handed over to learn.
EXPLORATION = "exploration"
INSTANT = pa.timestamp("s", "UTC")
REASON = pa.struct([("code", pa.string()), ("family", pa.string()), ("points", pa.float64()), ("text", pa.string())])
SCHEMA = pa.schema(
    [
        ("lead_id", pa.string()),
        ("cutoff", INSTANT),
        ("scored_at", INSTANT),
        ("run_id", pa.string()),
        ("model_version", pa.string()),
        ("segment", pa.string()),
        ("scored_by", pa.string()),
        ("propensity", pa.float64()),
        ("raw_score", pa.float64()),
        ("reference_propensity", pa.float64()),
        ("threshold", pa.float64()),
        ("band", pa.string()),
        ("decision", pa.string()),
        ("qualification", pa.string()),
        ("handover_probability", pa.float64()),
        ("fit_points", pa.float64()),
        ("engagement_points", pa.float64()),
        ("intent_points", pa.float64()),
        ("expected_amount", pa.float64()),
        ("expected_value", pa.float64()),
        ("reasons", pa.list_(REASON)),
        ("previous_propensity", pa.float64()),
        ("trend", pa.string()),
        ("due_at", INSTANT),
    ]
)


@dataclass(frozen=True)
class ScoreRun:
    """One published run.

    Attributes
    ----------
    path : pathlib.Path
        Its folder.
    manifest : mapping
        ``run_id``, ``kind`` (``portfolio`` or ``file``), ``scored_at`` and ``cutoff`` (UTC seconds), ``model_version``,
        ``n_leads``, counts by band, decision and exploration, notices, and ``certified``: by segment, whether people
        may be shown percentages; a segment that is not named there goes with ``all``.
    """

    path: Path
    manifest: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        """Identifier, sortable by time."""
        return str(self.manifest["run_id"])

    def rows(self, columns: list[str] | None = None) -> pa.Table:
        """Score rows, ordered by lead.

        Raises
        ------
        DataError
            The folder is no longer what was published.
        """
        with _as_published(self.path):
            return ds.dataset(self.path / "rows", schema=SCHEMA).to_table(columns=columns)

    def parts(self) -> Iterator[tuple[pa.Table, pd.DataFrame]]:
        """Score rows and what the model read of the same leads, some thousands at a time."""
        for path in sorted((self.path / "rows").iterdir()):
            with _as_published(self.path):
                rows = pq.read_table(path, schema=SCHEMA)
                yield rows, pq.read_table(self.path / "features" / path.name).to_pandas()

    def blocks(self, columns: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
        """Some columns of the score rows, some thousands at a time, with the name of their file."""
        for path in sorted((self.path / "rows").iterdir()):
            with _as_published(self.path):
                yield path.name, ds.dataset(path, schema=SCHEMA).to_table(columns=list(columns))

    def features_of(self, name: str, lead_ids: Sequence[str]) -> pd.DataFrame:
        """What the model read of some leads of one file."""
        frame: pd.DataFrame = self._leads(f"features/{name}", lead_ids).to_pandas()
        return frame

    def lead(self, lead_id: str, columns: Sequence[str] | None = None) -> dict[str, Any] | None:
        """The row of one lead, all of it or some columns; None where it is not in the run."""
        found = self._leads(self._place("rows", [lead_id]), [lead_id], SCHEMA, columns).to_pylist()
        return found[0] if found else None

    def features(self, lead_ids: Sequence[str]) -> pd.DataFrame:
        """What the model read of some leads: ``lead_id`` and one column per feature, a row for each lead."""
        frame: pd.DataFrame = self._leads(self._place("features", lead_ids), lead_ids).to_pandas()
        return frame

    def hottest(self, number: int) -> list[dict[str, Any]]:
        """The rows with the highest propensities, ties by lead."""
        keys = [("propensity", "descending"), ("lead_id", "ascending")]
        first = self.rows(["lead_id", "propensity"]).sort_by(keys).slice(0, number).column("lead_id").to_pylist()
        rows = {row["lead_id"]: row for row in self._leads("rows", first, SCHEMA).to_pylist()}
        return [rows[lead_id] for lead_id in first]

    def rank(self, propensity: float) -> int:
        """Place of a propensity in the run, from 1; equal ones share the better place."""
        return 1 + int(pc.sum(pc.greater(self.rows(["propensity"]).column(0), propensity)).as_py() or 0)

    def _leads(
        self, place: str, lead_ids: Sequence[str], schema: pa.Schema | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        lead = ds.field("lead_id")
        wanted = lead.isin(lead_ids)
        if lead_ids:
            # Only row groups that may hold them are read.
            wanted &= (lead >= min(lead_ids)) & (lead <= max(lead_ids))
        with _as_published(self.path):
            return ds.dataset(self.path / place, schema=schema).to_table(
                columns=columns and list(columns), filter=wanted
            )

    def _place(self, folder: str, lead_ids: Sequence[str]) -> str:
        """Where some leads stand: for a single one its file, else the folder."""
        firsts = self._first_leads
        if len(lead_ids) != 1 or not firsts:
            return folder
        return f"{folder}/{firsts[max(0, bisect_right(firsts, lead_ids[0], key=itemgetter(0)) - 1)][1]}"

    @cached_property
    def _first_leads(self) -> list[tuple[str, str]]:
        """The first lead of each file and its name, in order; empty where a file does not say its first lead."""
        found = []
        with _as_published(self.path):
            for path in sorted((self.path / "rows").iterdir()):
                statistics = pq.read_metadata(path).row_group(0).column(0).statistics
                if statistics is None or not statistics.has_min_max:
                    return []
                found.append((statistics.min, path.name))
        return found


def published(workspace: Workspace) -> list[ScoreRun]:
    """Every published run, the latest cutoff first; of two with one cutoff, the one scored last.

    When a run was scored does not say what it knew: a past cutoff can be scored today.
    """
    if not workspace.scores.is_dir():
        return []
    found = []
    for path in workspace.scores.glob(f"*/{MANIFEST}"):
        with _as_published(path.parent):
            found.append(ScoreRun(path.parent, json.loads(path.read_text(encoding="utf-8"))))
    known = ("cutoff", "scored_at", "run_id")
    return sorted(found, key=lambda run: tuple(run.manifest[name] for name in known), reverse=True)


def newest(
    workspace: Workspace, kind: Literal["portfolio", "file"] | None = None, before: int | None = None
) -> ScoreRun | None:
    """The first published run of a kind whose cutoff lies before an instant; None where there is none."""
    return next(
        (
            run
            for run in published(workspace)
            if (kind is None or run.manifest["kind"] == kind) and (before is None or run.manifest["cutoff"] < before)
        ),
        None,
    )


@contextlib.contextmanager
def _as_published(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(
            f"Score run {path.name}: expected the files that were published, found one that cannot be read "
            f"({type(error).__name__}). Restore the folder, or remove it and score again."
        ) from error
