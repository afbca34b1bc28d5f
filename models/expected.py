"""How well a model should be doing, before any outcome is known: from its own propensities (CBPE).

If propensities are calibrated, a lead promised 20% is a fifth of a win and four fifths of a loss. Counting fractions as
if they were outcomes gives what AUC, conversion and wins should turn out to be, months before they do.

The assumption is strong and must be said wherever such a figure is shown: *who* comes may change, *what becomes of a
lead like this one* may not (covariate shift only, calibration still right). A change of the market itself is invisible
here; `models.realised` sees it, later.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.metrics import auc, auc_of_ranks

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Expected:
    """What should come of some leads, were their propensities right.

    Attributes
    ----------
    auc, auc_low, auc_high : float
        Chance that a won lead ranks above a lost one, and where 95% of the outcomes that the propensities allow put it;
        NaN where nobody or everybody is sure to be won.
    n_won : float
        Number of wins.
    precision : float
        Conversion of the leads at or above the threshold; NaN where there are none.
    n_selected : int
        Those leads.
    """

    auc: float
    auc_low: float
    auc_high: float
    n_won: float
    precision: float
    n_selected: int


def expect(p: Floats, selected: npt.NDArray[np.bool_], *, n_draws: int = 100, seed: int = 0) -> Expected:
    """Estimate performance from calibrated propensities.

    Parameters
    ----------
    p : ndarray of shape (n,)
        Propensities, one lead each; at least one.
    selected : ndarray of bool of shape (n,)
        Leads that are handed over.
    n_draws, seed : int
        Outcomes drawn for the interval, and their seed.

    Returns
    -------
    Expected

    References
    ----------
    Kivimäki, Białek, Nurminen, Kuberski: Confidence-based estimators for predictive performance in model monitoring,
    Journal of Artificial Intelligence Research 82, 2025.

    Examples
    --------
    >>> found = expect(np.array([0.9, 0.9, 0.1, 0.1]), np.array([True, True, False, False]))
    >>> round(found.auc, 3), found.n_won, found.precision, found.n_selected
    (0.9, 2.0, 0.9, 2)
    """
    ones = np.ones(len(p))
    rank = pd.factorize(p, sort=True)[0]
    rng = np.random.default_rng(seed)
    drawn = [auc_of_ranks((rng.random(len(p)) < p).astype(np.float64), rank, ones) for _ in range(n_draws)]
    known = [value for value in drawn if np.isfinite(value)]
    low, high = np.quantile(known, [0.025, 0.975]) if known else (np.nan, np.nan)
    n_selected = int(selected.sum())
    precision = float(p[selected].mean()) if n_selected else float("nan")
    return Expected(auc(p, p, ones), float(low), float(high), float(p.sum()), precision, n_selected)
