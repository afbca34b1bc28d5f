"""The workspace: one writer at a time, results all or nothing, and plain words where the disk refuses."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from features.errors import OutsideError, UseError
from pipeline import workspace as rooms
from pipeline.workspace import Workspace, ensure_writable, publish, write_text

HOLD = """
import sys
from pathlib import Path
from pipeline.workspace import Workspace
with Workspace(Path(sys.argv[1])).lock("train"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "crm")


def held_elsewhere(place: Workspace) -> subprocess.Popen[str]:
    """Another process that holds the lock until its stdin ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_holder_is_refused_until_the_first_lets_go_or_dies(place: Workspace) -> None:
    with held_elsewhere(place) as other:
        with pytest.raises(OutsideError, match="Expected one 'tamis train' at a time"), place.lock("train"):
            pytest.fail("two held the lock")
        with place.lock("score"):  # another name is another lock
            pass
        other.kill()
        other.communicate()
    with place.lock("train"):
        pass


def test_who_waits_gets_the_lock_when_it_is_free(place: Workspace) -> None:
    with held_elsewhere(place) as other:
        assert other.stdin is not None
        other.stdin.close()
        with place.lock("train", wait=True):
            assert other.wait(10) == 0


def test_a_lock_is_freed_by_an_error_inside(place: Workspace) -> None:
    with pytest.raises(RuntimeError), place.lock("train"):
        raise RuntimeError
    with place.lock("train"):
        pass


def test_a_scratch_folder_is_private_and_gone_afterwards(place: Workspace) -> None:
    with place.scratch() as first, place.scratch() as second:
        assert first != second
        (first / "x").write_text("x")
    with pytest.raises(RuntimeError), place.scratch() as third:
        raise RuntimeError
    assert not any(path.exists() for path in (first, second, third))
    assert place.home in first.parents


def test_the_scratch_folder_of_a_killed_process_goes_with_the_next_one_and_that_of_a_living_one_stays(
    place: Workspace,
) -> None:
    command = [sys.executable, "-c", HOLD.replace('lock("train")', "scratch()"), str(place.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        (theirs,) = (place.home / "tmp").iterdir()
        (theirs / "much").write_text("x")
        with place.scratch():
            assert (theirs / "much").exists()
        other.kill()
        other.communicate()
    assert theirs.exists()
    with place.scratch() as mine:
        assert list((place.home / "tmp").iterdir()) == [mine]


def test_a_new_workspace_is_made_and_keeps_no_probe(place: Workspace) -> None:
    ensure_writable(place)
    ensure_writable(place)
    assert list(place.root.rglob("*")) == [place.home]


@pytest.mark.parametrize("blocker", ["crm", "crm/.tamis"])
def test_a_file_in_place_of_the_folder_is_told_in_plain_words(place: Workspace, tmp_path: Path, blocker: str) -> None:
    path = tmp_path / blocker
    path.parent.mkdir(exist_ok=True)
    path.write_text("not a folder")
    with pytest.raises(UseError, match=r"expected a folder that can be written, found: .*Choose another --workspace"):
        ensure_writable(place)


def test_everything_that_tamis_writes_stands_under_one_folder(place: Workspace) -> None:
    for path in (place.staging, place.quarantine, place.scores, place.reports, place.locks):
        assert path.parent == place.home


def built(tmp_path: Path, content: str) -> Path:
    folder = tmp_path / "building"
    (folder / "rows").mkdir(parents=True)
    (folder / "rows" / "part").write_text(content)
    return folder


def test_a_result_becomes_visible_by_one_rename_after_all_its_bytes_are_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    building, final, order = built(tmp_path, "x"), tmp_path / "scores" / "run-1", []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        order.append((Path(os.readlink(f"/proc/self/fd/{descriptor}")).name, final.exists()))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    publish(building, final)
    assert order == [("rows", False), ("part", False), ("building", False), ("scores", True)]
    assert (final / "rows" / "part").read_text() == "x"
    assert not building.exists()


def test_a_published_result_is_never_replaced(tmp_path: Path) -> None:
    final = tmp_path / "scores" / "run-1"
    publish(built(tmp_path, "first"), final)
    second = built(tmp_path, "second")
    with pytest.raises(OutsideError, match=re.escape("run-1: could not be published: Directory not empty. Nothing")):
        publish(second, final)
    assert (final / "rows" / "part").read_text() == "first"
    assert second.is_dir()


@pytest.mark.parametrize("moment", ["_sync", "replace"])
def test_a_write_that_is_interrupted_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    path = write_text(tmp_path / "deep" / "tamis.toml", "old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rooms if moment == "_sync" else Path, moment, interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_text(path, "new")
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]
    assert write_text(path, "été").read_text(encoding="utf-8") == "été"


def test_a_full_disk_is_told_in_plain_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_text(tmp_path / "report.html", "old")

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rooms, "_sync", full)
    with pytest.raises(UseError, match=r"report\.html: could not be written: No space left on device"):
        write_text(path, "new")
    assert path.read_text() == "old"
