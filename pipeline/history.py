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

import pyarrow.dataset as ds
import pyarrow.parquet as pq

from pipeline.lookup import rows_of
from pipeline.score_runs import ScoreRun
from pipeline.workspace import Workspace

WHO = ("display_name", "job_title", "account_id", "source", "owner", "created_at", "opted_out")
HAPPENED = ("occurred_at", "known_at", "type")
MOST_LINES = 12
NAMED = ("account_id", "name")
Source = Literal["events", "signals"]
Row = dict[str, Any]


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


def histories(
    workspace: Workspace,
    run_: ScoreRun,
    lead_ids: Sequence[str],
    cutoff: int,
    zone: ZoneInfo,
    who: Mapping[str, Mapping[str, Any]] | None = None,
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
    who : mapping of str to mapping, optional
        ``History.who`` of these leads, where that is at hand.

    Returns
    -------
    dict of str to History, optional
        None where the tables of that run are no longer kept.
    """
    folder = workspace.staging / run_.manifest["source"]
    if not (folder / "leads.parquet").is_file():
        return None
    who = _who(folder, lead_ids) if who is None else who
    accounts = sorted({str(facts["account_id"]) for facts in who.values() if "account_id" in facts})
    events = _by(_read(folder, "events", "lead_id", lead_ids, ("lead_id", *HAPPENED)), "lead_id", cutoff)
    signals = _by(_read(folder, "signals", "account_id", accounts, ("account_id", *HAPPENED)), "account_id", cutoff)
    answers = _by(_read(folder, "answers", "lead_id", lead_ids), "lead_id", cutoff)
    tracked, found = _criteria(folder), {}
    for lead_id, facts in who.items():
        account = str(facts.get("account_id"))
        happened: dict[Source, list[Row]] = {"events": events.get(lead_id, []), "signals": signals.get(account, [])}
        last = sorted(answers.get(lead_id, ()), key=lambda row: row["known_at"])
        said = {row["criterion"]: row["answer"] for row in last}
        found[lead_id] = History(facts, _timeline(happened, zone), said, tracked)
    return found


def _who(folder: Path, lead_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {lead_id: {} for lead_id in lead_ids} | {
        row["lead_id"]: {name: row[name] for name in WHO if row.get(name) is not None}
        for row in _read(folder, "leads", "lead_id", lead_ids, ("lead_id", *WHO))
    }
    accounts = sorted({str(facts["account_id"]) for facts in found.values() if "account_id" in facts})
    names = {row["account_id"]: row.get("name") for row in _read(folder, "accounts", "account_id", accounts, NAMED)}
    for facts in found.values():
        if company := names.get(str(facts.get("account_id"))):
            facts["company"] = company
    return found


def _by(rows: list[Row], key: str, cutoff: int) -> dict[str, list[Row]]:
    """Rows of each lead or account that were known before the cutoff."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["known_at"] < cutoff:
            found.setdefault(row[key], []).append(row)
    return found


def _read(folder: Path, table: str, key: str, values: Sequence[str], columns: Sequence[str] | None = None) -> list[Row]:
    """The rows of some leads or accounts in a staged table; an absent table has none."""
    path = folder / f"{table}.parquet"
    if not path.is_file() or not values:
        return []
    if len(values) == 1:
        read = rows_of(path, key, values[0], columns)
    else:
        dataset = ds.dataset(path)
        there = [name for name in columns or dataset.schema.names if name in dataset.schema.names]
        read = dataset.to_table(columns=there, filter=ds.field(key).isin(list(values)))
    found: list[Row] = read.to_pylist()
    return found


@lru_cache(maxsize=2)
def _criteria(folder: Path) -> tuple[str, ...]:
    path = folder / "answers.parquet"
    if not path.is_file():
        return ()
    found = pq.read_table(path, columns=["criterion"]).column("criterion").unique().to_pylist()
    return tuple(sorted(name for name in found if name))


def _timeline(happened: Mapping[Source, list[Row]], zone: ZoneInfo) -> tuple[Line, ...]:
    """One line for each day and type, the newest first."""
    found: dict[tuple[Source, date, str], list[int]] = {}
    for source, rows in happened.items():
        for row in rows:
            on = datetime.fromtimestamp(row["occurred_at"], zone).date()
            found.setdefault((source, on, row["type"]), []).append(row["occurred_at"])
    lines = [Line(max(at), source, type_, len(at)) for (source, _, type_), at in found.items()]
    return tuple(sorted(lines, key=lambda line: (-line.at, line.type))[:MOST_LINES])
