"""What people decided against the machine: an order about one lead, who gave it, when and why; only ever added to."""

from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from features.errors import UseError
from pipeline import reviews
from pipeline.said import everything, transaction
from pipeline.workspace import Workspace, ensure_writable

Order = Literal["hand_over", "nurture", "disqualify", "free"]
_TABLE = """
CREATE TABLE IF NOT EXISTS override (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    lead_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('hand_over', 'nurture', 'disqualify', 'free')),
    why TEXT NOT NULL CHECK (why <> '')
);
CREATE INDEX IF NOT EXISTS override_of_lead ON override (lead_id, number);
CREATE TRIGGER IF NOT EXISTS override_stays BEFORE UPDATE ON override
BEGIN SELECT RAISE(ABORT, 'overrides stay'); END;
"""


@dataclass(frozen=True)
class Override:
    """One order of a person.

    Attributes
    ----------
    lead_id : str
        Which lead.
    at : int
        When, UTC seconds.
    actor : str
        Who.
    decision : {"hand_over", "nurture", "disqualify", "free"}
        What every run does from then on; ``free`` takes the order back.
    why : str
        In the person's words; it stays in this database.
    """

    lead_id: str
    at: int
    actor: str
    decision: Order
    why: str


def database(workspace: Workspace) -> Path:
    """Where the orders of a workspace stand, or will."""
    return workspace.home / "overrides.db"


def record(workspace: Workspace, override: Override) -> None:
    """Keep an order; nothing that was kept before changes.

    Raises
    ------
    UseError
        Another decision, or no reason: nothing is kept.
    OutsideError
        The database cannot be written.

    Examples
    --------
    >>> record(Workspace(Path("crm")), Override("L1", 0, "ana", "hand_over", " "))
    Traceback (most recent call last):
    ...
    features.errors.UseError: override: expected why, in some words, found none. Add --why "met them at the fair".
    """
    if override.decision not in get_args(Order):
        raise UseError(
            f"override: expected {', '.join(get_args(Order))}, found {str(override.decision)!r}. "
            "'free' gives the decision back to the policy."
        )
    if not override.why.strip():
        raise UseError('override: expected why, in some words, found none. Add --why "met them at the fair".')
    ensure_writable(workspace)
    with transaction(database(workspace), "overrides") as connection:
        connection.executescript(_TABLE)
        connection.execute(
            "INSERT INTO override (lead_id, at, actor, decision, why) VALUES (?, ?, ?, ?, ?)", astuple(override)
        )


def read(workspace: Workspace) -> list[Override]:
    """Every order, the oldest first.

    Raises
    ------
    OutsideError
        The database cannot be read.
    """
    query = "SELECT lead_id, at, actor, decision, why FROM override ORDER BY number"
    return [Override(*row) for row in everything(database(workspace), "overrides", query)]


def said_by_people(workspace: Workspace, *, reviewed_before: int, ordered_before: int) -> pd.DataFrame:
    """Reviews of sales and orders of people, for the policy.

    Parameters
    ----------
    workspace : Workspace
        Of the leads.
    reviewed_before : int
        UTC seconds. A review is something known of a lead, like a stage: before the cutoff or not at all.
    ordered_before : int
        UTC seconds. An order is not known of the lead, it is given to the machine, and holds from when it is given.

    Returns
    -------
    pandas.DataFrame
        ``lead_id``, ``at``, ``decision`` (accepted, refused; hand_over, nurture, disqualify, free), ``reason`` (code),
        the oldest first.
    """
    rows: list[tuple[str, int, str, str | None]] = [
        (review.lead_id, review.at, review.decision, review.reason)
        for review in reviews.read(workspace)
        if review.at < reviewed_before
    ]
    rows += [(order.lead_id, order.at, order.decision, None) for order in read(workspace) if order.at < ordered_before]
    frame = pd.DataFrame(rows, columns=["lead_id", "at", "decision", "reason"])
    return frame.astype({"lead_id": "str", "at": "int64", "decision": "object", "reason": "object"})
