"""Training: what is kept, what becomes champion, what is refused and in which words."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError, GateError, OutsideError
from features.snapshots import SnapshotPlan
from pipeline.check import check
from pipeline.console import Console
from pipeline.describe import snapshot_plan
from pipeline.gates import refusals
from pipeline.prepare import training_plan
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.simulator.plan import SimulationPlan
from pipeline.simulator.simulate import simulate
from pipeline.tracking import Registry
from pipeline.train import run, train
from pipeline.workspace import Workspace

NOW = 1_791_000_000


def trained(workspace, now=NOW):
    return train(workspace, load(workspace.root), now=now, by="ana", console=Console())


def registry(workspace):
    return Registry(workspace, load(workspace.root).registry)


def leads(outcome, **columns):
    n = len(outcome)
    return pd.DataFrame({"lead_id": [f"F{row:05d}" for row in range(n)], "outcome": outcome, **columns})


@pytest.fixture
def noise():
    """Leads whose columns say nothing about their outcome."""
    rng = np.random.default_rng(1)
    words = {"x": rng.normal(size=600).round(3), "colour": rng.choice(["red", "blue", "green"], 600)}
    return {"leads": leads(rng.choice(["won", "lost"], 600), **words)}


@pytest.fixture(scope="module")
def twice(taught, tmp_path_factory):
    """The company with a second model, a minute after the first; no test may change it."""
    workspace = Workspace(tmp_path_factory.mktemp("twice") / "workspace")
    shutil.copytree(taught.workspace.root, workspace.root)
    return workspace, trained(workspace, now=NOW + 60)


def test_the_first_model_becomes_champion_and_the_second_waits_as_challenger(taught, twice):
    first, (workspace, second) = taught.first, twice

    assert (first.promoted, first.version.aliases) == (True, ("champion",))
    assert (second.promoted, second.version.aliases) == (False, ("challenger",))
    versions = registry(workspace).versions()
    assert [(v.number, v.aliases, v.refusal) for v in versions] == [
        (2, ("challenger",), None),
        (1, ("champion",), None),
    ]
    (move,) = registry(workspace).history()
    assert (move.number, move.by, move.at, move.why) == (1, "ana", NOW, "first model whose gates pass")
    assert second.report == workspace.reports / "model-2.en.html"


def test_the_same_data_and_seed_give_the_same_model_files(taught, twice):
    first, (workspace, second) = taught.first, twice
    (_, files), (_, again) = registry(workspace).load(1), registry(workspace).load(2)

    assert files == first.model.dump()
    assert {name: text for name, text in files.items() if name.startswith("booster")} == {
        name: text for name, text in again.items() if name.startswith("booster")
    }
    facts, facts_again = json.loads(files["model.json"]), json.loads(again["model.json"])
    assert (facts["metadata"].pop("trained_at"), facts_again["metadata"].pop("trained_at")) == (NOW, NOW + 60)
    assert facts == facts_again
    assert first.evidence == second.evidence


def test_another_seed_gives_another_model(company, taught):
    second = trained(company(model={"seed": 8}))
    assert taught.first.model.tables.booster_texts != second.model.tables.booster_texts


def test_the_registry_holds_the_evidence_the_report_and_the_card(taught):
    workspace, done = taught
    version = registry(workspace).get("champion")

    evidence = json.loads(registry(workspace).artifact(version, "evidence.json"))
    assert evidence == done.facts.evidence
    assert version.figures["tamis.auc"] == evidence["figures"]["tamis"]["auc"]["value"]
    assert registry(workspace).artifact(version, "report.html").decode() == done.report.read_text(encoding="utf-8")
    assert json.loads(registry(workspace).artifact(version, "faults.json"))["counts"]["leads"]["kept"] == 600
    assert version.card.startswith("# Evidence of model 1")
    assert version.tags["lineage.source"] == done.model.metadata["source"]


def test_columns_that_predict_nothing_are_refused_in_three_sentences_and_the_version_is_kept(company, noise, capsys):
    workspace = company(noise)
    with pytest.raises(GateError) as refused:
        run(workspace.root, now=NOW, by="ana", console=Console(as_json=True))

    message = str(refused.value)
    assert message.startswith("Model version 1 is kept but not used. These columns do not predict the outcome: on 90 ")
    assert len(re.findall(r"[a-z0-9)]\. [A-Z]", message)) + 1 <= 3
    (version,) = registry(workspace).versions()
    assert version.tags["gates"].startswith("refused: These columns do not predict the outcome")
    assert version.aliases == ("challenger",)
    assert registry(workspace).find("champion") is None
    shown = json.loads(capsys.readouterr().out)
    assert (shown["promoted"], len(shown["refused"])) == (False, 1)
    page = (workspace.reports / "model-1.en.html").read_text(encoding="utf-8")
    assert page.count("do not predict the outcome") == 1
    assert "Nothing in these data" not in page


def test_the_refusal_reads_in_french(company, noise, capsys):
    workspace = company(noise, output={"language": "fr"})
    with pytest.raises(GateError, match=r"Ces colonnes ne prédisent pas l'issue : sur 90 leads jamais vus, l'AUC vaut"):
        run(workspace.root, now=NOW, by="ana", console=Console())
    page = capsys.readouterr().out
    assert "refusé par les contrôles" in page
    assert "régression logistique" in page


def test_without_a_valid_threshold_the_model_is_refused(company):
    workspace = company(threshold={"rule": "precision", "target_precision": 0.995, "confidence": 0.95})
    with pytest.raises(GateError) as refused:
        run(workspace.root, now=NOW, by="ana", console=Console())
    (version,) = registry(workspace).versions()
    assert version.refusal in str(refused.value)
    assert registry(workspace).find("champion") is None
    page = (workspace.reports / "model-1.en.html").read_text(encoding="utf-8")
    assert "No threshold keeps a conversion of 99.5%" in page
    assert "Refused by its gates" in page


def test_a_champion_stays_when_what_comes_after_it_is_refused(taught, taught_copy):
    workspace = taught_copy(threshold={"rule": "precision", "target_precision": 0.995, "confidence": 0.95})
    second = trained(workspace)
    assert second.facts.gates
    assert registry(workspace).find("champion").number == taught.first.version.number == 1


def test_percentages_worse_than_one_rate_for_all_are_refused_in_both_languages(taught):
    done = taught.first
    figures = {name: dict(row) for name, row in done.evidence.figures.items()}
    figures["constant"] = {**figures["constant"], "log_loss": {"value": 0.1, "low": 0.1, "high": 0.1}}
    worse = replace(done.evidence, figures=figures)
    assert refusals(done.evidence, done.model, "en") == ()
    (english,), (french,) = (refusals(worse, done.model, language) for language in ("en", "fr"))
    assert english.startswith("Its percentages are worse than giving every lead the same one: log loss 0.4")
    assert french.startswith("Ses pourcentages sont moins bons qu'un même taux pour tous : log loss 0,4")


def test_too_few_leads_are_refused_and_nothing_is_kept(company):
    outcome = np.where(np.arange(300) % 10 == 0, "won", "lost")
    workspace = company({"leads": leads(outcome, x=np.arange(300) * 37 % 101)})
    with pytest.raises(GateError, match="expected at least 40 won and 40 lost, found 30 won and 270 lost"):
        trained(workspace)
    assert registry(workspace).versions() == []
    assert not workspace.reports.exists()
    assert list((workspace.home / "tmp").iterdir()) == []


def test_nothing_mature_is_a_data_error_that_says_when_it_would_be(company):
    created = pd.date_range("2026-08-01", periods=200, freq="4h").strftime("%Y-%m-%dT%H:%M:%SZ")
    table = pd.DataFrame({"lead_id": [f"F{k}" for k in range(200)], "created_at": created, "x": np.arange(200) % 7})
    outcomes = pd.DataFrame({"lead_id": table["lead_id"], "decided_at": "2026-09-20T00:00:00Z", "outcome": "won"})
    workspace = company({"leads": table, "outcomes": outcomes})
    with pytest.raises(DataError) as refused:
        trained(workspace)
    message = str(refused.value)
    assert "snapshots is mature: expected cutoff + 90 days <= 2026-09-20T00:00:00Z, when the data end" in message
    assert "The oldest will be on 2026-11-30: come back then" in message


def test_a_table_without_any_snapshot_says_what_is_needed(company):
    table = pd.DataFrame({"lead_id": ["a", "b"], "created_at": "2026-09-01T00:00:00Z", "x": [1, 2]})
    outcomes = pd.DataFrame({"lead_id": ["a", "b"], "decided_at": "2026-09-02T00:00:00Z", "outcome": ["won", "lost"]})
    workspace = company({"leads": table, "outcomes": outcomes})
    with pytest.raises(DataError, match="No snapshot to learn from: expected leads with created_at and outcomes"):
        trained(workspace)


def test_one_table_without_any_outcome_says_so(company):
    workspace = company({"leads": leads([None] * 50, x=np.arange(50))})
    with pytest.raises(DataError, match="None of 50 leads has an outcome: expected won or lost in the outcome column"):
        trained(workspace)


def test_young_cohorts_teach_where_the_settings_say_so_and_a_check_measures_mature_ones_only(company):
    tables = simulate(SimulationPlan(n_leads=1500, months=18)).tables
    young = company(tables, snapshots={"immature": "weight"})
    weighed, checked = trained(young), check(young, load(young.root), now=NOW, console=Console())
    taught = weighed.evidence.deployed["young"]
    assert 0 < taught["n_won"] < taught["weight_won"] < taught["weight"] == pytest.approx(taught["n_rows"])
    assert "young_taught" in {note.code for note in weighed.evidence.notes}
    dropping = company(tables, snapshots={"immature": "drop"})
    dropped, checked_again = trained(dropping), check(dropping, load(dropping.root), now=NOW, console=Console())
    assert dropped.evidence.deployed["young"] is None
    assert dropped.evidence.figures == weighed.evidence.figures
    assert (checked.schema, checked.suspects) == (checked_again.schema, checked_again.suspects)


def test_two_trainings_at_once_are_refused(company):
    workspace = company()
    with workspace.lock("train"), pytest.raises(OutsideError, match="Expected one 'tamis train' at a time"):
        trained(workspace)


def test_a_training_shows_its_figures_beside_the_baselines(company, capsys):
    run(company().root, now=NOW, by="ana", console=Console())
    page = capsys.readouterr().out
    for words in (
        "(now champion)",
        "logistic regression",
        "naive Bayes, as Odoo",
        "same rate for all",
        "AUC",
        "Report:",
    ):
        assert words in page


def test_nothing_in_the_registry_names_a_lead(demo_made):
    people = demo_made.simulation.tables["leads"]
    home = demo_made.workspace.home
    with closing(sqlite3.connect(home / "mlflow.db")) as store:
        kept = "\n".join(store.iterdump())
    files = [path for path in (home / "artifacts").rglob("*") if path.is_file()]
    assert {"evidence.json", "report.html", "faults.json", "model.json"} <= {path.name for path in files}
    text = "\n".join([kept, *(path.read_bytes().decode("utf-8", "replace") for path in files)])
    for column in ("lead_id", "display_name", "email"):
        values = people[column].dropna().unique()
        assert len(values) > 1000
        assert [value for value in values if value in text] == []


def test_settings_shape_the_plans():
    settings = Settings(
        snapshots={"grid": "week", "horizon_days": 30, "reporting_lag_days": 5, "max_age_days": 200},
        threshold={"rule": "capacity", "capacity_per_week": 12},
        model={"folds": 3, "num_leaves": 8},
        points={"threshold": 30, "rules": [{"column": "fit__source", "equals": "web", "points": 4}]},
    )
    assert snapshot_plan(settings) == SnapshotPlan("week", 0.0, 30, 5, 200)
    plan = training_plan(settings)
    assert (plan.rule, plan.capacity_per_week, plan.horizon_s) == ("capacity", 12, 30 * 86_400)
    assert (plan.classifier["n_folds"], plan.classifier["num_leaves"]) == (3, 8)
    assert training_plan(Settings()).classifier["learning_rate"] is None
    assert (plan.points_grid[0].column, plan.points_threshold) == ("fit__source", 30)


def test_a_promising_model_with_few_leads_is_refused_in_other_words_than_noise(demo_made):
    evidence, model = demo_made.trained.evidence, demo_made.trained.model
    unsure = {**evidence.figures["tamis"], "auc": {"value": 0.69, "low": 0.498, "high": 0.85}}
    (sentence,) = refusals(replace(evidence, figures={**evidence.figures, "tamis": unsure}), model, "en")
    assert sentence.startswith("These columns cannot be shown to predict the outcome yet")
    assert "0.498 to 0.850" in sentence
