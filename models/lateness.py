"""Whether leads are contacted in time, and what being late goes with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.incidence import Z
from models.metrics import wilson

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class InTime:
    """Who was contacted when.

    Attributes
    ----------
    in_time, late : ndarray of bool, shape (n,)
        Contacted before it was due; later or not at all though it is due. Neither: it is not due yet.
    """

    in_time: Flags
    late: Flags

    def to_dict(self) -> dict[str, Any]:
        """``n`` that were due, ``share`` in time (None of nobody), ``low``, ``high`` (Wilson, 95%)."""
        k, n = int(self.in_time.sum()), int(self.in_time.sum() + self.late.sum())
        low, high = wilson(k, n)
        return {"n": n, "n_in_time": k, "share": k / n if n else None, "low": low, "high": high}


def in_time(due: Floats, contacted: Floats, end: float) -> InTime:
    """Compare first contacts with their due times.

    Parameters
    ----------
    due, contacted : ndarray of shape (n,)
        UTC seconds; NaN where there was no contact.
    end : float
        When the data end.

    Returns
    -------
    InTime

    Examples
    --------
    >>> found = in_time(np.array([10.0, 10.0, 10.0, 90.0]), np.array([9.0, 12.0, np.nan, np.nan]), 50.0)
    >>> found.in_time.tolist(), found.late.tolist()
    ([True, False, False, False], [False, True, True, False])
    """
    before = contacted < due
    return InTime(before, ~before & (due <= end))


def cost_of_being_late(reached: Flags, late: Flags, stratum: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Difference in conversion between leads contacted in time and late, among leads that were as likely to convert.

    The common risk difference of Mantel and Haenszel over the strata, with the variance of Sato (1989). It is an
    association: sales may call first whoever looks best in ways that no score knows.

    Parameters
    ----------
    reached : ndarray of bool, shape (n,)
        Whether each came to the target in its time; only leads whose time is over.
    late : ndarray of bool, shape (n,)
    stratum : ndarray of int, shape (n,)
        Band of propensity at the passage.

    Returns
    -------
    dict
        ``n_in_time``, ``n_late``, ``share_in_time``, ``share_late`` (raw; None of nobody), ``difference``, ``low``,
        ``high`` (adjusted; None where no stratum has both), ``lost``, ``lost_low``, ``lost_high``: targets that the
        late ones missed if the difference were the effect of the delay.

    Examples
    --------
    In both strata being in time goes with 20 points more; the raw shares differ by 40, for the hot ones were called
    first:

    >>> late = np.repeat([False, True, False, True], [80, 20, 20, 80])
    >>> reached = np.concatenate([np.arange(n) < k for n, k in ((80, 48), (20, 8), (20, 6), (80, 8))])
    >>> cost = cost_of_being_late(reached, late, np.repeat([1, 0], 100))
    >>> round(cost["share_in_time"] - cost["share_late"], 2), round(cost["difference"], 2), round(cost["lost"])
    (0.38, 0.2, 20)
    """
    n_late, n_early = int(late.sum()), int((~late).sum())
    raw = [float(reached[who].mean()) if who.any() else None for who in (~late, late)]
    found: dict[str, Any] = {"n_in_time": n_early, "n_late": n_late, "share_in_time": raw[0], "share_late": raw[1]}
    top = bottom = p_sum = q_sum = 0.0
    for one in np.unique(stratum):
        early_here, late_here = (stratum == one) & ~late, (stratum == one) & late
        n1, n0 = float(early_here.sum()), float(late_here.sum())
        if not n1 or not n0:
            continue
        n, x, y = n1 + n0, float(reached[early_here].sum()), float(reached[late_here].sum())
        top += (x * n0 - y * n1) / n
        bottom += n1 * n0 / n
        p_sum += (n1 * n1 * y - n0 * n0 * x + n1 * n0 * (n0 - n1) / 2) / n**2
        q_sum += (x * (n0 - y) + y * (n1 - x)) / (2 * n)
    if not bottom:
        return {**found, **dict.fromkeys(("difference", "low", "high", "lost", "lost_low", "lost_high"))}
    difference = top / bottom
    spread = Z * float(np.sqrt(max((difference * p_sum + q_sum) / bottom**2, 0.0)))
    ends = {"difference": difference, "low": difference - spread, "high": difference + spread}
    names = ("lost", "lost_low", "lost_high")
    return {**found, **ends, **{name: n_late * end for name, end in zip(names, ends.values(), strict=True)}}
