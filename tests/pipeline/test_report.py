"""The report, the card and the plots: complete and well formed, whatever the evidence holds."""

import json
import re
from dataclasses import replace

import pytest

from features.language import Language
from models.lead_model import LeadModel
from pipeline.console import Console
from pipeline.report import card, plots
from pipeline.report.training import TrainingFacts, draw, render
from pipeline.settings_file import load
from pipeline.tracking import Registry
from pipeline.train import train

NOW = 1_791_000_000
UNFILLED = re.compile(r"[{}]|\b(None|nan|inf|1970)\b")
GATE = "These columns do not <predict> the outcome & more."


def written(facts: TrainingFacts, language: Language) -> str:
    return render(facts, language, draw(facts, language))


@pytest.fixture(scope="module")
def rich_facts(demo_made):
    """What the demo's training showed: dates, a points grid, maturity, and its hottest leads."""
    registry = Registry(demo_made.workspace, demo_made.settings.registry)
    version, files = registry.load("champion")
    return TrainingFacts(
        version="1",
        trained_at=NOW,
        horizon_days=90,
        evidence=json.loads(registry.artifact(version, "evidence.json")),
        schema=LeadModel.load(files).schema,
        maturity=[
            {"cohort": "2026-03", "n": 1200, "n_won": 31, "is_mature": 1, "matures_at": NOW - 86_400},
            {"cohort": "2026-09", "n": 900, "n_won": None, "is_mature": 0, "matures_at": NOW + 86_400},
        ],
        tables={"leads": {"read": 2500, "kept": 2500, "quarantined": 0}},
        hottest=demo_made.shown["hottest"],
        truth={"ece": 0.0123, "rank": 0.65},
    )


@pytest.fixture
def plain_facts(company):
    """A training without dates and without a points grid."""
    workspace = company()
    return train(workspace, load(workspace.root), now=NOW, by="ana", console=Console()).facts


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            (
                "Evidence of model 1",
                "Passed its gates",
                "Against the true probabilities",
                "Maturity by cohort",
                "The hottest leads",
                "not before 2026-10-04",
                "Points grid",
                "Four periods, oldest first",
            ),
        ),
        (
            "fr",
            (
                "Preuves du modèle 1",
                "Accepté par les contrôles",
                "Face aux vraies probabilités",
                "Maturité par cohorte",
                "Les leads les plus chauds",
                "pas avant le 04/10/2026",
                "Grille de points",
                "Quatre périodes, de la plus ancienne à la plus récente",
            ),
        ),
    ],
)
def test_the_report_of_the_demo_is_complete_and_well_formed(rich_facts, read_html, language, words):
    page = read_html(written(rich_facts, language))
    assert [word for word in words if word not in page.words] == []
    assert page.seen["svg"] == 3
    assert not UNFILLED.search(" ".join(page.words))
    assert all(row["lead_id"] in page.words for row in rich_facts.hottest)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_report_without_dates_points_or_champion_renders_too(plain_facts, read_html, language):
    page = read_html(written(replace(plain_facts, gates=(GATE,)), language))
    assert GATE in page.words
    assert {"en": "Refused by its gates", "fr": "Refusé par les contrôles"}[language] in page.words
    grid = {"en": "Points grid", "fr": "Grille de points"}[language]
    assert grid not in page.words
    no_dates = next(note[language] for note in plain_facts.evidence["notes"] if note["code"] == "no_dates")
    assert no_dates in page.words
    assert not UNFILLED.search(" ".join(page.words))


def test_figures_that_cannot_be_measured_are_shown_as_a_dash(plain_facts, read_html):
    evidence = json.loads(json.dumps(plain_facts.evidence))
    evidence["figures"]["logistic"] = {
        name: {"value": None, "low": None, "high": None} for name in evidence["figures"]["logistic"]
    }
    facts = replace(plain_facts, evidence=evidence)
    assert "–" in read_html(written(facts, "en")).words
    assert "| Logistic regression | – | – | – | – | – |" in card.write(facts, "en")


def test_a_refused_model_says_each_thing_once(plain_facts):
    evidence = json.loads(json.dumps(plain_facts.evidence))
    evidence["notes"].append({"code": "no_signal", "en": "Nothing predicts.", "fr": "Rien ne prédit."})
    facts = replace(plain_facts, evidence=evidence)
    assert "Nothing predicts." in facts.notes("en")
    assert "Nothing predicts." not in replace(facts, gates=(GATE,)).notes("en")
    assert replace(facts, gates=(GATE,)).notes("fr")[0] == GATE


