"""Faults as people read them: where, what, how many, what to do, and when the data cannot be used."""

import re
from string import Formatter

import pytest

from features.faults import SENTENCES, Count, Example, Fault, Faults, fault, nearest, rows_in_words

LEVELS = ("refuse", "row", "cell", "drop", "notice")


@pytest.mark.parametrize("reason", sorted(SENTENCES))
def test_every_sentence_is_filled_in_and_ends(reason):
    names = {name for text in SENTENCES[reason] for _, name, _, _ in Formatter().parse(text) if name}
    details = dict.fromkeys(names - {"table", "column", "rows"}, "something") | {"consequence": "Emptied."}
    told = str(fault("leads", "owner", reason, "row", 1234, **details))
    assert told.startswith("leads.owner: ")
    assert told.endswith((f". [{reason}]", f"). [{reason}]"))
    assert not re.search(r"[{}]|  |None", told)


def test_a_fault_names_its_rows_and_shows_only_cells_that_may_be_shown():
    examples = [Example(4, "soon"), Example(9)]
    told = fault("events", "occurred_at", "unreadable_time", "row", 2, examples)
    assert str(told) == (
        "events.occurred_at: 2 rows with a time that cannot be read (row 4: 'soon', row 9). "
        "Write times as 2026-11-21T14:30:00Z or 21/11/2026 14:30. [unreadable_time]"
    )
    whole = fault("events", "", "empty_table", "refuse", 0)
    assert str(whole) == ("events: no row. Nothing can be learnt from an empty table: export it again. [empty_table]")
    assert (told.level, told.rows, told.examples) == ("row", 2, tuple(examples))


def found(*levels, **counts):
    items = tuple(Fault("leads", "", f"reason_{level}", level, 1, f"found {level}", "Mend it.") for level in levels)
    return Faults(items, {table: Count(*count) for table, count in counts.items()})


def test_what_is_wrong_is_told_from_what_is_only_worth_knowing():
    every = found(*LEVELS)
    assert [item.level for item in every] == list(LEVELS)
    assert [item.level for item in every.faults] == ["refuse", "row", "cell"]
    assert [item.level for item in every.notices] == ["drop", "notice"]


def test_data_are_refused_beyond_the_limit_of_any_table_or_by_a_fault_that_refuses():
    # Of leads exactly one in a hundred is faulty, of events two in a thousand more than that.
    counts = {"leads": (1000, 990, 10, 0, 10), "events": (1000, 988, 12, 0, 12), "costs": (0, 0, 0, 0, 0)}
    refused = found("row", "drop", **counts).refusal(0.01)
    assert refused == (
        "The data cannot be used: expected at most 1% of faulty rows per table (source.max_faulty_rate), found:\n"
        "  events: 12 of 1,000 rows are faulty (1.2%).\n"
        "Every fault:\n"
        "  leads: found row. Mend it. [reason_row]"
    )
    assert found("row", **counts).refusal(0.012) is None
    assert found("refuse", "notice").refusal(1.0) == (
        "The data cannot be used.\nEvery fault:\n  leads: found refuse. Mend it. [reason_refuse]"
    )
    assert found().refusal(0.0) is None


def test_faults_survive_json_with_their_examples_and_counts():
    told = fault("leads", "lead_id", "duplicate_id", "row", 2, [Example(3), Example(5, "x")])
    every = Faults((told,), {"leads": Count(read=9, kept=6, quarantined=2, dropped=1, faulty=3)})
    data = every.to_dict()
    assert data["counts"] == {"leads": {"read": 9, "kept": 6, "quarantined": 2, "dropped": 1, "faulty": 3}}
    assert data["items"][0]["examples"] == ({"row": 3, "value": None}, {"row": 5, "value": "x"})
    assert Faults.from_dict(data) == every


def test_hints_and_numbers_of_rows():
    assert nearest("created_at", ["Created At", "owner"]) == " Did you mean 'Created At'?"
    assert nearest("created_at", ["owner"]) == ""
    assert [rows_in_words(n) for n in (0, 1, 2, 1000)] == ["0 rows", "1 row", "2 rows", "1,000 rows"]
