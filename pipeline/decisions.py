"""The record of what was decided about each lead, for whoever contests it, and the last word of a person.

Nothing is written twice: score runs are immutable and hold the row, what the model read and the whole definition in
force; reviews and overrides are databases that are only ever added to. This module reads them side by side, so a later
change of model or definition cannot change what was decided before.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.markup import escape

from features.errors import UseError
from features.language import Language, percent
from pipeline import overrides, reviews
from pipeline.console import Console
from pipeline.explain import chosen_language
from pipeline.handovers import in_force
from pipeline.language import moment
from pipeline.overrides import Override
from pipeline.policy_words import ruled, status
from pipeline.refusals import refusal
from pipeline.score_runs import published
from pipeline.settings_file import load
from pipeline.views import plain_table
from pipeline.words import say
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from rich.console import RenderableType

DECIDING = ("decision", "qualification", "rule", "threshold", "model_version")


@dataclass(frozen=True)
class Decision:
    """What was decided about a lead at one time.

    Attributes
    ----------
    at : int
        UTC seconds.
    by : str
        ``tamis``, or who.
    decision : str
        hand_over, nurture, disqualify; accepted, refused; free.
    qualification, rule : str, optional
        Of the definition; None where a person decided.
    why : str, optional
        Code of a refusal's reason, or a person's words.
    run_id, model_version, policy_version : str, optional
        Score run, model, definition in force.
    cutoff : int, optional
        UTC seconds: nothing later was known.
    propensity, threshold : float, optional
        As scored.
    due_at : int, optional
        UTC seconds.
    facts : mapping, optional
        What the model read.
    definition : mapping, optional
        The whole section [policy] then in force.
    """

    at: int
    by: str
    decision: str
    qualification: str | None = None
    rule: str | None = None
    why: str | None = None
    run_id: str | None = None
    model_version: str | None = None
    policy_version: str | None = None
    cutoff: int | None = None
    propensity: float | None = None
    threshold: float | None = None
    due_at: int | None = None
    facts: Mapping[str, Any] | None = None
    definition: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Given:
    """An order about a lead, as it was given on the command line."""

    lead_id: str
    decision: str
    by: str
    why: str
    at: int


def decisions_of(workspace: Workspace, lead_id: str) -> list[Decision]:
    """Every decision about a lead, the oldest first.

    Parameters
    ----------
    workspace : Workspace
        With its score runs, reviews and overrides.
    lead_id : str
        Which lead.

    Returns
    -------
    list of Decision
        A run that decided as the one before, by the same rule, threshold, model and definition, adds nothing.
    """
    found: list[Decision] = []
    before: tuple[Any, ...] | None = None
    for run_ in in_force(published(workspace)):
        row = run_.lead(lead_id)
        policy = run_.manifest.get("policy", {})
        now = None if row is None else (*(row[name] for name in DECIDING), policy.get("version"))
        if row is not None and now != before:
            facts = run_.features([lead_id]).iloc[0].drop("lead_id")
            found.append(
                Decision(
                    at=int(run_.manifest["scored_at"]),
                    by="tamis",
                    decision=row["decision"],
                    qualification=row["qualification"],
                    rule=row["rule"],
                    run_id=run_.run_id,
                    model_version=row["model_version"],
                    policy_version=policy.get("version"),
                    cutoff=int(run_.manifest["cutoff"]),
                    propensity=row["propensity"],
                    threshold=row["threshold"],
                    due_at=None if row["due_at"] is None else int(row["due_at"].timestamp()),
                    facts={str(name): None if pd.isna(value) else value for name, value in facts.items()},
                    definition=policy.get("definition"),
                )
            )
        before = now
    found += [
        Decision(
            at=said.at,
            by=said.actor,
            decision=said.decision,
            why=said.reason,
            run_id=said.run_id,
            model_version=said.model_version,
            propensity=said.propensity,
            threshold=said.threshold,
        )
        for said in reviews.read(workspace)
        if said.lead_id == lead_id
    ]
    orders = (order for order in overrides.read(workspace) if order.lead_id == lead_id)
    found += [Decision(at=order.at, by=order.actor, decision=order.decision, why=order.why) for order in orders]
    return sorted(found, key=lambda one: one.at)


def run(root: Path, lead_id: str, *, language: str | None, console: Console) -> None:
    """Show what was decided about a lead.

    Raises
    ------
    UseError
        Nothing was.
    """
    settings = load(root)
    chosen = chosen_language(language, settings)
    found = decisions_of(Workspace(root), lead_id)
    if not found:
        raise UseError(f"Lead {lead_id!r}: expected a lead that was scored, reviewed or decided on, found nothing.")
    table = plain_table(*(say(key, chosen) for key in ("decided", "decision", "by_rule", "decided_by")))
    for one in found:
        table.add_row(moment(one.at, chosen, settings.zone), *(escape(text) for text in _told(one, chosen)))
    shown: list[RenderableType] = [table]
    console.show({"lead_id": lead_id, "decisions": [asdict(one) for one in found]}, *shown)


def _told(one: Decision, language: Language) -> tuple[str, str, str]:
    if one.by == "tamis":
        name = status(one.qualification, language)
        what = say(one.decision, language) + (f" ({name})" if name else "")
        why = ruled(one.rule, one.decision, language)
        if one.propensity is not None and one.threshold is not None:
            beside = f"{percent(one.propensity, language)} / {percent(one.threshold, language)}"
            why = f"{why} · {beside}" if why else beside
        policy = one.policy_version or "–"
        return what, why, say("by_model", language).format(model=one.model_version, policy=policy)
    key = {"free": "order_free", "refused": "is_refused"}.get(one.decision, one.decision)
    why = refusal(one.why, language) if one.decision == "refused" and one.why else one.why or ""
    return say(key, language), why, one.by


def override(root: Path, given: Given, *, language: str | None, console: Console) -> None:
    """Keep an order of a person.

    Raises
    ------
    UseError
        Another decision, no reason, or a lead that no score run knows: nothing is kept.
    """
    chosen = chosen_language(language, load(root))
    workspace = Workspace(root)
    order = Override(given.lead_id, given.at, given.by, given.decision, given.why)  # type: ignore[arg-type]  # checked by record
    if not decisions_of(workspace, given.lead_id):
        raise UseError(f"Lead {given.lead_id!r}: expected a lead that was scored, found none. See 'tamis score'.")
    overrides.record(workspace, order)
    told = say("order_free" if given.decision == "free" else given.decision, chosen)
    console.show(asdict(order), say("order_kept", chosen).format(decision=told))
