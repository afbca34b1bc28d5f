"""Snapshots ``(lead_id, cutoff)``, their labels and their maturity.

A lead is open at a cutoff c if it was created before c, is at most ``max_age_days`` old and was not decided before c.
Its label is 1 iff it is won in ``[c, c + horizon)``. It is mature iff ``c + horizon + reporting_lag <= extracted_at``:
that depends on c only, so a cohort is mature as a whole, and never by its early decided leads, which would favour fast
closers. What is known of an immature one is what was decided in ``[c, extracted_at - reporting_lag)``.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from features.errors import UseError
from features.frames import DAY_S, Frame, aggregate
from features.tables import Tables

Grid = Literal["month", "week", "age"]
MOST_CUTOFFS = 520
# What names a snapshot, in the order that rows stand in.
KEYS = ["lead_id", "cutoff"]
c = nw.col


@dataclass(frozen=True)
class SnapshotPlan:
    """When leads are looked at, and how long their outcome is waited for.

    Attributes
    ----------
    grid : {"month", "week", "age"}
        Shared cutoffs at the first of each month or each Monday, 00:00 UTC, while the lead is open; or one cutoff per
        lead, ``age_days`` after its creation.
    age_days : float
        For grid ``age``.
    horizon_days : int
        Length of the label window.
    reporting_lag_days : int
        How late an outcome may reach the CRM.
    max_age_days : int
        Beyond this age a lead is no longer scored.

    Raises
    ------
    UseError
        If a value is out of its range.
    """

    grid: Grid = "month"
    age_days: float = 0.0
    horizon_days: int = 90
    reporting_lag_days: int = 0
    max_age_days: int = 540

    def __post_init__(self) -> None:
        if self.grid not in get_args(Grid):
            raise UseError(f"The grid of snapshots is month, week or age. Found {self.grid!r}.")
        if self.horizon_days <= 0 or self.max_age_days <= 0:
            raise UseError(
                "horizon_days and max_age_days are positive numbers of days. "
                f"Found {self.horizon_days} and {self.max_age_days}."
            )
        if self.age_days < 0 or self.reporting_lag_days < 0:
            raise UseError(
                f"age_days and reporting_lag_days are at least 0. Found {self.age_days} and {self.reporting_lag_days}."
            )

    @property
    def wait_s(self) -> int:
        """Seconds from a cutoff until its label is mature."""
        return (self.horizon_days + self.reporting_lag_days) * DAY_S


def cutoffs(first: int, last: int, grid: Grid) -> list[int]:
    """Return the cutoffs of a shared grid in ``[first, last]``.

    Parameters
    ----------
    first, last : int
        UTC seconds, both ends included.
    grid : {"month", "week"}
        The first of each month or each Monday, 00:00 UTC.

    Returns
    -------
    list of int
        UTC seconds, increasing; empty if no such instant lies in between.

    Examples
    --------
    >>> day = lambda text: int(datetime.fromisoformat(text + "T00:00:00Z").timestamp())
    >>> shown = lambda found: [datetime.fromtimestamp(x, UTC).date().isoformat() for x in found]
    >>> shown(cutoffs(day("2025-12-31"), day("2026-02-01"), "month"))
    ['2026-01-01', '2026-02-01']
    >>> shown(cutoffs(day("2026-01-01"), day("2026-01-12"), "week"))
    ['2026-01-05', '2026-01-12']
    """
    at = datetime.fromtimestamp(first, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    at = at.replace(day=1) if grid == "month" else at - timedelta(days=at.weekday())
    found = []
    while at.timestamp() <= last:
        if at.timestamp() >= first:
            found.append(int(at.timestamp()))
        at = (at + timedelta(days=32)).replace(day=1) if grid == "month" else at + timedelta(days=7)
    return found


def training_snapshots(tables: Tables, plan: SnapshotPlan, first_created: int | None) -> Frame:
    """Return every snapshot that may teach, mature or not.

    Parameters
    ----------
    tables : Tables
        With ``leads`` and, but in one-table mode, ``outcomes``.
    plan : SnapshotPlan
        Grid, horizon, lag.
    first_created : int or None
        Oldest ``created_at``, UTC seconds; None where leads have no date: the grid then covers one age and one
        wait.

    Returns
    -------
    LazyFrame
        ``lead_id`` String, ``cutoff`` Int64, ``label`` Int64 (0 or 1, null if immature), ``is_mature`` Int64,
        ``weight`` Float64; then what `models.censoring` reads, but not in one-table mode, which has no horizon:
        ``followed_days`` Float64, from the cutoff to the end of the horizon or of what is certain to be in the data, 0
        or more; ``won_after_days`` Float64, null unless won before that; ``is_open`` Int64, 1 if not decided before
        that. Every snapshot weighs 1: that is how leads will meet the model, each night that they are
        open, so propensities are calibrated for it. In one-table mode there is one snapshot per lead, at its
        ``created_at + age_days`` (at ``extracted_at`` where it has no date); rows without an outcome are immature.

    Raises
    ------
    UseError
        If there is no ``outcomes`` table to take labels from.

    Examples
    --------
    >>> lazy = lambda **columns: nw.from_native(pd.DataFrame(columns)).lazy()
    >>> day = lambda text: int(datetime.fromisoformat(text + "T00:00:00Z").timestamp())
    >>> tables = Tables({"leads": lazy(lead_id=["a"], created_at=[day("2026-01-10")]),
    ...                  "outcomes": lazy(lead_id=["a"], decided_at=[day("2026-03-05")], outcome=["won"])},
    ...                 (), extracted_at=day("2026-04-15"))
    >>> rows = training_snapshots(tables, SnapshotPlan(horizon_days=30), day("2026-01-10"))
    >>> rows = rows.collect().to_native().assign(cutoff=lambda t: pd.to_datetime(t.cutoff, unit="s").dt.date)
    >>> rows[["lead_id", "cutoff", "label", "is_mature", "followed_days", "won_after_days", "is_open"]]
      lead_id      cutoff  label  is_mature  followed_days  won_after_days  is_open
    0       a  2026-02-01      0          1           30.0             NaN        1
    1       a  2026-03-01      1          1           30.0             4.0        0
    """
    if tables.one_table:
        return _one_table(tables, plan)
    if "outcomes" not in tables.frames:
        raise UseError(
            "Training needs an outcomes table (lead_id, decided_at, outcome) or an outcome column of leads. "
            "Found neither."
        )
    if plan.grid == "age":
        leads = tables.frames["leads"]
        rows = _whole(
            leads.select("lead_id", cutoff=_own_cutoff(leads, plan)).filter(c("cutoff") <= tables.extracted_at)
        )
    else:
        first = (
            tables.extracted_at - plan.max_age_days * DAY_S - plan.wait_s if first_created is None else first_created
        )
        grid = cutoffs(first, tables.extracted_at, plan.grid) or [tables.extracted_at]
        if len(grid) > MOST_CUTOFFS:
            raise UseError(
                f"{len(grid)} cutoffs between the oldest lead and the extraction; at most {MOST_CUTOFFS} are meant. "
                "Check the oldest created_at, or use the monthly grid."
            )
        rows = nw.concat([_created(tables, plan, at).select("lead_id", cutoff=nw.lit(at, nw.Int64)) for at in grid])
    rows = rows.join(decisions(tables), on="lead_id", how="left")
    rows = rows.filter(c("decided_at").is_null() | (c("decided_at") >= c("cutoff")))
    return _labelled(rows, plan, tables.extracted_at)


def scoring_snapshots(tables: Tables, plan: SnapshotPlan, cutoff: int) -> Frame:
    """Return the leads that are open at an instant, each looked at as in training.

    Parameters
    ----------
    tables : Tables
        With ``leads`` and, where there are, ``outcomes``.
    plan : SnapshotPlan
        On a shared grid every lead is looked at the instant itself. With grid ``age``, and in one-table mode, each is
        looked at its own age, as the model learnt it: ``created_at + age_days``, if that is not later than the instant.
    cutoff : int
        The instant, UTC seconds.

    Returns
    -------
    LazyFrame
        ``lead_id`` String, ``cutoff`` Int64. In one-table mode the open leads are those without an outcome.

    Examples
    --------
    >>> lazy = lambda **columns: nw.from_native(pd.DataFrame(columns)).lazy()
    >>> tables = Tables({"leads": lazy(lead_id=["old", "new", "won"], created_at=[0, 9 * DAY_S, 8 * DAY_S]),
    ...                  "outcomes": lazy(lead_id=["won"], decided_at=[9 * DAY_S], outcome=["won"])}, (), 10 * DAY_S)
    >>> scoring_snapshots(tables, SnapshotPlan(max_age_days=5), 10 * DAY_S).collect().to_native()
      lead_id  cutoff
    0     new  864000
    """
    if tables.one_table:
        leads = tables.frames["leads"]
        rows = leads.filter(c("outcome").is_null()) if "outcome" in leads.collect_schema().names() else leads
        rows = rows.select("lead_id", cutoff=nw.coalesce(_own_cutoff(leads, plan), nw.lit(cutoff, nw.Int64)))
        return _whole(rows.filter(c("cutoff") <= cutoff))
    rows = _created(tables, plan, cutoff)
    if plan.grid == "age":
        rows = _whole(rows.select("lead_id", cutoff=_own_cutoff(rows, plan)).filter(c("cutoff") <= cutoff))
    else:
        rows = rows.select("lead_id", cutoff=nw.lit(cutoff, nw.Int64))
    if "outcomes" in tables.frames:
        rows = rows.join(decisions(tables), on="lead_id", how="left")
        rows = rows.filter(c("decided_at").is_null() | (c("decided_at") >= cutoff))
    return rows.select("lead_id", "cutoff")


def maturity(rows: pd.DataFrame, plan: SnapshotPlan, extracted_at: int) -> pd.DataFrame:
    """Return one row per cohort, the calendar month of the cutoff.

    Parameters
    ----------
    rows : DataFrame
        ``cutoff``, ``label`` and ``is_mature`` as from `training_snapshots`; maturity is worked out where it is absent.
    plan : SnapshotPlan
        Horizon and lag.
    extracted_at : int
        UTC seconds.

    Returns
    -------
    DataFrame
        ``cohort`` ("2026-01"), ``n``, ``n_mature``, ``n_won`` (of the mature ones; null if there is none),
        ``is_mature`` (all of them), ``matures_at`` (UTC seconds; when the youngest of the cohort is), ordered in time.

    Examples
    --------
    >>> rows = pd.DataFrame({"cutoff": [0, 40 * DAY_S], "label": [1, None], "is_mature": [1, 0]})
    >>> maturity(rows, SnapshotPlan(horizon_days=30), 50 * DAY_S)
        cohort  n  n_mature  n_won  is_mature  matures_at
    0  1970-01  1         1      1       True     2592000
    1  1970-02  1         0   <NA>      False     6048000
    """
    seconds = rows["cutoff"].to_numpy(dtype="int64")
    mature = rows["is_mature"].to_numpy() if "is_mature" in rows else seconds + plan.wait_s <= extracted_at
    distinct, position = np.unique(seconds, return_inverse=True)
    months = pd.Index([datetime.fromtimestamp(x, UTC).strftime("%Y-%m") for x in distinct], dtype=object)
    frame = pd.DataFrame(
        {
            "cohort": months.take(position),
            "cutoff": seconds,
            "mature": mature.astype("int64"),
            "won": pd.to_numeric(rows["label"]).fillna(0).to_numpy(dtype="float64"),
        }
    )
    frame["won"] *= frame["mature"]
    groups = frame.groupby("cohort", sort=True)
    n, n_mature = groups.size(), groups["mature"].sum()
    return pd.DataFrame(
        {
            "cohort": n.index.to_numpy(),
            "n": n.to_numpy(),
            "n_mature": n_mature.to_numpy(),
            "n_won": groups["won"].sum().astype("Int64").where(n_mature > 0).array,
            "is_mature": (n == n_mature).to_numpy(),
            "matures_at": groups["cutoff"].max().to_numpy() + plan.wait_s,
        }
    )


def _own_cutoff(leads: Frame, plan: SnapshotPlan) -> nw.Expr:
    """The instant at which each lead has the age of the plan; null where it has no date."""
    if "created_at" not in leads.collect_schema().names():
        return nw.lit(None, nw.Int64)
    return c("created_at") + round(plan.age_days * DAY_S)


def _whole(rows: Frame) -> Frame:
    # Only once no cutoff is null: pandas keeps whole numbers with nulls as floats, and has no cast for them.
    return rows.with_columns(cutoff=c("cutoff").cast(nw.Int64))


def _one_table(tables: Tables, plan: SnapshotPlan) -> Frame:
    leads = tables.frames["leads"]
    if "outcome" not in leads.collect_schema().names():
        raise UseError("Training on one table needs an outcome column in leads. Found none: name it in the settings.")
    cutoff = nw.coalesce(_own_cutoff(leads, plan), nw.lit(tables.extracted_at, nw.Int64)).cast(nw.Int64)
    known = ~c("outcome").is_null()
    won = nw.when(c("outcome") == "won").then(nw.lit(1, nw.Int64)).otherwise(nw.lit(0, nw.Int64))
    return leads.select(
        "lead_id",
        cutoff=cutoff,
        label=nw.when(known).then(won),
        is_mature=nw.when(known).then(nw.lit(1, nw.Int64)).otherwise(nw.lit(0, nw.Int64)),
        weight=nw.lit(1, nw.Int64).cast(nw.Float64),
    )


def _created(tables: Tables, plan: SnapshotPlan, cutoff: int) -> Frame:
    """Return the leads created before a literal cutoff and not too old at it."""
    leads = tables.frames["leads"]
    if "created_at" not in leads.collect_schema().names():
        return leads
    oldest = cutoff - plan.max_age_days * DAY_S
    in_time = (c("created_at") < cutoff) & (c("created_at") >= oldest)
    return leads.filter(c("created_at").is_null() | in_time)


def decisions(tables: Tables) -> Frame:
    """Return each lead's first decision and its first win.

    Parameters
    ----------
    tables : Tables
        With ``outcomes``.

    Returns
    -------
    LazyFrame
        ``lead_id``, ``decided_at``, ``won_at`` (UTC seconds; null where it was not won), one row per decided lead.

    Examples
    --------
    >>> lazy = lambda **columns: nw.from_native(pd.DataFrame(columns)).lazy()
    >>> outcomes = lazy(lead_id=["a", "a"], decided_at=[5, 9], outcome=["lost", "won"])
    >>> decisions(Tables({"outcomes": outcomes}, (), extracted_at=10)).collect().to_native()
      lead_id  decided_at  won_at
    0       a           5     9.0
    """
    rows = tables.frames["outcomes"].select("lead_id", "decided_at", "outcome")
    won_at = (nw.when(c("outcome") == "won").then(c("decided_at")), "min")
    return aggregate(rows, ["lead_id"], {"decided_at": (c("decided_at"), "min"), "won_at": won_at})


def _labelled(rows: Frame, plan: SnapshotPlan, extracted_at: int) -> Frame:
    one, zero = nw.lit(1, nw.Int64), nw.lit(0, nw.Int64)
    mature = c("cutoff") <= extracted_at - plan.wait_s
    certain = nw.lit(extracted_at - plan.reporting_lag_days * DAY_S, nw.Int64)
    until = nw.when(mature).then(c("cutoff") + plan.horizon_days * DAY_S).otherwise(certain)
    # A reporting lag may end before the cutoff: nothing is certain then.
    rows = rows.with_columns(until=nw.when(until < c("cutoff")).then(c("cutoff")).otherwise(until))
    won = (c("won_at") >= c("cutoff")) & (c("won_at") < c("until"))
    decided = c("decided_at") < c("until")
    return rows.select(
        "lead_id",
        "cutoff",
        label=nw.when(mature).then(nw.when(won).then(one).otherwise(zero)),
        is_mature=nw.when(mature).then(one).otherwise(zero),
        weight=nw.lit(1, nw.Int64).cast(nw.Float64),
        followed_days=(c("until") - c("cutoff")) / DAY_S,
        won_after_days=nw.when(won).then((c("won_at") - c("cutoff")) / DAY_S),
        is_open=nw.when(decided).then(zero).otherwise(one),
    )
