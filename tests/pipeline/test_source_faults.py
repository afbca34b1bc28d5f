"""Each bad input is told in a sentence: what was found, where, and what to do."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.errors import DataError, UseError
from features.faults import FaultyDataError
from pipeline.source import Opened

T = "2025-03-01T10:00:00Z"

Opening = Callable[..., Opened]


def message(opened: Opened, reason: str) -> str:
    return "\n".join(str(item) for item in opened.faults if item.reason == reason)


LEADS = ["lead_id,created_at", f"a,{T}", f"b,{T}"]


def rows(opened: Opened, table: str) -> list[dict[str, Any]]:
    frame = opened.tables.frames[table].to_native().to_arrow_table()
    return frame.to_pylist()


def test_a_missing_lead_id_is_told_with_its_row_and_the_row_is_set_aside(opening: Opening) -> None:
    opened = opening(leads=[*LEADS, f",{T}"])
    assert "leads.lead_id: 1 row without lead_id (row 4). Fill it in" in message(opened, "missing_value")
    assert [row["lead_id"] for row in rows(opened, "leads")] == ["a", "b"]
    count = opened.faults.counts["leads"]
    assert (count.read, count.kept, count.quarantined, count.dropped) == (3, 2, 1, 0)


def test_a_duplicate_lead_id_keeps_the_earliest_lead_and_sets_the_others_aside(opening: Opening) -> None:
    opened = opening(leads=["lead_id,created_at", "a,2025-03-02T00:00:00Z", f"a,{T}", "a,"])
    assert "leads.lead_id: 2 rows repeating a lead_id that another row has (row 2, row 4)" in message(
        opened, "duplicate_id"
    )
    assert [row["created_at"] for row in rows(opened, "leads")] == [1_740_823_200]


def test_identifiers_that_differ_by_outer_spaces_are_duplicates(opening: Opening) -> None:
    opened = opening(leads=["lead_id", "a", "  a ", "\u00a0a"])
    assert "2 rows repeating a lead_id" in message(opened, "duplicate_id")


def test_dates_that_cannot_be_read_are_told_with_the_cell(opening: Opening) -> None:
    opened = opening(leads=[*LEADS, "c,31/31/2024", "d,soon", "e,jo@example.com"])
    assert (
        "leads.created_at: 3 rows with a time that cannot be read (row 4: '31/31/2024', row 5: 'soon', row 6). "
        "Write times as 2026-11-21T14:30:00Z or 21/11/2026 14:30." in message(opened, "unreadable_time")
    )
    assert len(rows(opened, "leads")) == 2


def test_naive_times_are_noticed_while_the_zone_is_utc_and_only_then(opening: Opening) -> None:
    lines = ["lead_id,created_at", "a,2025-07-01T12:00:00", f"b,{T}"]
    told = message(opening({"time_zone": "UTC"}, leads=lines), "naive_times")
    assert "leads.created_at: 1 row with a time that names no zone, taken as UTC. If they are local times" in told
    paris = opening(leads=lines)
    assert message(paris, "naive_times") == ""
    assert rows(paris, "leads")[0]["created_at"] == 1_751_364_000  # 10:00 UTC in summer


def test_events_before_1990_or_after_the_extraction_are_set_aside(opening: Opening) -> None:
    events = ["lead_id,occurred_at,type", "a,1970-01-01T00:00:00Z,x", "a,2025-06-02T00:00:00Z,x", f"a,{T},x"]
    opened = opening({"extracted_at": "2025-06-01T00:00:00Z"}, leads=LEADS, events=events)
    assert "events.occurred_at: 1 row with a time before 1990 (row 2: '1970-01-01T00:00:00Z')" in message(
        opened, "before_1990"
    )
    assert "1 row with a time after the extraction of 2025-06-01T00:00:00Z (row 3: '2025-06-02T00:00:00Z')" in message(
        opened, "after_extraction"
    )
    assert len(rows(opened, "events")) == 1


def test_an_outcome_that_is_neither_won_nor_lost_is_told_with_the_setting(opening: Opening) -> None:
    outcomes = ["lead_id,decided_at,outcome", f"a,{T},perhaps", f"b,{T}, WON "]
    opened = opening(leads=LEADS, outcomes=outcomes)
    told = message(opened, "unknown_outcome")
    assert "outcomes.outcome: 1 row with an outcome that is neither won nor lost (row 2: 'perhaps')" in told
    assert "lost = ['*'] takes every other word as lost" in told
    assert [row["outcome"] for row in rows(opened, "outcomes")] == ["won"]


def test_a_lead_both_won_and_lost_loses_both_outcomes_and_one_won_twice_keeps_the_earliest(opening: Opening) -> None:
    outcomes = ["lead_id,decided_at,outcome", f"a,{T},won", f"a,{T},lost", "b,2025-04-01,won", "b,2025-03-05,won"]
    opened = opening(leads=LEADS, outcomes=outcomes)
    assert "outcomes.outcome: 2 rows of leads that are both won and lost (row 2, row 3)" in message(
        opened, "won_and_lost"
    )
    assert "1 row repeating the outcome of a lead (row 4)" in message(opened, "repeated_outcome")
    assert [(row["lead_id"], row["decided_at"]) for row in rows(opened, "outcomes")] == [("b", 1_741_129_200)]


@pytest.mark.parametrize(
    ("table", "header", "cells"),
    [
        ("events", "occurred_at,type", f"{T},page_view"),
        ("outcomes", "decided_at,outcome", f"{T},won"),
        ("stages", "entered_at,stage", f"{T},mql"),
        ("answers", "known_at,criterion,answer", f"{T},budget,yes"),
        ("changes", "known_at,field,value", f"{T},country,FR"),
    ],
)
def test_orphans_of_every_table_are_told(opening: Opening, table: str, header: str, cells: str) -> None:
    lines = [f"lead_id,{header}", f"nobody,{cells}", f"a,{cells}"]
    opened = opening(leads=LEADS, **{table: lines})
    assert f"{table}.lead_id: 1 row whose lead_id is not in leads (row 2). Add what is missing" in message(
        opened, "orphan"
    )
    assert [row["lead_id"] for row in rows(opened, table)] == ["a"]


def test_orphan_signals_are_those_of_no_account_and_no_lead(opening: Opening) -> None:
    signals = ["account_id,occurred_at,type", f"x,{T},hiring", f"y,{T},hiring", f"z,{T},hiring"]
    opened = opening(leads=["lead_id,account_id", "a,x"], accounts=["account_id,industry", "y,62.01Z"], signals=signals)
    assert "1 row whose account_id is not in leads or accounts (row 4)" in message(opened, "orphan")
    assert "leads.account_id: 1 row whose account_id is not in accounts" in message(opened, "unknown_account")
    assert [row["account_id"] for row in rows(opened, "signals")] == ["x", "y"]


def test_events_of_a_lead_that_was_set_aside_follow_it_and_are_no_fault_of_their_own(opening: Opening) -> None:
    opened = opening(leads=[*LEADS, "c,soon"], events=["lead_id,occurred_at,type", f"c,{T},x", f"a,{T},x"])
    assert "events.lead_id: 1 row of leads that were set aside (row 2)" in message(opened, "lead_set_aside")
    assert opened.faults.counts["events"].faulty == 0


def test_decided_long_before_created_is_a_fault_and_on_the_same_day_a_notice(opening: Opening) -> None:
    outcomes = ["lead_id,decided_at,outcome", "a,2025-02-01,won", "b,2025-03-01,lost"]
    opened = opening(leads=LEADS, outcomes=outcomes)
    assert "1 row decided more than a day before the lead was created (row 2: '2025-01-31T23:00:00Z')" in message(
        opened, "decided_before_created"
    )
    assert "1 row decided earlier on the day of creation (row 3)" in message(opened, "decided_on_the_day")
    assert [row["decided_at"] for row in rows(opened, "outcomes")] == [1_740_823_200]


def test_known_before_it_occurred_is_moved_and_noticed(opening: Opening) -> None:
    events = ["lead_id,occurred_at,type,known_at", f"a,{T},x,2025-02-01T00:00:00Z"]
    opened = opening(leads=LEADS, events=events)
    assert "events.known_at: 1 row known before they occurred (row 2)" in message(opened, "known_before_occurred")
    (event,) = rows(opened, "events")
    assert event["known_at"] == event["occurred_at"]


def test_a_repeated_event_id_counts_once_and_is_the_delivery_known_first(opening: Opening) -> None:
    events = [
        "event_id,lead_id,occurred_at,type,known_at",
        f"e,a,{T},late,2025-05-01T00:00:00Z",
        f"e,a,{T},early,2025-04-01T00:00:00Z",
        f",a,{T},without,",
        f",a,{T},without,",
    ]
    opened = opening(leads=LEADS, events=events)
    assert "events.event_id: 1 row repeating an event_id (row 2)" in message(opened, "duplicate_event")
    assert sorted(row["type"] for row in rows(opened, "events")) == ["early", "without", "without"]


def test_empty_leads_are_refused_and_another_empty_table_is_noticed(opening: Opening) -> None:
    with pytest.raises(DataError, match=r"leads: no row. Nothing can be learnt from an empty table"):
        opening(leads=["lead_id,created_at"])
    with pytest.raises(DataError, match=r"leads: no row.*\[empty_table\]"):
        opening(leads=b"")
    opened = opening(leads=LEADS, events=["lead_id,occurred_at,type"])
    assert "events: no row" in message(opened, "empty_table")
    assert set(opened.tables.frames) == {"leads"}


def test_mixed_types_are_told_with_what_is_done(opening: Opening) -> None:
    few = [f"{n},{n}.5" for n in range(95)] + [f"x{n},about {n}" for n in range(5)]
    opened = opening(leads=["lead_id,score", *few])
    told = message(opened, "mixed_types")
    assert "leads.score: 5 rows that are no number in a column of mostly numbers (row 97, row 98, row 99)" in told
    assert "These cells are emptied and the column is taken as a number" in told
    assert [attribute.kind for attribute in opened.tables.attributes] == ["number"]
    many = [f"{n},{n}" for n in range(60)] + [f"x{n},about {n}" for n in range(40)]
    opened = opening(leads=["lead_id,score", *many])
    assert "The column is taken as text; correct the cells if numbers are meant" in message(opened, "mixed_types")
    assert [attribute.kind for attribute in opened.tables.attributes] == ["category"]


def test_ten_thousand_categories_are_noticed(opening: Opening) -> None:
    opened = opening(leads=["lead_id,reference", *(f"{n},r{n}" for n in range(10_001))])
    assert "leads.reference: 10,001 different values in 10,001 rows. It looks like an identifier" in message(
        opened, "many_categories"
    )


def test_bytes_that_are_not_utf8_name_the_line_and_the_setting(opening: Opening) -> None:
    content = b"lead_id,ville\na,Paris\nb,Orl\xe9ans\n"
    with pytest.raises(DataError) as caught:
        opening(leads=content)
    assert "leads.csv is not utf-8: line 3 holds the byte 0xE9." in str(caught.value)
    assert 'set source.csv.encoding = "windows-1252"' in str(caught.value)
    opened = opening({"csv": {"encoding": "windows-1252"}}, leads=content)
    assert [row["ville"] for row in rows(opened, "leads")] == ["Paris", "Orléans"]


def test_a_french_export_simply_works(opening: Opening) -> None:
    content = (
        '\ufefflead_id;created_at;CA (€);Effectif\r\n1;21/11/2024 14:30;"1\u202f234,50 €";12\r\n2;03/12/2024;12,5;-\r\n'
    ).encode()
    opened = opening(leads=content)
    assert opened.faults.faults == ()
    assert [(row["created_at"], row["CA (€)"], row["Effectif"]) for row in rows(opened, "leads")] == [
        (1_732_195_800, 1234.5, 12.0),
        (1_733_180_400, 12.5, None),
    ]


def test_a_semicolon_does_not_prove_a_decimal_comma_and_a_stated_mark_is_believed(opening: Opening) -> None:
    points = opening(leads=b"lead_id;rate\n1;1.1\n2;93.994\n")
    assert [row["rate"] for row in rows(points, "leads")] == [1.1, 93.994]
    stated = opening({"csv": {"decimal": ","}}, leads=b"lead_id;revenue\n1;1.234\n2;1.500\n")
    assert [row["revenue"] for row in rows(stated, "leads")] == [1234.0, 1500.0]


def test_dates_that_could_be_either_way_are_noticed(opening: Opening) -> None:
    told = message(opening(leads=["lead_id,created_at", "a,03/04/2025"]), "ambiguous_dates")
    assert "1 row with a date such as 03/04/2026, taken as day/month/year" in told
    settled = opening({"time_zone": "America/New_York"}, leads=["lead_id,created_at", "a,03/04/2025", "b,03/13/2025"])
    assert message(settled, "ambiguous_dates") == ""
    assert rows(settled, "leads")[0]["created_at"] == 1_741_064_400  # 4 March


def test_rows_with_the_wrong_number_of_fields_are_told_and_kept_aside(opening: Opening, tmp_path: Path) -> None:
    opened = opening(leads=["lead_id,note", "a,fine", "b", 'c,"two\nlines"', "d,too,many", "e,fine"])
    assert "leads: 2 rows with more or fewer fields than the header (row 3, row 5)" in message(opened, "wrong_fields")
    assert [row["lead_id"] for row in rows(opened, "leads")] == ["a", "c", "e"]
    (file,) = (tmp_path / ".tamis" / "quarantine").rglob("*.csv")
    with file.open(encoding="utf-8-sig", newline="") as handle:
        assert list(csv.reader(handle)) == [
            ["row", "reason", "lead_id", "note"],
            ["3", "wrong_fields", "b", ""],
            ["5", "wrong_fields", "d,too,many", ""],
        ]


def test_headers_that_cannot_be_told_apart_are_refused(opening: Opening) -> None:
    with pytest.raises(DataError, match=r"leads.City: columns 'City', 'CITY' differ only in case"):
        opening(leads=["lead_id,City,CITY", "a,b,c"])
    with pytest.raises(DataError, match=r"leads.city: 2 columns are called 'city'"):
        opening(leads=["lead_id,city,city", "a,b,c"])
    with pytest.raises(DataError, match=r"leads: column 2 has no name. Give it one"):
        opening(leads=["lead_id,,city", "a,b,c"])
    hollow = opening(leads=["lead_id,city,", "a,b,"])
    assert "column 3 has neither name nor value" in message(hollow, "empty_header")


def test_missing_columns_name_the_nearest_header(opening: Opening) -> None:
    with pytest.raises(DataError) as caught:
        opening(leads=["LeadId,city", "a,b"])
    assert "leads.lead_id: no column lead_id. Did you mean 'LeadId'? Name yours in [source.tables.leads" in str(
        caught.value
    )
    tables = {"leads": {"columns": {"lead_id": "LeadId", "country": "Contry"}}}
    with pytest.raises(DataError) as caught:
        opening({"tables": tables}, leads=["LeadId,Country", "a,b"])
    assert "the settings read country from 'Contry', which is not there. Did you mean 'Country'?" in str(caught.value)


def test_a_missing_table_lists_what_is_there_and_the_nearest_name(opening: Opening, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        opening(lead=LEADS, contacts=LEADS)
    assert "expected leads.csv or leads.parquet, found these files: contacts.csv, lead.csv." in str(caught.value)
    assert "Did you mean 'lead.csv'? Name the right one in [source.tables.leads] path." in str(caught.value)
    with pytest.raises(
        UseError, match=r"source.url: expected a folder of CSV or Parquet files, found none at 'nowhere'"
    ):
        opening({"url": "nowhere"})


def test_the_outcome_must_stand_in_one_place(opening: Opening) -> None:
    with pytest.raises(DataError, match=r"leads.outcome: an outcome column, and a table of outcomes beside it"):
        opening(leads=["lead_id,outcome", "a,won"], outcomes=["lead_id,decided_at,outcome", f"a,{T},won"])


def test_above_the_rate_everything_is_told_at_once_and_the_rows_are_still_kept_aside(
    opening: Opening, tmp_path: Path
) -> None:
    leads = [*LEADS, f",{T}", "d,never"]
    events = ["lead_id,occurred_at,type,value", f"a,{T},x,much", f"nobody,{T},x,"]
    with pytest.raises(FaultyDataError) as caught:
        opening({"max_faulty_rate": 0.01}, leads=leads, events=events)
    told = str(caught.value)
    assert "expected at most 1% of faulty rows per table (source.max_faulty_rate), found:" in told
    assert "leads: 2 of 4 rows are faulty (50%)." in told
    for reason in ("missing_value", "unreadable_time", "unreadable_number", "orphan"):
        assert f"[{reason}]" in told
    assert caught.value.exit_code == 3
    assert sorted(path.name for path in (tmp_path / ".tamis" / "quarantine").rglob("*.csv")) == [
        "events.csv",
        "leads.csv",
    ]
    assert [path.name for path in (tmp_path / ".tamis" / "staging").iterdir()] == []


def test_names_mails_and_free_text_never_reach_a_message(opening: Opening) -> None:
    leads = [
        "lead_id,display_name,email,job_title,opted_out",
        ",Zoé Martin,zoe@example.com,CEO,perhaps",
        "a,A,b@c.d,X,no",
    ]
    answers = ["lead_id,known_at,criterion,answer", "a,secret-time@x,budget,confidential", f"q,{T},need,confidential"]
    told = "\n".join(str(item) for item in opening(leads=leads, answers=answers).faults)
    assert "[unreadable_flag]" in told
    assert "[orphan]" in told
    for secret in ("Zoé", "zoe@", "CEO", "confidential", "secret-time"):
        assert secret not in told


def test_names_mails_and_free_text_are_never_learnt_from(opening: Opening) -> None:
    text = "nous avons besoin de dix licences avant"
    rows = [f"l{k},Zoé{k},x{k}@y.example,{text} {k},Lyon,{k % 3}" for k in range(9)]
    opened = opening(leads=["lead_id,Prénom,contact,remarques,ville,score", *rows])
    assert [attribute.name for attribute in opened.tables.attributes] == ["ville", "score"]
    told = [str(item) for item in opened.faults if item.reason == "personal"]
    assert [line.split(":")[0] for line in told] == ["leads.Prénom", "leads.contact", "leads.remarques"]
    assert "It is not learnt from" in told[0]


def test_a_cell_of_opted_out_that_says_anything_but_no_means_opted_out(opening: Opening) -> None:
    rows = ["lead_id,opted_out", "a,perhaps", "b,no", "c,", *(f"x{k},no" for k in range(200))]
    leads = opening(leads=rows).tables.frames["leads"].collect(backend="pandas").to_native().set_index("lead_id")
    assert leads["opted_out"].loc[["a", "b"]].tolist() == [1, 0]
    assert leads["opted_out"].isna().loc["c"]
