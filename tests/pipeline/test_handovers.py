"""The log of score runs: what decided each snapshot, from runs that are written as `tamis score` writes them."""

import json
from types import SimpleNamespace

import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import DataError
from pipeline.handovers import DAY_S, in_force, read_decided, worked
from pipeline.score_runs import SCHEMA, published

HORIZON = 90
T0 = 1_700_000_000


def publish(workspace, name, day, leads, *, cutoff=None, kind="portfolio", share=0.0, old=False):
    """Write one run: lead to (handed over, probability)."""
    at = T0 + round(day * DAY_S)
    folder = workspace.scores / name
    (folder / "rows").mkdir(parents=True)
    columns = {
        "lead_id": list(leads),
        "scored_at": [at] * len(leads),
        "decision": ["hand_over" if handed else "nurture" for handed, _ in leads.values()],
        "handover_probability": [float(probability) for _, probability in leads.values()],
    }
    arrays = {
        field.name: pa.array(columns[field.name], pa.int64() if field.name == "scored_at" else field.type).cast(
            field.type
        )
        if field.name in columns
        else pa.nulls(len(leads), field.type)
        for field in SCHEMA
    }
    table = pa.table(arrays, schema=SCHEMA)
    table = table.drop_columns("handover_probability") if old else table
    for part, rows in enumerate((table[:2], table[2:])):
        pq.write_table(rows, folder / "rows" / f"part-{part:05d}.parquet")
    cutoff = at - 3600 if cutoff is None else T0 + cutoff * DAY_S
    manifest = {"run_id": name, "kind": kind, "scored_at": at, "cutoff": cutoff, "model_version": "1"}
    manifest |= {"n_leads": 1}
    manifest |= {} if old else {"exploration": {"share": share}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture
def opened():
    """A source with nothing but a connection; stages may be added."""
    connection = duckdb.connect()
    yield SimpleNamespace(connection=connection, tables=SimpleNamespace(frames={}, one_table=False))
    connection.close()


def snapshots(*keys):
    return pd.DataFrame([(lead, T0 + day * DAY_S) for lead, day in keys], columns=["lead_id", "cutoff"])


def read(workspace, opened, *keys):
    found = read_decided(workspace, opened, snapshots(*keys), HORIZON)
    day = [None if np.isnan(at) else (at - T0) / DAY_S for at in found.at]
    return list(
        zip(day, found.handed_over.tolist(), found.probability.tolist(), found.could_draw.tolist(), strict=True)
    )


NOBODY = (None, False, 0.0, False)


def test_the_first_run_at_or_after_the_cutoff_decides_and_what_later_runs_say_does_not(workspace, opened):
    publish(workspace, "a", 10, {"cold": (0, 0.02), "drawn": (1, 0.02), "hot": (1, 1)}, share=0.02)
    publish(workspace, "b", 40, {"cold": (0, 0.02), "drawn": (1, 1), "late": (1, 1)}, share=0.02)
    assert read(workspace, opened, ("cold", 0), ("drawn", 0), ("hot", 0), ("late", 0), ("nobody", 0)) == [
        (10.0, False, 0.02, True),
        (10.0, True, 0.02, True),
        (10.0, True, 1.0, True),
        (40.0, True, 1.0, True),
        NOBODY,
    ]
    # It has warmed up: from then on it would have been handed over anyway.
    assert read(workspace, opened, ("drawn", 11)) == [(40.0, True, 1.0, True)]


def test_the_label_window_is_half_open(workspace, opened):
    publish(workspace, "a", HORIZON, {"lead": (1, 1)})
    assert read(workspace, opened, ("lead", 0), ("lead", 1), ("lead", HORIZON), ("lead", HORIZON + 1)) == [
        NOBODY,
        (90.0, True, 1.0, False),
        (90.0, True, 1.0, False),
        NOBODY,
    ]


def test_a_lead_that_was_handed_over_stays_with_sales_when_it_cools_down(workspace, opened):
    publish(workspace, "a", 1, {"was hot": (1, 1), "was drawn": (1, 0.05)}, share=0.05)
    publish(workspace, "b", 30, {"was hot": (0, 0.02), "was drawn": (0, 0.02)}, share=0.02)
    assert read(workspace, opened, ("was hot", 20), ("was drawn", 20)) == [
        (30.0, True, 1.0, True),
        (30.0, True, 0.05, True),
    ]


def test_runs_from_before_the_lottery_are_read_by_their_decision(workspace, opened):
    publish(workspace, "a", 1, {"hot": (1, 0), "cold": (0, 0)}, old=True)
    assert read(workspace, opened, ("hot", 0), ("cold", 0)) == [(1.0, True, 1.0, False), (1.0, False, 0.0, False)]
    publish(workspace, "b", 2, {"hot": (1, 1), "cold": (0, 0.1)}, share=0.1)
    assert read(workspace, opened, ("cold", 0), ("cold", 2)) == [(1.0, False, 0.0, False), (2.0, False, 0.1, True)]


def test_files_of_leads_and_looks_back_handed_nothing_to_sales(workspace, opened):
    assert read_decided(workspace, opened, snapshots(("lead", 0)), HORIZON) is None
    publish(workspace, "file", 1, {"lead": (1, 1)}, kind="file")
    assert read_decided(workspace, opened, snapshots(("lead", 0)), HORIZON) is None
    publish(workspace, "night", 30, {"lead": (0, 0)})
    publish(workspace, "back", 31, {"lead": (1, 1)}, cutoff=2)
    publish(workspace, "next", 32, {"lead": (0, 0)})
    assert [run_.run_id for run_ in in_force(published(workspace))] == ["night", "next"]
    # A run counts from when it was scored: the look at day 2 that was made on day 31 decided nothing on day 2.
    assert read(workspace, opened, ("lead", 0), ("lead", 31)) == [(30.0, False, 0.0, False), (32.0, False, 0.0, False)]


def test_the_first_contact_that_sales_accepted_is_read_off_the_stages(workspace, opened):
    publish(workspace, "a", 1, {"met": (0, 0), "refused": (0, 0), "unknown": (0, 0)})
    table = pd.DataFrame(
        {
            "lead_id": ["met", "met", "refused", "unknown", "unknown"],
            "stage": ["opportunity", "sal", "sal", "mql", "sql"],
            "entered_at": [9, 5, 4, 3, 7],
            "decision": [None, "accepted", "refused", None, None],
        }
    )
    opened.tables.frames["stages"] = nw.from_native(opened.connection.from_arrow(pa.Table.from_pandas(table)))
    keys = snapshots(("met", 0), ("refused", 0), ("unknown", 0), ("nobody", 0))
    assert read_decided(workspace, opened, keys, HORIZON).contacted_at.tolist()[:3:2] == [5.0, 7.0]
    assert np.isnan(read_decided(workspace, opened, keys, HORIZON).contacted_at[[1, 3]]).all()
    opened.tables.frames["stages"] = opened.tables.frames["stages"].drop("decision")
    assert read_decided(workspace, opened, keys, HORIZON).contacted_at.tolist()[:3] == [5.0, 4.0, 7.0]


def test_a_run_that_was_altered_is_told_and_not_learnt_from(workspace, opened):
    publish(workspace, "a", 1, {"lead": (1, 1)})
    (workspace.scores / "a" / "rows" / "part-00000.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DataError, match=r"Score runs: expected the files that were published, .*Restore the folder"):
        read(workspace, opened, ("lead", 0))


def test_who_does_not_teach_is_left_out_of_rows_and_features_alike(workspace, opened):
    n = 400
    log = {f"L{i:03d}": (i % 8 == 0, 0.125) for i in range(n)}
    publish(workspace, "a", 1, log, share=0.125)
    keys = snapshots(*((lead, 0) for lead in [*log, "people"]))
    rows = keys.assign(label=0, weight=np.arange(n + 1) + 1.0)
    found = worked(workspace, opened, rows, pd.DataFrame({"x": np.arange(n + 1)}), HORIZON)
    kept = [*range(0, n, 8), n]
    assert found.frame["x"].tolist() == kept
    assert found.rows["lead_id"].tolist() == [*(f"L{i:03d}" for i in kept[:-1]), "people"]
    assert found.rows["weight"].tolist() == pytest.approx([*(8.0 * (i + 1) for i in kept[:-1]), n + 1.0])
    assert found.facts["corrects"]
    opened.tables.one_table = True
    assert worked(workspace, opened, rows, keys, HORIZON).facts is None


days = st.integers(0, 30)
log = st.dictionaries(
    days, st.lists(st.sampled_from(["-", "cold", "drawn", "hot"]), min_size=3, max_size=3), max_size=6
)
STATES = {"cold": (0, 0.1), "drawn": (1, 0.1), "hot": (1, 1)}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log, st.lists(st.tuples(st.integers(0, 2), days), min_size=1, max_size=8), days)
def test_what_is_scored_after_the_label_window_changes_nothing(tmp_path_factory, opened, nights, keys, wait):
    """And neither does anything after the run that decided, found here by hand."""
    workspace = SimpleNamespace(scores=tmp_path_factory.mktemp("log"))
    for day, states in nights.items():
        leads = {f"L{i}": STATES[state] for i, state in enumerate(states) if state != "-"}
        publish(workspace, f"night-{day:02d}", day, leads, share=0.1)
    asked = [(f"L{lead}", day) for lead, day in keys]
    expected = [_by_hand(nights, lead, day) for lead, day in keys]
    if nights:
        assert read(workspace, opened, *asked) == expected
    publish(workspace, "later", 30 + HORIZON + wait, {f"L{i}": STATES["hot"] for i in range(3)}, share=0.1)
    assert read(workspace, opened, *asked) == expected


def _by_hand(nights, lead, day):
    mine = {night: STATES[states[lead]] for night, states in sorted(nights.items()) if states[lead] != "-"}
    after = [night for night in mine if day <= night < day + HORIZON]
    if not after:
        return NOBODY
    until = [mine[night] for night in mine if night <= after[0]]
    return float(after[0]), any(handed for handed, _ in until), float(max(p for _, p in until)), True
