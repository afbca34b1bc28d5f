"""Every kind of measure on a few rows that a reader can count: what is seen at the cutoff, and the edges of windows."""

from typing import Any

import narwhals.stable.v2 as nw
import polars as pl
import pytest

from features.attributes import title_columns
from features.compiler import describe
from features.declare import ALL, count, decay, distinct, recency, share, strength, trend
from features.specification import Did, Feature, Level, Tally, Text
from features.statements import answers, attribute, criterion
from features.tables import Tables

DAY = 86_400
CUTOFF = 400 * DAY  # midnight
VIEWED = {"en": Did("Viewed", "Views"), "fr": Did("A vu", "Vues")}
TALLY = dict.fromkeys(("en", "fr"), Tally("thing", "things", "No thing"))
LEVEL = dict.fromkeys(("en", "fr"), Level("Views", "No view"))
TEXT = dict.fromkeys(("en", "fr"), Text("{x} views", "No view", "Views not known", "Views"))
ASKED = {"en": "budget", "fr": "budget", "ask": ("Which budget?", "Quel budget ?")}

# Age at the cutoff in seconds, and since when it is known, where that is later.
EVENTS = [
    ("a", "view", 1 * DAY, None),
    ("a", "view", 1 * DAY + 600, None),
    ("a", "view", 2 * DAY, 1),
    ("a", "view", 7 * DAY, None),
    ("a", "click", 7 * DAY + 1, None),
    ("a", "view", 20 * DAY, None),
    ("a", "click", 20 * DAY, None),
    ("a", "view", 30 * DAY, None),
    ("a", "view", 30 * DAY + 1, None),
    ("a", "demo", 2 * DAY, 0),  # known at the cutoff: too late
    ("a", "demo", -DAY, None),
    ("b", "view", 3 * DAY, None),
]
SIGNALS = [("x", "ipo", 10 * DAY, 0.5), ("x", "ipo", 20 * DAY, None), ("x", "hiring", 100 * DAY, 2.0)]
ANSWERS = [
    ("a", "budget", "yes", 5 * DAY),
    ("a", "budget", "no", 2 * DAY),
    ("a", "security", "yes", DAY),
    ("a", "need", "yes", 0),
]
SEEN_AGES = [1, 1 + 600 / DAY, 2, 7, 7 + 1 / DAY, 20, 20, 30, 30 + 1 / DAY]


def tables() -> Tables:
    frames: dict[str, Any] = {
        "leads": {"lead_id": ["a", "b", "c"], "account_id": ["x", "x", None]},
        "events": {
            "lead_id": [row[0] for row in EVENTS],
            "type": [row[1] for row in EVENTS],
            "occurred_at": [CUTOFF - row[2] for row in EVENTS],
            "known_at": [CUTOFF - (row[2] if row[3] is None else row[3]) for row in EVENTS],
        },
        "signals": {
            "account_id": [row[0] for row in SIGNALS],
            "type": [row[1] for row in SIGNALS],
            "occurred_at": [CUTOFF - row[2] for row in SIGNALS],
            "known_at": [CUTOFF - row[2] for row in SIGNALS],
            "strength": [row[3] for row in SIGNALS],
        },
        "answers": {
            "lead_id": [row[0] for row in ANSWERS],
            "criterion": [row[1] for row in ANSWERS],
            "answer": [row[2] for row in ANSWERS],
            "known_at": [CUTOFF - row[3] for row in ANSWERS],
        },
    }
    return Tables({name: nw.from_native(pl.LazyFrame(rows)) for name, rows in frames.items()}, (), CUTOFF)


def described(features: tuple[Feature, ...]) -> dict[str, list[Any]]:
    """Values of one feature for the leads a, b and c; by name where there are more."""
    keys = nw.from_native(pl.LazyFrame({"lead_id": ["a", "b", "c"], "cutoff": [CUTOFF] * 3}))
    frame = describe(keys, tables(), features, CUTOFF, CUTOFF).collect().sort("lead_id")
    return {feature.name: frame[feature.name].to_list() for feature in features}


