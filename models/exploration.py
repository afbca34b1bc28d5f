"""Hand over a small random share of the leads below the threshold, so that a model does not only confirm itself.

Only leads that are worked can be won. Where a model decides who is worked, the others look lost, and the next model
learns that they are. A lottery with a known probability shows what they would have brought; weights of one over that
probability let those who were drawn stand for those who were not (Horvitz and Thompson, 1952; for labels that a
decision selects Lakkaraju et al., 2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Lottery:
    """Who below the threshold may be drawn, and how often one is.

    Attributes
    ----------
    share : float
        Probability of each, 0 to 1; 0 draws nobody.
    spare_band_d : bool
        Whether band D is left out.
    salt : str
        Without it nobody can foresee who is drawn.
    """

    share: float = 0.0
    spare_band_d: bool = False
    salt: str = ""


def draws(lead_ids: Sequence[str], salt: str) -> Floats:
    """Draw a number for each lead: the same every night, wherever and in whatever order it is asked for.

    Parameters
    ----------
    lead_ids : sequence of str
        Leads.
    salt : str
        Another salt gives other numbers.

    Returns
    -------
    ndarray of shape (n,)
        In [0, 1), uniform: the first 53 bits of the SHA-256 of salt and lead.

    Examples
    --------
    >>> draws(["L1", "L2", "L1"], "").round(4).tolist()
    [0.3729, 0.6955, 0.3729]
    >>> draws(["L1"], "other").round(4).tolist()
    [0.3285]
    """
    base = sha256(salt.encode() + b"\0")

    def one(lead_id: str) -> int:
        digest = base.copy()
        digest.update(lead_id.encode())
        return int.from_bytes(digest.digest()[:8], "big") >> 11

    return np.array([one(lead_id) for lead_id in lead_ids], dtype=np.float64) / 2.0**53


def probabilities(handed_over: Flags, below: Flags, band: npt.ArrayLike, opted_out: Flags, lottery: Lottery) -> Floats:
    """Probability with which each lead is handed over, known before it is drawn.

    Parameters
    ----------
    handed_over, below, opted_out : ndarray of bool, shape (n,)
        Whom the model hands over; whose propensity is below the threshold (nobody's where none is valid); who must
        not be contacted.
    band : array-like of str, shape (n,)
        A to D.
    lottery : Lottery
        The share, and whether band D is spared.

    Returns
    -------
    ndarray of shape (n,)
        1 for those handed over, the share for those who may be drawn, drawn or not, 0 for the others.

    Examples
    --------
    >>> yes, no = np.array([True, False, False, False]), np.array([False, True, True, True])
    >>> out = np.array([False, False, False, True])
    >>> probabilities(yes, no, ["A", "C", "D", "C"], out, Lottery(0.02, spare_band_d=True)).tolist()
    [1.0, 0.02, 0.0, 0.0]
    """
    may_be_drawn = below & ~opted_out
    if lottery.spare_band_d:
        may_be_drawn &= np.asarray(band) != "D"
    return np.where(handed_over, 1.0, np.where(may_be_drawn, lottery.share, 0.0))


def drawn(lead_ids: Sequence[str], probability: Floats, salt: str) -> Flags:
    """Say who is handed over by the lottery.

    Parameters
    ----------
    lead_ids : sequence of n str
        Leads.
    probability : ndarray of shape (n,)
        From `probabilities`.
    salt : str
        Of the lottery.

    Returns
    -------
    ndarray of bool, shape (n,)
        False for those who are handed over anyway.

    Examples
    --------
    >>> drawn(["L1", "L2", "L3"], np.array([1.0, 0.7, 0.0]), "").tolist()
    [False, True, False]
    """
    chosen = np.zeros(len(lead_ids), dtype=np.bool_)
    at = np.flatnonzero((probability > 0) & (probability < 1))
    chosen[at] = draws([lead_ids[int(i)] for i in at], salt) < probability[at]
    return chosen
