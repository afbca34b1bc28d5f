"""The learner: gradient-boosted trees, one model per group fold, averaged on the margin.

Averaging folds costs nothing at prediction (the trees of all folds together are as many as one careful model
would need) and gives every training row a margin from a model that never saw its lead: ``oof_margin_``.
"""

from collections.abc import Sequence
from typing import Any, Self

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import assert_all_finite, check_is_fitted, column_or_1d, validate_data

from models.folds import average_margin, encode, group_folds, trimmed

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_FEW_ROWS, _MANY_ROWS = 20_000, 50_000
_FOLDS, _FOLDS_OF_MANY = 8, 5
_BINS, _FEWEST_BINS, _MOST_BINS = 16_384, 63, 255


class LeadClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """LightGBM fold models averaged on the margin, each stopped early on the fold that it does not see.

    Columns share about 16,000 histogram bins: up to 64 columns have 255 each, and 260 or more have 63, which is what a
    split of so many costs and as much as they are worth.

    Parameters
    ----------
    n_folds : int, optional
        Fold models; fewer when a class has fewer groups than that. By default 8, and 5 from 50,000 rows on.
    learning_rate : float, optional
        Of each tree. By default 0.1, and 0.05 under 20,000 rows, where trees are cheap (0.001 of log loss on the Olist
        funnel).
    num_leaves, max_depth, feature_fraction, bagging_fraction, lambda_l2, cat_smooth : float or int
        As in LightGBM. ``num_leaves`` and ``min_data_in_leaf`` shrink in proportion on small data.
    min_data_in_leaf : int
        As in LightGBM.
    max_rounds, patience : int
        Most trees of one fold model; rounds without improvement out of fold after which it stops.
    tree_budget : int
        Trees of all fold models together, exceeded only where that buys ``budget_tolerance`` of log loss out
        of fold.
    budget_tolerance : float
        See ``tree_budget``.
    monotone : sequence of {-1, 0, 1}, optional
        Direction of each column.
    seed : int
        Same seed, same rows: same trees, whatever ``num_threads``.
    num_threads : int
        Of LightGBM.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    boosters_ : tuple of lightgbm.Booster
        Cut at their best iteration.
    levels_ : tuple
        Levels of each categorical column, None for a number.
    oof_margin_ : ndarray of shape (n,)
        Margin of each training row from the fold model that did not see its group.
    fold_ : ndarray of shape (n,)
        Fold of each training row.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    References
    ----------
    Ke et al., LightGBM: a highly efficient gradient boosting decision tree, NeurIPS 2017.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 2))
    >>> y = (X[:, 0] + rng.normal(size=400) > 0).astype(int)
    >>> model = LeadClassifier().fit(X, y)
    >>> bool(model.decision_function([[2.0, 0.0]])[0] > model.decision_function([[-2.0, 0.0]])[0])
    True
    >>> LeadClassifier().fit(X, np.zeros(400))
    Traceback (most recent call last):
        ...
    ValueError: LeadClassifier: expected two classes in y, found 1 class; a classifier needs both outcomes.
    """

    def __init__(  # noqa: PLR0913  scikit-learn wants every setting here
        self,
        *,
        n_folds: int | None = None,
        learning_rate: float | None = None,
        num_leaves: int = 31,
        max_depth: int = 6,
        feature_fraction: float = 0.3,
        bagging_fraction: float = 0.9,
        lambda_l2: float = 3.0,
        cat_smooth: float = 20.0,
        min_data_in_leaf: int = 20,
        max_rounds: int = 400,
        patience: int = 40,
        tree_budget: int = 500,
        budget_tolerance: float = 0.001,
        monotone: Sequence[int] | None = None,
        seed: int = 0,
        num_threads: int = 1,
    ) -> None:
        self.n_folds = n_folds
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.max_depth = max_depth
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.lambda_l2 = lambda_l2
        self.cat_smooth = cat_smooth
        self.min_data_in_leaf = min_data_in_leaf
        self.max_rounds = max_rounds
        self.patience = patience
        self.tree_budget = tree_budget
        self.budget_tolerance = budget_tolerance
        self.monotone = monotone
        self.seed = seed
        self.num_threads = num_threads

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(
        self,
        X: pd.DataFrame | npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Fit one model per fold.

        Parameters
        ----------
        X : pandas.DataFrame or array-like of shape (n, m)
            Numbers and pandas categories; NaN allowed.
        y : array-like of shape (n,)
            Two classes; the larger in sort order is the positive one.
        groups : array-like of shape (n,), optional
            Lead of each row; by default every row is its own lead.
        sample_weight : array-like of shape (n,), optional
            Relative weights of rows; their scale does not matter.

        Returns
        -------
        LeadClassifier

        Raises
        ------
        ValueError
            When y has not two classes, or a class has a single group.
        """
        matrix = self._read(X, reset=True)
        target = self._target(y)
        n = len(target)
        weight = np.ones(n) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        if not weight.sum() > 0:
            raise ValueError("LeadClassifier: expected a sample_weight > 0, found that all are zero.")
        weight = weight / weight.mean()
        lead = np.arange(n) if groups is None else np.asarray(groups)
        if not len(target) == len(weight) == len(lead) == len(matrix):
            raise ValueError(f"LeadClassifier: X, y, groups and sample_weight differ in length, X has {len(matrix)}.")
        won_groups = len(np.unique(lead[target == 1]))
        minority = min(won_groups, len(np.unique(lead)) - won_groups)
        if minority < 2:
            raise ValueError(
                f"LeadClassifier: expected at least 2 groups of each class, found {minority} of one class; "
                "bring more rows."
            )
        folds = min(self.n_folds or (_FOLDS if n < _MANY_ROWS else _FOLDS_OF_MANY), minority)
        self.fold_ = group_folds(lead, target, folds, self.seed)
        params = self._params(int((self.fold_ != 0).sum()), int(minority * (folds - 1) / folds))
        data = lgb.Dataset(
            matrix,
            label=target,
            weight=weight,
            categorical_feature=[j for j, levels in enumerate(self.levels_) if levels is not None],
            params=params,
        ).construct()
        grown = [self._grow(data, params, fold) for fold in range(folds)]
        rounds = self._rounds(grown, np.bincount(self.fold_, weights=weight).astype(np.float64))
        # Read back from their text, the boosters are those that will be saved and loaded, to the last bit.
        self.boosters_ = tuple(trimmed(booster, k) for (booster, _), k in zip(grown, rounds, strict=True))
        self.oof_margin_ = np.empty(n)
        for fold, booster in enumerate(self.boosters_):
            rows = self.fold_ == fold
            self.oof_margin_[rows] = booster.predict(matrix[rows], raw_score=True, num_threads=self.num_threads)
        return self

    def decision_function(self, X: pd.DataFrame | npt.ArrayLike) -> Floats:
        """Average margin of the fold models.

        Parameters
        ----------
        X : pandas.DataFrame or array-like of shape (n, m)
            Columns as in ``fit``.

        Returns
        -------
        ndarray of shape (n,)
            Log-odds of the positive class.
        """
        check_is_fitted(self)
        return average_margin(self.boosters_, self._read(X, reset=False), self.num_threads)

    def predict_proba(self, X: pd.DataFrame | npt.ArrayLike) -> Floats:
        """Probabilities of both classes, before any calibration.

        Parameters
        ----------
        X : pandas.DataFrame or array-like of shape (n, m)
            Columns as in ``fit``.

        Returns
        -------
        ndarray of shape (n, 2)
        """
        positive = expit(self.decision_function(X))
        return np.column_stack([1.0 - positive, positive])

    def predict(self, X: pd.DataFrame | npt.ArrayLike) -> npt.NDArray[Any]:
        """Likelier class of each row.

        Parameters
        ----------
        X : pandas.DataFrame or array-like of shape (n, m)
            Columns as in ``fit``.

        Returns
        -------
        ndarray of shape (n,)
        """
        likelier = self.decision_function(X) > 0
        return np.asarray(self.classes_[likelier.astype(int)])

    def _read(self, X: pd.DataFrame | npt.ArrayLike, *, reset: bool) -> Floats:
        if isinstance(X, pd.DataFrame) and any(isinstance(t, pd.CategoricalDtype) for t in X.dtypes):
            validate_data(self, X, reset=reset, skip_check_array=True)
            if reset:
                kinds = X.dtypes
                self.levels_ = tuple(
                    tuple(kind.categories) if isinstance(kind, pd.CategoricalDtype) else None for kind in kinds
                )
            return encode(X, self.levels_)
        checked: Floats = validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
        if reset:
            self.levels_ = (None,) * checked.shape[1]
        return checked

    def _target(self, y: npt.ArrayLike) -> Ints:
        values = column_or_1d(y, warn=True)
        assert_all_finite(values, input_name="y")
        check_classification_targets(values)
        self.classes_, target = np.unique(values, return_inverse=True)
        found = len(self.classes_)
        if found > 2:
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {type_of_target(values)}."
            )
        if found < 2:
            raise ValueError(
                "LeadClassifier: expected two classes in y, found 1 class; a classifier needs both outcomes."
            )
        return target.astype(np.int64)

    def _params(self, n_rows: int, minority: int) -> dict[str, Any]:
        """Settings for LightGBM; on small data a leaf needs fewer rows and a tree fewer leaves."""
        leaf = int(np.clip(n_rows // 20, 3, self.min_data_in_leaf))
        params = {
            "objective": "binary",
            "metric": "binary_logloss",
            "learning_rate": self.learning_rate or (0.05 if n_rows < _FEW_ROWS else 0.1),
            "num_leaves": int(np.clip(minority // 8, 2, self.num_leaves)),
            "max_depth": self.max_depth,
            "max_bin": int(np.clip(_BINS // self.n_features_in_, _FEWEST_BINS, _MOST_BINS)),
            "min_data_in_leaf": leaf,
            "feature_fraction": self.feature_fraction,
            "bagging_fraction": self.bagging_fraction,
            "bagging_freq": 1,
            "lambda_l2": self.lambda_l2,
            "cat_smooth": self.cat_smooth,
            "feature_pre_filter": False,
            "seed": self.seed,
            "deterministic": True,
            "force_col_wise": True,
            "num_threads": self.num_threads,
            "verbosity": -1,
        }
        if self.monotone is not None and any(self.monotone):
            params["monotone_constraints"] = [int(direction) for direction in self.monotone]
            params["monotone_constraints_method"] = "intermediate"
        return params

    def _grow(self, data: lgb.Dataset, params: dict[str, Any], fold: int) -> tuple[lgb.Booster, list[float]]:
        """Grow one fold model; returns it with its log loss out of fold after each round."""
        curve: dict[str, dict[str, list[float]]] = {}
        booster = lgb.train(
            {**params, "seed": self.seed + fold},
            data.subset(np.flatnonzero(self.fold_ != fold).tolist()),
            num_boost_round=self.max_rounds,
            valid_sets=[data.subset(np.flatnonzero(self.fold_ == fold).tolist())],
            valid_names=["oof"],
            callbacks=[
                lgb.early_stopping(self.patience, verbose=False),
                lgb.record_evaluation(curve),
            ],
        )
        return booster, curve["oof"]["binary_logloss"]

    def _rounds(self, grown: list[tuple[lgb.Booster, list[float]]], share: Floats) -> list[int]:
        """Trees to keep of each fold model: the best round, or the budget where more buys next to nothing."""
        best = [int(np.argmin(curve)) + 1 for _, curve in grown]
        each = self.tree_budget // len(grown)
        capped = [min(k, each) for k in best]
        gain = sum(
            part * (curve[few - 1] - curve[many - 1])
            for (_, curve), few, many, part in zip(grown, capped, best, share / share.sum(), strict=True)
        )
        return best if gain > self.budget_tolerance else capped
