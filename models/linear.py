"""A logistic regression that is data: one term per column, so that its contributions are exact too.

It sees what trees cannot: a number beyond all that training saw goes on counting. It goes on for one more range of
the training data and no further, for a slope learnt between 4 and 5 says little of 1.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import scipy
from scipy.special import expit
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_FEWEST_ROWS = 10  # of a level that gets a weight of its own
_MOST_ROWS = 30_000  # more change the third digit of a weight and cost minutes


class Prior(NamedTuple):
    """What is believed before a regression has seen its rows.

    Attributes
    ----------
    ridge : float
        Penalty of each weight: the inverse of its variance, where 0 is expected.
    offset : ndarray of shape (n,), optional
        Log-odds of each row; then only what they leave is fitted, without an intercept.
    """

    ridge: float = 1.0
    offset: Floats | None = None


_USUAL = Prior()


@dataclass(frozen=True)
class Term:
    """What one column adds to the log-odds.

    Attributes
    ----------
    slope, low, high : float
        Of a number: log-odds per unit, and the limits within which it counts.
    levels : tuple of float, optional
        Of a category: log-odds of each level, in the order of their codes; None for a number.
    at_null : float
        Log-odds where nothing is known.
    average : float
        Mean over the training rows, which a contribution is measured from.

    Examples
    --------
    >>> Term(slope=2.0, low=0.0, high=1.0, levels=None, at_null=0.5, average=1.0)(np.array([0.5, 9.0, np.nan]))
    array([ 0. ,  1. , -0.5])
    """

    slope: float
    low: float
    high: float
    levels: tuple[float, ...] | None
    at_null: float
    average: float

    def __call__(self, values: Floats) -> Floats:
        """Contribution of the column.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Numbers or codes; NaN is null.

        Returns
        -------
        ndarray of shape (n,)
            Log-odds against the average row.
        """
        known = ~np.isnan(values)
        filled = np.where(known, values, 0.0)
        if self.levels is None:
            counted = self.slope * np.clip(filled, self.low, self.high)
        else:
            counted = np.array([*self.levels, 0.0])[filled.astype(np.int64)]
        return np.asarray(np.where(known, counted, self.at_null) - self.average)


@dataclass(frozen=True)
class LinearPart:
    """Logistic regression, and its share in a margin blended with that of trees.

    Attributes
    ----------
    base : float
        Margin of the average training row, log-odds.
    terms : tuple of Term
        By column.
    share : float
        Of the blended margin, 0 to 1; the trees have the rest.

    References
    ----------
    Contributions are Shapley values of a linear function with independent columns: Strumbelj and Kononenko, Explaining
    prediction models and individual predictions with feature contributions, KAIS 2014.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0]] * 50)
    >>> y, fold = np.tile([0.0, 1.0, 0.0, 0.0], 25), np.arange(100) % 5
    >>> part, unseen = LinearPart.fit(X, (None,), y, np.ones(100), fold, (0,))
    >>> phi = part.contributions(X[:2])
    >>> bool(phi[1, 0] > 0 > phi[0, 0]), bool(np.allclose(part.base + phi[:, 0], part.margin(X[:2])))
    (True, True)
    """

    base: float
    terms: tuple[Term, ...]
    share: float = 0.5

    @classmethod
    def fit(
        cls,
        matrix: Floats,
        levels: Sequence[Sequence[Any] | None],
        y: Floats,
        w: Floats,
        fold: Ints,
        directions: Sequence[int],
        seed: int = 0,
        prior: Prior = _USUAL,
    ) -> tuple[Self, Callable[[], Floats]]:
        """Fit by penalised maximum likelihood: standardised numbers, one weight per level.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            From `models.folds.encode`; NaN allowed.
        levels : sequence of length m
            Levels of a category, None for a number.
        y, w : ndarray of shape (n,)
            Labels 0 or 1, both present; weights, whose scale does not matter.
        fold : ndarray of int of shape (n,)
            From `models.folds.group_folds`.
        directions : sequence of {-1, 0, 1} of length m
            Sign that the slope of each number must have; 0 for any.
        seed : int
            Of the draw of 30,000 rows where there are more.
        prior : Prior
            Penalty of the weights, and what is known of the rows.

        Returns
        -------
        tuple of (LinearPart, callable)
            Fitted, and what gives the margin of each row, ndarray of shape (n,), from weights that have not seen its
            fold: it costs a fit a fold, so it is asked only where the margins are used.
        """
        rows, w_ = _drawn(y, w, seed)
        y_ = y[rows]
        columns = [_Column.read(matrix[rows, j], levels[j]) for j in range(matrix.shape[1])]
        design = np.column_stack([np.ones(len(rows)), *(column.design for column in columns)])
        bounds: list[tuple[float | None, float | None]] = [(None, None) if prior.offset is None else (0.0, 0.0)]
        known = np.zeros(len(rows)) if prior.offset is None else prior.offset[rows]
        for column, direction in zip(columns, directions, strict=True):
            bounds += column.bounds(direction)

        def fitted(taken: npt.NDArray[np.bool_], start: Floats) -> tuple[Self, Floats]:
            # The order in which threads add up changes the last digit, and with it the model.
            with threadpool_limits(1):
                weights = _ridge((design[taken], y_[taken], w_[taken], known[taken]), bounds, start, prior.ridge)
                average = float(w_ @ (design @ weights) / w_.sum())
            return cls(average, _terms(columns, weights[1:], w_)), weights

        everything = np.ones(len(rows), dtype=np.bool_)
        part: Self
        part, weights = fitted(everything, np.zeros(design.shape[1]))

        def unseen() -> Floats:
            margin = np.empty(len(y))
            for k in np.unique(fold):
                margin[fold == k] = fitted(fold[rows] != k, weights)[0].margin(matrix[fold == k])
            return margin

        return part, unseen

    def contributions(self, matrix: Floats) -> Floats:
        """Contribution of each column; with ``base`` they sum to the margin.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            Columns as in ``fit``.

        Returns
        -------
        ndarray of shape (n, m)
            Log-odds.
        """
        out = np.empty_like(matrix)
        for j, term in enumerate(self.terms):
            out[:, j] = term(matrix[:, j])
        return out

    def margin(self, matrix: Floats) -> Floats:
        """Log-odds of each row, summed in the order of the columns whatever the number of rows.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            Columns as in ``fit``.

        Returns
        -------
        ndarray of shape (n,)
        """
        total = np.full(len(matrix), self.base)
        for j, term in enumerate(self.terms):
            total += term(matrix[:, j])
        return total

    def blend(self, phi: Floats, base: float, matrix: Floats) -> tuple[Floats, float]:
        """Add its share to contributions of trees: those of a weighted mean are the weighted means.

        Parameters
        ----------
        phi : ndarray of shape (n, m)
            Contributions of the trees.
        base : float
            Their average margin.
        matrix : ndarray of shape (n, m)
            The same rows.

        Returns
        -------
        tuple of (ndarray of shape (n, m), float)
            Contributions and base of the blend.
        """
        return (1.0 - self.share) * phi + self.share * self.contributions(matrix), self.blend_base(base)

    def blend_base(self, base: float) -> float:
        """Margin of the average lead, from that of the trees.

        Parameters
        ----------
        base : float
            Of the trees.

        Returns
        -------
        float
        """
        return (1.0 - self.share) * base + self.share * self.base

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, for JSON.

        Returns
        -------
        dict
            Keys ``base``, ``share``, ``terms``.
        """
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote.

        Parameters
        ----------
        data : mapping
            Keys ``base``, ``share``, ``terms``.

        Returns
        -------
        LinearPart
        """
        terms = (
            Term(**{**term, "levels": None if term["levels"] is None else tuple(term["levels"])})
            for term in data["terms"]
        )
        return cls(float(data["base"]), tuple(terms), float(data["share"]))


@dataclass(frozen=True)
class _Column:
    """One column as the regression sees it: the columns of its design, and the way back to a term."""

    values: Floats
    design: Floats
    median: float
    scale: float
    codes: Ints | None
    n_levels: int

    @classmethod
    def read(cls, values: Floats, levels: Sequence[Any] | None) -> Self:
        null = np.isnan(values)
        if levels is None:
            known = values[~null & np.isfinite(values)]
            median = float(np.median(known)) if len(known) else 0.0
            filled = np.where(np.isfinite(values), values, median)
            scale = float(filled.std()) or 1.0
            design = [(filled - filled.mean()) / scale, *([null.astype(np.float64)] if null.any() else [])]
            return cls(values, np.column_stack(design), median, scale, None, 0)
        codes = np.where(null, len(levels), values).astype(np.int64)
        rows = np.bincount(codes, minlength=len(levels) + 1)
        # Rare levels share the last column; null is a level like any other.
        place = np.where(rows >= _FEWEST_ROWS, np.cumsum(rows >= _FEWEST_ROWS) - 1, (rows >= _FEWEST_ROWS).sum())
        n_columns = int(place[rows > 0].max()) + 1
        return cls(values, np.eye(n_columns)[place[codes]], 0.0, 1.0, np.minimum(place, n_columns), len(levels))

    def bounds(self, direction: int) -> list[tuple[float | None, float | None]]:
        free: list[tuple[float | None, float | None]] = [(None, None)] * self.design.shape[1]
        if self.codes is None and direction:
            free[0] = (0.0, None) if direction > 0 else (None, 0.0)
        return free

    def term(self, weights: Floats, w: Floats) -> Term:
        if self.codes is None:
            slope = float(weights[0]) / self.scale
            known = self.values[np.isfinite(self.values)]
            low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
            at_null = slope * self.median + (float(weights[1]) if len(weights) > 1 else 0.0)
            term = Term(slope, 2 * low - high, 2 * high - low, None, at_null, 0.0)
        else:
            by_level = np.array([*weights, 0.0])[self.codes]
            term = Term(0.0, 0.0, 0.0, tuple(by_level[: self.n_levels].tolist()), float(by_level[-1]), 0.0)
        return replace(term, average=float(w @ term(self.values) / w.sum()))


def _drawn(y: Floats, w: Floats, seed: int) -> tuple[Ints, Floats]:
    """Rows to fit on and their weights: where there are too many, those of the rarer outcome first.

    The rarer outcome holds nearly all that can be learnt; rows of the other stand for those left out (case-control
    sampling, with weights that undo it: Scott and Wild 1986).
    """
    kept, weight = np.arange(len(y)), w / w.mean()
    if len(y) <= _MOST_ROWS:
        return kept, weight
    rng = np.random.default_rng(seed)
    rare = float(y.mean() < 0.5)
    n_rare = min(int((y == rare).sum()), _MOST_ROWS // 2)
    chosen: list[Ints] = []
    for outcome, n in ((rare, n_rare), (1.0 - rare, _MOST_ROWS - n_rare)):
        of = np.flatnonzero(y == outcome)
        taken = rng.choice(of, min(n, len(of)), replace=False)
        weight[taken] *= len(of) / len(taken)
        chosen.append(taken)
    kept = np.sort(np.concatenate(chosen))
    return kept, weight[kept]


def _terms(columns: Sequence[_Column], weights: Floats, w: Floats) -> tuple[Term, ...]:
    stops = np.cumsum([column.design.shape[1] for column in columns])[:-1]
    return tuple(column.term(own, w) for column, own in zip(columns, np.split(weights, stops), strict=True))


def _ridge(
    rows: tuple[Floats, Floats, Floats, Floats],
    bounds: Sequence[tuple[float | None, float | None]],
    start: Floats,
    ridge: float,
) -> Floats:
    """Weights of least penalised loss; the first, of the intercept, is free. Rows: design, labels, weights, offset."""
    design, y, w, offset = rows
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0

    def loss(b: Floats) -> tuple[float, Floats]:
        z = offset + design @ b
        value = float(w @ (np.logaddexp(0.0, z) - y * z) + 0.5 * penalty @ b**2)
        slope = design.T @ (w * (expit(z) - y)) + penalty * b
        return value / len(y), slope / len(y)

    found = scipy.optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "gtol": 1e-6}
    )
    return np.asarray(found.x)
