"""Segments from the settings to the score rows, as a user sets them."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.segments import SYSTEMS, one
from features.errors import UseError
from models.lead_model import LeadModel
from pipeline.served_model import answer, inputs, outputs
from pipeline.settings_file import load
from pipeline.simulator.plan import Apart, SimulationPlan
from pipeline.simulator.simulate import simulate
from pipeline.tracking import Registry

DIRECTED = {"outbound": {"direction": "outbound"}, "partners": {"source": ["partner"], "budget": {"below": 0}}}


@pytest.fixture
def divided():
    """Leads with an outcome that their budget predicts, the other way round where they were prospected."""
    rng = np.random.default_rng(5)
    n = 1400
    budget, outbound = rng.normal(size=n).round(3), rng.random(n) < 0.4
    rate = 1 / (1 + np.exp(1.0 - np.where(outbound, -1.8, 1.8) * budget))
    outcome = np.where(rng.random(n) < rate, "won", "lost").astype(object)
    outcome[:200] = ""
    table = {"lead_id": [f"F{row:05d}" for row in range(n)], "budget": budget, "outcome": outcome}
    table["direction"] = np.where(outbound, "outbound", "inbound")
    table["source"] = rng.choice(["web", "salon", "partner"], n)
    table["noise"] = rng.normal(size=n).round(2)
    return {"leads": pd.DataFrame(table)}


def model_of(workspace):
    return LeadModel.load(Registry(workspace, load(workspace.root).registry).load("champion")[1])


def test_every_score_says_which_model_made_it(company, divided, tamis):
    workspace = company(divided, segments=DIRECTED, features={"exclude": ["noise"]})
    said = tamis("train", "--workspace", workspace.root)
    assert said.code == 0
    assert "Segment partners:" in " ".join(said.out.split())
    model = model_of(workspace)
    assert [segment.name for segment in model.by_segment.segments] == ["outbound", "partners"]

    out = workspace.root / "rows.parquet"
    told = tamis("score", "--workspace", workspace.root, "--out", out, "--json")
    assert told.code == 0
    rows = pd.read_parquet(out).set_index("lead_id")
    made = set(model.by_segment.corrections)
    direction = divided["leads"].set_index("lead_id")["direction"].loc[rows.index]
    assert ((rows["segment"] == "outbound") == (direction == "outbound")).all()
    assert (rows["scored_by"] == rows["segment"].where(rows["segment"].isin(made), "all")).all()
    for name, key in (("segment", "segments"), ("scored_by", "scored_by")):
        assert json.loads(told.out)[key] == rows[name].value_counts().sort_index().to_dict()
    points = rows[["fit_points", "engagement_points", "intent_points"]].sum(axis=1) / 100
    assert (rows["reference_propensity"] + points - rows["propensity"]).abs().max() < 1e-9

    for name in rows["scored_by"].unique():
        lead = rows.index[rows["scored_by"] == name][0]
        english = " ".join(tamis("explain", lead, "--workspace", workspace.root).out.split())
        page = workspace.root / "lead.html"
        said = tamis("explain", lead, "--workspace", workspace.root, "--lang", "fr", "--html", page)
        assert said.err == ""
        french = said.out
        assert ("model of all leads alone" if name == "all" else f"what segment {name} adds") in english
        assert ("seul modèle de tous les leads" if name == "all" else f"le segment {name}") in " ".join(french.split())
        assert "Noté par le" in page.read_text(encoding="utf-8")
    shown = " ".join(tamis("score", "--workspace", workspace.root).out.split())
    assert "Scored by" in shown
    assert "the model of all leads" in shown


def test_without_segments_nothing_is_said_of_them(company, tamis):
    workspace = company()
    assert "Segment " not in tamis("train", "--workspace", workspace.root).out
    model = model_of(workspace)
    assert model.by_segment.segments == ()
    frame = pd.DataFrame({name: [None] for name in inputs(model)})
    assert list(answer(model, frame)) == list(outputs(model))
    assert answer(model, frame)[["segment", "scored_by"]].iloc[0].tolist() == ["all", "all"]


@pytest.mark.parametrize("verb", ["check", "train"])
def test_a_column_that_is_not_there_is_refused_before_anything_is_learnt(company, divided, tamis, verb):
    wrong = {"abroad": {"contry": "DE", "sourc": ["web"]}, "rich": {"budget": "large"}}
    workspace = company(divided, segments=wrong)
    said = tamis(verb, "--workspace", workspace.root)
    assert said.code == 2
    text = " ".join(said.err.split())
    assert "3 faults in tamis.toml" in text
    assert "Did you mean 'source'?" in text
    assert "[segments.rich] budget: expected limits such as" in text


def test_prospected_leads_can_be_a_segment_of_their_own():
    plans = [SimulationPlan(n_leads=3000, seed=4, apart=apart) for apart in (None, Apart(0.5, 0.0), Apart(0.5, 2.0))]
    usual, alike, apart = (simulate(plan) for plan in plans)
    shares = [(s.tables["leads"]["direction"] == "outbound").mean() for s in (usual, alike, apart)]
    assert 0.09 < shares[0] < 0.16
    assert 0.46 < shares[1] == shares[2] < 0.54

    def gaps(simulation):
        """How much likelier to be won leads of good sectors are than those of bad ones, by direction."""
        leads, accounts = simulation.tables["leads"], simulation.tables["accounts"]
        truth = simulation.truth.propensity(leads["lead_id"], leads["created_at"], 365)
        sector = leads["account_id"].map(accounts.set_index("account_id")["industry"]).str.replace(".", "")
        good, bad = (
            sector.isin(names) for names in (("6201Z", "5829C", "6311Z"), ("8542Z", "8411Z", "5610A", "9499Z"))
        )
        return [
            truth[good & (leads["direction"] == d)].mean() - truth[bad & (leads["direction"] == d)].mean()
            for d in ("inbound", "outbound")
        ]

    assert gaps(alike)[0] > 0.02
    assert gaps(alike)[1] > 0.02
    assert gaps(apart)[0] == pytest.approx(gaps(alike)[0], abs=1e-12)
    assert gaps(apart)[1] < -0.02


@pytest.mark.parametrize("setting", [{"share": 0.0}, {"share": 1.0}, {"contrast": -0.1}, {"contrast": 3.1}])
def test_a_segment_that_cannot_be_simulated_is_refused(setting):
    with pytest.raises(UseError, match="simulation: "):
        Apart(**setting)


def test_the_benchmark_compares_three_systems_with_the_truth():
    rows = one("apart", 1, 700, (100,))
    assert [row["system"] for row in rows] == list(SYSTEMS)
    assert all(0 <= row["distance"] < 1 and row["log_loss"] > 0 for row in rows)
    assert {row["leads"] for row in rows} == {100}
    assert rows[0]["share"] == rows[1]["share"] == 0
