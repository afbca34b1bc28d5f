"""How many pass a step, and how soon, where some have not been followed for long: the Aalen-Johansen estimator.

A lead passes, is lost before it passes, or is still waiting when the data end. To count the waiting as lost makes every
young cohort look bad; to leave them out favours what is decided fast. With one cause of the end and one of loss the
estimator is a product over the instants at which something happened (Aalen and Johansen, 1978); without waiting
leads it is the plain share. Variance by the delta method (Marubini and Valsecchi, 1995, equation 10.12).
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from models.metrics import wilson

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
CONFIDENCE = 0.95
Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)


@dataclass(frozen=True)
class Share:
    """A share with its interval.

    Attributes
    ----------
    n : int
        Of how many.
    value, low, high : float, optional
        0 to 1; None where it cannot be known yet, or of nobody.
    """

    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Delay:
    """The median delay of those who pass, with its interval.

    Attributes
    ----------
    n : int
        How many passed.
    median, low, high : float, optional
        In the unit of the times; None where nobody passed; an end is None where too few did to tell it.
    """

    n: int
    median: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Incidence:
    """Share that has passed by each instant.

    Attributes
    ----------
    times : ndarray of shape (k,)
        When somebody passed or was lost, increasing.
    count : ndarray of shape (k,), int64
        How many were seen to pass then.
    passed : ndarray of shape (k,)
        Cumulative incidence from that instant on.
    variance : ndarray of shape (k,)
        Of it.
    n : int
        Followed.
    followed : float
        Longest follow-up; nothing is known beyond. Infinite where the last ones were seen to the end.
    """

    times: Floats
    count: npt.NDArray[np.int64]
    passed: Floats
    variance: Floats
    n: int
    followed: float

    def share(self, within: float) -> Share:
        """Share that passes before a delay is over, with a 95% interval.

        The interval is that of ``log(-log(1 - F))``, which stays between 0 and 1; where nobody or everybody passed,
        and the variance is 0, it is Wilson's.

        Returns
        -------
        Share
            Null where nobody was followed that long.
        """
        if self.n == 0 or self.followed < within:
            return Share(self.n, None, None, None)
        at = int(np.searchsorted(self.times, within, side="left")) - 1
        value, variance = (0.0, 0.0) if at < 0 else (float(self.passed[at]), float(self.variance[at]))
        if variance <= 0.0 or not 0.0 < value < 1.0:
            return Share(self.n, value, *wilson(value * self.n, self.n))
        rest = 1.0 - value
        spread = Z * math.sqrt(variance) / (rest * math.log(rest))
        low, high = sorted(1.0 - rest ** math.exp(sign * spread) for sign in (1.0, -1.0))
        return Share(self.n, value, low, high)

    def delay(self, within: float) -> Delay:
        """Median delay of those who pass before a delay is over.

        Its interval lies between the order statistics that hold the median with 95%, of as many as were seen to pass.
        """
        at = int(np.searchsorted(self.times, within, side="left"))
        n = int(self.count[:at].sum())
        if n == 0:
            return Delay(0, None, None, None)
        cumulative = self.passed[:at] / self.passed[at - 1]

        def quantile(p: float) -> float | None:
            return float(self.times[np.searchsorted(cumulative, p - 1e-12)]) if 0.0 < p < 1.0 else None

        half = Z * 0.5 / math.sqrt(n)
        return Delay(n, quantile(0.5), quantile(0.5 - half), quantile(0.5 + half))


def incidence(follow: Floats, passes: Flags, is_lost: Flags, could: Floats | None = None) -> Incidence:
    """Estimate how many pass a step.

    Parameters
    ----------
    follow : ndarray of shape (n,)
        How long each was followed: until it passed, was lost, or the data end; 0 or more.
    passes, is_lost : ndarray of bool, shape (n,)
        How that ended; neither: it is still waiting.
    could : ndarray of shape (n,), optional
        How long each could have been followed by the end of the data. While somebody waits, nothing is told beyond the
        longest: the last ones of a young group would stand for all.

    Returns
    -------
    Incidence

    Examples
    --------
    Of four leads one passes on day 2, one is lost on day 3, one passes on day 5, one is seen until day 4 only. Before
    day 5 two of four are left, and one of these can still be seen, so that it stands for both:

    >>> found = incidence(np.array([2.0, 3.0, 5.0, 4.0]), np.array([1, 0, 1, 0], bool), np.array([0, 1, 0, 0], bool))
    >>> found.times.tolist(), found.passed.tolist()
    ([2.0, 3.0, 5.0], [0.25, 0.25, 0.75])
    >>> found.share(within=4.0).value, found.share(within=9.0).value, found.delay(within=9.0).median
    (0.25, 0.75, 5.0)
    """
    happened = np.unique(follow[passes | is_lost])
    k = len(happened)
    place = np.searchsorted(happened, follow)
    count = np.bincount(place[passes], minlength=k)[:k].astype(np.int64)
    gone = count + np.bincount(place[is_lost], minlength=k)[:k]
    at_risk = len(follow) - np.searchsorted(np.sort(follow), happened, side="left")
    after: Floats = np.cumprod(1.0 - gone / np.maximum(at_risk, 1), dtype=np.float64)
    before: Floats = np.concatenate([[1.0], after[:-1]]) if k else after
    passed = np.cumsum(before * count / np.maximum(at_risk, 1))
    variance = _variance(passed, before, count, gone, at_risk)
    longest = float(follow.max()) if len(follow) else 0.0
    if (passes | is_lost)[follow == longest].all():
        longest = math.inf
    if could is not None and len(could) and not (passes | is_lost).all():
        longest = min(longest, float(could.max()))
    return Incidence(happened, count, passed, variance, len(follow), longest)


def _variance(
    passed: Floats, before: Floats, count: npt.NDArray[np.int64], gone: npt.NDArray[Any], at_risk: npt.NDArray[Any]
) -> Floats:
    """Sums over the instants up to each, opened up so that they are cumulative sums."""
    n = np.maximum(at_risk, 1).astype(np.float64)
    a = gone / np.where(n > gone, n * (n - gone), np.inf)
    b = before**2 * (n - count) * count / n**3
    c = before * count / n**2
    square = passed**2 * np.cumsum(a) - 2 * passed * np.cumsum(passed * a) + np.cumsum(passed**2 * a)
    cross = passed * np.cumsum(c) - np.cumsum(passed * c)
    return np.asarray(np.maximum(square + np.cumsum(b) - 2 * cross, 0.0))
