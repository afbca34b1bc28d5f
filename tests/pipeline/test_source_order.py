"""Properties: the order of the rows never reaches the result; what people write is read back."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import cells
from pipeline.settings import LimitSettings, SourceSettings
from pipeline.source import open_source

PARIS = ZoneInfo("Europe/Paris")

IDS = st.sampled_from(["a", "b", "c", ""])
TIMES = st.sampled_from(["2025-01-01", "2025-01-02T10:00:00Z", "2025-02-01 08:00", "soon", "", "1970-01-01"])
LEADS = st.lists(st.tuples(IDS, TIMES, st.sampled_from(["1", "2,5", "x", ""])), min_size=1, max_size=8)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["e1", "e2", ""]), IDS, TIMES, st.sampled_from(["view", "click"]), TIMES), max_size=8
)
OUTCOMES = st.lists(st.tuples(IDS, TIMES, st.sampled_from(["won", "lost", "", "?"])), max_size=6)
HEADERS = {
    "leads": "lead_id;created_at;score",
    "events": "event_id;lead_id;occurred_at;type;known_at",
    "outcomes": "lead_id;decided_at;outcome",
}


def staged(tables: dict[str, list[tuple[str, ...]]]) -> object:
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


@settings(max_examples=15, deadline=None)
@given(leads=LEADS, events=EVENTS, outcomes=OUTCOMES, seed=st.integers(0, 99))
def test_the_order_of_the_rows_changes_nothing_but_their_numbers(
    leads: list[tuple[str, ...]], events: list[tuple[str, ...]], outcomes: list[tuple[str, ...]], seed: int
) -> None:
    tables = {"leads": [("sure", "2025-01-01", "1"), *leads], "events": events, "outcomes": outcomes}
    mixed = {table: random.Random(seed).sample(lines, len(lines)) for table, lines in tables.items()}  # noqa: S311
    assert staged(tables) == staged(mixed)


def evaluate(expression: str, texts: Sequence[str]) -> list[object]:
    with duckdb.connect(config={"TimeZone": "UTC"}) as connection:
        query = f"SELECT {expression} FROM (SELECT unnest(?) AS t, generate_subscripts(?, 1) AS i) ORDER BY i"
        return [row[0] for row in connection.execute(query, [list(texts), list(texts)]).fetchall()]


@pytest.mark.parametrize("mark", [",", "."])
@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=30))
def test_a_number_is_read_back_from_every_way_to_write_it(mark: str, values: list[int]) -> None:
    other = "." if mark == "," else ","
    for style in (
        "{:.2f}", "{:,.2f}", "{:_.2f}", "{:n.2f}", "{:,.2f} €", "€{:,.2f}", "{:.2f} %",
    ):  # fmt: skip
        separator = {"_": "\u202f", "n": " "}.get(style[2:3], other)
        number = style.replace("{:_", "{:,").replace("{:n", "{:,")
        texts = [
            number.format(abs(value) / 100).replace(",", "~").replace(".", mark).replace("~", separator)
            for value in values
        ]
        assert evaluate(cells.number("t", mark), texts) == [abs(value) / 100 for value in values]
        assert evaluate(cells.number("t", mark), ["-" + text for text in texts]) == [-abs(v) / 100 for v in values]


@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.integers(0, 4_000_000_000), min_size=1, max_size=30))
def test_a_time_is_read_back_from_every_way_to_write_it(values: list[int]) -> None:
    reading = cells.Reading("Europe/Paris", ",", True)
    sql = cells.time("t", f"({cells.iso_text('t', True)})", reading)
    instants = [datetime.fromtimestamp(value, UTC) for value in values]
    assert evaluate(sql, [f"{instant:%Y-%m-%dT%H:%M:%SZ}" for instant in instants]) == values
    assert evaluate(sql, [f"{instant:%Y-%m-%d %H:%M:%S}.999+00:00" for instant in instants]) == values
    assert evaluate(sql, [instant.astimezone(PARIS).isoformat() for instant in instants]) == values
    # Naive local times mean one instant but for the hour that the clocks repeat, where the later one is taken.
    local = [instant.astimezone(PARIS) for instant in instants]
    later = [int(time.replace(fold=1).timestamp()) for time in local]
    for style in ("%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S"):
        assert evaluate(sql, [time.strftime(style) for time in local]) == later
    assert evaluate(sql, [time.strftime("%d/%m/%Y %I:%M:%S %p") for time in local]) == later
    seconds = [value for value in values if value >= 10**8]
    assert evaluate(sql, [str(value) for value in seconds]) == seconds
    assert evaluate(sql, [f"{value}999" for value in seconds]) == seconds


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
