"""Young cohorts taken for lost, dropped or weighed, where a sale takes 12 to 18 months: how far from the truth.

``python -m benchmarks.maturity [--case long] [--companies N] [--leads N] [--json FILE]``. Each company is simulated,
described and trained as ``tamis train`` does it: in the case ``long`` over seven years, half of its sales take more
than 14 months, and wins within 18 months are predicted; ``short`` is the company of ``tamis demo``. ``naive`` is Tamis
told that whoever is not won yet is lost, young or not; ``drop`` learns from mature snapshots only; ``weight`` lets the
trees of the deployed model learn from young ones too. The leads open the day the data end are compared with their true
probabilities: ``bias`` is the mean propensity less the mean truth, ``bias_share`` the same as a share of the mean
truth, ``log_loss`` the expected one in excess of that of the truth, ``auc`` the expected one, ``rank`` Spearman's
correlation with the truth. Figures that begin with ``raw_`` are of the trees before calibration.
"""

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from benchmarks.simulated import read
from models.training import train
from pipeline.prepare import training_plan
from pipeline.settings_file import from_dict
from pipeline.simulator.plan import SimulationPlan

# Months of history, slowness, horizon in days, age in days above which leads are dead.
CASES = {"long": (84, 3.0, 540, 1080), "short": (30, 1.0, 90, 540)}
SYSTEMS = ("naive", "drop", "weight")
WORKERS = 2
Floats = npt.NDArray[np.float64]


def one(case: str, seed: int, n_leads: int) -> list[dict[str, Any]]:
    """Figures of the three systems on one company."""
    months, slowness, horizon, max_age = CASES[case]
    settings = from_dict(
        {
            "snapshots": {"horizon_days": horizon, "max_age_days": max_age, "immature": "weight"},
            "model": {"bootstrap": 50, "folds": 5, "seed": seed},
            "limits": {"threads": 1},
        }
    )
    plan = SimulationPlan(n_leads=n_leads, seed=seed, months=months, slowness=slowness)
    company = read(plan, settings)
    rows, waiting = company.rows, company.open_rows
    mature = rows["is_mature"] == 1
    told = {
        "naive": rows.assign(label=rows["won_after_days"].notna().astype("int64")),
        "drop": rows[mature],
        "weight": rows,
    }
    truth = company.simulation.truth.propensity(waiting["lead_id"].to_numpy(), waiting["cutoff"].to_numpy(), horizon)
    found = []
    for system in SYSTEMS:
        here = told[system].index
        result = train(
            company.frame.iloc[here], told[system].reset_index(drop=True), company.features, training_plan(settings)
        )
        calibrated = against(truth, result.model.propensity(company.open_frame))
        raw = against(truth, expit(result.model.margin(company.open_frame)))
        young = result.evidence.deployed["young"] or {"n_rows": 0, "weight": 0.0}
        found.append(
            {
                "case": f"{case}, company {seed}",
                "system": system,
                "n_open": len(truth),
                "mean_truth": float(truth.mean()),
                **calibrated,
                **{f"raw_{name}": raw[name] for name in ("bias", "bias_share", "log_loss")},
                "n_young": young["n_rows"],
                "young_weight": young["weight"],
            }
        )
    return found


def against(truth: Floats, propensity: Floats) -> dict[str, float]:
    """Compare propensities with true probabilities, nothing drawn."""
    bias = float((propensity - truth).mean())
    both = np.concatenate([np.ones(len(truth)), np.zeros(len(truth))])
    return {
        "bias": bias,
        "bias_share": bias / float(truth.mean()),
        "log_loss": expected_loss(truth, propensity) - expected_loss(truth, truth),
        "auc": float(roc_auc_score(both, np.tile(propensity, 2), sample_weight=np.concatenate([truth, 1 - truth]))),
        "rank": float(spearmanr(propensity, truth).statistic),
    }


def expected_loss(truth: Floats, propensity: Floats) -> float:
    stated = np.clip(propensity, 1e-12, 1 - 1e-12)
    return float(-(truth * np.log(stated) + (1 - truth) * np.log1p(-stated)).mean())


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.maturity")
    parser.add_argument("--case", choices=CASES, default="long")
    parser.add_argument("--companies", type=int, default=8)
    parser.add_argument("--leads", type=int, default=6000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    seeds = range(100, 100 + options.companies)
    with ProcessPoolExecutor(WORKERS) as pool:
        companies = pool.map(partial(one, options.case, n_leads=options.leads), seeds)
        rows = [row for found in companies for row in found]
    by_system = pd.DataFrame(rows).drop(columns="case").groupby("system", sort=False)
    for name, table in (("mean", by_system.mean()), ("standard error", by_system.sem())):
        rows += table.reset_index().assign(case=f"{options.case}, {name}").to_dict("records")
    print(pd.DataFrame(rows).round(4).to_string(index=False))
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
