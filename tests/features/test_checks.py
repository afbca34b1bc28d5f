"""The checks give the same on every engine, keep the same row whatever the order, and prefer sound rows."""

import itertools
from collections.abc import Callable
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from features.checks import CREATED, HOMES, KEPT, check_groups, check_rows, flag, mark, repair, unread
from features.tables import SCHEMA

NOW, DAY = 1_700_000_000, 86_400
CONNECTION = duckdb.connect(":memory:")
NAMES = itertools.count()
Frame = nw.LazyFrame[Any]
Lazily = Callable[[dict[str, Any]], Frame]


def on_polars(data: dict[str, Any]) -> Frame:
    return nw.from_native(pl.LazyFrame(data))


def on_pandas(data: dict[str, Any]) -> Frame:
    table = pa.table(data)
    return nw.from_native(table.to_pandas(types_mapper=pd.ArrowDtype)).lazy()


def on_duckdb(data: dict[str, Any]) -> Frame:
    name = f"t{next(NAMES)}"
    CONNECTION.register(name, pa.table(data))
    return nw.from_native(CONNECTION.table(name))


ENGINES = pytest.mark.parametrize("lazily", [on_polars, on_pandas, on_duckdb])


def found(checked: Any) -> dict[str, list[int]]:
    """Rows by reason."""
    flagged = checked.frame.collect().to_arrow().to_pylist()
    rows: dict[str, list[int]] = {}
    for place, check in enumerate(checked.checks):
        hits = [row["@row"] for row in flagged if row[flag(place)] == 1]
        if hits:
            rows[check.reason] = sorted([*rows.get(check.reason, []), *hits])
    return rows


@ENGINES
def test_every_rule_of_a_row_finds_its_rows(lazily: Lazily) -> None:
    events = {
        "@row": [2, 3, 4, 5, 6, 7],
        "lead_id": ["a", None, "a", "a", "a", "a"],
        "occurred_at": [NOW - 9, NOW, NOW + 1, 5, None, NOW - 9],
        "known_at": [NOW - 10, NOW, NOW + 1, 5, None, NOW + 8],
        "type": ["v", "v", "v", "v", "v", None],
        "value": [None, None, None, None, None, 1.0],
        "@unread:occurred_at": [None, None, None, None, "soon", None],
        "@unread:value": ["x", None, None, None, None, None],
    }
    assert found(check_rows("events", lazily(events), NOW)) == {
        "missing_value": [3, 7],
        "after_extraction": [4, 7],
        "before_1990": [5],
        "unreadable_time": [6],
        "unreadable_number": [2],
        "known_before_occurred": [2],
    }


def test_a_rule_says_how_much_it_sets_aside_and_which_cell_may_be_shown() -> None:
    costs = {"@row": [2], "source": ["fair"], "month": [NOW], "cost": [1.0], "@unread:cost": [None]}
    checked = check_rows("costs", on_polars(costs), NOW)
    assert {(check.column, check.reason, check.level, check.shown) for check in checked.checks} == {
        ("source", "missing_value", "row", ""),
        ("month", "missing_value", "row", ""),
        ("month", "before_1990", "row", "month"),
        ("month", "future_cost", "drop", "month"),
        ("cost", "unreadable_number", "row", "@unread:cost"),
        ("cost", "missing_value", "row", ""),
    }


@ENGINES
def test_orphans_are_told_from_rows_of_leads_that_were_set_aside(lazily: Lazily) -> None:
    known_data = {"lead_id": ["a", "b"], "@kept": [1, 0], "@created_at": [NOW - 10, NOW - 10]}
    events = {
        "@row": [2, 3, 4],
        "lead_id": ["a", "b", "c"],
        "occurred_at": [NOW] * 3,
        "known_at": [NOW] * 3,
        "type": ["v"] * 3,
    }
    stages = {"@row": [2, 3, 4], "lead_id": ["a", "b", "c"], "stage": ["mql"] * 3, "entered_at": [NOW] * 3}
    frame, known = lazily(stages), lazily(known_data)
    assert found(check_rows("events", lazily(events), NOW, known))["orphan"] == [4]
    assert found(check_rows("stages", frame, NOW, known)) == {"orphan": [4], "lead_set_aside": [3]}
    assert found(check_rows("stages", frame, NOW, known, scoring_file=True)) == {"other_lead": [3, 4]}


@ENGINES
def test_a_decision_may_come_earlier_on_the_day_of_creation_and_no_earlier(lazily: Lazily) -> None:
    created = NOW - 9 * DAY
    known = lazily({"lead_id": ["a"], "@kept": [1], "@created_at": [created]})
    decided = [created, created - 1, created - DAY, created - DAY - 1]
    outcomes = {"@row": [2, 3, 4, 5], "lead_id": ["a"] * 4, "decided_at": decided, "outcome": ["won"] * 4}
    checked = check_rows("outcomes", lazily(outcomes), NOW, known)
    assert found(checked) == {"decided_on_the_day": [3, 4], "decided_before_created": [5]}
    levels = {check.reason: (check.column, check.level, check.shown) for check in checked.checks}
    assert levels["decided_on_the_day"] == ("decided_at", "notice", "")
    assert levels["decided_before_created"] == ("decided_at", "row", "decided_at")


