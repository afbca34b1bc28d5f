"""Contributions of a few rows, straight from the paths of the leaves: no table is filled, nothing is translated.

What `models.pattern_kernel` computes for all rows there could be, this computes for those that are there, in array
operations over the leaves. A row costs milliseconds instead of microseconds; the first one does not wait for the
translation, and neither numba nor LightGBM is in the memory of a process that shows leads one by one.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from models.pattern_bins import CATEGORY, NUMBER, ZERO, Bins
from models.pattern_layout import Leaves, Lines

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_LINES = 1 << 16
_legendre = lru_cache(np.polynomial.legendre.leggauss)


class _Paths(NamedTuple):
    """Leaves whose paths go over equally many features, a column each: sums over columns are fast.

    Attributes
    ----------
    value : ndarray of shape (n,)
        Log-odds.
    share : ndarray of shape (k, n)
        Of cover, of each feature of the path.
    feature : ndarray of shape (k, n)
        Which column of the matrix.
    place : ndarray of shape (k, n)
        Which feature of which group.
    meets_start : ndarray of shape (k, n)
        Where its classes begin in ``Leaves.meets``.
    """

    value: Floats
    share: Floats
    feature: Ints
    place: Ints
    meets_start: Ints

    def contributions(self, meets: Floats, n_features: int) -> Floats:
        """Shapley values of the features in the games of these leaves, added up; see `pattern_kernel.fill_tables`.

        Parameters
        ----------
        meets : ndarray of shape (k, n)
            1 where a row meets all splits of the path on the feature, else 0.
        n_features : int
            Columns of the matrix.

        Returns
        -------
        ndarray of shape (n_features,)
            Log-odds.
        """
        total = np.zeros(self.share.shape)
        # The integrand is a polynomial of degree k - 1: half as many nodes integrate it exactly.
        for node, weight in zip(*_legendre((len(self.share) + 1) // 2), strict=True):
            t = (node + 1) / 2
            factor = (1 - t) * self.share + t * meets
            total += weight / 2 * factor.prod(axis=0) / factor
        points = self.value * (meets - self.share) * total
        return np.bincount(self.feature.ravel(), points.ravel(), n_features).astype(np.float64, copy=False)


class Paths(NamedTuple):
    """The leaves of a model, by the length of their paths, and how a row finds which splits it meets.

    Attributes
    ----------
    bins : Bins
    lines : Lines
    stride, n_classes : ndarray
        By feature of a group: how its class is read off the group's line.
    group : ndarray
        By feature of a group: which group.
    meets : ndarray of float
        Of ``Leaves``.
    by_length : tuple of _Paths
    """

    bins: Bins
    lines: Lines
    stride: Ints
    n_classes: Ints
    group: Ints
    meets: Floats
    by_length: tuple[_Paths, ...]

    @classmethod
    def of(cls, bins: Bins, lines: Lines, leaves: Leaves) -> Self:
        """Sort the leaves of a model by the length of their paths.

        Parameters
        ----------
        bins, lines, leaves : Bins, Lines, Leaves
            Of one model.

        Returns
        -------
        Paths
        """
        n_groups = len(leaves.leaf_start) - 1
        strides = [
            np.concatenate([[1], np.cumprod(leaves.n_classes[a:b])[:-1]]) if b > a else np.empty(0)
            for a, b in pairwise(leaves.feature_start)
        ]
        group_of_leaf = np.repeat(np.arange(n_groups), np.diff(leaves.leaf_start))
        length = np.diff(leaves.path_start)
        by_length = []
        for k in np.unique(length[length > 0]):
            leaf = np.flatnonzero(length == k)
            entry = leaves.path_start[leaf] + np.arange(k)[:, None]
            place = leaves.feature_start[group_of_leaf[leaf]] + leaves.position[entry]
            by_length.append(
                _Paths(
                    value=leaves.value[leaf],
                    share=leaves.share[entry],
                    feature=leaves.feature[place],
                    place=place,
                    meets_start=leaves.meets_start[entry],
                )
            )
        return cls(
            bins=bins,
            lines=lines,
            stride=np.concatenate([*strides, np.empty(0)]).astype(np.int64),
            n_classes=leaves.n_classes,
            group=np.repeat(np.arange(n_groups), np.diff(leaves.feature_start)),
            meets=leaves.meets.astype(np.float64),
            by_length=tuple(by_length),
        )

    def contributions(self, matrix: Floats) -> Floats:
        """Path-dependent SHAP values of some rows.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            As for `models.pattern_tables.PatternTables.contributions`.

        Returns
        -------
        ndarray of shape (n, m)
            Log-odds; those of the tables but for rounding.
        """
        out = np.zeros(matrix.shape)
        for i, row in enumerate(matrix):
            of_class = self._line(self._bins(row))[self.group] // self.stride % self.n_classes
            for paths in self.by_length:
                meets = self.meets[paths.meets_start + of_class[paths.place]]
                out[i] += paths.contributions(meets, matrix.shape[1])
        return out

    def _bins(self, row: Floats) -> Ints:
        """Bin of each value; `Bins` says which that is."""
        bins = self.bins
        row = np.where(np.abs(row) <= ZERO, 0.0, row)
        below = bins.thresholds < np.repeat(row, np.diff(bins.threshold_start))
        number = _sums(below, bins.threshold_start)
        number = np.where(bins.zero_bin & (row == 0.0), bins.n_bins - 2, number)
        number = np.where(np.isnan(row), bins.n_bins - 1, number)
        known = (row > -1.0) & (row < bins.n_bins - 1.0)
        category = np.where(known, np.where(known, row, 0.0).astype(np.int64) + 1, 0)
        return np.where(bins.kind == NUMBER, number, np.where(bins.kind == CATEGORY, category, 0))

    def _line(self, bin_: Ints) -> Ints:
        """Line of the row in the table of each group, were there tables."""
        lines = self.lines
        steps = np.where(bin_[lines.step_feature] > lines.step_bin, lines.step_rise.astype(np.int64), 0)
        maps = lines.maps[lines.map_offset + bin_[lines.map_feature]]
        return (lines.origin + _sums(steps, lines.step_start) + _sums(maps, lines.map_start)) % _LINES


def _sums(values: npt.NDArray[np.generic], start: Ints) -> Ints:
    """Sums of consecutive runs of whole numbers, of which some may be empty."""
    until: Ints = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    return until[start[1:]] - until[start[:-1]]
