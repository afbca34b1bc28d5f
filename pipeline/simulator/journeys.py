"""The hidden journey of a lead: the states of a continuous-time Markov chain and the rates of its moves.

State = stage x intent. Intent: cold, watching, active, buying. Stage: untouched, contacted (SAL), qualified
(SQL), opportunity. From each state a lead can warm up, cool down, advance one stage, or be lost; from the
opportunity stage advancing is winning, so only contacted leads can be won. Won and lost are absorbing; a lead
that stays cold is never decided. Rates are by work day (see `worktime`) and constant within a calendar quarter,
between which they drift.

Whatever the pipeline may see (events, stages, answers, signals) is emitted from the present state and its past,
so given the present state the tables add nothing: `chain.win_probability` is the best possible prediction.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipeline.simulator.company import Accounts, Codes, Leads, Numbers, effect
from pipeline.simulator.words import CHANNELS

COLD, WATCHING, ACTIVE, BUYING = range(4)
UNTOUCHED, CONTACTED, QUALIFIED, OPPORTUNITY = range(4)
N_STATES = 16  # stage * 4 + intent
WON, LOST = 16, 17
UP, DOWN, ADVANCE, LOSE = range(4)

# Rates by work day of a small company; rows: with a project, keeping watch; columns: the intents in order.
_UP = np.array([[1 / 85, 1 / 45, 1 / 35, 0], [1 / 30, 1 / 350, 1 / 100, 0]])
_DOWN = np.array([[0, 1 / 45, 1 / 30, 1 / 35], [0, 1 / 150, 1 / 25, 1 / 25]])
_ASK = np.array([[0.0006, 0.0030, 0.016, 0.036], [0.0001, 0.0014, 0.008, 0.015]])  # asks for a demo or a quote
_POINTS = np.array([[0.0002, 0.003, 0.009, 0.014], [0.0002, 0.005, 0.009, 0.014]])  # above 60 points, so called
_QUALIFY = np.array([0.0020, 0.010, 0.034, 0.055])
_PROPOSE = np.array([0.0010, 0.006, 0.026, 0.050])
_WIN = np.array([0.0003, 0.0020, 0.009, 0.026])
_LOSE = np.array(
    [
        [0.0014, 0.0011, 0.0009, 0.0009],  # untouched: purged as unreachable, or without a project
        [0.0160, 0.0120, 0.0090, 0.0080],  # contacted
        [0.0180, 0.0140, 0.0110, 0.0100],  # qualified
        [0.0320, 0.0280, 0.0250, 0.0230],  # opportunity: a competitor, the price
    ]
)
_PACE = np.array([1.0, 0.62, 0.28])  # small, medium, large: weeks to 18 months
# Documented drift by quarter, in log-hazard: small companies buy less, large ones more; search traffic cools.
_WIN_TREND = np.array([-0.020, 0.0, 0.015])
_SEARCH_TREND = -0.02
_SEASON = np.array([0.02, 0.0, -0.04, 0.06])  # first to fourth calendar quarter


@dataclass(frozen=True)
class Drivers:
    """What sets the pace of every lead's chain, all hidden.

    Attributes
    ----------
    kind : ndarray of int, shape (n,)
        0 with a project, 1 keeping watch.
    warm_up, pace, qualify, win, lose : ndarray of float, shape (n,)
        Multipliers of the rates by work day.
    ask, points, outbound : ndarray of float, shape (n,)
        The three roads to a first contact: multipliers of the inbound request and of the points grid, and the
        plain rate of being called by prospecting. A territory without enough salespeople lowers all three.
    win_trend, warm_trend : ndarray of float, shape (n,)
        Drift by quarter, in log-hazard.
    slowness : float
        By which all rates are divided: see `SimulationPlan`.
    """

    kind: Codes
    warm_up: Numbers
    pace: Numbers
    qualify: Numbers
    win: Numbers
    lose: Numbers
    ask: Numbers
    points: Numbers
    outbound: Numbers
    win_trend: Numbers
    warm_trend: Numbers
    slowness: float

    def contact(self, lead: Codes, intent: Codes) -> tuple[Numbers, Numbers, Numbers]:
        """Rates of the three roads to a first contact (request, points grid, prospecting), broadcast."""
        kind = self.kind[lead]
        return (
            self.ask[lead] * _ASK[kind, intent],
            self.points[lead] * _POINTS[kind, intent],
            self.outbound[lead] + np.zeros(intent.shape),
        )

    def rates(self, lead: Codes, stage: Codes, intent: Codes, quarter: ArrayLike) -> Numbers:
        """Rates by work day of the four moves.

        Parameters
        ----------
        lead, stage, intent : ndarray of int
            Positions and codes, broadcast together.
        quarter : int or ndarray of int
            Quarters since the first; drift is counted from there.

        Returns
        -------
        ndarray of float, shape (..., 4)
            Warm up, cool down, advance, lose.
        """
        kind, pace = self.kind[lead], self.pace[lead]
        quarter = np.asarray(quarter)
        season = _SEASON[quarter % 4]
        touched = stage > UNTOUCHED
        up = _UP[kind, intent] * pace * self.warm_up[lead] * np.where(touched, 1.5, 1.0)
        up = up * np.exp(self.warm_trend[lead] * quarter)
        down = _DOWN[kind, intent] * pace
        contact = sum(self.contact(lead, intent))
        qualify = self.qualify[lead] * pace * _QUALIFY[intent]
        propose = self.qualify[lead] * pace * _PROPOSE[intent]
        win = self.win[lead] * pace * _WIN[intent] * np.exp(self.win_trend[lead] * quarter + season)
        advance = np.where(stage == UNTOUCHED, contact, np.where(stage == CONTACTED, qualify, propose))
        advance = np.where(stage == OPPORTUNITY, win, advance)
        lose = _LOSE[stage, intent] * self.lose[lead] * np.where(touched, np.sqrt(pace), 1.0)
        return np.stack(np.broadcast_arrays(up, down, advance, lose), axis=-1) / self.slowness


def make_drivers(rng: np.random.Generator, leads: Leads, accounts: Accounts, slowness: float = 1.0) -> Drivers:
    """Derive every lead's pace from its segment, its fit and the sales territory.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness: the unseen share of each pace.
    leads : Leads
        With their hidden fit.
    accounts : Accounts
        For the territory and for an account on the move.
    slowness : float
        By which all rates are divided.

    Returns
    -------
    Drivers
        Of every lead.
    """
    n = len(leads)
    channel = leads.channel
    alone = leads.account < 0
    outbound = np.array([c.direction == "outbound" for c in CHANNELS])[channel]
    search = np.array([c.name == "paid_search" for c in CHANNELS])[channel]
    territory = np.where(alone, 0, accounts.region[leads.account]) % 5
    coverage = np.array([1.0, 0.7, 1.15, 0.9, 0.55])[territory] * np.where(alone, 0.5, 1.0)
    heat = np.where(alone, 0.0, accounts.heat[leads.account])
    fit = np.clip(leads.appeal, -4.0, 3.0)
    points = 1 / (1 + np.exp(-(leads.fit_points + 12.0 * leads.activity - 28.0) / 8.0))
    return Drivers(
        kind=leads.watcher.astype(np.int64),
        warm_up=np.exp(0.22 * fit + 0.5 * heat + rng.normal(0, 0.25, n)),
        pace=_PACE[leads.size] * np.exp(rng.normal(0, 0.2, n)),
        qualify=np.exp(0.30 * fit),
        win=np.exp(0.45 * fit - 0.25),
        lose=np.exp(-0.15 * fit) * np.where(outbound, 1.3, 1.0),
        ask=coverage * np.exp(0.25 * fit) * np.where(outbound, 0.6, 1.0),
        points=coverage * points,
        outbound=coverage * np.where(outbound, 0.012, 0.0004),
        win_trend=_WIN_TREND[leads.size],
        warm_trend=np.where(search, _SEARCH_TREND, 0.0),
        slowness=slowness,
    )


def first_intent(rng: np.random.Generator, leads: Leads) -> Codes:
    """Intent at creation: warm channels bring people who are already looking."""
    n = len(leads)
    warm = effect(CHANNELS, lambda c: c.warm)[leads.channel]
    shares = np.stack([1.0 - warm, 0.62 * warm, 0.27 * warm], axis=1)  # the rest is buying
    intent = (rng.random(n)[:, None] > np.cumsum(shares, axis=1)).sum(axis=1)
    watching = np.where(rng.random(n) < 0.75, WATCHING, COLD)
    return np.where(leads.watcher, watching, intent).astype(np.int64)
