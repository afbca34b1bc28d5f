"""What young cohorts may teach: weights that undo the censoring of their outcomes.

A snapshot followed for only c of its H days of horizon is not lost when it is not won yet. With ``F(c)`` the share of
the deals won within H days that are won within c, measured on mature snapshots, a deal won so far stands for
``1 / F(c)`` deals; those still to come are among the undecided, who therefore stand for less than themselves::

    won so far     label 1   1 + e (1 / F(c) - 1)
    lost so far    label 0   1
    undecided      label 0   1 - e m / u    m = sum of (1 / F(c) - 1) over the won, u = number undecided
                                            e = min(1, u / m): no more deals than leads that can bring them

by segment and cohort, so that the weights of a cohort sum to its rows. Weighting the won by the inverse probability of
having been seen is IPCW (Robins and Rotnitzky, 1992; for risk prediction Vock et al., 2016). Who is not decided within
the horizon is never seen uncensored, so that the undecided cannot be dropped as there: they are weighted as in learning
from delayed feedback (Chapelle, 2014; Yasui et al., 2020).

Assumed: within a segment, when a deal is won depends neither on the features nor on the calendar. The segments are
therefore bands of propensity, for hot leads are won early: in a simulated company with a cycle of 12 to 18 months half
of the deals are in after 86 days among the hottest fifth and after 348 among the coldest, but after 225 and 209 for
inbound and outbound. A change of pace (a crisis, another sales process) is only seen once its
cohorts are mature. A lead lost and later won counts as lost while it is young.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Below this share of the deals seen, a win stands for more than three and one chance too many is taken for a trend.
FLOOR = 0.3
_MOST_BANDS = 6
_WON_LEADS = 50
_COHORT_DAYS = 30.0


@dataclass(frozen=True)
class Followed:
    """Snapshots with what became of them until their follow-up ended; half-open, as every window.

    Attributes
    ----------
    segment : ndarray of shape (n,), int64
        Which delay curve is theirs.
    days : ndarray of shape (n,)
        Follow-up from the cutoff, 0 to the horizon.
    won_after : ndarray of shape (n,)
        Days from the cutoff to the win, below ``days``; NaN where not won.
    is_open : ndarray of shape (n,), bool
        Not decided.
    w : ndarray of shape (n,)
        Own weights.
    """

    segment: Ints
    days: Floats
    won_after: Floats
    is_open: npt.NDArray[np.bool_]
    w: Floats


def bands(margin: Floats, won_margin: Floats, n_won_leads: int) -> Ints:
    """Segment leads by propensity: as many won mature snapshots in each band.

    Parameters
    ----------
    margin : ndarray of shape (n,)
        Log-odds of the leads to segment.
    won_margin : ndarray of shape (k,)
        Those of won mature snapshots, from models that did not see their leads.
    n_won_leads : int
        How many leads these snapshots are of: there are at most 6 bands, and 50 won leads for each.

    Returns
    -------
    ndarray of shape (n,), int64
        From 0, the coldest.

    Examples
    --------
    >>> bands(np.array([-3.0, 0.5, 9.0]), np.arange(100.0) / 100, n_won_leads=100).tolist()
    [0, 1, 1]
    """
    n_bands = int(np.clip(n_won_leads // _WON_LEADS, 1, _MOST_BANDS))
    edges = np.quantile(won_margin, np.arange(1, n_bands) / n_bands) if len(won_margin) else np.empty(0)
    return np.searchsorted(edges, margin, side="right").astype(np.int64)


def share_seen(delays: Floats, days: Floats) -> Floats:
    """Empirical F(c): share of the deals that were won within c days.

    Parameters
    ----------
    delays : ndarray of shape (k,)
        Days from cutoff to win of mature snapshots.
    days : ndarray of shape (n,)
        Follow-ups c; a deal won on day c itself is outside, as the window is half-open.

    Returns
    -------
    ndarray of shape (n,)
        0 to 1; 0 where no deal was ever won.

    Examples
    --------
    >>> share_seen(np.array([10.0, 20.0, 30.0, 40.0]), np.array([10.0, 10.5, 99.0])).tolist()
    [0.0, 0.25, 1.0]
    """
    return np.searchsorted(np.sort(delays), days, side="left") / max(len(delays), 1)


def weigh(mature: Followed, young: Followed, floor: float = FLOOR) -> tuple[Ints, Floats, Floats]:
    """Label and weigh the young snapshots of which enough is known.

    Parameters
    ----------
    mature : Followed
        Snapshots followed for the whole horizon: they give the delay curve of each segment.
    young : Followed of n snapshots
        Followed for less.
    floor : float
        Snapshots with a lower F(c) stay out.

    Returns
    -------
    at : ndarray of shape (k,), int64
        Positions of those that may teach.
    y, w : ndarray of shape (k,)
        Labels 0 or 1; weights, own weight included, 0 or more.

    Examples
    --------
    Half of the deals are in after 50 days, so the one that is won stands for two and the four undecided for three:

    >>> four = lambda *x: np.array(x, dtype=float)
    >>> mature = Followed(np.zeros(4, int), four(90, 90, 90, 90), four(10, 40, 60, 80), np.zeros(4, bool), np.ones(4))
    >>> young = Followed(np.zeros(6, int), np.full(6, 50.0), np.array([20.0] + [np.nan] * 5),
    ...                  np.array([False] + [True] * 4 + [False]), np.ones(6))
    >>> [part.tolist() for part in weigh(mature, young)]
    [[0, 1, 2, 3, 4, 5], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [2.0, 0.75, 0.75, 0.75, 0.75, 1.0]]
    """
    won_mature = ~np.isnan(mature.won_after)
    seen = np.zeros(len(young.days))
    for segment in np.unique(young.segment):
        here = young.segment == segment
        delays = mature.won_after[won_mature & (mature.segment == segment)]
        seen[here] = share_seen(delays, young.days[here])
    at = np.flatnonzero(seen >= floor)
    won = ~np.isnan(young.won_after[at])
    waits = young.is_open[at] & ~won
    own = young.w[at]
    more = np.where(won, 1.0 / seen[at] - 1.0, 0.0)
    cohort = np.floor(young.days[at] / _COHORT_DAYS)
    cell = pd.DataFrame({"segment": young.segment[at], "cohort": cohort}).groupby(["segment", "cohort"]).ngroup()
    missing = np.bincount(cell, own * more)[cell]
    undecided = np.bincount(cell, own * waits)[cell]
    taken = np.minimum(missing, undecided)
    up = 1.0 + more * taken / np.maximum(missing, 1e-300)
    down = 1.0 - taken / np.maximum(undecided, 1e-300)
    return at, won.astype(np.float64), own * np.where(won, up, np.where(waits, down, 1.0))
