"""``tamis forget``: a person is erased from the CRM's fields, the ledger and every file that Tamis wrote.

The order makes a death harmless: first the CRM, which the ledger must still know, then the list that keeps the lead
from being read again, then the files; whatever dies, run it again.
Nothing is taken from files that Tamis did not write:
they are searched and named.
"""

import contextlib
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.errors import PartialError, UseError
from pipeline.console import Console
from pipeline.crm.adapter import Change
from pipeline.crm.adapters import open_adapter, open_ledger
from pipeline.database import is_database
from pipeline.forget import suppression
from pipeline.forget.erase import erase, is_output, kind_of
from pipeline.forget.person import Person, find
from pipeline.forget.search import traces
from pipeline.forget.views import forget_views
from pipeline.score_runs import MANIFEST
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.workspace import Workspace, ensure_writable, write_text

# Nobody may write what is being erased.
LOCKS = ("train", "score", "push", "index")
# MLflow's own tables hold figures and addresses; its rows are not ours to delete.
NOT_ERASED = ("mlflow.db",)
# Files of the owner in which a lead can stand that was never read.
SOURCES = (".csv", ".csv.gz", ".parquet", ".db", ".sqlite")


@dataclass(frozen=True)
class Forgotten:
    """What was erased, and what is left.

    Attributes
    ----------
    erased : dict of str to int
        Rows or words by file, from the workspace.
    crm : str
        ``emptied``, ``nothing`` (none was ever sent), ``missing``, ``by hand`` (an import file cannot empty),
        ``skipped``, or why the CRM did not take it.
    left_ours, left_others : dict of str to int
        Traces by file: in what Tamis wrote (none, where the erasure is proven) and in what it did not. -1: unreadable.
    shared_names : int
        Names that were not looked for, as another lead has them.
    is_dry : bool
    """

    erased: dict[str, int] = field(default_factory=dict)
    crm: str = "nothing"
    left_ours: dict[str, int] = field(default_factory=dict)
    left_others: dict[str, int] = field(default_factory=dict)
    shared_names: int = 0
    is_dry: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``; the person is not named."""
        return {**vars(self), "proven": not self.left_ours and not self.is_dry}


def run(root: Path, lead_id: str, *, dry_run: bool, without_crm: bool, console: Console) -> None:
    """Erase a person and say what is left.

    Raises
    ------
    UseError
        Nothing is known of that lead.
    OutsideError
        The CRM or the ledger failed, or another job runs: nothing was erased then.
    PartialError
        Traces are left in what Tamis wrote, or the CRM refused.
    """
    settings, workspace = load(root), Workspace(root)
    lead_id = lead_id.strip()
    if not lead_id:
        raise UseError("LEAD_ID: expected the number of a lead, found nothing.")
    ensure_writable(workspace)
    with contextlib.ExitStack() as held:
        for name in LOCKS:
            held.enter_context(workspace.lock(name))
        result = forget(workspace, settings, lead_id, dry_run=dry_run, without_crm=without_crm, console=console)
    console.show(result.to_dict(), *forget_views(result, settings.output.language))
    if result.left_ours:
        raise PartialError(
            f"{len(result.left_ours):,} files that Tamis wrote still hold the person: {', '.join(result.left_ours)}. "
            "Remove them, then run 'tamis forget' again."
        )
    if result.crm not in ("emptied", "nothing", "missing", "skipped", "by hand"):
        raise PartialError(f"The CRM did not empty the fields: {result.crm} Empty them there.")


def forget(
    workspace: Workspace, settings: Settings, lead_id: str, *, dry_run: bool, without_crm: bool, console: Console
) -> Forgotten:
    """Erase a person from a workspace whose jobs are held back; see `run`."""
    with console.step("Looking for the person"):
        person = find(workspace.staging, lead_id)
        foreign = list(_others(workspace, settings))
        outputs = [path for path in foreign if is_output(path)]
        ours = [*_ours(workspace), *outputs]
        others = _traced(workspace.root, [path for path in foreign if path not in outputs], person)
        before = {path: count for path in ours if (count := erase(path, person, keeps=True))}
    is_ours = any(kind_of(path) in ("parquet", "sqlite") for path in before)
    is_ours = is_ours or bool(suppression.read(workspace.home).among([lead_id]))
    if not is_ours:
        # Of a lead that no table of ours has, nothing is in our reports: what is found there is a word like others.
        before = {}
    if not is_ours and not any(name.endswith(SOURCES) for name in others):
        raise UseError(
            "LEAD_ID: expected a lead that this workspace knows, found no trace of that number. "
            "Nothing was changed. Copy the number from the CRM, as it stands in leads."
        )
    named = {_shown(workspace.root, path): count for path, count in before.items()}
    if dry_run:
        return Forgotten(named, "skipped", {}, others, person.shared, is_dry=True)
    with console.step("Emptying the CRM's fields"):
        crm = "skipped" if without_crm else _empty_crm(workspace, settings, lead_id)
    suppression.suppress(workspace, lead_id)
    with console.step("Erasing"):
        for run_ in sorted({path.parent.parent for path in before if path.parent.parent.parent == workspace.scores}):
            _note(run_)
        # It is built again by the next 'tamis serve'; a search index cannot be mended row by row.
        for built in (workspace.home / "page").glob("*"):
            if built.is_dir():
                shutil.rmtree(built)
        for path in before:
            if path.exists():
                erase(path, person)
    with console.step("Searching what is left"):
        left = _traced(workspace.root, [*_ours(workspace, for_search=True), *outputs] if is_ours else [], person)
    return Forgotten(named, crm, left, others, person.shared)


def _ours(workspace: Workspace, *, for_search: bool = False) -> Iterator[Path]:
    """Files below ``.tamis``; those that can be erased, or all that may hold somebody."""
    for path in sorted(workspace.home.rglob("*")):
        # The log of an SQLite database goes with it.
        skipped = path.name in NOT_ERASED or path.name.endswith(("-wal", "-shm"))
        if path.is_file() and path.name != suppression.FILE and (for_search or not skipped):
            yield path


def _others(workspace: Workspace, settings: Settings) -> Iterator[Path]:
    folders = {workspace.root.resolve()}
    if not is_database(settings.source.url):
        folders.add((workspace.root / settings.source.url).resolve())
    if settings.crm.adapter == "csv":
        folders.add((workspace.root / settings.crm.url).resolve())
    home = workspace.home.resolve()
    found = {path for folder in folders if folder.is_dir() for path in folder.rglob("*")}
    for path in sorted(found):
        if home not in path.parents and path.is_file():
            yield path


def _traced(root: Path, paths: Iterable[Path], person: Person) -> dict[str, int]:
    return {_shown(root, path): count for path in paths if (count := traces(path, person))}


def _shown(root: Path, path: Path) -> str:
    base, whole = root.resolve(), path.resolve()
    return str(whole.relative_to(base) if base in whole.parents else whole)


def _note(run_: Path) -> None:
    """Count the erasure in the manifest of a score run: its rows are one fewer than it says."""
    manifest = json.loads((run_ / MANIFEST).read_text(encoding="utf-8"))
    manifest["erased"] = manifest.get("erased", 0) + 1
    write_text(run_ / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))


def _empty_crm(workspace: Workspace, settings: Settings, lead_id: str) -> str:
    if not settings.crm.adapter:
        return "nothing"
    with contextlib.closing(open_ledger(settings, workspace.root)) as ledger, ledger.lock():
        was_sent = lead_id in ledger.accepted(lead_id, lead_id)
        result = "nothing"
        if was_sent and settings.crm.adapter == "csv":
            result = "by hand"
        elif was_sent:
            with contextlib.closing(open_adapter(settings, workspace.root)) as adapter:
                records = adapter.read([lead_id])
                nothing = (None,) * len(adapter.fields)
                changes = [Change(lead_id, one.crm_id, one.version, nothing, one.values) for one in records]
                outcomes = list(adapter.write(changes)) if changes else []
            refused = [one.message or one.state for one in outcomes if one.state not in ("ok", "missing")]
            result = refused[0] if refused else "emptied" if outcomes else "missing"
        ledger.forget(lead_id)
    return result
