"""Old score runs go where the settings say so, whole, and never one that something still needs."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import score_runs
from pipeline.handovers import in_force
from pipeline.page.places import home
from pipeline.retention import expendable, prune
from pipeline.score_runs import ScoreRun, newest, published
from pipeline.workspace import Workspace, write_text
from tests.crm.worlds.runs import DAY, NIGHT, publish, row


@pytest.fixture
def nights(tmp_path):
    """Forty nights from 2026-11-18 on, each with what the monitor found."""
    workspace = Workspace(tmp_path)
    for night in range(40):
        run = publish(workspace, [row("L1")], night=night)
        write_text(workspace.monitor / f"{run.run_id}.json", "{}")
    return workspace


def ids(workspace):
    return sorted(run.run_id for run in published(workspace))


def test_the_newest_and_the_first_of_each_month_stay(nights):
    gone = prune(nights, 3)
    assert ids(nights) == ["run-000", "run-013", "run-037", "run-038", "run-039"]
    assert len(gone) == 35
    assert sorted(path.stem for path in nights.monitor.iterdir()) == ids(nights)
    assert list((nights.home / "tmp").iterdir()) == []
    assert prune(nights, 3) == []


def test_nothing_is_removed_unless_the_settings_say_so(nights):
    assert prune(nights, 0) == []
    assert len(ids(nights)) == 40


def test_the_run_that_the_page_shows_stays_and_so_does_the_one_that_the_newest_is_compared_with(nights):
    (home(nights) / "run-020").mkdir(parents=True)
    # Scored again on the same tables: the one before is not the one to compare with.
    publish(nights, [row("L1")], night=39, run_id="run-039-2", scored_at=NIGHT + 39 * DAY + 900)
    prune(nights, 1)
    assert ids(nights) == ["run-000", "run-013", "run-020", "run-038", "run-039-2"]


def test_files_are_counted_apart_from_the_portfolio(nights):
    for night in range(3):
        publish(nights, [row("L1")], night=night, run_id=f"file-{night}", kind="file")
    prune(nights, 2)
    assert [name for name in ids(nights) if name.startswith("file")] == ["file-1", "file-2"]
    assert newest(nights, "portfolio").run_id == "run-039"


def test_while_a_model_is_trained_nothing_is_removed(nights):
    with nights.lock("train"):
        assert prune(nights, 3) == []
    assert len(ids(nights)) == 40


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=30), st.integers(1, 9))
def test_what_sales_saw_of_the_runs_that_stay_does_not_change(tmp_path_factory, nights, keep):
    """Looks back at a passed cutoff were never in force, and do not become so when a run between them goes."""
    root = tmp_path_factory.getbasetemp()
    facts = [
        {"run_id": f"r{n:02d}", "kind": "portfolio", "cutoff": NIGHT + cutoff * DAY, "scored_at": NIGHT + scored * DAY}
        for n, (cutoff, scored) in enumerate(nights)
    ]
    known = ("cutoff", "scored_at", "run_id")
    runs = [ScoreRun(root, one) for one in sorted(facts, key=lambda one: [one[name] for name in known], reverse=True)]
    gone = {run.run_id for run in expendable(runs, runs, keep)}
    left = [run for run in runs if run.run_id not in gone]
    assert runs[0] in left
    assert len(left) >= min(keep, len(runs))
    stayed = [run.run_id for run in in_force(runs) if run.run_id not in gone]
    assert [run.run_id for run in in_force(left)] == stayed


def test_a_run_that_goes_while_runs_are_listed_is_no_fault(nights, monkeypatch):
    original = score_runs._read_manifest

    def vanish(path):
        if path.parent.name == "run-005":
            shutil.rmtree(path.parent)
        return original(path)

    monkeypatch.setattr(score_runs, "_read_manifest", vanish)
    assert len(published(nights)) == 39


def test_score_removes_them_and_says_which(demo_made, tmp_path, tamis, monkeypatch):
    root = tmp_path / "demo"
    shutil.copytree(demo_made.root, root)
    workspace = Workspace(root)
    (first,) = published(workspace)
    for night in range(3):
        old = publish(workspace, [row("lead-1")], night=night - 400)
        assert old.manifest["cutoff"] < first.manifest["cutoff"]
    monkeypatch.setenv("TAMIS_LIMITS__KEEP_RUNS", "1")
    said = json.loads(tamis("score", "-w", root, "--json").out)
    # The oldest begins its month, the last is what tonight's is compared with, that of the demo begins this month.
    assert said["removed"] == ["run--399"]
    assert ids(workspace) == sorted(["run--400", "run--398", first.run_id, said["run_id"]])
