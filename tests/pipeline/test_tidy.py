"""What is called tidy needs no cleaning; and tables that know their types are staged as their texts would be."""

import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cells import clean
from pipeline.opening import open_tables
from pipeline.settings import LimitSettings, SourceSettings
from pipeline.source import open_source
from pipeline.tidy import is_tidy
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
