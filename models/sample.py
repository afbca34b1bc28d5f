"""Rows that nobody fitted on, from which a threshold is chosen."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betainc, betaincinv

from models.plan import TrainingPlan
from models.worth import Worth

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_WEEK = 7 * 86_400


@dataclass(frozen=True)
class Sample:
    """Rows that nobody fitted on, from which a threshold is chosen.

    Attributes
    ----------
    lead : ndarray of shape (n,)
        Lead of each row.
    cutoff : ndarray of shape (n,), int64
        UTC seconds; all equal where leads have no dates.
    propensity, y : ndarray of shape (n,)
        Propensities; labels 0 or 1.
    weight : ndarray of shape (n,)
        How many leads each row's lead stands for (see `models.periods` and `models.contacted`).
    worth : Worth, optional
        Margin and cost of each row, where they differ.
    """

    lead: npt.NDArray[Any]
    cutoff: Ints
    propensity: Floats
    y: Floats
    weight: Floats
    worth: Worth | None = None

    @cached_property
    def rank(self) -> Floats:
        """What thresholds cut: the propensity, or that of a lead of average margin and cost that is worth as much."""
        return self.propensity if self.worth is None else self.propensity * self.worth.factor

    def net(self, plan: TrainingPlan) -> Floats:
        """What handing each row over would have brought, its contact deducted; shape (n,), in the currency."""
        if self.worth is None:
            return self.y * plan.win_value - plan.contact_cost
        return self.y * self.worth.brought - self.worth.cost

    def mean_over_all(self, values: Floats, chosen: npt.NDArray[np.bool_]) -> float:
        """Sum of values over chosen rows, divided by all rows."""
        return float(self.weight[chosen] @ values[chosen] / self.weight.sum())

    @cached_property
    def codes(self) -> Ints:
        """Leads as numbers from 0."""
        codes, _ = pd.factorize(self.lead)
        return codes.astype(np.int64)

    def above(self, threshold: float) -> "Selection":
        """What a threshold hands over: every row at or above it, as a night's open leads would be.

        Parameters
        ----------
        threshold : float
            Least propensity handed over.

        Returns
        -------
        Selection
        """
        return self.select(self.rank >= threshold)

    def select(self, chosen: npt.NDArray[np.bool_]) -> "Selection":
        """Count what is handed over.

        Rows of one lead share their fate and are no independent trials; they are counted as if they were one trial
        repeated (see `Selection.n_effective`).

        Parameters
        ----------
        chosen : ndarray of bool of shape (n,)
            Rows handed over.

        Returns
        -------
        Selection
        """
        weight = self.weight[chosen]
        mass = np.bincount(self.codes[chosen], weights=weight)
        mass = mass[mass > 0]
        squared = float((mass**2).sum())
        return Selection(
            n=len(mass),
            mass=float(weight.sum()),
            won=float(weight @ self.y[chosen]),
            n_effective=float(mass.sum() ** 2 / squared) if squared else 0.0,
        )


@dataclass(frozen=True)
class Selection:
    """Rows at or above a threshold.

    Attributes
    ----------
    n : int
        Leads among them.
    mass, won : float
        Weight of the rows, and of those that were won.
    n_effective : float
        Kish's effective number of independent trials, ``(sum W)^2 / sum W^2`` over the weights W of whole leads: the
        number of leads where each has one row of weight 1, fewer where some leads stand for many rows.

    References
    ----------
    Korn, Graubard: Confidence intervals for proportions with small expected number of positive counts estimated from
    survey data, 1998 (exact binomial bounds at the effective sample size).

    Examples
    --------
    >>> round(Selection(n=40, mass=40.0, won=10.0, n_effective=40.0).p_value(0.25), 4)
    0.5605
    """

    n: int
    mass: float
    won: float
    n_effective: float

    @property
    def precision(self) -> float:
        """Share won, 0 without rows."""
        return self.won / self.mass if self.mass else 0.0

    def p_value(self, target: float) -> float:
        """Exact one-sided binomial test of "conversion <= target".

        Parameters
        ----------
        target : float
            Conversion, inside (0, 1).

        Returns
        -------
        float
            ``P(X >= k)`` with X binomial of n trials at the target, by the incomplete beta function, which takes the
            effective n and k that are no whole numbers.
        """
        won = self.precision * self.n_effective
        return float(betainc(won, self.n_effective - won + 1, target)) if won > 0 else 1.0

    def lower_bound(self, confidence: float) -> float:
        """Exact one-sided lower bound of the conversion (Clopper-Pearson).

        Parameters
        ----------
        confidence : float
            Inside (0, 1).

        Returns
        -------
        float
            0 where nothing was won.
        """
        won = self.precision * self.n_effective
        return float(betaincinv(won, self.n_effective - won + 1, 1 - confidence)) if won > 0 else 0.0


class Flow:
    """Leads that newly reach a threshold in a week, for any threshold.

    A lead arrives when its propensity first reaches the threshold after the first cutoff of the sample: what
    is above on that day is stock.

    Parameters
    ----------
    sample : Sample
        Rows of one stretch of time.

    Attributes
    ----------
    weeks : float
        From the first cutoff to the last; 0 where leads have no dates.

    Examples
    --------
    >>> week = 7 * 86_400
    >>> lead, cutoff = np.array(["a", "a", "b"]), np.array([0, week, 2 * week])
    >>> leads = Sample(lead, cutoff, np.array([0.1, 0.9, 0.5]), np.zeros(3), np.ones(3))
    >>> Flow(leads).per_week(np.array([0.9, 0.5, 0.1])).tolist()
    [0.5, 1.0, 0.5]
    """

    def __init__(self, sample: Sample) -> None:
        codes = sample.codes
        n_leads = codes.max() + 1
        first = sample.cutoff == sample.cutoff.min()
        best = np.full(n_leads, -np.inf)
        np.maximum.at(best, codes, sample.rank)
        at_first = np.full(n_leads, -np.inf)
        at_first[codes[first]] = sample.rank[first]
        weight, upwards = np.zeros(n_leads), np.argsort(sample.rank, kind="stable")
        weight[codes[upwards]] = sample.weight[upwards]  # that of its best row
        self._best, self._best_mass = _mass_above(best, weight)
        self._first, self._first_mass = _mass_above(at_first, weight)
        self.weeks = float(np.ptp(sample.cutoff)) / _WEEK

    def per_week(self, thresholds: Floats) -> Floats:
        """Arrivals at each threshold.

        Parameters
        ----------
        thresholds : ndarray of shape (k,)
            Propensities.

        Returns
        -------
        ndarray of shape (k,)
            Leads a week; only where ``weeks`` > 0.
        """
        ever = self._best_mass[np.searchsorted(self._best, thresholds, side="left")]
        stock = self._first_mass[np.searchsorted(self._first, thresholds, side="left")]
        return np.asarray((ever - stock) / self.weeks)


def _mass_above(values: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Sorted values, and for each position the weight from there on."""
    order = np.argsort(values, kind="stable")
    return values[order], np.concatenate([np.cumsum(weight[order][::-1])[::-1], [0.0]])
