"""The log of published score runs, read for training: which snapshots were handed over, and with what probability."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.errors import DataError
from models.contacted import Decided, weigh
from models.evidence import Evidence
from pipeline.describe import collect
from pipeline.score_runs import ScoreRun, published
from pipeline.source import Opened
from pipeline.unknown_words import LOUD, unknown
from pipeline.workspace import Workspace

DAY_S = 86_400
CONTACTED = ("sal", "sql", "opportunity")
# Runs from before the lottery have no handover_probability: the empty first table gives it to them, null.
_QUERY = """
WITH decided AS (
    SELECT lead_id, epoch(scored_at)::BIGINT AS scored, decision = 'hand_over' AS handed,
           coalesce(handover_probability, (decision = 'hand_over')::INT::DOUBLE) AS probability
    FROM (
        SELECT NULL::DOUBLE AS handover_probability WHERE false
        UNION ALL BY NAME
        SELECT COLUMNS('^(lead_id|scored_at|decision|handover_probability)$')
        FROM read_parquet($files, union_by_name = true)
    )
),
deciding AS (
    SELECT s.place, s.lead_id, d.scored
    FROM snapshots s ASOF JOIN decided d ON s.lead_id = d.lead_id AND s.cutoff <= d.scored
    WHERE d.scored < s.until
),
levels AS (
    SELECT lead_id, probability, min(scored) AS since, min(scored) FILTER (WHERE handed) AS handed_since
    FROM decided GROUP BY lead_id, probability
)
SELECT f.place, any_value(f.scored) AS scored, max(l.probability) AS probability,
       coalesce(bool_or(l.handed_since <= f.scored), false) AS handed_over
