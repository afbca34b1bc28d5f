"""Around the trees: the matrix that they read, the folds that they grow on, the average of their margins."""

import re
from collections.abc import Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

_THREADS = re.compile(r"^\[num_threads: -?\d+\]\n", re.MULTILINE)
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def encode(X: pd.DataFrame, levels: Sequence[Sequence[Any] | None] | None = None) -> Floats:
    """Turn a frame of numbers and categories into the float matrix that the trees read.

    Parameters
    ----------
    X : pandas.DataFrame of shape (n, m)
        Numeric columns and columns of pandas ``category`` dtype.
    levels : sequence of length m, optional
        For each column its levels, or None where it is a number. By default the frame's own.

    Returns
    -------
    ndarray of shape (n, m), float64
        Numbers as they are; a category as the position of its level; NaN for null and for unknown levels.

    Examples
    --------
    >>> frame = pd.DataFrame({"n": [1.5, None], "c": pd.Categorical(["b", "z"], categories=["a", "b", "z"])})
    >>> encode(frame, [None, ["a", "b"]])
    array([[1.5, 1. ],
           [nan, nan]])
    """
    out = np.empty(X.shape, dtype=np.float64, order="C")
    for j, name in enumerate(X.columns):
        column = X[name]
        known = levels[j] if levels is not None else None
        if isinstance(column.dtype, pd.CategoricalDtype):
            if known is not None and list(column.cat.categories) != list(known):
                column = column.cat.set_categories(known)
            codes = column.cat.codes.to_numpy()
            out[:, j] = np.where(codes < 0, np.nan, codes)
        else:
            out[:, j] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return out


def group_folds(groups: npt.ArrayLike, y: npt.ArrayLike, n_folds: int, seed: int) -> Ints:
    """Give every row a fold: no group is in two, each has its share of positive groups.

    A group is positive when one of its rows is. Within each kind, groups are dealt out in seeded random
    order, which depends on the ids and not on the order of rows.

    Parameters
    ----------
    groups, y : array-like of shape (n,)
        Group of each row; label 0 or 1.
    n_folds : int
        At least 2.
    seed : int
        Of the deal.

    Returns
    -------
    ndarray of shape (n,), int64
        Fold numbers, 0 to n_folds - 1.

    Examples
    --------
    >>> group_folds(["a", "a", "b", "c", "d"], [0, 1, 0, 1, 0], 2, seed=0)
    array([1, 1, 0, 0, 1])
    """
    codes, names = pd.factorize(np.asarray(groups), sort=True)
    positive = np.bincount(codes, weights=np.asarray(y, dtype=np.float64), minlength=len(names)) > 0
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(names))
    dealt = np.concatenate([shuffled[positive[shuffled]], shuffled[~positive[shuffled]]])
    fold = np.empty(len(names), dtype=np.int64)
    fold[dealt] = np.arange(len(names)) % n_folds
    return fold[codes]


def trimmed(booster: lgb.Booster, n_trees: int) -> lgb.Booster:
    """Keep the first trees of a booster, and nothing of how many threads grew them.

    Parameters
    ----------
    booster : lightgbm.Booster
        As trained.
    n_trees : int
        Rounds to keep.

    Returns
    -------
    lightgbm.Booster
        Its text is the same whatever ``num_threads`` was.
    """
    return lgb.Booster(model_str=_THREADS.sub("", booster.model_to_string(num_iteration=n_trees)))


def average_margin(boosters: Sequence[lgb.Booster], matrix: Floats, num_threads: int) -> Floats:
    """Mean margin of several boosters.

    Parameters
    ----------
    boosters : sequence of lightgbm.Booster
        At least one.
    matrix : ndarray of shape (n, m)
        From `encode`.
    num_threads : int
        Of LightGBM; the result does not depend on it.

    Returns
    -------
    ndarray of shape (n,)
        Log-odds.
    """
    total = np.zeros(len(matrix))
    for booster in boosters:
        total += booster.predict(matrix, raw_score=True, num_threads=num_threads)
    return total / len(boosters)
