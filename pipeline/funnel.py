"""``tamis funnel``: what becomes of leads by cohort, channel and segment, where they wait, what they cost and bring."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import UseError
from features.snapshots import KEYS
from models.calendar import HOUR_S
from models.funnel import FIRST_CALL_STEPS, STEPS, WHOLE, Step, group_steps, second_looks
from models.incidence import incidence
from models.lateness import cost_of_being_late, in_time
from models.lead_model import LeadModel
from pipeline.console import Console
from pipeline.describe import describe_rows
from pipeline.destination import check_destination
from pipeline.explain import chosen_language
from pipeline.funnel_facts import FunnelFacts, read_funnel
from pipeline.funnel_views import funnel_views
from pipeline.office import work_calendar
from pipeline.opening import open_tables
from pipeline.policy_facts import policy_version
from pipeline.report.funnel import render, write_csv
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.source import Opened
from pipeline.tracking import CHAMPION, Registry
from pipeline.workspace import Workspace, ensure_writable, write_text

DAY_S = 86_400
MOST_DAYS = 3_650
MONTHS_OF_QUARTERS = 12
STRATA = 5
FEWEST = 30
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Request:
    """What to show.

    Attributes
    ----------
    within_days : int, optional
        Delay in which a step must be passed; by default twice the horizon of the settings.
    language : str, optional
        en or fr.
    html, csv : pathlib.Path, optional
        File of the report; folder of its tables.
    """

    within_days: int | None = None
    language: str | None = None
    html: Path | None = None
    csv: Path | None = None


def run(root: Path, request: Request, *, now: int, console: Console) -> None:
    """Compute the funnel and show it.

    Raises
    ------
    UseError, DataError, OutsideError
        The tables cannot be used, or a file cannot be written.
    """
    settings, workspace = load(root), Workspace(root)
    language = chosen_language(request.language, settings)
    if request.html is not None:
        check_destination("--html", request.html, workspace, settings, endings=(".html",))
    if request.csv is not None:
        check_destination("--csv", request.csv, workspace, settings)
    result = funnel(workspace, settings, request.within_days, now=now, console=console)
    if request.html is not None:
        write_text(request.html, render(result, language, settings))
    if request.csv is not None:
        write_csv(result, request.csv, language)
    shown = {name: str(path) if path else None for name, path in (("html", request.html), ("csv", request.csv))}
    console.show({**result, **shown}, *funnel_views(result, language, settings))


def funnel(
    workspace: Workspace, settings: Settings, within_days: int | None, *, now: int, console: Console
) -> dict[str, Any]:
    """Compute the funnel of a workspace.

    Parameters
    ----------
    within_days : int, optional
        Delay in which a step must be passed.
    now : int
        UTC seconds of the clock.

    Returns
    -------
    dict
        Plain data: ``within_days``, ``end``, ``policy``, ``n_leads``, ``steps`` (`models.funnel.Step`), ``refusals``,
        ``contact``, ``lateness``, ``channels``, ``looks``, ``grids``.

    Raises
    ------
    UseError
        A delay below a day; leads without dates.
    """
    within = 2 * settings.snapshots.horizon_days if within_days is None else within_days
    if not 1 <= within <= MOST_DAYS:
        raise UseError(f"--within: expected a number of days from 1 to {MOST_DAYS:,}, found {within}.")
    ensure_writable(workspace)
    with workspace.scratch() as scratch:
        with console.step("Reading the tables"):
            opened = open_tables(workspace, settings, now=now)
        with closing(opened):
            with console.step("Following every lead"):
                facts = read_funnel(workspace, opened, settings, scratch)
            with console.step("Contact in time"):
                contact, lateness = _contact(workspace, opened, settings, facts, within, scratch)
    with console.step("Shares, delays, costs"):
        steps = _steps(facts, within)
        channels = _channels(facts, steps, settings)
    return {
        "within_days": within,
        "end": facts.end,
        "policy": policy_version(settings.policy),
        "n_leads": len(facts.leads),
        "steps": [one.to_dict() for one in steps],
        "refusals": _refusals(facts),
        "contact": contact,
        "lateness": lateness,
        "channels": channels,
        "looks": _looks(facts, within),
        "grids": _grids(workspace, settings),
    }


def _steps(facts: FunnelFacts, within: float) -> list[Step]:
    leads = facts.leads
    created = pd.to_datetime(leads["created_at"], unit="s")
    long = (created.max() - created.min()).days > 30 * MONTHS_OF_QUARTERS if len(leads) else False
    cohort = created.dt.to_period("Q" if long else "M").astype(str)
    found = []
    for group, names in (
        ("all", pd.Series("all", index=leads.index)),
        ("cohort", cohort),
        ("channel", leads["channel"]),
        ("segment", leads["segment"]),
    ):
        for name in sorted(names.unique()):
            here = (names == name).to_numpy()
            # A mixed group passes through scoring where its leads do: those of the first call are no MQL and none less.
            scored = here & ~leads["first_call"].to_numpy()
            steps = STEPS if scored.any() else FIRST_CALL_STEPS
            for one in (*steps, *WHOLE):
                who = scored if "mql" in one else here
                found += group_steps(group, str(name), facts.times[who], facts.lost[who], facts.end, within, [one])
    return found


def _refusals(facts: FunnelFacts) -> list[dict[str, Any]]:
    counted = facts.refusals.groupby(["channel", "reason"]).size().reset_index(name="n")
    return [{str(name): value for name, value in row.items()} for row in counted.to_dict("records")]


def _contact(
    workspace: Workspace,
    opened: Opened,
    settings: Settings,
    facts: FunnelFacts,
    within: float,
    scratch: Path,
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Who of the MQLs was contacted in time, by channel, and what being late goes with."""
    passed, answered = facts.leads["passed_at"].to_numpy(), facts.leads["answered_at"].to_numpy()
    # Whom sales had before marketing passed it on says nothing of the delay.
    rows = np.flatnonzero((passed < facts.end) & ~(answered < passed))
    if not len(rows):
        return [], None
    start, answered = passed[rows], answered[rows]
    calendar = work_calendar(settings, int(start.min()), facts.end)
    due = calendar.after(start, settings.policy.contact_within_hours * HOUR_S)
    found = in_time(due, answered, facts.end)
    hours = calendar.between(start, answered) / HOUR_S
    channel = facts.leads["channel"].to_numpy()[rows]
    told = []
    for name in ("all", *sorted(set(channel))):
        here = np.ones(len(rows), dtype=bool) if name == "all" else channel == name
        part = type(found)(found.in_time[here], found.late[here])
        waited = incidence(
            np.where(np.isnan(hours), calendar.between(start, facts.end) / HOUR_S, np.maximum(hours, 0.0))[here],
            ~np.isnan(hours[here]),
            np.zeros(int(here.sum()), dtype=bool),
        ).delay(np.inf)
        told.append({"channel": name, **part.to_dict(), "hours": waited.median, "n_answered": waited.n})
    judged = (found.in_time | found.late) & (start + within * DAY_S <= facts.end)
    if judged.sum() < FEWEST:
        return told, None
    rows, start, late = rows[judged], start[judged], found.late[judged]
    propensity = _propensity(workspace, opened, settings, facts.leads["lead_id"].to_numpy()[rows], start, scratch)
    if propensity is None:
        return told, None
    stratum = pd.qcut(pd.Series(propensity).rank(method="first"), STRATA, labels=False).to_numpy(dtype=np.int64)
    reached = facts.times["opportunity"].to_numpy()[rows] < start + within * DAY_S
    return told, cost_of_being_late(reached, late, stratum)


