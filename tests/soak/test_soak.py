"""A short form of `python -m tests.soak`: each fault a few times, four nights."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fates import Fates
from tests.soak import faults, nights
from tests.soak.company import IMPORTED, Templates, half_published

pytestmark = pytest.mark.xdist_group("soak")


@pytest.fixture(scope="module")
def two_fates() -> Iterator[tuple[Fates, Fates]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        with Fates(*IMPORTED) as one, Fates(*IMPORTED) as other:
            yield one, other


@pytest.fixture(scope="module")
def soak(two_fates: tuple[Fates, Fates], tmp_path_factory: pytest.TempPathFactory) -> faults.Soak:
    folder = tmp_path_factory.mktemp("soak")
    return faults.Soak(Templates(folder), folder, *two_fates, verbs=("score", "push", "index"))


@pytest.mark.parametrize("verb", ["score", "push", "index"])
def test_killed_at_random_instants_and_run_again_it_ends_as_if_undisturbed(soak: faults.Soak, verb: str) -> None:
    for _ in range(3 if verb == "score" else 2):
        soak.kill(verb)
    assert [trial for trial in soak.tried if trial.wrong] == []
    assert sum(trial.verb == verb for trial in soak.tried) >= 2


@pytest.mark.parametrize("verb", ["score", "push", "index"])
def test_a_full_disk_and_two_at_once_are_told_plainly_and_leave_nothing(soak: faults.Soak, verb: str) -> None:
    soak.disk_full(verb, 0)
    soak.twice(verb)
    assert [trial for trial in soak.tried if trial.wrong] == []


def test_a_clock_that_was_set_back_does_no_harm(soak: faults.Soak) -> None:
    soak.clock_back("score", faults.BACK[0])
    soak.clock_back("push", faults.BACK[1])
    assert [trial for trial in soak.tried if trial.wrong] == []


def test_four_nights_leave_nothing_behind(two_fates: tuple[Fates, Fates], soak: faults.Soak, tmp_path: Path) -> None:
    lived = list(nights.nights(tmp_path / "company", 4, two_fates[0], trained=soak.made.trained))
    assert nights.grown(lived) == []
    assert {night.fault for night in lived} != {"none"}


def test_the_harness_sees_what_it_is_there_for(soak: faults.Soak, tmp_path: Path) -> None:
    root = tmp_path / "spoilt"
    shutil.copytree(soak.made.scored, root)
    assert half_published(root) == []
    (run, *_) = sorted((root / ".tamis" / "scores").iterdir())
    (run / "manifest.json").unlink()
    (index,) = (root / ".tamis" / "page" / "runs").iterdir()
    (index / "index.db").write_bytes(b"")
    assert [fault.split(" ")[0] for fault in half_published(root)] == ["score", "index"]
    night = nights.Night(1, "none", 100.0, 10, 2, dict.fromkeys(nights.PLACES, 0), [])
    later = nights.Night(2, "none", 200.0, 11, 30, {**dict.fromkeys(nights.PLACES, 0), "tmp": 1}, ["told"])
    assert len(nights.grown([night, night, night, later])) == 5
    assert faults.plainly({"signal": 0, "code": 1, "said": "Traceback"}) != []