SESSIONS = distinct("sessions", "engagement", of="sessions", days=(30, 365), **TALLY)
COLLEAGUES = distinct("team", "engagement", of="count", days=(3, 30), types="view", source="colleagues", **TALLY)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (count("view", "engagement", days=(7, 30), **VIEWED), [[4, 1, 0], [6, 1, 0]]),
        (count("any", "engagement", days=(7, 30), types=ALL, **VIEWED), [[4, 1, 0], [8, 1, 0]]),
        (count("demo", "engagement", days=(365,), **VIEWED), [[0, 0, 0]]),
        (recency("view", "engagement", **VIEWED), [[1, 3, None]]),
        (recency("click", "engagement", **VIEWED), [[7 + 1 / DAY, None, None]]),
        (distinct("days", "engagement", of="days", days=(7, 30), **TALLY), [[3, 1, 0], [6, 1, 0]]),
        (distinct("days", "engagement", of="days", days=(30,), types="click", **TALLY), [[2, 0, 0]]),
        (SESSIONS, [[4, 1, 0], [5, 1, 0]]),
        (distinct("kinds", "engagement", of="types", days=(7, 30), **TALLY), [[1, 1, 0], [2, 1, 0]]),
        (
            trend("view", "engagement", days=7, against=30, types="view", **LEVEL),
            [[5 / (2 * 7 / 23 + 1), 2 / 1, None]],
        ),
        (
            share("view", "intent", types="view", of=("view", "click"), days=(7, 30), **TEXT),
            [[1, 1, None], [6 / 8, 1, None]],
        ),
        (
            decay("any", "engagement", half_life=7, **TEXT),
            [[sum(2 ** (-age / 7) for age in SEEN_AGES), 2 ** (-3 / 7), 0]],
        ),
        (count("ipo", "intent", days=(10, 30), source="signals", **VIEWED), [[1, 1, None], [2, 2, None]]),
        (strength("all", "intent", days=(90, 365), **TEXT), [[0.5, 0.5, None], [2.5, 2.5, None]]),
        (COLLEAGUES, [[1, 1, None], [1, 1, None]]),
        (criterion("budget", **ASKED), [["no", None, None]]),
        (criterion("need", **ASKED), [[None, None, None]]),
        (answers("answered", **TALLY), [[2, 0, 0]]),
        (answers("confirmed", **TALLY), [[1, 0, 0]]),
        (recency("security", "intent", source="answers", **VIEWED), [[1, None, None]]),
    ],
)
def test_a_measure_counts_what_is_seen_at_the_cutoff(features: tuple[Feature, ...], expected: list[list[Any]]) -> None:
    got = list(described(features).values())
    assert got == [pytest.approx(row, abs=1e-5) if row != ["no", None, None] else row for row in expected]


def test_all_of_them_at_once_are_what_each_is_alone() -> None:
    every = (*count("view", "engagement", days=(7,), **VIEWED), *recency("click", "engagement", **VIEWED))
    every += (*SESSIONS, *COLLEAGUES, *criterion("budget", **ASKED), *answers("answered", **TALLY))
    assert described(every) == {name: row for one in every for name, row in described((one,)).items()}


def read(leads: dict[str, Any], feature: Feature) -> list[Any]:
    """Values of a feature of ``leads`` alone, at the cutoff."""
    n = len(leads["lead_id"])
    keys = nw.from_native(pl.LazyFrame({"lead_id": leads["lead_id"], "cutoff": [CUTOFF] * n}))
    there = Tables({"leads": nw.from_native(pl.LazyFrame(leads))}, (), CUTOFF)
    return describe(keys, there, (feature,), CUTOFF, CUTOFF).collect().sort("lead_id")[feature.name].to_list()


def test_a_size_begins_the_band_that_is_named_after_it() -> None:
    sizes = [-1.0, 0.0, 1.0, 9.0, 10.0, 249.0, 250.0, 4999.0, 5000.0, None]
    leads = {"lead_id": list("abcdefghij"), "employees": sizes}
    band = attribute("fit__size", "fit", ["leads.employees"], "employee_band", {})
    expected = [None, "0", "1_9", "1_9", "10_49", "50_249", "250_999", "1000_4999", "5000_more", None]
    assert read(leads, band) == expected


def test_what_an_enrichment_brought_is_seen_after_the_day_that_it_was_known() -> None:
    known = [CUTOFF - 1, CUTOFF, None]
    leads = {"lead_id": ["a", "b", "c"], "vendor__size": [1.0, 2.0, 3.0], "vendor__known_at": known, "plain": [1.0] * 3}
    size = attribute("fit__size", "fit", ["leads.vendor__size"], "value", {}, dtype="number")
    assert read(leads, size) == [1.0, None, None]
    assert read(leads, attribute("fit__plain", "fit", ["leads.plain"], "value", {}, dtype="number")) == [1.0] * 3


def test_what_happened_is_a_number() -> None:
    numbers = (*decay("any", "engagement", half_life=7, **TEXT), *SESSIONS, *COLLEAGUES, *answers("answered", **TALLY))
    assert {feature.dtype for feature in numbers} == {"number"}


def test_a_table_that_is_not_there_gives_nulls() -> None:
    keys = nw.from_native(pl.LazyFrame({"lead_id": ["a"], "cutoff": [CUTOFF]}))
    bare = Tables({"leads": nw.from_native(pl.LazyFrame({"lead_id": ["a"]}))}, (), CUTOFF)
    features = (*count("view", "engagement", days=(7,), **VIEWED), *COLLEAGUES, *criterion("budget", **ASKED))
    frame = describe(keys, bare, features, CUTOFF, CUTOFF).collect()
    assert [frame[feature.name].to_list() for feature in features] == [[None]] * len(features)
    assert frame[features[-1].name].dtype == nw.String