@pytest.mark.parametrize("language", ["en", "fr"])
def test_columns_left_out_are_told_with_their_reason_in_the_language_of_the_reader(plain_facts, read_html, language):
    dropped = [
        {"name": f"fit__{reason}", "reason": reason, "detail": "some figures"}
        for reason in ("constant", "identifier", "too_many_levels", "excluded")
    ]
    facts = replace(plain_facts, evidence={**plain_facts.evidence, "dropped": dropped})
    words = read_html(written(facts, language)).words
    why = [words[words.index(column["name"]) + 1] for column in dropped]
    assert len(set(why)) == 4
    assert "some figures" in words
    assert (
        why[0]
        == {"en": "says nothing: always the same, or empty", "fr": "ne dit rien : toujours pareille, ou vide"}[language]
    )


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_card_holds_use_data_periods_figures_and_limits(rich_facts, language):
    text = card.write(replace(rich_facts, gates=(GATE,)), language)
    lines = text.splitlines()
    assert lines[0] == {"en": "# Evidence of model 1", "fr": "# Preuves du modèle 1"}[language]
    assert len([line for line in lines if line.startswith("## ")]) == 5
    rows = [line for line in lines if line.startswith("| ")]
    figures, parts = rows[:6], rows[6:]
    assert {row.count("|") for row in figures} == {7}
    assert len(parts) == 1 + len(rich_facts.evidence["slices"])
    assert len({row.count("|") for row in parts}) == 1
    assert f"- {GATE}" in lines
    assert not UNFILLED.search(text)


def test_the_same_evidence_gives_the_same_page_to_the_byte(rich_facts):
    assert written(rich_facts, "fr") == written(rich_facts, "fr")


def test_plots_hold_no_date_and_no_random_name(rich_facts):
    evidence = rich_facts.evidence
    threshold = evidence["deployed"]["threshold"]
    for plot in (
        lambda: plots.gain(evidence["gain_curves"], "en"),
        lambda: plots.reliability(evidence["certificate"]["verdicts"]["all"]["bins"], 0.3, "fr"),
        lambda: plots.threshold_curve(threshold, "en", "EUR"),
        lambda: plots.threshold_curve({**threshold, "threshold": None}, "fr", "EUR"),
    ):
        svg = plot()
        assert svg == plot()
        assert svg.startswith('<svg role="img" aria-label="')
        assert "<metadata" not in svg
        assert "20" + "26-" not in svg


def test_the_curve_has_four_panels_three_without_dates_and_marks_the_threshold(rich_facts, plain_facts):
    dated, undated = (facts.evidence["deployed"]["threshold"] for facts in (rich_facts, plain_facts))
    four, three = plots.threshold_curve(dated, "en", "CHF"), plots.threshold_curve(undated, "en", "CHF")
    for title in ("Conversion of those handed over", "Share of the deals among them", "Value per open lead (CHF)"):
        assert title in four
        assert title in three
    assert "New leads a week" in four
    assert "New leads a week" not in three
    unmarked = plots.threshold_curve({**dated, "threshold": None}, "en", "CHF")
    assert four.count("stroke-dasharray") == 4
    assert unmarked.count("stroke-dasharray") == 0


@pytest.mark.parametrize(
    ("language", "own", "owners"),
    [
        ("en", "A lead goes to sales from its own threshold on", "An owner with a capacity of their own"),
        ("fr", "Un lead est transmis aux commerciaux à partir de son propre seuil", "Un commercial dont la capacité"),
    ],
)
def test_thresholds_of_their_own_are_told_in_short(rich_facts, read_html, language, own, owners):
    evidence = json.loads(json.dumps(rich_facts.evidence))
    evidence["deployed"]["threshold"]["own"] = {"win_value": 1, "contact_cost": 1, "margin_rate": None}
    evidence["decision"]["owners"] = [{"capacity": 4.0, "per_week": 5.0, "few_leads": True}]
    text = " ".join(read_html(written(replace(rich_facts, evidence=evidence), language)).words)
    assert own in text
    assert owners in text
    assert not UNFILLED.search(text)


def test_known_grids_are_shown_beside_the_company_s_own_with_what_they_cannot_see(rich_facts, read_html):
    words = read_html(written(rich_facts, "en")).words
    for name in ("Your settings", "icp60: ideal customer", "saas40: software CEO"):
        assert any(word.startswith(name) for word in words), name
    evidence = json.loads(json.dumps(rich_facts.evidence))
    evidence["points_grids"][1]["absent"] = ["points.icp"]
    facts = replace(rich_facts, evidence=evidence)
    assert "Never fires, as these are not there: points.icp" in read_html(written(facts, "en")).words
    assert "Ne joue jamais, faute de : points.icp" in read_html(written(facts, "fr")).words
