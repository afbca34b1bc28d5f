"""What only the simulator knows: the true probability of every lead at every instant."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.errors import UseError
from pipeline.simulator.chain import Runs, walk, win_probability
from pipeline.simulator.company import Codes, Flags, Numbers
from pipeline.simulator.journeys import N_STATES, WON, Drivers
from pipeline.simulator.plan import DAY_S
from pipeline.simulator.worktime import WorkClock


@dataclass(frozen=True)
class Truth:
    """The hidden states of a simulated company. Nothing of it is in the tables.

    Attributes
    ----------
    lead_ids : pandas.Index of str
        In the order of the positions used below.
    created_at : ndarray of int, shape (n_leads,)
        UTC seconds.
    runs : Runs
        Stays in hidden states, until the end of the plan.
    entered_at : ndarray of int, shape (n_runs,)
        UTC seconds at which each stay begins, as the tables round them.
    drivers : Drivers
        Rates of every lead.
    clock : WorkClock
        UTC to work days.
    quarters : ndarray of float
        Work days at which quarters begin.
    end : int
        UTC seconds: the state is known up to here.
    horizon_days : int
        Default horizon.
    """

    lead_ids: pd.Index
    created_at: Codes
    runs: Runs
    entered_at: Codes
    drivers: Drivers
    clock: WorkClock
    quarters: Numbers
    end: int
    horizon_days: int

    def propensity(self, lead_ids: ArrayLike, cutoffs: ArrayLike, horizon_days: float | None = None) -> Numbers:
        """True probability that each lead is won in ``[cutoff, cutoff + horizon)``, given all that is hidden.

        Exact to 1e-12 (see `chain.win_probability`), at any second, drift and working hours included.

        Parameters
        ----------
        lead_ids : array-like of str, shape (n,)
            Leads of this simulation, in any order, repeats allowed.
        cutoffs : int or array-like of int, shape (n,)
            UTC seconds, at most the end of the plan.
        horizon_days : float, optional
            Calendar days, above 0; by default the plan's.

        Returns
        -------
        ndarray of float, shape (n,)
            From 0 to 1; NaN where the lead did not exist yet or was already decided.

        Raises
        ------
        UseError
            On an unknown lead, a cutoff after the end, or a horizon beyond the clock.

        Examples
        --------
        >>> from pipeline.simulator.plan import SimulationPlan
        >>> from pipeline.simulator.simulate import simulate
        >>> truth = simulate(SimulationPlan(n_leads=50)).truth
        >>> month, year = (truth.propensity(truth.lead_ids, truth.end, days) for days in (30, 365))
        >>> bool(np.nanmax(month) < np.nanmax(year) < 1), bool((month <= year)[~np.isnan(month)].all())
        (True, True)
        >>> truth.propensity(["nobody"], truth.end)
        Traceback (most recent call last):
        ...
        features.errors.UseError: truth: 1 of 1 lead_ids are not in this simulation, the first at position 0
        """
        lead, cutoff, state = self._locate(lead_ids, cutoffs)
        begin, stop = self._span(cutoff, horizon_days)
        open_ = state >= 0
        result = np.full(len(lead), np.nan)
        result[open_] = win_probability(
            self.drivers, lead[open_], state[open_], begin[open_], stop[open_], self.quarters
        )
        return result

    def redraw(
        self,
        rng: np.random.Generator,
        lead_ids: ArrayLike,
        cutoffs: ArrayLike,
        horizon_days: float | None = None,
    ) -> Flags:
        """Draw a fresh future of each lead from its true state, and say whether it is won within the horizon.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness; each call draws other futures.
        lead_ids, cutoffs, horizon_days
            As in `propensity`.

        Returns
        -------
        ndarray of bool, shape (n,)
            False where `propensity` is NaN.

        Raises
        ------
        UseError
            As in `propensity`.
        """
        lead, cutoff, state = self._locate(lead_ids, cutoffs)
        begin, stop = self._span(cutoff, horizon_days)
        rows = np.flatnonzero(state >= 0)
        futures = walk(rng, self.drivers, lead[rows], state[rows], begin[rows], stop[rows], self.quarters)
        won = np.zeros(len(lead), dtype=np.bool_)
        won[rows[futures.lead[futures.state == WON]]] = True
        return won

    def _locate(self, lead_ids: ArrayLike, cutoffs: ArrayLike) -> tuple[Codes, Codes, Codes]:
        """Position, cutoff and state of each row; state -1 where there is none, or a decision."""
        lead = np.asarray(self.lead_ids.get_indexer(pd.Index(np.asarray(lead_ids, dtype=object))), dtype=np.int64)
        if (lead < 0).any():
            raise UseError(
                f"truth: {(lead < 0).sum()} of {len(lead)} lead_ids are not in this simulation, "
                f"the first at position {int(np.flatnonzero(lead < 0)[0])}"
            )
        cutoff = np.broadcast_to(np.asarray(cutoffs, dtype=np.int64), lead.shape)
        if (cutoff > self.end).any():
            raise UseError(f"truth: cutoffs must be at most the end of the plan ({self.end}), got {cutoff.max()}")
        # Stays are ordered by (lead, time): one sorted key finds the last stay that begins before the cutoff.
        origin = self.created_at.min()
        span = self.end - origin + 2
        key = self.runs.lead * span + (self.entered_at - origin)
        existed = cutoff >= self.created_at[lead]
        wanted = lead * span + (np.maximum(cutoff, self.created_at[lead] + 1) - origin)
        state = self.runs.state[np.searchsorted(key, wanted, side="left") - 1]
        return lead, cutoff, cast("Codes", np.where(existed & (state < N_STATES), state, -1))

    def _span(self, cutoff: Codes, horizon_days: float | None) -> tuple[Numbers, Numbers]:
        """Work days of the horizon's two ends."""
        days = self.horizon_days if horizon_days is None else horizon_days
        until = cutoff + days * DAY_S
        if not days > 0 or (until > self.clock.last).any():
            most = (self.clock.last - int(cutoff.max(initial=0))) // DAY_S
            raise UseError(f"truth: horizon_days must be above 0 and at most {most}, got {days}")
        return self.clock.days_at(cutoff), self.clock.days_at(until)
