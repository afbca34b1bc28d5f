"""Many nights of score, push and monitor with faults between them: what grows that should not."""

import contextlib
import io
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from pipeline import cli
from pipeline.crm.ledger import KEPT_PUSHES
from pipeline.score_runs import published
from pipeline.source import KEPT_STAGINGS
from pipeline.train import run as train
from pipeline.workspace import Workspace
from tests import companies
from tests.crm.worlds.files import SqliteWorld
from tests.fates import Fates
from tests.soak.company import READ, copied, crm, half_published, quietly

DAY = 86_400
KEPT_RUNS = 5
JOBS = ("score", "push", "monitor")
# How much a process may hold more at the end than after a third of the nights; caches fill at first.
MORE_MB = 40.0
TIMES = {"leads": "created_at", "outcomes": "decided_at", "events": "occurred_at"}
PLACES = ("scores", "staging", "monitor", "page", "tmp", "building", "quarantine", "ledger.db")


@dataclass(frozen=True)
class Night:
    """What stood after one night.

    Attributes
    ----------
    number : int
    fault : str
        What was done to it.
    rss_mb : float
        Of the process that ran every job.
    handles : int
        Files that it holds open.
    runs : int
        Score runs that can be read.
    sizes : dict of str to int
        Bytes by place of the store.
    wrong : list of str
    """

    number: int
    fault: str
    rss_mb: float
    handles: int
    runs: int
    sizes: dict[str, int]
    wrong: list[str]


def company(root: Path, first: pd.Timestamp, trained: Path | None) -> Workspace:
    """A company on the eve of the first night, with a champion and a retention."""
    given = companies.tables()
    if trained is not None:
        copied(trained, root)
    limits = {**companies.SETTINGS["limits"], "keep_runs": KEPT_RUNS}
    source = {"time_zone": "Europe/Paris"}
    made = companies.write(root, until(given, first), crm=crm(brake=1.0), limits=limits, source=source)
    if trained is None:
        SqliteWorld(root).add(*given["leads"]["lead_id"])
        quietly(train, root, now=int(first.timestamp()), by="soak")
    return made


def until(given: dict[str, pd.DataFrame], at: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """The tables as they stood."""
    return {name: given[name][given[name][TIMES[name]] < companies.written(pd.DatetimeIndex([at]))[0]] for name in READ}


def nights(root: Path, number: int, fates: Fates, trained: Path | None = None, seed: int = 3) -> Iterator[Night]:
    """Live through some nights: jobs die at random instants, and are run again in this process, which is measured.

    ``trained`` is a workspace whose champion is taken; without it one is trained on the eve.
    """
    given, chance = companies.tables(), random.Random(seed)  # noqa: S311 (instants, no secret)
    first = pd.Timestamp(companies.NOW - (number + 3) * DAY, unit="s", tz="UTC")
    workspace = company(root, first, trained)
    for night in range(1, number + 1):
        at = first + pd.Timedelta(days=night)
        for name, table in until(given, at).items():
            table.to_csv(root / "data" / f"{name}.csv", index=False)
        fault = chance.choice(("none", *JOBS))
        wrong = []
        for job in JOBS:
            words = [job, "--workspace", str(root), "--json"]
            if fault == job:
                fates.run(words, after=chance.uniform(0.05, 1.0), clock=int(at.timestamp()))
                wrong += half_published(root)
            with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
                patch.setattr(cli, "_now", lambda at=at: int(at.timestamp()))
                code = cli.run_verb(words)
            wrong += [f"{job} ended with {code}"] if code else []
        wrong += half_published(root)
        age(workspace)
        runs = len(published(workspace))
        yield Night(night, fault, memory_mb(), handles(), runs, sizes(workspace), wrong)


def age(workspace: Workspace) -> None:
    """Let a day pass for what a killed process left in the stagings, which goes by the clock of the disk."""
    for path in workspace.staging.glob(".*"):
        at = path.stat().st_mtime - 2 * DAY
        os.utime(path, (at, at))


def memory_mb() -> float:
    """Memory of this process that is in use."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def handles() -> int:
    """Files and sockets that this process holds open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def sizes(workspace: Workspace) -> dict[str, int]:
    """Bytes of each place of the store."""
    found = {}
    for name in PLACES:
        at = workspace.home / name
        files = at.rglob("*") if at.is_dir() else [at]
        found[name] = sum(path.stat().st_size for path in files if path.is_file())
    return found


def grown(lived: list[Night]) -> list[str]:
    """What is more at the end than it should be."""
    found = [f"night {night.number}: {fault}" for night in lived for fault in night.wrong]
    early, last = lived[len(lived) // 3], lived[-1]
    if last.rss_mb > early.rss_mb + MORE_MB:
        found.append(f"memory grew from {early.rss_mb:.0f} to {last.rss_mb:.0f} MB")
    if last.handles > early.handles:
        found.append(f"open files grew from {early.handles} to {last.handles}")
    months = 1 + len(lived) // 28 + 1
    if last.runs > KEPT_RUNS + months:
        found.append(f"{last.runs} score runs, expected {KEPT_RUNS} and the first of each month")
    found += [f"{name}: {last.sizes[name]} bytes were left" for name in ("tmp", "building") if last.sizes[name]]
    # Beyond what is kept by number, the tables grow by a few rows a night, and so do their copies.
    held = max(KEPT_RUNS, KEPT_STAGINGS)
    if len(lived) > 2 * held:
        full = lived[held + 1]
        for name in ("scores", "staging", "page"):
            if last.sizes[name] > 1.5 * full.sizes[name]:
                found.append(f"{name} grew from {full.sizes[name]} to {last.sizes[name]} bytes")
    if len(lived) > KEPT_PUSHES + held and last.sizes["ledger.db"] > 1.5 * lived[KEPT_PUSHES].sizes["ledger.db"]:
        found.append(f"the ledger grew to {last.sizes['ledger.db']} bytes")
    return found
