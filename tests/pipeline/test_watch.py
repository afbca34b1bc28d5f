"""``tamis monitor`` on a small market: quiet when all is well, one alarm for one fault, both languages, the note."""

import json

import numpy as np
import pytest

from features.errors import GateError, UseError
from models.watching import Finding
from pipeline import monitor
from pipeline.console import Console
from pipeline.monitor_words import WHAT, tell
from pipeline.reviews import Review
from pipeline.score import Request, score
from pipeline.settings_file import load
from pipeline.table_watch import reviewed, together, watch_refusals

NOW = 1_790_000_000
N_OPEN, DAY = 300, 86_400


@pytest.fixture
def scored(aged, history, grown):
    """The market a year on: its newest leads are open and scored by a champion that never saw them."""
    table = history(1300)
    table.loc[len(table) - N_OPEN :, "outcome"] = ""
    grown(aged, table)
    score(aged, load(aged.root), Request(), now=NOW, console=Console(as_json=True))
    return aged


def look(workspace, now=NOW):
    return monitor.watch(workspace, load(workspace.root), now=now, console=Console(as_json=True))


def test_when_nothing_is_wrong_it_is_quiet_and_keeps_what_it_saw(scored, tamis):
    said = tamis("monitor", "-w", scored.root, "--fail-on-alarm", "--json")
    result = json.loads(said.out)
    assert (said.code, result["alarms"]) == (0, [])
    (kept,) = scored.monitor.iterdir()
    assert kept.name == f"{result['run_id']}.json"
    on_disk = json.loads(kept.read_text(encoding="utf-8"))
    assert {**on_disk, "path": str(kept)} == result
    assert {
        "run_id",
        "cutoff",
        "n_leads",
        "alarms",
        "first_reasons",
        "shifts",
        "expected",
        "realised",
    } <= on_disk.keys()
    assert on_disk["expected"]["n_won"] == pytest.approx(_mean(scored) * N_OPEN)
    assert on_disk["realised"] is None
    assert {"en", "fr"} <= on_disk["shifts"][0].keys()
    page = tamis("monitor", "-w", scored.root).out
    assert "No alarm." in page
    assert "if such leads still fare as they did" in " ".join(page.split())


def _mean(workspace):
    return monitor.newest(workspace, "portfolio").manifest["mean_propensity"]


def test_one_emptied_column_is_one_alarm_with_its_cause_and_its_action(scored, history, grown, tamis):
    table = history(1300)
    table.loc[len(table) - N_OPEN :, "outcome"] = ""
    table["source"] = table["source"].where(table.index < len(table) - N_OPEN, "")
    grown(scored, table)
    score(scored, load(scored.root), Request(), now=NOW + 60, console=Console(as_json=True))
    said = tamis("monitor", "-w", scored.root, "--json", "--fail-on-alarm")
    assert said.code == 4
    alarms = json.loads(said.out)["alarms"]
    (alarm,) = [alarm for alarm in alarms if alarm["about"] == "leads"]
    assert alarm["kind"] == "emptied_column"
    assert alarm["value"] == 1.0 > alarm["limit"]
    assert alarm["en"] == "100% of the newest rows of leads are empty in source; at the training it was 0%."
    assert alarm["told"]["fr"]["action"].startswith("Comparez le dernier export de leads")
    assert tamis("monitor", "-w", scored.root).code == 0
    shown = " ".join(tamis("monitor", "-w", scored.root, "--lang", "fr").out.split())
    assert "sont vides dans source" in shown


def test_another_public_is_told_by_its_columns(scored, history, grown):
    table = history(1300)
    table.loc[len(table) - N_OPEN :, "outcome"] = ""
    moved = table["budget"] + np.where(table.index < len(table) - N_OPEN, 0.0, 3.0)
    grown(scored, table.assign(budget=moved))
    score(scored, load(scored.root), Request(), now=NOW + 60, console=Console(as_json=True))
    found = {finding.kind: finding for finding in look(scored).findings}
    drift = found["feature_drift"]
    assert drift.facts["columns"] == ["fit__budget"]
    assert drift.value > drift.limit >= 0.25


def test_promises_are_held_against_what_happened(scored, history, grown, tamis):
    grown(scored, history(1300))
    kept = look(scored).realised
    assert (kept.n_leads, kept.off) == (N_OPEN, False)
    assert kept.promised == pytest.approx(_mean(scored))
    table = history(1300)
    table.loc[len(table) - N_OPEN :, "outcome"] = "lost"
    grown(scored, table)
    watched = look(scored)
    assert watched.realised.off
    assert [f.about for f in watched.findings if f.kind == "realised_conversion"] == [""]
    page = " ".join(tamis("monitor", "-w", scored.root).out.split())
    assert "all bands together was promised" in page
    assert "Run tamis recalibrate" in page


