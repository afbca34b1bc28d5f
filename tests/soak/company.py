"""The workspaces that faults are tried on, each made once and copied, and what is compared of them."""

import contextlib
import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from features.errors import TamisError
from models.lead_model import LeadModel
from models.model_files import digest
from pipeline.console import Console
from pipeline.page.places import home
from pipeline.score import Request
from pipeline.score import run as score
from pipeline.score_runs import MANIFEST, ScoreRun, newest, published
from pipeline.settings_file import load
from pipeline.tracking import Registry
from pipeline.train import run as train
from pipeline.workspace import Workspace
from tests import companies
from tests.crm.worlds.files import FIELDS, SqliteWorld

READ = ("leads", "outcomes", "events")
BEFORE = "2025-12-15T00:00:00Z"
# Said by the run and not by the leads: what a rerun may say otherwise.
OF_THE_RUN = ("run_id", "scored_at")
IMPORTED = ("pipeline.train", "pipeline.score", "pipeline.monitor", "mlflow.pyfunc", "lightgbm", "matplotlib.pyplot")


def crm(**more: Any) -> dict[str, Any]:
    """Settings of the SQLite table that each workspace holds beside its settings."""
    said = {"adapter": "sql", "url": "sqlite:///crm.db", "object": "the leads", "key": "id", "batch": 5}
    return {**said, "fields": FIELDS, **more}


@dataclass(frozen=True)
class Templates:
    """One company in four states; nobody changes them.

    Attributes
    ----------
    folder : Path
        Where they stand.
    """

    folder: Path

    @cached_property
    def untrained(self) -> Path:
        """Tables, settings, a CRM and an empty registry."""
        root = self.folder / "untrained"
        given = companies.tables()
        workspace = companies.write(root, {name: given[name] for name in READ}, crm=crm())
        SqliteWorld(root).add(*given["leads"]["lead_id"])
        Registry(workspace, load(root).registry).versions()
        return root

    @cached_property
    def trained(self) -> Path:
        """With a champion, and a score run of two weeks ago."""
        root = copied(self.untrained, self.folder / "trained")
        quietly(train, root, now=companies.NOW, by="soak")
        quietly(score, root, Request(as_of=BEFORE), now=companies.NOW - 60)
        return root

    @cached_property
    def scored(self) -> Path:
        """With the score run of tonight."""
        root = copied(self.trained, self.folder / "scored")
        quietly(score, root, Request(), now=companies.NOW)
        return root

    @cached_property
    def unindexed(self) -> Path:
        """As scored, without the page's index."""
        root = copied(self.scored, self.folder / "unindexed")
        shutil.rmtree(root / ".tamis" / "page" / "runs")
        return root


@dataclass(frozen=True)
class Verb:
    """A verb to disturb.

    Attributes
    ----------
    name : str
        As the command line calls it, or ``index``.
    template : callable
        On which state of the company.
    state : callable
        What it has to leave behind, comparable.
    """

    name: str
    template: Callable[[Templates], Path]
    state: Callable[[Path], Any]

    def words(self, root: Path) -> list[str]:
        """Its command line."""
        return ["index", str(root)] if self.name == "index" else [self.name, "--workspace", str(root), "--json"]


def quietly(work: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Run a verb of which nobody reads what it says."""
    with contextlib.redirect_stdout(io.StringIO()):
        return work(*given, console=Console(as_json=True), **named)


def copied(template: Path, root: Path) -> Path:
    """Copy a workspace."""
    shutil.copytree(template, root)
    return root


def scores(root: Path) -> Any:
    """Rows of the newest run of the portfolio, and what the page is to show."""
    found = newest(Workspace(root), "portfolio")
    assert found is not None
    return found.rows().drop_columns(list(OF_THE_RUN)).to_pylist(), index(root)


def index(root: Path) -> Any:
    """Every lead of the page's index of the newest run."""
    found = newest(Workspace(root), "portfolio")
    assert found is not None
    with closing(sqlite3.connect(home(Workspace(root)) / found.run_id / "index.db")) as connection:
        return connection.execute("SELECT * FROM lead ORDER BY place").fetchall()


def registry(root: Path) -> Any:
    """What the versions are and which decides; one that a disturbed process left is the same model, once more."""
    kept = Registry(Workspace(root), load(root).registry)
    versions = kept.versions()
    said = {version.number: _model(kept, version.number) for version in versions}
    (champion,) = (version.number for version in versions if "champion" in version.aliases)
    return sorted(set(said.values())), said[champion]


def _model(kept: Registry, number: int) -> str:
    model = LeadModel.load(kept.load(number)[1])
    lasting = {name: fact for name, fact in model.metadata.items() if name != "trained_at"}
    files = replace(model, metadata=lasting).dump()
    return json.dumps({name: digest(content) for name, content in files.items()}, sort_keys=True)


def in_crm(root: Path) -> Any:
    """What stands in the CRM."""
    held = SqliteWorld(root).held()
    return {lead: {name: one[name] for name in one if name not in OF_THE_RUN} for lead, one in held.items()}


VERBS = {
    "train": Verb("train", lambda made: made.untrained, registry),
    "score": Verb("score", lambda made: made.trained, scores),
    "push": Verb("push", lambda made: made.scored, in_crm),
    "index": Verb("index", lambda made: made.unindexed, index),
}


def half_published(root: Path) -> list[str]:
    """Everything that a reader could see and that is not whole: nothing, however a process died."""
    workspace = Workspace(root)
    hollow = [path for path in workspace.scores.glob("*") if not (path / MANIFEST).is_file()]
    found = [f"score run {path.name} has no manifest" for path in hollow]
    try:
        found += [fault for run in published(workspace) for fault in _of_run(run)]
        model = Registry(workspace, load(root).registry)
        for version in model.versions():
            model.load(version.number)
    except TamisError as error:
        found.append(str(error))
    for folder in home(workspace).glob("*"):
        # No about.json: no reader takes it for an index.
        if (folder / "about.json").is_file():
            with closing(sqlite3.connect(folder / "index.db")) as connection:
                try:
                    rows = connection.execute("SELECT count(*) FROM lead").fetchone()[0]
                except sqlite3.Error as error:
                    found.append(f"index {folder.name}: {error}")
                else:
                    told = json.loads((folder / "about.json").read_text(encoding="utf-8"))["run"]["n_leads"]
                    found += [] if rows == told else [f"index {folder.name}: {rows} of {told} leads"]
    return found


def _of_run(run: ScoreRun) -> list[str]:
    rows, features = run.rows().num_rows, sum(len(frame) for _, frame in run.parts())
    told = run.manifest["n_leads"]
    return [] if rows == features == told else [f"score run {run.run_id}: {rows} rows, {features} read, {told} told"]
