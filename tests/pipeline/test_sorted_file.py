"""A sorted file holds what the relation held, whatever its order, in pieces of which the keys are known."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import sorted_file
from pipeline.lookup import rows_of
from pipeline.sorted_file import LEAD, Layout, few_words, write_sorted

LEADS = ["ann", "bob", "cy", "dé"]
NUMBERS = pa.table({"lead_id": LEADS, LEAD: pa.array(range(4), pa.int32())})
# The lead bob did nothing; two rows are equal in lead and time, one has no word.
EVENTS = [
    ("dé", 7, "view", 0.5),
    ("ann", 9, "reply", None),
    ("ann", 9, "view", 2.0),
    ("cy", 3, None, 1.0),
    ("ann", 1, "view", -1.0),
]
COLUMNS = ("lead_id", "occurred_at", "type", "value")


def write(rows: list[tuple[Any, ...]], path: Path, words: dict[str, list[str]]) -> pa.Table:
    connection = duckdb.connect()
    schema = pa.schema([("lead_id", "string"), ("occurred_at", "int64"), ("type", "string"), ("value", "float64")])
    given = pa.table([list(column) for column in zip(*rows, strict=True)] if rows else [[]] * 4, schema=schema)
    connection.register("numbers", NUMBERS)
    layout = Layout(COLUMNS, (LEAD, "occurred_at"), words, pa.array(LEADS))
    relation = connection.from_arrow(given).query("sound", layout.query("sound", "numbers"))
    write_sorted(relation, layout, path)
    return pq.read_table(path)


@pytest.mark.parametrize("words", [{"type": ["reply", "view"]}, {}])
def test_rows_come_back_by_lead_and_time_whatever_their_order(tmp_path: Path, words: dict[str, list[str]]) -> None:
    found = write(EVENTS, tmp_path / "a.parquet", words)
    rows = [(row["lead_id"], row["occurred_at"], row["type"], row["value"]) for row in found.to_pylist()]
    assert [row[:2] for row in rows] == sorted(row[:2] for row in EVENTS)
    assert sorted(rows, key=repr) == sorted(EVENTS, key=repr)
    assert found.column(LEAD).to_pylist() == [LEADS.index(lead) for lead in found.column("lead_id").to_pylist()]
    assert found.schema.types == [pa.string(), pa.int64(), pa.string(), pa.float64(), pa.int32()]
    write(EVENTS[::-1], tmp_path / "b.parquet", words)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    found = write([], tmp_path / "none.parquet", {"type": ["view"]})
    assert found.num_rows == 0
    assert found.column_names == [*COLUMNS, LEAD]


def test_the_rows_of_a_lead_are_found_by_the_bounds_of_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_file, "ROWS_PER_GROUP", 2)
    path = tmp_path / "pieces.parquet"
    write(EVENTS, path, {"type": ["reply", "view"]})
    assert pq.read_metadata(path).num_row_groups == 3
    assert rows_of(path, "lead_id", "ann").num_rows == 3
    assert rows_of(path, "lead_id", "bob").num_rows == 0
    assert rows_of(path, "lead_id", "dé", ["type"]).to_pylist() == [{"type": "view"}]


def test_leads_are_numbered_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_file, "ROWS_PER_GROUP", 3)
    layout = Layout(("lead_id",), ("lead_id",), {}, is_leads=True)
    relation = duckdb.connect().from_arrow(pa.table({"lead_id": LEADS[::-1]})).query("sound", layout.query("sound"))
    write_sorted(relation, layout, tmp_path / "leads.parquet")
    assert pq.read_table(tmp_path / "leads.parquet").equals(NUMBERS)


def test_only_what_has_few_words_in_all_its_rows_is_few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_file, "MOST_WORDS", 3)
    monkeypatch.setattr(sorted_file, "LOOKED_AT", 4)
    connection = duckdb.connect()
    few = "CASE WHEN i % 4 = 3 THEN NULL ELSE 'it''s ' || i % 4 END"
    late = "CASE WHEN i < 4 THEN 'same' ELSE 'x' || i END"
    source = f"(SELECT {few} AS few, 'x' || i AS many, {late} AS late, NULL AS none FROM range(20) AS t(i))"
    assert few_words(connection, source, ["few", "many", "late", "none"]) == {"few": ["it's 0", "it's 1", "it's 2"]}
    assert few_words(connection, source, ["none"]) == {}
    assert few_words(connection, source, []) == {}
