"""The cases of `benchmarks.quality`: tables as a company would have them, and how the leads kept aside ended.

Public data are prepared by the examples' own scripts. Bank Marketing has no dates but its rows are in the order of
time, so where the test is the future each row gets a day, 45 rows a day, and the outcome of a call is known at once.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from pipeline.simulator.plan import DAY_S, SimulationPlan
from pipeline.simulator.simulate import simulate
from pipeline.simulator.write import write_tables

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
DATASETS = Path(os.environ.get("TAMIS_DATASETS", ROOT.parent / "shared" / "datasets"))
ROWS_PER_DAY = 45
BLOCKS = 4
MOST_DAYS = 540  # older open leads are taken as dead
Settings = dict[str, Any]
Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Step:
    """One training and what it must predict.

    Attributes
    ----------
    write : callable
        Writes the tables into a folder; leads to predict have no outcome there.
    settings : mapping
        Of the workspace.
    ended : pandas.Series
        1 won, 0 lost, by id of the leads to predict.
    now : int
        UTC seconds of the prediction.
    truth : callable, optional
        True probabilities from ids and cutoffs, where somebody knows them.
    """

    write: Callable[[Path], None]
    settings: Settings
    ended: pd.Series
    now: int = 1_791_000_000
    truth: Callable[[npt.ArrayLike, npt.ArrayLike], npt.NDArray[np.float64]] | None = None


def _csv(tables: Tables) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        folder.mkdir(parents=True)
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False)

    return write


def _example(name: str) -> tuple[dict[str, pd.DataFrame], Settings]:
    """Tables that an example's script prepares, as text, and its settings."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TAMIS_EXAMPLE_DATA": folder, "TAMIS_DATASETS": str(DATASETS)}
        script = EXAMPLES / name / "prepare.py"
        subprocess.run([sys.executable, script], env=environment, check=True, capture_output=True)  # noqa: S603
        files = sorted(Path(folder).glob("*.csv"))
        tables = {path.stem: pd.read_csv(path, dtype="str", keep_default_na=False) for path in files}
    return tables, tomllib.loads((EXAMPLES / name / "tamis.toml").read_text(encoding="utf-8"))


def _step(leads: pd.DataFrame, held: npt.NDArray[np.bool_], settings: Settings, key: str, outcome: str) -> Step:
    """Hide the outcome of the leads to predict; what they became is in ``outcome`` (won, lost, yes, no)."""
    shown = leads.assign(**{outcome: leads[outcome].where(~held, "")})
    won = leads.loc[held, outcome].isin(["won", "yes", "Won"]).astype("int64")
    return Step(_csv({"leads": shown}), settings, won.set_axis(leads.loc[held, key]))


def _bank() -> tuple[pd.DataFrame, npt.NDArray[np.bool_], Settings]:
    tables, settings = _example("bank_marketing")
    new = tables["new_leads"].merge(tables["endings"], on="call_id")
    calls = pd.concat([tables["leads"], new]).sort_values("call_id", ignore_index=True)
    return calls, calls["call_id"].isin(new["call_id"]).to_numpy(), settings


def bank_random() -> Iterator[Step]:
    calls, held, settings = _bank()
    yield _step(calls, held, settings, "call_id", "y")


