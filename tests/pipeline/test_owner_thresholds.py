"""Capacities by owner, from the settings to the score rows; no name of an owner leaves the tables."""

import numpy as np
import pandas as pd
import pytest

from features.errors import UseError
from models.owners import NOBODY
from pipeline.console import Console
from pipeline.score import Request, score
from pipeline.settings_file import load
from pipeline.simulator.plan import SimulationPlan
from pipeline.simulator.simulate import simulate
from pipeline.train import train
from pipeline.views import score_views

NOW = 1_791_000_000
RULE = {"rule": "capacity", "capacity_per_week": 20}


@pytest.fixture(scope="module")
def tables():
    return simulate(SimulationPlan(n_leads=2500, seed=7)).tables


def scored(workspace, **request):
    return score(workspace, load(workspace.root), Request(**request), now=NOW, console=Console()).run


def test_each_owner_has_a_threshold_of_the_own_and_no_name_is_kept_with_the_model(company, tables):
    absent = "Agnès Thévenot"
    chosen = {**RULE, "capacity_per_owner_per_week": 1.5, "capacity_per_owner": {absent: 0.0}}
    workspace = company(tables, threshold=chosen)
    done = train(workspace, load(workspace.root), now=NOW, by="ana", console=Console())
    owners = done.evidence.decision["owners"]
    names = sorted(tables["leads"]["owner"].dropna().unique())
    assert [owner["capacity"] for owner in owners] == [0.0 if name == absent else 1.5 for name in names]
    assert owners[names.index(absent)]["threshold"] == NOBODY

    run_ = scored(workspace)
    rows = run_.rows().to_pandas().set_index("lead_id")
    owner = tables["leads"].set_index("lead_id")["owner"].reindex(rows.index)
    assert (rows.groupby(owner.to_numpy())["threshold"].nunique() == 1).all()
    assert rows["threshold"].nunique() > 2
    handed = rows["decision"] == "hand_over"
    assert (rows.loc[handed, "propensity"] >= rows.loc[handed, "threshold"]).all()
    assert (owner == absent).any()
    assert not handed[(owner == absent).to_numpy()].any()
    told = run_.manifest["owner_thresholds"]
    assert told["n"] == len(names)
    assert 0 < told["low"] <= told["high"] < 1
    shown = [str(cell) for view in score_views(run_, [], "fr")[:1] for column in view.columns for cell in column.cells]
    assert any("Seuils par commercial" in cell for cell in shown)

    again = score(
        workspace,
        load(workspace.root).model_copy(
            update={"limits": load(workspace.root).limits.model_copy(update={"rows_per_block": 100})}
        ),
        Request(),
        now=NOW + 1,
        console=Console(),
    ).run
    assert again.rows(["threshold", "decision"]).equals(run_.rows(["threshold", "decision"]))

    kept = [workspace.home / "mlflow.db", *(path for path in workspace.home.rglob("*") if "artifacts" in path.parts)]
    kept += list((workspace.scores).rglob("manifest.json")) + list(workspace.reports.iterdir())
    for path in kept:
        content = path.read_bytes() if path.is_file() else b""
        assert not [name for name in names if name.encode() in content], path

    one = tables["leads"].iloc[-3:]
    one.to_csv(workspace.root / "some.csv", index=False)
    some = scored(workspace, leads=workspace.root / "some.csv")
    assert some.manifest["owner_thresholds"] is None
    assert set(some.rows(["threshold"]).column(0).to_pylist()) == {done.model.threshold.threshold}


def test_a_model_of_another_rule_cannot_serve_capacities_by_owner(demo_copy):
    settings = demo_copy.settings
    chosen = settings.threshold.model_copy(update={"rule": "capacity", "capacity_per_owner_per_week": 2.0})
    with pytest.raises(UseError, match=r"trained with rule = capacity .* found one trained with value"):
        score(
            demo_copy.workspace,
            settings.model_copy(update={"threshold": chosen}),
            Request(),
            now=NOW,
            console=Console(),
        )


def test_without_owners_in_the_data_the_threshold_of_the_team_serves(company):
    rng = np.random.default_rng(3)
    n = 900
    created = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 500, n), "D")
    x = rng.normal(size=n).round(3)
    won = rng.random(n) < 1 / (1 + np.exp(1 - 1.5 * x))
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    ids = [f"F{row:04d}" for row in range(n)]
    leads = pd.DataFrame({"lead_id": ids, "created_at": created.strftime(stamp), "x": x})
    outcomes = pd.DataFrame(
        {
            "lead_id": ids[:800],
            "decided_at": (created + pd.Timedelta("40D")).strftime(stamp)[:800],
            "outcome": np.where(won, "won", "lost")[:800],
        }
    )
    chosen = {"rule": "capacity", "capacity_per_week": 3, "capacity_per_owner_per_week": 2}
    workspace = company({"leads": leads, "outcomes": outcomes}, threshold=chosen)
    done = train(workspace, load(workspace.root), now=NOW, by="ana", console=Console())
    assert done.evidence.decision["owners"] is None
    assert scored(workspace).manifest["owner_thresholds"] is None
