"""Exploration as its users meet it: in score rows, in the terminal, in a dossier, and in the evidence of a training."""

import json

import numpy as np
import pandas as pd
import pytest

from pipeline import score_rows
from pipeline.console import Console
from pipeline.explain import dossier
from pipeline.report.dossier import render
from pipeline.score import Request, run, score
from pipeline.settings_file import FILE_NAME
from pipeline.settings_template import render as render_settings
from pipeline.train import train
from pipeline.training_views import training_views

NOW = 1_791_000_000
PAST = 1_769_904_000  # 2026-02-01: what was scored then has label windows that are over when the data end


def exploring(demo, share=0.1, **chosen):
    """Settings of the demo with a lottery, for functions and for verbs."""
    base = demo.settings
    exploration = base.exploration.model_copy(update={"share": share, "salt": "ours", **chosen})
    settings = base.model_copy(update={"exploration": exploration})
    (demo.root / FILE_NAME).write_text(render_settings(settings), encoding="utf-8")
    return settings


def scored(demo, settings, now=NOW, **limits):
    settings = settings.model_copy(update={"limits": settings.limits.model_copy(update=limits)})
    return score(demo.workspace, settings, Request(), now=now, console=Console()).run


def lasting(run_):
    return run_.rows().drop_columns(["run_id", "scored_at"])


def test_a_share_of_the_leads_below_the_threshold_is_handed_over_and_says_so(demo_copy):
    plain = scored(demo_copy, demo_copy.settings).rows().to_pandas().set_index("lead_id")
    path = demo_copy.root / "data" / "leads.csv"
    leads = pd.read_csv(path, dtype="str", keep_default_na=False)
    cold = plain.index[plain["propensity"] < plain["threshold"]]
    leads.loc[leads["lead_id"].isin(cold[::2]), "opted_out"] = "1"
    leads.to_csv(path, index=False)
    run_ = scored(demo_copy, exploring(demo_copy), NOW + 60)
    rows = run_.rows().to_pandas().set_index("lead_id")

    asked_not_to = set(leads.loc[leads["opted_out"] == "1", "lead_id"])
    assert not asked_not_to & set(rows.index)
    plain = plain.loc[rows.index]
    explored, passed = rows["qualification"] == "exploration", plain["decision"] == "hand_over"
    assert explored.sum() > 10
    assert not passed[explored].any()
    assert (rows.loc[explored, ["decision", "rule"]] == ["hand_over", "lottery"]).all(axis=None)
    assert rows.loc[explored, "due_at"].notna().all()
    # Sales has had these already, or a rule of the policy keeps them out.
    settled = plain["qualification"].isin(["refused", "sal", "sql", "disqualified"])
    expected = np.select([passed, settled], [1.0, 0.0], 0.1)
    assert rows["handover_probability"].tolist() == expected.tolist()
    # Nothing else is touched: the propensity, and who is handed over anyway.
    assert rows["propensity"].equals(plain["propensity"])
    assert (rows["decision"] == plain["decision"])[~explored].all()
    counted = {"share": 0.1, "n_eligible": int((expected == 0.1).sum()), "n_handed_over": int(explored.sum())}
    assert run_.manifest["exploration"] == counted
    assert run_.manifest["decisions"]["hand_over"] == (rows["decision"] == "hand_over").sum()


def test_the_same_leads_are_drawn_the_next_night_and_band_d_only_where_it_is_not_spared(demo_copy):
    settings = exploring(demo_copy)
    first, second = (scored(demo_copy, settings, NOW + night).rows().to_pandas() for night in (60, 86_460))
    drawn = [rows.loc[rows["qualification"] == "exploration"] for rows in (first, second)]
    assert drawn[0]["lead_id"].tolist() == drawn[1]["lead_id"].tolist()
    assert (drawn[0]["due_at"] == drawn[1]["due_at"]).all()
    assert "D" in set(drawn[0]["band"])
    spared = scored(demo_copy, exploring(demo_copy, spare_band_d=True), NOW + 120).rows().to_pandas()
    kept = spared[spared["qualification"] == "exploration"]
    assert kept["lead_id"].tolist() == drawn[0].loc[drawn[0]["band"] != "D", "lead_id"].tolist()
    assert (spared.loc[spared["band"] == "D", "handover_probability"] == 0).all()


