"""Every notebook runs from its first cell to its last on the demo of a small company, and draws what it promises."""

import re
import warnings
from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient

from tests.demos import Demo

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.py"))


def test_there_are_five_stories() -> None:
    assert NOTEBOOKS == ["01_explore.py", "02_features.py", "03_threshold.py", "04_explanations.py", "05_quarter.py"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(name: str, demo_made: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAMIS_NOTEBOOKS", str(demo_made.root))
    monkeypatch.setenv("TAMIS_LIMITS__THREADS", "1")
    monkeypatch.setenv("TAMIS_MODEL__FOLDS", "2")
    notebook = jupytext.read(FOLDER / name)
    with warnings.catch_warnings():
        # Of the kernel's own plumbing, not of ours.
        warnings.simplefilter("ignore")
        where = {"metadata": {"path": str(FOLDER)}}
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    plots = sum("image/png" in output.get("data", {}) for output in outputs)
    assert plots == len(re.findall(r"^plt\.show\(\)", (FOLDER / name).read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert plots >= 2


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_asks_a_question_and_defines_nothing_big(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    title = re.search(r"^# # (.+)$", text, flags=re.MULTILINE)
    assert title is not None
    assert title[1].endswith("?")
    assert text.count("\ndef ") <= 1
    assert "class " not in text
