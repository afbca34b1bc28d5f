"""Properties: the order of the rows never reaches the result; what people write is read back."""

import functools
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import cells, staging
from pipeline.limit_settings import LimitSettings
from pipeline.settings import SourceSettings
from pipeline.source import open_source

PARIS = ZoneInfo("Europe/Paris")

IDS = st.sampled_from(["a", "b", "c", ""])
TIMES = st.sampled_from(["2025-01-01", "2025-01-02T10:00:00Z", "2025-02-01 08:00", "soon", "", "1970-01-01"])
LEADS = st.lists(st.tuples(IDS, TIMES, st.sampled_from(["1", "2,5", "x", ""])), min_size=1, max_size=8)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["e1", "e2", ""]), IDS, TIMES, st.sampled_from(["view", "click"]), TIMES), max_size=8
)
OUTCOMES = st.lists(st.tuples(IDS, TIMES, st.sampled_from(["won", "lost", "", "?"])), max_size=6)
NAIVE_STYLES = (
    "%Y-%m-%dT%H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y %I:%M:%S %p",
)
HEADERS = {
    "leads": "lead_id;created_at;score",
    "events": "event_id;lead_id;occurred_at;type;known_at",
    "outcomes": "lead_id;decided_at;outcome",
}


def staged(tables: dict[str, list[tuple[str, ...]]]) -> tuple[Any, ...]:
    """Everything that is staged, and what is said of it without the numbers of rows."""
    with TemporaryDirectory() as name:
        root = Path(name)
        for table, lines in tables.items():
            (root / f"{table}.csv").write_text("\n".join([HEADERS[table], *map(";".join, lines)]) + "\n")
        source = SourceSettings(url=".", max_faulty_rate=1.0, time_zone="Europe/Paris", extracted_at="2025-06-01")
        opened = open_source(
            source, LimitSettings(threads=1), root=root, staging=root / "s", quarantine=None, now=2_000_000_000
        )
        with opened.connection:
            content = {name: frame.to_native().fetchall() for name, frame in opened.tables.frames.items()}
        said = [(item.table, item.column, item.reason, item.level, item.rows) for item in opened.faults]
        return content, said, opened.faults.counts, opened.tables.attributes


@settings(max_examples=10, deadline=None)
@given(leads=LEADS, events=EVENTS, outcomes=OUTCOMES, seed=st.integers(0, 99))
def test_the_order_of_the_rows_changes_nothing_but_their_numbers(
    leads: list[tuple[str, ...]], events: list[tuple[str, ...]], outcomes: list[tuple[str, ...]], seed: int
) -> None:
    tables = {"leads": [("sure", "2025-01-01", "1"), *leads], "events": events, "outcomes": outcomes}
    mixed = {table: random.Random(seed).sample(lines, len(lines)) for table, lines in tables.items()}  # noqa: S311
    assert staged(tables) == staged(mixed)


@settings(max_examples=10, deadline=None)
@given(leads=LEADS, events=EVENTS, outcomes=OUTCOMES, seed=st.integers(0, 99))
def test_words_that_are_found_before_sorting_change_nothing(
    leads: list[tuple[str, ...]], events: list[tuple[str, ...]], outcomes: list[tuple[str, ...]], seed: int
) -> None:
    tables = {"leads": [("sure", "2025-01-01", "1"), *leads], "events": events, "outcomes": outcomes}
    mixed = {table: random.Random(seed).sample(lines, len(lines)) for table, lines in tables.items()}  # noqa: S311
    content, *said = staged(tables)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "WORTH_LOOKING", 0)
        found = staged(tables)
        assert staged(mixed) == found
    assert list(found[1:]) == said
    assert by_value(found[0]) == by_value(content)


def by_value(content: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    return {table: sorted(rows, key=repr) for table, rows in content.items()}


@functools.cache
def shared() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
    return connection


def evaluate(expression: str, texts: Sequence[str]) -> list[object]:
    query = f"SELECT {expression} FROM (SELECT unnest(?) AS t, generate_subscripts(?, 1) AS i) ORDER BY i"
    return [row[0] for row in shared().execute(query, [list(texts), list(texts)]).fetchall()]


@pytest.mark.parametrize("mark", [",", "."])
@settings(max_examples=10, deadline=None)
@given(values=st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=40))
def test_a_number_is_read_back_from_every_way_to_write_it(mark: str, values: list[int]) -> None:
    texts, wanted = [], []
    for thousands in ("", "." if mark == "," else ",", " ", "\u202f", "\u00a0"):
        for before, after in (("", ""), ("", " €"), ("€", ""), ("", "\u202f%")):
            for value in values:
                plain = f"{abs(value) / 100:,.2f}".replace(",", "~").replace(".", mark).replace("~", thousands)
                texts.append(("-" if value < 0 else "") + before + plain + after)
                wanted.append(value / 100)
    assert evaluate(cells.number("t", mark), texts) == wanted


@settings(max_examples=10, deadline=None)
@given(values=st.lists(st.integers(0, 4_000_000_000), min_size=1, max_size=40))
def test_a_time_is_read_back_from_every_way_to_write_it(values: list[int]) -> None:
    texts: list[str] = []
    wanted: list[int] = []
    for value in values:
        instant = datetime.fromtimestamp(value, UTC)
        local = instant.astimezone(PARIS)
        texts += [f"{instant:%Y-%m-%dT%H:%M:%SZ}", f"{instant:%Y-%m-%d %H:%M:%S}.999+00:00", local.isoformat()]
        wanted += [value] * 3
        if value >= 10**8:
            texts += [str(value), f"{value}999", f"{value}999999"]
            wanted += [value] * 3
        # A naive local time means one instant, but in the hour that the clocks repeat: there the later one.
        for style in NAIVE_STYLES:
            texts.append(local.strftime(style))
            wanted.append(int(local.replace(fold=1).timestamp()))
    sql = cells.time("t", f"({cells.iso_text('t', True)})", cells.Reading("Europe/Paris", ",", True))
    assert evaluate(sql, texts) == wanted


@pytest.mark.parametrize("text", ["inf", "nan", "1_000", "0x10", "12.5.3", "06 12 34", "1,2,3", "1e999", "", "e5"])
def test_what_is_no_number_is_not_made_one(text: str) -> None:
    assert evaluate(cells.number("t", "."), [text]) == [None]


@pytest.mark.parametrize(
    "text", ["31/02/2025", "2025-02-30", "infinity", "epoch", "20250101", "2025-01-01 25:00", "2025-01-01 10:00 Paris"]
)
def test_what_is_no_time_is_not_made_one(text: str) -> None:
    sql = cells.time("t", f"({cells.iso_text('t', True)})", cells.Reading())
    assert evaluate(sql, [text]) == [None]


def test_a_time_that_the_clocks_skipped_is_always_the_same_instant() -> None:
    sql = cells.time("t", f"({cells.iso_text('t', True)})", cells.Reading("Europe/Paris"))
    assert evaluate(sql, ["2024-03-31 02:30:00", "2024-10-27 02:30:00"]) == [1_711_848_600, 1_729_992_600]
