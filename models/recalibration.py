"""A new calibration for an old model, from outcomes that matured since: the ranking stays, the percentages follow.

Conversion moves faster than what makes leads differ. Two numbers, slope and level of the margin, are learnt from the
newest rows that the trees have not seen, as few as suffice; the level is then followed to the end of them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.calibration import BetaCalibration
from models.drift import Margins, newest_level

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# Newest rows suffice once they hold so many won and as many lost.
_ENOUGH = 300
# A trial learns from so many won and lost leads at least.
_FEWEST = 30


def refit(champion: BetaCalibration, rows: Margins) -> BetaCalibration:
    """Calibrate on the newest rows.

    Parameters
    ----------
    champion : BetaCalibration
        What is believed before: few rows stay near it.
    rows : Margins
        Rows that the trees have not learnt from, at least one.

    Returns
    -------
    BetaCalibration
        That of the champion with one more slope and level, from the newest rows with 300 won and 300 lost; its level
        is where conversion is at the end of them (`models.drift.newest_level`).

    Examples
    --------
    >>> m, t = np.zeros(4000), np.arange(4000)
    >>> risen = Margins(m, (t % 10 > np.where(t > 2000, 4, 8)).astype(float), np.ones(4000), t)
    >>> refit(BetaCalibration(c=-2.0), risen)([0.0]).round(2).tolist()
    [0.5]
    """
    newest = newest_rows(rows)
    said = Margins(champion.logit(newest.margin), newest.y, newest.w, newest.cutoff)
    more = BetaCalibration.fit_slope(said.margin, said.y, said.w)
    level = more.c + newest_level(more, said)
    return BetaCalibration(more.a * champion.a, more.a * champion.b, more.a * champion.c + level)


def newest_rows(rows: Margins) -> Margins:
    """Take the newest rows with 300 won and 300 lost, whole cutoffs at a time; all where there are fewer.

    Parameters
    ----------
    rows : Margins
        In any order.

    Returns
    -------
    Margins
        In the order of time.

    Examples
    --------
    >>> t = np.arange(4000)
    >>> len(newest_rows(Margins(np.zeros(4000), (t % 2).astype(float), np.ones(4000), t)).y)
    600
    """
    order = np.argsort(rows.cutoff, kind="stable")
    y = rows.y[order]
    behind = [np.cumsum(kind[::-1])[::-1] for kind in (y == 1, y == 0)]
    enough = np.flatnonzero((behind[0] >= _ENOUGH) & (behind[1] >= _ENOUGH))
    if len(enough):
        order = order[rows.cutoff[order] >= rows.cutoff[order[enough[-1]]]]
    return rows.take(order)


@dataclass(frozen=True)
class Trial:
    """What a recalibration would have promised, on rows that it had not learnt from.

    Attributes
    ----------
    at : ndarray of int64 of shape (k,)
        Positions of the rows that judge it.
    propensity : ndarray of shape (k,)
        What it promised them.
    forward : bool
        Whether it learnt from older rows; else from other leads of the same time.
    """

    at: Ints
    propensity: Floats
    forward: bool


def try_out(
    champion: BetaCalibration, rows: Margins, lead: npt.ArrayLike, fresh: Flags, least_won: int, seed: int = 0
) -> Trial | None:
    """Judge a recalibration before it is made.

    The newest rows that are new to the champion's calibration too judge it, as many as hold ``least_won`` won leads;
    it learns from the older ones, of other leads. Where those are too few, leads are halved: each half judges what was
    learnt from the other.

    Parameters
    ----------
    champion : BetaCalibration
        As in `refit`.
    rows : Margins
        Rows that the trees have not learnt from.
    lead : array-like of shape (n,)
        Lead of each row.
    fresh : ndarray of bool of shape (n,)
        Those that the champion's calibration has not learnt from either.
    least_won : int
        Won leads among the rows that judge.
    seed : int
        Of the halves.

    Returns
    -------
    Trial, optional
        None with fewer won leads among the fresh rows.

    Examples
    --------
    >>> t = np.arange(2000)
    >>> rows = Margins(np.zeros(2000), (t % 5 == 0).astype(float), np.ones(2000), t)
    >>> found = try_out(BetaCalibration(), rows, t, t >= 1000, 40)
    >>> len(found.at), found.forward, bool(abs(found.propensity.mean() - 0.2) < 0.01)
    (200, True, True)
    >>> try_out(BetaCalibration(), rows, t, t >= 1990, 40) is None
    True
    """
    codes, _ = pd.factorize(np.asarray(lead))
    start = _start(rows, codes, fresh, least_won)
    if start is None:
        return None
    at = np.flatnonzero(fresh & (rows.cutoff >= start)).astype(np.int64)
    other = ~np.isin(codes, codes[at])
    older = np.flatnonzero((rows.cutoff < start) & other)
    if min(rows.y[older].sum(), (1 - rows.y[older]).sum()) >= _FEWEST:
        return Trial(at, refit(champion, rows.take(older))(rows.margin[at]), forward=True)
    half = np.random.default_rng(seed).random(codes.max() + 1)[codes] < 0.5
    propensity = np.empty(len(at))
    for side in (half, ~half):
        here = side[at]
        propensity[here] = refit(champion, rows.take(np.flatnonzero(~side)))(rows.margin[at[here]])
    return Trial(at, propensity, forward=False)


def _start(rows: Margins, codes: Ints, fresh: Flags, least_won: int) -> int | None:
    """Latest cutoff from which on the fresh rows hold enough won leads."""
    won = np.flatnonzero(fresh & (rows.y == 1))
    last = pd.Series(rows.cutoff[won]).groupby(codes[won]).max().sort_values(ascending=False)
    return int(last.iloc[least_won - 1]) if len(last) >= least_won else None
