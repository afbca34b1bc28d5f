"""Bins: the finitely many values of a feature that the splits of a model can tell apart.

All thresholds of a model cut the axis of a number into intervals; NaN is one bin more and, where a split takes
zero for missing, zero as well. Each category code is a bin, and one bin holds all that goes right everywhere:
null, negative and never seen codes.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from features.errors import DataError
from models.booster_text import Split

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# LightGBM reads numbers up to this size as zero: kZeroThreshold, a float32.
ZERO = float(np.float32(1e-35))
UNUSED, NUMBER, CATEGORY = 0, 1, 2


class Bins(NamedTuple):
    """Bins of every feature (a named tuple, so that numba can read it).

    A number ``x`` is in bin ``#{threshold < x}``; after these ``K + 1`` intervals come, where ``zero_bin`` is set,
    zero, and then NaN. A category code ``c`` is in bin ``c + 1``, everything else in bin 0.

    Attributes
    ----------
    kind : ndarray of shape (m,)
        ``UNUSED``, ``NUMBER`` or ``CATEGORY``.
    threshold_start : ndarray of shape (m + 1,)
        Where each feature's thresholds begin.
    thresholds : ndarray of float
        Increasing within a feature.
    zero_bin : ndarray of bool, shape (m,)
        Whether zero has a bin of its own.
    n_bins : ndarray of shape (m,)
        0 for a feature that no split reads.
    """

    kind: Ints
    threshold_start: Ints
    thresholds: Floats
    zero_bin: Flags
    n_bins: Ints

    @classmethod
    def of(cls, splits: Sequence[Split], n_features: int) -> Self:
        """Cut every feature where any of the splits does.

        Parameters
        ----------
        splits : sequence of Split
            All splits of the model.
        n_features : int
            Columns of the matrix.

        Returns
        -------
        Bins

        Raises
        ------
        DataError
            One feature is split both as a number and as a category.
        """
        cuts: list[set[float]] = [set() for _ in range(n_features)]
        top = [-1] * n_features
        kind = np.zeros(n_features, dtype=np.int64)
        zero_bin = np.zeros(n_features, dtype=np.bool_)
        for split in splits:
            this = NUMBER if split.left_levels is None else CATEGORY
            if kind[split.feature] not in {UNUSED, this}:
                raise DataError(
                    f"booster text: feature {split.feature} is a number in one split and a category in another; train "
                    "all boosters of a model on the same columns."
                )
            kind[split.feature] = this
            if split.left_levels is None:
                cuts[split.feature].add(split.threshold)
                zero_bin[split.feature] |= split.missing == "zero"
            else:
                top[split.feature] = max((top[split.feature], *split.left_levels))
        sorted_cuts = [sorted(cut) for cut in cuts]
        start = np.concatenate([[0], np.cumsum([len(cut) for cut in cuts])]).astype(np.int64)
        numbers = np.diff(start) + 2 + zero_bin
        n_bins = np.where(kind == NUMBER, numbers, np.where(kind == CATEGORY, np.array(top) + 2, 0))
        thresholds = np.array([threshold for cut in sorted_cuts for threshold in cut], dtype=np.float64)
        return cls(kind, start, thresholds, zero_bin, n_bins.astype(np.int64))

    def goes_left(self, split: Split) -> Flags:
        """Say for each bin of its feature which way a split sends it.

        Parameters
        ----------
        split : Split
            One of those that made the bins.

        Returns
        -------
        ndarray of bool, shape (n_bins[split.feature],)

        References
        ----------
        LightGBM, ``include/LightGBM/tree.h``: ``NumericalDecision``, ``CategoricalDecision``.

        Examples
        --------
        >>> split = Split(0, 0.5, None, "nan", default_left=True)
        >>> Bins.of([split, Split(0, 2.0, None, "nan", default_left=False)], 1).goes_left(split)
        array([ True, False, False,  True])
        """
        f = split.feature
        left = np.zeros(self.n_bins[f], dtype=np.bool_)
        if split.left_levels is not None:
            left[np.array(split.left_levels, dtype=np.int64) + 1] = True
            return left
        cut = self.thresholds[self.threshold_start[f] : self.threshold_start[f + 1]]
        left[: np.searchsorted(cut, split.threshold) + 1] = True
        zero_left = split.threshold >= 0.0
        if self.zero_bin[f]:
            left[-2] = split.default_left if split.missing == "zero" else zero_left
        left[-1] = zero_left if split.missing == "none" else split.default_left
        return left
