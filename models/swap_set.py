"""Who changes hands when the model hands over as many leads as a points grid does, and what that brings."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.specification import Feature
from models.comparison import conversion, figure_of
from models.plan import TrainingPlan
from models.points import PointsGrid, absent
from models.points_verdict import judge_rules
from models.sample import Sample

Floats = npt.NDArray[np.float64]


class _Arrivals:
    """When leads first reach a score, and whether they were won within the horizon from there."""

    def __init__(self, sample: Sample, score: Floats, further: Floats | None = None) -> None:
        order = np.lexsort((sample.cutoff, sample.codes))
        codes = sample.codes[order]
        self._start = np.flatnonzero(np.diff(codes, prepend=-1))
        self._score = score[order]
        # A lead that never arrives points past the end: not won.
        self._won = np.append(sample.y[order], 0.0)
        self._further = None if further is None else np.append(further[order], 0.0)
        self.best = np.maximum.reduceat(self._score, self._start)
        self.mass = sample.weight[order][self._start]

    def won(self, threshold: float) -> Floats:
        """Label of each lead where it first reaches a threshold, 0 where it never does."""
        return np.asarray(self._won[self._first(threshold)])

    def further(self, threshold: float) -> Floats | None:
        """The other label there."""
        return None if self._further is None else np.asarray(self._further[self._first(threshold)])

    def _first(self, threshold: float) -> npt.NDArray[np.intp]:
        n = len(self._score)
        at = np.where(self._score >= threshold, np.arange(n), n)
        return np.minimum.reduceat(at, self._start)


def swap_set(
    sample: Sample,
    points: Floats,
    threshold: float,
    n_bootstrap: int,
    seed: int,
    opportunity: Floats | None = None,
) -> dict[str, Any]:
    """What changes hands when the model picks as many leads as the points grid does.

    A lead is handed over once, when it first reaches the threshold, and its outcome is counted from there. The model's
    threshold is the one at which as many leads ever reach it; it is found anew in every resample of leads.

    Parameters
    ----------
    sample : Sample
        Rows of the test period; the model's order is that of ``rank``.
    points : ndarray of shape (n,)
        Points of the grid.
    threshold : float
        Of the grid.
    n_bootstrap, seed : int
        Resamples of leads, and their seed.
    opportunity : ndarray of shape (n,), optional
        Whether the lead was or became an opportunity within the horizon of each row.

    Returns
    -------
    dict
        ``n_selected`` leads; for ``both``, ``in_by_model``, ``out_by_model``, ``model``, ``points``: ``n``,
        ``conversion`` (null without leads), ``low``, ``high`` (Wilson); ``wins``: deals won by ``model`` and ``points``
        among leads at equal volume, and their ``difference`` (``value``, ``low``, ``high``: 95%, bootstrap);
        ``opportunities``: those of ``model`` and ``points`` among the same leads, null where none are known.

    Examples
    --------
    >>> propensity, y = np.array([0.9, 0.1, 0.5]), np.array([1.0, 0.0, 1.0])
    >>> leads = Sample(np.arange(3), np.zeros(3), propensity, y, np.ones(3))
    >>> swap = swap_set(leads, np.array([0.0, 60.0, 0.0]), 60.0, 50, 0)
    >>> swap["in_by_model"]["conversion"], swap["out_by_model"]["conversion"], swap["wins"]["difference"]["value"]
    (1.0, 0.0, 1.0)
    """
    ours, theirs = _Arrivals(sample, sample.rank, opportunity), _Arrivals(sample, points, opportunity)
    by_points, won_theirs, mass = theirs.best >= threshold, theirs.won(threshold), ours.mass
    order = np.argsort(-ours.best, kind="stable")

    def last_in(weight: Floats) -> int:
        """Place, in the model's order, of the lead that fills the volume of the grid."""
        filled = np.cumsum(weight[order]) >= float(weight[by_points].sum()) * (1 - 1e-9)
        return int(np.argmax(filled))

    def taken(weight: Floats) -> tuple[float, Floats]:
        """Limit of the model at the volume of the grid, and the part of each lead that it takes there."""
        limit = float(ours.best[order[last_in(weight)]])
        above, tied = ours.best > limit, ours.best == limit
        # Leads tied at the limit share what is left of the volume.
        rest = float(weight[by_points].sum() - weight[above].sum()) / max(float(weight[tied].sum()), 1e-300)
        return limit, np.where(above, 1.0, np.where(tied, min(max(rest, 0.0), 1.0), 0.0))

    def wins(weight: Floats) -> tuple[float, float]:
        limit, share = taken(weight)
        return float(weight @ (share * ours.won(limit))), float(weight[by_points] @ won_theirs[by_points])

    def opportunities(weight: Floats) -> dict[str, float] | None:
        limit, share = taken(weight)
        own, other = ours.further(limit), theirs.further(threshold)
        if own is None or other is None:
            return None
        return {"model": float(weight @ (share * own)), "points": float(weight[by_points] @ other[by_points])}

    n = int(by_points.sum())
    chosen, won_ours = np.zeros(len(order), dtype=bool), np.zeros(len(order))
    if n:
        chosen[order[: last_in(mass) + 1]] = True
        won_ours = ours.won(ours.best[order[last_in(mass)]])
    groups = {
        "both": (chosen & by_points, won_ours),
        "in_by_model": (chosen & ~by_points, won_ours),
        "out_by_model": (by_points & ~chosen, won_theirs),
        "model": (chosen, won_ours),
        "points": (by_points, won_theirs),
    }
    found = {name: conversion(won[leads], mass[leads]) for name, (leads, won) in groups.items()}
    # Some leads stand for others that were drawn into another period: deals are told for the leads that are there.
    each = mass * (n / float(mass[by_points].sum())) if n else mass
    rng = np.random.default_rng(seed)
    gaps = [] if n else [0.0]
    for _ in range(n_bootstrap if n else 0):
        model, grid = wins(each * np.bincount(rng.integers(0, len(each), len(each)), minlength=len(each)))
        gaps.append(model - grid)
    model, grid = wins(each) if n else (0.0, 0.0)
    difference = asdict(figure_of(model - grid, gaps))
    wins_of = {"model": model, "points": grid, "difference": difference}
    return {"n_selected": n, **found, "wins": wins_of, "opportunities": opportunities(each) if n else None}


