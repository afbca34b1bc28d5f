"""Whether values are still spread as they were in training: fixed bins, how far they moved, and whether that is chance.

A large run makes every tiny move significant and a small one makes chance look large. So a shift is told only where
both speak: its size (PSI) is above what the months before training showed by themselves, and a test says that it is no
chance, at a level that holds for all columns together (`holm`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
N_BINS = 10
MOST_LEVELS = 30
# A bin without rows has this share, as in the tools of the field: PSI would be infinite.
FLOOR = 1e-4
_STRETCHES = 6
# The share of all levels beyond the most frequent ones.
REST = "(rest)"


@dataclass(frozen=True)
class Bins:
    """How the known values of one column were spread.

    Attributes
    ----------
    edges : tuple of float
        Of a number: bin k holds the values above ``edges[k - 1]`` up to ``edges[k]``, the last one those above all.
    levels : tuple of str
        Of a category: one bin per level, and one for all others.
    shares : tuple of float
        Of the known values, by bin.
    n : int
        Leads behind them.
    null : float
        Share of rows without a value.
    usual : float
        Largest PSI that a month showed beside the months before, when nothing was known to be wrong.
    usual_null : tuple of 2 float
        Least and greatest share of rows without a value in a month.
    """

    edges: tuple[float, ...]
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    n: int
    null: float
    usual: float = 0.0
    usual_null: tuple[float, float] = (0.0, 1.0)

    @classmethod
    def of(cls, values: "pd.Series[Any]", leads: npt.ArrayLike, *, is_category: bool) -> Self:
        """Cut the values of a reference.

        Parameters
        ----------
        values : pandas.Series of n rows
            Numbers or texts; null where unknown.
        leads : array-like of shape (n,)
            Lead of each row.
        is_category : bool
            Whether they are texts.

        Returns
        -------
        Bins
            Tenths of equal mass (fewer where values repeat), or the thirty most frequent levels.

        Examples
        --------
        >>> Bins.of(pd.Series([0, 0, 0, 0, 1, 2]), range(6), is_category=False).edges
        (0.0, 1.0, 2.0)
        >>> Bins.of(pd.Series(["a", "b", "a", None]), range(4), is_category=True).shares
        (0.6666666666666666, 0.3333333333333333, 0.0)
        """
        edges: tuple[float, ...] = ()
        levels: tuple[str, ...] = ()
        if is_category:
            counts = values.dropna().astype("str").value_counts()
            ordered = sorted(counts.index, key=lambda level: (-counts[level], level))
            levels = tuple(ordered[:MOST_LEVELS])
        else:
            known = _finite(values)
            if len(known):
                edges = tuple(
                    np.unique(np.quantile(known, np.arange(1, N_BINS) / N_BINS, method="inverted_cdf")).tolist()
                )
        blank = cls(edges, levels, (), 0, 0.0)
        counted = blank.count(values)
        total = max(counted.sum(), 1)
        null = 1 - float(counted.sum()) / max(len(values), 1)
        n = len(np.unique(np.asarray(leads)))
        return cls(edges, levels, tuple((counted / total).tolist()), n, null)

    def count(self, values: "pd.Series[Any]") -> Ints:
        """Count the known values of each bin.

        Parameters
        ----------
        values : pandas.Series of n rows
            Numbers or texts; null where unknown.

        Returns
        -------
        ndarray of int64, one more than edges or levels
        """
        if self.levels:
            place = pd.Index(self.levels).get_indexer(pd.Index(values.dropna().astype("str")))
            return np.bincount(np.where(place < 0, len(self.levels), place), minlength=len(self.levels) + 1)
        if not self.edges:
            return np.array([int(values.notna().sum())])
        place = np.searchsorted(np.asarray(self.edges), _finite(values), side="left")
        return np.bincount(place, minlength=len(self.edges) + 1)

    @property
    def names(self) -> tuple[str, ...]:
        """Levels in the order of the bins; empty for a number."""
        return (*self.levels, REST) if self.levels else ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote, straight or through JSON."""
        pairs: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**pairs)


