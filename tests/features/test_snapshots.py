"""Which leads are looked at, when, with which label: cases worked out by hand."""

import time
from datetime import UTC, datetime

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from features.errors import UseError
from features.snapshots import SnapshotPlan, cutoffs, maturity, scoring_snapshots, training_snapshots
from features.tables import Tables

DAY = 86_400


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def day_of(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%m-%d")


LEADS = {
    "lead_id": ["open", "won", "lost", "edge", "undated", "old"],
    "created_at": [at("2026-01-10"), at("2026-01-10"), at("2026-01-10"), at("2026-02-01"), None, at("2024-01-01")],
}
OUTCOMES = {
    "lead_id": ["won", "lost", "lost", "edge"],
    "decided_at": [at("2026-03-15"), at("2026-02-10"), at("2026-02-20"), at("2026-04-01")],
    "outcome": ["won", "lost", "won", "won"],
}
EXTRACTED = at("2026-04-20")


def tables(engine, leads=LEADS, outcomes=OUTCOMES, one_table=False, extracted_at=EXTRACTED):
    con = duckdb.connect()
    frames = {}
    for name, columns in {"leads": leads, "outcomes": outcomes}.items():
        if columns is not None:
            types = {"lead_id": pa.string(), "outcome": pa.string()}
            table = pa.table({k: pa.array(v, types.get(k, pa.int64())) for k, v in columns.items()})
            native = {
                "duckdb": con.from_arrow,
                "polars": lambda t: pl.from_arrow(t).lazy(),
                "pandas": pa.Table.to_pandas,
            }
            frame = nw.from_native(native[engine](table))
            frames[name] = frame if isinstance(frame, nw.LazyFrame) else frame.lazy()
    return Tables(frames, (), extracted_at, one_table)


def collected(lazy):
    frame = lazy.collect("pyarrow").to_native().to_pandas()
    return frame.sort_values(["lead_id", "cutoff"]).reset_index(drop=True)


ENGINES = pytest.mark.parametrize("engine", ["duckdb", "polars", "pandas"])


@ENGINES
def test_monthly_snapshots_while_open_with_labels_of_mature_cohorts_only(engine):
    plan = SnapshotPlan(horizon_days=30, reporting_lag_days=5, max_age_days=400)
    rows = collected(training_snapshots(tables(engine), plan, at("2026-01-10")))
    found = [
        (r.lead_id, day_of(r.cutoff), None if pd.isna(r.label) else int(r.label), int(r.is_mature))
        for r in rows.itertuples()
    ]
    dated = [
        # Created on the first of February itself: not yet known at that cutoff; decided at a cutoff: still open at it.
        ("edge", "03-01", 0, 1),
        ("edge", "04-01", None, 0),
        # Lost first, won later: closed from its first decision on, and the win is 19 days after the only cutoff.
        ("lost", "02-01", 1, 1),
        ("open", "02-01", 0, 1),
        ("open", "03-01", 0, 1),
        ("open", "04-01", None, 0),
        ("undated", "02-01", 0, 1),
        ("undated", "03-01", 0, 1),
        ("undated", "04-01", None, 0),
        ("won", "02-01", 0, 1),
        ("won", "03-01", 1, 1),
    ]
    assert found == dated
    assert rows["weight"].to_list() == [1.0] * len(rows)


@pytest.mark.parametrize(("horizon", "label"), [(41, 0), (42, 0), (43, 1)])
def test_the_label_window_is_half_open(horizon, label):
    leads = {"lead_id": ["a"], "created_at": [at("2026-01-10")]}
    outcomes = {"lead_id": ["a"], "decided_at": [at("2026-02-01") + 42 * DAY], "outcome": ["won"]}
    plan = SnapshotPlan(horizon_days=horizon)
    rows = collected(training_snapshots(tables("polars", leads, outcomes), plan, at("2026-01-10")))
    assert rows["label"].to_list()[0] == label


@pytest.mark.parametrize(("late_by", "mature"), [(-1, 1), (0, 1), (1, 0)])
def test_a_cohort_is_mature_from_the_second_its_wait_is_over(late_by, mature):
    leads = {"lead_id": ["a"], "created_at": [at("2026-01-10")]}
    plan = SnapshotPlan(horizon_days=20, reporting_lag_days=3)
    made = tables("polars", leads, OUTCOMES, extracted_at=at("2026-02-01") + 23 * DAY - late_by)
    rows = collected(training_snapshots(made, plan, at("2026-01-10")))
    assert rows["is_mature"].to_list() == [mature]
    assert rows["label"].isna().to_list() == [not mature]


@ENGINES
def test_an_immature_snapshot_tells_what_was_decided_before_the_data_end_and_no_more(engine):
    leads = {"lead_id": ["won", "edge", "lost", "open"], "created_at": [at("2026-01-10")] * 4}
    outcomes = {
        "lead_id": ["won", "edge", "lost"],
        "decided_at": [at("2026-02-11"), at("2026-02-21"), at("2026-02-05")],
        "outcome": ["won", "won", "lost"],
    }
    # Certain are the decisions before the 21st: three days of lag before the 24th; the end itself is out.
    made = tables(engine, leads, outcomes, extracted_at=at("2026-02-24"))
    rows = collected(training_snapshots(made, SnapshotPlan(horizon_days=60, reporting_lag_days=3), at("2026-01-10")))
    assert rows["label"].isna().all()
    assert rows["followed_days"].to_list() == [20.0] * 4
    facts = zip(rows["lead_id"], rows["won_after_days"].fillna(-1), rows["is_open"], strict=True)
    assert list(facts) == [("edge", -1, 1), ("lost", -1, 0), ("open", -1, 1), ("won", 10.0, 0)]


def test_a_snapshot_younger_than_the_reporting_lag_has_not_been_followed():
    leads = {"lead_id": ["a"], "created_at": [at("2026-01-10")]}
    made = tables("polars", leads, OUTCOMES, extracted_at=at("2026-02-02"))
    rows = collected(training_snapshots(made, SnapshotPlan(reporting_lag_days=9), at("2026-01-10")))
    assert rows[["followed_days", "is_open"]].to_numpy().tolist() == [[0.0, 1]]


@ENGINES
def test_a_lead_too_old_is_no_longer_looked_at(engine):
    plan = SnapshotPlan(horizon_days=30, max_age_days=60)
    rows = collected(training_snapshots(tables(engine), plan, at("2024-01-01")))
    old = [day_of(c) for c in rows.loc[rows["lead_id"] == "old", "cutoff"]]
    assert old == ["02-01", "03-01"]


@ENGINES
def test_a_fixed_age_gives_one_snapshot_per_dated_lead_that_is_still_open(engine):
    plan = SnapshotPlan(grid="age", age_days=31.5, horizon_days=30)
    rows = collected(training_snapshots(tables(engine), plan, None))
    assert rows["lead_id"].to_list() == ["edge", "old", "open", "won"]
    assert rows.loc[rows["lead_id"] == "won", "cutoff"].item() == at("2026-01-10") + int(31.5 * DAY)
    assert [None if pd.isna(x) else int(x) for x in rows["label"]] == [1, 0, 0, 0]


def test_a_lead_of_age_zero_is_looked_at_when_it_is_created():
    plan = SnapshotPlan(grid="age", horizon_days=65)
    rows = collected(training_snapshots(tables("polars"), plan, None))
    assert rows.loc[rows["lead_id"] == "won", ["cutoff", "label"]].to_numpy().tolist() == [[at("2026-01-10"), 1]]


def test_weekly_snapshots_stand_on_mondays():
    plan = SnapshotPlan(grid="week", horizon_days=30)
    rows = collected(training_snapshots(tables("polars"), plan, at("2026-01-10")))
    assert {datetime.fromtimestamp(c, UTC).isoweekday() for c in rows["cutoff"]} == {1}
    assert cutoffs(at("2026-01-05"), at("2026-01-05"), "week") == [at("2026-01-05")]
    assert cutoffs(at("2026-01-02"), at("2026-01-30"), "month") == []


def test_leads_without_dates_get_the_grid_of_one_age_and_one_wait():
    leads = {"lead_id": ["a"], "created_at": [None]}
    plan = SnapshotPlan(horizon_days=30, max_age_days=60)
    rows = collected(training_snapshots(tables("polars", leads, OUTCOMES), plan, None))
    assert [day_of(c) for c in rows["cutoff"]] == ["02-01", "03-01", "04-01"]


@ENGINES
def test_scoring_takes_the_open_leads_only(engine):
    plan = SnapshotPlan(max_age_days=400)
    rows = collected(scoring_snapshots(tables(engine), plan, at("2026-04-01")))
    assert rows["lead_id"].to_list() == ["edge", "open", "undated"]
    assert set(rows["cutoff"]) == {at("2026-04-01")}
    without_outcomes = collected(scoring_snapshots(tables(engine, outcomes=None), plan, at("2026-04-01")))
    assert len(without_outcomes) == 5


@ENGINES
def test_one_table_gives_one_snapshot_per_lead_labelled_by_its_own_outcome(engine):
    leads = {"lead_id": ["a", "b", "c"], "created_at": [100, None, 300], "outcome": ["won", "lost", None]}
    made = tables(engine, leads, None, one_table=True, extracted_at=999)
    rows = collected(training_snapshots(made, SnapshotPlan(), 100))
    assert rows["cutoff"].to_list() == [100, 999, 300]
    assert [None if pd.isna(x) else int(x) for x in rows["label"]] == [1, 0, None]
    assert rows["is_mature"].to_list() == [1, 1, 0]
    assert collected(scoring_snapshots(made, SnapshotPlan(), 999))["lead_id"].to_list() == ["c"]


def test_a_model_of_a_fixed_age_meets_leads_at_that_age_only():
    plan = SnapshotPlan(grid="age", age_days=31.5)
    rows = collected(scoring_snapshots(tables("polars"), plan, at("2026-02-15")))
    assert rows[["lead_id", "cutoff"]].to_numpy().tolist() == [
        ["open", at("2026-01-10") + int(31.5 * DAY)],
        ["won", at("2026-01-10") + int(31.5 * DAY)],
    ]


def test_a_lead_of_one_table_is_scored_at_the_instant_it_would_have_taught_at():
    leads = {"lead_id": ["a", "b", "later"], "created_at": [100, None, 900], "outcome": [None, None, None]}
    made = tables("polars", leads, None, one_table=True, extracted_at=999)
    rows = collected(scoring_snapshots(made, SnapshotPlan(), 500))
    assert rows.to_numpy().tolist() == [["a", 100], ["b", 500]]


def test_maturity_is_told_by_cohort_and_never_counts_immature_wins():
    plan = SnapshotPlan(horizon_days=30, reporting_lag_days=5, max_age_days=400)
    rows = collected(training_snapshots(tables("polars"), plan, at("2026-01-10")))
    table = maturity(rows, plan, EXTRACTED)
    assert table["cohort"].to_list() == ["2026-02", "2026-03", "2026-04"]
    assert table["n"].to_list() == [4, 4, 3]
    assert table["n_mature"].to_list() == [4, 4, 0]
    assert table["n_won"].to_list() == [1, 1, pd.NA]
    assert table["is_mature"].to_list() == [True, True, False]
    assert [day_of(x) for x in table["matures_at"]] == ["03-08", "04-05", "05-06"]
    pd.testing.assert_frame_equal(table, maturity(rows.drop(columns="is_mature"), plan, EXTRACTED))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"grid": "day"}, "The grid of snapshots is month, week or age. Found 'day'."),
        ({"horizon_days": 0}, "^horizon_days and max_age_days are positive numbers of days. Found 0 and 540.$"),
        ({"max_age_days": 0}, "^horizon_days and max_age_days are positive numbers of days. Found 90 and 0.$"),
        ({"age_days": -1.0}, "^age_days and reporting_lag_days are at least 0. Found -1.0 and 0.$"),
        ({"reporting_lag_days": -1}, "^age_days and reporting_lag_days are at least 0. Found .* and -1.$"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(settings, message):
    with pytest.raises(UseError, match=message):
        SnapshotPlan(**settings)


def test_training_without_outcomes_says_what_is_missing():
    with pytest.raises(
        UseError, match=r"needs an outcomes table \(lead_id, .*\) or an outcome column of leads\. Found neither\.$"
    ):
        training_snapshots(tables("polars", outcomes=None), SnapshotPlan(), at("2026-01-10"))
    leads = {"lead_id": ["a"], "created_at": [1]}
    with pytest.raises(UseError, match=r"needs an outcome column in leads\. Found none: name it in the settings\.$"):
        training_snapshots(tables("polars", leads, None, one_table=True), SnapshotPlan(), 1)


def test_a_lead_created_in_1990_does_not_make_thousands_of_cutoffs():
    with pytest.raises(
        UseError, match=r"^\d{4} cutoffs .* at most \d+ are meant\. Check the oldest created_at, or use the"
    ):
        training_snapshots(tables("polars"), SnapshotPlan(grid="week"), at("1990-01-01"))


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_cutoffs_and_cohorts_are_of_utc_wherever_the_machine_stands(zone, monkeypatch):
    plan, created = SnapshotPlan(horizon_days=30), at("2026-01-01")
    expected = [at("2026-01-01"), at("2026-02-01")], [at("2026-01-05"), at("2026-01-12")]
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        found = cutoffs(created, at("2026-02-01"), "month"), cutoffs(created, at("2026-01-12"), "week")
        cohorts = maturity(pd.DataFrame({"cutoff": expected[0], "label": [1, 0]}), plan, at("2026-06-01"))["cohort"]
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert found == expected
    assert cohorts.to_list() == ["2026-01", "2026-02"]


def test_every_snapshot_weighs_one_in_one_table_too():
    leads = {"lead_id": ["a", "b"], "created_at": [at("2026-01-10"), None], "outcome": ["won", None]}
    rows = collected(training_snapshots(tables("polars", leads, None, one_table=True), SnapshotPlan(), None))
    assert rows["weight"].to_list() == [1.0, 1.0]


def test_leads_without_a_column_of_dates_are_looked_at_when_the_data_end():
    leads = {"lead_id": ["a", "b"], "outcome": ["won", None]}
    made = tables("polars", leads, None, one_table=True)
    assert collected(training_snapshots(made, SnapshotPlan(), None))["cutoff"].to_list() == [EXTRACTED] * 2
    assert collected(scoring_snapshots(made, SnapshotPlan(), 99))[["lead_id", "cutoff"]].to_numpy().tolist() == [
        ["b", 99]
    ]
    several = tables("polars", {"lead_id": ["a", "b"]}, {"lead_id": ["b"], "decided_at": [5], "outcome": ["won"]})
    assert collected(scoring_snapshots(several, SnapshotPlan(), 9))["lead_id"].to_list() == ["a"]
