"""The registry on its embedded store: versions, aliases, gates, history, integrity, serving."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from features.errors import DataError, GateError, OutsideError, UseError
from models.lead_model import LeadModel
from pipeline.settings import RegistrySettings
from pipeline.tracking import Registry, Version
from pipeline.workspace import Workspace

NOON = 1_790_000_000


@pytest.fixture
def registry(workspace: Workspace) -> Registry:
    return Registry(workspace, RegistrySettings())


def save(registry: Registry, model: LeadModel, gates: str = "passed", **other: object) -> Version:
    given = {
        "parameters": {"seed": 7, "learning_rate": 0.1},
        "figures": {"auc": 0.81, "log_loss": 0.27},
        "artifacts": {"evidence.json": '{"auc": 0.81}', "plots/gain.png": b"\x89PNG", "report.html": "<p>é</p>"},
        "card": "# Modèle",
        "lineage": {"source": "a1b2", "code": "0.1.0"},
        "tags": {"gates": gates},
    }
    return registry.save(model.dump(), **{**given, **other})  # type: ignore[arg-type]


def move(at: int = NOON) -> dict[str, object]:
    return {"by": "ana", "why": "quarterly review", "at": at}


def test_a_saved_model_comes_back_byte_for_byte_with_its_evidence(registry, small_model, small_frame):
    saved = save(registry, small_model)

    version, files = Registry(registry.workspace, RegistrySettings()).load("challenger")

    assert version == saved
    assert files == small_model.dump()
    assert (LeadModel.load(files).propensity(small_frame) == small_model.propensity(small_frame)).all()
    assert (version.number, version.aliases, version.refusal) == (1, ("challenger",), None)
    assert version.figures == {"auc": 0.81, "log_loss": 0.27}
    assert version.tags["lineage.source"] == "a1b2"
    assert version.card == "# Modèle"
    assert registry.artifact(version, "plots/gain.png") == b"\x89PNG"
    assert registry.artifact(version, "report.html").decode() == "<p>é</p>"


def test_saving_and_loading_print_nothing_and_touch_nothing_but_the_workspace(
    registry, small_model, tmp_path, monkeypatch, capfd
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    save(registry, small_model)
    registry.promote(1, **move())
    registry.load("champion")
    assert list(elsewhere.iterdir()) == []
    assert list((registry.workspace.home / "tmp").iterdir()) == []
    assert "MLFLOW_TRACKING_URI" not in os.environ
    assert capfd.readouterr() == ("", "")


def test_a_missing_artifact_is_refused_with_the_names_of_those_that_exist(registry, small_model):
    with pytest.raises(UseError, match=r"no evidence 'gain.png'. Known: evidence.json, plots/gain.png, report"):
        registry.artifact(save(registry, small_model), "gain.png")


def test_an_unknown_model_is_refused_with_what_exists(registry, small_model):
    with pytest.raises(UseError, match=r"'champion' is not in the MLflow store in .tamis. .* 'tamis train'"):
        registry.load("champion")
    save(registry, small_model)
    with pytest.raises(UseError, match=r"Model 7 is not in .* Known versions: 1 \(challenger\)\."):
        registry.get(7)
    assert registry.find("champion") is None


def test_versions_come_newest_first_and_only_the_newest_is_challenger(registry, small_model):
    for _ in range(3):
        save(registry, small_model)
    assert [(item.number, item.aliases) for item in registry.versions()] == [(3, ("challenger",)), (2, ()), (1, ())]


def test_more_than_a_hundred_parameters_are_kept(registry, small_model):
    version = save(registry, small_model, parameters={f"p{i:03d}": i for i in range(250)})
    with sqlite3.connect(registry.workspace.home / "mlflow.db") as connection:
        count = connection.execute("SELECT count(*) FROM params WHERE run_uuid = ?", (version.run_id,)).fetchone()
    assert count == (250,)


def test_a_model_refused_by_the_gates_is_promoted_only_by_force(registry, small_model):
    save(registry, small_model, gates="refused: ECE 0.12 above 0.05")
    with pytest.raises(GateError, match=r"refused by the gates: ECE 0\.12 above 0\.05"):
        registry.promote(1, **move())
    assert registry.find("champion") is None
    assert registry.promote(1, **move(), force=True).aliases == ("champion",)


def test_promotion_is_recorded_and_rollback_walks_back_one_champion_at_a_time(registry, small_model):
    for number in (1, 2, 3):
        save(registry, small_model)
        registry.promote(number, **move(NOON + number))
    assert registry.promote("champion", **move()).number == 3, "promoting the champion changes nothing"

    assert registry.rollback(by="luc", why="complaints", at=NOON + 9).number == 2
    assert registry.rollback(by="luc", why="again", at=NOON + 10).number == 1
    with pytest.raises(UseError, match="No earlier champion"):
        registry.rollback(by="luc", why="once more", at=NOON + 11)

    seen = [(item.number, item.previous, item.at - NOON, item.by, item.is_rollback) for item in registry.history()]
    assert seen == [
        (1, None, 1, "ana", False),
        (2, 1, 2, "ana", False),
        (3, 2, 3, "ana", False),
        (2, 3, 9, "luc", True),
        (1, 2, 10, "luc", True),
    ]


def test_a_failure_while_saving_leaves_no_version(registry, small_model):
    files = small_model.dump()
    with pytest.raises(DataError, match=r"model.json"):
        save(registry, SimpleNamespace(dump=lambda: {**files, "model.json": b"{"}))
    assert registry.versions() == []
    with sqlite3.connect(registry.workspace.home / "mlflow.db") as connection:
        assert connection.execute("SELECT status FROM runs").fetchall() == [("FAILED",)]


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (lambda path: path.write_text(path.read_text() + " "), "model.json changed"),
        (lambda path: path.unlink(), "model.json missing"),
        (lambda path: path.with_name("extra.txt").write_text("tree"), "extra.txt unknown"),
    ],
)
def test_files_that_were_touched_are_refused(registry, small_model, harm, found):
    save(registry, small_model)
    (path,) = (registry.workspace.home / "artifacts").rglob("artifacts/model.json")
    harm(path)
    with pytest.raises(DataError, match=f"version 1: expected the files that were saved, found {found}"):
        registry.load(1)


def test_a_model_that_tamis_did_not_save_is_refused(registry, small_model):
    save(registry, small_model)
    with sqlite3.connect(registry.workspace.home / "mlflow.db") as connection:
        connection.execute("DELETE FROM model_version_tags WHERE key = 'files'")
    with pytest.raises(DataError, match="expected a model that Tamis saved"):
        registry.load(1)


def test_nothing_kept_is_a_pickle_or_names_a_path_of_this_machine(registry, small_model):
    save(registry, small_model)
    kept = [path for path in (registry.workspace.home / "artifacts").rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} == {"", ".bin", ".html", ".json", ".png", ".py", ".txt", ".yaml"}
    for path in kept:
        assert str(registry.workspace.root).encode() not in path.read_bytes(), path.name
        assert b"pickle\n" not in path.read_bytes(), path.name


def test_a_moved_workspace_still_loads(registry, small_model, tmp_path):
    save(registry, small_model)
    registry.promote(1, **move())
    new = tmp_path / "déplacé #1 à 50 %" / "crm"
    new.parent.mkdir()
    registry.workspace.root.rename(new)

    moved = Registry(Workspace(new), RegistrySettings())

    version, files = moved.load("champion")
    assert files == small_model.dump()
    assert moved.artifact(version, "evidence.json") == b'{"auc": 0.81}'
    save(moved, small_model)
    assert moved.load("challenger")[1] == files
    assert not registry.workspace.root.exists()
    with sqlite3.connect(new / ".tamis" / "mlflow.db") as connection:
        dump = "\n".join(connection.iterdump())
    assert registry.workspace.home.as_uri() not in dump


def test_the_served_model_answers_as_the_model_in_a_fresh_process(registry, small_model, small_frame, tmp_path):
    save(registry, small_model)
    registry.promote(1, **move())
    save(registry, small_model)
    small_frame.to_json(tmp_path / "rows.json")
    script = """
