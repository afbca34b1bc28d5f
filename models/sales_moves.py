"""What sales did with leads and what the conversations settled: from stages and answers to where each lead stands."""

from collections.abc import Collection

import pandas as pd

STARTED = ("sal", "sql", "opportunity")
_SQL = ("sql", "opportunity")


def sales_standing(moves: pd.DataFrame) -> pd.DataFrame:
    """Say where sales has each lead, and how it refused the others.

    Parameters
    ----------
    moves : pandas.DataFrame
        Rows known before the cutoff, in any order: ``lead_id``, ``stage`` (`STARTED`), ``at`` (UTC seconds),
        ``refused`` (bool), ``reason`` (str or null).

    Returns
    -------
    pandas.DataFrame
        By ``lead_id``: ``stage`` (sal, sql; null where the last word was a refusal), ``since`` (when it came to that
        stage), ``refused_at`` (null where no refusal stands), ``reason`` (null where none was given). What happened
        before a refusal counts no more; at one instant an acceptance wins.

    Examples
    --------
    >>> moves = pd.DataFrame([("a", "sal", 5, True, "no_budget"), ("a", "sal", 9, False, None),
    ...                       ("a", "sql", 12, False, None), ("b", "sal", 3, False, None), ("b", "sal", 7, True, None)],
    ...                      columns=["lead_id", "stage", "at", "refused", "reason"])
    >>> sales_standing(moves)
            stage  since  refused_at reason
    lead_id
    a         sql   12.0         NaN   None
    b        None    NaN         7.0   None
    """
    moves = moves.sort_values(["lead_id", "at"], kind="stable")
    refusals = moves[moves["refused"]].drop_duplicates("lead_id", keep="last").set_index("lead_id")
    accepted = moves[~moves["refused"]]
    last = accepted["lead_id"].map(refusals["at"]).astype("float64").fillna(-float("inf"))
    accepted = accepted[accepted["at"] >= last]
    sal = accepted.groupby("lead_id")["at"].min()
    sql = accepted[accepted["stage"].isin(_SQL)].groupby("lead_id")["at"].min()
    found = pd.DataFrame(index=pd.Index(moves["lead_id"].unique(), name="lead_id"), dtype="object")
    stage = pd.Series("sal", index=sal.index, dtype="object")
    stage[sql.index] = "sql"
    stands = refusals[~refusals.index.isin(sal.index)]
    found["stage"] = stage.reindex(found.index)
    found["since"] = sql.combine_first(sal).reindex(found.index).astype("float64")
    found["refused_at"] = stands["at"].reindex(found.index).astype("float64")
    found["reason"] = stands["reason"].astype("object").reindex(found.index)
    for name in ("stage", "reason"):
        found[name] = found[name].where(found[name].notna(), None)
    return found


def answered(answers: pd.DataFrame, criteria: Collection[str], least: int, *, clear: bool) -> "pd.Index[str]":
    """Leads whose answers make them an SQL.

    Parameters
    ----------
    answers : pandas.DataFrame
        The last answer of each lead to each criterion, known before the cutoff: ``lead_id``, ``criterion``, ``answer``
        (yes, no, unclear).
    criteria : collection of str
        Those that count.
    least : int
        How many of them; 0 for all.
    clear : bool
        Whether a clear no counts as well as a yes.

    Returns
    -------
    pandas.Index of str

    Examples
    --------
    >>> said = pd.DataFrame({"lead_id": ["a", "a", "b"], "criterion": ["need", "budget", "need"],
    ...                      "answer": ["yes", "no", "yes"]})
    >>> [list(answered(said, ["need", "budget"], least, clear=clear)) for least, clear in ((0, True), (1, False))]
    [['a'], ['a', 'b']]
    """
    counts = answers[answers["answer"].isin(["yes", "no"] if clear else ["yes"]) & answers["criterion"].isin(criteria)]
    number = counts.drop_duplicates(["lead_id", "criterion"]).groupby("lead_id").size()
    found: pd.Index[str] = number.index[number >= (least or len(criteria))]
    return found
