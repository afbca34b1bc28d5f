"""What others would use on the same matrix: each peer is fitted on it as its users would, on one thread.

A peer is a function ``fit(matrix, y, w) -> predict`` with ``predict(matrix) -> probabilities``. Categories keep their
dtype where the library knows it.
"""

import warnings
from collections.abc import Callable, Mapping
from functools import partial

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import optuna
import pandas as pd
from catboost import CatBoostClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier

from models import baselines, metrics
from models.points import PointsGrid, PointsRule

Floats = npt.NDArray[np.float64]
Predict = Callable[[pd.DataFrame], Floats]
Fit = Callable[[pd.DataFrame, Floats, Floats], Predict]
SEED = 0
MOST_CHOICES = 100
HIST_LEVELS = 255  # more categories than that HistGradientBoosting does not take


def constant(_matrix: pd.DataFrame, y: Floats, w: Floats) -> Predict:
    return lambda now: baselines.constant(y, w, len(now))


def naive_bayes(matrix: pd.DataFrame, y: Floats, _w: Floats) -> Predict:
    """As Odoo, to which every field is a choice: numbers of up to 100 values are, by their text."""
    columns = [
        name
        for name, column in matrix.items()
        if isinstance(column.dtype, pd.CategoricalDtype) or column.nunique() <= MOST_CHOICES
    ]
    model = baselines.OdooNaiveBayes().fit(matrix[columns].astype("object"), y)
    return lambda now: model.predict(now[columns].astype("object"))


def logistic(matrix: pd.DataFrame, y: Floats, w: Floats) -> Predict:
    model = baselines.fit_logistic(matrix, y, w, SEED)
    return lambda now: baselines.predict_logistic(model, now)


def xgboost(matrix: pd.DataFrame, y: Floats, w: Floats) -> Predict:
    model = XGBClassifier(enable_categorical=True, n_jobs=1, random_state=SEED).fit(matrix, y, sample_weight=w)
    return lambda now: model.predict_proba(now)[:, 1].astype(np.float64)


def hist_gradient_boosting(matrix: pd.DataFrame, y: Floats, w: Floats) -> Predict:
    model = HistGradientBoostingClassifier(early_stopping=True, random_state=SEED)
    model.fit(_few_levels(matrix), y, sample_weight=w)
    return lambda now: model.predict_proba(_few_levels(now))[:, 1]


def _few_levels(matrix: pd.DataFrame) -> pd.DataFrame:
    return matrix.assign(
        **{
            name: column.cat.codes.astype(np.float64)
            for name, column in matrix.items()
            if isinstance(column.dtype, pd.CategoricalDtype) and len(column.cat.categories) > HIST_LEVELS
        }
    )


def lightgbm(matrix: pd.DataFrame, y: Floats, w: Floats) -> Predict:
    model = _lightgbm().fit(matrix, y, sample_weight=w)
    return lambda now: model.predict_proba(now)[:, 1]


def lightgbm_isotonic(matrix: pd.DataFrame, y: Floats, w: Floats) -> Predict:
    model = CalibratedClassifierCV(_lightgbm(), method="isotonic", cv=5).fit(matrix, y, sample_weight=w)
    return lambda now: model.predict_proba(now)[:, 1]


def lightgbm_optuna(matrix: pd.DataFrame, y: Floats, w: Floats, *, trials: int) -> Predict:
    """Five-fold cross-validation with early stopping in every trial, then one model of the mean number of rounds."""
    folds = list(StratifiedKFold(5, shuffle=True, random_state=SEED).split(matrix, y))

    def objective(trial: optuna.Trial) -> float:
        settings = {
            "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 4, 127, log=True),
            "min_child_samples": trial.suggest_int("min_child_samples", 5, 200, log=True),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
            "subsample": trial.suggest_float("subsample", 0.5, 1.0),
            "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 100.0, log=True),
            "cat_smooth": trial.suggest_float("cat_smooth", 1.0, 100.0, log=True),
        }
        losses, rounds = [], []
        for known, held in folds:
            model = _lightgbm(**settings, subsample_freq=1, n_estimators=2000).fit(
                matrix.iloc[known],
                y[known],
                sample_weight=w[known],
                eval_set=[(matrix.iloc[held], y[held])],
                callbacks=[lgb.early_stopping(50, verbose=False)],
            )
            losses.append(metrics.log_loss(y[held], model.predict_proba(matrix.iloc[held])[:, 1], w[held]))
            rounds.append(model.best_iteration_)
        trial.set_user_attr("rounds", max(1, round(float(np.mean(rounds)))))
        return float(np.mean(losses))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=SEED))
    study.optimize(objective, n_trials=trials)
    best = study.best_trial
    model = _lightgbm(**best.params, subsample_freq=1, n_estimators=best.user_attrs["rounds"])
    model.fit(matrix, y, sample_weight=w)
    return lambda now: model.predict_proba(now)[:, 1]


def _lightgbm(**settings: float) -> lgb.LGBMClassifier:
    return lgb.LGBMClassifier(random_state=SEED, n_jobs=1, verbosity=-1, **settings)


def catboost(matrix: pd.DataFrame, y: Floats, w: Floats) -> Predict:
    categories = [name for name, kind in matrix.dtypes.items() if isinstance(kind, pd.CategoricalDtype)]
    model = CatBoostClassifier(
        thread_count=1, random_seed=SEED, verbose=False, allow_writing_files=False, cat_features=categories
    )
    model.fit(baselines.plain(matrix), y, sample_weight=w)
    return lambda now: model.predict_proba(baselines.plain(now))[:, 1]


def points_grid(matrix: pd.DataFrame, y: Floats, w: Floats, *, grid: PointsGrid) -> Predict:
    rates = baselines.rates_of_points(grid.points(matrix), y, w)
    return lambda now: rates.predict_proba(grid.points(now)[:, None])[:, 1]


def peers(rules: tuple[PointsRule, ...], columns: tuple[str, ...], trials: int) -> Mapping[str, Fit]:
    """Every peer by name; the points grid where one of its rules names a column, Optuna where it has trials."""
    found: dict[str, Fit] = {"constant": constant}
    grid = PointsGrid.applicable(rules, 0.0, columns)
    if grid is not None:
        found["points grid"] = partial(points_grid, grid=grid)
    found |= {
        "naive bayes (odoo)": naive_bayes,
        "logistic": logistic,
        "xgboost": xgboost,
        "hist gradient boosting": hist_gradient_boosting,
        "lightgbm": lightgbm,
        "lightgbm + isotonic": lightgbm_isotonic,
    }
    if trials:
        found["lightgbm + optuna"] = partial(lightgbm_optuna, trials=trials)
    return found | {"catboost": catboost}


def quietly(fit: Fit, matrix: pd.DataFrame, y: Floats, w: Floats) -> Predict:
    """Fit on one thread, without the advice that libraries print."""
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        return fit(matrix, y, w)
