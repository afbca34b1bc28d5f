"""What the tables look like from outside, as data: kept with a model at training, looked at again every night.

How full the *newest* rows of each column are is compared with how full the newest rows were at the training: a field
that is filled in weeks after a lead was made is never full in new leads, and that is no fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt

from pipeline.describe import collect
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
# As DuckDB calls them: kept with a model, whichever engine the tables stood in.
TYPES = {"String": "VARCHAR", "Int64": "BIGINT", "Float64": "DOUBLE"}
c = nw.col


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
    frame = opened.tables.frames[name]
    schema = frame.collect_schema()
    time = _time(name, schema.names())
    counts = {"n": nw.lit(1), "n_newest": nw.lit(1)}
    newest = None if time is None else c(time) >= opened.tables.extracted_at - NEWEST_DAYS * DAY_S
    if newest is not None:
        counts["n_newest"] = _one(newest)
        if time == "known_at" and "occurred_at" in schema:
            counts["n_late"] = _one(newest & (c("known_at") > c("occurred_at") + LATE_DAYS * DAY_S))
    there = {column: ~c(column).is_null() for column in schema}
    filled = {f"filled{k}": _one(one if newest is None else newest & one) for k, one in enumerate(there.values())}
    row = collect(frame.select(**counts, **filled).select(nw.all().count())).iloc[0]
    return {
        "n": int(row["n"]),
        "columns": {column: TYPES.get(str(kind), str(kind)) for column, kind in schema.items()},
        "n_newest": int(row["n_newest"]),
        "n_late": int(row.get("n_late", 0)),
        "filled": {column: int(row[f"filled{k}"]) for k, column in enumerate(there)},
    }


def days_of(opened: Opened, name: str) -> Days | None:
    """Rows of a table by day; None where it has no time."""
    frame = opened.tables.frames[name]
    time = _time(name, frame.collect_schema().names())
    if time is None:
        return None
    by_day = frame.filter(~c(time).is_null()).select(day=c(time) // DAY_S).group_by("day").agg(n=nw.len())
    found = collect(by_day).sort_values("day")
    return Days(found["day"].to_numpy(dtype=np.int64), found["n"].to_numpy(dtype=np.int64))


def shares_by(
    opened: Opened, name: str, column: str, only: Sequence[str] = ()
) -> tuple[dict[str, int], dict[str, int]]:
    """Count the values of a column in the newest 28 days, and in the 180 days before; null is ``''``.

    ``only`` keeps the rows whose ``decision`` is one of some words.
    """
    frame = opened.tables.frames[name]
    names = frame.collect_schema().names()
    time, end = _time(name, names), opened.tables.extracted_at
    if time is None or column not in names:
        return {}, {}
    newest = end - NEWEST_DAYS * DAY_S
    if only:
        frame = frame.filter(c("decision").is_in(list(only)))
    staged = frame.select(
        value=c(column).fill_null(""),
        now=_one(c(time) >= newest),
        before=_one((c(time) < newest) & (c(time) >= newest - 180 * DAY_S)),
    )
    rows = collect(staged.group_by("value").agg(c("now").count(), c("before").count())).sort_values("value")
    return (
        {str(value): int(n) for value, n in zip(rows["value"], rows["now"], strict=True) if n},
        {str(value): int(n) for value, n in zip(rows["value"], rows["before"], strict=True)},
    )


def _one(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1))


def _time(name: str, columns: Sequence[str]) -> str | None:
    return next((column for column in TIMES.get(name, ()) if column in columns), None)
