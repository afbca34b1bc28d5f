"""What the funnel is computed from: every lead with the instants of its stages, from the CRM and from Tamis."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import UseError
from features.snapshots import decisions
from models.funnel import orderly
from models.policy import TextTest
from models.sales_moves import STARTED, answered_at, sales_standing
from models.segments import ALL, assign, resolve
from pipeline.describe import collect, declared_features, describe_rows
from pipeline.handovers import in_force
from pipeline.overrides import said_by_people
from pipeline.policy_facts import OTHER, all_answers, reason_code, sales_moves
from pipeline.score_runs import published
from pipeline.segment_settings import filters
from pipeline.settings import Settings
from pipeline.source import Opened
from pipeline.workspace import Workspace

Floats = npt.NDArray[np.float64]
UNKNOWN = "unknown"
NO_REASON = "no_reason"
c = nw.col


@dataclass(frozen=True)
class FunnelFacts:
    """Every lead of the company, one row each in every part.

    Attributes
    ----------
    leads : pandas.DataFrame of n rows
        ``lead_id``, ``created_at`` (UTC seconds), ``channel``, ``segment``, ``first_call`` (bool), ``passed_at`` (when
        marketing handed it over as MQL or PQL, NaN), ``answered_at`` (when sales first said anything of it, NaN),
        ``amount`` (of a won deal, NaN).
    times : pandas.DataFrame of n rows
        From `models.funnel.orderly`.
    lost : ndarray of shape (n,)
        When it was lost, or refused for as long as that stands; NaN.
    refusals : pandas.DataFrame
        One row per refusal: ``channel``, ``reason`` (as the CRM has it; rare ones are ``other``).
    costs : mapping of str to float
        By channel, over the time in which these leads came.
    end : int
        UTC seconds: nothing later is known.
    """

    leads: pd.DataFrame
    times: pd.DataFrame
    lost: Floats
    refusals: pd.DataFrame
    costs: Mapping[str, float]
    end: int


def read_funnel(workspace: Workspace, opened: Opened, settings: Settings, scratch: Path) -> FunnelFacts:
    """Read the stages of all leads.

    Raises
    ------
    UseError
        Leads have no date of creation.
    """
    end = opened.tables.extracted_at + 1
    leads = _leads(opened, settings, end, scratch)
    people = said_by_people(workspace, reviewed_before=end, ordered_before=end)
    moves = sales_moves(opened, end, people)
    index = pd.Index(leads["lead_id"])

    def first(rows: pd.DataFrame) -> Floats:
        return np.asarray(rows.groupby("lead_id")["at"].min().reindex(index), dtype=np.float64)

    accepted = moves[~moves["refused"]]
    times = pd.DataFrame({"lead": leads["created_at"].to_numpy(dtype=np.float64)})
    times["mql"] = np.fmin(first(_marketing(opened, end)), first(_passages(workspace, end)))
    passed = np.where(leads["first_call"], np.nan, times["mql"])
    for stage in STARTED:
        times[stage] = first(accepted[accepted["stage"] == stage])
    times["sql"] = np.fmin(times["sql"], _answered(opened, settings, leads, end))
    ended = _outcomes(opened, index, end)
    times["won"] = ended["won_at"].to_numpy()
    times = orderly(times, leads["first_call"].to_numpy())
    refused_at = sales_standing(moves)["refused_at"].reindex(index).to_numpy(dtype=np.float64)
    lost = np.where(np.isnan(times["won"]), ended["decided_at"], np.nan)
    lost = np.fmin(lost, np.where(np.isnan(times["sal"]), refused_at, np.nan))
    channel = leads.set_index("lead_id")["channel"]
    leads = leads.assign(passed_at=passed, answered_at=first(moves), amount=ended["amount"].to_numpy())
    return FunnelFacts(leads, times, lost, _refusals(moves, channel), _costs(opened, leads, end), end)


def _leads(opened: Opened, settings: Settings, end: int, scratch: Path) -> pd.DataFrame:
    frame = opened.tables.frames["leads"]
    there = frame.collect_schema().names()
    if "created_at" not in there or opened.tables.one_table:
        raise UseError(
            "funnel: expected leads with created_at and tables of stages and outcomes, found leads without dates or "
            "one table alone. Name the tables in [source.tables], then try again."
        )
    rows = frame.filter(~c("created_at").is_null() & (c("created_at") < end))
    leads = collect(rows.select("lead_id", "created_at", channel=c("source"), direction=c("direction")))
    leads = leads.sort_values("lead_id", ignore_index=True)
    leads["channel"] = leads["channel"].fillna(UNKNOWN)
    called = TextTest(equals=settings.policy.first_call) if settings.policy.first_call else None
    directions = {text: called is not None and called.holds(text) for text in leads["direction"].dropna().unique()}
    leads["first_call"] = leads["direction"].map(directions).fillna(False).astype(bool)
    leads["segment"] = _segments(opened, settings, leads, end, scratch)
    return leads


def _segments(opened: Opened, settings: Settings, leads: pd.DataFrame, end: int, scratch: Path) -> Any:
    """As the settings have them, on what is known today; without any, inbound and outbound."""
    if not settings.segments:
        return leads["direction"].fillna(ALL).to_numpy()
    segments = resolve(filters(settings.segments), declared_features(opened, settings))
    wanted = {one.feature.name: one.feature for segment in segments for one in segment.conditions}
    keys = leads[["lead_id"]].assign(cutoff=end)
    return assign(segments, describe_rows(opened, keys, list(wanted.values()), scratch))


def _marketing(opened: Opened, end: int) -> pd.DataFrame:
    """When the CRM had each lead as MQL or PQL."""
    stages = opened.tables.frames.get("stages")
    if stages is None:
        return pd.DataFrame({"lead_id": [], "at": []})
    named = c("stage").str.strip_chars().str.to_lowercase().is_in(["mql", "pql"])
    return collect(stages.filter(named & (c("entered_at") < end)).select("lead_id", at=c("entered_at")))


def _passages(workspace: Workspace, end: int) -> pd.DataFrame:
    """When Tamis handed each lead over as MQL or PQL."""
    parts = [pa.table({"lead_id": pa.array([], pa.string()), "at": pa.array([], pa.int64())})]
    for run_ in in_force(published(workspace)):
        at = int(run_.manifest["scored_at"])
        if at < end:
            rows = run_.rows(["lead_id", "qualification"])
            passed = rows.filter(pc.is_in(rows.column("qualification"), pa.array(["mql", "pql"])))
            parts.append(pa.table({"lead_id": passed.column("lead_id"), "at": pa.array(np.full(len(passed), at))}))
    found: pd.DataFrame = pa.concat_tables(parts).to_pandas()
    return found


def _answered(opened: Opened, settings: Settings, leads: pd.DataFrame, end: int) -> Floats:
    """When the answers of each lead met the criteria of an SQL, those of its segment where they are others."""
    policy, index = settings.policy, pd.Index(leads["lead_id"])
    sql_of = {ALL: policy.sql, **policy.segments}
    answers = all_answers(opened, end, {name for sql in sql_of.values() for name in sql.names})
    found = np.full(len(leads), np.nan)
    for segment, sql in sql_of.items():
        usual = segment == ALL
        here = ~leads["segment"].isin(policy.segments) if usual else leads["segment"] == segment
        met = answered_at(answers, sql.names, sql.least, clear=sql.answer == "clear")
        found = np.where(here, met.reindex(index).to_numpy(dtype=np.float64), found)
    return found


def _outcomes(opened: Opened, index: "pd.Index[str]", end: int) -> pd.DataFrame:
    if "outcomes" not in opened.tables.frames:
        return pd.DataFrame(np.nan, index=index, columns=["decided_at", "won_at", "amount"])
    ended = collect(decisions(opened.tables)).set_index("lead_id").reindex(index).astype("float64")
    outcomes = opened.tables.frames["outcomes"]
    won = collect(outcomes.filter(c("outcome") == "won").group_by("lead_id").agg(c("amount").max()))
    ended["amount"] = won.set_index("lead_id")["amount"].reindex(index).astype("float64")
    ended[~(ended["decided_at"] < end)] = np.nan
    return ended


def _refusals(moves: pd.DataFrame, channel: "pd.Series[str]", most: int = 12) -> pd.DataFrame:
    refused = moves[moves["refused"]]
    reason = refused["reason"].astype("object")
    written = reason.where(reason.notna() & (reason.astype(str).str.strip() != ""), NO_REASON)
    # What people type freely has many forms and may name somebody: only words that many chose are shown.
    counts = written.value_counts()
    usual = {text for text in counts.index[:most] if counts[text] >= 5 or text == NO_REASON}
    code = written.map({text: text if text in usual else reason_code(text) for text in counts.index})
    named = refused["lead_id"].map(channel)
    return pd.DataFrame({"channel": named.fillna(UNKNOWN), "reason": code.fillna(OTHER)}).reset_index(drop=True)


def _costs(opened: Opened, leads: pd.DataFrame, end: int) -> dict[str, float]:
    frame = opened.tables.frames.get("costs")
    if frame is None or leads.empty:
        return {}
    first = pd.Timestamp(int(leads["created_at"].min()), unit="s").to_period("M").start_time.timestamp()
    rows = collect(frame.filter((c("month") >= int(first)) & (c("month") < end)))
    return {str(name): float(cost) for name, cost in rows.groupby("source")["cost"].sum().items()}
