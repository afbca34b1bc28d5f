"""Every notebook runs from its first cell to its last on the demo of a small company, and draws what it promises."""

import re
import warnings
from collections.abc import Iterator

import pytest
from jupyter_client.manager import KernelManager

from docs.notebooks import FOLDER, run, started
from tests.demos import Demo

NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.py"))


def test_there_are_five_stories() -> None:
    assert NOTEBOOKS == ["01_explore.py", "02_features.py", "03_threshold.py", "04_explanations.py", "05_quarter.py"]


@pytest.fixture(scope="module")
def kernel(demo_made: Demo) -> Iterator[KernelManager]:
    """One kernel for all: what they import and read is the same, and dear."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the kernel's own plumbing, not of ours
        patch.setenv("TAMIS_NOTEBOOKS", str(demo_made.root))
        patch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # the tests' own draws nothing
        patch.setenv("TAMIS_LIMITS__THREADS", "1")
        patch.setenv("TAMIS_MODEL__FOLDS", "2")
        with started() as manager:
            yield manager


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(name: str, kernel: KernelManager) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the same
        notebook = run(FOLDER / name, kernel)
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
