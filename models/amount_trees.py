"""Trees for the logarithm of what a deal brings; apart, so that who only reads a model does not load LightGBM."""

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from models.folds import group_folds, trimmed

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_FOLDS, _MOST_ROUNDS = 5, 150


def grow(
    matrix: Floats,
    target: Floats,
    weight: Floats,
    lead: Ints,
    categories: list[int],
    seed: int,
    num_threads: int,
) -> tuple[tuple[str, ...], Floats]:
    """Grow a model without each fold; also what each says of the rows that it has not seen.

    Parameters
    ----------
    matrix : ndarray of shape (n, m)
        Numbers, positions of levels, NaN for null.
    target : ndarray of shape (n,)
        Logarithms of the amounts, centred.
    weight : ndarray of shape (n,)
        Of each row.
    lead : ndarray of shape (n,)
        Whose row: a lead is in one fold.
    categories : list of int
        Columns that are categories.
    seed, num_threads : int
        Of folds and trees; threads change nothing.

    Returns
    -------
    tuple of (tuple of str, ndarray of shape (n,))
        Boosters as LightGBM writes them, and the predictions for rows out of fold.
    """
    fold = group_folds(lead, np.ones(len(lead)), _FOLDS, seed)
    params = {
        "objective": "regression",
        "metric": "l2",
        "learning_rate": 0.1,
        "num_leaves": 8,
        "max_depth": 4,
        "min_data_in_leaf": int(np.clip(len(target) // 20, 3, 20)),
        "feature_fraction": 0.8,
        "lambda_l2": 3.0,
        "cat_smooth": 20.0,
        "boost_from_average": False,
        "feature_pre_filter": False,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": num_threads,
        "verbosity": -1,
    }
    data = lgb.Dataset(matrix, target, weight=weight, categorical_feature=categories, params=params).construct()
    grown, curves = [], []
    for k in range(_FOLDS):
        curve: dict[str, dict[str, list[float]]] = {}
        grown.append(
            lgb.train(
                {**params, "seed": seed + k},
                data.subset(np.flatnonzero(fold != k).tolist()),
                num_boost_round=_MOST_ROUNDS,
                valid_sets=[data.subset(np.flatnonzero(fold == k).tolist())],
                valid_names=["unseen"],
                callbacks=[lgb.record_evaluation(curve)],
            )
        )
        curves.append(curve["unseen"]["l2"])
    # One number of trees for all folds: chosen fold by fold, the unseen rows would flatter the model.
    rounds = int(np.argmin(np.mean(curves, axis=0))) + 1
    unseen = np.empty(len(target))
    for k, booster in enumerate(grown):
        out = np.asarray(booster.predict(matrix[fold == k], num_iteration=rounds, num_threads=num_threads))
        unseen[fold == k] = out
    return tuple(trimmed(booster, rounds).model_to_string() for booster in grown), unseen
