"""Columns that mostly tell *when* a lead came, such as a price index or the month, rather than what it is.

In the future they take values that mean something else, or that nobody has seen: what trees learnt from them about the
past is memory, not knowledge.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Floats = npt.NDArray[np.float64]
MOSTLY = 0.75  # of the variance of time
_BINS = 32


def tells_time(values: Floats, cutoff: npt.ArrayLike, levels: Sequence[Any] | None) -> float:
    """Share of the variance of the rank of time that a column explains.

    Numbers are cut into at most 32 bins of equal mass; the share is adjusted for the number of bins or levels, so that
    a column of noise has about 0.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Numbers, or codes of a category; NaN is null, a value like any other.
    cutoff : array-like of shape (n,)
        UTC seconds.
    levels : sequence, optional
        Of a category; None for a number.

    Returns
    -------
    float
        At most 1; 0 where all cutoffs are equal.

    References
    ----------
    Correlation ratio: Fisher, Statistical methods for research workers, 1925; adjusted as in Kelley, PNAS 1935. The
    question asked of each column alone is that of adversarial validation.

    Examples
    --------
    >>> time = np.arange(400)
    >>> index, noise = time // 100 * 1.5, np.random.default_rng(0).normal(size=400)
    >>> round(tells_time(index, time, None), 2), round(abs(tells_time(noise, time, None)), 1)
    (0.94, 0.0)
    """
    rank = rankdata(np.asarray(cutoff))
    if np.ptp(rank) == 0:
        return 0.0
    group = _groups(values, levels)
    n = np.bincount(group)
    within = rank - (np.bincount(group, weights=rank) / np.maximum(n, 1))[group]
    free = len(rank) - np.count_nonzero(n)
    if free <= 0:
        return 0.0
    return float(1.0 - (within @ within / free) / rank.var(ddof=1))


def _groups(values: Floats, levels: Sequence[Any] | None) -> npt.NDArray[np.int64]:
    null = np.isnan(values)
    if levels is not None:
        return np.where(null, len(levels), values).astype(np.int64)
    if null.all():
        return np.zeros(len(values), dtype=np.int64)
    edges = np.unique(np.quantile(values[~null], np.arange(1, _BINS) / _BINS))
    return np.where(null, len(edges) + 1, np.searchsorted(edges, values, side="right")).astype(np.int64)
