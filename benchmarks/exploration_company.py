"""A company with a known P(won | worked), in which a score run decides who is worked, and a market that changes.

Each lead is looked at a week after its creation and can be won only if sales works it. At the change, leads from
``reseller`` and leads of ``hospital``, hardly ever won until then, become good ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

DAY_S = 86_400
AGE_DAYS, HORIZON_DAYS = 7, 60
START, CHANGE, LATER, END = (
    int(pd.Timestamp(day, tz="UTC").timestamp()) for day in ("2024-01-01", "2025-01-01", "2026-01-01", "2026-03-01")
)
SOURCES = {"demo": 0.9, "search": 0.1, "fair": -0.1, "content": -1.1, "list": -1.8, "reseller": -2.2}
INDUSTRIES = {"software": 0.6, "industry": 0.2, "retail": -0.5, "transport": -0.3, "hospital": -1.6}
SENIORITIES = {"director": 0.7, "manager": 0.2, "staff": -0.5}
BETTER = {"reseller": 2.6, "hospital": 2.0}
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Company:
    """Leads and what is hidden.

    Attributes
    ----------
    leads : pandas.DataFrame of n rows
        As sales sees them, ordered by ``created_at`` (UTC seconds).
    views : ndarray of shape (n,)
        Pricing pages seen in the first week.
    truth : ndarray of shape (n,)
        P(won within the horizon | worked).
    changed : ndarray of bool, shape (n,)
        Of a kind that the change makes better.
    would_win : ndarray of bool, shape (n,)
        Whether it is won if it is worked.
    delay_s : ndarray of shape (n,)
        Seconds from the hand-over to the decision.
    """

    leads: pd.DataFrame
    views: npt.NDArray[np.int64]
    truth: Floats
    changed: Flags
    would_win: Flags
    delay_s: npt.NDArray[np.int64]

    @property
    def looked_at(self) -> npt.NDArray[np.int64]:
        """When each lead is looked at, UTC seconds."""
        return self.leads["created_at"].to_numpy() + AGE_DAYS * DAY_S


def make(seed: int, leads_per_month: int) -> Company:
    """Draw a company."""
    rng = np.random.default_rng(seed)
    n = round(leads_per_month * (END - START) / (30.4 * DAY_S))
    created = np.sort(rng.integers(START, END, n))
    source, industry, seniority = (rng.choice(list(of), n) for of in (SOURCES, INDUSTRIES, SENIORITIES))
    employees = np.round(np.exp(rng.normal(4.0, 1.2, n))) + 1
    views = rng.poisson(0.8, n)
    logit = -2.4 + 0.45 * np.minimum(views, 4) + 0.25 * (np.log(employees) - 4.0)
    for column, of in ((source, SOURCES), (industry, INDUSTRIES), (seniority, SENIORITIES)):
        logit += pd.Series(column).map(of).to_numpy()
    logit += 0.5 * ((source == "fair") & (employees > 100))
    changed = (source == "reseller") | (industry == "hospital")
    better = np.maximum(np.where(source == "reseller", BETTER["reseller"], 0), (industry == "hospital") * 2.0)
    truth = 1 / (1 + np.exp(-(logit + np.where(created >= CHANGE, better, 0.0))))
    leads = pd.DataFrame(
        {
            "lead_id": [f"K{i:06d}" for i in range(n)],
            "created_at": created,
            "source": source,
            "industry_known": industry,
            "seniority": seniority,
            "employees_known": employees,
        }
    )
    delay = rng.integers(3 * DAY_S, 27 * DAY_S, n)
    return Company(leads, views, truth, changed, rng.random(n) < truth, delay)


def write(company: Company, worked_at: Mapping[str, int], now: int, folder: Path) -> None:
    """Write what the CRM holds at an instant: leads, visits, and outcomes of the worked and of the given up."""
    folder.mkdir(parents=True, exist_ok=True)
    known = company.leads["created_at"].to_numpy() < now
    leads = company.leads[known]
    _write(leads, folder / "leads.parquet", "created_at")
    visit = np.repeat(np.flatnonzero(known), company.views[known])
    after = np.random.default_rng(1).integers(1, (AGE_DAYS - 1) * DAY_S, company.views.sum())[: len(visit)]
    ids, created = company.leads["lead_id"].to_numpy(), company.leads["created_at"].to_numpy()
    seen = pd.DataFrame({"lead_id": ids[visit], "occurred_at": created[visit] + after, "type": "pricing_view"})
    _write(seen[seen["occurred_at"] < now], folder / "events.parquet", "occurred_at")
    worked = leads["lead_id"].map(worked_at)
    given_up = company.looked_at[known] + (HORIZON_DAYS - 2) * DAY_S
    decided = worked.fillna(0).astype("int64").to_numpy() + company.delay_s[known]
    decided = np.where(worked.isna(), given_up, decided)
    won = worked.notna().to_numpy() & company.would_win[known]
    outcomes = pd.DataFrame(
        {"lead_id": leads["lead_id"], "decided_at": decided, "outcome": np.where(won, "won", "lost")}
    )
    _write(outcomes[decided < now], folder / "outcomes.parquet", "decided_at")


def _write(table: pd.DataFrame, path: Path, time: str) -> None:
    table.assign(**{time: pd.to_datetime(table[time], unit="s", utc=True)}).to_parquet(path, index=False)
