"""What one more salesperson would bring: the next leads below the threshold, and the deals among them."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.comparison import ratios_of_sums
from models.plan import TrainingPlan
from models.sample import Flow, Sample

Floats = npt.NDArray[np.float64]


def next_salesperson(sample: Sample, threshold: float | None, plan: TrainingPlan) -> dict[str, Any] | None:
    """Wins and value a week of as many more leads as one person treats.

    These are the best of the leads that never reach the threshold. Each counts from when it reaches the lower one, its
    outcome from there; leads that stand above that on the first day are stock, not flow.

    Parameters
    ----------
    sample : Sample
        Rows that the threshold was not chosen on.
    threshold : float, optional
        Least propensity handed over today.
    plan : TrainingPlan
        ``capacity_per_salesperson``, margins and costs, resamples and their seed.

    Returns
    -------
    dict, optional
        ``capacity`` (leads a week that the person treats), ``per_week`` (leads a week that there are, at most the
        capacity), ``threshold`` (the lower one; None where no lead is left), ``wins`` and ``value`` a week (``value``,
        ``low``, ``high``: 95%, leads resampled; in value the contacts are paid) and ``pays``: ``yes`` or ``no`` where
        the interval of the value says so, else ``unclear``. None without a threshold or without dates.

    Examples
    --------
    >>> day, n = 86_400, 701
    >>> propensity = np.linspace(0.7, 0.0, n)
    >>> leads = Sample(np.arange(n), np.arange(n) % 71 * day, propensity, (propensity > 0.5) * 1.0, np.ones(n))
    >>> plan = TrainingPlan(win_value=1000, contact_cost=100, capacity_per_salesperson=5)
    >>> more = next_salesperson(leads, 0.6, plan)
    >>> round(more["threshold"], 2), more["wins"]["value"], more["pays"]
    (0.55, 5.0, 'yes')
    >>> next_salesperson(leads, 0.4, plan)["pays"]
    'no'
    """
    flow = Flow(sample)
    if threshold is None or flow.weeks <= 0:
        return None
    codes = sample.codes
    n_leads = int(codes.max()) + 1
    best = np.full(n_leads, -np.inf)
    np.maximum.at(best, codes, sample.rank)
    weight = np.where(best[codes] < threshold, sample.weight, 0.0)
    lower = np.unique(sample.rank[weight > 0])[::-1]
    capacity = plan.capacity_per_salesperson
    if not len(lower):
        return _told(capacity, None, 0.0, np.zeros((n_leads, 2)), flow.weeks, plan)
    arrivals = Flow(replace(sample, weight=weight)).per_week(lower)
    enough = np.flatnonzero(arrivals >= capacity)
    at = int(enough[0]) if len(enough) else int(np.argmax(arrivals))
    share = min(1.0, capacity / arrivals[at]) if arrivals[at] > 0 else 0.0
    each = share * _brought(sample, weight, float(lower[at]), plan)
    return _told(capacity, float(lower[at]), min(capacity, float(arrivals[at])), each, flow.weeks, plan)


def _brought(sample: Sample, weight: Floats, threshold: float, plan: TrainingPlan) -> Floats:
    """Wins and value of each lead where it first reaches a threshold after the first day; of shape (leads, 2)."""
    above = np.flatnonzero((sample.rank >= threshold) & (weight > 0))
    above = above[np.lexsort((sample.cutoff[above], sample.codes[above]))]
    first = above[np.flatnonzero(np.diff(sample.codes[above], prepend=-1))]
    first = first[sample.cutoff[first] > sample.cutoff.min()]
    each = np.zeros((int(sample.codes.max()) + 1, 2))
    each[sample.codes[first]] = weight[first, None] * np.column_stack([sample.y, sample.net(plan)])[first]
    return each


def _told(
    capacity: float, threshold: float | None, per_week: float, each: Floats, weeks: float, plan: TrainingPlan
) -> dict[str, Any]:
    bottom = np.full(len(each), weeks / len(each))
    wins, value = ratios_of_sums(each, bottom, plan.n_bootstrap, plan.seed)
    pays = "yes" if value.low > 0 else "no" if value.high <= 0 else "unclear"
    return {
        "capacity": capacity,
        "per_week": per_week,
        "threshold": threshold,
        "wins": asdict(wins),
        "value": asdict(value),
        "pays": pays,
    }
