"""Who a lead is and what it did, read from the tables that a score run was made of.

This is shown to the people who work on the lead; names stay in the workspace and enter no feature, model or log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from pipeline.score_runs import ScoreRun
from pipeline.workspace import Workspace

WHO = ("display_name", "job_title", "account_id", "source", "owner", "created_at", "opted_out")
MOST_LINES = 12


@dataclass(frozen=True)
class Line:
    """What happened on one day.

    Attributes
    ----------
    at : int
        Latest instant, UTC seconds.
    source : {"events", "signals"}
        What the lead did, or what was noticed at its company.
    type : str
        As the CRM calls it.
    n : int
        How many that day.
    """

    at: int
    source: Literal["events", "signals"]
    type: str
    n: int


@dataclass(frozen=True)
class History:
    """What is known of a lead beside its features.

    Attributes
    ----------
    who : mapping of str to value
        Of `WHO`, what is known.
    timeline : tuple of Line
        The newest first.
    said : mapping of str to str
        Last answer by criterion.
    tracked : tuple of str
        Criteria that this company asks any lead about.
    """

    who: Mapping[str, Any]
    timeline: tuple[Line, ...]
    said: Mapping[str, str]
    tracked: tuple[str, ...]


def histories(
    workspace: Workspace, run_: ScoreRun, lead_ids: Sequence[str], cutoff: int, zone: ZoneInfo
) -> dict[str, History] | None:
    """Read the histories of leads as they were known at the cutoff, each table once.

    Parameters
    ----------
    workspace : Workspace
        Keeps the tables of the last runs.
    run_ : ScoreRun
        Which tables.
    lead_ids : sequence of str
        Which leads.
    cutoff : int
        UTC seconds: what became known then or later is not there.
    zone : zoneinfo.ZoneInfo
        In which days are counted.

    Returns
    -------
    dict of str to History, optional
        None where the tables of that run are no longer kept.
    """
    folder = workspace.staging / run_.manifest["source"]
    if not (folder / "leads.parquet").is_file():
        return None
    mine, known = ds.field("lead_id").isin(list(lead_ids)), ds.field("known_at") < cutoff
    who: dict[str, dict[str, Any]] = {lead_id: {} for lead_id in lead_ids} | {
        row["lead_id"]: {name: row[name] for name in WHO if row.get(name) is not None}
        for row in _read(folder, "leads", mine).to_pylist()
    }
    accounts = sorted({str(facts["account_id"]) for facts in who.values() if "account_id" in facts})
    events = _by(_read(folder, "events", mine & known), "lead_id")
    signals = _by(_read(folder, "signals", ds.field("account_id").isin(accounts) & known), "account_id")
    answers = _read(folder, "answers", mine & known)
    said: dict[str, dict[str, str]] = {}
    for row in answers.sort_by([("known_at", "ascending")]).to_pylist() if answers.num_rows else ():
        said.setdefault(row["lead_id"], {})[row["criterion"]] = row["answer"]
    tracked, nothing = _criteria(folder), pd.DataFrame()
    return {
        lead_id: History(
            who=facts,
            timeline=_timeline(
                [events.get(lead_id, nothing), signals.get(str(facts.get("account_id")), nothing)], zone
            ),
            said=said.get(lead_id, {}),
            tracked=tracked,
        )
        for lead_id, facts in who.items()
    }


def history(workspace: Workspace, run_: ScoreRun, lead_id: str, cutoff: int, zone: ZoneInfo) -> History | None:
    """Read the history of one lead, see `histories`."""
    found = histories(workspace, run_, [lead_id], cutoff, zone)
    return None if found is None else found[lead_id]


def _by(table: pa.Table, key: str) -> dict[str, pd.DataFrame]:
    """Rows of each lead or account."""
    if not table.num_rows:
        return {}
    frame = table.select([key, "occurred_at", "type"]).to_pandas()
    return {str(name): rows for name, rows in frame.groupby(key)}


def _read(folder: Path, table: str, rows: Any) -> pa.Table:
    """Some rows of a staged table; an absent table has none."""
    path = folder / f"{table}.parquet"
    return ds.dataset(path).to_table(filter=rows) if path.is_file() else pa.table({})


def _criteria(folder: Path) -> tuple[str, ...]:
    path = folder / "answers.parquet"
    if not path.is_file():
        return ()
    found = ds.dataset(path).to_table(columns=["criterion"]).column("criterion").unique().to_pylist()
    return tuple(sorted(name for name in found if name))


def _timeline(happened: list[pd.DataFrame], zone: ZoneInfo) -> tuple[Line, ...]:
    """One line for each day and type, the newest first."""
    lines = []
    for source, frame in zip(("events", "signals"), happened, strict=True):
        if len(frame):
            days = pd.to_datetime(frame["occurred_at"], unit="s", utc=True).dt.tz_convert(zone).dt.date
            for (_, type_), at in frame["occurred_at"].groupby([days, frame["type"]]):
                lines.append(Line(int(at.max()), source, str(type_), len(at)))  # type: ignore[arg-type]  # of the two
    return tuple(sorted(lines, key=lambda line: (-line.at, line.type))[:MOST_LINES])
