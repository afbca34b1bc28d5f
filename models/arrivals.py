"""Whether rows still arrive as they did: silence, volume, and shares of the newest rows beside earlier ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.watching import Finding

Ints = npt.NDArray[np.int64]
BLOCK_DAYS = 28
_MOST_BLOCKS = 12
_FEWEST_BLOCKS = 3
_LEAST_SILENCE_DAYS = 4.0
_FEWEST_DAYS = 30
_FACTOR = 2.0
# A move must also be beyond what blocks showed by themselves, by this factor.
_BEYOND = 1.25
# Standard errors from which on a share has moved: some fifty are looked at every night, for years.
_Z = 5.0


def silence(table: str, days: Ints, now: float) -> Finding | None:
    """Tell a table that has fallen silent.

    Parameters
    ----------
    table : str
        Its name.
    days : ndarray of int64
        Distinct days with rows, ascending.
    now : float
        End of the data, in days.

    Returns
    -------
    Finding, optional
        Where it has been silent for 4 days, and twice as long as ever in the year before; a table with fewer than 30
        days of rows is not judged.

    Examples
    --------
    >>> silence("events", np.arange(100), 106.5)
    Finding(kind='silent_table', about='events', value=7.5, limit=4.0, facts={})
    >>> silence("events", np.arange(100), 101.0) is None
    True
    """
    if len(days) < _FEWEST_DAYS:
        return None
    year = days[days > days[-1] - 365]
    limit = max(_LEAST_SILENCE_DAYS, 2.0 * float(np.diff(year).max(initial=1)))
    silent = now - float(days[-1])
    return Finding("silent_table", table, silent, limit) if silent > limit else None


def volume(table: str, days: Ints, counts: Ints, now: float, facts: Mapping[str, Any] | None = None) -> Finding | None:
    """Tell a table whose newest four weeks hold far more or fewer rows than usual.

    Parameters
    ----------
    table : str
        Its name.
    days, counts : ndarray of int64 of shape (k,)
        Days with rows, ascending, and how many.
    now : float
        End of the data, in days.
    facts : mapping, optional
        What else the words should name.

    Returns
    -------
    Finding, optional
        Where they hold twice or half as many as the median of the blocks of four weeks before, beyond every one of
        these, and it is no chance; its value is the ratio. With fewer than three blocks nothing is judged.

    References
    ----------
    Significance: difference of the square roots of two counts, whose variance is a quarter each (Anscombe, 1948), or
    what the blocks themselves show where that is more.

    Examples
    --------
    >>> days = np.arange(140)
    >>> steady, campaign = np.full(140, 10), np.where(days >= 112, 35, 10)
    >>> volume("leads", days, steady, 140.0) is None, volume("leads", days, campaign, 140.0).value
    (True, 3.5)
    """
    block = np.floor(np.maximum(now - 1e-9 - days, 0.0) / BLOCK_DAYS).astype(np.int64)
    n_blocks = min(int((now - float(days[0])) // BLOCK_DAYS) if len(days) else 0, _MOST_BLOCKS + 1)
    if n_blocks <= _FEWEST_BLOCKS:
        return None
    inside = block < n_blocks
    sums = np.bincount(block[inside], weights=counts[inside], minlength=n_blocks)
    newest, before = float(sums[0]), sums[1:]
    usual = float(np.median(before))
    if usual <= 0:
        return None
    ratio = newest / usual
    beyond = newest > _BEYOND * before.max() or newest < before.min() / _BEYOND
    error = max(np.sqrt(0.5), float(np.std(np.sqrt(before))))
    sure = abs(np.sqrt(newest) - np.sqrt(usual)) / error > _Z / np.sqrt(2)
    if not (beyond and sure and not 1 / _FACTOR < ratio < _FACTOR):
        return None
    limit = _FACTOR if ratio > 1 else 1 / _FACTOR
    return Finding("volume", table, ratio, limit, {"n": int(newest), "usual": int(usual), **(facts or {})})


def share_moved(k: float, n: float, k_before: float, n_before: float, least: float) -> bool:
    """Whether a share has moved by at least so much, and not by chance.

    Parameters
    ----------
    k, n : float
        Newest rows that have it, and all newest rows.
    k_before, n_before : float
        The same before.
    least : float
        Least move, 0 to 1.

    Returns
    -------
    bool
        With 30 rows on either side at least, and five standard errors.

    Examples
    --------
    >>> share_moved(10, 100, 60, 100, 0.2), share_moved(5, 10, 9, 10, 0.2), share_moved(55, 100, 60, 100, 0.2)
    (True, False, False)
    """
    if min(n, n_before) < 30:
        return False
    pooled = (k + k_before) / (n + n_before)
    error = np.sqrt(max(pooled * (1 - pooled), 1e-12) * (1 / n + 1 / n_before))
    move = abs(k / n - k_before / n_before)
    return bool(move >= least and move > _Z * error)