def _propensity(
    workspace: Workspace, opened: Opened, settings: Settings, lead_ids: Any, at: Floats, scratch: Path
) -> Floats | None:
    """What the champion says of leads at their passage, from what was known then; None without a champion."""
    registry = Registry(workspace, settings.registry)
    if registry.find(CHAMPION) is None:
        return None
    model = LeadModel.load(registry.load(CHAMPION)[1])
    keys = pd.DataFrame({"lead_id": lead_ids, "cutoff": at.astype(np.int64)})
    order = keys.sort_values(KEYS).index
    frame = describe_rows(opened, keys.loc[order].reset_index(drop=True), model.inputs, scratch)
    found = np.empty(len(keys))
    found[order] = model.propensity(frame, settings.limits.threads)
    return found


def _channels(facts: FunnelFacts, steps: list[Step], settings: Settings) -> list[dict[str, Any]]:
    """Cost of a lead, an SQL, an opportunity and a deal, and what a unit of money brings back, by channel."""
    share = {(one.name, one.target): one.share for one in steps if one.group == "channel" and one.source == "lead"}
    share |= {("all", one.target): one.share for one in steps if one.group == "all" and one.source == "lead"}
    amount, channel = facts.leads["amount"], facts.leads["channel"]
    told = []
    for name in ("all", *sorted(channel.unique())):
        here = np.ones(len(channel), dtype=bool) if name == "all" else (channel == name).to_numpy()
        n = int(here.sum())
        cost = sum(facts.costs.values()) if name == "all" else facts.costs.get(name)
        cost = cost or None
        expected = {
            target: None if (known := share.get((name, target))) is None else n * known
            for target in ("sql", "opportunity", "won")
        }
        mean = amount[here].mean() if amount[here].notna().any() else amount.mean()
        rate = settings.threshold.margin_rate
        worth = settings.threshold.win_value if not rate or pd.isna(mean) else rate * float(mean)
        gain = None if expected["won"] is None else expected["won"] * worth
        told.append(
            {
                "channel": name,
                "n": n,
                "cost": cost,
                "cost_per_lead": None if cost is None else cost / n,
                **{f"cost_per_{target}": _ratio(cost, number) for target, number in expected.items()},
                "revenue": float(amount[here].sum()),
                "margin": gain,
                "return": None if cost is None or gain is None else (gain - cost) / cost,
            }
        )
    return told


def _ratio(cost: float | None, number: float | None) -> float | None:
    return None if cost is None or not number else cost / number


def _looks(facts: FunnelFacts, within: float) -> list[dict[str, Any]]:
    times, channel = facts.times, facts.leads["channel"]
    wait = within * DAY_S
    refused = np.isnan(times["sal"]) & ~np.isnan(facts.leads["answered_at"])
    mature = {
        "sql": (times["sql"] + wait <= facts.end).to_numpy(),
        "handed": (refused | times["sal"].notna()).to_numpy(),
    }
    passed = {
        "sql": (times["opportunity"] < times["sql"] + wait).to_numpy(),
        "handed": times["sal"].notna().to_numpy(),
    }
    return second_looks(channel, mature, passed)


def _grids(workspace: Workspace, settings: Settings) -> list[Mapping[str, Any]]:
    """The champion beside the points grids at equal volume, as its evidence has it; empty without a champion."""
    registry = Registry(workspace, settings.registry)
    champion = registry.find(CHAMPION)
    if champion is None:
        return []
    evidence = json.loads(registry.artifact(champion, "evidence.json"))
    grids = [grid for grid in evidence.get("points_grids", ()) if grid["swap_set"]]
    return [grid for grid in grids if grid["swap_set"]["n_selected"]]
