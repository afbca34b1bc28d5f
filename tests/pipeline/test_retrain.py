"""``tamis retrain``: fair rows, gates, promotion, idempotence, on one-table companies that train in seconds."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from features.errors import GateError
from models.certificate import Certificate, Verdict
from models.comparison import Figure
from models.lead_model import LeadModel
from models.rivals import Comparison, Pair, Stability
from pipeline import compare
from pipeline.compare import learnt_by, trees_learnt
from pipeline.console import Console
from pipeline.retrain import objections, retrain
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.tracking import Registry

NOW = 1_790_000_000
DAY = 86_400
N_OLD, N_ALL = 700, 1300


def run(workspace, now=NOW):
    return retrain(workspace, load(workspace.root), now=now, by="ana", console=Console(as_json=True))


def champion_of(workspace):
    registry = Registry(workspace, load(workspace.root).registry)
    version, files = registry.load("champion")
    return version, LeadModel.load(files)


def test_the_same_data_train_nothing_and_say_what_is_missing(aged):
    with pytest.raises(GateError, match=r"Nothing new to compare on: 0 won leads .* champion 1 .* at least 30"):
        run(aged)
    assert len(Registry(aged, load(aged.root).registry).versions()) == 1


def test_a_challenger_as_good_is_promoted_with_the_reason_and_a_repeat_changes_nothing(aged, history, grown, tamis):
    grown(aged, history(N_ALL))
    done = run(aged)
    assert done.against == ()
    assert done.version.aliases == ("champion",)
    found = done.comparison
    first = pd.Timestamp("2024-01-01", tz="UTC").timestamp()
    assert found.first_cutoff > first + (N_OLD / 2 - 1) * DAY  # nothing that the champion has learnt from
    assert found.as_of <= found.first_cutoff
    (last,) = [m for m in Registry(aged, load(aged.root).registry).history() if m.number == 2]
    assert (last.by, last.at, last.previous) == ("ana", NOW, 1)
    assert "that neither had learnt from" in last.why
    again = run(aged, NOW + 1)
    assert (again.version.number, again.trained, again.against) == (2, None, ())
    assert len(Registry(aged, load(aged.root).registry).versions()) == 2
    said = tamis("retrain", "-w", aged.root)
    assert said.code == 0
    assert "Nothing is new: model 2 was made of these very data and is champion already." in said.out
    assert tamis("rollback", "-w", aged.root).code == 0
    assert champion_of(aged)[0].number == 1
    page = (aged.reports / "model-2.en.html").read_text(encoding="utf-8")
    assert "Beside the champion" in page
    assert "champion 1" in page


def test_a_worse_challenger_is_kept_but_not_promoted_and_the_reason_is_one_sentence(
    aged, history, grown, tamis, monkeypatch
):
    """The labels of the rows in between are noise: what is learnt from them is worse on the newest rows."""
    table = history(N_ALL)
    spoilt = np.random.default_rng(1).permutation(table["outcome"][:1000].to_numpy())
    table.loc[: len(spoilt) - 1, "outcome"] = spoilt
    grown(aged, table)
    monkeypatch.setenv("TAMIS_RETRAIN__MARGIN", "0.02")
    said = tamis("retrain", "-w", aged.root, "--json")
    assert said.code == 4
    result = json.loads(said.out)
    assert result["promoted"] is False
    assert "cannot be shown to be as good as champion 1: log loss" in " ".join(result["against"])
    assert result["comparison"]["pairs"]["log_loss"]["difference"]["high"] > 0
    assert champion_of(aged)[0].number == 1
    again = tamis("retrain", "-w", aged.root)
    assert again.code == 4
    assert "It cannot be shown" in again.err
    assert len(Registry(aged, load(aged.root).registry).versions()) == 2
    assert tamis("promote", 2, "-w", aged.root, "--why", "by name", "--force").code == 0


def test_the_champion_is_judged_as_deployed_and_the_challenger_by_a_copy_that_saw_only_the_past(
    aged, history, grown, monkeypatch
):
    """Where the market has turned, a copy of before the turn can be no better; the deployed one has seen it."""
    seen = []
    real = compare.fit
    monkeypatch.setattr(compare, "fit", lambda frame, rows, *rest: seen.append(rows) or real(frame, rows, *rest))
    grown(aged, history(N_ALL, turned_after=N_OLD))
    found = run(aged).comparison
    (past,) = seen
    assert past["cutoff"].max() <= found.as_of < found.last_cutoff
    assert past["cutoff"].max() < found.first_cutoff
    _, champion = champion_of(aged)
    assert learnt_by(champion) == trees_learnt(champion)


def test_without_dates_nobody_can_say_which_leads_are_new(aged, history, grown):
    grown(aged, history(N_ALL).drop(columns="created_at"))
    with pytest.raises(GateError, match="leads have no dates"):
        run(aged)


def test_tables_that_look_broken_teach_nothing(aged, history, grown):
    grown(aged, history(N_ALL).assign(source=lambda t: t["source"].where(t.index < 1200, "")))
    with pytest.raises(GateError, match=r"look broken.*newest rows of leads are empty in source"):
        run(aged)
    assert len(Registry(aged, load(aged.root).registry).versions()) == 1


def test_in_french_it_says_why_in_french(aged, monkeypatch):
    monkeypatch.setenv("TAMIS_OUTPUT__LANGUAGE", "fr")
    with pytest.raises(GateError, match="Rien de nouveau pour comparer"):
        run(aged)


def comparison(**changes):
    pair = Pair(0.2, 0.2, Figure(0.0, -0.001, 0.001))
    pairs = dict.fromkeys(("log_loss", "brier", "ece", "auc", "gain"), pair)
    word = {"n_leads": 500, "happened": 0.1, "champion": {"promised": 0.1, "word": "pass"}}
    segments = {"all": {**word, "challenger": {"promised": 0.1, "word": "pass"}}}
    whole = Comparison(1, 0, 0, DAY, 900, 500, 60, 0.2, pairs, pairs, segments, Stability(0.9, 0.8, 0.7, 0.2), {}, ())
    return dataclasses.replace(whole, **changes)


@pytest.mark.parametrize(
    ("changes", "settings", "words"),
    [
        ({}, {}, None),
        ({"pairs": {"log_loss": (0.2, 0.21, 0.0, 0.02)}}, {}, "log loss 0.2100 against 0.2000"),
        ({"pairs": {"brier": (0.2, 0.21, 0.0, 0.02)}}, {}, "Brier score 0.2100 against 0.2000"),
        ({"pairs": {"gain": (0.8, 0.7, -0.15, -0.05)}}, {}, "Sales would miss deals"),
        ({"stability": Stability(0.1, 0.1, 0.2, 0.2)}, {"min_overlap": 0.5}, "Only 20% of the leads at the top"),
        ({"segments": {"out": "fail"}}, {}, "Its percentages for out are proven wrong"),
    ],
)
def test_every_gate_says_its_reason(changes, settings, words, small_model):
    base = comparison()
    given = dict(changes)
    if "pairs" in given:
        given["pairs"] = {
            **base.pairs,
            **{k: Pair(v[0], v[1], Figure(v[1] - v[0], v[2], v[3])) for k, v in given["pairs"].items()},
        }
    if "segments" in given:
        bad = {**base.segments["all"], "challenger": {"promised": 0.3, "word": "fail"}}
        given["segments"] = {**base.segments, "out": bad}
    found = objections(comparison(**given), small_model, Settings(retrain=settings))
    assert (found == ()) if words is None else words in " ".join(found)
    french = Settings(retrain=settings, output={"language": "fr"})
    assert len(objections(comparison(**given), small_model, french)) == len(found)


def test_an_uncertified_challenger_is_refused_unless_the_champion_is_proven_wrong(small_model):
    few = Verdict("unproven", "few", 90, 40, 3, 0.1, 0.1, 0.0, 0.3, 0.0, -1.0, 1.0, 0.5, ())
    model = dataclasses.replace(small_model, certificate=Certificate({"all": few}, True, 0, DAY, 0.3, 0.9))
    assert "too few to tell" in objections(comparison(), model, Settings())[0]
    assert objections(comparison(), model, Settings(retrain={"certified": False})) == ()
    wrong = {"all": {**comparison().segments["all"], "champion": {"promised": 0.3, "word": "fail"}}}
    assert objections(comparison(segments=wrong), model, Settings()) == ()