def test_a_kind_of_lead_that_fares_otherwise_is_named(scored, history, grown, tamis):
    table = history(1300)
    new = table.index >= len(table) - N_OPEN
    table.loc[new & (table["source"] == "salon"), "outcome"] = "won"
    grown(scored, table)
    (finding,) = [f for f in look(scored).findings if f.kind == "realised_kind"]
    assert (finding.about, finding.facts["level"], finding.value) == ("fit__source", "salon", 1.0)
    page = " ".join(tamis("monitor", "-w", scored.root).out.split())
    assert "One kind of lead departs from what was promised, unlike the rest" in page
    assert "a recalibration moves all leads alike" in page


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_note_is_one_page_without_names_of_leads(scored, tamis, read_html, language):
    for suffix in ("html", "md"):
        path = scored.root / f"week.{suffix}"
        assert tamis("monitor", "-w", scored.root, "--note", path, "--lang", language).code == 0
        text = path.read_text(encoding="utf-8")
        title = {"en": "Leads of the week", "fr": "Les leads de la semaine"}[language]
        assert title in text
        assert "F01" not in text
        assert len(text.splitlines()) < 90
    words = " ".join(read_html((scored.root / "week.html").read_text(encoding="utf-8")).words)
    assert str(N_OPEN) in words
    said = tamis("monitor", "-w", scored.root, "--note", scored.root / "week.pdf")
    assert said.code == 2
    assert "ends in .html or .md" in said.err


def test_data_that_were_renewed_and_are_not_any_more_are_stale(scored, history, grown):
    table = history(1301)
    table.loc[len(table) - N_OPEN :, "outcome"] = ""
    assert "stale" not in {finding.kind for finding in look(scored).findings}
    grown(scored, table.assign(budget=table["budget"] + 0.001))
    score(scored, load(scored.root), Request(), now=NOW + 60, console=Console(as_json=True))
    (stale,) = [finding for finding in look(scored, NOW + 60).findings if finding.kind == "stale"]
    assert stale.value > stale.limit == 8.0
    assert "jours" in tell(stale, {}, "fr")["what"]


def test_a_model_from_before_the_monitor_is_watched_as_far_as_it_can_be(scored, monkeypatch):
    real = monitor.LeadModel.load

    def without(files):
        model = real(files)
        object.__setattr__(model.reference, "watched", {})
        object.__setattr__(model, "metadata", {k: v for k, v in model.metadata.items() if k != "tables"})
        return model

    monkeypatch.setattr(monitor.LeadModel, "load", without)
    watched = look(scored)
    assert watched.shifts == {}
    assert np.isfinite(watched.expected.auc)


def test_refusals_are_told_when_they_rise_or_turn_to_one_reason():
    steady = ({"refused": 20, "accepted": 80}, {"refused": 100, "accepted": 400})
    many = ({"refused": 70, "accepted": 30}, {"refused": 100, "accepted": 400})
    reasons = ({"no_budget": 20, "student": 60}, {"no_budget": 80, "student": 20})
    same = ({"no_budget": 80}, {"no_budget": 80})
    assert watch_refusals(same, steady) == ()
    (rose,) = watch_refusals(same, many)
    assert (rose.kind, rose.value) == ("refusals", 0.7)
    (turned,) = watch_refusals(reasons, steady)
    assert (turned.kind, turned.about) == ("refusal_reason", "student")
    assert "« Étudiant ou candidat »" in tell(turned, {}, "fr")["what"]


def test_reviews_on_the_page_count_as_refusals_do():
    given = [Review(f"L{k}", NOW - k * DAY, "ana", "refused", "student", "r", "1", 0.3, 0.2) for k in range(60)]
    given += [Review("M", NOW - 300 * DAY, "ana", "accepted", None, "r", "1", 0.3, 0.2)]
    reasons, verdicts = reviewed(given, NOW)
    assert reasons == ({"student": 29}, {"student": 31})
    assert together(verdicts, ({"accepted": 2}, {})) == ({"refused": 29, "accepted": 2}, {"refused": 31})


def test_every_alarm_has_words_a_cause_and_an_action_in_both_languages():
    facts = {
        "n": 9,
        "usual": 3,
        "was": 0.1,
        "columns": ["source"],
        "promised": 0.2,
        "low": 0.1,
        "high": 0.3,
        "level": "fair",
    }
    for kind in WHAT:
        finding = Finding(kind, "leads", 0.5, 0.2, {**facts, "en": "x", "fr": "y", "source": "fair", "share": 0.4})
        for language in ("en", "fr"):
            told = tell(finding, {}, language)
            assert all(text and "{" not in text for text in told.values())


def test_without_a_run_it_says_what_to_do(aged):
    with pytest.raises(UseError, match="Run 'tamis score' first"):
        look(aged)
    assert not aged.monitor.exists()


def test_an_alarm_may_stop_a_schedule(scored, monkeypatch):
    broken = (Finding("silent_table", "events", 9.0, 4.0),)
    monkeypatch.setattr(monitor, "watch_tables", lambda *_: broken)
    with pytest.raises(GateError, match="1 alarms: No new row in events for 9 days"):
        monitor.run(scored.root, now=NOW, console=Console(as_json=True), fail_on_alarm=True)
    assert len(list(scored.monitor.iterdir())) == 1
