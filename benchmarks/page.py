"""The page with a million scored leads: ``python -m benchmarks.page [--leads N] [--workspace DEMO] [--json FILE]``.

A demo's leads are scored once; a run of as many leads as asked is made of them, with names, companies and events. The
real server is started; its own time of each request is read off its log, the size off the answer, its memory off the
system at the end.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np

from benchmarks.page_company import inflate
from pipeline import demo
from pipeline.console import Console
from pipeline.page.index import build
from pipeline.page.places import home
from pipeline.page.sheets import SHEETS
from pipeline.score_runs import published
from pipeline.settings_file import load
from pipeline.simulator.words import FIRST_NAMES, LAST_NAMES
from pipeline.workspace import Workspace

DEMO_LEADS = 6000
REQUESTS = 60
Row = dict[str, str | float]


def addresses(seed: int, keys: list[str]) -> dict[str, list[str]]:
    """What is asked for, by case; no address twice in a row."""
    rng = np.random.default_rng(seed)
    sorts = ("value", "propensity", "due")
    filters = [
        f"/?owner={FIRST_NAMES[k]}+Martin&band={'AB'[k % 2]}"
        + ("&family=engagement" if k % 3 == 0 else "")
        + ("&channel=partner" if k % 4 == 0 else "")
        for k in rng.integers(0, 40, REQUESTS)
    ]
    names = [name.replace("_", " ").encode("ascii", "ignore").decode().lower() for name in LAST_NAMES]
    searches = [
        f"/?q={names[k][:5]}" if k % 2 else f"/?q={names[k]}+{FIRST_NAMES[k % 30][:3]}"
        for k in rng.integers(0, len(names), REQUESTS)
    ]
    return {
        "queue": [f"/?sort={sorts[k % 3]}" for k in range(REQUESTS)],
        "filter": filters,
        "search": searches,
        "dossier": [f"/lead/{keys[k % len(keys)]}" for k in range(REQUESTS)],
        "model": ["/model"] * 10,
    }


@contextlib.contextmanager
def serving(root: Path, log: Path) -> Iterator[tuple[str, int]]:
    """The real server in a process of its own: its link and its process number."""
    settings = {"TAMIS_PAGE__REQUESTS_PER_MINUTE": "1000000"}
    serve = ["serve", "--workspace", str(root), "--port", "0", "--json", "--log-json"]
    words = [sys.executable, "-c", "from pipeline.cli import main; main()", *serve]
    with log.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 (our own interpreter)
            words, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **settings}
        )
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["link"], process.pid
        finally:
            process.terminate()
            process.wait()


def measure(root: Path, log: Path) -> list[Row]:
    """Ask for every case and read what the server says of each request."""
    rows: list[Row] = []
    with serving(root, log) as (link, pid), httpx.Client(follow_redirects=True, timeout=60) as client:
        origin = link.partition("/enter")[0]
        client.get(link).raise_for_status()
        client.get(origin + "/").raise_for_status()
        keys: list[str] = []
        for page in ("/?sort=value", "/?sort=propensity", "/?show=all&sort=propensity"):
            keys += [part[:32] for part in client.get(origin + page).text.split('href="/lead/')[1:]]
        np.random.default_rng(1).shuffle(keys)
        for case, paths in addresses(2, keys).items():
            sizes, before, cpu = [], len(log.read_text().splitlines()), _cpu_ms(pid)
            for path in paths:
                answer = client.get(origin + path)
                answer.raise_for_status()
                sizes.append(len(answer.content))
            lines = [json.loads(line) for line in log.read_text().splitlines()[before:]]
            times = [line["ms"] for line in lines if line["event"] == "request" and line["status"] == 200]
            assert len(times) == len(paths)
            rows.append(
                {
                    "case": case,
                    "system": "tamis",
                    "median_ms": round(statistics.median(times), 1),
                    "cpu_ms": round((_cpu_ms(pid) - cpu) / len(paths), 1),
                    "p95_ms": round(float(np.quantile(times, 0.95)), 1),
                    "kb": round(max(sizes) / 1000, 1),
                }
            )
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
        )
        memory = {
            name: round(int(status[key].split()[0]) / 1024) for name, key in (("mb", "VmRSS"), ("peak_mb", "VmHWM"))
        }
        rows.append({"case": "memory", "system": "tamis", **memory})
    return rows


def _cpu_ms(pid: int) -> float:
    """Processor time of a process so far: on a busy machine it says more than the clock."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page")
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--workspace", type=Path, help="a finished demo, copied; by default one is made")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        root = Path(folder) / "workspace"
        if options.workspace:
            shutil.copytree(options.workspace, root)
        else:
            demo.run(
                root, leads=DEMO_LEADS, seed=7, force=False, language="en", now=int(time.time()), console=Console()
            )
        workspace, settings = Workspace(root), load(root)
        _, newest = inflate(workspace, options.leads)
        began, cpu = time.perf_counter(), time.process_time()
        path = build(workspace, settings, newest)
        index = {
            "case": "index",
            "system": "tamis",
            "seconds": round(time.perf_counter() - began, 1),
            "cpu_s": round(time.process_time() - cpu, 1),
            "mb": round((path / "index.db").stat().st_size / 1e6),
            "sheets_mb": round((path / SHEETS).stat().st_size / 1e6),
        }
        assert home(workspace) == path.parent
        assert len(published(workspace)) == 2
        rows = [*measure(root, Path(folder) / "serve.log"), index]
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in {"leads": options.leads, **row}.items()))
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
