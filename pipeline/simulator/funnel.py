"""What sales does and learns: hand-overs, refusals, discovery answers, decisions.

Everything is emitted forward from the moves of the hidden chain: a first contact is a SAL accepted some hours
later, never a trace left before the move that caused it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.simulator.activity import NAMES, Moments, behaviour, during
from pipeline.simulator.chain import Runs
from pipeline.simulator.columns import pick
from pipeline.simulator.company import Codes, Flags, Leads
from pipeline.simulator.journeys import (
    CONTACTED,
    OPPORTUNITY,
    QUALIFIED,
    UNTOUCHED,
    WON,
    Drivers,
)
from pipeline.simulator.words import DECISION_SENIORITY, JOBS, OWNERS
from pipeline.simulator.worktime import WorkClock

REFUSALS = (
    "not_in_target",
    "too_small",
    "no_project",
    "unreachable",
    "already_customer",
    "incomplete_dossier",
)
LOST_REASONS = ("unreachable", "no_project", "timing", "no_budget", "competitor", "price", "not_in_target")
_REFUSED = np.array([0.0003, 0.0016, 0.0030, 0.0030, 0.0034])  # by work day untouched, by behaviour

BANT = ("budget", "authority", "need", "timing")
MEDDIC = ("metrics", "economic_buyer", "decision_criteria", "decision_process", "pain", "champion")
# Chance of a yes by intent: cold, watching, active, buying. Authority depends on the job instead.
_YES = {
    "budget": (0.05, 0.12, 0.38, 0.72),
    "need": (0.12, 0.30, 0.68, 0.90),
    "timing": (0.03, 0.08, 0.32, 0.78),
    "metrics": (0.08, 0.18, 0.42, 0.66),
    "economic_buyer": (0.08, 0.15, 0.35, 0.62),
    "decision_criteria": (0.08, 0.18, 0.45, 0.74),
    "decision_process": (0.06, 0.14, 0.38, 0.70),
    "pain": (0.15, 0.32, 0.62, 0.82),
    "champion": (0.06, 0.15, 0.38, 0.64),
}


@dataclass(frozen=True)
class Moves:
    """When each lead passed each stage: UTC seconds, far in the future where it did not (yet)."""

    contacted: Codes
    qualified: Codes
    proposed: Codes
    decided: Codes
    won: Flags
    last_state: Codes
    road: Codes  # to the first contact: 0 asked for a demo or a quote, 1 points grid, 2 prospecting, -1 none

    NEVER = np.iinfo(np.int64).max // 2


def moves_of(rng: np.random.Generator, runs: Runs, drivers: Drivers, clock: WorkClock, n_leads: int) -> Moves:
    """Read the stage changes off the stays.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the road of each first contact, in proportion to the rates of the three roads at that instant.
    runs : Runs
        Stays of all leads.
    drivers : Drivers
        Rates of the roads.
    clock : WorkClock
        Work days to UTC.
    n_leads : int
        Number of leads.

    Returns
    -------
    Moves
        One entry by lead.
    """
    at = clock.utc(runs.begin).astype(np.int64)
    stage = np.where(runs.live, runs.state // 4, -1)
    previous = np.append(-1, stage[:-1])
    times = {}
    for target in (CONTACTED, QUALIFIED, OPPORTUNITY):
        rows = np.flatnonzero(~runs.first & (stage == target) & (previous == target - 1))
        times[target] = np.full(n_leads, Moves.NEVER)
        times[target][runs.lead[rows]] = at[rows]
        if target == CONTACTED:
            roads = np.cumsum(np.stack(drivers.contact(runs.lead[rows], runs.state[rows] % 4), axis=1), axis=1)
            road = np.full(n_leads, -1)
            road[runs.lead[rows]] = (rng.random(len(rows))[:, None] * roads[:, -1:] >= roads[:, :2]).sum(axis=1)
    over = np.flatnonzero(~runs.live)
    decided, last_state = np.full(n_leads, Moves.NEVER), np.zeros(n_leads, dtype=np.int64)
    decided[runs.lead[over]] = at[over]
    last_state[runs.lead[over]] = runs.state[over - 1]
    won = np.zeros(n_leads, dtype=np.bool_)
    won[runs.lead[runs.state == WON]] = True
    return Moves(times[CONTACTED], times[QUALIFIED], times[OPPORTUNITY], decided, won, last_state, road)


def request_events(rng: np.random.Generator, moves: Moves, refused: Moments) -> Moments:
    """Demo and quote requests: at the contacts and refusals they caused, and with half the opportunities."""
    asked = np.flatnonzero(moves.road == 0)
    proposed = np.flatnonzero((moves.proposed < Moves.NEVER) & (rng.random(len(moves.proposed)) < 0.5))
    turned = np.flatnonzero(rng.random(len(refused)) < 0.25)
    demo, quote = NAMES.index("demo_request"), NAMES.index("quote_request")
    lead = np.concatenate([asked, proposed, refused.lead[turned]])
    at = np.concatenate([moves.contacted[asked], moves.proposed[proposed], refused.at[turned]])
    type_ = np.where(rng.random(len(lead)) < 0.72, demo, quote)
    type_[len(asked) : len(asked) + len(proposed)] = quote
    return Moments(lead, type_, at, np.full(len(lead), np.nan))


def refusals(rng: np.random.Generator, runs: Runs, leads: Leads, clock: WorkClock) -> Moments:
    """Leads that marketing handed over and sales sent back; `type` is the position of the reason."""
    untouched = np.where(runs.live & (runs.state // 4 == UNTOUCHED), 1.0, 0.0)
    stay, at = during(rng, runs, untouched * _REFUSED[behaviour(runs, leads)])
    lead = runs.lead[stay]
    function = np.array([j.function for j in JOBS])[leads.job[lead]]
    usual = np.select(
        [(function == "study") | (function == "consulting"), leads.employees[lead] < 10, leads.watcher[lead]],
        [0, 1, 2],
        3,
    )
    other = rng.integers(0, len(REFUSALS), len(lead))
    reason = np.where(rng.random(len(lead)) < 0.7, usual, other)
    return Moments(lead, reason, clock.utc(at).astype(np.int64), np.full(len(lead), np.nan))


def stages_table(rng: np.random.Generator, moves: Moves, refused: Moments, leads: Leads, used: Moments) -> pd.DataFrame:
    """MQL, PQL, SAL accepted or refused with a reason, SQL, opportunity.

    Parameters
    ----------
    rng : numpy.random.Generator
        Delays between the hand-over and the answer of sales: median 22 hours, one in five above two days.
    moves : Moves
        Stage changes.
    refused : Moments
        Refusals.
    leads : Leads
        For the salesperson.
    used : Moments
        Product use: the first long one makes a PQL.

    Returns
    -------
    pandas.DataFrame
        `lead` (position), `stage`, `entered_at` (UTC s), `decision`, `reason`, `actor`; in no special order.
    """
    n = len(leads)
    everyone = np.arange(n)
    wait = (np.exp(rng.normal(np.log(22.0), 1.0, n + len(refused))) * 3_600).astype(np.int64)
    inbound = (moves.road == 0) | (moves.road == 1)
    first_refused = np.full(n, Moves.NEVER)
    np.minimum.at(first_refused, refused.lead, refused.at)
    mql = np.minimum(np.where(inbound, moves.contacted, Moves.NEVER), first_refused)
    sal = np.minimum(moves.contacted + np.where(inbound, wait[:n], 0), np.minimum(moves.qualified, moves.decided))
    sal = np.where(moves.contacted < Moves.NEVER, sal, Moves.NEVER)
    late = np.minimum(refused.at + wait[n:], np.minimum(moves.contacted, moves.decided)[refused.lead])
    long_use = (used.type == NAMES.index("product_use")) & (used.value >= 25.0)
    pql = np.full(n, Moves.NEVER)
    np.minimum.at(pql, used.lead[long_use], used.at[long_use])
    actor = pd.Series(pick(OWNERS, leads.owner))

    def rows(lead: Codes, stage: str, at: Codes, decision: str | None = None, reason: Any = None) -> pd.DataFrame:
        by = "marketing" if stage in {"mql", "pql"} else actor.take(lead).array
        frame = pd.DataFrame({"lead": lead, "stage": stage, "entered_at": at})
        return frame.assign(decision=decision, reason=reason, actor=by)

    table = pd.concat(
        [
            rows(everyone, "mql", mql),
            rows(everyone, "pql", pql),
            rows(everyone, "sal", sal, "accepted"),
            rows(refused.lead, "sal", late, "refused", pick(REFUSALS, refused.type)),
            rows(everyone, "sql", moves.qualified, "accepted"),
            rows(everyone, "opportunity", moves.proposed),
        ],
        ignore_index=True,
    )
    table = table[table["entered_at"] < Moves.NEVER]
    return table.astype(dict.fromkeys(("stage", "decision", "reason", "actor"), "str"))


def answers_table(
    rng: np.random.Generator, moves: Moves, calls: Moments, intent_at: Codes, leads: Leads
) -> pd.DataFrame:
    """BANT answers of conversations, MEDDIC ones with larger companies from the opportunity on.

    Parameters
    ----------
    rng : numpy.random.Generator
        What was asked, what was answered, and when it was typed in (median 2 hours later).
    moves : Moves
        Stage changes.
    calls : Moments
        Calls and meetings.
    intent_at : ndarray of int, shape (len(calls),)
        Hidden intent during each of them, which the answers betray.
    leads : Leads
        Job and size.

    Returns
    -------
    pandas.DataFrame
        `lead` (position), `known_at` (UTC s), `criterion`, `answer` (yes, no, unknown).
    """
    decides = np.array([j.seniority in DECISION_SENIORITY for j in JOBS])[leads.job[calls.lead]]
    deep = (leads.employees[calls.lead] >= 50) & (calls.at >= moves.proposed[calls.lead])
    typed = calls.at + (np.exp(rng.normal(np.log(2.0), 0.9, len(calls))) * 3_600).astype(np.int64)
    parts = []
    for criterion in (*BANT, *MEDDIC):
        asked = rng.random(len(calls)) < np.where(criterion in BANT, 0.55, np.where(deep, 0.45, 0.0))
        yes = np.where(decides, 0.8, 0.22) if criterion == "authority" else np.array(_YES[criterion])[intent_at]
        answer = np.where(rng.random(len(calls)) < yes, 0, np.where(rng.random(len(calls)) < 0.6, 1, 2))
        parts.append(
            pd.DataFrame({"lead": calls.lead, "known_at": typed, "criterion": criterion, "answer": answer})[asked]
        )
    table = pd.concat(parts, ignore_index=True)
    return table.assign(answer=pick(("yes", "no", "unknown"), table["answer"].to_numpy(np.int64))).astype(
        {"criterion": "str"}
    )


def outcomes_table(rng: np.random.Generator, moves: Moves, leads: Leads) -> pd.DataFrame:
    """Won with its amount, lost with its reason.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    moves : Moves
        Decisions.
    leads : Leads
        Larger companies sign for more.

    Returns
    -------
    pandas.DataFrame
        `lead` (position), `decided_at` (UTC s), `outcome`, `amount` (euros), `lost_reason`.
    """
    n = len(leads)
    amount = np.rint(900.0 * leads.employees**0.55 * np.exp(rng.normal(0.6, 0.6, n)) / 100.0) * 100.0 + 1_200.0
    stage, intent = moves.last_state // 4, moves.last_state % 4
    late = rng.choice(4, size=n, p=[0.42, 0.26, 0.22, 0.10])  # competitor, price, no budget, timing
    late_reason = np.array([4, 5, 3, 2])[late]
    early = np.where(rng.random(n) < np.where(stage == UNTOUCHED, 0.55, 0.2), 0, np.where(intent == 0, 1, 2))
    early = np.where(leads.watcher & (rng.random(n) < 0.3), 6, early)
    early = np.where((stage > UNTOUCHED) & (rng.random(n) < 0.25), 3, early)
    reason = np.where((stage >= QUALIFIED) & (intent >= 2), late_reason, early)
    known = moves.decided < Moves.NEVER
    return pd.DataFrame(
        {
            "lead": np.arange(n),
            "decided_at": moves.decided,
            "outcome": pick(("won", "lost"), np.where(moves.won, 0, 1)),
            "amount": np.where(moves.won, amount, np.nan),
            "lost_reason": pick(LOST_REASONS, np.where(moves.won, -1, reason)),
        }
    )[known]
