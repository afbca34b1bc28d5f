"""Scores whose outcome is known by now: what was promised, as it was given, and what happened."""

from datetime import UTC, datetime
from itertools import islice

import numpy as np
import pandas as pd
import pyarrow as pa

from features.snapshots import decisions
from models.promises import Promises
from models.realised import Realised, realised
from pipeline.compare import wait_of
from pipeline.describe import collect
from pipeline.handovers import in_force
from pipeline.prepare import DAY_S
from pipeline.score_runs import ScoreRun, published
from pipeline.settings import Settings
from pipeline.source import Opened
from pipeline.workspace import Workspace

_MONTHS = 3
# Where leads have no horizon, a run has matured once so many of its leads are decided: the early ones close fast.
_DECIDED = 0.95
_SCORES = ("lead_id", "propensity", "band", "label")
# Of all verdicts of a night together: it is asked every night, so it must be sure.
_CONFIDENCE = 0.999


def held_to_account(workspace: Workspace, settings: Settings, opened: Opened) -> Realised | None:
    """Hold the scores of the newest three months that have matured against what happened.

    One run of each month counts, the first: leads are scored every night and stay the same leads.

    Returns
    -------
    Realised, optional
        None where no run has matured.

    Raises
    ------
    DataError
        A run is no longer what was published.
    """
    ended = (
        part for run_ in _runs(workspace, settings, opened) if (part := _ended(run_, settings, opened)) is not None
    )
    # Months before those are not even read: there are more every month.
    found = list(islice(ended, _MONTHS))
    if not found:
        return None
    rows = pd.concat(found, ignore_index=True)
    promises = Promises(rows["label"], rows["propensity"], np.ones(len(rows)), rows["lead_id"])
    kinds = {str(name): rows[name] for name in rows.columns if name not in _SCORES}
    return realised(promises, rows["band"], settings.certificate.tolerance, _CONFIDENCE, kinds)


def _runs(workspace: Workspace, settings: Settings, opened: Opened) -> list[ScoreRun]:
    """The first run of each month that can have matured, newest first."""
    end = opened.tables.extracted_at - wait_of(settings, opened)
    first: dict[str, ScoreRun] = {}
    for run_ in in_force(published(workspace)):
        # In one-table mode a run has matured once its leads are decided, whatever the day.
        if opened.tables.one_table or run_.manifest["cutoff"] <= end:
            first.setdefault(f"{datetime.fromtimestamp(run_.manifest['cutoff'], UTC):%Y-%m}", run_)
    return [first[month] for month in sorted(first, reverse=True)]


def _ended(run_: ScoreRun, settings: Settings, opened: Opened) -> pd.DataFrame | None:
    table = run_.rows(["lead_id", "cutoff", "propensity", "band"])
    rows: pd.DataFrame = table.drop_columns("cutoff").to_pandas()
    rows = rows.join(run_.categories().to_pandas())
    tables = opened.tables
    if tables.one_table:
        outcome = collect(tables.frames["leads"].select("lead_id", "outcome")).set_index("lead_id")["outcome"]
        ended = rows["lead_id"].map(outcome)
        if ended.notna().mean() < _DECIDED:
            return None
        return rows.assign(label=(ended == "won").astype("float64"))[ended.notna()]
    if "outcomes" not in tables.frames:
        return None
    won_at = collect(decisions(tables)).set_index("lead_id")["won_at"]
    cutoff = table.column("cutoff").cast(pa.int64()).to_numpy()
    at = rows["lead_id"].map(won_at).to_numpy(dtype=np.float64, na_value=np.nan)
    until = cutoff + settings.snapshots.horizon_days * DAY_S
    return rows.assign(label=((at >= cutoff) & (at < until)).astype("float64"))
