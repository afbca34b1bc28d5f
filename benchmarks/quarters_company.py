"""A company whose true chances are known at every instant, and what goes wrong in it over three years.

An open lead is won or lost each day with a chance of its own that no age changes, only the market: so the truth of any
horizon is a product over days. Its market drifts from the fourth quarter on (resellers become good, hospitals bad), a
trade fair brings four times its leads in the seventh, a form loses the number of employees in the ninth.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

DAY_S = 86_400
HORIZON_DAYS = 60
MOST_DAYS = 540
LOST_A_DAY = 0.02
QUARTER_DAYS = 91
HISTORY_QUARTERS, QUARTERS = 5, 12
START = int(pd.Timestamp("2022-10-01", tz="UTC").timestamp())
SOURCES = {"demo": 1.0, "search": 0.2, "fair": -0.9, "content": -0.6, "reseller": -1.0}
SHARES = {"demo": 0.2, "search": 0.3, "fair": 0.1, "content": 0.25, "reseller": 0.15}
INDUSTRIES = {"software": 0.6, "industry": 0.2, "retail": -0.4, "hospital": 0.3}
DRIFT = {"reseller": 0.6, "hospital": -0.5}  # log-hazard a quarter
DRIFTS = (4, 5, 6)
CAMPAIGN, BUG = 7, 9
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Company:
    """Leads and what is hidden.

    Attributes
    ----------
    leads : pandas.DataFrame of n rows
        ``lead_id``, ``created_at`` (UTC seconds), ``source``, ``industry_known``, ``employees_known``.
    views : ndarray of int64 of shape (n,)
        Pricing pages seen on the day of creation.
    hazard : ndarray of shape (n,)
        Log of the chance to be won on a day, before any drift.
    drift : ndarray of shape (n,)
        What each quarter of drift adds to it.
    decided_day, won : ndarray of shape (n,)
        Day of the decision since the start, and its outcome.
    """

    leads: pd.DataFrame
    views: Ints
    hazard: Floats
    drift: Floats
    decided_day: Ints
    won: npt.NDArray[np.bool_]

    def truth(self, lead_ids: npt.ArrayLike, at: int) -> Floats:
        """True probability that open leads are won within the horizon of an instant."""
        rows = pd.Index(self.leads["lead_id"]).get_indexer(pd.Index(np.asarray(lead_ids)))
        alive, won = np.ones(len(rows)), np.zeros(len(rows))
        first = (at - START) // DAY_S
        for day in range(first, first + HORIZON_DAYS):
            p = _chance(self.hazard[rows], self.drift[rows], day)
            won += alive * p
            alive *= (1 - p) * (1 - LOST_A_DAY)
        return won


def end_of(quarter: int) -> int:
    """UTC seconds at which a quarter of the story ends; quarter 0 is the history."""
    return START + (HISTORY_QUARTERS + quarter) * QUARTER_DAYS * DAY_S


def _chance(hazard: Floats, drift: Floats, day: int) -> Floats:
    quarter = day // QUARTER_DAYS - HISTORY_QUARTERS + 1
    return np.exp(hazard + drift * sum(quarter >= k for k in DRIFTS))


def make(seed: int = 5, leads_a_month: int = 300) -> Company:
    """Draw a company."""
    rng = np.random.default_rng(seed)
    days = (HISTORY_QUARTERS + QUARTERS) * QUARTER_DAYS
    n = round(leads_a_month * days / 30.4)
    created = np.sort(rng.integers(0, days * DAY_S, n)) + START
    source = rng.choice(list(SOURCES), n, p=list(SHARES.values()))
    campaign = (created >= end_of(CAMPAIGN - 1)) & (created < end_of(CAMPAIGN))
    extra = np.repeat(created[campaign], 2)
    source = np.concatenate([source, np.full(len(extra), "fair")])
    created = np.concatenate([created, extra + rng.integers(-DAY_S, DAY_S, len(extra))])
    order = np.argsort(created, kind="stable")
    created, source = created[order], source[order]
    n = len(created)
    industry = rng.choice(list(INDUSTRIES), n)
    employees = np.round(np.exp(rng.normal(4.0, 1.2, n))) + 1
    views = rng.poisson(0.8, n)
    hazard = -6.4 + 0.35 * np.minimum(views, 4) + 0.4 * (np.log(employees) - 4.0) + 0.2 * rng.normal(size=n)
    hazard += pd.Series(source).map(SOURCES).to_numpy() + pd.Series(industry).map(INDUSTRIES).to_numpy()
    drift = np.where(source == "reseller", DRIFT["reseller"], 0) + np.where(
        industry == "hospital", DRIFT["hospital"], 0
    )
    decided, won = _live(rng, (created - START) // DAY_S + 1, hazard, drift)
    leads = pd.DataFrame(
        {
            "lead_id": [f"K{i:06d}" for i in range(n)],
            "created_at": created,
            "source": source,
            "industry_known": industry,
            "employees_known": employees,
        }
    )
    return Company(leads, views, hazard, drift, decided, won)


def _live(rng: np.random.Generator, born: Ints, hazard: Floats, drift: Floats) -> tuple[Ints, npt.NDArray[np.bool_]]:
    decided, won = np.full(len(born), 10**6), np.zeros(len(born), dtype=bool)
    for day in range(int(born.min()), int(born.max()) + MOST_DAYS):
        open_ = np.flatnonzero((born <= day) & (decided == 10**6) & (day < born + MOST_DAYS))
        wins = rng.random(len(open_)) < _chance(hazard[open_], drift[open_], day)
        lost = ~wins & (rng.random(len(open_)) < LOST_A_DAY)
        decided[open_[wins | lost]], won[open_[wins]] = day, True
    return decided, won


def write(company: Company, at: int, folder: Path, *, bug_since: int | None = None) -> None:
    """Write what the CRM holds at an instant; since some instant, new leads have lost their number of employees."""
    folder.mkdir(parents=True, exist_ok=True)
    known = company.leads["created_at"].to_numpy() < at
    leads = company.leads[known]
    if bug_since is not None:
        kept = leads["created_at"] < bug_since
        leads = leads.assign(employees_known=leads["employees_known"].where(kept))
    _write(leads, folder / "leads.parquet", "created_at")
    seen = leads.loc[leads.index.repeat(company.views[known]), ["lead_id", "created_at"]]
    views = seen.rename(columns={"created_at": "occurred_at"}).assign(type="pricing_view")
    _write(views, folder / "events.parquet", "occurred_at")
    decided = START + company.decided_day[known] * DAY_S + DAY_S // 2
    outcomes = pd.DataFrame(
        {"lead_id": leads["lead_id"], "decided_at": decided, "outcome": np.where(company.won[known], "won", "lost")}
    )
    _write(outcomes[decided < at], folder / "outcomes.parquet", "decided_at")


def _write(table: pd.DataFrame, path: Path, time: str) -> None:
    table.assign(**{time: pd.to_datetime(table[time], unit="s", utc=True)}).to_parquet(path, index=False)
