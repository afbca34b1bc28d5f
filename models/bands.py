"""Bands A to D: a coarse view of the propensity, with what each band really converted at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from features.errors import DataError
from models.comparison import conversion

Floats = npt.NDArray[np.float64]
LETTERS = ("A", "B", "C", "D")
# Below the limit of C no more than this share of the wins may be lost.
_WINS_IN_D = 0.05


@dataclass(frozen=True)
class Bands:
    """Limits of the bands and their measured conversion.

    Attributes
    ----------
    a, b, c : float
        Least propensity of A, B and C; strictly decreasing, inside (0, 1). The rest is D.
    measured : mapping of str to dict
        By letter: ``n`` leads, their ``conversion`` (None without any), ``low``, ``high`` (Wilson, 95%) on rows nobody
        fitted on.

    Examples
    --------
    >>> Bands(0.5, 0.2, 0.1).assign([0.6, 0.2, 0.19, 0.05]).tolist()
    ['A', 'B', 'C', 'D']
    >>> Bands(0.2, 0.5, 0.1)
    Traceback (most recent call last):
        ...
    features.errors.DataError: bands: expected 1 > A > B > C > 0, found A=0.2, B=0.5, C=0.1.
    """

    a: float
    b: float
    c: float
    measured: Mapping[str, Mapping[str, Any]] | None = None

    def __post_init__(self) -> None:
        if not 1 > self.a > self.b > self.c > 0:
            raise DataError(f"bands: expected 1 > A > B > C > 0, found A={self.a}, B={self.b}, C={self.c}.")

    @classmethod
    def derive(cls, propensity: Floats, y: Floats, w: Floats, lead: npt.ArrayLike, threshold: float | None) -> Self:
        """Choose limits from rows that nobody fitted on.

        B begins at the threshold (without one: at the best 30%), so A and B are handed over. A begins at the
        median of those. D is as large as it can be while it holds at most 5% of the wins.

        Parameters
        ----------
        propensity, y, w : ndarray of shape (n,)
            Propensities, labels 0 or 1, weights.
        lead : array-like of shape (n,)
            Lead of each row.
        threshold : float, optional
            Least propensity handed to sales.

        Returns
        -------
        Bands
            With its measured conversion.
        """
        b = float(np.quantile(propensity, 0.7)) if threshold is None else threshold
        b = float(np.clip(b, 1e-6, 1 - 1e-6))
        above = propensity[propensity >= b]
        a = float(np.median(above)) if len(above) else b
        if not b < a < 1:
            a = b + (1 - b) / 2
        order = np.argsort(propensity, kind="stable")
        lost_wins = np.cumsum((w * y)[order])
        n_below = int(np.searchsorted(lost_wins, _WINS_IN_D * lost_wins[-1], side="right"))
        c = float(propensity[order[min(n_below, len(order) - 1)]])
        if not 0 < c < b:
            c = b / 2
        return cls(a, b, c).measure(propensity, y, w, lead)

    def measure(self, propensity: Floats, y: Floats, w: Floats, lead: npt.ArrayLike) -> Self:
        """Keep the limits, measure the conversion of each band anew.

        Parameters
        ----------
        propensity, y, w : ndarray of shape (n,)
            Propensities, labels 0 or 1, weights.
        lead : array-like of shape (n,)
            Lead of each row.

        Returns
        -------
        Bands
        """
        letters, who = self.assign(propensity), np.asarray(lead)
        rows = {letter: letters == letter for letter in LETTERS}
        measured = {letter: conversion(y[at], w[at], who[at]) for letter, at in rows.items()}
        return type(self)(self.a, self.b, self.c, measured)

    def assign(self, propensity: npt.ArrayLike) -> npt.NDArray[np.str_]:
        """Band of each propensity.

        Parameters
        ----------
        propensity : array-like of shape (n,)
            0 to 1.

        Returns
        -------
        ndarray of str
            "A" to "D".
        """
        above = np.searchsorted([self.c, self.b, self.a], np.asarray(propensity), side="right")
        return np.asarray(LETTERS)[3 - above]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON.

        Returns
        -------
        dict
            Keys ``a``, ``b``, ``c``, ``measured``.
        """
        measured = {letter: dict(figures) for letter, figures in (self.measured or {}).items()}
        return {"a": self.a, "b": self.b, "c": self.c, "measured": measured}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote.

        Parameters
        ----------
        data : mapping
            Keys ``a``, ``b``, ``c``, ``measured``.

        Returns
        -------
        Bands

        Raises
        ------
        DataError
            Limits that do not decrease.
        """
        return cls(data["a"], data["b"], data["c"], data["measured"])