@dataclass(frozen=True)
class Shift:
    """How far one column has moved.

    Attributes
    ----------
    psi, ks : float
        Population stability index of the bins; largest gap of the cumulated shares (0 for a category).
    p_value : float
        Chance of as much were nothing changed: Kolmogorov-Smirnov for numbers, chi-square for categories.
    null, null_p_value : float
        Share of rows without a value, and the chance of as large a change of it.
    """

    psi: float
    ks: float
    p_value: float
    null: float
    null_p_value: float


def measure(bins: Bins, values: "pd.Series[Any]") -> Shift:
    """Hold the values of a run against their reference.

    Parameters
    ----------
    bins : Bins
        The reference.
    values : pandas.Series of n rows
        One lead each; null where unknown.

    Returns
    -------
    Shift
        Of values that are all unknown, PSI is 0: their share says it.

    Examples
    --------
    >>> reference = Bins.of(pd.Series(np.arange(1000.0)), range(1000), is_category=False)
    >>> found = measure(reference, pd.Series(np.arange(500.0)))
    >>> round(found.psi, 2), round(found.ks, 2), found.p_value < 1e-6
    (3.8, 0.5, True)
    """
    counted = bins.count(values)
    n = int(counted.sum())
    null = 1 - n / max(len(values), 1)
    known_before = bins.n * (1 - bins.null)
    null_p = chi_square(np.array([bins.n - known_before, known_before]), np.array([len(values) - n, n]))
    if n == 0 or known_before == 0:
        return Shift(0.0, 0.0, 1.0, null, null_p)
    expected = np.asarray(bins.shares)
    size = psi(expected, counted / n)
    if bins.levels:
        return Shift(size, 0.0, chi_square(expected * known_before, counted), null, null_p)
    gap = ks(expected, counted / n)
    return Shift(size, gap, ks_p_value(gap, known_before, n), null, null_p)


def psi(expected: Floats, observed: Floats) -> float:
    """Population stability index of shares by bin.

    Parameters
    ----------
    expected, observed : ndarray of shape (k,)
        Shares, each summing to 1.

    Returns
    -------
    float
        0 or more; 0.1 is commonly called small, 0.25 large.

    References
    ----------
    Siddiqi, Credit risk scorecards, Wiley 2006, chapter 7.

    Examples
    --------
    >>> round(psi(np.array([0.5, 0.5]), np.array([0.8, 0.2])), 4)
    0.4159
    """
    a, b = (np.maximum(shares, FLOOR) for shares in (expected, observed))
    return float(((b - a) * np.log(b / a)).sum())


def ks(expected: Floats, observed: Floats) -> float:
    """Largest gap of cumulated shares; between the edges of bins it could only be larger.

    Examples
    --------
    >>> round(ks(np.array([0.5, 0.5]), np.array([0.8, 0.2])), 4)
    0.3
    """
    return float(np.abs(np.cumsum(observed) - np.cumsum(expected)).max())


def ks_p_value(gap: float, n: float, m: float) -> float:
    """Chance of as large a gap between two samples of one distribution.

    Examples
    --------
    >>> round(ks_p_value(0.1, 500, 500), 4)
    0.0125
    """
    return float(scipy.stats.kstwo.sf(gap, max(1, round(n * m / (n + m)))))


def chi_square(before: Floats, now: npt.ArrayLike) -> float:
    """Chance of counts as different were the shares of two samples the same.

    Parameters
    ----------
    before, now : array-like of shape (k,)
        Counts by bin; bins that are empty in both are left out.

    Returns
    -------
    float
        0 to 1; 1 where a sample is empty.

    Examples
    --------
    >>> round(chi_square(np.array([50.0, 50.0]), [60, 40]), 4)
    0.1552
    """
    table = np.vstack([np.asarray(before, dtype=np.float64), np.asarray(now, dtype=np.float64)])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or (table.sum(axis=1) == 0).any():
        return 1.0
    wanted = table.sum(axis=1)[:, None] * table.sum(axis=0)[None, :] / table.sum()
    return float(scipy.stats.chi2.sf(float(((table - wanted) ** 2 / wanted).sum()), table.shape[1] - 1))


