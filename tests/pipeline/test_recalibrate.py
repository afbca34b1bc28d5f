"""``tamis recalibrate``: what changes and what stays, lineage, gates, idempotence."""

import json

import numpy as np
import pytest

from features.errors import GateError
from models.lead_model import LeadModel
from pipeline.compare import learnt_by, trees_learnt
from pipeline.console import Console
from pipeline.recalibrate import recalibrate
from pipeline.settings_file import load
from pipeline.tracking import Registry
from pipeline.unseen import trained_calibration

NOW = 1_790_000_000


def run(workspace, now=NOW):
    return recalibrate(workspace, load(workspace.root), now=now, by="ana", console=Console(as_json=True))


def model_of(workspace, which):
    version, files = Registry(workspace, load(workspace.root).registry).load(which)
    return version, LeadModel.load(files)


def fallen(table, after=700):
    """From some lead on, half of the wins are lost."""
    lost = (np.arange(len(table)) >= after) & (np.arange(len(table)) % 2 == 0)
    return table.assign(outcome=table["outcome"].where(~lost, "lost"))


def test_percentages_follow_the_market_and_everything_else_stays(aged, history, grown, tamis, small_frame):
    grown(aged, fallen(history(1300)))
    _, before = model_of(aged, "champion")
    done = run(aged)
    assert done.against == ()
    version, after = model_of(aged, "champion")
    assert version.number == done.version.number == 2
    assert version.tags["lineage.parent"] == "1"
    assert version.tags["kind"] == "recalibration"
    assert after.tables.booster_texts == before.tables.booster_texts
    assert after.schema == before.schema
    assert after.reference.margin == before.reference.margin
    assert after.reference.propensity < 0.8 * before.reference.propensity
    assert done.comparison.pairs["log_loss"].difference.high < 0
    assert (trees_learnt(after), trained_calibration(after)) == (trees_learnt(before), before.calibration)
    assert learnt_by(after).taught_to > learnt_by(before).taught_to
    facts = after.metadata["recalibrated"]
    assert (facts["parent"], facts["at"]) == (1, NOW)
    assert after.bands != before.bands
    assert after.certificate.forward
    page = (aged.reports / "model-2.en.html").read_text(encoding="utf-8")
    assert "Model 2: recalibration of model 1" in page
    assert "Model 2: recalibration of model 1" in version.card
    with pytest.raises(GateError, match=r"Nothing is new: model 2 was made of these very data"):
        run(aged, NOW + 1)
    assert tamis("rollback", "-w", aged.root).code == 0
    assert model_of(aged, "champion")[0].number == 1


def test_too_few_new_outcomes_say_how_many_are_missing(aged, history, grown):
    grown(aged, history(740))
    with pytest.raises(GateError, match=r"\d+ won leads have become known since .* expected at least 30"):
        run(aged)
    assert len(Registry(aged, load(aged.root).registry).versions()) == 1


def test_no_new_row_at_all_is_said_too(aged):
    with pytest.raises(GateError, match="0 won leads have become known"):
        run(aged)


def test_where_nothing_moved_the_gate_decides_and_a_refusal_is_repeated_without_a_new_version(
    aged, history, grown, tamis, monkeypatch
):
    monkeypatch.setenv("TAMIS_RETRAIN__MARGIN", "0")
    grown(aged, history(1300))
    said = tamis("recalibrate", "-w", aged.root, "--json")
    result = json.loads(said.out)
    assert (said.code, result["promoted"]) == ((4, False) if result["against"] else (0, True))
    n = len(Registry(aged, load(aged.root).registry).versions())
    again = tamis("recalibrate", "-w", aged.root)
    assert again.code == 4
    assert "made of these very data" in again.err
    assert len(Registry(aged, load(aged.root).registry).versions()) == n


def test_it_reads_in_french(aged, history, grown, monkeypatch, read_html):
    monkeypatch.setenv("TAMIS_OUTPUT__LANGUAGE", "fr")
    grown(aged, fallen(history(1300)))
    done = run(aged)
    page = read_html(done.report.read_text(encoding="utf-8"))
    assert "Modèle 2 : recalibrage du modèle 1" in " ".join(page.words)


def test_without_a_champion_it_says_what_to_do(company):
    workspace = company()
    with pytest.raises(Exception, match="run 'tamis train' first"):
        run(workspace)


def test_after_a_recalibration_a_retrain_compares_on_rows_that_are_new_to_both(aged, history, grown):
    from pipeline.retrain import retrain  # noqa: PLC0415 (only here)

    grown(aged, fallen(history(1000)))
    assert run(aged).against == ()
    _, champion = model_of(aged, "champion")
    grown(aged, fallen(history(1300)))
    done = retrain(aged, load(aged.root), now=NOW + 9, by="ana", console=Console(as_json=True))
    assert done.comparison.champion == 2
    assert done.comparison.first_cutoff > champion.metadata["recalibrated"]["taught_to"]
