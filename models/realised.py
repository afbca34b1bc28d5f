"""What became of leads that were scored: conversion beside what was promised, by band and by kind of lead."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from models.certificate import allowed
from models.promises import Promises

_LETTERS = "ABCD"
# Fewer leads of a kind, or fewer wins promised to them, prove nothing.
_FEWEST_LEADS, _FEWEST_PROMISED = 30, 5.0


@dataclass(frozen=True)
class Realised:
    """Matured scores beside what happened.

    Attributes
    ----------
    n_leads, n_won : int
        Leads behind the scores, and those won.
    promised, happened, low, high : float
        Mean propensity; share won and its interval.
    bands : sequence of mapping
        ``band``, ``n_leads``, ``promised``, ``happened``, ``low``, ``high`` and ``off``: whether the band is proven to
        miss by more than the tolerance.
    off : bool
        Whether all of them together are.
    kinds : sequence of mapping
        Kinds of leads that are proven to miss, and to miss otherwise than the rest: ``column``, ``level`` and as
        ``bands``; the surest first.
    """

    n_leads: int
    n_won: int
    promised: float
    happened: float
    low: float
    high: float
    bands: Sequence[Mapping[str, Any]]
    off: bool
    kinds: Sequence[Mapping[str, Any]] = ()


def realised(
    promises: Promises,
    band: npt.ArrayLike,
    tolerance: float,
    confidence: float,
    columns: Mapping[str, npt.ArrayLike] | None = None,
) -> Realised:
    """Hold what happened against what was promised.

    Parameters
    ----------
    promises : Promises
        Matured scores, as they were given; at least one.
    band : array-like of shape (n,)
        A to D.
    tolerance : float
        Share by which odds may miss (see `models.certificate.allowed`).
    confidence : float
        That of all verdicts together, inside (0, 1): each is held to its part (Bonferroni), and kinds of leads to as
        much together as bands.
    columns : mapping of str to array-like of shape (n,), optional
        Categories of the leads, null where unknown; each level is a kind of lead.

    Returns
    -------
    Realised
        Intervals know which rows are of one lead; a miss is told only where its interval lies wholly beyond the
        tolerance.

    Examples
    --------
    >>> p, y = np.repeat([0.3, 0.02], 1000), np.concatenate([np.arange(1000) < 150, np.arange(1000) < 20])
    >>> found = realised(Promises(y, p, np.ones(2000), np.arange(2000)), np.repeat(["A", "D"], 1000), 0.3, 0.99)
    >>> [(one["band"], one["happened"], one["off"]) for one in found.bands], found.off
    ([('A', 0.15, True), ('D', 0.02, False)], True)
    """
    letters = np.asarray(band, dtype=object)
    there = [letter for letter in _LETTERS if (letters == letter).any()]
    doubt = (1 - confidence) / 2
    z = float(ndtri(1 - doubt / 2 / (len(there) + 1)))
    bands = [{"band": letter, **_held(promises.take(letters == letter), tolerance, z)} for letter in there]
    whole = _held(promises, tolerance, z)
    return Realised(
        whole["n_leads"],
        promises.n_won,
        whole["promised"],
        whole["happened"],
        whole["low"],
        whole["high"],
        bands,
        whole["off"],
        _unlike(promises, columns or {}, tolerance, doubt),
    )


def _unlike(
    promises: Promises, columns: Mapping[str, npt.ArrayLike], tolerance: float, doubt: float
) -> list[dict[str, Any]]:
    """Kinds of leads that miss even where the miss of all is taken off: no recalibration of all would mend them."""
    kinds = list(_kinds(promises, columns))
    z = float(ndtri(1 - doubt / 2 / max(len(kinds), 1)))
    levelled = promises.levelled()
    found = []
    for column, level, rows in kinds:
        some, rest = promises.take(rows), levelled.take(rows)
        held, beside = _held(some, tolerance, z), _held(rest, tolerance, z)
        if held["off"] and beside["off"] and some.surprise * rest.surprise > 0:
            found.append((-abs(rest.surprise), {"column": column, "level": level, **held}))
    return [kind for _, kind in sorted(found, key=lambda one: (one[0], one[1]["column"], one[1]["level"]))]


def _kinds(
    promises: Promises, columns: Mapping[str, npt.ArrayLike]
) -> Iterator[tuple[str, str, npt.NDArray[np.bool_]]]:
    for column, values in columns.items():
        levels = pd.Series(np.asarray(values, dtype=object)).dropna().astype("str")
        for level in sorted(levels.unique()):
            rows = np.zeros(len(promises.y), dtype=bool)
            rows[levels.index[levels == level]] = True
            n_leads = len(np.unique(promises.lead[rows]))
            if n_leads >= _FEWEST_LEADS and n_leads * float(promises.p[rows].mean()) >= _FEWEST_PROMISED:
                yield column, level, rows


def _held(promises: Promises, tolerance: float, z: float) -> dict[str, Any]:
    level = promises.level(z)
    low, high = allowed(promises.promised, tolerance)
    return {
        "n_leads": promises.n_leads,
        "promised": promises.promised,
        "happened": promises.happened,
        "low": level.low,
        "high": level.high,
        "off": bool(level.low > high or level.high < low),
    }
