"""What a model must beat on the same rows.

A constant, the company's points grid, naive Bayes as Odoo does it, a logistic regression.
"""

import warnings
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

Floats = npt.NDArray[np.float64]
# More rows change a logistic regression's third digit and cost minutes.
_MOST_LOGISTIC_ROWS = 100_000


def constant(y: Floats, w: Floats, n: int) -> Floats:
    """Give everyone the base rate.

    Parameters
    ----------
    y, w : ndarray of shape (m,)
        Training labels and weights.
    n : int
        Rows to predict.

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> constant(np.array([0.0, 1.0]), np.array([3.0, 1.0]), 2).tolist()
    [0.25, 0.25]
    """
    return np.full(n, float(w @ y / w.sum()))


def rates_of_points(points: Floats, y: Floats, w: Floats) -> LogisticRegression:
    """Turn points into probabilities, so that a grid has a log loss: the fairest monotone reading of it.

    Parameters
    ----------
    points, y, w : ndarray of shape (n,)
        Points, labels and weights of training rows of both classes.

    Returns
    -------
    sklearn.linear_model.LogisticRegression
        On one column: the points.
    """
    return LogisticRegression().fit(points[:, None], y, sample_weight=w)


@dataclass
class OdooNaiveBayes:
    """Naive Bayes over categories, exactly as Odoo's predictive lead scoring counts.

    Every value of a field keeps won and lost counts that start at 0.1; a field's likelihood is its value's
    count over the sum of the field's counts; unset and unseen values are skipped. Stages are cumulative: a
    won lead counts in every stage, a lost one in its own and all before; the first stage's counts are the
    prior. Without stages (at a cutoff, stage says nothing) the prior's counts are those of all leads, plus
    the same 0.1.

    References
    ----------
    Odoo, ``addons/crm/models/crm_lead.py`` (``_pls_get_naive_bayes_probabilities``).

    Examples
    --------
    >>> fields = pd.DataFrame({"source": ["web", "web", "fair", None]})
    >>> bayes = OdooNaiveBayes().fit(fields, [1, 0, 0, 1])
    >>> bayes.predict(pd.DataFrame({"source": ["fair", "never seen"]})).round(3).tolist()
    [0.143, 0.5]
    """

    counts: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    prior: tuple[float, float] = (0.0, 0.0)

    def fit(self, X: pd.DataFrame, y: npt.ArrayLike, stage: npt.ArrayLike | None = None) -> Self:
        """Count.

        Parameters
        ----------
        X : pandas.DataFrame of shape (n, m)
            Categories; null is unset.
        y : array-like of shape (n,)
            1 won, 0 lost; open leads do not belong here.
        stage : array-like of int of shape (n,), optional
            Sequence of the stage that each lead is in, from 0.

        Returns
        -------
        OdooNaiveBayes
        """
        won = np.asarray(y) == 1
        self.counts = {name: self._count(X[name], won) for name in X.columns}
        self.prior = (0.1 + float(won.sum()), 0.1 + float((~won).sum()))
        if stage is not None:
            reached = np.asarray(stage)
            self.counts["stage"] = {
                str(k): (self.prior[0], 0.1 + float((~won & (reached >= k)).sum()))
                for k in range(int(reached.max()) + 1)
            }
        return self

    @staticmethod
    def _count(column: pd.Series, won: npt.NDArray[np.bool_]) -> dict[str, tuple[float, float]]:
        text = column.astype("object").where(column.notna(), None)
        known = np.array([value is not None for value in text], dtype=bool)
        table = pd.crosstab(text[known].astype("str").to_numpy(), won[known])
        return {
            str(value): (0.1 + float(row.get(True, 0)), 0.1 + float(row.get(False, 0)))
            for value, row in table.iterrows()
        }

    def predict(self, X: pd.DataFrame, stage: npt.ArrayLike | None = None) -> Floats:
        """Probability of winning, clamped to [0.0001, 0.9999] as Odoo does.

        Parameters
        ----------
        X : pandas.DataFrame of shape (n, m)
            Columns as in `fit`.
        stage : array-like of int of shape (n,), optional
            As in `fit`.

        Returns
        -------
        ndarray of shape (n,)
        """
        won0, lost0 = self.prior
        log_odds = np.full(len(X), np.log(won0) - np.log(lost0))
        for name in X.columns:
            log_odds += self._evidence(name, X[name])
        if stage is not None:
            ratio = {k: np.log(won / won0) - np.log(lost / lost0) for k, (won, lost) in self.counts["stage"].items()}
            log_odds += [ratio[str(k)] for k in np.asarray(stage)]
        return np.asarray(np.clip(expit(log_odds), 1e-4, 1 - 1e-4))

    def _evidence(self, name: str, column: pd.Series) -> Floats:
        table = self.counts[name]
        won_all = sum(won for won, _ in table.values())
        lost_all = sum(lost for _, lost in table.values())
        ratio = {value: float(np.log(won / won_all) - np.log(lost / lost_all)) for value, (won, lost) in table.items()}
        text = column.astype("object").where(column.notna(), None)
        return np.array([ratio.get(str(value), 0.0) if value is not None else 0.0 for value in text])


