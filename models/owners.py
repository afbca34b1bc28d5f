"""A threshold for each owner of leads: what an owner can treat a week, against the flow that comes to that owner.

Owners are codes here: their names never enter a model. A model keeps how many leads a week reach each propensity in the
whole team; the open leads say which part of them is whose.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.sample import Flow, Sample
from models.threshold import ThresholdPoint

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# An owner's part of the best leads is drawn towards the owner's part of all leads, which weighs as much as these.
FEW = 30
NOBODY = 1.0  # no propensity reaches it


@dataclass(frozen=True)
class OwnerThresholds:
    """Thresholds of owners, by code.

    Attributes
    ----------
    least : ndarray of shape (k,)
        Least propensity handed over to each; NaN for an owner without a capacity, who has the team's.
    per_week : ndarray of shape (k,)
        Leads a week expected at it; 0 where nobody is handed over.
    n_leads : ndarray of shape (k,), int64
        Open leads of each. With fewer than ``FEW`` their flow is mostly taken from the team's.
    """

    least: Floats
    per_week: Floats
    n_leads: Ints

    def of(self, owner: Ints, team: float) -> Floats:
        """Least propensity of leads whose owners are these; the team's where an owner (or -1, none) has no own one."""
        own = np.append(self.least, np.nan)[owner]
        return np.where(np.isnan(own), team, own)


def owner_thresholds(
    curve: Sequence[ThresholdPoint], propensity: Floats, owner: Ints, capacities: Floats
) -> OwnerThresholds:
    """Find the loosest threshold that hands each owner no more leads a week than that owner can treat.

    Parameters
    ----------
    curve : sequence of ThresholdPoint
        Of the whole team, strict to loose, with ``per_week``.
    propensity : ndarray of shape (n,)
        Of open leads.
    owner : ndarray of int64 of shape (n,)
        Code of each one's owner, -1 for none.
    capacities : ndarray of shape (k,)
        Leads a week that each owner can treat; NaN for an owner who has no capacity of the own.

    Returns
    -------
    OwnerThresholds

    Examples
    --------
    >>> def point(at, per_week):
    ...     return ThresholdPoint(at, 0, 0.0, 0.0, 0.0, 0.0, 0.0, per_week)
    >>> curve = [point(0.5, 4.0), point(0.4, 8.0), point(0.3, 16.0)]
    >>> propensity, owner = np.full(400, 0.6), np.tile([0, 1, 1, -1], 100)
    >>> found = owner_thresholds(curve, propensity, owner, np.array([4.0, 4.0, ]))
    >>> found.least.tolist(), found.per_week.tolist()
    ([0.3, 0.4], [4.0, 4.0])
    """
    at = np.array([p.threshold for p in curve])
    arrivals = np.array([p.per_week or 0.0 for p in curve])
    known = owner >= 0
    n_leads = np.bincount(owner[known], minlength=len(capacities)).astype(np.int64)
    above = _counts(propensity, at)
    least, expected = np.full(len(capacities), np.nan), np.zeros(len(capacities))
    for code, capacity in enumerate(capacities):
        if np.isnan(capacity):
            continue
        usual = n_leads[code] / max(len(propensity), 1)
        share = (_counts(propensity[owner == code], at) + FEW * usual) / (above + FEW)
        fits = arrivals * share <= capacity
        n_fit = len(fits) if fits.all() else int(np.argmin(fits))
        # Without any lead there is no flow to compare the capacity with.
        least[code] = at[n_fit - 1] if n_fit and capacity > 0 else NOBODY
        expected[code] = float((arrivals * share)[n_fit - 1]) if least[code] < NOBODY else 0.0
    return OwnerThresholds(least, expected, n_leads)


def measured_flows(sample: Sample, owner: Ints, thresholds: OwnerThresholds) -> Floats:
    """Leads a week that reach the threshold of their owner in a sample.

    Parameters
    ----------
    sample : Sample
        Rows of one stretch of time, with dates.
    owner : ndarray of int64 of shape (n,)
        Code of each row's owner, -1 for none.
    thresholds : OwnerThresholds
        Of k owners.

    Returns
    -------
    ndarray of shape (k,)
        NaN for an owner without a threshold of the own.
    """
    flows = np.full(len(thresholds.least), np.nan)
    for code in np.flatnonzero(~np.isnan(thresholds.least)):
        weight = np.where(owner == code, sample.weight, 0.0)
        mine = Sample(sample.lead, sample.cutoff, sample.propensity, sample.y, weight)
        flows[code] = Flow(mine).per_week(thresholds.least[code : code + 1])[0]
    return flows


def _counts(propensity: Floats, at: Floats) -> Floats:
    ordered = np.sort(propensity)
    return np.asarray(len(ordered) - np.searchsorted(ordered, at, side="left"), dtype=np.float64)
