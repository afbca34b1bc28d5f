"""Four processes on one fresh workspace, a workspace that was moved, and one that was restored from a copy."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline.settings_file import load
from pipeline.tracking import Registry
from pipeline.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
RUN = "import sys; from pipeline.cli import run_verb; sys.exit(run_verb(sys.argv[1:]))"


def start(workspace, *words):
    # As a scheduler would: a process of its own, one thread.
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", RUN, *words, "--workspace", str(workspace.root), "--json"]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_four_processes_on_one_fresh_workspace_leave_it_sound(first_champion, tmp_path, history, grown, tamis):
    """Nothing but tables and settings: no store, no champion; each verb ends with its own code, never with a bug."""
    fresh = Workspace(tmp_path / "fresh")
    shutil.copytree(first_champion.root / "data", fresh.root / "data")
    shutil.copyfile(first_champion.root / "tamis.toml", fresh.root / "tamis.toml")
    table = history(900)
    table.loc[700:, "outcome"] = ""
    grown(fresh, table)
    running = {verb: start(fresh, verb) for verb in ("train", "retrain", "score", "models")}
    ended = {verb: (process.communicate(), process.returncode) for verb, process in running.items()}
    codes = {verb: code for verb, (_, code) in ended.items()}
    # One of the two trainings holds the lock; there may be no champion to score with yet.
    assert sorted([codes["train"], codes["retrain"]]) in ([0, 0], [0, 4], [0, 5]), ended
    assert codes["score"] in (0, 2), ended
    assert codes["models"] == 0, ended
    for (out, _), _ in ended.values():
        assert json.loads(out)
    registry = Registry(fresh, load(fresh.root).registry)
    assert [version.number for version in registry.versions() if "champion" in version.aliases] == [1]
    registry.load("champion")
    assert list((fresh.home / "tmp").iterdir()) == []
    for verb in ("score", "monitor", "models"):
        assert tamis(verb, "-w", fresh.root, "--json").code == 0


def test_a_moved_workspace_and_one_restored_from_a_copy_go_on(aged, tmp_path, history, grown, tamis):
    table = history(1300)
    table.loc[1100:, "outcome"] = ""
    grown(aged, table)
    assert tamis("score", "-w", aged.root, "--json").code == 0
    saved = tmp_path / "saved"
    shutil.copytree(aged.root, saved)
    first = json.loads(tamis("monitor", "-w", aged.root, "--json").out)
    moved = aged.root.rename(tmp_path / "elsewhere")
    there = json.loads(tamis("monitor", "-w", moved, "--json").out)
    same = {"looked_at", "path"}
    assert {k: v for k, v in there.items() if k not in same} == {k: v for k, v in first.items() if k not in same}
    # The disk of the moved one dies; the copy takes its place and goes on where it stood.
    shutil.rmtree(moved)
    saved.rename(moved)
    assert tamis("retrain", "-w", moved, "--json").code in (0, 4)
    assert tamis("score", "-w", moved, "--json").code == 0
    versions = json.loads(tamis("models", "-w", moved, "--json").out)["versions"]
    assert [version["number"] for version in versions] == [2, 1]
