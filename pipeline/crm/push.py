"""``tamis push``: the newest score run of the open leads goes into the CRM, what changed and nothing else."""

import contextlib
import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.errors import GateError, OutsideError, PartialError, TamisError, UseError
from pipeline.console import Console
from pipeline.crm.adapter import Adapter
from pipeline.crm.adapters import open_adapter, open_ledger
from pipeline.crm.fields import Field
from pipeline.crm.ledger import TROUBLE, Ledger
from pipeline.crm.plan import Order, Tally, plan
from pipeline.crm.reasons import words_for
from pipeline.crm.rollback import plan_rollback
from pipeline.crm.send import send
from pipeline.crm.show import changes, refusals
from pipeline.crm.views import prepare_views, push_views
from pipeline.score_runs import ScoreRun, newest
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.workspace import Workspace, ensure_writable


@dataclass(frozen=True)
class Request:
    """What to do.

    Attributes
    ----------
    dry_run : bool
        Say what would be written, and write nothing.
    rollback : str, optional
        Score run whose effects are undone.
    prepare : bool
        Create the fields that are missing.
    force : bool
        Push although many bands change.
    """

    dry_run: bool = False
    rollback: str | None = None
    prepare: bool = False
    force: bool = False


@dataclass(frozen=True)
class Pushed:
    """What a push came to.

    Attributes
    ----------
    number : int
        Of the push in the ledger.
    score_run, mode : str
    tally : Tally
    states : dict of str to int
        Leads by what became of them.
    refused : list of dict
        ``lead_id``, ``state``, ``code``, ``message`` of every lead that was not written.
    changes : list of dict
        Of a dry run: ``lead_id``, ``crm_id``, ``before`` and ``after`` by field.
    """

    number: int
    score_run: str
    mode: str
    tally: Tally
    states: dict[str, int]
    refused: list[dict[str, Any]]
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def troubled(self) -> int:
        """Leads that a person has to look at."""
        return sum(self.states.get(state, 0) for state in TROUBLE)

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "push": self.number,
            "run_id": self.score_run,
            "mode": self.mode,
            "compared": self.tally.compared,
            "unchanged": self.tally.unchanged,
            "older": self.tally.older,
            "bands_changed": self.tally.moved,
            "written": self.states.get("ok", 0),
            "states": self.states,
            "refused": self.refused,
            **({"changes": self.changes} if self.mode == "dry" else {}),
        }


def run(root: Path, request: Request, *, now: int, console: Console) -> None:
    """Push, and say what came of it.

    Raises
    ------
    UseError, DataError, GateError, OutsideError
        Nothing more is written then; what the CRM accepted is kept.
    PartialError
        Some records were not written; each is kept and named.
    """
    settings, workspace = load(root), Workspace(root)
    language = settings.output.language
    if not settings.crm.adapter:
        raise UseError("crm.adapter: no CRM is set. Fill the section [crm] of tamis.toml, then push again.")
    if request.prepare and (request.dry_run or request.rollback is not None):
        raise UseError("--prepare stands alone: it creates fields and pushes nothing.")
    ensure_writable(workspace)
    with workspace.lock("push"), _few_collections(), contextlib.closing(open_adapter(settings, root)) as adapter:
        if request.prepare:
            with console.step("Creating the fields that are missing"):
                made = list(adapter.prepare())
            console.show({"created": made}, *prepare_views(made, language))
            return
        pushed = push(workspace, settings, adapter, request, now=now, console=console)
    console.show(pushed.to_dict(), *push_views(pushed, adapter.fields, language))
    if pushed.troubled:
        raise PartialError(
            f"{pushed.troubled:,} of {sum(pushed.states.values()):,} records were not written; each is kept in the "
            "ledger with the reason, and tried again by the next push."
        )


def push(
    workspace: Workspace, settings: Settings, adapter: Adapter, request: Request, *, now: int, console: Console
) -> Pushed:
    """Push with an adapter that stands; see `run`."""
    crm = settings.crm
    with contextlib.closing(open_ledger(settings, workspace.root)) as ledger, ledger.lock():
        if not request.dry_run:
            with console.step("Settling what was left open"):
                adapter.recover(ledger)
        mode = "dry" if request.dry_run else "live" if request.rollback is None else "rollback"
        if request.rollback is None:
            found = _newest(workspace, ledger)
            order = _order(found, adapter.fields, settings, forced=request.force)
            facts: dict[str, Any] = dict(found.manifest)
        else:
            facts = {"run_id": request.rollback, "cutoff": 0, "scored_at": 0}
        mapped = [(one.ours, one.theirs) for one in adapter.fields]
        number = ledger.begin(facts, mapped, mode, now)
        with _ended(ledger, number, now):
            with console.step("Comparing with what was sent"):
                if request.rollback is None:
                    tally = plan(order, ledger, adapter, number, words_for(order, workspace, settings))
                    undone: list[int] = []
                else:
                    tally, undone = plan_rollback(request.rollback, ledger, adapter, number)
            diff = list(changes(ledger, number, adapter.fields)) if request.dry_run else []
            if not request.dry_run:
                with console.step("Writing"):
                    send(ledger, adapter, number, now=now, size=crm.batch or adapter.limits.write)
                ledger.mark(undone, "rolled_back")
            result = Pushed(number, facts["run_id"], mode, tally, ledger.counts(number), refusals(ledger, number), diff)
            ledger.end(number, "done", now, result.states)
    return result


@contextlib.contextmanager
def _few_collections() -> Iterator[None]:
    """Seldom look for cycles: a push makes millions of small tuples and no cycle, and it cost a fifth of its time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


@contextlib.contextmanager
def _ended(ledger: Ledger, number: int, now: int) -> Iterator[None]:
    """Close a push that stops early."""
    try:
        yield
    except TamisError as error:
        with contextlib.suppress(OutsideError):
            state = "refused" if isinstance(error, GateError) else "failed"
            ledger.end(number, state, now, ledger.counts(number))
        raise


def _newest(workspace: Workspace, ledger: Ledger) -> ScoreRun:
    found = newest(workspace, "portfolio")
    if found is None:
        raise UseError("There is no score run of the open leads yet. Run 'tamis score' first.")
    if any(one.score_run == found.run_id and one.state == "rolled_back" for one in ledger.pushes().values()):
        raise GateError(
            f"Score run {found.run_id} was rolled back: expected a newer one. "
            "Correct what was wrong ('tamis rollback' returns to the former model), score again, then push."
        )
    return found


def _order(found: ScoreRun, fields: Sequence[Field], settings: Settings, *, forced: bool) -> Order:
    crm = settings.crm
    # Runs of before the certificate hold percentages that the gates let pass.
    certified = found.manifest.get("certified", {})
    return Order(found, fields, certified, crm.minimum_change, crm.brake, forced, crm.text_length)