import sys, mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
champion = mlflow.pyfunc.load_model("models:/tamis@champion")
challenger = mlflow.pyfunc.load_model("models:/tamis@challenger")
rows = pd.read_json(sys.argv[2])
full = champion.predict(rows)
assert full.equals(challenger.predict(rows))
assert list(champion.predict(rows, params={"explain": False})) == list(full)[:6]
assert [item.name for item in champion.metadata.get_output_schema()] == list(full)
full.to_json(sys.argv[3], double_precision=15)
"""
    arguments = [sys.executable, "-c", script, registry.uri, tmp_path / "rows.json", tmp_path / "answer.json"]
    quiet = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "PYTHONWARNINGS": "ignore"}
    subprocess.run(arguments, check=True, cwd=tmp_path, env=quiet, timeout=120)

    got = pd.read_json(tmp_path / "answer.json")
    assert got["propensity"].to_numpy() == pytest.approx(small_model.propensity(small_frame), abs=1e-14)
    assert got["decision"].to_list() == small_model.decide(got["propensity"])["decision"].to_list()
    points = got.filter(like="points.")
    assert list(points) == ["points." + name for name in small_model.names]
    total = got["reference_propensity"] + points.sum(axis=1) / 100
    assert total.to_numpy() == pytest.approx(got["propensity"].to_numpy(), abs=1e-9)


def test_a_broken_database_is_told_in_one_sentence(workspace):
    (workspace.home / "mlflow.db").write_text("this is no database, and long enough to be looked at")
    with pytest.raises(OutsideError, match=r"\.tamis/mlflow\.db: expected an MLflow database"):
        Registry(workspace, RegistrySettings()).versions()


def test_a_database_of_another_mlflow_says_how_to_upgrade(workspace):
    with sqlite3.connect(workspace.home / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    with pytest.raises(OutsideError, match=r"Another version of MLflow wrote .* 'mlflow db upgrade"):
        Registry(workspace, RegistrySettings()).versions()


def test_the_name_of_the_model_may_hold_an_apostrophe(workspace, small_model):
    registry = Registry(workspace, RegistrySettings(name="l'atelier"))
    assert save(registry, small_model).number == 1


def test_a_version_deleted_by_hand_is_passed_over_by_rollback(registry, small_model):
    for number in (1, 2, 3):
        save(registry, small_model)
        registry.promote(number, **move())
    shutil.copy(registry.workspace.home / "mlflow.db", registry.workspace.home / "copy.db")
    with sqlite3.connect(registry.workspace.home / "mlflow.db") as connection:
        connection.execute("DELETE FROM model_version_tags WHERE version = 2")
        connection.execute("DELETE FROM model_versions WHERE version = 2")
    assert registry.rollback(**move()).number == 1


def test_the_digest_on_record_is_the_sha256_of_the_file(registry, small_model):
    version = save(registry, small_model)
    (path,) = (registry.workspace.home / "artifacts").rglob("artifacts/model.json")
    assert json.loads(version.tags["files"])["model.json"] == hashlib.sha256(Path(path).read_bytes()).hexdigest()
