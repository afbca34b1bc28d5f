"""Columns that know too much: what a single one of them should not be able to say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from features.specification import Feature

Floats = npt.NDArray[np.float64]
TOO_GOOD = 0.95  # one honest column alone does not reach this AUC
TOO_FILLED = 0.90


@dataclass(frozen=True)
class Suspect:
    """A column that may have been filled in after the decision.

    Attributes
    ----------
    name : str
        The feature.
    code : {"too_good", "filled_after"}
        One column alone predicts the outcome; or it is filled for one outcome and empty for the other.
    auc : float
        Of the column alone, 0.5 to 1.
    share_won, share_lost : float
        Share of rows with a value, by outcome.
    """

    name: str
    code: str
    auc: float
    share_won: float
    share_lost: float


def suspects(frame: pd.DataFrame, label: npt.ArrayLike, features: Sequence[Feature]) -> tuple[Suspect, ...]:
    """Probe every feature by itself.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
        Raw features.
    label : array-like of shape (n,)
        0 or 1, both present; otherwise nothing can be said.
    features : sequence of Feature
        What to probe.

    Returns
    -------
    tuple of Suspect
        Strongest first.

    Examples
    --------
    >>> from features.specification import Feature
    >>> paid = Feature("fit__paid", "fit", "number", "paid", "unknown", 0, {})
    >>> label = np.repeat([1, 0], 50)
    >>> frame = pd.DataFrame({"fit__paid": np.where(label == 1, 5.0, np.nan)})
    >>> [(s.name, s.code) for s in suspects(frame, label, [paid])]
    [('fit__paid', 'filled_after')]
    """
    y = np.asarray(label, dtype=np.float64)
    if len(np.unique(y)) < 2:
        return ()
    found = (_probe(frame[feature.name], y, feature) for feature in features if feature.name in frame)
    return tuple(sorted((s for s in found if s is not None), key=lambda s: -s.auc))


def _probe(column: pd.Series, y: Floats, feature: Feature) -> Suspect | None:
    filled = column.notna().to_numpy(dtype=np.float64)
    shares = float(filled[y == 1].mean()), float(filled[y == 0].mean())
    filled_auc = _auc(y, filled)
    if filled_auc >= TOO_FILLED:
        return Suspect(feature.name, "filled_after", filled_auc, *shares)
    is_category = feature.dtype == "category"
    values = _as_numbers(column, y) if is_category else column.astype(float).to_numpy()
    known = ~np.isnan(values)
    if len(np.unique(y[known])) < 2:
        return None
    # A level's share among the *other* rows falls for a won row: turned round, a useless column would look perfect.
    auc = float(roc_auc_score(y[known], values[known])) if is_category else _auc(y[known], values[known])
    return Suspect(feature.name, "too_good", auc, *shares) if auc >= TOO_GOOD else None


def _as_numbers(column: pd.Series, y: Floats) -> Floats:
    """Share won of each level among the other rows, drawn to the base rate, so that no row tells its own label."""
    codes, _ = pd.factorize(column)
    n = np.bincount(codes[codes >= 0], minlength=codes.max() + 1) if (codes >= 0).any() else np.zeros(1)
    won = np.bincount(codes[codes >= 0], weights=y[codes >= 0], minlength=len(n))
    share = (won[codes] - y + 10 * y.mean()) / (n[codes] - 1 + 10)
    return np.asarray(np.where(codes >= 0, share, np.nan), dtype=np.float64)


def _auc(y: Floats, values: npt.ArrayLike) -> float:
    auc = float(roc_auc_score(y, values))
    return max(auc, 1 - auc)