@ENGINES
def test_leads_of_an_account_that_nobody_knows_are_kept_and_told(lazily: Lazily) -> None:
    leads = {"@row": [2, 3, 4], "lead_id": ["a", "b", "c"], "account_id": ["x", "y", None], "created_at": [NOW] * 3}
    checked = check_rows("leads", lazily(leads), NOW, lazily({"account_id": ["x"], "@kept": [1]}))
    assert found(checked) == {"unknown_account": [3]}
    assert [check.level for check in checked.checks if check.reason == "unknown_account"] == ["notice"]


@ENGINES
def test_the_kept_lead_is_the_earliest_whatever_the_order(lazily: Lazily) -> None:
    rows = [
        ("a", None, "x"),
        ("a", 9, "x"),
        ("a", 5, "z"),
        ("a", 5, "y"),
        ("b", None, "x"),
        (None, 1, "x"),
        (None, 1, "x"),
    ]
    for order in (rows, rows[::-1]):
        columns = list(zip(*order, strict=True))
        leads = {"@row": list(range(len(rows))), "lead_id": columns[0], "created_at": columns[1], "source": columns[2]}
        data = {name: list(values) for name, values in leads.items()}
        dropped = found(check_groups("leads", lazily(data)))["duplicate_id"]
        kept = [row for place, row in enumerate(order) if place not in dropped and row[0] == "a"]
        assert kept == [("a", 5, "y")]
        assert len(dropped) == 3


@ENGINES
def test_repeated_events_keep_the_first_known(lazily: Lazily) -> None:
    events = {
        "@row": [1, 2, 3, 4, 5],
        "event_id": ["e", "e", "e", None, None],
        "known_at": [7, 5, 5, 1, 1],
        "occurred_at": [1, 3, 2, 1, 1],
        "type": ["a", "b", "c", "d", "d"],
        "lead_id": ["x", "x", "y", "x", "x"],
    }
    assert found(check_groups("events", lazily(events))) == {"duplicate_event": [1, 2]}


@ENGINES
def test_outcomes_that_contradict_each_other_all_go(lazily: Lazily) -> None:
    outcomes = {
        "@row": [1, 2, 3, 4, 5],
        "lead_id": ["a", "a", "b", "b", "c"],
        "decided_at": [1, 2, 9, 4, 1],
        "outcome": ["won", "lost", "won", "won", "lost"],
    }
    assert found(check_groups("outcomes", lazily(outcomes))) == {"won_and_lost": [1, 2], "repeated_outcome": [3]}


@ENGINES
def test_nothing_is_known_before_it_occurred_after_the_repair(lazily: Lazily) -> None:
    events = {"occurred_at": [10, 20, 30], "known_at": [5, None, 40]}
    assert repair("events", lazily(events)).collect()["known_at"].to_list() == [10, 20, 40]


@ENGINES
def test_of_identifiers_of_events_nothing_is_left_but_that_they_were_there(lazily: Lazily) -> None:
    events = {"occurred_at": [10, 20], "known_at": [10, 20], "event_id": ["e1", None]}
    assert repair("events", lazily(events)).collect().to_arrow().column("event_id").to_pylist() == ["", None]


@ENGINES
def test_nothing_is_decided_before_the_lead_was_created_after_the_repair(lazily: Lazily) -> None:
    outcomes = {"lead_id": ["a", "b", "c"], "decided_at": [10, 20, 30], "outcome": ["won", "lost", "won"]}
    known = lazily({"lead_id": ["a", "b"], CREATED: [15, 20]})
    mended = repair("outcomes", lazily(outcomes), known).collect().to_arrow().to_pylist()
    assert {row["lead_id"]: row["decided_at"] for row in mended} == {"a": 15, "b": 20, "c": 30}
    assert set(mended[0]) == set(outcomes)


def test_a_table_without_rules_flags_nothing() -> None:
    frame = on_polars({"@row": [1], "lead_id": ["a"], "stage": ["mql"], "entered_at": [NOW]})
    assert check_groups("stages", frame).checks == ()
    assert found(check_rows("stages", frame, NOW)) == {}


