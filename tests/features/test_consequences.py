"""When events first happen, seen from the decision: worked out by hand, equal on every engine."""

import pytest

from features.consequences import event_timing

ENGINES = ("duckdb", "polars", "pandas")


DAY = 86_400
DECIDED = 19_000 * DAY


def lead(name, age, outcome, *events):
    """A lead of that age at its decision; events as (type, days after the decision)."""
    return (
        {"lead_id": name, "created_at": None if age is None else DECIDED - age * DAY},
        {"lead_id": name, "decided_at": DECIDED, "outcome": outcome},
        [
            {"lead_id": name, "type": type_, "occurred_at": DECIDED + round(days * DAY), "known_at": DECIDED + 90 * DAY}
            for type_, days in events
        ],
    )


def counted(crm, engine, *leads):
    rows = {
        "leads": [x[0] for x in leads],
        "outcomes": [x[1] for x in leads],
        "events": [e for x in leads for e in x[2]],
    }
    table = event_timing(crm.make_tables(rows, engine)).collect("pyarrow").to_native()
    names = ("n_won", "n_lost", "n_after", "n_day")
    return {row["type"]: tuple(row[name] for name in names) for row in table.to_pylist() if any(row.values())}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_event_of_each_type_counts_at_after_and_in_the_day_before_the_decision(engine, crm):
    found = counted(
        crm,
        engine,
        lead("a", 30, "won", ("visit", -20), ("visit", 3), ("signature", -0.5), ("invoice", 0)),
        lead("b", 30, "won", ("visit", -9), ("signature", -1), ("invoice", 4)),
        lead("c", 30, "lost", ("visit", -2), ("signature", -1.5)),
    )
    assert found == {
        "": (2, 1, 0, 0),
        "visit": (2, 1, 0, 0),
        "signature": (2, 1, 0, 2),
        "invoice": (2, 0, 2, 0),
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_leads_decided_within_their_first_week_say_nothing(engine, crm):
    hasty = lead("a", 6.9, "won", ("visit", -0.2))
    undated = lead("b", None, "lost", ("visit", -0.3))
    assert counted(crm, engine, hasty, undated) == {}
    imported = lead("c", 2, "lost", ("visit", -8), ("call", -0.5))
    assert counted(crm, engine, hasty, imported) == {"": (0, 1, 0, 0), "visit": (0, 1, 0, 0), "call": (0, 1, 0, 1)}
