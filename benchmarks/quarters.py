"""Twelve quarters of one company through the real verbs: what the log of retrain and monitor tells.

Twice a quarter the open leads are scored and the monitor looks; each quarter ends with a retrain. The market drifts
from quarter 4 on, a trade fair floods the seventh, a form loses a column in the ninth, and in the eleventh somebody
retrains with settings that throw the best column away, then promotes the result by name and rolls back. The truth is
known: every model that a retrain promoted or refused is set beside the champion of that time on the leads of the
quarter that follows (expected log loss at the true probabilities; a promoted model is worse where it loses more than
the margin of 2%). Alarms about reasons are left out: they tell of a new model, not of a fault.

    python -m benchmarks.quarters [--from N] [--json FILE] [--keep DIR]
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.quarters_company import (
    BUG,
    DAY_S,
    HORIZON_DAYS,
    QUARTER_DAYS,
    QUARTERS,
    Company,
    end_of,
    make,
    write,
)
from features.errors import GateError
from models.lead_model import LeadModel
from pipeline.console import Console
from pipeline.describe import describe_scoring
from pipeline.monitor import watch
from pipeline.retrain import retrain
from pipeline.score import Request, score
from pipeline.settings import Settings
from pipeline.settings_file import from_dict
from pipeline.source import open_source
from pipeline.tracking import Registry
from pipeline.workspace import Workspace

EVENTS = {
    4: "the market begins to drift",
    5: "drift goes on",
    6: "drift goes on",
    7: "a trade fair brings four times its leads",
    9: "a form loses the number of employees",
    10: "the form is mended, the column filled",
    11: "somebody throws the best column away",
}
SABOTAGE = 11
MARGIN = 0.02
QUICK = {
    "snapshots": {"horizon_days": HORIZON_DAYS},
    "model": {"bootstrap": 60, "folds": 2, "learning_rate": 0.2, "num_leaves": 8},
    "limits": {"threads": 1},
    "threshold": {"rule": "capacity", "capacity_per_week": 20},
    "retrain": {"certified": False, "margin": MARGIN},
}
QUIET = Console(as_json=True)


@dataclass(frozen=True)
class Quarter:
    """A line of the log."""

    number: int
    event: str
    alarms: list[str]
    looks_to_alarm: int | None
    verdict: str
    why: str
    champion: int
    true_champion: float
    true_challenger: float | None


def settings_of(**sections: dict[str, Any]) -> Settings:
    return from_dict({**QUICK, **sections})


def model_of(workspace: Workspace, settings: Settings, which: str | int) -> tuple[int, LeadModel]:
    version, files = Registry(workspace, settings.registry).load(which)
    return version.number, LeadModel.load(files)


def play(root: Path, company: Company, first_quarter: int = 1) -> list[Quarter]:
    workspace, settings = Workspace(root), settings_of()
    before = end_of(first_quarter - 1)
    write(company, before, root / "data")
    first = retrain(workspace, settings, now=before, by="first", console=QUIET)
    assert "champion" in first.version.aliases, first.against
    titles = ("quarter", "what happened", "alarms (half of the quarter of the first)", "retrain", "champion before")
    print(f"| {' | '.join(titles)} | true log loss: champion, challenger |\n|---|---|---|---|---|---|", flush=True)
    log = []
    for number in range(first_quarter, QUARTERS + 1):
        log.append(quarter(workspace, settings, company, number))
        print(line(log[-1]), flush=True)
    return log


def quarter(workspace: Workspace, settings: Settings, company: Company, number: int) -> Quarter:
    alarms: list[str] = []
    first = None
    bug_since = end_of(BUG - 1) + 10 * DAY_S if number == BUG else None
    for look in (1, 2):
        at = end_of(number - 1) + look * QUARTER_DAYS * DAY_S // 2
        write(company, at, workspace.root / "data", bug_since=bug_since)
        score(workspace, settings, Request(), now=at, console=QUIET)
        seen = watch(workspace, settings, now=at, console=QUIET)
        found = [f"{one.kind}:{one.about}" for one in seen.findings if not one.kind.endswith("_reason")]
        if found and first is None:
            first = look
        alarms += [name for name in found if name not in alarms]
    before, champion = model_of(workspace, settings, "champion")
    asked = settings_of(features={"exclude": ["source", "views", "pricing_view"]}) if number == SABOTAGE else settings
    challenger, why = None, ""
    try:
        done = retrain(workspace, asked, now=end_of(number), by=f"quarter {number}", console=QUIET)
        verdict = "promoted" if not done.against else "refused"
        why = " ".join(done.against)
        challenger = model_of(workspace, settings, done.version.number)[1]
    except GateError as error:
        verdict, why = "not tried", str(error)
    if number == SABOTAGE:
        why = undone(workspace, settings, end_of(number)) + " " + why
    judged = truths(workspace, settings, company, number, champion, challenger)
    return Quarter(number, EVENTS.get(number, ""), alarms, first, verdict, why.strip(), before, *judged)


def undone(workspace: Workspace, settings: Settings, at: int) -> str:
    """Promote the newest version by name all the same, and roll back."""
    registry = Registry(workspace, settings.registry)
    champion = registry.get("champion").number
    newest = registry.versions()[0].number
    registry.promote(newest, by="somebody", why="by name", at=at, force=True)
    back = registry.rollback(by="somebody else", why="sales complained", at=at + 1)
    assert back.number == champion
    return f"[model {newest} promoted by name, rolled back to model {champion}]"


def truths(
    workspace: Workspace,
    settings: Settings,
    company: Company,
    number: int,
    champion: LeadModel,
    challenger: LeadModel | None,
) -> tuple[float, float | None]:
    """Expected log loss of both on the leads that are open in the middle of the next quarter."""
    at = end_of(number) + QUARTER_DAYS * DAY_S // 2
    if number == QUARTERS:
        at = end_of(number)
    write(company, at, workspace.root / "data")
    models = [model for model in (champion, challenger) if model is not None]
    wanted = {feature.name: feature for model in models for feature in model.inputs}
    with workspace.scratch() as scratch:
        opened = open_source(
            settings.source, settings.limits, root=workspace.root, staging=scratch / "staging", quarantine=None, now=at
        )
        with closing(opened.connection):
            described = describe_scoring(opened, settings, at, tuple(wanted.values()), scratch)
            frame, lead_ids = described.frame(), described.rows["lead_id"]
    p = company.truth(lead_ids, at)
    losses = [expected_log_loss(p, model.propensity(frame)) for model in models]
    return losses[0], losses[1] if challenger is not None else None


def expected_log_loss(p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]) -> float:
    return float(-(p * np.log(q) + (1 - p) * np.log1p(-q)).mean())


def line(one: Quarter) -> str:
    alarms = ", ".join(one.alarms) + (f" ({one.looks_to_alarm})" if one.alarms else "") or "none"
    theirs = "" if one.true_challenger is None else f", {one.true_challenger:.4f}"
    cells = (one.number, one.event or "-", alarms, f"{one.verdict}: {one.why[:170]}".rstrip(": "), one.champion)
    return f"| {' | '.join(map(str, cells))} | {one.true_champion:.4f}{theirs} |"


def worse(one: Quarter) -> bool:
    """Whether a model was promoted that is worse by the truth."""
    theirs = one.true_challenger
    return one.verdict == "promoted" and theirs is not None and theirs > (1 + MARGIN) * one.true_champion


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quarters", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the log as JSON too")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="play it there and leave the workspace")
    parser.add_argument("--from", dest="first", type=int, default=1, metavar="N", help="begin with this quarter")
    options = parser.parse_args(arguments)
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        log = play(options.keep or Path(folder) / "company", make(), options.first)
    print(f"\npromoted although worse: {sum(map(worse, log))}; CPU {time.process_time() - began:.0f} s")
    if options.json:
        rows = [{"case": f"quarter {one.number}", "system": "tamis", **vars(one)} for one in log]
        options.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