def _bank_in_time(n_blocks: int) -> Iterator[Step]:
    """Predict the newest 30 % in blocks, each from every row before it."""
    calls, _, settings = _bank()
    row = np.arange(len(calls))
    days = pd.Timestamp("2008-05-01") + pd.to_timedelta(row // ROWS_PER_DAY, unit="D")
    calls = calls.assign(created_at=days.strftime("%Y-%m-%d"))
    settings = {**settings, "snapshots": {"horizon_days": 1}}
    for block in np.array_split(row[len(row) - round(0.3 * len(row)) :], n_blocks):
        known = calls.iloc[: block[-1] + 1].reset_index(drop=True)
        yield _step(known, np.arange(len(known)) >= block[0], settings, "call_id", "y")


def bank_newest() -> Iterator[Step]:
    return _bank_in_time(1)


def bank_blocks() -> Iterator[Step]:
    return _bank_in_time(BLOCKS)


def _kept_aside(name: str, key: str) -> Iterator[Step]:
    """Predict the leads that an example keeps aside."""
    tables, settings = _example(name)
    new = tables["new_leads"].merge(tables["endings"], on=key)
    leads = pd.concat([tables["leads"], new], ignore_index=True)
    yield _step(leads, leads[key].isin(new[key]).to_numpy(), settings, key, "outcome")


def olist_newest() -> Iterator[Step]:
    return _kept_aside("olist_funnel", "mql_id")


def bpic2012() -> Iterator[Step]:
    tables, settings = _example("bpic2012")
    ended = tables["endings"].set_index("case_id")["outcome"]
    yield Step(_csv({name: tables[name] for name in ("leads", "events")}), settings, (ended == "won").astype("int64"))


def maven() -> Iterator[Step]:
    """Nothing predicts here."""
    return _kept_aside("maven_crm", "opportunity_id")


def simulator() -> Iterator[Step]:
    """The leads open on the last day of three simulated companies, whose true probabilities are known."""
    for seed in (11, 12, 13):
        yield _simulated(SimulationPlan(n_leads=3000, seed=seed))


def _simulated(plan: SimulationPlan) -> Step:
    simulation = simulate(plan)
    truth = simulation.truth
    p = truth.propensity(truth.lead_ids, plan.end, plan.horizon_days)
    won = truth.redraw(np.random.default_rng(3), truth.lead_ids, plan.end, plan.horizon_days)
    scored = ~np.isnan(p) & (truth.created_at >= plan.end - MOST_DAYS * DAY_S)
    ended = pd.Series(won.astype("int64"), index=truth.lead_ids)[scored]
    settings = {"snapshots": {"horizon_days": plan.horizon_days, "max_age_days": MOST_DAYS}}
    return Step(
        lambda folder: write_tables(simulation, folder, format="parquet"), settings, ended, plan.end, truth.propensity
    )


def _made_up(n_known: int, n_numbers: int, n_that_matter: int, seed: int) -> Iterator[Step]:
    """Leads with numbers, a source and a country; few of the numbers matter, two of them only together."""
    rng = np.random.default_rng(seed)
    n = n_known + 10_000
    numbers = rng.normal(size=(n, n_numbers))
    source = rng.integers(0, 6, n)
    country = rng.integers(0, 20, n)
    effect = rng.normal(0, 0.5, n_that_matter)
    z = -1.6 + numbers[:, :n_that_matter] @ effect + rng.normal(0, 0.6, 6)[source] + rng.normal(0, 0.2, 20)[country]
    z += 0.5 * np.abs(numbers[:, 0]) + 0.5 * (numbers[:, 1] > 0) * (numbers[:, 2] > 0)
    p = expit(z)
    outcome = np.where(rng.random(n) < p, "won", "lost")
    leads = pd.DataFrame({f"number_{k}": numbers[:, k].round(4) for k in range(n_numbers)})
    leads = leads.assign(source=[f"source {k}" for k in source], region=[f"region {k}" for k in country])
    leads.insert(0, "lead_id", [f"L{k:06d}" for k in range(n)])
    by_lead = pd.Series(p, index=leads["lead_id"])
    step = _step(leads.assign(outcome=outcome), np.arange(n) >= n_known, {}, "lead_id", "outcome")
    yield Step(step.write, step.settings, step.ended, step.now, lambda ids, _cutoffs: by_lead.loc[ids].to_numpy())


def few_leads() -> Iterator[Step]:
    return _made_up(500, 8, 5, seed=1)


def wide() -> Iterator[Step]:
    return _made_up(5_000, 200, 10, seed=2)


CASES: Mapping[str, tuple[Callable[[], Iterator[Step]], Sequence[str]]] = {
    "bank random": (bank_random, ["bank_marketing"]),
    "bank newest 30%": (bank_newest, ["bank_marketing"]),
    "bank four blocks": (bank_blocks, ["bank_marketing"]),
    "olist newest 30%": (olist_newest, ["olist_funnel"]),
    "bpic2012 newest 30%": (bpic2012, ["bpic2012"]),
    "maven (control)": (maven, ["maven_crm"]),
    "simulator": (simulator, []),
    "500 leads": (few_leads, []),
    "200 columns, 10 matter": (wide, []),
}
