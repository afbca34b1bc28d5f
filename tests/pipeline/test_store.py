"""The embedded store: made once, whole, by one of several processes; found after the folder moved."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from features.errors import OutsideError
from pipeline import store
from pipeline.settings import RegistrySettings
from pipeline.tracking import Registry
from pipeline.workspace import Workspace

OPEN = """
import sys
from pathlib import Path
from pipeline.settings import RegistrySettings
from pipeline.tracking import Registry
from pipeline.workspace import Workspace
assert Registry(Workspace(Path(sys.argv[1])), RegistrySettings()).versions() == []
"""


def start(root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", OPEN, root], stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def test_processes_that_start_together_on_a_fresh_workspace_make_one_sound_store(tmp_path):
    started = [start(tmp_path) for _ in range(3)]
    assert [process.communicate(timeout=120) for process in started] == [(b"", b"")] * 3
    assert [process.returncode for process in started] == [0, 0, 0]
    with sqlite3.connect(tmp_path / ".tamis" / "mlflow.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_process_killed_while_it_makes_the_store_harms_no_later_start(tmp_path):
    process = start(tmp_path)
    deadline = time.monotonic() + 60
    while not [path for path in tmp_path.rglob("tmp/*/mlflow.db") if path.stat().st_size > 100_000]:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert not (tmp_path / ".tamis" / "mlflow.db").exists()

    assert Registry(Workspace(tmp_path), RegistrySettings()).versions() == []


def test_an_empty_file_counts_as_no_store(tmp_path, mlflow_template):
    workspace = Workspace(tmp_path)
    workspace.home.mkdir()
    (workspace.home / "mlflow.db").touch()
    called = []

    def migrate(uri: str) -> None:
        called.append(uri)
        (next((workspace.home / "tmp").iterdir()) / "mlflow.db").write_bytes(mlflow_template.read_bytes())

    store.ensure(workspace, migrate)
    store.ensure(workspace, migrate)
    assert len(called) == 1


def test_a_migration_that_fails_leaves_nothing(tmp_path):
    workspace = Workspace(tmp_path)

    def migrate(uri: str) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OutsideError, match="No space left on device"):
        store.ensure(workspace, migrate)
    assert [path.name for path in workspace.home.iterdir() if path.is_file()] == []


def locations(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        return [
            row[0] for row in connection.execute("SELECT artifact_location FROM experiments ORDER BY experiment_id")
        ]


def test_only_locations_inside_a_workspace_are_rewritten(workspace):
    path = workspace.home / "mlflow.db"
    kept = ["s3://bucket/.tamis/artifacts", "file:///elsewhere/mlruns/0", "file:///old/.tamis/artifacts-of-mine"]
    moved = ["file:///old/.tamis/artifacts", "file:///older%20one/.tamis/artifacts/team"]
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM experiments")
        for number, location in enumerate(kept + moved):
            connection.execute(
                "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, workspace) "
                "VALUES (?, ?, ?, 'active', 'default')",
                (number, f"name {number}", location),
            )

    assert store.relocate(path, workspace) == 2

    here = store.artifacts_uri(workspace)
    assert locations(path) == [*kept, here, f"{here}/team"]
    assert store.relocate(path, workspace) == 0


def test_a_relative_and_an_absolute_workspace_are_the_same_store(workspace, monkeypatch):
    monkeypatch.chdir(workspace.root.parent)
    assert store.database(Workspace(Path("workspace"))) == store.database(workspace)
    assert store.artifacts_uri(Workspace(Path("workspace"))) == store.artifacts_uri(workspace)
