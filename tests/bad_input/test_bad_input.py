"""Bad input ends in a plain sentence and the right exit code, and changes nothing that was there."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.bad_input import templates
from tests.bad_input.corpus import Case, Tried, attempt, fingerprints, tally
from tests.bad_input.every_case import CASES
from tests.bad_input.mended import MENDED


@pytest.fixture(scope="session")
def spoilable(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The workspaces that cases get copies of, made once."""
    folder = tmp_path_factory.mktemp("bad-input")
    return {kind: getattr(templates, kind)(folder / kind) for kind in ("bare", "worked")}


@pytest.mark.parametrize("case", [case for case in CASES if not case.is_wide], ids=lambda case: case.name)
def test_bad_input_is_told_plainly_and_changes_nothing(case: Case, spoilable: dict[str, Path], tmp_path: Path) -> None:
    tried = attempt(case, spoilable[case.template], tmp_path)
    shutil.rmtree(tmp_path / "workspace", ignore_errors=True)
    assert not tried.faults, f"{tried.faults}\n{tried.said}"


def test_the_harness_sees_what_it_is_there_for(spoilable: dict[str, Path], tmp_path: Path) -> None:
    wrong = Case("harness: a sound workspace", ("models",), 3, ("no such sentence",), template="worked")
    assert len(attempt(wrong, spoilable["worked"], tmp_path).faults) == 2
    before = fingerprints(spoilable["bare"])
    assert set(before) == {"data/leads.csv", "data/outcomes.csv", "tamis.toml"}


def test_cases_are_many_and_each_is_called_by_its_own_name() -> None:
    assert len(CASES) >= 150
    assert [name for name, n in Counter(case.name for case in CASES).items() if n > 1] == []
    assert set(MENDED) <= {case.name for case in CASES}
    held = [Tried(case, case.code, "", ()) for case in CASES]
    assert (tally(held)[-1].held, tally(held)[-1].mended) == (len(CASES), len(MENDED))
