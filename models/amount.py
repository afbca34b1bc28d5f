"""What a deal brings if it is won: its expected amount, with an interval, learnt from the deals that were.

Amounts are skewed: trees learn the logarithm, several fold models averaged. What they would give on average is then
scaled to the mean of the amounts themselves (Duan 1983, in the form of a ratio), since a company banks euros, not logs.
Deals that the trees have not seen say how far off a prediction may be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.pattern_tables import PatternTables

Floats = npt.NDArray[np.float64]
FEWEST_DEALS = 60
# Of the variance of the log amounts: less is no reason to tell deals apart.
LEAST_SKILL = 0.02
_LOW, _HIGH = 0.1, 0.9


@dataclass(frozen=True)
class AmountModel:
    """Expected amount of a won deal.

    Attributes
    ----------
    booster_texts : tuple of str
        Trees for the log amount; none where they tell deals apart no better than their mean does.
    scale : float
        By which the exponential of what the trees say is multiplied; without trees the mean amount.
    low, high : float
        Factors of an expected amount between which 8 in 10 unseen deals ended.
    figures : mapping of str to float
        On unseen deals: ``n_deals``, ``mean``, ``skill`` (share of the variance of the log amounts explained),
        ``mae`` and ``mae_of_mean`` (mean absolute error of the model and of the mean, in the currency).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> size = rng.integers(1, 200, 400).astype(float)
    >>> amount = 100 * size * rng.lognormal(0, 0.2, 400)
    >>> model = AmountModel.fit(size[:, None], [], np.arange(400), amount, np.ones(400))
    >>> small, large = model.expected(np.array([[20.0], [150.0]]))
    >>> bool(1500 < small < 2700 < 12_000 < large < 18_000)
    True
    """

    booster_texts: tuple[str, ...]
    scale: float
    low: float
    high: float
    figures: Mapping[str, float]

    @classmethod
    def fit(
        cls,
        matrix: Floats,
        categories: Sequence[int],
        lead: npt.ArrayLike,
        amount: Floats,
        w: Floats,
        *,
        seed: int = 0,
        num_threads: int = 1,
    ) -> Self:
        """Learn from snapshots of won leads.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            As trees read it: numbers, positions of levels, NaN for null.
        categories : sequence of int
            Columns that are categories.
        lead : array-like of shape (n,)
            Lead of each row: a deal counts once, however many snapshots it has.
        amount : ndarray of shape (n,)
            Above 0, in the currency.
        w : ndarray of shape (n,)
            Weights.
        seed, num_threads : int
            Of folds and trees; threads change nothing.

        References
        ----------
        Duan, Smearing estimate: a nonparametric retransformation method, JASA 1983.
        """
        who = np.unique(np.asarray(lead), return_inverse=True)[1].reshape(-1)
        weight = w / np.bincount(who, weights=w)[who]
        n_deals, mean = int(who.max()) + 1, float(np.average(amount, weights=weight))
        log = np.log(amount)
        center = float(np.average(log, weights=weight))
        if n_deals < FEWEST_DEALS:
            return cls._of_mean(amount, weight, n_deals, mean)
        from models.amount_trees import grow  # noqa: PLC0415  who reads a model pays neither time nor memory for LightGBM

        boosters, unseen = grow(matrix, log - center, weight, who, list(categories), seed, num_threads)
        unseen += center
        variance = float(np.average((log - center) ** 2, weights=weight))
        skill = 1.0 - float(np.average((log - unseen) ** 2, weights=weight)) / max(variance, 1e-300)
        if skill < LEAST_SKILL:
            return cls._of_mean(amount, weight, n_deals, mean)
        scale = mean / float(np.average(np.exp(unseen), weights=weight))
        expected = scale * np.exp(unseen)
        low, high = _quantiles(amount / expected, weight)
        figures = {
            "n_deals": float(n_deals),
            "mean": mean,
            "skill": skill,
            "mae": float(np.average(np.abs(amount - expected), weights=weight)),
            "mae_of_mean": float(np.average(np.abs(amount - mean), weights=weight)),
        }
        return cls(boosters, scale * float(np.exp(center)), low, high, figures)

    @classmethod
    def _of_mean(cls, amount: Floats, weight: Floats, n_deals: int, mean: float) -> Self:
        error = float(np.average(np.abs(amount - mean), weights=weight))
        figures = {"n_deals": float(n_deals), "mean": mean, "skill": 0.0, "mae": error, "mae_of_mean": error}
        return cls((), mean, *_quantiles(amount / mean, weight), figures)

    def expected(self, matrix: Floats, num_threads: int = 1) -> Floats:
        """Expected amount of each lead's deal, should it be won.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            As for `fit`.
        num_threads : int
            Changes no bit of the result.

        Returns
        -------
        ndarray of shape (n,)
            In the currency, above 0.
        """
        if not self.booster_texts:
            return np.full(len(matrix), self.scale)
        return np.asarray(self.scale * np.exp(self._tables.margin(matrix, num_threads)))

    @cached_property
    def _tables(self) -> PatternTables:
        return PatternTables.from_boosters(self.booster_texts)

    def interval(self, expected: Floats) -> tuple[Floats, Floats]:
        """Between which amounts 8 in 10 deals of such an expected amount end.

        Examples
        --------
        >>> AmountModel((), 100.0, 0.5, 1.8, {}).interval(np.array([100.0]))
        (array([50.]), array([180.]))
        """
        return expected * self.low, expected * self.high

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; the trees are kept apart."""
        return {"scale": self.scale, "low": self.low, "high": self.high, "figures": dict(self.figures)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], booster_texts: Sequence[str]) -> Self:
        """Read what `to_dict` wrote, with the trees beside it."""
        return cls(booster_texts=tuple(booster_texts), **data)


def _quantiles(ratio: Floats, weight: Floats) -> tuple[float, float]:
    order = np.argsort(ratio, kind="stable")
    mass = np.cumsum(weight[order]) / weight.sum()
    low, high = (float(ratio[order[min(int(np.searchsorted(mass, q)), len(ratio) - 1)]]) for q in (_LOW, _HIGH))
    return low, high
