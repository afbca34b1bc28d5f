"""Systems side by side on the same rows: figures with intervals, and who would be handed over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.metrics import CLIP, auc_of_ranks, ece_of_bins, equal_mass_bins, gains, wilson

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """A measured figure with its interval.

    Attributes
    ----------
    value : float
        On the rows as they are; NaN where undefined (AUC of one class).
    low, high : float
        Bootstrap percentiles, leads resampled.
    """

    value: float
    low: float
    high: float


def figures(
    y: Floats,
    scores: Mapping[str, tuple[Floats, Floats]],
    w: Floats,
    leads: npt.ArrayLike,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> dict[str, dict[str, Figure]]:
    """Log loss, Brier, AUC, ECE and lift at 10% of several systems on the same rows, with 95% intervals.

    Leads are resampled, not rows, and all systems see the same resamples.

    Parameters
    ----------
    y, w : ndarray of shape (n,)
        Labels 0 or 1, weights.
    scores : mapping of str to (probability, ranking score)
        By system; ndarrays of shape (n,).
    leads : array-like of shape (n,)
        Lead of each row.
    n_bootstrap, seed : int
        Resamples, and their seed.

    Returns
    -------
    dict of str to dict of str to Figure
        By system, then by figure: ``log_loss``, ``brier``, ``auc``, ``ece``, ``lift10``.

    Examples
    --------
    >>> y, p = np.tile([0.0, 1.0], 50), np.tile([0.4, 0.6], 50)
    >>> figures(y, {"model": (p, p)}, np.ones(100), np.arange(100))["model"]["auc"]
    Figure(value=1.0, low=1.0, high=1.0)
    """
    codes, names = pd.factorize(np.asarray(leads), sort=True)
    measures = {name: _measures(y, p, score) for name, (p, score) in scores.items()}
    rng = np.random.default_rng(seed)
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in scores}
    for _ in range(n_bootstrap):
        times = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))
        weight = w * times[codes]
        if weight.sum() <= 0:
            continue
        for name, system in measures.items():
            samples[name].append({key: measure(weight) for key, measure in system.items()})
    return {
        name: {key: _figure(measure(w), [sample[key] for sample in samples[name]]) for key, measure in system.items()}
        for name, system in measures.items()
    }


def _measures(y: Floats, p: Floats, score: Floats) -> dict[str, Callable[[Floats], float]]:
    """The five figures as functions of the weights alone: sorting and logarithms are done once."""
    q = np.clip(p, CLIP, 1 - CLIP)
    nats = -np.where(y == 1, np.log(q), np.log1p(-q))
    square = (p - y) ** 2
    rank = pd.factorize(score, sort=True)[0]
    bins = equal_mass_bins(p, 10)
    tenth = np.array([0.1])
    return {
        "log_loss": lambda w: float(w @ nats / w.sum()),
        "brier": lambda w: float(w @ square / w.sum()),
        "auc": lambda w: auc_of_ranks(y, rank, w),
        "ece": lambda w: ece_of_bins(y, p, w, bins),
        "lift10": lambda w: float(gains(y, rank, w, tenth)[0] / 0.1),
    }


def _figure(value: float, samples: list[float]) -> Figure:
    known = [sample for sample in samples if np.isfinite(sample)]
    if not known:
        return Figure(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [0.025, 0.975])
    # Resampling adds noise and noise adds calibration error: percentiles alone may lie above a small ECE.
    return Figure(value, min(float(low), value), max(float(high), value))


def swap_set(y: Floats, propensity: Floats, chosen_by_points: npt.NDArray[np.bool_], w: Floats) -> dict[str, Any]:
    """What changes hands when the model picks as many leads as the points grid does.

    Parameters
    ----------
    y, propensity, w : ndarray of shape (n,)
        Labels 0 or 1, scores of the model, weights.
    chosen_by_points : ndarray of bool of shape (n,)
        Rows at or above the grid's threshold.

    Returns
    -------
    dict
        ``n_selected``, and for ``both``, ``in_by_model``, ``out_by_model``, ``model``, ``points``: ``n``,
        ``conversion`` (null without rows), ``low``, ``high`` (Wilson).

    Examples
    --------
    >>> y, propensity = np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.1, 0.5])
    >>> swap = swap_set(y, propensity, np.array([False, True, False]), np.ones(3))
    >>> swap["in_by_model"]["conversion"], swap["out_by_model"]["conversion"]
    (1.0, 0.0)
    """
    n = int(chosen_by_points.sum())
    chosen = np.zeros(len(y), dtype=bool)
    chosen[np.argsort(-propensity, kind="stable")[:n]] = True
    groups = {
        "both": chosen & chosen_by_points,
        "in_by_model": chosen & ~chosen_by_points,
        "out_by_model": chosen_by_points & ~chosen,
        "model": chosen,
        "points": chosen_by_points,
    }
    return {"n_selected": n} | {name: conversion(y[rows], w[rows]) for name, rows in groups.items()}


def conversion(y: Floats, w: Floats, lead: npt.ArrayLike | None = None) -> dict[str, Any]:
    """Measured conversion of some rows with its Wilson interval.

    Parameters
    ----------
    y, w : ndarray of shape (n,)
        Labels 0 or 1, weights.
    lead : array-like of shape (n,), optional
        Lead of each row: rows of one lead share their fate and are no independent trials. By default each row is a
        lead of its own.

    Returns
    -------
    dict
        ``n`` leads, ``conversion`` (None without rows), ``low``, ``high`` (at Kish's effective number of leads).

    Examples
    --------
    >>> conversion(np.array([]), np.array([]))
    {'n': 0, 'conversion': None, 'low': 0.0, 'high': 1.0}
    """
    if not len(y):
        return {"n": 0, "conversion": None, "low": 0.0, "high": 1.0}
    share = float(w @ y / w.sum())
    mass = w if lead is None else np.bincount(pd.factorize(np.asarray(lead))[0], weights=w)
    effective = float(mass.sum() ** 2 / (mass**2).sum())
    low, high = wilson(share * effective, effective)
    return {"n": len(mass), "conversion": share, "low": low, "high": high}
