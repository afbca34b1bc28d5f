"""Histories: only what was known at the cutoff, day by day, of this lead and its company."""

from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from pipeline.history import MOST_LINES, Line, histories

DAY, CUTOFF = 86_400, 20_000 * 86_400
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def keep(workspace):
    """Stage tables as a run would have, and read the history of lead L1 from them."""

    def keep_and_read(zone=PARIS, lead_id="L1", cutoff=CUTOFF, **tables):
        folder = workspace.staging / "stamp"
        folder.mkdir(parents=True, exist_ok=True)
        leads = {
            "lead_id": ["L1", "L2"],
            "display_name": ["Zoé", "Luc"],
            "account_id": ["A1", None],
            "owner": [None, "x"],
        }
        for name, rows in {"leads": leads, **tables}.items():
            pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
        run_ = SimpleNamespace(manifest={"source": "stamp"})
        found = histories(workspace, run_, [lead_id], cutoff, zone)
        return None if found is None else found[lead_id]

    return keep_and_read


def rows(owner, *happened, key="lead_id"):
    """Events or signals given as (type, occurred at, known at)."""
    types, occurred, known = zip(*happened, strict=True)
    return {key: [owner] * len(types), "type": types, "occurred_at": occurred, "known_at": known}


def test_what_became_known_at_the_cutoff_or_later_is_not_there(keep):
    events = rows(
        "L1", ("click", CUTOFF - 9, CUTOFF - 1), ("click", CUTOFF - 9 * DAY, CUTOFF), ("reply", CUTOFF, CUTOFF + 1)
    )
    found = keep(events=events)
    assert found.timeline == (Line(CUTOFF - 9, "events", "click", 1),)


def test_one_line_for_a_day_and_a_type_in_the_zone_of_the_settings(keep):
    # 22:30 and 23:30 UTC of one summer day are two days in Paris: 00:30 and 01:30 of the next, and the evening before.
    evening = 19_900 * DAY + 20 * 3600
    events = rows("L1", *(("click", evening + hours * 3600, evening + hours * 3600) for hours in (1, 2.5, 3.5)))
    assert [(line.type, line.n) for line in keep(events=events).timeline] == [("click", 2), ("click", 1)]
    assert [line.n for line in keep(events=events, zone=ZoneInfo("UTC")).timeline] == [3]


def test_the_company_s_signals_stand_among_the_events_and_those_of_others_do_not(keep):
    mine = rows("A1", ("hiring", CUTOFF - 2 * DAY, CUTOFF - DAY), key="account_id")
    theirs = rows("A2", ("funding", CUTOFF - 2 * DAY, CUTOFF - DAY), key="account_id")
    signals = {name: [*mine[name], *theirs[name]] for name in mine}
    found = keep(events=rows("L1", ("click", CUTOFF - DAY, CUTOFF - DAY)), signals=signals)
    assert [(line.source, line.type) for line in found.timeline] == [("events", "click"), ("signals", "hiring")]
    assert [line.type for line in keep(lead_id="L2", signals=signals).timeline] == []


def test_the_last_answer_counts_and_only_what_is_known_of_the_lead_is_told(keep):
    answers = {
        "lead_id": ["L1", "L1", "L1", "L2"],
        "criterion": ["budget", "budget", "need", "timing"],
        "answer": ["yes", "no", "yes", "yes"],
        "known_at": [CUTOFF - 5, CUTOFF - 3, CUTOFF, CUTOFF - 1],
    }
    found = keep(answers=answers)
    assert found.said == {"budget": "no"}
    assert found.tracked == ("budget", "need", "timing")
    assert found.who == {"display_name": "Zoé", "account_id": "A1"}


def test_a_long_history_is_cut_to_its_newest_lines_and_an_empty_one_is_empty(keep):
    days = [("click", CUTOFF - k * DAY, CUTOFF - k * DAY) for k in range(1, 40)]
    found = keep(events=rows("L1", *days))
    assert [line.at for line in found.timeline] == [CUTOFF - k * DAY for k in range(1, MOST_LINES + 1)]
    assert keep(lead_id="L2").timeline == ()


def test_without_the_tables_of_the_run_there_is_no_history(workspace):
    run_ = SimpleNamespace(manifest={"source": "forgotten"})
    assert histories(workspace, run_, ["L1"], CUTOFF, PARIS) is None
