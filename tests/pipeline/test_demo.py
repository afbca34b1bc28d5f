"""``tamis demo``: what it leaves, what it replaces, and that the truth stays outside."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import GateError, UseError
from pipeline import demo
from pipeline.console import Console
from pipeline.score_runs import published
from pipeline.telling import hottest

NOW = 1_791_000_000
DAY_S = 86_400


def make(root, *, leads=1200, force=False, language=None):
    demo.run(root, leads=leads, seed=7, force=force, language=language, now=NOW, console=Console())


class StopHereError(Exception):
    pass


@pytest.fixture
def stopped(monkeypatch):
    """A demo that dies as it begins to simulate."""

    def stop(plan):
        raise StopHereError

    monkeypatch.setattr(demo, "simulate", stop)


def test_the_demo_reports_how_far_it_is_from_the_truth(demo_made):
    truth = demo_made.shown["truth"]
    assert set(truth) == {"ece", "rank"}
    assert 0 < truth["ece"] < 0.02
    assert 0.4 < truth["rank"] < 1
    page = (demo_made.workspace.reports / "demo.en.html").read_text(encoding="utf-8")
    assert f"ECE against the truth {truth['ece']:.4f}, rank correlation with it {truth['rank']:.2f}" in page
    assert demo_made.shown["report"] == str(demo_made.workspace.reports / "demo.en.html")


def test_the_reported_distance_is_that_of_the_scores_too(demo_made):
    """The score run is another sample than the test period, so only the order of size can agree."""
    run_ = published(demo_made.workspace)[0]
    rows = run_.rows(["lead_id", "propensity"]).to_pandas()
    true = demo_made.simulation.truth.propensity(rows["lead_id"], run_.manifest["cutoff"], 90)
    assert np.corrcoef(rows["propensity"].rank(), pd.Series(true).rank())[0, 1] > 0.5
    assert abs(rows["propensity"].mean() - true.mean()) < 0.02


def test_perfect_propensities_have_no_distance_and_constant_gaps_are_measured():
    truth = np.linspace(0.01, 0.5, 40)

    class Evidence:
        test = {"propensity": (truth + 0.05).tolist()}  # noqa: RUF012

    assert demo.against_truth(Evidence, truth) == pytest.approx({"ece": 0.05, "rank": 1.0})
    assert demo.against_truth(Evidence, truth + 0.05)["ece"] == pytest.approx(0.0)


def test_no_file_of_the_workspace_holds_a_true_probability(demo_made):
    truth, leads = demo_made.simulation.truth, demo_made.simulation.tables["leads"]["lead_id"]
    cutoffs = [published(demo_made.workspace)[0].manifest["cutoff"]]
    cutoffs += [int(at.timestamp()) for at in pd.date_range("2024-05-01", "2026-09-01", freq="MS", tz="UTC")]
    true = np.concatenate([truth.propensity(leads, at, 90) for at in cutoffs])
    true = np.unique(true[(true > 0.001) & (true < 0.999)])
    assert len(true) > 5000
    # Fewer decimals than twelve would meet some of these by chance: most are small, and there are thousands.
    digits = {f"{value:.15f}"[:14] for value in true}
    for path in demo_made.root.rglob("*"):
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            for name in table.column_names:
                if pa.types.is_floating(table.schema.field(name).type):
                    values = table.column(name).drop_null().to_numpy()
                    assert not np.isin(np.round(values, 12), np.round(true, 12)).any(), (path.name, name)
        elif path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            found = {text[at : at + 14] for at in range(len(text)) if text.startswith("0.", at)}
            assert found & digits == set(), path.name


def test_the_demo_holds_a_report_settings_and_tables_and_its_labels_are_words(demo_made):
    assert {path.name for path in demo_made.root.iterdir()} == {".tamis", "data", "tamis.toml"}
    assert len(list((demo_made.root / "data").iterdir())) == 9
    assert len(demo_made.shown["hottest"]) == 5
    sentences = [reason["text"] for row in demo_made.shown["hottest"] for reason in row["reasons"]]
    assert any(text.startswith("Licences planned") for text in sentences)


def test_a_folder_that_holds_something_else_is_never_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    for force in (False, True):
        with pytest.raises(UseError, match=r"expected a new or empty folder, found files\. Name another folder"):
            make(tmp_path, force=force)
    assert [path.name for path in tmp_path.rglob("*")] == ["thesis.txt"]


def test_a_demo_is_replaced_only_by_force(demo_copy):
    before = sorted(demo_copy.root.rglob("*"))
    with pytest.raises(UseError, match="Add --force to replace it"):
        make(demo_copy.root)
    assert sorted(demo_copy.root.rglob("*")) == before


def test_a_demo_whose_making_or_removal_was_interrupted_can_be_made_again(demo_copy, stopped, monkeypatch):
    def interrupted(path, *arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo.shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make(demo_copy.root, force=True)
    with pytest.raises(StopHereError):
        make(demo_copy.root, force=True)
    left = sorted(path.relative_to(demo_copy.root).as_posix() for path in demo_copy.root.rglob("*"))
    assert left == [".tamis", ".tamis/demo"]
    with pytest.raises(StopHereError):
        make(demo_copy.root, force=True)


def test_an_unknown_language_is_refused_before_anything_is_removed(demo_copy):
    before = sorted(demo_copy.root.rglob("*"))
    with pytest.raises(UseError, match="--lang: expected en or fr, found 'de'"):
        make(demo_copy.root, force=True, language="de")
    assert sorted(demo_copy.root.rglob("*")) == before


def test_a_demo_made_again_in_french_reads_in_french_from_end_to_end(
    demo_made, demo_copy, capsys, monkeypatch, read_html
):
    def kept(workspace, settings, **_):
        """The training of the demo itself: what is at stake here is what comes before and after it."""
        for name in ("mlflow.db", "artifacts"):
            source, target = demo_made.workspace.home / name, workspace.home / name
            shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
        return demo_made.trained

    monkeypatch.setattr(demo, "train", kept)
    monkeypatch.setenv("COLUMNS", "200")
    make(demo_copy.root, force=True, language="fr", leads=2500)

    shown = capsys.readouterr().out
    report = demo_copy.workspace.reports / "demo.fr.html"
    (run_,) = published(demo_copy.workspace)
    best = hottest(run_, demo_made.trained.model, 5, "fr")
    assert [row["lead_id"] for row in best] == [row["lead_id"] for row in demo_made.shown["hottest"]]
    for words in ("Les cinq leads les plus chauds", "désormais champion", f"tamis explain {best[0]['lead_id']}"):
        assert words in shown
    assert str(report) in shown
    sentences = [reason["text"] for row in best for reason in row["reasons"] if reason["points"] > 0]
    assert all(sentence in shown for sentence in sentences)
    assert "Face aux vraies probabilités" in read_html(report.read_text(encoding="utf-8")).words
    assert 'language = "fr"' in (demo_copy.root / "tamis.toml").read_text(encoding="utf-8")


def test_a_demo_too_small_to_predict_anything_ends_with_its_gates(demo_copy, monkeypatch):
    trained = demo_copy.trained
    refused = replace(trained, facts=replace(trained.facts, gates=("Not better than chance.",)))
    monkeypatch.setattr(demo, "train", lambda *_, **__: refused)
    with pytest.raises(GateError, match=r"^Not better than chance\.$"):
        make(demo_copy.root, force=True)
    assert published(demo_copy.workspace) == []
