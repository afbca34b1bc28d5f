"""The few facts that move one lead's propensity most, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.language import Language
from features.specification import Feature
from features.words import sentence
from models.explain import row_sums

Floats = npt.NDArray[np.float64]


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
        The fact as a sentence; empty when no language was asked for.
    """

    code: str
    family: str
    points: float
    text: str = ""


def top_reasons(
    features: Sequence[Feature],
    contributions: Floats,
    frame: pd.DataFrame,
    language: Language | None = "en",
    n_up: int = 3,
    n_down: int = 2,
    least_points: float = 0.05,
    least_share: float = 0.03,
) -> list[tuple[Reason, ...]]:
    """Name the strongest reasons of each row, for and against.

    Near-duplicates (features of the same fact: a count over 7, 30 and 90 days) are summed to one reason,
    shown by the strongest of those that push its way.

    Parameters
    ----------
    features : sequence of m Feature
        In the order of the columns of ``contributions``.
    contributions : ndarray of shape (n, m)
        To the propensity, in probability.
    frame : pandas.DataFrame of n rows
        Raw features, for the facts in the sentences; a missing column is null.
    language : {"en", "fr"}, optional
        None leaves the texts empty, which is what millions of rows want.
    n_up, n_down : int
        Most reasons for and against.
    least_points : float
        Weaker reasons are left out.
    least_share : float
        So are those weaker than this share of the row's strongest reason, 0 to 1: beside +12, a -0.1 is noise that
        costs trust.

    Returns
    -------
    list of n tuples of Reason
        Strongest first.
    """
    fact_of, facts = pd.factorize(np.array([feature.fact for feature in features], dtype=object))
    members = [np.flatnonzero(fact_of == k) for k in range(len(facts))]
    points = 100.0 * contributions
    sums = np.column_stack([row_sums(points[:, columns]) for columns in members])
    least = np.maximum(least_points, least_share * np.abs(sums).max(axis=1))
    ups = _strongest(sums, n_up, least)
    downs = _strongest(-sums, n_down, least)
    rows = []
    for i in range(len(sums)):
        chosen = sorted((*ups[i], *downs[i]), key=lambda k, i=i: -abs(sums[i, k]))  # type: ignore[misc]  # i: int
        reasons = []
        for k in chosen:
            total = float(sums[i, k])
            shown = members[k][int(np.argmax(np.sign(total) * points[i, members[k]]))]
            feature = features[shown]
            text = "" if language is None else sentence(feature, _value(frame, feature.name, i), language)
            reasons.append(Reason(feature.code, feature.family, total, text))
        rows.append(tuple(reasons))
    return rows


def _strongest(sums: Floats, n: int, least: Floats) -> list[list[int]]:
    """Positions of the n largest sums of each row that reach its least, ties by position."""
    order = np.argsort(-sums, axis=1, kind="stable")[:, :n]
    return [[int(k) for k in row if sums[i, k] >= least[i]] for i, row in enumerate(order)]


def _value(frame: pd.DataFrame, name: str, i: int) -> float | str | None:
    if name not in frame.columns:
        return None
    value: Any = frame[name].iloc[i]
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124  NaN
        return None
    return str(value) if isinstance(value, str) else float(value)