TYPES = {"time": pl.Int64, "number": pl.Float64, "flag": pl.Int64}
TIMES = "unreadable_time row *, before_1990 row, after_extraction row"
# By table and column: reason and what is set aside; a star where the cell as it was may be shown. Beside these, every
# required column has its missing_value.
RULES = {
    "leads": {
        "lead_id": "duplicate_id row",
        "created_at": TIMES,
        "opted_out": "unreadable_flag cell *",
        "account_id": "unknown_account notice",
    },
    "accounts": {
        "account_id": "duplicate_id row",
        "employees": "unreadable_number cell *",
        "revenue": "unreadable_number cell *",
    },
    "events": {
        "lead_id": "orphan row, lead_set_aside drop",
        "occurred_at": TIMES,
        "known_at": f"{TIMES}, known_before_occurred notice",
        "value": "unreadable_number cell *",
        "event_id": "duplicate_event drop",
    },
    "signals": {
        "account_id": "orphan row, lead_set_aside drop",
        "occurred_at": TIMES,
        "known_at": f"{TIMES}, known_before_occurred notice",
        "strength": "unreadable_number cell *",
    },
    "outcomes": {
        "lead_id": "orphan row, lead_set_aside drop, repeated_outcome drop",
        "decided_at": f"{TIMES}, decided_before_created row, decided_on_the_day notice",
        "outcome": "unknown_outcome row *, open_outcome drop, won_and_lost row",
        "amount": "unreadable_number cell *",
    },
    "stages": {"lead_id": "orphan row, lead_set_aside drop", "entered_at": TIMES},
    "answers": {"lead_id": "orphan row, lead_set_aside drop", "known_at": TIMES},
    "changes": {"lead_id": "orphan row, lead_set_aside drop", "known_at": TIMES},
    "costs": {"month": "unreadable_time row *, before_1990 row, future_cost drop", "cost": "unreadable_number row *"},
}
# A time that was read is the company's own and names nobody.
SHOWN = {"before_1990", "after_extraction", "future_cost", "decided_before_created"}


@pytest.mark.parametrize("table", sorted(SCHEMA))
def test_these_are_the_rules_of_every_table(table: str) -> None:
    columns: dict[str, Any] = {"@row": pl.Int64}
    for name, column in SCHEMA[table].items():
        columns[name] = TYPES.get(column.kind, pl.String)
        if column.kind in TYPES or (name == "outcome" and table == "outcomes"):
            columns[unread(name)] = pl.String
    key, _ = HOMES.get(table, ("", ""))
    known = pl.LazyFrame(schema={key: pl.String, KEPT: pl.Int64, CREATED: pl.Int64})
    frame = nw.from_native(pl.LazyFrame(schema=columns))
    checks = check_rows(table, frame, NOW, nw.from_native(known) if key else None).checks
    got = {(c.column, c.reason, c.level, c.shown) for c in (*checks, *check_groups(table, frame).checks)}
    expected = {
        (name, "missing_value", "row", "")
        for name, column in SCHEMA[table].items()
        if column.required and (table, name) != ("outcomes", "outcome")
    }
    for name, rules in RULES[table].items():
        for rule in rules.split(", "):
            reason, level, *star = rule.split()
            expected.add((name, reason, level, unread(name) if star else name if reason in SHOWN else ""))
    assert got == expected


TABLES: dict[str, dict[str, list[Any]]] = {
    "leads": {
        "lead_id": ["a", "a", "a", None, "b", "b"],
        "created_at": [NOW + 1, NOW - 5, NOW - 9, NOW, None, NOW - 1],
        "account_id": ["x", "y", None, "x", "x", "z"],
    },
    "events": {
        "lead_id": ["a", "a", "b", "c", "a", None],
        "event_id": ["e", "e", "e", "f", "f", None],
        "occurred_at": [NOW - 9, NOW - 9, NOW - 8, NOW, 5, NOW],
        "known_at": [NOW - 7, NOW - 8, NOW - 9, NOW, NOW, NOW],
        "type": ["v"] * 6,
    },
    "outcomes": {
        "lead_id": ["a", "a", "b", "b", "b", "c"],
        "decided_at": [NOW - 3, NOW - 2, 5, NOW - 4, NOW - 3, NOW],
        "outcome": ["won", "won", "lost", "won", "won", None],
    },
    "accounts": {"account_id": ["x", "x", None], "employees": [3.0, 2.0, 1.0]},
    "stages": {"lead_id": ["a", "c"], "stage": ["mql", None], "entered_at": [NOW, NOW]},
}


@pytest.mark.parametrize("table", sorted(TABLES))
def test_rows_marked_in_place_get_the_flags_of_the_two_passes(table: str) -> None:
    data = TABLES[table]
    rows = list(range(len(data[next(iter(data))])))
    key, _ = HOMES.get(table, ("", ""))
    home = {key: ["a", "b", "x"], KEPT: [1, 0, 1], CREATED: [NOW - 4, NOW - 9, NOW]}
    known = on_polars(home) if key else None
    numbered = on_polars({"@row": rows, **data})
    first = check_rows(table, numbered, NOW, known)
    wanted = found(first)
    removed = {row for c in first.checks if c.level in ("row", "drop") for row in wanted.get(c.reason, [])}
    sound = numbered.filter(~nw.col("@row").is_in(sorted(removed))) if removed else numbered
    for reason, hits in found(check_groups(table, sound)).items():
        wanted[reason] = sorted([*wanted.get(reason, []), *hits])
    # Every row is still there, marked or not, and none needs a number.
    marked = mark(table, on_polars({**data, "place": rows}), NOW, known)
    flagged = marked.frame.collect().to_arrow().to_pylist()
    assert sorted(row["place"] for row in flagged) == rows
    got: dict[str, list[int]] = {}
    for place, check in enumerate(marked.checks):
        hits = sorted(row["place"] for row in flagged if row[flag(place)] == 1)
        if hits:
            got[check.reason] = sorted([*got.get(check.reason, []), *hits])
    assert got == wanted
