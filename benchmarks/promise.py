"""Does the precision threshold keep its promise? 200 simulated companies, each with its own model and threshold.

``python -m benchmarks.promise [--simulations N] [--leads N] [--json FILE]``. Each company is simulated, described and
trained as ``tamis train`` does it, with the rule ``precision``. The promise is kept when the leads that the deployed
model would hand over on the day after the data end convert, by their true probabilities, at the target rate or more;
the same is measured on the test period with the threshold of the evaluated procedure. No valid threshold is a legal
answer and counts as kept; how often it happens is printed beside.
"""

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.simulated import read
from models.training import train
from pipeline.demo import against_truth
from pipeline.prepare import training_plan
from pipeline.settings import Settings
from pipeline.settings_file import from_dict
from pipeline.simulator.plan import SimulationPlan

TARGET, CONFIDENCE = 0.15, 0.9
WORKERS = 2


@dataclass(frozen=True)
class Outcome:
    """One simulated company: true conversion of what is handed over; None where no threshold was valid."""

    seed: int
    threshold: float | None
    n_handed_over: int
    deployed: float | None
    tested: float | None
    ece: float
    rank: float
    seconds: float


def one(seed: int, n_leads: int) -> Outcome:
    began = time.process_time()
    settings: Settings = from_dict(
        {
            "threshold": {"rule": "precision", "target_precision": TARGET, "confidence": CONFIDENCE},
            "model": {"bootstrap": 50, "folds": 5},
            "limits": {"threads": 1},
        }
    )
    plan = SimulationPlan(n_leads=n_leads, seed=seed)
    company = read(plan, settings)
    result = train(company.frame, company.rows, company.features, replace(training_plan(settings), seed=seed))
    model, evidence = result.model, result.evidence
    propensity = model.propensity(company.open_frame)
    horizon = settings.snapshots.horizon_days
    truth = company.simulation.truth.propensity
    now = truth(company.open_rows["lead_id"].to_numpy(), company.open_rows["cutoff"].to_numpy(), horizon)
    test = truth(np.array(evidence.test["lead_id"]), np.array(evidence.test["cutoff"]), horizon)
    measured = against_truth(evidence, test)
    least, tested = model.threshold.threshold, evidence.decision["choice"]["threshold"]
    chosen = propensity >= (np.inf if least is None else least)
    above = np.array(evidence.test["propensity"]) >= (np.inf if tested is None else tested)
    return Outcome(
        seed,
        least,
        int(chosen.sum()),
        float(now[chosen].mean()) if chosen.any() else None,
        float(test[above].mean()) if above.any() else None,
        measured["ece"],
        measured["rank"],
        time.process_time() - began,
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.promise")
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--leads", type=int, default=5000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    seeds = range(1000, 1000 + options.simulations)
    with ProcessPoolExecutor(WORKERS) as pool:
        outcomes = list(pool.map(one, seeds, [options.leads] * len(seeds)))
    row = {"case": f"precision >= {TARGET} with {CONFIDENCE:.0%} confidence, {options.leads} leads", "system": "tamis"}
    for name in ("deployed", "tested"):
        values = [getattr(outcome, name) for outcome in outcomes]
        found = [value for value in values if value is not None]
        row[f"{name}_kept"] = sum(value is None or value >= TARGET for value in values) / len(values)
        row[f"{name}_without_threshold"] = sum(value is None for value in values)
        row[f"{name}_median_conversion"] = float(np.median(found)) if found else None
    row["median_handed_over"] = float(np.median([outcome.n_handed_over for outcome in outcomes]))
    row["median_ece"] = float(np.median([outcome.ece for outcome in outcomes]))
    row["worst_ece"] = max(outcome.ece for outcome in outcomes)
    row["median_rank"] = float(np.median([outcome.rank for outcome in outcomes]))
    row["cpu_s_each"] = float(np.median([outcome.seconds for outcome in outcomes]))
    for name, value in row.items():
        print(f"{name:28} {value:.4f}" if isinstance(value, float) else f"{name:28} {value}")
    if options.json:
        rows = {"rows": [row], "simulations": [asdict(outcome) for outcome in outcomes]}
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
