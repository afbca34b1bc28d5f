"""When sales works, and when a delay of working hours is over."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import UseError

Floats = npt.NDArray[np.float64]
HOUR_S = 3600


@dataclass(frozen=True)
class WorkCalendar:
    """Opening times of a company, as an explicit table: what follows from it is arithmetic.

    Attributes
    ----------
    opens, closes : ndarray of shape (k,), float64
        UTC seconds, half-open, ordered, disjoint; between two of them nobody works. An instant outside the table has
        no working time: the table must cover what is asked of it.

    Examples
    --------
    Two days from 9 to 17 with a night between them; ten hours after 16:00 on the first it is 17:00 plus nine of the
    second day, which has only eight:

    >>> calendar = WorkCalendar.of([(9 * HOUR_S, 17 * HOUR_S), (33 * HOUR_S, 41 * HOUR_S)])
    >>> (calendar.after(np.array([16.0, 5.0, 16.0]) * HOUR_S, np.array([3.0, 8.0, 10.0]) * HOUR_S) / HOUR_S).tolist()
    [35.0, 17.0, nan]
    >>> (calendar.between(np.array([16.0]) * HOUR_S, np.array([34.0]) * HOUR_S) / HOUR_S).tolist()
    [2.0]
    >>> WorkCalendar.of([(5, 5)])
    Traceback (most recent call last):
        ...
    features.errors.UseError: calendar: expected opening times that end after they begin, in order and without overlap.
    """

    opens: Floats
    closes: Floats

    @classmethod
    def of(cls, intervals: Sequence[tuple[float, float]]) -> "WorkCalendar":
        """Make a calendar of (opens, closes) pairs in UTC seconds.

        Raises
        ------
        UseError
            None, or pairs that are empty, unordered or overlap.
        """
        table = np.array(intervals, dtype=np.float64).reshape(-1, 2)
        edges = table.ravel()
        if not len(table) or (np.diff(edges) < 0).any() or (table[:, 1] <= table[:, 0]).any():
            raise UseError("calendar: expected opening times that end after they begin, in order and without overlap.")
        return cls(table[:, 0], table[:, 1])

    @property
    def _worked(self) -> Floats:
        """Working seconds before each opening, and in all."""
        return np.concatenate([[0.0], np.cumsum(self.closes - self.opens)])

    def elapsed(self, at: npt.ArrayLike) -> Floats:
        """Working seconds from the start of the table to each instant.

        Parameters
        ----------
        at : array-like of shape (n,)
            UTC seconds; NaN gives NaN.

        Returns
        -------
        ndarray of shape (n,)
            Seconds, 0 or more.
        """
        instants = np.asarray(at, dtype=np.float64)
        place = np.searchsorted(self.opens, instants, side="right") - 1
        inside = np.maximum(place, 0)
        since = np.minimum(instants, self.closes[inside]) - self.opens[inside]
        return np.where(np.isnan(instants), np.nan, np.where(place < 0, 0.0, self._worked[inside] + since))

    def between(self, start: npt.ArrayLike, end: npt.ArrayLike) -> Floats:
        """Working seconds in ``[start, end)``; negative where the end comes first.

        Parameters
        ----------
        start, end : array-like of shape (n,)
            UTC seconds; NaN gives NaN.

        Returns
        -------
        ndarray of shape (n,)
            Seconds.
        """
        return self.elapsed(end) - self.elapsed(start)

    def after(self, start: npt.ArrayLike, seconds: npt.ArrayLike) -> Floats:
        """Earliest instant at which a delay of working time is over.

        Parameters
        ----------
        start : array-like of shape (n,)
            UTC seconds; NaN gives NaN.
        seconds : array-like
            Working seconds, above 0.

        Returns
        -------
        ndarray of shape (n,)
            UTC seconds; NaN where the table ends before the delay does.
        """
        due = self.elapsed(start) + np.asarray(seconds, dtype=np.float64)
        worked = self._worked
        # The last second of a day is that day's, not the opening of the next.
        place = np.searchsorted(worked, due, side="left") - 1
        known = (place >= 0) & (place < len(self.opens))
        inside = np.clip(place, 0, len(self.opens) - 1)
        return np.where(known & ~np.isnan(due), self.opens[inside] + due - worked[inside], np.nan)
