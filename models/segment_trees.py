"""What the rows of one segment say beyond the model of all leads: a level, a regression, and a few small trees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from models.folds import average_margin, trimmed
from models.learning import Learnt
from models.linear import LinearPart, Prior
from models.plan import TrainingPlan
from models.segment_models import Correction

Floats = npt.NDArray[np.float64]
Used = Literal["level", "linear", "trees"]
# What a correction is made of: a level alone, and how many members beside it.
USED: dict[Used, int] = {"level": 0, "linear": 1, "trees": 2}
# Labels, weights, fold of each row.
Taught = tuple[Floats, Floats, npt.NDArray[np.int64]]
Rows = tuple[Floats, Floats, Floats, npt.NDArray[Any]]
# Folds of the correction; a few small trees a fold, stopped where leads out of fold no longer gain.
_FOLDS, _MOST_ROUNDS, _PATIENCE = 4, 80, 15
# Penalties of the regression that are tried on leads out of fold; one will do where there are many rows.
_RIDGES, _RIDGE_OF_MANY, _MANY_ROWS = (3.0, 10.0, 30.0, 100.0), 10.0, 5000


@dataclass(frozen=True)
class Grown:
    """The correction of one segment, before anything is known of its worth.

    Attributes
    ----------
    level : float
        Log-odds, shrunk.
    linear : LinearPart
        Regression on what the level leaves, penalised as leads out of fold want it.
    boosters : tuple of lightgbm.Booster
        Averaged, on what the regression leaves; empty where no tree gains out of fold.
    unseen : ndarray of shape (k, 2)
        What regression and trees add to each row of the segment that they were fitted on, from those that have not seen
        its lead.
    num_threads : int
        Of LightGBM.
    """

    level: float
    linear: LinearPart
    boosters: tuple[lgb.Booster, ...]
    unseen: Floats
    num_threads: int

    def members(self, matrix: Floats) -> Floats:
        """What regression and trees add to other rows of the segment, log-odds, shape (n, 2)."""
        trees = np.zeros(len(matrix))
        if self.boosters and len(matrix):
            trees = average_margin(self.boosters, matrix, self.num_threads)
        return np.column_stack([self.linear.margin(matrix), trees])

    def added(self, members: Floats, used: Used) -> Floats:
        """Level, and as many of the members as are used."""
        return np.asarray(self.level + members[:, : USED[used]].sum(axis=1))

    def correction(self, share: float, used: Used) -> Correction:
        """The correction as it is kept."""
        texts = tuple(booster.model_to_string() for booster in self.boosters) if used == "trees" else ()
        return Correction(share, self.level, texts, None if used == "level" else self.linear)


def pooled_levels(segments: Sequence[Rows]) -> list[float]:
    """How much more, or less, the leads of each segment are won than expected, shrunk towards not at all.

    Each level is the likeliest shift of the log-odds times ``t / (t + v)``: v is the variance of its error, leads taken
    as independent, and t the variance of the true levels, by the method of moments.

    Parameters
    ----------
    segments : sequence of (offset, y, w, lead)
        Expected log-odds, labels, weights, lead of the rows of each segment.

    Returns
    -------
    list of float
        Log-odds.

    References
    ----------
    DerSimonian and Laird, Meta-analysis in clinical trials, Controlled Clinical Trials 1986.

    Examples
    --------
    >>> lead = np.arange(2000)
    >>> like, more = (lead % 2).astype(float), (lead % 4 > 0).astype(float)
    >>> levels = pooled_levels([(np.zeros(2000), y, np.ones(2000), lead) for y in (like, more)])
    >>> [abs(round(level, 1)) for level in levels]
    [0.0, 1.1]
    >>> pooled_levels([(np.zeros(20), more[:20], np.ones(20), lead[:20])])[0] < 0.9
    True
    """
    if not segments:
        return []
    measured = np.array([_level(*rows) for rows in segments])
    level, variance = measured[:, 0], measured[:, 1]
    spread = max(0.0, float(np.average(level**2 - variance, weights=1 / variance)))
    return [float(x) for x in level * spread / (spread + variance)]


def _level(offset: Floats, y: Floats, w: Floats, lead: npt.NDArray[Any]) -> tuple[float, float]:
    """Likeliest level and its variance, robust to rows of one lead that err together."""
    level = float(brentq(lambda b: float(w @ (y - expit(offset + b))), -30.0, 30.0))
    p = expit(offset + level)
    information = float(w @ (p * (1 - p)))
    codes, _ = pd.factorize(lead)
    squared = float(np.sum(np.bincount(codes, weights=w * (y - p)) ** 2))
    return level, max(squared / information**2, w.mean() / information)


def grow(
    learnt: Learnt,
    frame: pd.DataFrame,
    rows: Taught,
    offset: Floats,
    level: float,
    plan: TrainingPlan,
) -> Grown:
    """Learn within a segment, from what the model of all leads says of leads that it has not seen.

    Parameters
    ----------
    learnt : Learnt
        That model: its columns, levels and declared directions hold here too.
    frame : pandas.DataFrame of k rows
        Raw features of the segment's rows.
    rows : tuple of 3 ndarray of shape (k,)
        Labels, weights, and the fold of each row's lead.
    offset : ndarray of shape (k,)
        Out-of-fold log-odds.
    level : float
        Of the segment, from `pooled_levels`.
    plan : TrainingPlan
        Seed, threads.

    Returns
    -------
    Grown
    """
    y, w, of_all = rows
    fold, matrix = of_all % _FOLDS, learnt.encode(frame)
    start = offset + level
    linear, unseen = _regression(learnt, matrix, (y, w, fold), start, plan)
    boosters, trees = _trees(learnt, matrix, (y, w, fold), start + unseen, plan)
    return Grown(level, linear, boosters, np.column_stack([unseen, trees]), plan.num_threads)


def _regression(
    learnt: Learnt, matrix: Floats, rows: Taught, start: Floats, plan: TrainingPlan
) -> tuple[LinearPart, Floats]:
    """The penalty that leads out of fold like best, and what the regression adds to leads that it has not seen."""
    y, w, fold = rows
    levels = [column.levels for column in learnt.schema.columns]
    directions = [column.feature.direction for column in learnt.schema.columns]
    found = []
    for ridge in _RIDGES if len(y) < _MANY_ROWS else (_RIDGE_OF_MANY,):
        linear, margin = LinearPart.fit(matrix, levels, y, w, fold, directions, plan.seed, Prior(ridge, start))
        unseen = margin()
        found.append((float(w @ _loss(start + unseen, y)), linear, unseen))
    _, linear, unseen = min(found, key=lambda one: one[0])
    return linear, unseen


def _loss(z: Floats, y: Floats) -> Floats:
    return np.asarray(np.logaddexp(0.0, z) - y * z)


def _trees(
    learnt: Learnt,
    matrix: Floats,
    rows: Taught,
    start: Floats,
    plan: TrainingPlan,
) -> tuple[tuple[lgb.Booster, ...], Floats]:
    """Fold models on top of known log-odds, and what each adds to the rows that it has not seen."""
    (y, w, fold), params, unseen = rows, _params(learnt, len(matrix), plan), np.zeros(len(matrix))
    data = lgb.Dataset(
        matrix,
        label=y,
        weight=w / w.mean(),
        init_score=start,
        categorical_feature=[j for j, column in enumerate(learnt.schema.columns) if column.levels is not None],
        params=params,
    ).construct()
    folds = [k for k in range(_FOLDS) if len(np.unique(y[fold != k])) == 2 and (fold == k).any()]
    grown = [_grow_fold(data, params, fold, k) for k in folds]
    if not grown:
        return (), unseen
    share = np.array([w[fold == k].sum() for k in folds])
    longest = max(len(curve) for _, curve in grown)
    padded = np.array([[*curve, *[curve[-1]] * (longest - len(curve))] for _, curve in grown])
    loss = _loss(start, y)
    before = sum(float(w[fold == k] @ loss[fold == k]) for k in folds)
    rounds = int(np.argmin([before, *(share @ padded)]))
    if not rounds:
        return (), unseen
    boosters = tuple(trimmed(booster, rounds) for booster, _ in grown)
    for k, booster in zip(folds, boosters, strict=True):
        unseen[fold == k] = booster.predict(matrix[fold == k], raw_score=True, num_threads=plan.num_threads)
    return boosters, unseen


def _params(learnt: Learnt, n: int, plan: TrainingPlan) -> dict[str, Any]:
    params = {
        "objective": "binary",
        "metric": "binary_logloss",
        "boost_from_average": False,
        "learning_rate": 0.1,
        "num_leaves": 4,
        "max_depth": 3,
        "min_data_in_leaf": int(np.clip(n // 20, 5, 40)),
        "feature_fraction": 0.5,
        "lambda_l2": 10.0,
        "cat_smooth": 20.0,
        "feature_pre_filter": False,
        "seed": plan.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": plan.num_threads,
        "verbosity": -1,
    }
    directions = [column.feature.direction for column in learnt.schema.columns]
    if any(directions):
        params |= {"monotone_constraints": directions, "monotone_constraints_method": "intermediate"}
    return params


def _grow_fold(
    data: lgb.Dataset, params: dict[str, Any], fold: npt.NDArray[np.int64], k: int
) -> tuple[lgb.Booster, list[float]]:
    """Trees from the other folds, and the log loss of this one after each."""
    kept, left = (data.subset(np.flatnonzero(mask).tolist()) for mask in (fold != k, fold == k))
    curve: dict[str, dict[str, list[float]]] = {}
    booster = lgb.train(
        {**params, "seed": params["seed"] + k},
        kept,
        num_boost_round=_MOST_ROUNDS,
        valid_sets=[left],
        valid_names=["oof"],
        callbacks=[lgb.early_stopping(_PATIENCE, verbose=False), lgb.record_evaluation(curve)],
    )
    return booster, curve["oof"]["binary_logloss"]
