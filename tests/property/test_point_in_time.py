"""Nothing that is known at or after a cutoff, no row order and no companion in the batch changes a feature."""

from collections.abc import Callable
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.catalogue import FeatureOptions, catalogue
from features.snapshots import SnapshotPlan, training_snapshots
from features.tables import Tables

OPTIONS = FeatureOptions(event_types=("badge_scan",), signal_types=("ipo",), criteria=("security",))
SETTINGS = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
LATER = (0, 1, 1800, 86_400, 400 * 86_400)


def features_of(crm: Any, rows: Any) -> Any:
    return catalogue(crm.make_tables(rows, "pandas"), OPTIONS)


@SETTINGS
@given(data=st.data())
def test_rows_known_at_or_after_the_cutoff_change_nothing(crm: Any, data: st.DataObject) -> None:
    rows = data.draw(crm.crms())
    cutoff = crm.NOW - 30 * crm.DAY
    snapshots = [(lead["lead_id"], cutoff) for lead in rows["leads"]]
    features = features_of(crm, rows)
    before = crm.computed(rows, snapshots, features, "polars")
    assert crm.computed(_with_future(data, rows, cutoff), snapshots, features, "polars") == before


def _with_future(data: st.DataObject, rows: Any, cutoff: int) -> Any:
    """Add rows known at or after the cutoff, some of which say that they happened long before."""
    at = st.sampled_from([cutoff + later for later in LATER])
    happened = st.sampled_from([0, 1, 3600, 8 * 86_400, 80 * 86_400])
    lead = st.sampled_from([row["lead_id"] for row in rows["leads"]])

    def timed(known_at: int, **extra: Any) -> dict[str, Any]:
        return {"occurred_at": known_at - data.draw(happened), "known_at": known_at, **extra}

    def some(make: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
        return [make() for _ in range(data.draw(st.integers(1, 5)))]

    # A first change of a field would rightly turn an untouched value into null: see the test on unknown pasts.
    known = sorted({(x["lead_id"], x["field"]) for x in rows["changes"]})
    changes = some(lambda: _change(data, at, known)) if known else []
    return {
        **rows,
        "events": rows["events"] + some(lambda: timed(data.draw(at), lead_id=data.draw(lead), type=data.draw(_types))),
        "signals": rows["signals"]
        + some(lambda: timed(data.draw(at), account_id=data.draw(st.sampled_from("AB")), type="hiring", strength=3.0)),
        "answers": rows["answers"]
        + some(lambda: {"lead_id": data.draw(lead), "known_at": data.draw(at), "criterion": "budget", "answer": "yes"}),
        "changes": rows["changes"] + changes,
    }


_types = st.sampled_from(["email_open", "pricing_view", "page_view", "product_use", "badge_scan", "never_seen_before"])


def _change(data: st.DataObject, at: Any, known: list[tuple[str, str]]) -> dict[str, Any]:
    lead, name = data.draw(st.sampled_from(known))
    value = data.draw(st.sampled_from(["9", "zzz"]))
    number = 9.0 if value == "9" else None
    return {"lead_id": lead, "known_at": data.draw(at), "field": name, "value": value, "number": number}


@SETTINGS
@given(data=st.data())
def test_the_order_of_rows_changes_nothing_to_the_last_bit(crm: Any, snapshots: Any, data: st.DataObject) -> None:
    rows = data.draw(crm.crms())
    shuffled = {name: data.draw(st.permutations(content)) for name, content in rows.items()}
    features = features_of(crm, rows)
    one = crm.computed(rows, snapshots, features, "polars")
    other = crm.computed(shuffled, list(reversed(snapshots)), features, "polars")
    assert one == other


@SETTINGS
@given(data=st.data())
def test_a_snapshot_alone_equals_the_same_snapshot_in_a_batch(crm: Any, snapshots: Any, data: st.DataObject) -> None:
    rows = data.draw(crm.crms())
    features = features_of(crm, rows)
    batch = crm.computed(rows, snapshots, features, "polars")
    alone = data.draw(st.sampled_from(snapshots))
    assert crm.computed(rows, [alone], features, "polars")[alone] == batch[alone]
    some = [f for f in features if data.draw(st.booleans())] or list(features[:1])
    part = crm.computed(rows, [alone], some, "polars")[alone]
    assert part == {f.name: batch[alone][f.name] for f in some}


OUTCOME = st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 120), st.sampled_from(["won", "lost"]))


@SETTINGS
@given(before=st.lists(OUTCOME, max_size=6), later=st.lists(OUTCOME, max_size=6), lag=st.sampled_from([0, 10]))
def test_decisions_after_the_data_end_change_no_label_and_no_fact_of_a_snapshot(
    before: list[Any], later: list[Any], lag: int
) -> None:
    """Nor do decisions that fall in the reporting lag change an immature one: some of them are not in the data yet."""
    end = 120
    plan = SnapshotPlan(horizon_days=60, reporting_lag_days=lag)
    known = [row for row in before if row[1] < end - lag]
    unknown = [(lead, end + day, outcome) for lead, day, outcome in later]
    lagging = [row for row in before if row[1] >= end - lag]
    rows = _labelled(known, plan, end)
    assert _labelled([*known, *unknown], plan, end).equals(rows)
    young = _labelled([*known, *unknown, *lagging], plan, end)
    assert young[young["is_mature"] == 0].equals(rows[rows["is_mature"] == 0])
    assert (rows["won_after_days"].dropna() < rows["followed_days"][rows["won_after_days"].notna()]).all()
    assert (rows["label"].eq(1) == rows["won_after_days"].notna())[rows["is_mature"] == 1].all()


def _labelled(outcomes: list[tuple[str, int, str]], plan: SnapshotPlan, end: int) -> pd.DataFrame:
    day = 86_400
    names = ("lead_id", "decided_at", "outcome")
    columns = {name: [row[k] for row in outcomes] for k, name in enumerate(names)}
    decided = pd.DataFrame(columns).astype({"lead_id": "str", "decided_at": "int64", "outcome": "str"})
    decided["decided_at"] *= day
    leads = pd.DataFrame({"lead_id": ["a", "b", "c"], "created_at": [0, 0, 20 * day]})
    frames = {name: nw.from_native(table).lazy() for name, table in {"leads": leads, "outcomes": decided}.items()}
    rows = training_snapshots(Tables(frames, (), end * day), plan, 0).collect().to_native()
    return rows.sort_values(["lead_id", "cutoff"], ignore_index=True)


@pytest.mark.parametrize("engine", ["duckdb", "polars", "pandas"])
def test_a_value_first_recorded_after_the_cutoff_is_never_seen(crm: Any, engine: str) -> None:
    cutoff = crm.NOW - 30 * crm.DAY
    rows = {
        "leads": [{"lead_id": "L0", "job_title": "CEO", "source": "web"}],
        "changes": [
            {"lead_id": "L0", "known_at": cutoff, "field": "job_title", "value": "CEO"},
            {"lead_id": "L0", "known_at": cutoff + 1, "field": "source", "value": "web"},
            {"lead_id": "L0", "known_at": cutoff - 1, "field": "source", "value": "fair"},
        ],
    }
    features = features_of(crm, rows)
    got = crm.computed(rows, [("L0", cutoff), ("L0", cutoff + 1)], features, engine)
    seen = [(got["L0", at]["fit__seniority"], got["L0", at]["fit__source"]) for at in (cutoff, cutoff + 1)]
    assert seen == [(None, "fair"), ("c_level", "fair")]
