"""What sales decided of the leads they were handed: accepted, or refused with a reason (SAL decisions).

They stand in ``.tamis/reviews.db``, which is only ever added to: who changes their mind adds a review, and the newest
of a lead counts. The propensity that was shown and its threshold are kept with each, so that refusals can be held
against what the model promised.
"""

from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Literal, cast, get_args

from features.errors import UseError
from pipeline.refusals import REFUSAL_REASONS
from pipeline.said import everything, transaction
from pipeline.workspace import Workspace, ensure_writable

Decision = Literal["accepted", "refused"]
_TABLE = """
CREATE TABLE IF NOT EXISTS review (
    review_id INTEGER PRIMARY KEY AUTOINCREMENT,
    lead_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('accepted', 'refused')),
    reason TEXT CHECK ((reason IS NULL) = (decision = 'accepted')),
    run_id TEXT NOT NULL,
    model_version TEXT NOT NULL,
    propensity REAL NOT NULL,
    threshold REAL
);
CREATE INDEX IF NOT EXISTS review_of_lead ON review (lead_id, review_id);
CREATE TRIGGER IF NOT EXISTS review_stays BEFORE UPDATE ON review BEGIN SELECT RAISE(ABORT, 'reviews stay'); END;
"""


@dataclass(frozen=True)
class Review:
    """One decision of a salesperson on one lead.

    Attributes
    ----------
    lead_id : str
        Which lead.
    at : int
        When, UTC seconds.
    actor : str
        Who, as they are signed in.
    decision : {"accepted", "refused"}
        Whether the lead is worth treating.
    reason : str, optional
        Code of `pipeline.refusals`; None when accepted.
    run_id : str
        Score run that was on the screen.
    model_version : str
        Number of the model that scored it.
    propensity : float
        As scored, 0 to 1.
    threshold : float, optional
        From which the lead was handed over; None without a valid one.
    review_id : int, optional
        Place in the order of reviews; None before it is kept.
    """

    lead_id: str
    at: int
    actor: str
    decision: Decision
    reason: str | None
    run_id: str
    model_version: str
    propensity: float
    threshold: float | None
    review_id: int | None = None


_KEPT = tuple(field.name for field in fields(Review) if field.name != "review_id")


def database(workspace: Workspace) -> Path:
    """Where the reviews of a workspace stand, or will."""
    return workspace.home / "reviews.db"


def record(workspace: Workspace, review: Review, reasons: Collection[str] = REFUSAL_REASONS) -> Review:
    """Keep a review; nothing that was kept before changes.

    Parameters
    ----------
    workspace : Workspace
        Of the lead.
    review : Review
        Without ``review_id``.
    reasons : collection of str
        Codes that a refusal may give.

    Returns
    -------
    Review
        With its ``review_id``.

    Raises
    ------
    UseError
        A refusal without a reason from the list, an acceptance with one, or another decision: nothing is kept.
    OutsideError
        The database cannot be written.

    Examples
    --------
    >>> said = Review("L1", 0, "ana", "refused", None, "run", "1", 0.4, 0.2)
    >>> record(Workspace(Path("crm")), said)
    Traceback (most recent call last):
    ...
    features.errors.UseError: review: a refusal needs a reason of the list, found none. Expected one of no_budget,
    no_need, wrong_contact, bad_timing, too_small, out_of_territory, competitor, student, duplicate, unreachable, other.
    """
    _check(review, reasons)
    ensure_writable(workspace)
    with transaction(database(workspace), "reviews") as connection:
        connection.executescript(_TABLE)
        marks = ", ".join("?" * len(_KEPT))
        values = astuple(review)[: len(_KEPT)]
        cursor = connection.execute(f"INSERT INTO review ({', '.join(_KEPT)}) VALUES ({marks})", values)  # noqa: S608 (names of our own fields)
        return replace(review, review_id=cursor.lastrowid)


def read(workspace: Workspace) -> list[Review]:
    """Every review, the oldest first; none where nobody has reviewed anything.

    Raises
    ------
    OutsideError
        The database cannot be read.
    """
    query = f"SELECT {', '.join(_KEPT)}, review_id FROM review ORDER BY review_id"  # noqa: S608 (as above)
    return [Review(*row) for row in everything(database(workspace), "reviews", query)]


def newest_of(workspace: Workspace, lead_id: str) -> Review | None:
    """The newest review of one lead; None where there is none.

    Raises
    ------
    OutsideError
        The database cannot be read.
    """
    if not (path := database(workspace)).is_file():
        return None
    sql = f"SELECT {', '.join(_KEPT)}, review_id FROM review WHERE lead_id = ? ORDER BY review_id DESC LIMIT 1"  # noqa: S608 (as above)
    with transaction(path, "reviews") as connection:
        row = connection.execute(sql, (lead_id,)).fetchone()
    return None if row is None else Review(*row)


def latest(workspace: Workspace) -> Mapping[str, Review]:
    """The newest review of each lead, by lead."""
    return {review.lead_id: review for review in read(workspace)}


def prepare(workspace: Workspace) -> Path:
    """Make the database where there is none, so that others can query it.

    Raises
    ------
    OutsideError
        It cannot be written.
    """
    ensure_writable(workspace)
    with transaction(database(workspace), "reviews") as connection:
        connection.executescript(_TABLE)
    return database(workspace)


def _check(review: Review, reasons: Collection[str]) -> None:
    if review.decision not in get_args(Decision):
        raise UseError(f"review: expected accepted or refused, found {cast('str', review.decision)!r}.")
    if review.decision == "accepted" and review.reason is not None:
        raise UseError("review: an acceptance has no reason, found one. Leave it out, or refuse the lead.")
    if review.decision == "refused" and review.reason not in reasons:
        found = "none" if not review.reason else "another"
        raise UseError(
            f"review: a refusal needs a reason of the list, found {found}. Expected one of {', '.join(reasons)}."
        )
