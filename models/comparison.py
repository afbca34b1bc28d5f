"""Systems side by side on the same rows: figures with intervals."""

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
    measures = {name: measures_of(y, p, score) for name, (p, score) in scores.items()}
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
        name: {key: figure_of(measure(w), [sample[key] for sample in samples[name]]) for key, measure in system.items()}
        for name, system in measures.items()
    }


def measures_of(y: Floats, p: Floats, score: Floats, share: float = 0.1) -> dict[str, Callable[[Floats], float]]:
    """The figures as functions of the weights alone: sorting and logarithms are done once.

    Parameters
    ----------
    y, p, score : ndarray of shape (n,)
        Labels 0 or 1, probabilities, any ranking score.
    share : float
        Of the rows that are taken from the top, in (0, 1].

    Returns
    -------
    dict of str to callable
        ``log_loss``, ``brier``, ``auc``, ``ece`` and ``lift10``, which is the lift at the share.
    """
    q = np.clip(p, CLIP, 1 - CLIP)
    nats = -np.where(y == 1, np.log(q), np.log1p(-q))
    square = (p - y) ** 2
    rank = pd.factorize(score, sort=True)[0]
    bins = equal_mass_bins(p, 10)
    top = np.array([share])
    return {
        "log_loss": lambda w: float(w @ nats / w.sum()),
        "brier": lambda w: float(w @ square / w.sum()),
        "auc": lambda w: auc_of_ranks(y, rank, w),
        "ece": lambda w: ece_of_bins(y, p, w, bins),
        "lift10": lambda w: float(gains(y, rank, w, top)[0] / share),
    }


def figure_of(value: float, samples: list[float], confidence: float = 0.95) -> Figure:
    """A figure and the percentiles of its resamples; without any that is finite, no interval."""
    known = [sample for sample in samples if np.isfinite(sample)]
    if not known:
        return Figure(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [0.5 - confidence / 2, 0.5 + confidence / 2])
    # Resampling adds noise and noise adds calibration error: percentiles alone may lie above a small ECE.
    return Figure(value, min(float(low), value), max(float(high), value))


def ratios_of_sums(top: Floats, bottom: Floats, n_bootstrap: int, seed: int) -> list[Figure]:
    """Ratios of sums over leads, with 95% intervals, leads resampled.

    Parameters
    ----------
    top : ndarray of shape (n, k)
        What each lead adds above, for k ratios.
    bottom : ndarray of shape (n,)
        What it adds below, 0 or more.
    n_bootstrap, seed : int
        Resamples, and their seed.

    Returns
    -------
    list of k Figure

    Examples
    --------
    >>> won = np.tile([0.0, 1.0], 500)
    >>> figure, = ratios_of_sums(won[:, None], np.ones(1000), 200, 0)
    >>> figure.value, bool(0.46 < figure.low < 0.48 < 0.52 < figure.high < 0.54)
    (0.5, True)
    """
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(n_bootstrap):
        drawn = rng.integers(0, len(bottom), len(bottom))
        below = float(bottom[drawn].sum())
        if below > 0:
            samples.append(top[drawn].sum(axis=0) / below)
    values = top.sum(axis=0) / bottom.sum()
    return [figure_of(float(value), [float(sample[k]) for sample in samples]) for k, value in enumerate(values)]


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
