"""Facts: the columns that speak of one thing, so that one thing gives one reason.

The count of a page over 7, 30 and 90 days and the days since its last view are one fact. A fact may also be all there
is of a wider one: who has done nothing has not opened an e-mail either, and when the last action was a demo request,
"was active 2 days ago" and "requested a demo 2 days ago" are the same news. These become one reason as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.specification import Feature, Recipe

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Counted and dated rows of one table; attributes stand each for itself.
_COUNTED = frozenset({"events", "signals", "answers", "colleagues"})
_FEW = 32


@dataclass(frozen=True)
class Wider:
    """A fact that covers others of its family and table.

    Attributes
    ----------
    fact : int
        Its position among the facts.
    recency : int
        Column with the days since anything of it happened; null where nothing did.
    covered : tuple of int
        Facts that are empty whenever it is.
    latest : tuple of (int, int)
        Narrower facts with a recency of their own: fact and column.
    """

    fact: int
    recency: int
    covered: tuple[int, ...]
    latest: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class FactPoints:
    """Contributions by fact.

    Attributes
    ----------
    sums : ndarray of shape (n, facts)
        In the unit of what was summed; 0 for a fact that was joined to another one.
    joined : ndarray of shape (n, facts), int16
        The wider fact that was joined to this one, -1 for none.
    nothing : ndarray of shape (n, facts), bool
        Whether this fact is shown as "nothing happened", its narrower ones inside.
    """

    sums: Floats
    joined: npt.NDArray[np.int16]
    nothing: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Facts:
    """The facts of a model.

    Attributes
    ----------
    members : tuple of ndarray
        Columns of each fact.
    wider : tuple of Wider
        The widest first.

    Examples
    --------
    >>> from features.declare import activity
    >>> from features.specification import Did
    >>> demo, other = Did("Requested a demo", "Demo requests"), Did("Was active", "Activity")
    >>> features = (*activity("demo", "intent", days=(30,), en=demo, fr=demo),
    ...             *activity("any", "intent", days=(30,), types=(), en=other, fr=other))
    >>> facts = Facts.of(features)
    >>> [columns.tolist() for columns in facts.members], facts.wider[0].latest
    ([[0, 1], [2, 3]], ((0, 1),))
    """

    members: tuple[Ints, ...]
    wider: tuple[Wider, ...]

    @classmethod
    def of(cls, features: Sequence[Feature]) -> Self:
        """Group features by what they speak of.

        Parameters
        ----------
        features : sequence of Feature
            In the order of the columns.
        """
        keys = list(dict.fromkeys((feature.family, feature.fact) for feature in features))
        members = tuple(
            np.array([j for j, feature in enumerate(features) if (feature.family, feature.fact) == key], dtype=np.int64)
            for key in keys
        )
        found = [wider for k in range(len(keys)) if (wider := _wider(k, members, features))]
        return cls(members, tuple(sorted(found, key=lambda wider: -len(wider.covered))))

    def points(self, contributions: Floats, values: "pd.DataFrame", names: Sequence[str]) -> FactPoints:
        """Sum contributions by fact and join what is one piece of news.

        Parameters
        ----------
        contributions : ndarray of shape (n, m)
            By column.
        values : pandas.DataFrame of n rows
            Raw features; only recencies are read, and a missing column is all null.
        names : sequence of m str
            Names of the columns.

        Returns
        -------
        FactPoints
            The sums of a row are those of its contributions but for rounding.
        """
        # Facts lie one behind the other, so that each is read and written in one go.
        by_column = np.ascontiguousarray(contributions.T)
        sums = np.empty((len(self.members), by_column.shape[1]))
        # One column after another, in the order of members: see `sums.row_sums`.
        for k, columns in enumerate(self.members):
            sums[k] = by_column[columns[0]]
            for j in columns[1:]:
                sums[k] += by_column[j]
        joined = np.full(sums.shape, -1, dtype=np.int16)
        nothing = np.zeros(sums.shape, dtype=np.bool_)
        recencies = {j for wider in self.wider for j in (wider.recency, *(column for _, column in wider.latest))}
        last = _columns(values, {j: names[j] for j in recencies})
        for wider in self.wider:
            since = last[wider.recency]
            empty = np.isnan(since)
            nothing[wider.fact] = empty
            if empty.any():
                for fact in wider.covered:
                    sums[wider.fact] += np.where(empty, sums[fact], 0.0)
                    sums[fact] = np.where(empty, 0.0, sums[fact])
            left = ~empty
            for fact, recency in wider.latest:
                same = left & (last[recency] == since)
                if not same.any():
                    continue
                left &= ~same
                sums[fact] += np.where(same, sums[wider.fact], 0.0)
                sums[wider.fact] = np.where(same, 0.0, sums[wider.fact])
                joined[fact, same] = wider.fact
        return FactPoints(np.ascontiguousarray(sums.T), joined.T, nothing.T)


def _columns(values: "pd.DataFrame", names: Mapping[int, str]) -> dict[int, Floats]:
    """Numbers of some columns."""
    if len(values) > _FEW:
        return {j: _column(values, name) for j, name in names.items()}
    # Cell by cell: pandas needs as long to give one column of a few rows as one of thousands.
    cells = dict(zip(values.columns, values.to_numpy(dtype=object).T, strict=True))
    missing = [np.nan] * len(values)
    return {
        j: np.array([np.nan if pd.isna(x) else x for x in cells.get(name, missing)], dtype=np.float64)
        for j, name in names.items()
    }


def _column(values: "pd.DataFrame", name: str) -> Floats:
    if name not in values.columns:
        return np.full(len(values), np.nan)
    return values[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _wider(k: int, members: Sequence[Ints], features: Sequence[Feature]) -> Wider | None:
    """The fact as one that covers others; None where it has no recency or covers none."""
    recency = _recency_of(members[k], features)
    if recency is None:
        return None
    column, recipe = recency
    family, covered, latest = features[column].family, [], []
    for other, columns in enumerate(members):
        recipes = [features[j].recipe for j in columns if features[j].family == family]
        if other == k or not recipes or not all(r is not None and r.source == recipe.source for r in recipes):
            continue
        narrow = _recency_of(columns, features)
        types = {type_ for r in recipes if r is not None for type_ in (*r.types, *r.of)}
        everything = any(r is not None and not r.types for r in recipes)
        within = not recipe.types or (not everything and types <= set(recipe.types))
        if not within or (narrow is not None and (everything or types == set(recipe.types))):
            continue
        covered.append(other)
        if narrow is not None:
            latest.append((other, narrow[0]))
    return Wider(k, column, tuple(covered), tuple(latest)) if covered else None


def _recency_of(columns: Ints, features: Sequence[Feature]) -> tuple[int, Recipe] | None:
    for j in columns:
        recipe = features[j].recipe
        if recipe is not None and recipe.measure == "recency" and recipe.source in _COUNTED:
            return int(j), recipe
    return None
