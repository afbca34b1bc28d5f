"""A simulated company as its CRM stood at an earlier instant: what was not known yet is not there."""

import pandas as pd

from pipeline.simulator.simulate import Simulation

# By what each table is cut; accounts have no date and stay whole.
_TIMES = {
    "leads": "created_at",
    "events": "known_at",
    "signals": "known_at",
    "outcomes": "decided_at",
    "stages": "entered_at",
    "answers": "known_at",
    "changes": "known_at",
    "costs": "month",
}


def tables_at(simulation: Simulation, at: int) -> dict[str, pd.DataFrame]:
    """Cut the tables of a company.

    Parameters
    ----------
    simulation : Simulation
        Of the whole history.
    at : int
        UTC seconds; rows are kept that were known before it.

    Returns
    -------
    dict of str to pandas.DataFrame
        The nine tables; a field of a lead that changed later has the value that it had.

    Examples
    --------
    >>> from pipeline.simulator.plan import SimulationPlan
    >>> from pipeline.simulator.simulate import simulate
    >>> company = simulate(SimulationPlan(n_leads=300, seed=1))
    >>> middle = (company.plan.start + company.plan.end) // 2
    >>> then = tables_at(company, middle)
    >>> bool((then["events"]["known_at"] < middle).all()), len(then["leads"]) < 300
    (True, True)
    """
    cut = {
        name: table[table[_TIMES[name]] < at].reset_index(drop=True) if name in _TIMES else table
        for name, table in simulation.tables.items()
    }
    leads = cut["leads"]
    newest = cut["changes"].sort_values("known_at", kind="stable").groupby(["field", "lead_id"])["value"].last()
    for field in newest.index.get_level_values("field").unique():
        then = leads["lead_id"].map(newest[field])
        has_history = leads["lead_id"].isin(newest[field].index)
        leads[field] = leads[field].where(~has_history, then)
    return cut
