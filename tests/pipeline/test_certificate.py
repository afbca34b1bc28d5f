"""Where percentages are not certified nobody reads one: dossier, page, score run, training, in both languages."""

import csv
import json
import shutil
from dataclasses import replace

import pytest

from models.lead_model import LeadModel
from pipeline.console import Console
from pipeline.dossier_views import dossier_views
from pipeline.explain import dossier
from pipeline.report import card
from pipeline.report.dossier import render
from pipeline.report.training import draw
from pipeline.report.training import render as render_report
from pipeline.score import Request, score
from pipeline.settings_file import load
from pipeline.telling import hottest
from pipeline.tracking import Registry
from pipeline.train import run as run_train
from pipeline.training_views import training_views
from pipeline.views import score_views

NOW = 1_791_000_000
LANGUAGES = ("en", "fr")


def refused(model: LeadModel) -> LeadModel:
    """The same model, whose percentages turned out to be half of what was promised."""
    verdict = replace(model.certificate.verdicts["all"], word="fail", cause="level", promised=0.12, happened=0.06)
    return replace(model, certificate=replace(model.certificate, verdicts={"all": verdict}))


@pytest.fixture(scope="module")
def uncertified(demo_made, tmp_path_factory):
    """The demo with a champion that failed its certificate, scored on two nights; no test may change it."""
    root = tmp_path_factory.mktemp("uncertified") / "demo"
    shutil.copytree(demo_made.root, root)
    demo = replace(demo_made, root=root)
    shutil.rmtree(demo.workspace.scores)
    registry = Registry(demo.workspace, demo.settings.registry)
    model = refused(LeadModel.load(registry.load("champion")[1]))
    nothing = {"parameters": {}, "figures": {}, "artifacts": {}, "card": "", "lineage": {}, "tags": {"gates": "passed"}}
    registry.save(model.dump(), **nothing)
    registry.promote(2, by="ana", why="", at=NOW)
    score(demo.workspace, demo.settings, Request(as_of="2026-09-15"), now=NOW, console=Console())
    out = root / "scores.csv"
    return demo, score(demo.workspace, demo.settings, Request(out=out), now=NOW + 60, console=Console()), out


def told_facts(found):
    """Texts about the lead itself, in which a share of its company may stand."""
    facts = [*found.reasons, *(found.moves[1].facts if found.moves else ())]
    return sorted({fact.text for fact in facts}, key=len, reverse=True)


def without(text: str, parts) -> str:
    for part in parts:
        text = text.replace(part, "")
    return text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_dossier_holds_rank_and_band_and_no_percentage(uncertified, language, capsys, monkeypatch, read_html):
    monkeypatch.setenv("COLUMNS", "300")
    demo, scored, _ = uncertified
    rows = scored.run.rows(["lead_id", "propensity"]).to_pandas().sort_values("propensity", ascending=False)
    for place in (0, 3, 200, len(rows) - 1):
        found = dossier(demo.workspace, demo.settings, rows["lead_id"].iloc[place], language)
        assert not found.certified
        Console().show({}, *dossier_views(found, language))
        terminal, page = capsys.readouterr().out, render(found, language)
        words = " ".join(read_html(page).words)
        for text in (terminal, words):
            assert "%" not in without(text, told_facts(found))
            assert found.place(language) in text
            assert found.row["band"] in text
            assert "+++" in text or "−−−" in text
        points = {"en": "points of propensity", "fr": "points de probabilité"}[language]
        assert points not in terminal + page
        assert "not certified" in words if language == "en" else "ne sont pas certifiés" in words
        told = page[page.index("<desc") : page.index("</desc>")]
        assert "%" not in without(told.replace("&#x27;", "'"), told_facts(found))
    assert found.rank == (rows["propensity"] > found.row["propensity"]).sum() + 1
    assert found.n_ranked == len(rows)


def test_a_certified_dossier_holds_percentages(demo_made):
    run_ = demo_made.shown["hottest"][0]
    found = dossier(demo_made.workspace, demo_made.settings, run_["lead_id"], "en")
    assert (found.certified, found.rank, run_["rank"], run_["certified"]) == (True, 1, 1, True)
    assert "%" in render(found, "en").partition("<body>")[2]