def test_a_run_that_was_interrupted_and_taken_up_draws_the_same_leads(demo_copy, monkeypatch):
    settings, blocks = exploring(demo_copy), []
    undisturbed = scored(demo_copy, settings)
    true_score_block = score_rows.score_block

    def breaks_at_the_third(block, run_):
        blocks.append(block)
        if len(blocks) == 3:
            raise KeyboardInterrupt
        return true_score_block(block, run_)

    monkeypatch.setattr(score_rows, "score_block", breaks_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        scored(demo_copy, settings, NOW + 60, rows_per_block=200)
    resumed = scored(demo_copy, settings, NOW + 3600, rows_per_block=200)
    drop = ["previous_propensity", "trend"]
    assert lasting(resumed).drop_columns(drop).equals(lasting(undisturbed).drop_columns(drop))
    assert resumed.manifest["exploration"] == undisturbed.manifest["exploration"]


@pytest.mark.parametrize(
    ("language", "chosen_at_random", "in_dossier"),
    [
        ("en", "leads that would not be handed over are, to learn: chosen at random (2.5 of 100)", "(2.5 of 100)"),
        ("fr", "leads non retenus sont transmis pour apprendre : tirés au sort (2,5 sur 100)", "(2,5 sur 100)"),
    ],
)
def test_the_score_verb_and_the_dossier_say_who_was_drawn_and_why(
    demo_copy, capsys, language, chosen_at_random, in_dossier
):
    settings = exploring(demo_copy, share=0.025)
    settings = settings.model_copy(update={"output": settings.output.model_copy(update={"language": language})})
    (demo_copy.root / FILE_NAME).write_text(render_settings(settings), encoding="utf-8")
    run(demo_copy.root, Request(), now=NOW, console=Console())
    assert chosen_at_random in " ".join(capsys.readouterr().out.split())
    rows = scored(demo_copy, settings, NOW + 60).rows().to_pandas()
    for lead, told in ((rows["qualification"] == "exploration", True), (rows["qualification"] == "mql", False)):
        found = dossier(demo_copy.workspace, settings, rows.loc[lead, "lead_id"].iloc[0], language)
        assert (in_dossier in found.explored(language)) == told
        assert (in_dossier in render(found, language)) == told


def trained(demo, settings):
    """Train as quickly as the demo was trained."""
    quick = {"bootstrap": 50, "folds": 2}
    settings = settings.model_copy(
        update={
            "model": settings.model.model_copy(update=quick),
            "limits": settings.limits.model_copy(update={"threads": 1}),
        }
    )
    return train(demo.workspace, settings, now=NOW, by="ana", console=Console())


def test_before_the_first_score_run_the_evidence_says_that_people_chose(demo_made):
    contacted = demo_made.trained.evidence.contacted
    assert [sentence["code"] for sentence in contacted["sentences"]] == ["chosen_by_people"]
    assert "What cannot be known" in demo_made.trained.report.read_text(encoding="utf-8")


def test_without_exploration_training_is_what_it_was_and_says_loudly_what_it_cannot_know(demo_copy, capsys):
    before = demo_copy.trained
    scored(demo_copy, demo_copy.settings, PAST)
    closed = trained(demo_copy, demo_copy.settings)

    files = [{name: text for name, text in t.model.dump().items() if "model" not in name} for t in (before, closed)]
    assert files[0] == files[1]
    assert closed.evidence.figures == before.evidence.figures
    facts = closed.evidence.contacted
    assert not facts["corrects"]
    assert (facts["by_kind"]["closed"]["n_rows"] > 200, facts["by_kind"]["above"]["n_rows"] > 20) == (True, True)
    assert 0 < facts["n_contacted_anyway"] < facts["by_kind"]["closed"]["n_rows"]
    first = closed.evidence.notes[0]
    assert first.code == "closed_loop"
    assert f"({facts['by_kind']['closed']['n_rows']}" in first.en.replace(",", "")
    assert "A share of 0.02 to 0.05 in [exploration] opens the loop" in first.en
    assert "ne peut pas savoir" in first.fr

    Console().show({}, *training_views(closed, "en"))
    page = " ".join(capsys.readouterr().out.split())
    assert page.index("The model confirms itself") < page.index("What cannot be known") < page.index("people chose")


def test_with_exploration_the_drawn_stand_for_those_left_aside(demo_copy):
    settings = exploring(demo_copy, share=0.2)
    scored(demo_copy, settings, PAST)
    found = trained(demo_copy, settings)
    facts = found.evidence.contacted
    of = {kind: counts["n_rows"] for kind, counts in facts["by_kind"].items()}
    assert facts["corrects"]
    assert found.model.metadata["n_rows"] == sum(of.values()) - of["left_aside"]
    assert facts["largest_weight"] == pytest.approx((of["explored"] + of["left_aside"]) / of["explored"])
    assert of["explored"] < facts["n_effective"] < found.model.metadata["n_rows"]
    codes = [sentence["code"] for sentence in facts["sentences"]]
    # This company's sales went on as if nothing had been decided, and that does not go unnoticed.
    assert {"chosen_by_people", "explored", "left_aside_won", "contacted_anyway"} <= set(codes)
    assert "left_aside_won" in [note.code for note in found.evidence.notes]
    report = found.report.read_text(encoding="utf-8")
    for sentence in facts["sentences"]:
        assert "{" not in sentence["en"] + sentence["fr"]
        assert sentence["en"].split(":")[0] in report
    assert json.loads(json.dumps(found.facts.evidence))["contacted"] == found.facts.evidence["contacted"]
