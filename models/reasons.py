"""The few facts that move a lead's propensity most, as numbers; `models.narrator` words those that are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.specification import Feature
from models.facts import FactPoints, Facts
from models.positions import by_value

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Measures that need a second thought speak for a fact only where they push this many times harder than plainer ones.
_ABSTRACT, _UNCLEAR = frozenset({"decay", "strength", "sessions", "types", "share", "trend"}), 1 / 3


@dataclass(frozen=True)
class Reason:
    """One fact about a lead and what it does to its propensity.

    Attributes
    ----------
    code : str
        Stable.
    family : {"fit", "engagement", "intent"}
        What kind of fact.
    points : float
        Percentage points of propensity, against the average lead; the sign is the direction.
    text : str
        The fact as a sentence, under 120 characters; empty where no text was asked for.
    evidence : str
        What became of the leads that share the fact, as a sentence; empty where there are too few of them.
    """

    code: str
    family: str
    points: float
    text: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class ReasonTable:
    """The reasons of many rows as flat arrays.

    Attributes
    ----------
    start : ndarray of shape (n + 1,), int64
        Where the reasons of each row begin, and where the last ones end.
    column : ndarray of shape (k,), int64
        Feature that a reason is shown by.
    points : ndarray of shape (k,)
        Percentage points of propensity; within a row the strongest first.
    """

    start: Ints
    column: Ints
    points: Floats

    @property
    def row(self) -> Ints:
        """Row of each reason."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def of(self, i: int) -> list[tuple[int, float]]:
        """Columns and points of one row's reasons."""
        span = slice(self.start[i], self.start[i + 1])
        return list(zip(self.column[span].tolist(), self.points[span].tolist(), strict=True))


@lru_cache(maxsize=16)
def _facts(features: tuple[Feature, ...]) -> Facts:
    return Facts.of(features)


def top_reasons(
    features: Sequence[Feature],
    contributions: Floats,
    frame: pd.DataFrame,
    n_up: int = 3,
    n_down: int = 2,
    least_points: float = 0.05,
    least_share: float = 0.03,
) -> ReasonTable:
    """Choose the strongest reasons of each row, for and against.

    Near-duplicates (features of the same fact: a count over 7, 30 and 90 days) are summed to one reason,
    shown by the strongest of those that push its way; so are facts that are the same news in this row (see
    `models.facts`).

    Parameters
    ----------
    features : sequence of m Feature
        In the order of the columns of ``contributions``.
    contributions : ndarray of shape (n, m)
        To the propensity, in probability.
    frame : pandas.DataFrame of n rows
        Raw features; a missing column is null.
    n_up, n_down : int
        Most reasons for and against.
    least_points : float
        Weaker reasons are left out.
    least_share : float
        So are those weaker than this share of the row's strongest reason, 0 to 1: beside +12, a -0.1 is noise that
        costs trust.

    Returns
    -------
    ReasonTable

    Examples
    --------
    >>> features = [Feature(f"fit__{x}", "fit", "number", x, "not known") for x in ("size", "growth")]
    >>> top_reasons(features, np.array([[0.02, -0.03]]), pd.DataFrame({"fit__size": [5.0]})).of(0)
    [(1, -3.0), (0, 2.0)]
    """
    facts = _facts(tuple(features))
    points = 100.0 * contributions
    found = facts.points(points, frame, [feature.name for feature in features])
    least = np.maximum(least_points, least_share * np.abs(found.sums).max(axis=1, initial=0.0))
    up, down = _largest(found.sums, n_up), _largest(-found.sums, n_down)
    largest = np.hstack([up, down])
    sums = np.take_along_axis(found.sums, largest, axis=1)
    # The largest of a row that has too few in this direction are of the other.
    sums[sums * np.repeat([1.0, -1.0], [up.shape[1], down.shape[1]]) <= 0] = np.nan
    order = np.argsort(-np.abs(sums), axis=1, kind="stable")
    largest, sums = np.take_along_axis(largest, order, axis=1), np.take_along_axis(sums, order, axis=1)
    given = np.abs(sums) >= least[:, None]
    rows, chosen, total = np.nonzero(given)[0], largest[given], sums[given]
    return ReasonTable(
        start=np.concatenate([[0], np.cumsum(given.sum(axis=1))]).astype(np.int64),
        column=_shown(facts, found, points, _clarity(features), rows, chosen, np.sign(total)),
        points=total,
    )


def _clarity(features: Sequence[Feature]) -> Floats:
    """How readily a salesperson understands each feature: a count or a date before a score of activity."""
    return np.array([_UNCLEAR if f.recipe and f.recipe.measure in _ABSTRACT else 1.0 for f in features])


def _largest(sums: Floats, n: int) -> Ints:
    """Facts of the n largest sums of each row, the largest first, of equal ones the first."""
    left = sums.copy()
    rows = np.arange(len(sums))
    found = np.empty((len(sums), min(n, sums.shape[1])), dtype=np.int64)
    for rank in range(found.shape[1]):
        found[:, rank] = left.argmax(axis=1)
        left[rows, found[:, rank]] = -np.inf
    return found


def _shown(
    facts: Facts, found: FactPoints, points: Floats, clarity: Floats, rows: Ints, chosen: Ints, sign: Floats
) -> Ints:
    """The feature that stands for each reason: the one that pushes hardest in its direction, the clear ones first."""
    column = np.empty(len(rows), dtype=np.int64)
    recency = {wider.fact: wider.recency for wider in facts.wider}
    narrow = {(wider.fact, fact): column for wider in facts.wider for fact, column in wider.latest}
    joined = found.joined[rows, chosen]
    for at in by_value(chosen * (len(facts.members) + 1) + joined + 1):
        fact, wide = chosen[at[0]], joined[at[0]]
        members = facts.members[fact] if wide < 0 else np.concatenate([facts.members[fact], facts.members[wide]])
        pushes = sign[at] * points.T[members[:, None], rows[at]] * clarity[members, None]
        best = members[np.argmax(pushes, axis=0)]
        if wide >= 0:
            # Both were last seen at one instant: the narrower says more.
            best = np.where(best == recency[wide], narrow[wide, fact], best)
        if fact in recency:
            best = np.where(found.nothing[rows[at], fact], recency[fact], best)
        column[at] = best
    return column
