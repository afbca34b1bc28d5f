"""The index that the page shows: found, opened for each thread, and exchanged when a newer one stands beside it."""

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from models.few_rows import for_few_rows
from models.lead_model import LeadModel
from pipeline import reviews
from pipeline.page.index_tables import CHOICES, FORMAT
from pipeline.page.kept import Sheets
from pipeline.page.places import home
from pipeline.page.sheets import SHEETS
from pipeline.score_runs import ScoreRun, portfolio
from pipeline.workspace import Workspace

State = Literal["none", "unfinished", "behind", "stale", "fresh"]
LOOK_SECONDS = 1.0
CACHE_KIB = 2048
QUIET_SECONDS = 600


class Index:
    """One index, as long as the page shows it.

    Parameters
    ----------
    path : pathlib.Path
        Its folder.
    reviews_path : pathlib.Path
        Database of reviews, which queries see as ``reviews``.
    """

    def __init__(self, path: Path, reviews_path: Path) -> None:
        self.path = path
        self.stamp = _stamp(path)
        self.about: dict[str, Any] = json.loads((path / "about.json").read_text(encoding="utf-8"))
        self.run: dict[str, Any] = self.about["run"]
        self._reviews = reviews_path
        self._own = threading.local()

    def is_there(self) -> bool:
        """Whether it still stands in its place: an erasure takes it away, and another one may be made."""
        try:
            return _stamp(self.path) == self.stamp
        except OSError:
            return False

    @property
    def connection(self) -> sqlite3.Connection:
        """Connection of the thread that asks; nothing can be written through it."""
        if not hasattr(self._own, "connection"):
            self._own.connection = self.connect()
        found: sqlite3.Connection = self._own.connection
        return found

    def connect(self) -> sqlite3.Connection:
        """Open another connection, for whoever reads long and in several threads, one after the other."""
        address = f"file:{quote(str((self.path / 'index.db').resolve()))}?mode=ro&immutable=1"
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        if (sheets := self.path / SHEETS).is_file():
            connection.execute("ATTACH ? AS sheets", (f"file:{quote(str(sheets.resolve()))}?mode=ro&immutable=1",))
        connection.execute("ATTACH ? AS reviews", (f"file:{quote(str(self._reviews.resolve()))}?mode=ro",))
        connection.execute("PRAGMA busy_timeout = 5000")
        return connection

    @cached_property
    def _sheets(self) -> Sheets | None:
        return Sheets(lambda: self.connection) if (self.path / SHEETS).is_file() else None

    def kept(self, run: ScoreRun, row: Mapping[str, Any]) -> ScoreRun:
        """A run with what the index keeps of one of its leads, given the lead's row of the index."""
        return run if self._sheets is None else self._sheets.kept(run, row["lead_id"], row["line"])

    @cached_property
    def choices(self) -> dict[str, list[tuple[int, str, int]]]:
        """By filter: number, text and leads to call of each choice, the most frequent first."""
        found: dict[str, list[tuple[int, str, int]]] = {name: [] for name in CHOICES}
        for row in self.connection.execute("SELECT name, id, text, n_call FROM choice ORDER BY n_call DESC, text"):
            found[row["name"]].append((row["id"], row["text"], row["n_call"]))
        return found

    def text(self, name: str, number: int | None) -> str | None:
        """What a choice says."""
        return None if number is None else self._texts[name][number]

    def number(self, name: str, text: str) -> int | None:
        """The choice that says this; None where no lead has it."""
        return self._numbers[name].get(text)

    @cached_property
    def _texts(self) -> dict[str, dict[int, str]]:
        return {name: {number: text for number, text, _ in rows} for name, rows in self.choices.items()}

    @cached_property
    def _numbers(self) -> dict[str, dict[str, int]]:
        return {name: {text: number for number, text, _ in rows} for name, rows in self.choices.items()}

    @cached_property
    def model(self) -> LeadModel:
        """What scored the run, for a few leads at a time."""
        files = {path.name: path.read_bytes() for path in (self.path / "model").iterdir()}
        return for_few_rows(LeadModel.load(files))


def _stamp(path: Path) -> tuple[int, int]:
    """Tells an index from one of the same run that took its place."""
    status = (path / "about.json").stat()
    return status.st_ino, status.st_mtime_ns


class Library:
    """Gives the newest index.

    Parameters
    ----------
    workspace : Workspace
        Whose.
    stale_hours : float
        Age of the scores from which they are old.
    """

    def __init__(self, workspace: Workspace, stale_hours: float) -> None:
        self.workspace = workspace
        self._stale_s = 3600 * stale_hours
        self._reviews = reviews.prepare(workspace)
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._looked = float("-inf")
        self._runs: tuple[int, list[ScoreRun]] = (-1, [])

    def current(self) -> Index | None:
        """The newest index; None where there is none yet."""
        with self._lock:
            if time.monotonic() - self._looked > LOOK_SECONDS:
                self._look()
                self._looked = time.monotonic()
            return self._index

    def _look(self) -> None:
        folder = home(self.workspace)
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        if self._index is not None and not self._index.is_there():
            # Nobody who was erased is shown from a file that has no name any more.
            self._index = None
        if self._index is not None and len(names) == 1:
            return
        found = []
        for name in names:
            # One that is being exchanged is gone by now.
            with contextlib.suppress(OSError, ValueError):
                found.append(Index(folder / name, self._reviews))
        readable = [index for index in found if index.about["format"] == FORMAT]
        if readable:
            newest = max(readable, key=lambda index: (index.run["cutoff"], index.run["scored_at"]))
            if self._index is None or newest.path != self._index.path:
                self._index = newest

    def runs(self) -> list[ScoreRun]:
        """Published runs of the portfolio, the newest first."""
        folder = self.workspace.scores
        stamp = folder.stat().st_mtime_ns if folder.is_dir() else 0
        if self._runs[0] != stamp:
            self._runs = stamp, portfolio(self.workspace)
        return self._runs[1]

    def state(self, now: int) -> State:
        """How the index stands to the nights.

        ``none``: nothing to show; ``unfinished``: a score run stopped half way and nobody goes on with it; ``behind``:
        there is a newer run whose index is missing; ``stale``: the scores are old; else ``fresh``.
        """
        index, runs = self.current(), self.runs()
        if self._unfinished(index, now):
            return "unfinished"
        if index is None:
            return "behind" if runs else "none"
        if runs and runs[0].run_id != index.run["run_id"]:
            return "behind"
        return "stale" if now - index.run["scored_at"] > self._stale_s else "fresh"

    def _unfinished(self, index: Index | None, now: int) -> bool:
        since = -1 if index is None else index.run["scored_at"]
        # A run that goes on writes a block every few seconds. Its lock is left alone: to try it could stop a run.
        with contextlib.suppress(OSError, ValueError):
            for head in (self.workspace.home / "building").glob("*/head.json"):
                last = max(path.stat().st_mtime for path in head.parent.rglob("*"))
                if json.loads(head.read_text(encoding="utf-8"))["scored_at"] > since and now - last > QUIET_SECONDS:
                    return True
        return False


@contextlib.contextmanager
def borrowed(index: Index) -> Iterator[sqlite3.Connection]:
    """Lend a connection of its own, closed afterwards."""
    with contextlib.closing(index.connect()) as connection:
        yield connection