def compare_grids(
    sample: Sample,
    frame: pd.DataFrame,
    columns: Sequence[str],
    features: Sequence[Feature],
    plan: TrainingPlan,
    opportunity: Floats | None = None,
) -> list[dict[str, Any]]:
    """Set the model beside the company's own grid and beside those that others use.

    Parameters
    ----------
    sample : Sample
        Rows of the test period.
    frame : pandas.DataFrame of n rows
        Their raw features.
    columns : sequence of str
        Those that a rule may look at.
    features : sequence of Feature
        What they are.
    plan : TrainingPlan
        ``points_grid``, ``other_grids``, resamples and their seed.
    opportunity : ndarray of shape (n,), optional
        As in `swap_set`.

    Returns
    -------
    list of dict
        The company's grid first, as ``settings``: ``name``, ``threshold``, ``n_rules``, ``absent`` (columns that are
        not there: their rules never fire), ``swap_set`` (null where no rule can fire) and ``rules`` (see
        `models.points_verdict.judge_rules`).
    """
    grids = {"settings": PointsGrid(plan.points_grid, plan.points_threshold), **plan.other_grids}
    found = []
    for name, grid in grids.items():
        if not grid.rules:
            continue
        known = PointsGrid.applicable(grid.rules, grid.threshold, columns, features)
        swap, rules = None, []
        if known is not None:
            rules = judge_rules(known, frame, sample)
            swap = swap_set(sample, known.points(frame), known.threshold, plan.n_bootstrap, plan.seed, opportunity)
        found.append(
            {
                "name": name,
                "threshold": grid.threshold,
                "n_rules": len(grid.rules),
                "absent": list(absent(grid.rules, columns, features)),
                "swap_set": swap,
                "rules": rules,
            }
        )
    return found
