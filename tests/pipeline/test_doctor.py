"""`tamis doctor`: what is sound, what is not, and what to do about it; it changes nothing."""

import importlib.metadata
import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline import doctor
from pipeline.settings import Settings
from pipeline.settings_template import render


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tamis.toml").write_text(render(Settings()), encoding="utf-8")
    return tmp_path


def states(tamis, root: Path) -> dict[str, tuple[str, str]]:
    findings = json.loads(tamis("doctor", "-w", root, "--json").out)["findings"]
    return {finding["what"]: (finding["state"], finding["text"]) for finding in findings}


def test_a_sound_installation_and_workspace_are_all_ok(tamis, root) -> None:
    said = tamis("doctor", "-w", root)
    assert (said.code, said.err) == (0, "")
    assert "features, models, pipeline from one checkout" in said.out
    found = states(tamis, root)
    assert {state for state, _ in found.values()} == {"ok"}
    assert found["mlflow"] == ("ok", importlib.metadata.version("mlflow"))
    assert {path.name for path in root.iterdir()} == {"tamis.toml"}


def test_outside_a_workspace_only_the_installation_is_judged(tamis, tmp_path) -> None:
    said = tamis("doctor", "-w", tmp_path)
    assert said.code == 0
    assert "no tamis.toml here; 'tamis init' writes one" in said.out


def test_a_fault_in_the_settings_is_shown_with_its_place(tamis, root) -> None:
    (root / "tamis.toml").write_text("[treshold]\n")
    said = tamis("doctor", "-w", root)
    assert said.code == 2
    assert "[treshold]: unknown section. Did you mean 'threshold'?" in said.out
    assert "checks failed: settings." in said.err


def test_faults_as_json_are_one_object(tamis, root) -> None:
    (root / "tamis.toml").write_text("[treshold]\n")
    said = tamis("doctor", "-w", root, "--json")
    assert said.code == 2
    assert json.loads(said.out)["faults"] == 1


def test_a_file_in_place_of_our_folder_is_a_fault(tamis, root) -> None:
    (root / ".tamis").write_text("not a folder")
    assert states(tamis, root)["rights"] == ("fault", "cannot be written; correct its rights")


def test_a_folder_that_may_not_be_written_is_a_fault(tamis, root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "os", SimpleNamespace(access=lambda *_: False, W_OK=2))
    assert states(tamis, root)["rights"][0] == "fault"


def test_a_disk_that_is_nearly_full_is_a_warning(tamis, root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1024**3))
    assert states(tamis, root)["disk"] == ("warning", "1.0 GB free; scoring may spill 2 GB")


def test_a_library_that_is_not_there_is_a_fault(tamis, root, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "duckdb":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = states(tamis, root)
    assert found["duckdb"] == ("fault", "not installed; run 'make demo' or 'pip install -e .'")
    assert found["narwhals"][0] == "ok"


def test_an_old_python_is_a_fault(tamis, root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "sys", SimpleNamespace(version_info=(3, 10)))
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.10.1")
    assert states(tamis, root)["python"] == ("fault", "3.10.1; needs 3.11 or newer")


def test_another_distribution_with_our_package_names_is_a_fault(tamis, root, monkeypatch) -> None:
    monkeypatch.setattr(importlib.metadata, "packages_distributions", lambda: {"models": ["tamis", "other-models"]})
    state, text = states(tamis, root)["packages"]
    assert state == "fault"
    assert "other-models also installs" in text


def test_packages_from_several_folders_are_a_fault(tamis, root, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str, *rest: object) -> object:
        return SimpleNamespace(origin="/elsewhere/models/__init__.py") if name == "models" else real(name)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    state, text = states(tamis, root)["packages"]
    assert (state, "different folders" in text) == ("fault", True)
    assert "models" in sys.modules
