"""The nightly job whole: ``python -m benchmarks.pipeline [--leads N ...] [--workspace DEMO] [--no-peer]``.

Files that nobody has read before, champion of the demo: read and check, features, score, explain with codes and
points, bands, publish. A process of its own for every size, so that its peak is its own; CPU seconds count its threads.
Beside it the bare scan of the columns that are read, and the same night in pandas with CalibratedClassifierCV and
shap.TreeExplainer (explained on a slice, scaled). ``training`` is 200,000 leads at 4 cutoffs, read and described.
"""

import argparse
import contextlib
import io
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from benchmarks.alone import alone, peak_mb
from benchmarks.pipeline_company import DAY_S, write_company
from pipeline import score
from pipeline.console import Console
from pipeline.describe import declared_features, describe_rows
from pipeline.opening import open_tables
from pipeline.score_runs import newest
from pipeline.settings_file import load
from pipeline.workspace import Workspace

SIZES = (10_000, 100_000, 1_000_000)
TRAINING, SNAPSHOTS = 200_000, 4
CHAMPION_TREES = 345
SCANNED = {
    "leads": ("lead_id", "created_at", "account_id", "source", "country", "job_title"),
    "accounts": ("account_id", "industry", "employees", "revenue"),
    "events": ("lead_id", "occurred_at", "known_at", "type", "event_id"),
    "signals": ("account_id", "occurred_at", "known_at", "type"),
}
Row = dict[str, Any]


class Watch(Console):
    """Notes what every step costs."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: dict[str, dict[str, float]] = {}

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Take the time of a step, and the peak after it."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        taken = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall, "peak_mb": peak_mb()}
        self.steps[text] = taken


def company(base: Path, folder: Path, n_leads: int) -> tuple[int, int]:
    """A workspace with the demo's champion and other tables: its cutoff, and its events."""
    run = newest(Workspace(base), "portfolio")
    assert run is not None
    shutil.copytree(base, folder, ignore=shutil.ignore_patterns("staging", "scores", "building", "data"))
    cutoff = int(run.manifest["cutoff"])
    return cutoff, write_company(base / "data", folder / "data", run.rows(["lead_id"]), n_leads, cutoff)


def night(root: Path, now: int) -> Row:
    """One score run, as ``tamis score`` makes it."""
    start, wall, watch = time.process_time(), time.perf_counter(), Watch()
    done = score.score(Workspace(root), load(root), score.Request(), now=now, console=watch)
    return {
        "leads": done.run.manifest["n_leads"],
        "cpu_s": time.process_time() - start,
        "wall_s": time.perf_counter() - wall,
        "peak_mb": peak_mb(),
        "steps": watch.steps,
    }


def scan(root: Path) -> float:
    """CPU seconds to look at every value of the columns once."""
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET enable_progress_bar = false")
    start = time.process_time()
    for table, columns in SCANNED.items():
        sums = ", ".join(f"bit_xor(hash({column}))" for column in columns)
        connection.execute(f"SELECT {sums} FROM '{root}/data/{table}.parquet'").fetchall()
    return time.process_time() - start


def training(root: Path, now: int) -> Row:
    """Snapshots of every lead at four cutoffs: read, checked, described."""
    workspace, settings, start = Workspace(root), load(root), time.process_time()
    opened = open_tables(workspace, settings, now=now)
    with opened.connection, workspace.scratch() as scratch:
        read_s = time.process_time() - start
        leads = opened.tables.frames["leads"].select("lead_id").collect(backend="pyarrow").to_native().to_pandas()
        cutoffs = opened.tables.extracted_at + 1 - 30 * DAY_S * np.arange(SNAPSHOTS)[::-1]
        keys = leads.loc[leads.index.repeat(SNAPSHOTS)].assign(cutoff=np.tile(cutoffs, len(leads)))
        frame = describe_rows(opened, keys.reset_index(drop=True), declared_features(opened, settings), scratch)
    assert isinstance(frame, pd.DataFrame)
    total = time.process_time() - start
    steps = {"Reading the tables": {"cpu_s": read_s}, "Computing the features": {"cpu_s": total - read_s}}
    return {"snapshots": len(frame), "features": frame.shape[1], "cpu_s": total, "peak_mb": peak_mb(), "steps": steps}


def measure(base: Path, n_leads: int, with_peer: bool) -> list[Row]:
    case = f"night, {n_leads:,} leads"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        cutoff, n_events = company(base, root, n_leads)
        ours: Row = {"case": case, "system": "tamis", "events": n_events, **alone(night, root, cutoff + DAY_S)}
        ours["ratio_to_scan"] = ours["cpu_s"] / alone(scan, root)
        rows = [ours]
        if with_peer:
            from benchmarks.pipeline_peer import night as peer_night  # noqa: PLC0415 (shap is no part of our memory)

            steps, _ = alone(peer_night, root / "data", cutoff, CHAMPION_TREES)
            total = sum(steps.values())
            ours["ratio_to_pandas_shap"] = total / ours["cpu_s"]
            told = {name: {"cpu_s": taken} for name, taken in steps.items()}
            rows.append({"case": case, "system": "pandas + shap", "cpu_s": total, "steps": told})
    return rows


def measure_training(base: Path, n_leads: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        cutoff, n_events = company(base, root, n_leads)
        found = alone(training, root, cutoff + DAY_S)
    return {"case": f"training, {n_leads:,} leads", "system": "tamis", "events": n_events, **found}


def show(rows: Sequence[Row]) -> None:
    for row in rows:
        figures = {name: value for name, value in row.items() if name not in ("case", "system", "steps")}
        told = "  ".join(f"{name} {value:,.2f}".removesuffix(".00") for name, value in figures.items())
        print(f"\n{row['case']}, {row['system']}: {told}")
        for name, taken in row.get("steps", {}).items():
            print(f"    {name:28}" + "".join(f"{key:>9} {value:9.2f}" for key, value in taken.items()))


def growth(rows: Sequence[Row]) -> Row | None:
    """Exponent of the CPU time from the last size but one to the last."""
    ours = sorted((row["leads"], row["cpu_s"]) for row in rows if row["system"] == "tamis" and "leads" in row)
    if len(ours) < 2:
        return None
    (few, first), (many, last) = ours[-2:]
    exponent = float(np.log(last / first) / np.log(many / few))
    return {"case": f"growth, {few:,} to {many:,} leads", "system": "tamis", "exponent": exponent}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--leads", type=int, nargs="+", default=list(SIZES), metavar="N")
    parser.add_argument("--training", type=int, default=TRAINING, metavar="N", help="its leads; 0 for none")
    parser.add_argument("--workspace", type=Path, help="a finished demo; by default one is made")
    parser.add_argument("--no-peer", action="store_true", help="leave pandas + shap out")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        base = options.workspace
        if base is None:
            from pipeline import demo  # noqa: PLC0415 (what trains is no part of a night)

            base = Path(folder) / "demo"
            with contextlib.redirect_stdout(io.StringIO()):
                demo.run(
                    base, leads=20_000, seed=7, force=False, language=None, now=int(time.time()), console=Console()
                )
        for n_leads in options.leads:
            rows += measure(base, n_leads, not options.no_peer)
            show(rows[-1:] if options.no_peer else rows[-2:])
        if options.training:
            rows.append(measure_training(base, options.training))
            show(rows[-1:])
    if grown := growth(rows):
        rows.append(grown)
        show([grown])
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
