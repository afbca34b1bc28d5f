"""What a model that decides who is worked learns of the others, with and without exploration, against the truth.

``python -m benchmarks.exploration [--companies N] [--leads N] [--shares S ...] [--json FILE]``. In the first year sales
works every lead (N a month). A model of that year decides in the second: only whom its monthly score runs hand over is
worked, the others are lost; and the market changes, so that two kinds of leads that were hardly ever won become good.
Then Tamis is trained again, by the functions behind ``tamis score`` and ``tamis train``: ``naive`` without the log of
score runs, so that who was not worked is lost; ``tamis`` with it (without exploration both are one). In ``everybody``
the second year's leads were all worked: all that can be known. The leads of the next two months are compared with their
true P(won | worked), all of them and those ``above`` and ``below`` the threshold that decided in the second year:
``ratio`` is the mean propensity over the mean truth, ``log_loss`` the expected one in excess of that of the truth,
``distance`` the mean absolute one. ``n_extra`` and ``n_extra_won`` are the leads that exploration handed over in the
second year, and how many of them were won.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.exploration_company import AGE_DAYS, CHANGE, END, HORIZON_DAYS, LATER, Company, make, write
from benchmarks.maturity import against
from pipeline.console import Console
from pipeline.score import Request, score
from pipeline.settings import Settings
from pipeline.settings_file import from_dict
from pipeline.train import train
from pipeline.workspace import Workspace

SHARES = (0.0, 0.02, 0.05, 0.1)
Floats = npt.NDArray[np.float64]


def settings_of(seed: int, share: float = 0.0) -> Settings:
    """Settings of a company whose leads are worth a contact from a propensity of one in ten on."""
    return from_dict(
        {
            "snapshots": {"grid": "age", "age_days": AGE_DAYS, "horizon_days": HORIZON_DAYS, "max_age_days": 120},
            "threshold": {"win_value": 5000, "contact_cost": 500},
            "exploration": {"share": share, "salt": f"company {seed}"},
            "model": {"bootstrap": 50, "folds": 3, "seed": seed},
            "limits": {"threads": 1},
        }
    )


def one(seed: int, leads_per_month: int, shares: Sequence[float] = SHARES) -> list[dict[str, Any]]:
    """Figures of every system on one company."""
    company = make(seed, leads_per_month)
    leads = company.leads.set_index("lead_id")
    first_year = leads.index[company.looked_at < CHANGE]
    worked = {lead: int(at) for lead, at in zip(first_year, company.looked_at, strict=False)}
    found = []
    with tempfile.TemporaryDirectory() as name:
        start = Workspace(Path(name) / "start")
        write(company, worked, CHANGE, start.root / "data")
        _train(start, settings_of(seed), CHANGE)
        below = _below(company, worked, start, settings_of(seed))
        for share in shares:
            arm = Workspace(Path(name) / f"share {share}")
            shutil.copytree(start.root, arm.root)
            settings = settings_of(seed, share)
            handed, drawn = second_year(company, worked, arm, settings)
            write(company, handed, END, arm.root / "data")
            systems = {"tamis": arm}
            if share:
                systems["naive"] = Workspace(Path(name) / f"naive {share}")
                shutil.copytree(arm.root, systems["naive"].root, ignore=shutil.ignore_patterns("scores"))
            won = company.would_win[leads.index.get_indexer(list(drawn))].sum()
            extra = {"share": share, "n_extra": len(drawn), "n_extra_won": int(won)}
            for system, workspace in systems.items():
                found.append({"system": system, **extra, **_figures(company, workspace, settings, below)})
        everybody = Workspace(Path(name) / "everybody")
        shutil.copytree(start.root, everybody.root)
        all_worked = dict(zip(leads.index, company.looked_at.tolist(), strict=True))
        write(company, {k: at for k, at in all_worked.items() if at < LATER}, END, everybody.root / "data")
        figures = _figures(company, everybody, settings_of(seed), below)
        found.append({"system": "everybody", "share": 1.0, "n_extra": 0, "n_extra_won": 0, **figures})
    return [{"case": f"company {seed}", **row} for row in found]


def second_year(
    company: Company, worked: Mapping[str, int], workspace: Workspace, settings: Settings
) -> tuple[dict[str, int], set[str]]:
    """Let monthly score runs decide who is worked; give when each lead was handed over, and who was drawn."""
    handed, drawn = dict(worked), set()
    for now in _months(CHANGE, LATER):
        write(company, handed, now, workspace.root / "data")
        run_, _ = score(workspace, settings, Request(), now=now, console=Console(as_json=True))
        rows = run_.rows(["lead_id", "decision", "qualification"]).to_pandas()
        rows = rows[(rows["decision"] == "hand_over") & ~rows["lead_id"].isin(handed)]
        handed |= dict.fromkeys(rows["lead_id"], now)
        drawn |= set(rows.loc[rows["qualification"] == "exploration", "lead_id"])
    return handed, drawn


def _months(first: int, last: int) -> list[int]:
    days = pd.date_range(pd.Timestamp(first, unit="s"), pd.Timestamp(last, unit="s"), freq="MS", inclusive="right")
    return [int(day.timestamp()) for day in days]


def _train(workspace: Workspace, settings: Settings, now: int) -> str:
    trained = train(workspace, settings, now=now, by="benchmark", console=Console(as_json=True))
    return str(trained.version.number)


def _below(company: Company, worked: Mapping[str, int], start: Workspace, settings: Settings) -> set[str]:
    """Leads open at the end that the model of the first year would leave aside."""
    copy = Workspace(start.root.parent / "deciding")
    shutil.copytree(start.root, copy.root)
    write(company, worked, END, copy.root / "data")
    run_, model = score(copy, settings, Request(), now=END, console=Console(as_json=True))
    rows = run_.rows(["lead_id", "propensity"]).to_pandas()
    least = model.threshold.threshold
    assert least is not None
    return set(rows.loc[rows["propensity"] < least, "lead_id"])


def _figures(company: Company, workspace: Workspace, settings: Settings, below: set[str]) -> dict[str, float]:
    """Train again, score the leads of the last months, and compare them with the truth."""
    version = _train(workspace, settings, END)
    run_, _ = score(workspace, settings, Request(model=version), now=END, console=Console(as_json=True))
    rows = run_.rows(["lead_id", "propensity"]).to_pandas()
    at = pd.Index(company.leads["lead_id"]).get_indexer(rows["lead_id"])
    rows = rows.assign(truth=company.truth[at], changed=company.changed[at], below=rows["lead_id"].isin(below))
    rows = rows[company.looked_at[at] >= LATER]
    groups = {
        "": rows,
        "above_": rows[~rows["below"]],
        "below_": rows[rows["below"]],
        "changed_": rows[rows["changed"]],
    }
    figures = {"n_leads": len(rows), "share_below": float(rows["below"].mean())}
    for group, of in groups.items():
        compared = _compare(of["truth"].to_numpy(), of["propensity"].to_numpy())
        figures |= {f"{group}{name}": value for name, value in compared.items()}
    return figures


def _compare(truth: Floats, propensity: Floats) -> dict[str, float]:
    return {
        "ratio": float(propensity.mean() / truth.mean()),
        "log_loss": against(truth, propensity)["log_loss"],
        "distance": float(np.abs(propensity - truth).mean()),
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exploration")
    parser.add_argument("--companies", type=int, default=5)
    parser.add_argument("--leads", type=int, default=600, help="a month")
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    rows = [row for seed in range(100, 100 + options.companies) for row in one(seed, options.leads, options.shares)]
    by_system = pd.DataFrame(rows).drop(columns="case").groupby(["share", "system"], sort=False)
    for name, table in (("mean", by_system.mean()), ("standard error", by_system.sem())):
        rows += table.reset_index().assign(case=name).to_dict("records")
    print(pd.DataFrame(rows).round(4).to_string(index=False))
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
