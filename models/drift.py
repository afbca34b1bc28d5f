"""Calibration where time passes: slopes from forward margins, a level that is followed through time and a little on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration import BetaCalibration

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_WON_PER_STRETCH = 20  # and as many lost, at least
_FEWEST_STRETCHES, _MOST_STRETCHES = 3, 60
# How much of the level's distance to its mean is left after a stretch, and how far it may move in one (variance).
_MEMORIES = (0.8, 0.9, 0.95, 0.98, 1.0)
_MOVES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
_UNKNOWN = 1.0  # variance of the first level
# Of what older models missed of the newest level, how much goes on, beyond how many standard errors, how far at most:
# a trend goes on, a jump does not. What was tried is told in decision 14.
_GOES_ON, _NOISE, _FURTHEST = 0.5, 2.0, 0.125


@dataclass(frozen=True)
class Margins:
    """Margins of rows from models that have not seen their leads.

    Attributes
    ----------
    margin, y, w : ndarray of shape (n,)
        Log-odds, labels 0 or 1, weights.
    cutoff : ndarray of shape (n,), int64
        UTC seconds.
    """

    margin: Floats
    y: Floats
    w: Floats
    cutoff: Ints

    def take(self, at: Ints) -> "Margins":
        """Some of the rows, by position.

        Examples
        --------
        >>> rows = Margins(np.array([0.5, -1.0]), np.array([1.0, 0.0]), np.ones(2), np.array([7, 8]))
        >>> rows.take(np.array([1])).margin.tolist()
        [-1.0]
        """
        return Margins(self.margin[at], self.y[at], self.w[at], self.cutoff[at])


def calibrate(forward: Margins, all_times: Margins) -> BetaCalibration:
    """Calibrate a model that will be used after all of its data.

    Margins given forward in time show how much too sure the procedure is of the future: they give the slope. The level
    of conversion is that of the model's own rows, out of fold, moved to where it is at the end of time, `newest_level`,
    and a little further: `onward`.

    Parameters
    ----------
    forward : Margins
        From models that saw only older rows; the newest.
    all_times : Margins
        Of all rows, out of fold, from the model to calibrate.

    Returns
    -------
    BetaCalibration

    Examples
    --------
    >>> m, w, t = np.zeros(9000), np.ones(9000), np.arange(9000)
    >>> steady = Margins(m, (t % 2).astype(float), w, t)
    >>> risen = Margins(m, (t % 10 > np.where(t > 6000, 1, 4)).astype(float), w, t)
    >>> newest = risen.take(t[6000:])
    >>> calibrate(steady, steady)([0.0]).round(2).tolist(), calibrate(newest, risen)([0.0]).round(2).tolist()
    ([0.5], [0.79])
    """
    sloped = BetaCalibration.fit_slope(forward.margin, forward.y, forward.w)
    level = sloped.with_level(all_times.margin, all_times.y, all_times.w)
    # Measured where slopes are right: another slope would look like drift.
    moved = newest_level(BetaCalibration.fit(all_times.margin, all_times.y, all_times.w), all_times)
    newest = BetaCalibration(level.a, level.b, level.c + moved)
    return BetaCalibration(newest.a, newest.b, newest.c + onward(newest, forward))


def newest_level(calibration: BetaCalibration, rows: Margins) -> float:
    """Log-odds by which conversion at the end of time differs from what a calibration says of all times.

    Rows are cut into stretches of time with at least 20 won and lost each, at most 60. The differences of the
    stretches are measurements, with the error that their size leaves, of a level that wanders and comes back
    (autoregressive of order one); how far it wanders and how fast it comes back is what is likeliest, and the Kalman
    filter says where it is. Where conversion is steady the answer is about 0.

    Parameters
    ----------
    calibration : BetaCalibration
        Right on average.
    rows : Margins
        Out of fold.

    Returns
    -------
    float

    References
    ----------
    Harvey, Forecasting, structural time series models and the Kalman filter, Cambridge 1989, chapter 3.
    """
    rarer = min(float((rows.y == 1).sum()), float((rows.y == 0).sum()))
    n_stretches = int(np.clip(rarer / _WON_PER_STRETCH, _FEWEST_STRETCHES, _MOST_STRETCHES))
    stretches = np.array_split(np.argsort(rows.cutoff, kind="stable"), n_stretches)
    moved, error = zip(*(_moved(calibration, rows.take(at)) for at in stretches), strict=True)
    filtered = [_filter(moved, error, memory, move) for memory in _MEMORIES for move in _MOVES]
    steady = 0.0, _filter(moved, error, 1.0, 0.0, first=0.0)[1]
    return max([steady, *filtered], key=lambda found: found[1])[0]


def onward(calibration: BetaCalibration, forward: Margins) -> float:
    """Log-odds by which conversion will have moved on when the model is used.

    Models that did not know the newest rows missed their level by something. Half of it is expected to come again, an
    eighth at most, shrunk by what two standard errors may explain (positive-part James-Stein): noise moves nothing.

    Parameters
    ----------
    calibration : BetaCalibration
        Of the model to use, right at the end of time.
    forward : Margins
        From models that saw only older rows; the newest.

    Returns
    -------
    float
        -0.125 to 0.125.

    References
    ----------
    Gardner and McKenzie, Forecasting trends in time series, Management Science 1985: a trend is damped.

    Examples
    --------
    >>> m, t = np.full(9000, -0.2), np.arange(9000)
    >>> half_won = Margins(m, (t % 2).astype(float), np.ones(9000), t)
    >>> [round(onward(BetaCalibration(c=c), half_won), 2) for c in (0.0, 0.2, 3.0)]
    [0.1, 0.0, -0.12]
    """
    missed, error = _moved(calibration, forward)
    believed = max(0.0, 1.0 - _NOISE**2 * error / missed**2) if missed else 0.0
    return float(np.clip(_GOES_ON * believed * missed, -_FURTHEST, _FURTHEST))


def _moved(calibration: BetaCalibration, rows: Margins) -> tuple[float, float]:
    """How far conversion of some rows is from what a calibration says, and the variance of the error of that."""
    here = calibration.with_level(rows.margin, rows.y, rows.w)
    p = here(rows.margin)
    # As `with_level` believes in the level beforehand with variance 1, so does its error.
    error = 1.0 / (float(rows.w @ (p * (1 - p))) / rows.w.mean() + 1.0)
    return here.c - calibration.c, error


def _filter(
    moved: Sequence[float], error: Sequence[float], memory: float, move: float, first: float | None = None
) -> tuple[float, float]:
    """Last level, and log-likelihood, of a wandering level that was measured with error."""
    level, likelihood = 0.0, 0.0
    variance = first if first is not None else _UNKNOWN if memory == 1.0 else move / (1 - memory**2)
    for measured, noise in zip(moved, error, strict=True):
        level, variance = memory * level, memory**2 * variance + move
        spread = variance + noise
        likelihood -= 0.5 * (np.log(spread) + (measured - level) ** 2 / spread)
        gain = variance / spread
        level, variance = level + gain * (measured - level), (1 - gain) * variance
    return float(level), float(likelihood)
