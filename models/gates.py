"""When there is too little to learn from: say what is missing and when it will be there."""

import math

import pandas as pd

from features.errors import GateError
from models.plan import TrainingPlan

_DAY = 86_400


def count_leads(rows: pd.DataFrame) -> tuple[int, int]:
    """Number of won and of lost leads; a lead is won when one of its rows is.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``lead_id``, ``label`` of mature rows.

    Returns
    -------
    tuple of int
        Won, lost.

    Examples
    --------
    >>> count_leads(pd.DataFrame({"lead_id": ["a", "a", "b"], "label": [0, 1, 0]}))
    (1, 1)
    """
    won = rows.groupby("lead_id", sort=False)["label"].max()
    return int((won == 1).sum()), int((won == 0).sum())


def require_enough(rows: pd.DataFrame, plan: TrainingPlan) -> None:
    """Refuse to train on too few mature leads.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``lead_id``, ``cutoff`` (UTC seconds), ``label`` of mature rows.
    plan : TrainingPlan
        ``min_won``, ``min_lost``.

    Raises
    ------
    GateError
        Saying what is missing and how long until it is there, at the pace of the leads at hand.

    Examples
    --------
    >>> days = [day * 86_400 for day in range(80)]
    >>> rows = pd.DataFrame({"lead_id": range(80), "cutoff": days, "label": [0, 0, 0, 1] * 20})
    >>> require_enough(rows, TrainingPlan())
    Traceback (most recent call last):
        ...
    features.errors.GateError: Too few mature leads to learn from: expected at least 40 won and 40 lost, found
    20 won and 60 lost. 20 won are missing; at the present pace (1.8 won a week) they will be there in about
    79 days. ...
    """
    won, lost = count_leads(rows)
    if won >= plan.min_won and lost >= plan.min_lost:
        return
    days = (int(rows["cutoff"].max()) - int(rows["cutoff"].min())) / _DAY if len(rows) else 0.0
    missing = [
        _missing(name, have, need, days)
        for name, have, need in (("won", won, plan.min_won), ("lost", lost, plan.min_lost))
        if have < need
    ]
    raise GateError(
        f"Too few mature leads to learn from: expected at least {plan.min_won} won and {plan.min_lost} "
        f"lost, found {won} won "
        f"and {lost} lost. {' '.join(missing)} Add older leads with their outcome, or come back then; until "
        "then score by hand."
    )


def _missing(name: str, have: int, need: int, days: float) -> str:
    short = f"{need - have} {name} are missing"
    if days <= 0:
        return f"{short}; without dates nobody can say when they will be there."
    if have == 0:
        return f"{short}; at the present pace (none in {days:.0f} days) they never will be."
    wait = math.ceil((need - have) * days / have)
    pace = f"{7 * have / days:.1f} {name} a week"
    return f"{short}; at the present pace ({pace}) they will be there in about {wait} days."
