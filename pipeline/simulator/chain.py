"""Futures of the hidden chain, drawn at random or summed exactly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.simulator.company import Codes, Flags, Numbers
from pipeline.simulator.journeys import ADVANCE, LOSE, LOST, N_STATES, WON, Drivers


@dataclass(frozen=True)
class Runs:
    """Stays in one state, ordered by lead and time; the last of a decided lead is WON or LOST.

    Attributes
    ----------
    lead, state : ndarray of int, shape (n,)
        Position of the lead; stage * 4 + intent, or WON, or LOST.
    begin, end : ndarray of float, shape (n,)
        Work days; `end` is where the next stay begins, or where the observation stops.
    """

    lead: Codes
    state: Codes
    begin: Numbers
    end: Numbers

    def __len__(self) -> int:
        return len(self.lead)

    @property
    def live(self) -> Flags:
        """Whether the stay is before a decision."""
        return self.state < N_STATES

    @property
    def first(self) -> Flags:
        """Whether it is the first stay of its lead."""
        return np.append(True, self.lead[1:] != self.lead[:-1])


def walk(
    rng: np.random.Generator,
    drivers: Drivers,
    lead: Codes,
    state: Codes,
    begin: Numbers,
    stop: Numbers,
    quarters: Numbers,
) -> Runs:
    """Draw a future of each lead by competing exponential clocks (Gillespie, 1977), all leads at once.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    drivers : Drivers
        Rates of every lead.
    lead, state : ndarray of int, shape (n,)
        Who starts, from which state (below N_STATES). A lead may start several times, as several walkers.
    begin, stop : ndarray of float, shape (n,)
        Work days between which each one walks.
    quarters : ndarray of float, shape (q,)
        Work days at which quarters begin, the first at or before the smallest `begin`.

    Returns
    -------
    Runs
        `lead` holds the position of the walker in the arguments.
    """
    walker, state, now = np.arange(len(lead)), state.copy(), begin.copy()
    found = [(walker, state, now)]
    while len(walker):
        quarter = np.searchsorted(quarters, now, side="right") - 1
        cumulative = np.cumsum(drivers.rates(lead[walker], state // 4, state % 4, quarter), axis=1)
        arrival = now + rng.standard_exponential(len(walker)) / cumulative[:, -1]
        # Without memory, a clock that has not rung when the quarter turns is simply wound up again.
        limit = np.minimum(quarters[quarter + 1], stop[walker])
        moves = arrival < limit
        move = (rng.random(len(walker))[:, None] * cumulative[:, -1:] >= cumulative).sum(axis=1)
        after = np.where(moves, _after(state, move), state)
        now = np.where(moves, arrival, limit)
        found.append((walker[moves], after[moves], now[moves]))
        alive = (after < N_STATES) & (moves | (limit < stop[walker]))
        walker, state, now = walker[alive], after[alive], now[alive]
    who, where, since = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((since, who))
    who, where, since = who[order], where[order], since[order]
    last = np.append(who[1:] != who[:-1], True)
    return Runs(who, where, since, np.where(last, stop[who], np.append(since[1:], 0.0)))


def _after(state: Codes, move: Codes) -> Codes:
    """State after a move; advancing from the opportunity is winning."""
    step = np.array([1, -1, 4, 0])[np.minimum(move, LOSE)]
    after = np.where(move >= LOSE, LOST, state + step)
    return np.where((move == ADVANCE) & (after >= N_STATES), WON, after)


def win_probability(
    drivers: Drivers, lead: Codes, state: Codes, begin: Numbers, stop: Numbers, quarters: Numbers
) -> Numbers:
    """Probability that each lead is won before `stop`, given its state at `begin`: exact, no simulation.

    The value of every state is carried backward through the quarters; within one, the exponential of the
    generator is summed by uniformisation (Jensen, 1953): ``exp(Q t) v = sum_k Poisson(k; r t) (I + Q / r)^k v``
    with ``r`` the largest exit rate of the lead. The series is cut where the rest is below 1e-12.

    Parameters
    ----------
    drivers : Drivers
        Rates of every lead.
    lead, state : ndarray of int, shape (n,)
        Who, in which state (below N_STATES).
    begin, stop : ndarray of float, shape (n,)
        Work days.
    quarters : ndarray of float, shape (q,)
        Work days at which quarters begin.

    Returns
    -------
    ndarray of float, shape (n,)
        From 0 to 1.
    """
    value = np.zeros((len(lead), 4, 4))
    stages, intents = np.arange(4)[None, :, None], np.arange(4)[None, None, :]
    for quarter in range(len(quarters) - 2, -1, -1):
        stay = np.minimum(stop, quarters[quarter + 1]) - np.maximum(begin, quarters[quarter])
        rows = np.flatnonzero(stay > 0)
        for part in np.array_split(rows, max(1, len(rows) // 2048)):
            if len(part):
                rates = drivers.rates(lead[part][:, None, None], stages, intents, quarter)
                value[part] = _carry(value[part], rates, stay[part])
    return value.reshape(len(lead), N_STATES)[np.arange(len(lead)), state]


def _carry(value: NDArray[np.float64], rates: Numbers, stay: Numbers) -> NDArray[np.float64]:
    """Value of each (stage, intent) one stay earlier; winning is worth 1, losing 0."""
    fastest = rates.sum(axis=-1).max(axis=(1, 2))
    up, down, advance, lose = np.moveaxis(rates / fastest[:, None, None, None], -1, 0)
    keep = 1.0 - up - down - advance - lose
    expected = fastest * stay
    weight = np.exp(-expected)
    total: NDArray[np.float64] = weight[:, None, None] * value
    rest = 1.0 - weight
    term = 0
    while (rest > 1e-12).any() and term < 2_000:
        term += 1
        after = keep * value
        after[:, :, :-1] += up[:, :, :-1] * value[:, :, 1:]
        after[:, :, 1:] += down[:, :, 1:] * value[:, :, :-1]
        after[:, :-1] += advance[:, :-1] * value[:, 1:]
        after[:, -1] += advance[:, -1]
        value = after
        weight = weight * expected / term
        rest = rest - weight
        total += weight[:, None, None] * value
    return total
