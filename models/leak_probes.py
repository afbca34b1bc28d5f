"""What one column alone says of the outcome: for whom it is filled, and how well its values rank leads."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.specification import Feature
from models.metrics import auc as auc_of
from models.metrics import wilson

Floats = npt.NDArray[np.float64]
Code = Literal["filled_won", "filled_lost", "too_good", "follows", "won_only", "moved"]
FEWEST = 20  # won leads, and lost ones, below which a column is given the benefit of the doubt
# The best honest column of the simulator and of four public data sets reaches 0.79.
PROVEN_AUC, SUSPECT_AUC = 0.95, 0.80
PURE, NEVER = 0.90, 0.02
TIMES, MANY_TIMES = 10, 30  # as often filled for one outcome as for the other
MOST_WON = 0.50
MOST_LOST = 0.30  # a rare fact may well rule a sale out; one of a third of the lost leads may not
Probe = tuple[Code, bool, dict[str, float]]


def presence(won: tuple[int, int], lost: tuple[int, int]) -> Probe | None:
    """Judge whether something is there for one outcome only.

    Proven where it is there for at most 2% of one outcome and, by the ends of 95% intervals, at least ten times as
    often for the other, and one of these holds:

    - of the leads that have it nine tenths at least are won, by the lower end of the interval;
    - half of the won leads have it, at least thirty times as many as of the others;
    - three in ten of the leads that were not won have it.

    Otherwise suspect where it is ten times as often there for won leads as for others, or where being there ranks leads
    with an AUC of 0.8 or more, by the lower end of its interval.

    Parameters
    ----------
    won, lost : tuple of int
        Leads that have it, and all leads, of that outcome; at least one lead of each.

    Returns
    -------
    tuple of code, whether it is proven, and figures; or None

    Examples
    --------
    >>> presence((60, 69), (0, 931))[:2], presence((69, 69), (21, 931))[:2], presence((30, 69), (90, 931))
    (('filled_won', True), ('filled_won', False), None)
    """
    shares = {"won": won[0] / won[1], "lost": lost[0] / lost[1]}
    is_won = shares["won"] >= shares["lost"]
    mostly, rarely = (won, lost) if is_won else (lost, won)
    code: Code = "filled_won" if is_won else "filled_lost"
    times = wilson(*mostly)[0] / wilson(*rarely)[1]
    if mostly[0] < FEWEST:
        return None
    if times >= TIMES and rarely[0] <= NEVER * rarely[1]:
        is_pure = wilson(won[0], won[0] + lost[0])[0] >= PURE
        is_common = shares["won"] >= MOST_WON and times >= MANY_TIMES
        if (is_pure or is_common) if is_won else shares["lost"] >= MOST_LOST:
            return code, True, shares
    tells = auc_low((1 + abs(shares["won"] - shares["lost"])) / 2, won[1], lost[1]) >= SUSPECT_AUC
    return (code, False, shares) if tells or (is_won and times >= TIMES) else None


def filled(is_there: npt.NDArray[np.bool_], y: Floats) -> Probe | None:
    """`presence` of rows: whether each has a value, of shape (n,), and whether each was won."""
    won, lost = is_there[y == 1], is_there[y == 0]
    return presence((int(won.sum()), len(won)), (int(lost.sum()), len(lost)))


def alone(column: pd.Series, y: Floats, feature: Feature, leads: Mapping[str, int]) -> Probe | None:
    """Judge whether a column alone says what only the outcome can.

    Proven where the lower end of the 95% interval of its AUC reaches 0.95, suspect where it reaches 0.80. Rows without
    a value are left aside.

    Parameters
    ----------
    column : pandas.Series of n rows
        Raw values of the feature.
    y : ndarray of shape (n,)
        0 or 1.
    feature : Feature
        Its type is looked at.
    leads : mapping of str to int
        ``n_won``, ``n_lost``: leads behind the rows.

    Returns
    -------
    tuple of code, whether it is proven, and figures; or None

    Examples
    --------
    >>> amount = Feature("fit__amount", "fit", "number", "amount", "not known")
    >>> y = np.repeat([1.0, 0.0], 50)
    >>> alone(pd.Series(np.where(y == 1, 900.0, 0.0)), y, amount, {"n_won": 50, "n_lost": 50})
    ('too_good', True, {'auc': 1.0, 'at_least': 900.0, 'won': 1.0, 'lost': 0.0})
    """
    is_category = feature.dtype == "category"
    known = column.notna().to_numpy()
    column, y = column[known], y[known]
    if min(y.sum(), (1 - y).sum()) < FEWEST:
        return None
    values = as_numbers(column, y) if is_category else column.to_numpy(dtype=np.float64)
    auc = auc_of(y, values, np.ones(len(y)))
    # A level's share among the *other* rows falls for a won row: turned round, a useless column would look perfect.
    auc = auc if is_category else max(auc, 1 - auc)
    # Rows of one lead are no proof of each other: the interval counts leads.
    low = auc_low(auc, min(leads["n_won"], int(y.sum())), min(leads["n_lost"], int((1 - y).sum())))
    if low < SUSPECT_AUC:
        return None
    group = _levels(column, y) if is_category else _edge(values, y)
    return "too_good", low >= PROVEN_AUC, {"auc": auc, **group}


def auc_low(auc: float, n_won: int, n_lost: int) -> float:
    """Lower end of the 95% interval of an AUC.

    Parameters
    ----------
    auc : float
        0.5 to 1.
    n_won, n_lost : int
        Leads behind it, 1 or more.

    Returns
    -------
    float

    References
    ----------
    Hanley and McNeil, The meaning and use of the area under a ROC curve, Radiology 1982.

    Examples
    --------
    >>> round(auc_low(0.9, 50, 50), 3), auc_low(1.0, 50, 50)
    (0.837, 1.0)
    """
    both_won, both_lost = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = (n_won - 1) * (both_won - auc**2) + (n_lost - 1) * (both_lost - auc**2)
    variance = (auc * (1 - auc) + spread) / (n_won * n_lost)
    return auc - 1.96 * float(np.sqrt(max(variance, 0.0)))


def as_numbers(column: pd.Series, y: Floats) -> Floats:
    """Share won of each level among the other rows, drawn to the base rate, so that no row tells its own label.

    Parameters
    ----------
    column : pandas.Series of n rows
        Without nulls.
    y : ndarray of shape (n,)
        0 or 1.

    Returns
    -------
    ndarray of shape (n,)
        0 to 1.

    Examples
    --------
    >>> as_numbers(pd.Series(["a", "a", "b"]), np.array([1.0, 0.0, 0.0])).round(3).tolist()
    [0.303, 0.394, 0.333]
    """
    codes, levels = pd.factorize(column)
    n = np.bincount(codes, minlength=len(levels))
    won = np.bincount(codes, weights=y, minlength=len(levels))
    return np.asarray((won[codes] - y + 10 * y.mean()) / (n[codes] - 1 + 10), dtype=np.float64)


def _edge(values: Floats, y: Floats) -> dict[str, float]:
    """The limit that parts won from lost leads best, and the share of each on the winning side."""
    codes, edges = pd.factorize(values, sort=True)
    above = {
        outcome: np.cumsum(np.bincount(codes, weights=y == outcome)[::-1])[::-1] / (y == outcome).sum()
        for outcome in (1, 0)
    }
    at = int(np.argmax(np.abs(above[1] - above[0])))
    won, lost = float(above[1][at]), float(above[0][at])
    if won >= lost:
        return {"at_least": float(edges[at]), "won": won, "lost": lost}
    return {"at_most": float(edges[at - 1]), "won": 1 - won, "lost": 1 - lost}


def _levels(column: pd.Series, y: Floats) -> dict[str, float]:
    """How many levels win more than the average, and the share of won and lost leads that have one of them."""
    by_level = pd.Series(y).groupby(pd.factorize(column)[0]).transform("mean").to_numpy()
    winning = by_level > y.mean()
    shares = {"won": float(winning[y == 1].mean()), "lost": float(winning[y == 0].mean())}
    return {"n_levels": float(column[winning].nunique()), **shares}
