"""Figures of probabilistic ranking, all weighted, so that one bootstrap by lead serves them all."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]
CLIP = 1e-15


def wilson(k: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson interval of a share.

    Parameters
    ----------
    k, n : float
        Successes and trials, 0 <= k <= n.
    confidence : float
        0 to 1.

    Returns
    -------
    tuple of float
        Lower and upper end; (0, 1) without trials.

    References
    ----------
    Wilson, Probable inference, JASA 1927.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    if n <= 0:
        return 0.0, 1.0
    z = float(ndtri(0.5 + confidence / 2))
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * float(np.sqrt(max(k * (n - k) / n + z * z / 4, 0.0)))
    return max(0.0, centre - half), min(1.0, centre + half)


def log_loss(y: Floats, p: Floats, w: Floats) -> float:
    """Weighted mean of minus the log of the probability given to what happened.

    Parameters
    ----------
    y, p, w : ndarray of shape (n,)
        Labels 0 or 1, probabilities, weights.

    Returns
    -------
    float
        >= 0, nats.

    Examples
    --------
    >>> round(log_loss(np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.ones(2)), 4)
    0.6931
    """
    q = np.clip(p, CLIP, 1 - CLIP)
    return float(-(w @ np.where(y == 1, np.log(q), np.log1p(-q))) / w.sum())


def brier(y: Floats, p: Floats, w: Floats) -> float:
    """Weighted mean squared error of probabilities.

    Parameters
    ----------
    y, p, w : ndarray of shape (n,)
        Labels 0 or 1, probabilities, weights.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> brier(np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.ones(2))
    0.25
    """
    return float(w @ (p - y) ** 2 / w.sum())


def auc(y: Floats, score: Floats, w: Floats) -> float:
    """Chance that a won row ranks above a lost one, ties counted half.

    Parameters
    ----------
    y, score, w : ndarray of shape (n,)
        Labels 0 or 1, any ranking score, weights.

    Returns
    -------
    float
        0 to 1; NaN when one class is absent.

    Examples
    --------
    >>> auc(np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 2.0]), np.ones(3))
    0.75
    """
    return auc_of_ranks(y, pd.factorize(score, sort=True)[0], w)


def auc_of_ranks(y: Floats, rank: npt.NDArray[np.intp], w: Floats) -> float:
    """`auc` of rows already ranked from 0 without holes: what a bootstrap repeats is linear in the rows."""
    won = np.bincount(rank, weights=w * y)
    lost = np.bincount(rank, weights=w * (1 - y))
    pairs = won.sum() * lost.sum()
    if pairs <= 0:
        return float("nan")
    below = np.cumsum(lost) - lost
    return float(won @ (below + lost / 2) / pairs)


def equal_mass_bins(p: Floats, n_bins: int) -> npt.NDArray[np.int64]:
    """Bin of each row such that bins hold about as many rows; equal probabilities share a bin.

    Parameters
    ----------
    p : ndarray of shape (n,)
        Probabilities.
    n_bins : int
        At most this many.

    Returns
    -------
    ndarray of shape (n,)
        Bin numbers from 0, some possibly unused.

    Examples
    --------
    >>> equal_mass_bins(np.array([0.3, 0.1, 0.1, 0.9]), 2).tolist()
    [1, 0, 0, 1]
    """
    edges = np.unique(np.quantile(p, np.arange(1, n_bins) / n_bins, method="higher"))
    return np.searchsorted(edges, p, side="right").astype(np.int64)


def ece(y: Floats, p: Floats, w: Floats, n_bins: int = 10) -> float:
    """Expected calibration error: mean gap between stated and observed share over equal-mass bins.

    Parameters
    ----------
    y, p, w : ndarray of shape (n,)
        Labels 0 or 1 (or true probabilities), probabilities, weights.
    n_bins : int
        Of equal mass.

    Returns
    -------
    float
        0 to 1.

    References
    ----------
    Naeini, Cooper, Hauskrecht, AAAI 2015; equal mass: Nixon et al., 2019.

    Examples
    --------
    >>> ece(np.array([0.0, 1.0, 0.0, 1.0]), np.full(4, 0.25), np.ones(4))
    0.25
    """
    return ece_of_bins(y, p, w, equal_mass_bins(p, n_bins))


def ece_of_bins(y: Floats, p: Floats, w: Floats, bins: npt.NDArray[np.int64]) -> float:
    """`ece` of rows already in their bins."""
    return float(np.abs(np.bincount(bins, weights=w * (y - p))).sum() / w.sum())


def gain_at(y: Floats, score: Floats, w: Floats, share: float) -> float:
    """Share of the wins found among the best-ranked share of rows (ties cut in proportion).

    Parameters
    ----------
    y, score, w : ndarray of shape (n,)
        Labels 0 or 1, any ranking score, weights.
    share : float
        Of the rows' weight, 0 to 1.

    Returns
    -------
    float
        0 to 1; NaN without wins.

    Examples
    --------
    >>> gain_at(np.array([1.0, 0.0, 1.0, 0.0]), np.array([9.0, 5.0, 5.0, 1.0]), np.ones(4), 0.5)
    0.75
    """
    return float(gains(y, pd.factorize(score, sort=True)[0], w, np.array([share]))[0])


def gains(y: Floats, rank: npt.NDArray[np.intp], w: Floats, shares: Floats) -> Floats:
    """`gain_at` several shares, of rows already ranked from 0 without holes."""
    mass = np.concatenate([[0.0], np.cumsum(np.bincount(rank, weights=w)[::-1])])
    won = np.concatenate([[0.0], np.cumsum(np.bincount(rank, weights=w * y)[::-1])])
    if won[-1] <= 0:
        return np.full(len(shares), np.nan)
    return np.asarray(np.interp(shares * mass[-1], mass, won) / won[-1])


def lift_at(y: Floats, score: Floats, w: Floats, share: float) -> float:
    """Conversion among the best-ranked share of rows, divided by the base rate.

    Parameters
    ----------
    y, score, w : ndarray of shape (n,)
        Labels 0 or 1, any ranking score, weights.
    share : float
        Of the rows' weight, in (0, 1].

    Returns
    -------
    float
        1 for a random order; NaN without wins.

    Examples
    --------
    >>> lift_at(np.array([1.0, 0.0, 0.0, 0.0]), np.array([4.0, 3.0, 2.0, 1.0]), np.ones(4), 0.25)
    4.0
    """
    return gain_at(y, score, w, share) / share


def gain_curve(y: Floats, score: Floats, w: Floats, points: int = 20) -> list[dict[str, float]]:
    """Share of wins captured, conversion's lift and threshold at equally spaced shares of leads.

    Parameters
    ----------
    y, score, w : ndarray of shape (n,)
        Labels 0 or 1, any ranking score, weights.
    points : int
        Of the curve, the last at share 1.

    Returns
    -------
    list of dict
        Keys ``share``, ``gain``, ``lift``.

    Examples
    --------
    >>> gain_curve(np.array([1.0, 0.0]), np.array([2.0, 1.0]), np.ones(2), points=2)
    [{'share': 0.5, 'gain': 1.0, 'lift': 2.0}, {'share': 1.0, 'gain': 1.0, 'lift': 1.0}]
    """
    shares = np.arange(1, points + 1) / points
    captured = gains(y, pd.factorize(score, sort=True)[0], w, shares)
    return [{"share": float(s), "gain": float(g), "lift": float(g / s)} for s, g in zip(shares, captured, strict=True)]


def reliability(y: Floats, p: Floats, w: Floats, n_bins: int = 10) -> list[dict[str, float]]:
    """Stated against observed conversion by equal-mass bins, with Wilson intervals.

    Parameters
    ----------
    y, p, w : ndarray of shape (n,)
        Labels 0 or 1, probabilities, weights.
    n_bins : int
        At most this many.

    Returns
    -------
    list of dict
        Keys ``n`` (rows), ``stated``, ``observed``, ``low``, ``high``; ascending in ``stated``. The interval
        counts weighted rows at their effective number, ``(sum w)^2 / sum w^2``.

    Examples
    --------
    >>> [(bin["n"], bin["stated"], bin["observed"]) for bin in
    ...  reliability(np.array([0.0, 1.0, 1.0, 1.0]), np.array([0.2, 0.2, 0.8, 0.8]), np.ones(4), 2)]
    [(2, 0.2, 0.5), (2, 0.8, 1.0)]
    """
    bins = equal_mass_bins(p, n_bins)
    out = []
    for k in np.unique(bins):
        here = bins == k
        weight = w[here]
        observed = float(weight @ y[here] / weight.sum())
        effective = float(weight.sum() ** 2 / (weight**2).sum())
        low, high = wilson(observed * effective, effective)
        stated = float(weight @ p[here] / weight.sum())
        out.append({"n": int(here.sum()), "stated": stated, "observed": observed, "low": low, "high": high})
    return out
