"""Tables, settings and models of any content end well or in an error of ours; a crash becomes a case of bad input."""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from features.errors import TamisError, UseError
from features.tables import SCHEMA
from pipeline.limit_settings import LimitSettings
from pipeline.settings import Settings, SourceSettings
from pipeline.settings_file import from_dict
from pipeline.source import open_source
from tests.fuzz.readers import READERS, told

NOW = 1_767_225_600
# Boxed; `make fuzz` asks for many times more.
TIMES = int(os.environ.get("TAMIS_FUZZ", "1"))
FEW = settings(max_examples=15 * TIMES, suppress_health_check=[HealthCheck.too_slow])
SOME = settings(max_examples=100 * TIMES, suppress_health_check=[HealthCheck.too_slow])

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just("a") | st.just(0)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
sections = st.sampled_from(sorted(Settings.model_fields))


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """Sections that exist, or nearly, with keys that exist, or nearly, and any value."""
    chosen: dict[str, Any] = {}
    for name in draw(st.lists(sections, max_size=3)):
        kind = Settings.model_fields[name].annotation
        keys = sorted(getattr(kind, "model_fields", {"x": None}))
        key = st.sampled_from(keys) | st.text(max_size=6)
        chosen[name] = draw(st.dictionaries(key, values, max_size=4) | values)
    return chosen


@SOME
@given(configurations())
def test_settings_of_any_content(raw: dict[str, Any]) -> None:
    with contextlib.suppress(UseError):
        from_dict(raw)


cells = st.one_of(
    st.sampled_from(
        ["", "a", "b", "1", "1,5", "2025-03-01", "2025-03-01T10:00:00Z", "won", "inf", "=1+1", "\x00", "é"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=10),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(str),
)


@st.composite
def csv_tables(draw: st.DrawFn) -> dict[str, bytes]:
    """Leads and another table: their own columns in any order, some others, cells of any kind, rows of odd widths."""
    tables = {}
    for table in ("leads", draw(st.sampled_from(sorted(SCHEMA)))):
        required = [name for name, column in SCHEMA[table].items() if column.required]
        names = required + draw(
            st.lists(st.sampled_from(sorted(SCHEMA[table])) | st.text(max_size=5), max_size=3, unique=True)
        )
        rows = draw(st.lists(st.lists(cells, min_size=len(names) - 1, max_size=len(names) + 1), max_size=5))
        text = "\n".join(",".join(json.dumps(cell, ensure_ascii=False) for cell in row) for row in [names, *rows])
        tables[table] = text.encode("utf-8", "replace")
    return tables


@FEW
@given(csv_tables(), st.sampled_from(["utf-8", "windows-1252", "utf-16"]), st.sampled_from([0.0, 1.0]))
def test_tables_of_any_content(tables: dict[str, bytes], encoding: str, tolerated: float) -> None:
    root = Path(tempfile.mkdtemp(prefix="tamis-fuzz-"))
    try:
        (root / "data").mkdir()
        for name, content in tables.items():
            (root / "data" / f"{name}.csv").write_bytes(content)
        source = SourceSettings.model_validate({"csv": {"encoding": encoding}, "max_faulty_rate": tolerated})
        opened = open_source(
            source, LimitSettings(threads=1), root=root, staging=root / "staging", quarantine=root / "aside", now=NOW
        )
        for frame in opened.tables.frames.values():
            frame.collect(backend="pyarrow")
        opened.connection.close()
    except TamisError:
        pass
    finally:
        shutil.rmtree(root)


@SOME
@given(st.integers(0, 10**6), values)
def test_models_of_which_any_value_was_replaced(place: int, value: Any) -> None:
    told(READERS["model"], f"{place}:{json.dumps(value)}".encode())


@pytest.mark.parametrize("name", ["settings", "model", "arrays", "booster"])
@SOME
@given(content=st.binary(max_size=200))
def test_readers_of_any_bytes(name: str, content: bytes) -> None:
    told(READERS[name], content)
