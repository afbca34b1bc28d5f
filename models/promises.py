"""Propensities beside what happened: how far they missed, with intervals that know which rows are of one lead."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy
from scipy.special import chdtrc, expit, logit

from models.metrics import equal_mass_bins

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_CLIP = 1e-9
# A spread is believed to be within about one log-odd before data: few leads stay near 0, a hundred decide.
_PRIOR = 1.0
_FARTHEST = 30.0


@dataclass(frozen=True)
class Interval:
    """A measured miss.

    Attributes
    ----------
    value, low, high : float
        Estimate and interval.
    error : float
        Standard error, log-odds.
    """

    value: float
    low: float
    high: float
    error: float


@dataclass(frozen=True)
class Promises:
    """Rows that nobody fitted on.

    Rows of one lead are equally correlated, as much as their residuals say (`correlation`): whether a lead is won is
    looked at on several days.

    Attributes
    ----------
    y, p, w : array-like of shape (n,)
        Labels 0 or 1, propensities, weights; at least one row.
    lead : array-like of shape (n,)
        Lead of each row.
    known : float, optional
        Correlation, where it was measured on more rows than these.

    Examples
    --------
    >>> promises = Promises([0, 1, 0, 0], [0.2, 0.4, 0.1, 0.1], [1, 1, 1, 1], ["a", "b", "c", "c"])
    >>> promises.n_leads, promises.n_won, round(promises.promised, 3), promises.happened
    (3, 1, 0.2, 0.25)
    """

    y: Any
    p: Any
    w: Any
    lead: Any
    known: float | None = None

    def __post_init__(self) -> None:
        for name in ("y", "p", "w"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        object.__setattr__(self, "lead", np.asarray(pd.factorize(np.asarray(self.lead))[0], dtype=np.int64))
        object.__setattr__(self, "w", self.w / self.w.mean())

    def take(self, rows: npt.NDArray[np.bool_]) -> "Promises":
        """Some of the rows, correlated as all of them are."""
        return Promises(self.y[rows], self.p[rows], self.w[rows], self.lead[rows], self.correlation)

    @property
    def n_leads(self) -> int:
        """Leads behind the rows."""
        return int(self.lead.max()) + 1

    @property
    def n_won(self) -> int:
        """Leads won in one of their rows."""
        return len(np.unique(self.lead[self.y == 1]))

    @property
    def promised(self) -> float:
        """Mean propensity."""
        return float(self.w @ self.p / self.w.sum())

    @property
    def happened(self) -> float:
        """Share won."""
        return float(self.w @ self.y / self.w.sum())

    @property
    def slope(self) -> float:
        """Change of the mean propensity with the log-odds: the mean of p (1 - p)."""
        return float(self.w @ (self.p * (1 - self.p)) / self.w.sum())

    @cached_property
    def log_odds(self) -> Floats:
        """Of the propensities."""
        return np.asarray(logit(np.clip(self.p, _CLIP, 1 - _CLIP)))

    @cached_property
    def correlation(self) -> float:
        """Correlation of what happens to two rows of a lead, 0 to 1, by the moments of their residuals.

        References
        ----------
        Liang, Zeger, Longitudinal data analysis using generalized linear models, 1986.
        """
        if self.known is not None:
            return self.known
        sd = np.sqrt(self.p * (1 - self.p))
        pairs, wanted = (
            float((np.bincount(self.lead, self.w * x) ** 2).sum() - ((self.w * x) ** 2).sum())
            for x in (self.y - self.p, sd)
        )
        return float(np.clip(pairs / wanted, 0.0, 1.0)) if wanted > 1e-9 else 0.0

    def _variance(self, p: Floats, columns: Floats) -> Floats:
        """Covariance of the sums of weighted residuals times each column, were these the probabilities."""
        wide = (self.w * np.sqrt(p * (1 - p)))[:, None] * columns
        if self.correlation == 0.0:
            return np.asarray(wide.T @ wide)
        by_lead = np.column_stack([np.bincount(self.lead, wide[:, k]) for k in range(wide.shape[1])])
        rho = self.correlation
        return np.asarray((1 - rho) * wide.T @ wide + rho * by_lead.T @ by_lead)

    @cached_property
    def surprise(self) -> float:
        """Standard errors by which more happened than was promised."""
        return self._surprise(0.0)

    def _surprise(self, shift: float) -> float:
        """`surprise`, were all log-odds shifted."""
        p = expit(self.log_odds + shift)
        variance = self._variance(p, np.ones((len(p), 1)))[0, 0]
        return float(self.w @ (self.y - p) / np.sqrt(max(variance, 1e-300)))

    def levelled(self) -> "Promises":
        """The same rows, all log-odds shifted by what makes as many promised as happened; none where all fared alike.

        Examples
        --------
        >>> promises = Promises([0, 1, 0, 0], [0.2, 0.4, 0.1, 0.1], [1, 1, 1, 1], ["a", "b", "c", "d"])
        >>> round(promises.levelled().promised, 3)
        0.25
        """
        if not 0 < self.happened < 1:
            return self
        shift = scipy.optimize.brentq(self._surprise, -_FARTHEST, _FARTHEST, xtol=1e-9)
        return Promises(self.y, expit(self.log_odds + shift), self.w, self.lead, self.correlation)

    def level(self, z: float) -> Interval:
        """Share won, with the interval of shares that a score test of one common shift of log-odds does not reject.

        Parameters
        ----------
        z : float
            Standard errors, > 0.

        Returns
        -------
        Interval
            ``value``, ``low``, ``high`` are shares, ``error`` is that of the shift.
        """
        variance = self._variance(self.p, np.ones((len(self.p), 1)))[0, 0]
        error = float(np.sqrt(variance)) / (self.slope * float(self.w.sum()))
        near = 2 * (z + abs(self.surprise)) * error

        def end(target: float) -> float:
            reach = near
            while reach < _FARTHEST and not self._surprise(reach) < target < self._surprise(-reach):
                reach *= 2
            reach = min(reach, _FARTHEST)
            shift = scipy.optimize.brentq(lambda d: self._surprise(d) - target, -reach, reach, xtol=1e-9)
            return float(self.w @ expit(self.log_odds + shift) / self.w.sum())

        return Interval(
            value=self.happened,
            low=end(z) if self.y.any() else 0.0,
            high=end(-z) if not self.y.all() else 1.0,
            error=error,
        )

    def spread(self, z: float) -> Interval:
        """Log-odds missing one standard deviation above the middle, once the level is right.

        Parameters
        ----------
        z : float
            Standard errors, > 0.

        Returns
        -------
        Interval
            Log-odds; the slope of a logistic regression of what happened on the log-odds promised, less 1, times their
            standard deviation. 0 where all are promised alike.
        """
        information = self.w * self.p * (1 - self.p)
        centred = self.log_odds - information @ self.log_odds / information.sum()
        sd = float(np.sqrt(information @ centred**2 / information.sum()))
        if sd < 1e-6:
            return Interval(0.0, 0.0, 0.0, 0.0)
        columns = np.column_stack([np.ones(len(centred)), centred / sd])
        prior = np.diag([0.0, _PRIOR])
        at = np.zeros(2)
        for _ in range(50):
            p = expit(self.log_odds + columns @ at)
            curve = columns.T @ ((self.w * p * (1 - p))[:, None] * columns) + prior
            step = np.linalg.solve(curve, columns.T @ (self.w * (self.y - p)) - prior @ at)
            at = at + np.clip(step, -1.0, 1.0)
            if float(np.abs(step).max()) < 1e-9:
                break
        back = np.linalg.inv(curve)
        error = float(np.sqrt((back @ self._variance(p, columns) @ back)[1, 1]))
        return Interval(float(at[1]), float(at[1] - z * error), float(at[1] + z * error), error)

    def bins(self, most: int, fewest_leads: int, fewest_promised: float) -> Ints:
        """Bins of about equal mass, neighbours joined until each has leads and promised wins enough.

        Parameters
        ----------
        most : int
            Number of bins at most.
        fewest_leads : int
            Leads of each bin.
        fewest_promised : float
            Wins promised to the leads of each bin; those that happened would favour a side.

        Returns
        -------
        ndarray of shape (n,), int64
            From 0 in the order of the propensity, without holes.
        """
        fine = equal_mass_bins(self.p, most)
        joined, place = np.full(most, -1, dtype=np.int64), 0
        kept: list[int] = []
        # From the top, where bins are rich; what is left at the bottom joins the last that was enough.
        for k in sorted(set(fine.tolist()), reverse=True):
            kept.append(k)
            rows = np.isin(fine, kept)
            n_leads = len(np.unique(self.lead[rows]))
            if n_leads >= fewest_leads and n_leads * float(self.p[rows].mean()) >= fewest_promised:
                joined[kept] = place
                kept, place = [], place + 1
        joined[kept] = max(place - 1, 0)
        coarse = joined[fine]
        return np.asarray(coarse.max() - coarse)

    def p_value(self, place: Ints) -> float:
        """Chance of misses as large over all bins together, were the propensities right.

        Parameters
        ----------
        place : ndarray of shape (n,), int64
            Bin of each row, from 0 without holes.

        Returns
        -------
        float
            0 to 1.
        """
        inside = (place[:, None] == np.arange(place.max() + 1)).astype(np.float64)
        missed = inside.T @ (self.w * (self.y - self.p))
        statistic = float(missed @ np.linalg.pinv(self._variance(self.p, inside), hermitian=True) @ missed)
        return float(chdtrc(len(missed), statistic))
