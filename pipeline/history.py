"""Who a lead is and what it did, read from the tables that a score run was made of.

This is shown to the people who work on the lead; names stay in the workspace and enter no feature, model or log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
        Of `WHO`, what is known, and ``company``, the name of the account.
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


def history(workspace: Workspace, run_: ScoreRun, lead_id: str, cutoff: int, zone: ZoneInfo) -> History | None:
    """Read the history of a lead as it was known at the cutoff.

    Parameters
    ----------
    workspace : Workspace
        Keeps the tables of the last runs.
    run_ : ScoreRun
        Which tables.
    lead_id : str
        Which lead.
    cutoff : int
        UTC seconds: what became known then or later is not there.
    zone : zoneinfo.ZoneInfo
        In which days are counted.

    Returns
    -------
    History, optional
        None where the tables of that run are no longer kept.
    """
    folder = workspace.staging / run_.manifest["source"]
    if not (folder / "leads.parquet").is_file():
        return None
    leads = _read(folder, "leads", ds.field("lead_id") == lead_id, WHO).to_pylist()
    who = {name: leads[0][name] for name in WHO if leads and leads[0].get(name) is not None}
    known = ds.field("known_at") < cutoff
    what = ("occurred_at", "type")
    happened = [_read(folder, "events", (ds.field("lead_id") == lead_id) & known, what)]
    if "account_id" in who:
        of_account = ds.field("account_id") == who["account_id"]
        happened.append(_read(folder, "signals", of_account & known, what))
        names = [row["name"] for row in _read(folder, "accounts", of_account, ("name",)).to_pylist() if row.get("name")]
        if names:
            who["company"] = names[0]
    answers = _read(folder, "answers", (ds.field("lead_id") == lead_id) & known)
    last = answers.sort_by([("known_at", "ascending")]).to_pylist() if answers.num_rows else []
    return History(
        who=who,
        timeline=_timeline(happened, zone),
        said={row["criterion"]: row["answer"] for row in last},
        tracked=_criteria(folder),
    )


def _read(folder: Path, table: str, rows: Any, columns: Sequence[str] | None = None) -> pa.Table:
    """Some rows of a staged table, of those columns that it has; an absent table has none."""
    path = folder / f"{table}.parquet"
    if not path.is_file():
        return pa.table({})
    dataset = ds.dataset(path)
    there = [name for name in columns or dataset.schema.names if name in dataset.schema.names]
    return dataset.to_table(columns=there, filter=rows)


@lru_cache(maxsize=2)
def _criteria(folder: Path) -> tuple[str, ...]:
    path = folder / "answers.parquet"
    if not path.is_file():
        return ()
    found = ds.dataset(path).to_table(columns=["criterion"]).column("criterion").unique().to_pylist()
    return tuple(sorted(name for name in found if name))


def _timeline(happened: list[pa.Table], zone: ZoneInfo) -> tuple[Line, ...]:
    """One line for each day and type, the newest first."""
    lines = []
    for source, table in zip(("events", "signals"), happened, strict=False):
        if table.num_rows:
            frame = table.select(["occurred_at", "type"]).to_pandas()
            days = pd.to_datetime(frame["occurred_at"], unit="s", utc=True).dt.tz_convert(zone).dt.date
            for (_, type_), at in frame["occurred_at"].groupby([days, frame["type"]]):
                lines.append(Line(int(at.max()), source, str(type_), len(at)))  # type: ignore[arg-type]  # of the two
    return tuple(sorted(lines, key=lambda line: (-line.at, line.type))[:MOST_LINES])
