"""Rows that nobody fitted on, from which a threshold is chosen."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

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
        How many leads each row's lead stands for (see `models.periods`); counts arrivals, never tests.
    """

    lead: npt.NDArray[Any]
    cutoff: Ints
    propensity: Floats
    y: Floats
    weight: Floats

    def one_per_lead(self, seed: int) -> tuple[Floats, Floats]:
        """Draw one row of each lead: rows of one lead share their fate and are no independent trials.

        Parameters
        ----------
        seed : int
            Of the draw.

        Returns
        -------
        tuple of ndarray
            Propensities, strictest first, and their labels.
        """
        order = np.lexsort((self.cutoff, self.lead))
        shuffled = order[np.random.default_rng(seed).permutation(len(order))]
        _, first = np.unique(self.lead[shuffled], return_index=True)
        rows = shuffled[first]
        rows = rows[np.argsort(-self.propensity[rows], kind="stable")]
        return self.propensity[rows], self.y[rows]


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
        codes, _ = pd.factorize(sample.lead)
        n_leads = codes.max() + 1
        first = sample.cutoff == sample.cutoff.min()
        best = np.full(n_leads, -np.inf)
        np.maximum.at(best, codes, sample.propensity)
        at_first = np.full(n_leads, -np.inf)
        at_first[codes[first]] = sample.propensity[first]
        weight = np.zeros(n_leads)
        weight[codes] = sample.weight
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
