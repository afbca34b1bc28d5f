"""Names, e-mail addresses and telephone numbers are found where they belong, and nowhere else."""

import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pandas as pd
import pytest

from pipeline.cli import run_verb
from pipeline.forget.person import Person
from pipeline.forget.search import traces
from pipeline.workspace import Workspace
from tests import companies

PEOPLE = 5
LEAD = "L0405"
# Each canary is one that nothing else can hold; what is found says where it was planted.
NAME, MAIL, PHONE, TEXT = (
    "Zoé Kanari-{}",
    "zoe.kanari-{}@exemple-{}.fr",
    "+33 6 99 {:02d} 47 11",
    "Rappeler Kanari-{} au bureau",
)
# The index of the page and the list of leads are for people; quarantine and staging hold rows as the source has them.
BELONGS = ("page/", "staging/", "quarantine/")


class Planted:
    """Canaries by where they stand."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def put(self, frame: pd.DataFrame, column: str, text: str, rows: list[int] | None = None) -> None:
        """Write a canary into some rows of a column; each row has its own."""
        if column not in frame:
            frame[column] = ""
        frame[column] = frame[column].astype(object)
        for row in rows or range(len(frame)):
            number = len(self.texts)
            self.texts[f"{column}-{number}"] = canary = text.replace("{:02d}", f"{number % 90 + 10}").replace(
                "{}", f"{number}"
            )
            frame.loc[frame.index[row], column] = canary

    def found_in(self, text: str) -> list[str]:
        return [canary for canary in ("Kanari-", "kanari-", "+33 6 99", "exemple-") if canary in text]


def _company(planted: Planted) -> dict[str, pd.DataFrame]:
    given = companies.tables()
    leads, accounts = given["leads"], given["accounts"]
    planted.put(leads, "display_name", NAME)
    planted.put(leads, "email", MAIL)
    planted.put(leads, "phone", PHONE)
    planted.put(leads, "comment", TEXT)
    planted.put(leads, "Interlocuteur", NAME)  # nothing in its name says that it is about people
    planted.put(leads, "owner", NAME, [3, 9])
    planted.put(leads, "job_title", NAME, [400])
    planted.put(leads, "source", MAIL, [401])
    planted.put(accounts, "name", NAME)
    planted.put(accounts, "contact", MAIL)
    planted.put(given["events"], "channel", MAIL, [0, 1])
    planted.put(given["events"], "type", NAME, [2])
    planted.put(given["outcomes"], "lost_reason", TEXT)
    planted.put(given["stages"], "actor", NAME)
    planted.put(given["stages"], "reason", TEXT)
    planted.put(given["answers"], "answer", TEXT)
    planted.put(given["answers"], "criterion", NAME, [0])
    planted.put(given["changes"], "value", MAIL, [0, 1])
    planted.put(given["costs"], "source", NAME, [0])
    return given


@pytest.fixture(scope="module")
def planted() -> Planted:
    return Planted()


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for temporary files of its own, so that what is left there can be searched."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder


@pytest.fixture(scope="module")
def watched(planted: Planted, temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    """A workspace that did all its work on planted tables, errors included; and all that it said but dossiers."""
    root = tmp_path_factory.mktemp("canaries") / "workspace"
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        workspace = companies.worked(companies.write(root, _company(planted)))
        for words in (
            "check",
            "score",
            "push",
            "monitor --note note.html",
            "funnel --html funnel.html",
            "models --json",
        ):
            assert _verb(root, words) == 0, words
        for table, column, code in FAULTS:
            _spoil(root, planted, table, column)
            assert _verb(root, "score") == code, (table, column)
            (root / "data" / f"{table}.csv").rename(root / f"{table}.{column}.bad")
            (root / f"{table}.good").rename(root / "data" / f"{table}.csv")
        for words in ("score --as-of never", "score --leads no.csv", "explain nobody"):
            assert _verb(root, words) == 2
    for path in root.glob("*.bad"):
        path.unlink()
    return workspace, said.getvalue()


# Where an export that slipped by one column puts a name: into cells that must be times, numbers, answers.
FAULTS = [
    ("leads", "created_at", 3),
    ("leads", "opted_out", 3),
    ("events", "occurred_at", 3),
    ("events", "value", 3),
    ("outcomes", "outcome", 3),
    ("outcomes", "decided_at", 3),
    ("costs", "cost", 3),
]


def _spoil(root: Path, planted: Planted, table: str, column: str) -> None:
    path = root / "data" / f"{table}.csv"
    frame = pd.read_csv(path, dtype=str)
    path.rename(root / f"{table}.good")
    planted.put(frame, column, NAME, list(range(0, len(frame), 2)))
    frame.to_csv(path, index=False)


def _verb(root: Path, words: str) -> int:
    verb, *rest = words.split(" ")
    arguments = [str(root / word) if word.endswith((".html", ".csv")) else word for word in rest]
    return run_verb([verb, *arguments, "--log-json", "--workspace", str(root)])


def _files(workspace: Workspace) -> dict[str, Path]:
    found = (path for path in workspace.root.rglob("*") if path.is_file())
    return {path.relative_to(workspace.root).as_posix(): path for path in found}


def test_nothing_that_was_said_or_logged_names_anybody(planted: Planted, watched: tuple[Workspace, str]) -> None:
    _, said = watched
    assert len(said) > 10_000
    lines = [line for line in said.splitlines() if planted.found_in(line)]
    assert lines == []


def test_no_file_holds_anybody_but_those_that_must(planted: Planted, watched: tuple[Workspace, str]) -> None:
    workspace, _ = watched
    person = Person("Kanari-")
    # Whole words of any canary: the search that proves an erasure, with every canary's own beginning.
    held = {}
    for name, path in _files(workspace).items():
        if name.startswith("data/") or name.removeprefix(".tamis/").startswith(BELONGS):
            continue
        text = _decoded(path)
        if found := planted.found_in(text):
            held[name] = (found, [text[max(0, text.find(one) - 80) : text.find(one) + 30] for one in found])
    assert held == {}
    assert traces(workspace.home / "mlflow.db", person) == 0


def _decoded(path: Path) -> str:
    """What a file says, however it is kept."""
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
        return json.dumps(frame.astype(str).to_dict("list"), ensure_ascii=False) + str(path.read_bytes())
    content = path.read_bytes()
    texts = [content.decode("utf-8", "replace"), content.decode("utf-16", "ignore")]
    if path.suffix in (".json", ".html", ".svg", ".md"):
        texts.append(content.decode("unicode_escape", "ignore"))
    return "\n".join(texts)


def test_what_people_look_at_does_name_them(watched: tuple[Workspace, str], capsys: pytest.CaptureFixture[str]) -> None:
    workspace, _ = watched
    assert run_verb(["explain", LEAD, "--workspace", str(workspace.root)]) == 0
    assert "Kanari-" in capsys.readouterr().out
    assert any("Kanari-" in _decoded(path) for path in (workspace.home / "page").rglob("*.db"))


def test_no_temporary_file_is_left(temporary: Path, watched: tuple[Workspace, str]) -> None:
    workspace, _ = watched
    assert [path for path in temporary.rglob("*") if path.is_file()] == []
    assert list((workspace.home / "tmp").iterdir()) == []
    assert not [name for name in os.listdir(workspace.staging) if name.startswith((".new-", ".spill-"))]