def history(*rows: tuple[str, int, str, str | None, float | None]) -> Any:
    types = {"lead_id": pl.String, "known_at": pl.Int64, "field": pl.String, "value": pl.String, "number": pl.Float64}
    columns = {name: [row[k] for row in rows] for k, name in enumerate(types)}
    return nw.from_native(pl.LazyFrame(columns, schema=types))


def as_of(leads: dict[str, Any], changes: Any, *features: Feature, **more: dict[str, Any]) -> list[list[Any]]:
    """Values of features of leads with a history, at the cutoff, by feature."""
    keys = nw.from_native(pl.LazyFrame({"lead_id": leads["lead_id"], "cutoff": [CUTOFF] * len(leads["lead_id"])}))
    frames = {name: nw.from_native(pl.LazyFrame(rows)) for name, rows in {"leads": leads, **more}.items()}
    there = Tables({**frames, "changes": changes}, (), CUTOFF)
    frame = describe(keys, there, features, CUTOFF, CUTOFF).collect().sort("lead_id")
    return [frame[feature.name].to_list() for feature in features]


def test_a_field_is_what_its_last_change_before_the_cutoff_said_and_a_title_of_the_past_is_read() -> None:
    title = attribute("fit__seniority", "fit", ["leads.job_title"], "seniority", {})
    job = attribute("fit__job", "fit", ["leads.job_title"], "job_function", {})
    seats = attribute("fit__seats", "fit", ["leads.seats"], "value", {}, dtype="number")
    leads = {"lead_id": list("abcd"), "job_title": ["CEO", "CEO", "CEO", "CEO"], "seats": [9.0, 9.0, 9.0, 9.0]}
    changes = history(
        ("a", CUTOFF - 9, "job_title", "Intern", None),
        ("a", CUTOFF - 5, "job_title", "Sales director", None),
        ("a", CUTOFF, "job_title", "CEO", None),
        # What stood before its first change is not known.
        ("b", CUTOFF, "job_title", "CEO", None),
        # Of two changes of one second the greater value.
        ("c", CUTOFF - 1, "seats", None, 3.0),
        ("c", CUTOFF - 1, "seats", None, 5.0),
        ("a", CUTOFF - 1, "seats", None, 4.0),
        ("a", CUTOFF - 2, "other", "x", 7.0),
    )
    assert as_of(leads, changes, title, job, seats) == [
        ["director", None, "c_level", "c_level"],
        ["sales", None, "general_management", "general_management"],
        [4.0, 9.0, 5.0, 9.0],
    ]


def test_columns_of_titles_are_those_of_leads_that_a_feature_reads_as_one() -> None:
    measures = (("a", "seniority"), ("b", "job_function"), ("c", "value"))
    features = [attribute(f"fit__{name}", "fit", [f"leads.{name}"], measure, {}) for name, measure in measures]
    both = attribute("fit__both", "fit", ["leads.d", "leads.a"], "seniority", {})
    assert title_columns([*features, both, *SESSIONS, Feature("fit__x", "fit", "number", "x", "")]) == {"a", "b", "d"}


def test_a_column_of_the_account_stands_in_where_the_lead_s_own_is_null() -> None:
    size = attribute("fit__size", "fit", ["leads.employees", "accounts.employees"], "value", {}, dtype="number")
    name = attribute("fit__country", "fit", ["accounts.country"], "value", {})
    leads = {"lead_id": ["a", "b", "c"], "account_id": ["x", "x", None], "employees": [5.0, None, None]}
    accounts = {"account_id": ["x", "y"], "employees": [70.0, 80.0], "country": ["FR", "DE"]}
    assert as_of(leads, history(), size, name, accounts=accounts) == [[5.0, 70.0, None], ["FR", "FR", None]]


def test_a_date_is_seen_after_it_and_a_weekday_is_that_of_utc() -> None:
    # The first of January 1970 was a Thursday, and so 57 weeks later was day 399, the day before the cutoff.
    dates = [CUTOFF - 2 * DAY, CUTOFF - 1, CUTOFF, CUTOFF + DAY, None]
    leads = {"lead_id": list("abcde"), "trial": dates}
    since = attribute("fit__trial_days", "fit", ["leads.trial"], "date", {}, dtype="number")
    on = attribute("fit__trial_on", "fit", ["leads.trial"], "weekday", {})
    assert as_of(leads, history(), since, on) == [
        [2.0, pytest.approx(1 / DAY), None, None, None],
        ["wednesday", "thursday", None, None, None],
    ]


def test_a_column_of_another_type_than_its_feature_counts_as_null() -> None:
    number = attribute("fit__n", "fit", ["leads.text"], "value", {}, dtype="number")
    text = attribute("fit__t", "fit", ["leads.number"], "value", {})
    leads = {"lead_id": ["a"], "text": ["5"], "number": [5.0]}
    assert as_of(leads, history(), number, text) == [[None], [None]]