def logistic_regression(matrix: pd.DataFrame) -> Pipeline:
    """Logistic regression as a careful analyst would set it up.

    One-hot categories (levels under 10 rows together), medians for missing numbers with an indicator,
    everything standardised.

    Parameters
    ----------
    matrix : pandas.DataFrame
        Its dtypes say which columns are categories.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Not fitted.
    """
    categories = [name for name in matrix.columns if isinstance(matrix[name].dtype, pd.CategoricalDtype)]
    numbers = [name for name in matrix.columns if name not in set(categories)]
    steps: list[tuple[str, Any, list[str]]] = []
    if numbers:
        impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        steps.append(("numbers", make_pipeline(impute, StandardScaler()), numbers))
    if categories:
        encoder = OneHotEncoder(min_frequency=10, handle_unknown="infrequent_if_exist", sparse_output=False)
        steps.append(("categories", encoder, categories))
    return make_pipeline(ColumnTransformer(steps), LogisticRegression(max_iter=1000))


def fit_logistic(matrix: pd.DataFrame, y: Floats, w: Floats, seed: int) -> Pipeline:
    """Fit `logistic_regression` on at most 100,000 rows.

    Parameters
    ----------
    matrix : pandas.DataFrame of shape (n, m)
        Numbers and categories.
    y, w : ndarray of shape (n,)
        Labels and weights.
    seed : int
        Of the draw of rows.

    Returns
    -------
    sklearn.pipeline.Pipeline
    """
    if len(y) > _MOST_LOGISTIC_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(y), _MOST_LOGISTIC_ROWS, replace=False))
        matrix, y, w = matrix.iloc[rows], y[rows], w[rows]
    with warnings.catch_warnings():
        # A baseline that has not quite converged is still a fair baseline; unknown levels at prediction are
        # expected.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return logistic_regression(matrix).fit(plain(matrix), y, logisticregression__sample_weight=w)


def predict_logistic(model: Pipeline, matrix: pd.DataFrame) -> Floats:
    """Probabilities of a fitted `logistic_regression`.

    Parameters
    ----------
    model : sklearn.pipeline.Pipeline
        From `fit_logistic`.
    matrix : pandas.DataFrame of shape (n, m)
        Columns as in training.

    Returns
    -------
    ndarray of shape (n,)
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Found unknown categories", category=UserWarning)
        return np.asarray(model.predict_proba(plain(matrix))[:, 1])


def plain(matrix: pd.DataFrame) -> pd.DataFrame:
    """Categories as text with ``(null)`` for null, which the one-hot encoder then treats as a level.

    Parameters
    ----------
    matrix : pandas.DataFrame
        Numbers and categories.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> plain(pd.DataFrame({"c": pd.Categorical(["a", None])}))["c"].tolist()
    ['a', '(null)']
    """
    out = {}
    for name in matrix.columns:
        column = matrix[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            text = column.astype("object")
            out[name] = text.where(text.notna(), "(null)").astype("str").astype("object")
        else:
            out[name] = column
    return pd.DataFrame(out, index=matrix.index)
