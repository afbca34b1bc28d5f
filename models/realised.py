"""What became of leads that were scored: their conversion by band beside what was promised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from models.certificate import allowed
from models.promises import Promises

_LETTERS = "ABCD"


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
    """

    n_leads: int
    n_won: int
    promised: float
    happened: float
    low: float
    high: float
    bands: Sequence[Mapping[str, Any]]
    off: bool


def realised(promises: Promises, band: npt.ArrayLike, tolerance: float, confidence: float) -> Realised:
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
        That of all verdicts together, inside (0, 1): each is held to its part (Bonferroni).

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
    z = float(ndtri(1 - (1 - confidence) / 2 / (len(there) + 1)))
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
    )


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
