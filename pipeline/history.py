"""Who a lead is and what it did, read from the tables that a score run was made of.

This is shown to the people who work on the lead; names stay in the workspace and enter no feature, model or log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from pipeline.lookup import rows_of
from pipeline.score_runs import ScoreRun
from pipeline.workspace import Workspace

WHO = ("display_name", "job_title", "account_id", "source", "owner", "created_at", "opted_out")
HAPPENED = ("occurred_at", "known_at", "type")
MOST_LINES = 12
Source = Literal["events", "signals"]


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
    source: Source
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
    leads = _read(folder, "leads", "lead_id", lead_id, ("lead_id", *WHO))
    who = {name: leads[0][name] for name in WHO if leads and leads[0].get(name) is not None}
    happened: dict[Source, list[dict[str, Any]]] = {"events": _read(folder, "events", "lead_id", lead_id, HAPPENED)}
    if "account_id" in who:
        happened["signals"] = _read(folder, "signals", "account_id", who["account_id"], HAPPENED)
        names = [row.get("name") for row in _read(folder, "accounts", "account_id", who["account_id"], ("name",))]
        if names and names[0]:
            who["company"] = names[0]
    answers = [row for row in _read(folder, "answers", "lead_id", lead_id) if row["known_at"] < cutoff]
    last = sorted(answers, key=lambda row: row["known_at"])
    return History(
        who=who,
        timeline=_timeline(happened, cutoff, zone),
        said={row["criterion"]: row["answer"] for row in last},
        tracked=_criteria(folder),
    )


def _read(folder: Path, table: str, key: str, value: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The rows of one lead or account in a staged table; an absent table has none."""
    path = folder / f"{table}.parquet"
    return rows_of(path, key, value, columns).to_pylist() if path.is_file() else []


@lru_cache(maxsize=2)
def _criteria(folder: Path) -> tuple[str, ...]:
    path = folder / "answers.parquet"
    if not path.is_file():
        return ()
    found = pq.read_table(path, columns=["criterion"]).column("criterion").unique().to_pylist()
    return tuple(sorted(name for name in found if name))


def _timeline(happened: Mapping[Source, list[dict[str, Any]]], cutoff: int, zone: ZoneInfo) -> tuple[Line, ...]:
    """One line for each day and type, the newest first."""
    found: dict[tuple[Source, date, str], list[int]] = {}
    for source, rows in happened.items():
        for row in rows:
            if row["known_at"] < cutoff:
                on = datetime.fromtimestamp(row["occurred_at"], zone).date()
                found.setdefault((source, on, row["type"]), []).append(row["occurred_at"])
    lines = [Line(max(at), source, type_, len(at)) for (source, _, type_), at in found.items()]
    return tuple(sorted(lines, key=lambda line: (-line.at, line.type))[:MOST_LINES])
