"""What to simulate: how large a company, over how long, from which seed."""

from dataclasses import dataclass

import numpy as np

from features.errors import UseError

DAY_S = 86_400
_DEFAULT_END = 1_790_812_800  # 2026-10-01T00:00:00Z


@dataclass(frozen=True)
class Apart:
    """Prospected leads that are won for other reasons than the rest.

    Attributes
    ----------
    share : float
        Of the leads that prospecting brings, above 0 and below 1.
    contrast : float
        How far the effects of sector, size and job are from those of the rest, from 0 to 3: 0 the same, 1 none, 2 the
        contrary.

    Raises
    ------
    UseError
        If a setting is out of its range.
    """

    share: float = 0.5
    contrast: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise UseError(f"simulation: the share of prospected leads must be between 0 and 1, got {self.share}")
        if not 0 <= self.contrast <= 3:
            raise UseError(f"simulation: contrast must be from 0 to 3, got {self.contrast}")


@dataclass(frozen=True)
class SimulationPlan:
    """Size, period and seed of a simulated company.

    Attributes
    ----------
    n_leads : int
        Leads created over the whole period, 1 or more. Time and memory grow linearly with it.
    events_per_lead : float
        Mean number of distinct events by lead, above 0.
    seed : int
        Same plan, same tables, to the bit.
    months : int
        Calendar months of history before the month of `end`, from 3 to 120.
    end : int
        UTC seconds. Every row of every table is strictly before it.
    horizon_days : int
        Default horizon of the truth; the tables do not depend on it.
    slowness : float
        How many times longer than usual a lead stays in each state, from 0.1 to 20. Half the won leads need 6 months
        at 1 and 15 at 3 from their creation; but for the drift, the share won in the end is the same.
    apart : Apart, optional
        Prospected leads as a segment of their own; by default an eighth of the leads, won for the same reasons.

    Raises
    ------
    UseError
        If a setting is out of its range.

    Examples
    --------
    >>> plan = SimulationPlan(n_leads=500)
    >>> np.datetime64(plan.start, "s"), np.datetime64(plan.end, "s")
    (np.datetime64('2024-04-01T00:00:00'), np.datetime64('2026-10-01T00:00:00'))
    >>> SimulationPlan(n_leads=0)
    Traceback (most recent call last):
    ...
    features.errors.UseError: simulation: n_leads must be at least 1, got 0
    """

    n_leads: int = 20_000
    events_per_lead: float = 15.0
    seed: int = 7
    months: int = 30
    end: int = _DEFAULT_END
    horizon_days: int = 90
    slowness: float = 1.0
    apart: Apart | None = None

    def __post_init__(self) -> None:
        if self.n_leads < 1:
            raise UseError(f"simulation: n_leads must be at least 1, got {self.n_leads}")
        if not 0 < self.events_per_lead < 10_000:
            raise UseError(f"simulation: events_per_lead must be above 0, got {self.events_per_lead}")
        if self.seed < 0:
            raise UseError(f"simulation: seed must be 0 or more, got {self.seed}")
        if not 3 <= self.months <= 120:
            raise UseError(f"simulation: months must be from 3 to 120, got {self.months}")
        if not 1 <= self.horizon_days <= 730:
            raise UseError(f"simulation: horizon_days must be from 1 to 730, got {self.horizon_days}")
        if not 0.1 <= self.slowness <= 20:
            raise UseError(f"simulation: slowness must be from 0.1 to 20, got {self.slowness}")

    @property
    def start(self) -> int:
        """UTC seconds of the first instant of the history: midnight, first of a month."""
        month = np.datetime64(self.end, "s").astype("datetime64[M]") - self.months
        return int(month.astype("datetime64[s]").astype(np.int64))

    def generators(self, *names: str) -> dict[str, np.random.Generator]:
        """Independent generators, one by name, so that one room's draws never shift another's.

        Parameters
        ----------
        *names : str
            Names of the rooms that draw.

        Returns
        -------
        dict of str to numpy.random.Generator
            Each depends on the seed and on its name alone.
        """
        return {
            name: np.random.default_rng([self.seed, *name.encode()])  # spelled out: hash() differs by process
            for name in names
        }
