"""A segment that is won for other reasons: one model, a model of its own, or partial pooling; how far from the truth.

``python -m benchmarks.segments [--case apart] [--companies N] [--leads N] [--sizes 150 600 2000] [--json FILE]``. Each
company is simulated, described and trained as ``tamis train`` does it. Half of its leads come by prospecting; in the
case ``apart`` sector, size and job count the contrary for them, in ``alike`` the same. Of the prospected leads only so
many are in the data that are learnt from (``leads``, of which ``won``); the rest of the company always is. ``whole`` is
one model of all leads, ``separate`` a model that sees the segment alone (its base rate where too few are won to train),
``tamis`` the model of all leads with ``[segments.outbound]``. The prospected leads open the day the data end are
compared with their true probabilities: ``log_loss`` is the expected one in excess of that of the truth, ``distance``
the mean absolute one. ``share`` is how much of the segment's own correction Tamis applies.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.maturity import expected_loss
from benchmarks.simulated import read
from features.errors import GateError
from features.specification import Feature
from models.plan import TrainingPlan
from models.segments import Wanted, resolve
from models.training import train
from pipeline.prepare import training_plan
from pipeline.settings_file import from_dict
from pipeline.simulator.plan import Apart, SimulationPlan

# How far the effects of the segment are from those of the rest.
CASES = {"apart": 2.0, "alike": 0.0}
SIZES = (150, 600, 2000)
SYSTEMS = ("whole", "separate", "tamis")
# Tamis refuses to train under 40 won leads; a segment of its own is given a chance from here on.
FEWEST_WON = 15
WORKERS = 2
Floats = npt.NDArray[np.float64]


def one(case: str, seed: int, n_leads: int, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Figures of the systems on one company, by size of the segment."""
    quick = {"bootstrap": 50, "folds": 3, "learning_rate": 0.1}
    settings = from_dict({"model": {**quick, "seed": seed}, "limits": {"threads": 1}})
    plan = SimulationPlan(n_leads=n_leads, seed=seed, apart=Apart(0.5, CASES[case]))
    company = read(plan, settings)
    frame, rows, now = company.frame, company.rows, company.open_frame
    segments = resolve({"outbound": {"direction": Wanted(("outbound",))}}, company.features)
    asked = (now["fit__direction"] == "outbound").to_numpy()
    truth = company.simulation.truth.propensity(company.open_rows["lead_id"].to_numpy()[asked], plan.end)
    outbound = (frame["fit__direction"] == "outbound").to_numpy()
    leads = np.unique(rows["lead_id"][outbound])
    shuffled = np.random.default_rng(seed).permutation(leads)
    learning = replace(training_plan(settings), min_won=FEWEST_WON, min_lost=FEWEST_WON)
    found = []
    for size in sizes:
        inside = outbound & rows["lead_id"].isin(shuffled[:size]).to_numpy()
        won = rows.loc[inside & (rows["label"] == 1).to_numpy(), "lead_id"].nunique()
        head = {"leads": min(size, len(leads)), "won": won}
        seen = {"whole": ~outbound | inside, "separate": inside, "tamis": ~outbound | inside}
        for system in SYSTEMS:
            here = replace(learning, segments=segments if system == "tamis" else ())
            propensity, share = _scores(frame[seen[system]], rows[seen[system]], now[asked], company.features, here)
            found.append(
                {
                    "case": f"{case}, {size} leads, company {seed}",
                    "system": system,
                    **head,
                    "mean_truth": float(truth.mean()),
                    "log_loss": expected_loss(truth, propensity) - expected_loss(truth, truth),
                    "distance": float(np.abs(propensity - truth).mean()),
                    "share": share,
                }
            )
    return found


def _scores(
    frame: pd.DataFrame, rows: pd.DataFrame, now: pd.DataFrame, features: Sequence[Feature], plan: TrainingPlan
) -> tuple[Floats, float]:
    """Propensities of the open leads, and the share of the segment's own correction in them."""
    try:
        model = train(frame, rows.reset_index(drop=True), features, plan).model
    except GateError:
        return np.full(len(now), rows["label"].mean()), 0.0
    shares = [correction.share for correction in model.by_segment.corrections.values()]
    return model.propensity(now), sum(shares, 0.0)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.segments")
    parser.add_argument("--case", choices=CASES, default="apart")
    parser.add_argument("--companies", type=int, default=5)
    parser.add_argument("--leads", type=int, default=4200)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    seeds = range(200, 200 + options.companies)
    with ProcessPoolExecutor(WORKERS) as pool:
        companies = pool.map(partial(one, options.case, n_leads=options.leads, sizes=options.sizes), seeds)
        rows = [row for found in companies for row in found]
    by_system = pd.DataFrame(rows).drop(columns="case").groupby(["leads", "system"], sort=False)
    for name, table in (("mean", by_system.mean()), ("standard error", by_system.sem())):
        rows += table.reset_index().assign(case=f"{options.case}, {name}").to_dict("records")
    print(pd.DataFrame(rows).round(4).to_string(index=False))
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
