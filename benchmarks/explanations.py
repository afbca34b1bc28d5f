"""What it costs to explain a lead: LightGBM, the shap package and Tamis side by side, in one run.

``python -m benchmarks.explanations [--leads N] [--json FILE]``

Times are process CPU seconds on one thread, so that a busy machine does not matter much; systems take turns within
each repeat, and what is printed are medians over the repeats. ``max_error`` is the largest difference to
``pred_contrib`` in log-odds. ``memory_mb`` is by how much a process of its own grows when it makes a model ready and
explains a few rows; ``table_mb`` is what the tables themselves take, ``compile_s`` what compiling them costs once.
``growth`` is the exponent of the time against the number of rows, 1 for linear. Where a system only predicts, it has no
error.

The last case is a night: N leads (a million by default) of the demo's champion from their features to score rows on
the disk, with the codes and points of their reasons, in a process of its own.
"""

import argparse
import gc
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import shap

from benchmarks.alone import alone, peak_mb
from benchmarks.champion import Champion, champion
from models.pattern_tables import PatternTables
from pipeline.score_rows import score_block

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]
SHAPES = (
    ("460 trees x 15 leaves, depth 6", 460, 15, 6),
    ("300 x 31, depth 6", 300, 31, 6),
    ("300 x 31, depth 8", 300, 31, 8),
)
FEW, MANY, REPEATS = 200, 20_000, 5
GROWTH = (2_000, 8_000, 32_000, 128_000)
NIGHT = 1_000_000
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


def memory_mb(system: str, texts: Sequence[str], few: Floats, warm: str) -> float:
    """Megabytes by which a process grows when it makes a model ready and explains a few rows."""

    def work(model: Sequence[str]) -> Any:
        if system == "tamis":
            tables = PatternTables.from_boosters(model) if model is not texts else PatternTables.load(kept, model)
            return tables, tables.contributions(few)
        boosters = [lgb.Booster(model_str=text) for text in model]
        if system == "lightgbm pred_contrib":
            return boosters, [booster.predict(few, pred_contrib=True, num_threads=1) for booster in boosters]
        explainers = [shap.TreeExplainer(booster) for booster in boosters]
        return boosters, explainers, [explainer.shap_values(few) for explainer in explainers]

    kept = PatternTables.from_boosters(texts).dump() if system == "tamis" else b""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        work([warm])
        gc.collect()
        before = peak_mb()
        work(texts)
        return peak_mb() - before


def exponent(tables: PatternTables, matrix: Floats) -> float:
    """Slope of log time on log rows."""
    rows = np.resize(matrix, (max(GROWTH), matrix.shape[1]))
    taken = [min(seconds(lambda n=n: tables.contributions(rows[:n])) for _ in range(3)) for n in GROWTH]
    return float(np.polyfit(np.log(GROWTH), np.log(taken), 1)[0])


def night(who: Champion, n_leads: int) -> Row:
    """Score rows with reasons of many leads, block by block, as ``tamis score`` writes them."""
    run, size = who.run(), who.settings.limits.rows_per_block
    score_block(next(who.blocks(size, size)), run)
    start, first = time.process_time(), peak_mb()
    with tempfile.TemporaryDirectory() as folder:
        for k, block in enumerate(who.blocks(n_leads, size)):
            pq.write_table(score_block(block, run), Path(folder) / f"{k}.parquet", compression="zstd")
        on_disk = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
    return {
        "case": f"{n_leads:,} leads to score rows with reasons, {len(who.model.names)} features",
        "system": "tamis",
        "cpu_us_per_row": (time.process_time() - start) / n_leads * 1e6,
        "peak_mb_first_block": first,
        "peak_mb": peak_mb(),
        "disk_mb": on_disk,
    }


def measure(case: str, texts: Sequence[str], matrix: Floats, warm: str) -> list[Row]:
    """Rows of one model (several boosters are averaged) on the leads of the matrix, repeated to 20,000."""
    few, many = np.ascontiguousarray(matrix[:FEW]), np.resize(matrix, (MANY, matrix.shape[1]))
    boosters = [lgb.Booster(model_str=text) for text in texts]
    explainers = [shap.TreeExplainer(booster) for booster in boosters]
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
            grown = alone(memory_mb, name, texts, few, warm)
            row |= {"max_error": float(error[name]), "memory_mb": grown}
        rows.append(row)
    rows[-1] |= {
        "additivity_error": float(np.abs(tables.margin(many) - predict()).max()),
        "growth": exponent(tables, matrix),
        "table_mb": tables.nbytes / 1e6,
        "compile_s": compile_s,
        "fallback_trees": len(tables.fallback_trees),
    }
    return rows


FIGURES = {"max_error": 10, "memory_mb": 11, "table_mb": 11, "compile_s": 11, "growth": 8}


def show(rows: Sequence[Row]) -> None:
    case = None
    for row in rows:
        if row["case"] != case:
            case = row["case"]
            print(f"\n{case}")
            if "peak_mb" not in row:
                headings = "".join(f"{name:>{width}}" for name, width in FIGURES.items())
                print(f"{'':24}{'CPU us/row':>12}{'ratio':>9}{headings}")
        line = f"{row['system']:24}{row['cpu_us_per_row']:12.2f}"
        if "peak_mb" in row:
            before, peak, disk = row["peak_mb_first_block"], row["peak_mb"], row["disk_mb"]
            print(
                f"{line} CPU us/row; peak {peak:.0f} MB, {before:.0f} MB after the first block; {disk:.0f} MB written"
            )
            continue
        print(f"{line}{row['ratio_to_pred_contrib']:9.1f}{''.join(cell(row, *figure) for figure in FIGURES.items())}")


def cell(row: Row, name: str, width: int) -> str:
    if name not in row:
        return f"{'-':>{width}}"
    return f"{row[name]:{width}.1e}" if name == "max_error" else f"{row[name]:{width}.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explanations", description=__doc__)
    parser.add_argument("--leads", type=int, default=NIGHT, metavar="N", help="leads of the last case")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    options = parser.parse_args(arguments)
    matrix, won, categories = leads(60_000)
    rows: list[Row] = []
    for case, trees, leaves, depth in SHAPES:
        booster = grow(matrix, won, categories, trees, leaves, depth)
        warm = booster.model_to_string(num_iteration=3)
        rows += measure(case, [booster.model_to_string()], matrix, warm)
    who = champion()
    texts = who.model.tables.booster_texts
    n_trees = sum(text.count("\nTree=") for text in texts)
    case = f"champion of the demo, {n_trees} trees in {len(texts)} boosters, {len(who.model.names)} features"
    warm = lgb.Booster(model_str=texts[0]).model_to_string(num_iteration=3)
    rows += measure(case, texts, who.model.encode(who.frame), warm)
    rows.append(alone(night, who, options.leads))
    show(rows)
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
