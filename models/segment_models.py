"""The models of segments: the model of all leads, and what each segment adds to its margin.

A correction has trees of its own and a level, both multiplied by the share that unseen leads of the segment bear out.
Contributions add up as margins do, so explanations stay exact; a row's reference is the typical lead of its segment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.linear import LinearPart
from models.pattern_tables import PatternTables
from models.segments import ALL, Names, Segment, assign
from models.sums import margin_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Correction:
    """What the model of one segment adds to the margin of the model of all leads.

    Attributes
    ----------
    share : float
        Of the correction that is applied, above 0 and at most 1.
    level : float
        Log-odds, before the share.
    booster_texts : tuple of str
        Trees, as LightGBM writes them, averaged; may be empty.
    linear : LinearPart, optional
        Regression, to which the trees are added.
    few_rows : bool
        As in `models.pattern_tables.PatternTables`.
    """

    share: float
    level: float
    booster_texts: tuple[str, ...] = ()
    linear: LinearPart | None = None
    few_rows: bool = False

    @cached_property
    def tables(self) -> PatternTables | None:
        """Tables of contributions of the trees, compiled when first asked for."""
        if not self.booster_texts:
            return None
        return replace(PatternTables.from_boosters(self.booster_texts), few_rows=self.few_rows)

    @property
    def base(self) -> float:
        """What is added to the margin of the typical lead, log-odds."""
        trees = 0.0 if self.tables is None else self.tables.base
        return self.share * (self.level + trees + (0.0 if self.linear is None else self.linear.base))

    def contributions(self, matrix: Floats, num_threads: int = 1) -> Floats:
        """Path-dependent SHAP values of what is added.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            As the trees of the model of all leads read it.
        num_threads : int
            Changes no bit of the result.

        Returns
        -------
        ndarray of shape (n, m)
            Log-odds; ``base`` plus their sum is what is added to the margin.
        """
        phi = np.zeros(matrix.shape) if self.tables is None else self.tables.contributions(matrix, num_threads)[0]
        return self.share * (phi if self.linear is None else phi + self.linear.contributions(matrix))


@dataclass(frozen=True)
class SegmentModels:
    """Segments of a model, and the corrections of those that differ from the whole.

    Attributes
    ----------
    segments : tuple of Segment
        In the order in which they are tried.
    corrections : mapping of str to Correction
        By name; a segment without one is scored by the model of all leads.

    Examples
    --------
    >>> SegmentModels().of(pd.DataFrame({"a": [1, 2]})).tolist()
    ['all', 'all']
    """

    segments: tuple[Segment, ...] = ()
    corrections: Mapping[str, Correction] = field(default_factory=dict)

    def of(self, frame: pd.DataFrame) -> Names:
        """Segment of each row, whether it has a model of its own or not.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features.

        Returns
        -------
        ndarray of str of shape (n,)
            ``all`` where a row is in none.
        """
        return assign(self.segments, frame)

    def made_by(self, frame: pd.DataFrame) -> Names:
        """Segment whose correction is in each row's score.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features.

        Returns
        -------
        ndarray of str of shape (n,)
            ``all`` where the model of all leads scores alone.
        """
        names = self.of(frame)
        names[~np.isin(names, list(self.corrections))] = ALL
        return names

    def add(
        self, phi: Floats, base: float, matrix: Floats, frame: pd.DataFrame, num_threads: int = 1
    ) -> tuple[Floats, Floats]:
        """Add the corrections to contributions of the model of all leads.

        Parameters
        ----------
        phi : ndarray of shape (n, m)
            Contributions to the margin.
        base : float
            Margin of the typical lead.
        matrix : ndarray of shape (n, m)
            What the trees read of the same rows.
        frame : pandas.DataFrame of n rows
            Their raw features.
        num_threads : int
            Changes no bit of the result.

        Returns
        -------
        tuple of (ndarray of shape (n, m), ndarray of shape (n,))
            Contributions, and the margin of the typical lead of each row's segment.
        """
        bases = np.full(len(matrix), base)
        if not self.corrections:
            return phi, bases
        phi, names = phi.copy(order="K"), self.of(frame)
        for name, correction in self.corrections.items():
            rows = np.flatnonzero(names == name)
            if len(rows):
                phi[rows] += correction.contributions(matrix[rows], num_threads)
                bases[rows] += correction.base
        return phi, bases

    def added(self, matrix: Floats, frame: pd.DataFrame) -> Floats:
        """What is added to each row's margin.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            What the trees read.
        frame : pandas.DataFrame of n rows
            Raw features of the same rows.

        Returns
        -------
        ndarray of shape (n,)
            Log-odds.
        """
        phi, bases = self.add(np.zeros(matrix.shape), 0.0, matrix, frame)
        return margin_of(phi, bases)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without the trees.

        Returns
        -------
        dict
            Keys ``segments`` and ``corrections``: ``share``, ``level`` and ``linear`` by segment.
        """
        corrections = {
            name: {"share": c.share, "level": c.level, "linear": None if c.linear is None else c.linear.to_dict()}
            for name, c in self.corrections.items()
        }
        return {"segments": [segment.to_dict() for segment in self.segments], "corrections": corrections}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], booster_texts: Mapping[str, Sequence[str]]) -> Self:
        """Read back what `to_dict` wrote.

        Parameters
        ----------
        data : mapping
            Keys ``segments`` and ``corrections``.
        booster_texts : mapping of str to sequence of str
            Trees of each correction.

        Returns
        -------
        SegmentModels
        """
        segments = tuple(Segment.from_dict(segment) for segment in data["segments"])
        corrections = {
            name: Correction(
                float(c["share"]),
                float(c["level"]),
                tuple(booster_texts[name]),
                None if c["linear"] is None else LinearPart.from_dict(c["linear"]),
            )
            for name, c in data["corrections"].items()
        }
        return cls(segments, corrections)


NO_SEGMENTS = SegmentModels()