def holm(p_values: Sequence[float], level: float) -> list[bool]:
    """Say which of many tests are significant, so that with this chance at most one of them is so by chance.

    Parameters
    ----------
    p_values : sequence of float
        0 to 1.
    level : float
        Of all together, inside (0, 1).

    Returns
    -------
    list of bool

    References
    ----------
    Holm, A simple sequentially rejective multiple test procedure, 1979.

    Examples
    --------
    >>> holm([0.001, 0.04, 0.02], 0.05)
    [True, True, True]
    >>> holm([0.03, 0.04, 0.02], 0.05)
    [False, False, False]
    """
    found = [False] * len(p_values)
    for rank, at in enumerate(np.argsort(p_values, kind="stable")):
        if p_values[at] > level / (len(p_values) - rank):
            break
        found[at] = True
    return found


def reference(values: "pd.Series[Any]", cohort: Ints, leads: npt.ArrayLike, *, is_category: bool) -> Bins:
    """Cut the newest half year of a column, and see how far months usually move.

    Parameters
    ----------
    values : pandas.Series of n rows
        Numbers or texts; null where unknown.
    cohort : ndarray of int64 of shape (n,)
        Month of each row, counted without holes in the order of time, or any other stretch.
    leads : array-like of shape (n,)
        Lead of each row.
    is_category : bool
        Whether they are texts.

    Returns
    -------
    Bins
        Of the newest six stretches. What is usual is measured as it will be looked at: each of them beside the six
        that ended half a year before it, or beside all six together where there are no older ones.

    Examples
    --------
    >>> month, value = np.repeat(np.arange(12), 100), np.tile(np.arange(100.0), 12)
    >>> [reference(pd.Series(value + trend * month), month, np.arange(1200), is_category=False).usual > 0.25
    ...  for trend in (0.0, 9.0)]
    [False, True]
    """
    last = int(cohort.max())
    who = np.asarray(leads)
    newest = cohort > last - _STRETCHES
    bins = Bins.of(values[newest], who[newest], is_category=is_category)
    moved, null = [0.0], []
    for k in range(max(0, last - _STRETCHES + 1), last + 1):
        then, here = (cohort <= k - _STRETCHES) & (cohort > k - 2 * _STRETCHES), cohort == k
        old = Bins.of(values[then], who[then], is_category=is_category) if then.any() else bins
        found = measure(old, values[here])
        # So much of it is chance: the mean of a chi-square of so many bins.
        moved.append(found.psi - (len(old.shares) - 1) * (1 / here.sum() + 1 / max(old.n, 1)))
        null.append(found.null)
    usual = float(max(moved))
    return Bins(bins.edges, bins.levels, bins.shares, bins.n, bins.null, usual, (min(null), max(null)))


def stretches(cutoff: Ints) -> Ints:
    """Months of the rows, counted without holes; twelve of equal mass where all lie within three months.

    Parameters
    ----------
    cutoff : ndarray of int64 of shape (n,)
        UTC seconds.

    Returns
    -------
    ndarray of int64 of shape (n,)
        From 0; all 0 where there is only one instant.

    Examples
    --------
    >>> stretches(np.array([0, 40, 80]) * 86_400).tolist(), stretches(np.array([5, 5])).tolist()
    ([0, 1, 2], [0, 0])
    """
    month = cutoff.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    if len(np.unique(month)) < 3:
        edges = np.unique(np.quantile(cutoff, np.arange(1, 12) / 12, method="higher"))
        month = np.searchsorted(edges, cutoff, side="left")
    return np.asarray(np.unique(month, return_inverse=True)[1], dtype=np.int64)


def _finite(values: "pd.Series[Any]") -> Floats:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(numbers[np.isfinite(numbers)])
