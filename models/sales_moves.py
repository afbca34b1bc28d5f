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


def answered_at(answers: pd.DataFrame, criteria: Collection[str], least: int, *, clear: bool) -> "pd.Series[float]":
    """When the answers of each lead first made it an SQL.

    Parameters
    ----------
    answers : pandas.DataFrame
        All answers: ``lead_id``, ``criterion``, ``known_at`` (UTC seconds), ``answer`` (yes, no, unclear).
    criteria, least, clear
        As in `answered`.

    Returns
    -------
    pandas.Series of float
        UTC seconds by lead; leads that never were are not there. An answer that was taken back later counts from when
        it was given: the funnel tells what was known then.

    Examples
    --------
    >>> said = pd.DataFrame({"lead_id": ["a", "a", "a", "b"], "criterion": ["need", "need", "budget", "need"],
    ...                      "known_at": [5, 7, 9, 3], "answer": ["yes", "yes", "yes", "no"]})
    >>> answered_at(said, ["need", "budget"], 0, clear=False).to_dict()
    {'a': 9.0}
    """
    counts = answers[answers["answer"].isin(["yes", "no"] if clear else ["yes"]) & answers["criterion"].isin(criteria)]
    first = counts.groupby(["lead_id", "criterion"])["known_at"].min().reset_index()
    first = first.sort_values(["lead_id", "known_at"], kind="stable")
    needed = first[first.groupby("lead_id").cumcount() == (least or len(criteria)) - 1]
    return needed.set_index("lead_id")["known_at"].astype("float64")
