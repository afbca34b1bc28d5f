"""What it costs to explain a lead: LightGBM, the shap package and Tamis side by side, in one run.

``python -m benchmarks.explanations [--json FILE]``

Times are process CPU seconds on one thread, so that a busy machine does not matter much; systems take turns within
each repeat, and what is printed are medians over the repeats. ``max_error`` is the largest difference to
``pred_contrib`` in log-odds. ``memory_mb`` is what the tables keep, ``compile_s`` what making them costs once per
model. Where a system does not explain but only predicts, it has no error.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import shap

from models.pattern_tables import PatternTables

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]
SHAPES = (
    ("460 trees x 15 leaves, depth 6", 460, 15, 6),
    ("300 x 31, depth 6", 300, 31, 6),
    ("300 x 31, depth 8", 300, 31, 8),
)
FEW, MANY, REPEATS = 200, 20_000, 5
COUNTS, RECENCIES, NUMBERS, CATEGORIES = 28, 12, 8, 12


def leads(n: int, seed: int = 0) -> tuple[Floats, Floats, list[int]]:
    """60 features of simulated leads: counts that are mostly zero, recencies with nulls, numbers, categories."""
    rng = np.random.default_rng(seed)
    interest = rng.normal(size=n)
    columns, margin = [], -4.6 + 0.6 * interest
    for _ in range(COUNTS):
        count = rng.poisson(rng.uniform(0.05, 1.0) * np.exp(0.4 * interest + 0.7 * rng.normal(size=n)))
        columns.append(np.where(rng.random(n) < rng.uniform(0.2, 0.7), 0.0, count))
        margin = margin + rng.normal(0.1, 0.2) * np.minimum(columns[-1], 5)
    for _ in range(RECENCIES):
        days = np.round(rng.exponential(rng.uniform(5, 60), n) * np.exp(-0.3 * interest), 2)
        columns.append(np.where(rng.random(n) < rng.uniform(0.1, 0.6), np.nan, days))
        margin = margin + rng.normal(0.3, 0.3) * np.nan_to_num(np.exp(-columns[-1] / 20))
    for _ in range(NUMBERS):
        columns.append(rng.normal(size=n) + 0.3 * interest)
        margin = margin + rng.normal(0, 0.3) * np.tanh(columns[-1]) * (columns[0] > 0)
    for k in range(CATEGORIES):
        shares = rng.dirichlet(np.full(rng.integers(5, 31), 1.5))
        level = rng.choice(len(shares), size=n, p=shares)
        columns.append(np.where(rng.random(n) < (0.15 if k < 4 else 0.0), np.nan, level))
        margin = margin + rng.normal(size=len(shares))[level] * 0.3
    won = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(np.float64)
    return np.column_stack(columns), won, list(range(COUNTS + RECENCIES + NUMBERS, len(columns)))


def grow(matrix: Floats, won: Floats, categories: list[int], trees: int, leaves: int, depth: int) -> lgb.Booster:
    params = {
        "objective": "binary",
        "num_leaves": leaves,
        "max_depth": depth,
        "learning_rate": 0.05,
        "min_data_in_leaf": 20,
        "num_threads": 1,
        "verbosity": -1,
    }
    return lgb.train(params, lgb.Dataset(matrix, won, categorical_feature=categories), num_boost_round=trees)


def seconds(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(case: str, boosters: Sequence[lgb.Booster], matrix: Floats) -> list[Row]:
    """Rows of one model (several boosters are averaged), on the leads of the matrix (at least 20,000)."""
    few, many = np.ascontiguousarray(matrix[:FEW]), np.ascontiguousarray(matrix[:MANY])
    explainers = [shap.TreeExplainer(booster) for booster in boosters]
    texts = [booster.model_to_string() for booster in boosters]
    compile_s = seconds(lambda: PatternTables.from_boosters(texts))
    tables = PatternTables.from_boosters(texts)

    def pred_contrib() -> Floats:
        parts = [booster.predict(few, pred_contrib=True, num_threads=1) for booster in boosters]
        return np.asarray(np.mean(parts, axis=0))[:, :-1]

    def tree_explainer() -> Floats:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # shap says at every call that its results changed shape long ago
            return np.asarray(np.mean([explainer.shap_values(few) for explainer in explainers], axis=0))

    def predict() -> Floats:
        return np.asarray(np.mean([b.predict(many, raw_score=True, num_threads=1) for b in boosters], axis=0))

    systems: dict[str, tuple[Callable[[], Any], int]] = {
        "lightgbm pred_contrib": (pred_contrib, FEW),
        "shap TreeExplainer": (tree_explainer, FEW),
        "lightgbm predict": (predict, MANY),
        "tamis": (lambda: tables.contributions(many), MANY),
    }
    oracle, ours = pred_contrib(), tables.contributions(many)[0]
    error = {
        "lightgbm pred_contrib": 0.0,
        "shap TreeExplainer": np.abs(tree_explainer() - oracle).max(),
        "tamis": np.abs(ours[:FEW] - oracle).max(),
    }
    taken = [{name: seconds(work) / n * 1e6 for name, (work, n) in systems.items()} for _ in range(REPEATS)]
    rows = []
    for name in systems:
        row: Row = {"case": case, "system": name, "cpu_us_per_row": float(np.median([t[name] for t in taken]))}
        row["ratio_to_pred_contrib"] = float(np.median([t["lightgbm pred_contrib"] / t[name] for t in taken]))
        if name in error:
            row["max_error"] = float(error[name])
        rows.append(row)
    rows[-1] |= {
        "additivity_error": float(np.abs(tables.margin(many) - predict()).max()),
        "memory_mb": tables.nbytes / 1e6,
        "compile_s": compile_s,
        "fallback_trees": len(tables.fallback_trees),
    }
    return rows


def show(rows: Sequence[Row]) -> None:
    case = None
    for row in rows:
        if row["case"] != case:
            case = row["case"]
            print(f"\n{case}\n{'':24}{'CPU us/row':>12}{'ratio':>9}{'error':>10}{'MB':>8}{'compile s':>11}")
        figures = [f"{row['cpu_us_per_row']:12.2f}", f"{row['ratio_to_pred_contrib']:9.1f}"]
        figures.append(f"{row['max_error']:10.1e}" if "max_error" in row else f"{'-':>10}")
        figures.append(
            f"{row['memory_mb']:8.1f}{row['compile_s']:11.2f}" if "memory_mb" in row else f"{'-':>8}{'-':>11}"
        )
        print(f"{row['system']:24}{''.join(figures)}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explanations", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    options = parser.parse_args(arguments)
    matrix, won, categories = leads(60_000)
    rows: list[Row] = []
    for case, trees, leaves, depth in SHAPES:
        rows += measure(case, [grow(matrix, won, categories, trees, leaves, depth)], matrix)
    show(rows)
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