def test_evidence_beside_a_reason_compares_instead_of_counting(uncertified):
    demo, scored, _ = uncertified
    lead_id = scored.run.hottest(1)[0]["lead_id"]
    english, french = (dossier(demo.workspace, demo.settings, lead_id, language).reasons for language in LANGUAGES)
    told = [reason.evidence for reason in english if reason.evidence]
    assert told
    assert all("the average lead" in text for text in told)
    assert all("que la moyenne" in reason.evidence for reason in french if reason.evidence)
    assert all(len(reason.evidence) < 120 for reason in (*english, *french))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_score_run_shows_ranks_and_says_why(uncertified, language, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    _, scored, _ = uncertified
    best = hottest(scored.run, scored.model, 5, language)
    Console().show({}, *score_views(scored.run, best, language))
    page = capsys.readouterr().out
    # An alarm counts leads; it says nothing about their chances.
    alarms = [alarm[language] for alarm in scored.run.manifest["alarms"]]
    assert "%" not in without(page, alarms + [reason["text"] for row in best for reason in row["reasons"]])
    ranks = {"en": ("1st", "2nd", "3rd"), "fr": ("1er", "2e", "3e")}[language]
    assert all(rank in page for rank in ranks)
    assert {"en": "Not all percentages are certified", "fr": "ne sont pas certifiés"}[language] in page


def test_programs_read_in_the_manifest_what_may_be_shown_and_numbers_stay(uncertified):
    _, scored, out = uncertified
    assert scored.run.manifest["certified"] == {"all": False}
    assert scored.run.hottest(1)[0]["propensity"] > 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["certified"] for row in rows} == {"false"}
    assert all(0 < float(row["propensity"]) < 1 for row in rows)


@pytest.fixture
def failed_training(demo_made):
    trained = demo_made.trained
    model = refused(trained.model)
    evidence = {**trained.facts.evidence, "certificate": model.certificate.to_dict()}
    hot = [{**row, "certified": False} for row in demo_made.shown["hottest"]]
    return replace(trained, model=model, facts=replace(trained.facts, evidence=evidence, hottest=hot))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_failed_certificate_is_loud_in_training_report_and_card(failed_training, language, capsys, read_html):
    sentence = {
        "en": "Not certified: promised 12%, happened 6% (",
        "fr": "Non certifié\u00a0: 12\u00a0% promis, 6\u00a0% réalisés (",
    }[language]
    Console().show({}, *training_views(failed_training, language))
    assert "".join(sentence.split()) in "".join(capsys.readouterr().out.split())
    facts = failed_training.facts
    page = read_html(render_report(facts, language, draw(facts, language)))
    assert any(word.startswith(sentence) for word in page.words)
    assert any(word.startswith(sentence) for word in [line[2:] for line in card.write(facts, language).splitlines()])
    at = page.words.index({"en": "The hottest leads", "fr": "Les leads les plus chauds"}[language])
    first = page.words.index({"en": "1st", "fr": "1er"}[language], at)
    assert page.words[first - 1] == facts.hottest[0]["lead_id"]


def test_the_report_draws_a_diagram_for_each_segment(demo_made, read_html):
    facts = demo_made.trained.facts
    verdict = facts.certificate.verdicts["all"]
    verdicts = {"all": verdict, "PME": replace(verdict, word="fail", cause="level")}
    certificate = replace(facts.certificate, verdicts=verdicts).to_dict()
    evidence = {**facts.evidence, "certificate": json.loads(json.dumps(certificate, sort_keys=True))}
    other = replace(facts, evidence=evidence)
    page = read_html(render_report(other, "fr", draw(other, "fr")))
    assert page.seen["svg"] == 4
    told = [word for word in page.words if "ertifié" in word]
    assert told[0].startswith("Certifié")
    assert told[1].startswith("PME\u00a0: non certifié")
    assert told[2] == told[1]


def test_training_says_the_verdict_and_a_model_without_proof_still_becomes_champion(company, capsys):
    workspace = company()
    run_train(workspace.root, now=NOW, by="ana", console=Console(as_json=True))
    said = json.loads(capsys.readouterr().out)
    assert said["promoted"]
    assert said["certificate"] == {"passed": False, "certified": {"all": False}, "verdicts": {"all": "unproven"}}
    _, files = Registry(workspace, load(workspace.root).registry).load(1)
    model = LeadModel.load(files)
    assert model.certificate.verdicts["all"].cause == "few"
    assert not model.certificate.forward
    assert model.dump() == files


def test_the_owner_who_takes_a_wide_tolerance_sees_percentages(company):
    workspace = company(certificate={"tolerance": 3.0})
    run_train(workspace.root, now=NOW, by="ana", console=Console(as_json=True))
    _, files = Registry(workspace, load(workspace.root).registry).load(1)
    assert LeadModel.load(files).certified()