FROM deciding f JOIN levels l ON l.lead_id = f.lead_id AND l.since <= f.scored
GROUP BY f.place
"""


@dataclass(frozen=True)
class Worked:
    """Snapshots that teach, weighed so that leads that were worked stand for those that were not.

    Attributes
    ----------
    rows, frame : pandas.DataFrame
        As given, without those that say nothing of what contact brings.
    facts : mapping, optional
        From `models.contacted.weigh`; empty where no score run was ever in force, None where leads have no horizon.
    """

    rows: pd.DataFrame
    frame: pd.DataFrame
    facts: Mapping[str, Any] | None

    def told_in(self, evidence: Evidence) -> Evidence:
        """Add to the evidence what cannot be known, what is loud to its notes."""
        if self.facts is None:
            return evidence
        notes = unknown(self.facts)
        told = {**self.facts, "sentences": [asdict(note) for note in notes]}
        loud = [note for note in notes if note.code in LOUD]
        return replace(evidence, contacted=told, notes=[*loud, *evidence.notes])


def worked(workspace: Workspace, opened: Opened, rows: pd.DataFrame, frame: pd.DataFrame, horizon_days: int) -> Worked:
    """Weigh training snapshots by the log of score runs.

    Parameters
    ----------
    workspace : Workspace
        With its published runs.
    opened : Opened
        Its connection and its stages.
    rows : pandas.DataFrame of n rows
        ``lead_id``, ``cutoff``, ``label``, ``weight``.
    frame : pandas.DataFrame of n rows
        Raw features, in the same order.
    horizon_days : int
        Length of the label window.

    Returns
    -------
    Worked

    Raises
    ------
    DataError
        A run is no longer what was published.
    """
    if opened.tables.one_table:
        return Worked(rows, frame, None)
    decided = read_decided(workspace, opened, rows, horizon_days)
    if decided is None:
        return Worked(rows, frame, {})
    found = weigh(rows, decided)
    teaches = found.weight > 0
    weighed = rows.assign(weight=rows["weight"] * found.weight)
    kept, read = (table[teaches].reset_index(drop=True) for table in (weighed, frame))
    return Worked(kept, read, found.facts)


def in_force(runs: Sequence[ScoreRun]) -> list[ScoreRun]:
    """Keep the runs that sales saw: of the portfolio, and no look back at a cutoff that had been passed.

    Parameters
    ----------
    runs : sequence of ScoreRun
        Every published run.

    Returns
    -------
    list of ScoreRun
        In the order in which they were scored.
    """
    kept: list[ScoreRun] = []
    for run_ in sorted(runs, key=lambda r: (r.manifest["scored_at"], r.manifest["cutoff"], r.run_id)):
        newest = kept[-1].manifest["cutoff"] if kept else run_.manifest["cutoff"]
        if run_.manifest["kind"] == "portfolio" and run_.manifest["cutoff"] >= newest:
            kept.append(run_)
    return kept


def read_decided(workspace: Workspace, opened: Opened, rows: pd.DataFrame, horizon_days: int) -> Decided | None:
    """Read what score runs decided on training snapshots.

    A run counts from the instant at which it was scored, not from its cutoff: before it was there, nobody was handed
    over by it. DuckDB reads four columns of all runs in one query and spills above its memory limit.

    Parameters
    ----------
    workspace : Workspace
        With its published runs.
    opened : Opened
        Its connection runs the query; its stages tell whom sales contacted.
    rows : pandas.DataFrame of n rows
        ``lead_id``, ``cutoff``.
    horizon_days : int
        Length of the label window.

    Returns
    -------
    Decided, optional
        Of these rows, in their order; None where no run was ever in force.

    Raises
    ------
    DataError
        A run is no longer what was published.
    """
    runs = in_force(published(workspace))
    if not runs:
        return None
    lead = rows["lead_id"].astype("str")
    cutoff = rows["cutoff"].to_numpy(dtype=np.int64)
    until = cutoff + horizon_days * DAY_S
    snapshots = pa.table({"place": np.arange(len(rows)), "lead_id": pa.array(lead), "cutoff": cutoff, "until": until})
    found = _query(opened.connection, snapshots, [path for run_ in runs for path in _files(run_)])
    place = found["place"].to_numpy()
    at, probability, handed = np.full(len(rows), np.nan), np.zeros(len(rows)), np.zeros(len(rows), dtype=np.bool_)
    at[place], probability[place], handed[place] = found["scored"], found["probability"], found["handed_over"]
    drawing = [run_.manifest["scored_at"] for run_ in runs if run_.manifest.get("exploration", {}).get("share", 0) > 0]
    return Decided(at, handed, probability, np.isin(at, drawing), _contacted_at(opened, lead), until.astype(np.float64))


def _files(run_: ScoreRun) -> list[Path]:
    return sorted((run_.path / "rows").glob("*.parquet"))


def _query(connection: duckdb.DuckDBPyConnection, snapshots: pa.Table, files: Sequence[Path]) -> pd.DataFrame:
    with connection.cursor() as cursor:
        cursor.register("snapshots", snapshots)
        try:
            return cursor.execute(_QUERY, {"files": [str(path) for path in files]}).df()
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise DataError(
                "Score runs: expected the files that were published, found one that cannot be read "
                f"({type(error).__name__}). Restore the folder of the run, or remove it, and train again."
            ) from error


def opportunities(opened: Opened, rows: pd.DataFrame, horizon_days: int) -> npt.NDArray[np.float64] | None:
    """Whether each snapshot's lead was or became an opportunity within the horizon; None where no stage says so.

    Parameters
    ----------
    rows : pandas.DataFrame of n rows
        ``lead_id``, ``cutoff``.
    """
    stages = opened.tables.frames.get("stages")
    if stages is None or opened.tables.one_table:
        return None
    rows_ = stages.filter(nw.col("stage").str.strip_chars().str.to_lowercase() == "opportunity")
    first = collect(rows_.group_by("lead_id").agg(at=nw.col("entered_at").min())).set_index("lead_id")["at"]
    if first.empty:
        return None
    at = rows["lead_id"].astype("str").map(first).to_numpy(dtype=np.float64, na_value=np.nan)
    cutoff = rows["cutoff"].to_numpy(dtype=np.float64)
    return (at < cutoff + horizon_days * DAY_S).astype(np.float64)


def _contacted_at(opened: Opened, lead: "pd.Series[str]") -> npt.NDArray[np.float64]:
    """When sales first had each lead; NaN where no stage says so."""
    stages = opened.tables.frames.get("stages")
    if stages is None:
        return np.full(len(lead), np.nan)
    met = stages.filter(nw.col("stage").is_in(CONTACTED))
    if "decision" in stages.collect_schema().names():
        met = met.filter(nw.col("decision").is_null() | (nw.col("decision") != "refused"))
    first = collect(met.group_by("lead_id").agg(at=nw.col("entered_at").min())).set_index("lead_id")["at"]
    return lead.map(first).to_numpy(dtype=np.float64, na_value=np.nan)
