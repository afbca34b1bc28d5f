"""Opening a source: formats, one-table mode, files to score, stamps, and what a killed run leaves."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

import pipeline.source
from features.errors import DataError, UseError
from features.tables import SCHEMA, Attribute
from pipeline.source import Opened

T = "2025-03-01T10:00:00Z"
S = 1_740_823_200

Opening = Callable[..., Opened]


def rows(opened: Opened, table: str) -> list[dict[str, Any]]:
    return list(opened.tables.frames[table].to_native().to_arrow_table().to_pylist())


def test_every_canonical_column_exists_with_its_type(opening: Opening) -> None:
    tables = {
        "leads": ["lead_id", "a"],
        "accounts": ["account_id", "x"],
        "events": ["lead_id,occurred_at,type", f"a,{T},v"],
        "signals": ["account_id,occurred_at,type", f"x,{T},v"],
        "outcomes": ["lead_id,decided_at,outcome", f"a,{T},won"],
        "stages": ["lead_id,stage,entered_at", f"a,mql,{T}"],
        "answers": ["lead_id,known_at,criterion,answer", f"a,{T},need,yes"],
        "changes": ["lead_id,known_at,field,value", f'a,{T},employees,"1 200"'],
        "costs": ["source,month,cost", "web,2025-01,12.5"],
    }
    opened = opening(**tables)
    wanted = {"id": "String", "text": "String", "time": "Int64", "number": "Float64", "flag": "Int64"}
    assert set(opened.tables.frames) == set(SCHEMA)
    for table, columns in SCHEMA.items():
        found = {name: str(kind) for name, kind in opened.tables.frames[table].collect_schema().items()}
        assert {name: found.pop(name) for name in columns} == {name: wanted[c.kind] for name, c in columns.items()}
        assert found == ({"number": "Float64"} if table == "changes" else {})
    assert rows(opened, "changes")[0]["number"] == 1200.0
    assert rows(opened, "events")[0]["known_at"] == S
    assert opened.tables.counts == dict.fromkeys(SCHEMA, 1)


def test_attributes_are_typed_over_the_whole_column(opening: Opening) -> None:
    header = "lead_id,score,founded,answer,zip,mood,dialled,empty"
    lines = [
        f"{n},{n}.5,{n % 28 + 1:02d}/01/2020,{'Oui' if n % 2 else 'NON'},0{n}000,{'calm' if n else 'yes'},+33612345678,"
        for n in range(1, 9)
    ]
    opened = opening(leads=[header, *lines])
    assert {a.name: a.kind for a in opened.tables.attributes} == {
        "score": "number", "founded": "date", "answer": "category", "zip": "category",
        "mood": "category", "dialled": "category", "empty": "category",
    }  # fmt: skip
    (first, *_) = rows(opened, "leads")
    assert (first["score"], first["answer"], first["zip"], first["empty"]) == (1.5, "yes", "01000", None)
    assert first["founded"] == int(datetime(2020, 1, 1, 23, tzinfo=UTC).timestamp())


def test_types_that_a_model_settled_are_not_guessed_anew(opening: Opening) -> None:
    lines = ["lead_id,zip", "a,75001", "b,13002"]
    assert opening(leads=lines).tables.attributes == (Attribute("leads", "zip", "number"),)
    settled = (Attribute("leads", "zip", "category"),)
    opened = opening(leads=lines, how={"kinds": settled})
    assert opened.tables.attributes == settled
    assert rows(opened, "leads")[0]["zip"] == "75001"


def test_awkward_column_names_work(opening: Opening) -> None:
    names = ['a "quoted" one', "prix; en €", "naïve 🙂", "select", "l'été", "ÉTÉ"]
    header = ",".join(["lead_id", *('"' + name.replace('"', '""') + '"' for name in names)])
    tables = {"leads": {"columns": {"seniority": 'a "quoted" one', "my own": "select"}}}
    opened = opening({"tables": tables}, leads=[header, "x,senior,2,c,d,e,f"])
    (lead,) = rows(opened, "leads")
    assert (lead["seniority"], lead["prix; en €"], lead["naïve 🙂"], lead["my own"]) == ("senior", 2.0, "c", "d")
    assert (lead["l'été"], lead["ÉTÉ"]) == ("e", "f")


def test_a_column_mapped_to_nothing_is_left_out(opening: Opening) -> None:
    tables = {"events": {"columns": {"value": ""}}}
    opened = opening(
        {"tables": tables}, leads=["lead_id", "a"], events=["lead_id,occurred_at,type,value", f"a,{T},v,x"]
    )
    assert opened.faults.faults == ()
    assert rows(opened, "events")[0]["value"] is None


def test_parquet_keeps_native_types_and_mends_what_pandas_spoils(opening: Opening, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    instant = datetime(2025, 3, 1, 10, tzinfo=UTC)
    leads = pa.table({
        "lead_id": pa.array([1.0, 2.0, None]),
        "created_at": pa.array([instant] * 3, pa.timestamp("ns", "Europe/Paris")),
        "opted_out": [True, False, None],
        "score": pa.array([1.5, float("nan"), 2.0]),
        "founded": [date(2020, 1, 1)] * 3,
        "tags": [["x"], [], None],
        "big": pa.array([True, None, False]),
    })  # fmt: skip
    pa.parquet.write_table(leads, tmp_path / "data" / "leads.parquet")
    events = pa.table({
        "lead_id": ["1", "2"],
        "occurred_at": pa.array([datetime(2025, 3, 1, 11), datetime(2025, 7, 1, 12)], pa.timestamp("us")),
        "type": pa.array(["v", "v"]).dictionary_encode(),
        "value": pa.array([1, None], pa.int32()),
    })  # fmt: skip
    pa.parquet.write_table(events, tmp_path / "data" / "events.parquet")
    opened = opening()
    one, two = rows(opened, "leads")
    assert (one["lead_id"], one["created_at"], one["opted_out"], one["score"], one["big"]) == ("1", S, 1, 1.5, "yes")
    assert (two["lead_id"], two["opted_out"], two["score"], two["big"]) == ("2", 0, None, None)
    assert [row["occurred_at"] for row in rows(opened, "events")] == [S, 1_751_364_000]
    reasons = {item.reason for item in opened.faults}
    assert {"missing_value", "unsupported_type"} <= reasons
    (fault,) = (item for item in opened.faults if item.reason == "missing_value")
    assert fault.examples[0].row == 3


def test_packed_csv_is_read_and_two_files_for_one_table_are_refused(opening: Opening, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "leads.csv.gz").write_bytes(gzip.compress(b"lead_id,score\na,1\n"))
    assert rows(opening(), "leads")[0]["score"] == 1.0
    with pytest.raises(DataError, match=r"leads: several files: leads.csv, leads.csv.gz. Keep one"):
        opening(leads=["lead_id", "a"])


def test_a_broken_parquet_file_is_told(opening: Opening, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "leads.parquet").write_bytes(b"not parquet")
    with pytest.raises(DataError, match=r"leads: leads.parquet is no Parquet file: .*\[unreadable_file\]"):
        opening()


def test_the_words_of_the_outcome_are_the_settings(opening: Opening) -> None:
    outcome = {"won": ["Gagné"], "lost": ["*"], "open": ["En cours"]}
    lines = ["lead_id,y", "a,gagné ", "b,PERDU", "c,en cours", "d,", "e,GAGNÉ"]
    tables = {"leads": {"columns": {"outcome": "y"}}}
    opened = opening({"outcome": outcome, "tables": tables}, leads=lines)
    assert opened.tables.one_table
    assert [row["outcome"] for row in rows(opened, "leads")] == ["won", "lost", None, None, "won"]
    assert opened.tables.attributes == ()


def test_open_outcomes_are_left_out_and_noticed(opening: Opening) -> None:
    lines = ["lead_id,decided_at,outcome", "a,,", f"b,{T},won"]
    opened = opening(leads=["lead_id", "a", "b"], outcomes=lines)
    assert [item.reason for item in opened.faults if item.table == "outcomes" and item.level == "drop"] == [
        "open_outcome"
    ]
    assert not opened.tables.one_table
    assert opened.faults.counts["outcomes"].dropped == 1


def test_a_file_to_score_replaces_the_leads(opening: Opening, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("ID,outcome\nn,\na,nonsense\n")
    tables = {"leads": {"columns": {"lead_id": "ID", "outcome": "result"}}}
    opened = opening(
        {"tables": tables, "max_faulty_rate": 0.0},
        how={"leads_file": file},
        leads=["ID,result", "z,won"],
        events=["lead_id,occurred_at,type", f"a,{T},v", f"z,{T},v"],
    )
    assert [(row["lead_id"], row["outcome"]) for row in rows(opened, "leads")] == [("a", None), ("n", None)]
    assert [row["lead_id"] for row in rows(opened, "events")] == ["a"]
    assert opened.faults.faults == ()
    assert opened.tables.one_table


def test_the_extraction_is_the_newest_time_that_is_not_after_now_unless_it_is_set(opening: Opening) -> None:
    tables = {"leads": ["lead_id", "a"], "events": ["lead_id,occurred_at,type", f"a,{T},v", "a,2027-01-01T00:00:00Z,v"]}
    opened = opening(**tables)
    assert opened.tables.extracted_at == S
    told = [str(item) for item in opened.faults if item.reason == "extraction_found"]
    assert told == [
        "events.occurred_at: the newest time found is 2025-03-01T10:00:00Z, taken as the time of the extraction. "
        "If this is wrong, set source.extracted_at. [extraction_found]"
    ]
    assert opened.faults.counts["events"].quarantined == 1
    later = opening({"extracted_at": "2027-06-01"}, **tables)
    assert later.tables.extracted_at == int(datetime(2027, 5, 31, 22, tzinfo=UTC).timestamp())
    assert later.faults.counts["events"].quarantined == 0
    with pytest.raises(UseError, match=r"source.extracted_at: expected a time such as .*, found 'yesterday'"):
        opening({"extracted_at": "yesterday"}, **tables)


def test_field_history_speaks_our_names(opening: Opening) -> None:
    tables = {"leads": {"columns": {"seniority": "Niveau"}}}
    changes = ["lead_id,known_at,field,value", f"a,{T},niveau,cadre", f"a,{T},other,1"]
    opened = opening({"tables": tables}, leads=["lead_id,Niveau", "a,x"], changes=changes)
    assert {row["field"] for row in rows(opened, "changes")} == {"seniority", "other"}


def test_a_second_opening_stages_nothing_and_tells_the_same(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = {"leads": ["lead_id,created_at", f"a,{T}", "b,soon"]}
    first = opening(how={"quarantine": None}, **tables)
    monkeypatch.setattr(pipeline.source, "Stager", None)
    second = opening(**tables)
    assert (second.stamp, second.faults, second.tables.counts) == (first.stamp, first.faults, first.tables.counts)
    assert rows(second, "leads") == rows(first, "leads")
    assert json.dumps(second.faults.to_dict())


def test_check_writes_no_quarantine_and_a_later_run_still_does(opening: Opening, tmp_path: Path) -> None:
    tables = {"leads": ["lead_id,note", "a,x", ",=cmd()"]}
    opening(how={"quarantine": None}, **tables)
    assert not (tmp_path / ".tamis" / "quarantine").exists()
    opened = opening(**tables)
    file = tmp_path / ".tamis" / "quarantine" / opened.stamp / "leads.csv"
    assert file.read_text(encoding="utf-8-sig").splitlines() == ["row,reason,lead_id,note", "3,missing_value,,'=cmd()"]


def test_the_stamp_changes_with_the_content_and_the_settings_and_not_with_the_place(
    opening: Opening, tmp_path: Path
) -> None:
    one = opening(leads=["lead_id", "a"]).stamp
    assert opening({"time_zone": "UTC"}, leads=["lead_id", "a"]).stamp != one
    assert opening(leads=["lead_id", "b"]).stamp != one
    moved = tmp_path / "moved"
    (moved / "elsewhere").mkdir(parents=True)
    (moved / "elsewhere" / "leads.csv").write_text("lead_id\na\n")
    assert opening({"url": "elsewhere"}, how={"root": moved}, leads=["lead_id", "a"]).stamp == one


def test_a_killed_run_leaves_nothing_half(opening: Opening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.staging.Stager.check", killed)
        with pytest.raises(KeyboardInterrupt):
            opening(leads=["lead_id", "a"])
    assert list((tmp_path / ".tamis" / "staging").iterdir()) == []
    assert rows(opening(leads=["lead_id", "a"]), "leads")


def test_only_the_stagings_used_last_are_kept(opening: Opening, tmp_path: Path) -> None:
    stamps = [opening(leads=["lead_id", f"lead {number}"]).stamp for number in range(7)]
    kept = {path.name for path in (tmp_path / ".tamis" / "staging").iterdir()}
    assert kept == set(stamps[-5:])


def test_only_the_named_tables_are_read_where_the_settings_say_so(opening: Opening) -> None:
    leads, accounts = ["lead_id,account_id", "a,x"], ["account,sector", "x,retail"]
    opened = opening({"only_named": True, "tables": {"leads": {}}}, leads=leads, accounts=accounts)
    assert set(opened.tables.frames) == {"leads"}
