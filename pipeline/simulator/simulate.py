"""Simulate a B2B company: the nine canonical tables, and apart from them the truth.

Rooms: `company` who they are -> `journeys`, `chain` the hidden course -> `activity`, `funnel` what can be seen
of it -> `crm` and here the tables. Each room draws from its own generator.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.simulator.activity import (
    NAMES,
    Moments,
    known_at,
    make_activity,
    make_signals,
    origin_events,
    respect_opt_outs,
    together,
)
from pipeline.simulator.chain import Runs, walk
from pipeline.simulator.columns import identifiers
from pipeline.simulator.company import Accounts, Codes, Leads, make_accounts, make_leads
from pipeline.simulator.crm import (
    account_ids,
    accounts_table,
    costs_table,
    emails,
    events_table,
    leads_and_changes,
    signals_table,
)
from pipeline.simulator.funnel import (
    Moves,
    answers_table,
    moves_of,
    outcomes_table,
    refusals,
    request_events,
    stages_table,
)
from pipeline.simulator.journeys import Drivers, first_intent, make_drivers
from pipeline.simulator.plan import SimulationPlan
from pipeline.simulator.truth import Truth
from pipeline.simulator.worktime import WorkClock, quarter_starts, work_clock


@dataclass(frozen=True)
class Simulation:
    """A simulated company.

    Attributes
    ----------
    tables : dict of str to pandas.DataFrame
        The nine canonical tables; times are int64 UTC seconds, all before the end of the plan.
    truth : Truth
        What the pipeline must never see.
    plan : SimulationPlan
        What was asked for.
    """

    tables: dict[str, pd.DataFrame]
    truth: Truth
    plan: SimulationPlan


def simulate(plan: SimulationPlan) -> Simulation:
    """Simulate a company; the same plan gives the same tables to the bit.

    Parameters
    ----------
    plan : SimulationPlan
        Size, period and seed.

    Returns
    -------
    Simulation
        Clean tables: every reference exists, ``occurred_at <= known_at``, nothing at or after the end.

    Examples
    --------
    >>> company = simulate(SimulationPlan(n_leads=200, seed=1))
    >>> sorted(company.tables)
    ['accounts', 'answers', 'changes', 'costs', 'events', 'leads', 'outcomes', 'signals', 'stages']
    >>> company.tables["leads"]["lead_id"].iloc[0], len(company.tables["leads"])
    ('L0000001', 200)
    """
    rng = plan.generators("accounts", "leads", "journeys", "activity", "signals", "funnel", "crm")
    clock = work_clock(plan)
    quarters = clock.days_at(quarter_starts(plan))
    accounts = make_accounts(rng["accounts"], max(20, int(0.55 * plan.n_leads)))
    leads = make_leads(rng["leads"], plan, clock, accounts)
    drivers = make_drivers(rng["journeys"], leads, accounts, plan.slowness)
    everyone = np.arange(len(leads))
    runs = walk(
        rng["journeys"],
        drivers,
        everyone,
        first_intent(rng["journeys"], leads),
        clock.days_at(leads.created_at),
        np.broadcast_to(clock.days_at(plan.end), len(leads)),
        quarters,
    )
    ids = pd.Index(identifiers("L", everyone + 1, 7), dtype="str")
    tables = _tables(rng, plan, clock, accounts, leads, drivers, runs, ids)
    entered = np.maximum(clock.utc(runs.begin).astype(np.int64), leads.created_at[runs.lead])
    truth = Truth(ids, leads.created_at, runs, entered, drivers, clock, quarters, plan.end, plan.horizon_days)
    return Simulation(tables, truth, plan)


def _tables(
    rng: dict[str, np.random.Generator],
    plan: SimulationPlan,
    clock: WorkClock,
    accounts: Accounts,
    leads: Leads,
    drivers: Drivers,
    runs: Runs,
    ids: pd.Index,
) -> dict[str, pd.DataFrame]:
    """What can be seen, in canonical columns."""
    funnel = rng["funnel"]
    moves = moves_of(funnel, runs, drivers, clock, len(leads))
    refused = refusals(funnel, runs, leads, clock)
    acts = together([origin_events(leads), request_events(funnel, moves, refused)])
    seen = make_activity(rng["activity"], runs, leads, clock, plan.events_per_lead * plan.n_leads - len(acts))
    discovery, intent = _conversations(seen, moves, runs, clock)
    events = together([seen, acts])
    events = events.only((events.at >= leads.created_at[events.lead]) & (events.at < moves.decided[events.lead]))
    events, opted_out = respect_opt_outs(events, len(leads))
    signals, heard = make_signals(rng["signals"], runs, leads, clock)
    stages = stages_table(funnel, moves, refused, leads, events)
    answers = answers_table(funnel, moves, discovery, intent, leads)
    outcomes = outcomes_table(funnel, moves, leads)
    lead_rows, changes = leads_and_changes(rng["crm"], plan, leads, moves, ids)
    lead_rows["email"] = emails(leads, accounts)
    lead_rows["opted_out"] = opted_out.astype(np.int64)
    tables = {
        "leads": lead_rows,
        "accounts": accounts_table(rng["crm"], accounts),
        "events": events_table(rng["crm"], events, known_at(rng["crm"], events), ids, plan.end),
        "signals": signals_table(signals, heard, account_ids(leads.account[signals.lead])),
        "outcomes": _named(outcomes, ids, "decided_at"),
        "stages": _named(stages, ids, "entered_at"),
        "answers": _named(answers, ids, "known_at"),
        "changes": changes,
        "costs": costs_table(rng["crm"], plan, leads),
    }
    return {name: _before(table, plan.end) for name, table in tables.items()}


def _conversations(seen: Moments, moves: Moves, runs: Runs, clock: WorkClock) -> tuple[Moments, Codes]:
    """Calls, meetings, and the discovery call that qualified a lead, with the intent at that time."""
    talked = seen.only((seen.type == NAMES.index("call")) | (seen.type == NAMES.index("meeting")))
    talked = talked.only(talked.at < moves.decided[talked.lead])
    lead = np.flatnonzero(moves.qualified < Moves.NEVER)
    qualified = Moments(lead, np.zeros(len(lead), dtype=np.int64), moves.qualified[lead], np.full(len(lead), np.nan))
    calls = together([talked, qualified])
    at = clock.utc(runs.begin).astype(np.int64)
    origin = at.min()
    span = at.max() - origin + 2
    stay = np.searchsorted(runs.lead * span + (at - origin), calls.lead * span + (calls.at - origin), side="right") - 1
    return calls, runs.state[stay] % 4


def _named(table: pd.DataFrame, ids: pd.Index, by: str) -> pd.DataFrame:
    """Lead ids instead of positions, ordered by time."""
    ordered = table.sort_values([by, "lead"], kind="stable", ignore_index=True)
    ordered.insert(0, "lead_id", ids.array.take(ordered.pop("lead").to_numpy()))
    return ordered


def _before(table: pd.DataFrame, end: int) -> pd.DataFrame:
    """Rows whose every time is before the end."""
    times = [name for name in ("occurred_at", "known_at", "entered_at", "decided_at", "month") if name in table]
    keep = (table[times] < end).all(axis=1)
    return table if keep.all() else table[keep].reset_index(drop=True)
