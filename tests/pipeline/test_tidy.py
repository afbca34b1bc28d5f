"""What is called tidy needs no cleaning; and tables that know their types are staged as their texts would be."""

import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cells import clean
from pipeline.limit_settings import LimitSettings
from pipeline.opening import open_tables
from pipeline.settings import SourceSettings
from pipeline.source import open_source
from pipeline.tidy import is_tidy, never_blank, tidy_columns
from tests.demos import DEMO_NOW, Demo

SIGNS = st.one_of(
    st.characters(codec="utf-8", exclude_categories=["Cs"]), st.sampled_from(" \t\x7f\x85\xa0\u2007\u202f\ufeffé—")
)


@settings(max_examples=300, deadline=None)
@given(cells=st.lists(st.one_of(st.none(), st.text(SIGNS, max_size=6)), max_size=5), large=st.booleans())
def test_a_tidy_column_is_what_cleaning_leaves(cells: list[str | None], large: bool) -> None:
    kind = pa.large_string() if large else pa.string()
    column = pa.array(["x", *cells], kind)[1:]
    if is_tidy(column):
        given = pa.table({"c": pa.array(cells, pa.string())})  # noqa: F841 (DuckDB reads it by its name)
        cleaned = duckdb.connect().execute(f"SELECT {clean('c')} FROM given").fetchall()
        assert [row[0] for row in cleaned] == cells


@settings(max_examples=100, deadline=None)
@given(cells=st.lists(st.one_of(st.none(), st.text(st.sampled_from("azé-Ω5"), min_size=1)), max_size=5))
def test_ordinary_words_are_tidy(cells: list[str | None]) -> None:
    assert is_tidy(pa.array(cells, pa.string()))


@pytest.mark.parametrize("last", ["web", " fair", "", None])
def test_few_different_texts_are_told_by_their_list(tmp_path: Path, last: str | None) -> None:
    few = pa.array(["web", "mail"] * 5_000 + [last])
    many = pa.array([f"L{k}" for k in range(10_000)] + [last])
    nothing = pa.nulls(10_001, pa.string())
    pq.write_table(pa.table({"few": few, "many": many, "nothing": nothing}), tmp_path / "x.parquet")
    assert tidy_columns(tmp_path / "x.parquet") == (frozenset({2}) if last in (" fair", "") else frozenset({0, 1, 2}))


def test_blank_rows_are_left_out_unless_the_metadata_say_that_there_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    leads = {"lead_id": pa.array(["a", None, "b"]), "created_at": pa.array([1_700_000_000, None, 1_700_000_000])}
    pq.write_table(pa.table(leads), folder / "leads.parquet")
    pq.write_table(pa.table({**leads, "n": [1, 2, 3]}), folder / "numbered.parquet")
    assert not never_blank(folder / "leads.parquet")
    assert never_blank(folder / "numbered.parquet")
    assert not never_blank(folder / "numbered.parquet", first=3)
    places = {"root": tmp_path, "staging": tmp_path / "s", "quarantine": None, "now": DEMO_NOW}
    opened = open_source(SourceSettings(url=str(folder)), LimitSettings(threads=1), **places)
    with opened.connection:
        assert opened.faults.counts["leads"].read == 2
        assert any(item.reason == "blank_rows" and item.rows == 1 for item in opened.faults.items)


def test_parquet_that_knows_its_types_is_staged_as_csv_is(demo_made: Demo, tmp_path: Path) -> None:
    """The tables of the demo once as text, cleaned and typed cell by cell, once as Parquet, typed as it is read."""
    texts = demo_made.root / "data"
    folder = tmp_path / "data"
    shutil.copytree(texts, folder)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for path in sorted(folder.glob("*.csv")):
            rows = f"SELECT * FROM read_csv('{path}', sample_size = -1, types = {{'siren': 'VARCHAR'}})"
            if path.stem != "accounts":
                rows = f"SELECT * FROM read_csv('{path}', sample_size = -1)"
            connection.execute(f"COPY ({rows}) TO '{path.with_suffix('.parquet')}' (FORMAT parquet)")
            path.unlink()
    source = SourceSettings(url=str(folder))
    places = {"root": tmp_path, "staging": tmp_path / "s", "quarantine": None, "now": DEMO_NOW}
    by_text = open_tables(demo_made.workspace, demo_made.settings, now=DEMO_NOW)
    native = open_source(source, LimitSettings(threads=1), **places)
    with by_text.connection, native.connection:
        assert set(native.tables.frames) == set(by_text.tables.frames)
        for name, frame in by_text.tables.frames.items():
            ours, theirs = (f.to_native() for f in (native.tables.frames[name], frame))
            assert ours.columns == theirs.columns
            assert ours.fetchall() == theirs.fetchall(), name
