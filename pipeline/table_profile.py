"""What the tables look like from outside, as data: kept with a model at training, looked at again every night.

How full the *newest* rows of each column are is compared with how full the newest rows were at the training: a field
that is filled in weeks after a lead was made is never full in new leads, and that is no fault.
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from pipeline.source import Opened

DAY_S = 86_400
NEWEST_DAYS = 28
# When a row reached us; where a table does not say, when it happened.
TIMES = {
    "leads": ("created_at",),
    "events": ("known_at", "occurred_at"),
    "signals": ("known_at", "occurred_at"),
    "outcomes": ("decided_at",),
    "stages": ("entered_at",),
    "answers": ("known_at",),
    "changes": ("known_at",),
    "costs": ("month",),
}
LATE_DAYS = 7


@dataclass(frozen=True)
class Days:
    """Rows of a table by the day on which they reached us.

    Attributes
    ----------
    day, n : ndarray of int64 of shape (k,)
        Days since 1970, ascending, and rows.
    """

    day: npt.NDArray[np.int64]
    n: npt.NDArray[np.int64]


def profile(opened: Opened) -> dict[str, dict[str, Any]]:
    """Describe the tables of a source.

    Returns
    -------
    dict of str to dict
        By table: ``n`` rows; ``columns``, name to type; ``n_newest`` rows of the newest 28 days (all rows of a table
        without a time); ``filled``, of these, by column; ``n_late`` of them that reached us more than a week after
        they happened. JSON-able.
    """
    return {name: _profile(opened, name) for name in opened.tables.frames}


def _profile(opened: Opened, name: str) -> dict[str, Any]:
    relation = _relation(opened, name)
    time = _time(name, relation)
    since = opened.tables.extracted_at - NEWEST_DAYS * DAY_S
    newest = "true" if time is None else f"{time} >= {since}"
    late = "0"
    if time == "known_at" and "occurred_at" in relation.columns:
        late = f"count(*) FILTER (WHERE {newest} AND known_at > occurred_at + {LATE_DAYS * DAY_S})"
    fills = ", ".join(f"count({_quoted(column)}) FILTER (WHERE {newest})" for column in relation.columns)
    found = relation.aggregate(f"count(*), count(*) FILTER (WHERE {newest}), {late}, {fills}")
    n, n_newest, n_late, *filled = found.fetchall()[0]
    return {
        "n": n,
        "columns": {column: str(kind) for column, kind in zip(relation.columns, relation.types, strict=True)},
        "n_newest": n_newest,
        "n_late": n_late,
        "filled": dict(zip(relation.columns, filled, strict=True)),
    }


def days_of(opened: Opened, name: str) -> Days | None:
    """Rows of a table by day; None where it has no time."""
    relation = _relation(opened, name)
    time = _time(name, relation)
    if time is None:
        return None
    by_day = relation.filter(f"{time} IS NOT NULL").aggregate(f"{time} // {DAY_S} AS day, count(*) AS n", "day")
    found = by_day.order("day").fetchnumpy()
    return Days(found["day"].astype(np.int64), found["n"].astype(np.int64))


def shares_by(opened: Opened, name: str, column: str, where: str = "true") -> tuple[dict[str, int], dict[str, int]]:
    """Count the values of a column in the newest 28 days, and in the 180 days before; null is ``''``."""
    relation = _relation(opened, name)
    time, end = _time(name, relation), opened.tables.extracted_at
    if time is None or column not in relation.columns:
        return {}, {}
    newest = end - NEWEST_DAYS * DAY_S
    counts = (
        f"coalesce({_quoted(column)}, '') AS value, count(*) FILTER (WHERE {time} >= {newest}) AS now, "
        f"count(*) FILTER (WHERE {time} < {newest} AND {time} >= {newest - 180 * DAY_S}) AS before"
    )
    rows = relation.filter(where).aggregate(counts, "value").order("value").fetchall()
    return {value: now for value, now, _ in rows if now}, {value: before for value, _, before in rows if before}


def _relation(opened: Opened, name: str) -> duckdb.DuckDBPyRelation:
    native: duckdb.DuckDBPyRelation = opened.tables.frames[name].to_native()
    return native


def _time(name: str, relation: duckdb.DuckDBPyRelation) -> str | None:
    return next((column for column in TIMES.get(name, ()) if column in relation.columns), None)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
