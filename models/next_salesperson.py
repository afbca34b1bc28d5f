"""What one more salesperson would bring: the next leads below the threshold, and the deals among them."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.comparison import Figure, conversion, ratios_of_sums
from models.plan import TrainingPlan
from models.sample import Flow, Sample

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_NOTHING = Figure(0.0, 0.0, 0.0)


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
        ``low``, ``high``: 95%, the wider of leads resampled and Wilson; in value the contacts are paid) and ``pays``:
        ``yes`` or ``no`` where the interval of the value says so, else ``unclear``. None without a threshold or dates.

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
        return _told(capacity, None, 0.0, _NOTHING, _NOTHING)
    arrivals = Flow(replace(sample, weight=weight)).per_week(lower)
    enough = np.flatnonzero(arrivals >= capacity)
    at = int(enough[0]) if len(enough) else int(np.argmax(arrivals))
    first = _arrivals(sample, weight, float(lower[at]))
    if not len(first):
        return _told(capacity, None, 0.0, _NOTHING, _NOTHING)
    per_week = min(capacity, float(arrivals[at]))
    return _told(capacity, float(lower[at]), per_week, *_brought(sample, first, per_week, plan))


def _arrivals(sample: Sample, weight: Floats, threshold: float) -> Ints:
    """Row on which each lead of some weight first reaches a threshold, after the first day."""
    above = np.flatnonzero((sample.rank >= threshold) & (weight > 0))
    above = above[np.lexsort((sample.cutoff[above], sample.codes[above]))]
    first = above[np.flatnonzero(np.diff(sample.codes[above], prepend=-1))]
    return np.asarray(first[sample.cutoff[first] > sample.cutoff.min()])


def _brought(sample: Sample, first: Ints, per_week: float, plan: TrainingPlan) -> tuple[Figure, Figure]:
    """Wins and value a week of leads that arrive like these."""
    weight, y = sample.weight[first], sample.y[first]
    each = weight[:, None] * np.column_stack([y, sample.net(plan)[first]])
    wins, value = (_times(figure, per_week) for figure in ratios_of_sums(each, weight, plan.n_bootstrap, plan.seed))
    # Resamples of a handful of wins, or of none, know too little doubt: the interval of their share is taken in too.
    measured = conversion(y, weight)
    low, high = (per_week * measured[end] for end in ("low", "high"))
    margin = plan.win_value if sample.worth is None else float(np.average(sample.worth.brought[first], weights=weight))
    moved = [value.value + (end - wins.value) * margin for end in (low, high)]
    return (
        Figure(wins.value, min(wins.low, low), max(wins.high, high)),
        Figure(value.value, min(value.low, moved[0]), max(value.high, moved[1])),
    )


def _times(figure: Figure, factor: float) -> Figure:
    return Figure(factor * figure.value, factor * figure.low, factor * figure.high)


def _told(capacity: float, threshold: float | None, per_week: float, wins: Figure, value: Figure) -> dict[str, Any]:
    pays = "yes" if value.low > 0 else "no" if value.high <= 0 else "unclear"
    return {
        "capacity": capacity,
        "per_week": per_week,
        "threshold": threshold,
        "wins": asdict(wins),
        "value": asdict(value),
        "pays": pays,
    }
