"""The clock of the simulated company: office hours, less work in August and in late December.

Everything random happens at a constant pace in *work days* and is mapped back to UTC. A Markov chain that is
homogeneous in work days is therefore exact at any second, and nobody signs a contract at 3 in the morning.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.simulator.plan import DAY_S, SimulationPlan

_HOUR_S = 3_600
_AFTER_DAYS = 800  # the longest horizon of a truth, beyond the end
# Weight of each UTC hour of a working day (France is one or two hours ahead).
_OFFICE = np.array([2, 1, 1, 1, 2, 8, 35, 85, 100, 100, 90, 55, 75, 95, 100, 95, 75, 40, 20, 14, 12, 9, 6, 3]) / 100.0
_WEEKEND = 0.10


@dataclass(frozen=True)
class WorkClock:
    """Strictly increasing map between UTC seconds and work days (mean speed: one work day by day).

    Attributes
    ----------
    seconds, days : ndarray of float, shape (n,)
        Knots, one by hour: UTC seconds and work days since the start.

    Examples
    --------
    >>> clock = work_clock(SimulationPlan())
    >>> monday_noon, sunday_noon = 1_780_315_200, 1_780_228_800
    >>> clock.days_at(monday_noon + 3600) - clock.days_at(monday_noon) > 9 * (
    ...     clock.days_at(sunday_noon + 3600) - clock.days_at(sunday_noon)
    ... )
    np.True_
    >>> round(float(clock.utc(clock.days_at(monday_noon)) - monday_noon), 3)
    0.0
    """

    seconds: NDArray[np.float64]
    days: NDArray[np.float64]

    def days_at(self, utc: ArrayLike) -> NDArray[np.float64]:
        """Work days since the start, at UTC seconds."""
        return np.interp(np.asarray(utc, dtype=np.float64), self.seconds, self.days)

    def utc(self, days: ArrayLike) -> NDArray[np.float64]:
        """UTC seconds (not rounded) at a number of work days since the start."""
        return np.interp(np.asarray(days, dtype=np.float64), self.days, self.seconds)

    @property
    def last(self) -> int:
        """UTC seconds of the last knot: nothing can be asked beyond."""
        return int(self.seconds[-1])


def work_clock(plan: SimulationPlan) -> WorkClock:
    """Build the clock of a plan, from its start to 800 days after its end.

    Parameters
    ----------
    plan : SimulationPlan
        The period.

    Returns
    -------
    WorkClock
        Its mean speed is one over the whole span.
    """
    hours = np.arange(plan.start, plan.end + _AFTER_DAYS * DAY_S, _HOUR_S, dtype=np.int64)
    days = hours // DAY_S
    weekend = (days + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    weight = _OFFICE[(hours // _HOUR_S) % 24] * np.where(weekend, _WEEKEND, 1.0)
    date = days.astype("datetime64[D]")
    month = date.astype("datetime64[M]").astype(np.int64) % 12 + 1
    in_month = (date - date.astype("datetime64[M]")).astype(np.int64) + 1
    holidays = (month == 8) | ((month == 12) & (in_month >= 22))
    weight = np.where(holidays, 0.6 * weight, weight)
    work = np.concatenate([[0.0], np.cumsum(weight)])
    seconds = np.append(hours, hours[-1] + _HOUR_S).astype(np.float64)
    return WorkClock(seconds, work * ((seconds[-1] - seconds[0]) / DAY_S / work[-1]))


def quarter_starts(plan: SimulationPlan) -> NDArray[np.int64]:
    """UTC seconds of the calendar quarters, from the one of the start to one beyond the clock's last knot."""
    first = np.datetime64(plan.start, "s").astype("datetime64[M]").astype(np.int64) // 3 * 3
    last = np.datetime64(plan.end + (_AFTER_DAYS + 100) * DAY_S, "s").astype("datetime64[M]").astype(np.int64)
    months = np.arange(first, last + 3, 3).astype("datetime64[M]")
    return cast("NDArray[np.int64]", months.astype("datetime64[s]").astype(np.int64))
