"""Points by hand, as marketing sets them: conditions on features, points for each rule, a threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import UseError
from features.specification import Feature

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Condition:
    """A test of one feature; null never passes it.

    Attributes
    ----------
    column : str
        A feature, or the column of leads or accounts that one stands for.
    at_least, at_most : float, optional
        Ends of a number, both included.
    equals : str or tuple of str, optional
        A category, or any of several.

    Examples
    --------
    >>> size = Condition("employees", at_least=10, at_most=250)
    >>> size.holds(pd.DataFrame({"employees": [9, 10, 251, None]})).tolist()
    [False, True, False, False]
    >>> Condition("fit__employees")
    Traceback (most recent call last):
        ...
    features.errors.UseError: points grid, fit__employees: expected either at_least, at_most or both, or equals, found
    none; write e.g. at_least = 50.
    """

    column: str
    at_least: float | None = None
    at_most: float | None = None
    equals: str | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        number = self.at_least is not None or self.at_most is not None
        if number == (self.equals is not None):
            raise UseError(
                f"points grid, {self.column}: expected either at_least, at_most or both, or equals, found "
                f"{'both' if number else 'none'}; write e.g. at_least = 50."
            )

    def holds(self, frame: pd.DataFrame) -> Flags:
        """Rows that pass; of shape (n,)."""
        column = frame[self.column]
        if self.equals is not None:
            wanted = {self.equals} if isinstance(self.equals, str) else set(self.equals)
            return np.array([isinstance(value, str) and value in wanted for value in column.astype("object")], bool)
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        least = -np.inf if self.at_least is None else self.at_least
        most = np.inf if self.at_most is None else self.at_most
        return (values >= least) & (values <= most)


@dataclass(frozen=True)
class PointsRule:
    """One line of a points grid.

    Attributes
    ----------
    column : str
        As in `Condition`.
    points : float
        Given when all conditions hold; may be negative.
    at_least, equals, at_most
        As in `Condition`.
    also : tuple of Condition
        Others that must hold too.
    outside : bool
        Whether the points are given where the conditions do not all hold, instead; a null among them gives none.

    Examples
    --------
    >>> three_opens_and_a_click = PointsRule("opens", 15, at_least=3, also=(Condition("clicks", at_least=1),))
    >>> three_opens_and_a_click.fires(pd.DataFrame({"opens": [3, 9, 2], "clicks": [1, 0, 5]})).tolist()
    [True, False, False]
    """

    column: str
    points: float
    at_least: float | None = None
    equals: str | tuple[str, ...] | None = None
    at_most: float | None = None
    also: tuple[Condition, ...] = ()
    outside: bool = False

    def __post_init__(self) -> None:
        # The test of the first condition is checked where it is made.
        _ = self.conditions

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All that must hold."""
        return (Condition(self.column, self.at_least, self.at_most, self.equals), *self.also)

    @property
    def columns(self) -> tuple[str, ...]:
        """What it looks at."""
        return tuple(condition.column for condition in self.conditions)

    def fires(self, frame: pd.DataFrame) -> Flags:
        """Rows that it gives its points to; of shape (n,)."""
        held = np.logical_and.reduce([condition.holds(frame) for condition in self.conditions])
        if not self.outside:
            return np.asarray(held)
        known = np.logical_and.reduce([frame[name].notna().to_numpy() for name in self.columns])
        return np.asarray(known & ~held)


@dataclass(frozen=True)
class PointsGrid:
    """A whole grid.

    Attributes
    ----------
    rules : tuple of PointsRule
        Each adds its points where it fires.
    threshold : float
        Points from which a lead is handed over.

    Examples
    --------
    >>> rules = PointsRule("pages", 5, at_least=3), PointsRule("role", 10, equals="CEO")
    >>> grid = PointsGrid(rules, threshold=10)
    >>> grid.points(pd.DataFrame({"pages": [4, 1, None], "role": ["CEO", "CEO", None]})).tolist()
    [15.0, 10.0, 0.0]
    """

    rules: tuple[PointsRule, ...]
    threshold: float

    @classmethod
    def applicable(
        cls,
        rules: Sequence[PointsRule],
        threshold: float,
        columns: Sequence[str],
        features: Sequence[Feature] = (),
    ) -> Self | None:
        """Keep the rules whose columns exist.

        Parameters
        ----------
        rules : sequence of PointsRule
            The company's grid.
        threshold : float
            Its threshold.
        columns : sequence of str
            Features at hand.
        features : sequence of Feature
            What they are, so that a rule may name the column of leads or accounts that a feature stands for.

        Returns
        -------
        PointsGrid or None
            None when no rule applies.
        """
        stands_for = {name.partition(".")[2]: f.name for f in reversed(features) for name in _read_as_is(f)}
        named = [_renamed(rule, set(columns), stands_for) for rule in rules]
        kept = tuple(rule for rule in named if set(rule.columns) <= set(columns))
        return cls(kept, threshold) if kept else None

    def points(self, frame: pd.DataFrame) -> Floats:
        """Points of each row.

        Parameters
        ----------
        frame : pandas.DataFrame of shape (n, m)
            Raw features.

        Returns
        -------
        ndarray of shape (n,)
        """
        total = np.zeros(len(frame))
        for rule in self.rules:
            total += rule.points * rule.fires(frame)
        return total


def absent(rules: Sequence[PointsRule], columns: Sequence[str], features: Sequence[Feature] = ()) -> tuple[str, ...]:
    """Columns that rules look at and that are not there: those rules never fire.

    Examples
    --------
    >>> absent([PointsRule("pages", 5, at_least=3), PointsRule("role", 10, equals="CEO")], ["pages"])
    ('role',)
    """
    grids = ((rule, PointsGrid.applicable([rule], 0.0, columns, features)) for rule in rules)
    known = set(columns)
    missing = [name for rule, grid in grids if grid is None for name in rule.columns if name not in known]
    return tuple(dict.fromkeys(missing))


def _read_as_is(feature: Feature) -> tuple[str, ...]:
    recipe = feature.recipe
    return recipe.columns if recipe is not None and recipe.measure in ("value", "industry_text") else ()


def _renamed(rule: PointsRule, columns: set[str], stands_for: Mapping[str, str]) -> PointsRule:
    def name(column: str) -> str:
        return column if column in columns else stands_for.get(column, column)

    also = tuple(replace(condition, column=name(condition.column)) for condition in rule.also)
    return replace(rule, column=name(rule.column), also=also)
