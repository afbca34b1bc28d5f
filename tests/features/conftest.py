"""Small random CRMs as rows, the same rows as tables of each engine, and features worked out by hand."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from features.compiler import describe
from features.specification import Feature, Recipe
from features.tables import SCHEMA, Attribute, Tables

DAY = 86_400
NOW = 20_000 * DAY
Rows = dict[str, list[dict[str, Any]]]
ATTRIBUTES = (
    Attribute("leads", "score", "number"),
    Attribute("leads", "Plan choisi", "category"),
    Attribute("leads", "trial_at", "date"),
    Attribute("accounts", "erp", "category"),
)
_KINDS = {"id": pa.string(), "text": pa.string(), "time": pa.int64(), "number": pa.float64(), "flag": pa.int64()}
_ATTRIBUTE_KINDS = {"number": pa.float64(), "category": pa.string(), "date": pa.int64()}


def _schema(table: str) -> "pa.Schema":
    fields = [(name, _KINDS[column.kind]) for name, column in SCHEMA[table].items()]
    fields += [(a.name, _ATTRIBUTE_KINDS[a.kind]) for a in ATTRIBUTES if a.table == table]
    fields += [("number", pa.float64())] if table == "changes" else []
    return pa.schema(fields)


def _native(table: "pa.Table", engine: str, con: duckdb.DuckDBPyConnection) -> "nw.LazyFrame[Any]":
    if engine == "pandas":
        return nw.from_native(table.to_pandas()).lazy()
    return nw.from_native(con.from_arrow(table) if engine == "duckdb" else pl.from_arrow(table).lazy())


def make_tables(rows: Rows, engine: str, con: duckdb.DuckDBPyConnection | None = None) -> Tables:
    con = con or duckdb.connect()
    frames = {n: _native(pa.Table.from_pylist(r, schema=_schema(n)), engine, con) for n, r in rows.items()}
    return Tables(frames, ATTRIBUTES, extracted_at=NOW)


def computed(rows: Rows, snapshots: list[tuple[str, int]], features: list[Feature], engine: str, widen: int = 0) -> Any:
    """Describe snapshots on an engine, as ``{(lead, cutoff): {feature: value or None}}``."""
    con = duckdb.connect()
    tables = make_tables(rows, engine, con)
    keys = pa.table({"lead_id": [k for k, _ in snapshots], "cutoff": pa.array([t for _, t in snapshots], pa.int64())})
    snap = _native(keys, engine, con)
    cutoffs = [t for _, t in snapshots]
    lazy = describe(snap, tables, features, min(cutoffs) - widen, max(cutoffs) + widen)
    arrow = lazy.collect("pyarrow").to_native()
    assert arrow.column_names == ["lead_id", "cutoff", *[f.name for f in features]]
    result = {}
    for row in arrow.to_pylist():
        values = {f.name: row[f.name] for f in features}
        clean = {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in values.items()}
        result[row["lead_id"], row["cutoff"]] = clean
    assert len(result) == arrow.num_rows == len(snapshots)
    return result


class Oracle:
    """Brute force over rows: one lead, one cutoff, one feature at a time."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.leads = {lead["lead_id"]: lead for lead in rows["leads"]}
        self.accounts = {a["account_id"]: a for a in rows.get("accounts", [])}

    def value(self, lead: str, cutoff: int, feature: Feature) -> Any:
        recipe = feature.recipe
        assert recipe is not None
        if recipe.source == "attributes":
            return self._attribute(lead, cutoff, recipe)
        return getattr(self, f"_{recipe.source}")(lead, cutoff, recipe)

    def _seen(self, table: str, key: str, value: Any, cutoff: int) -> list[dict[str, Any]]:
        return [r for r in self.rows[table] if r[key] == value and r["known_at"] < cutoff]

    def _events(self, lead: str, cutoff: int, r: Recipe) -> Any:
        rows = self._seen("events", "lead_id", lead, cutoff)
        if r.measure == "sessions":
            known = sorted(rows, key=lambda e: (e["known_at"], e["occurred_at"]))
            starts = [e for i, e in enumerate(known) if i == 0 or e["known_at"] - known[i - 1]["known_at"] > 1800]
            return float(len([e for e in starts if e["occurred_at"] >= cutoff - r.days * DAY]))
        return self._measure(rows, cutoff, r)

    def _signals(self, lead: str, cutoff: int, r: Recipe) -> Any:
        account = self.leads[lead]["account_id"]
        rows = [] if account is None else self._seen("signals", "account_id", account, cutoff)
        if account is None:
            return None
        return self._measure(rows, cutoff, r)

    def _measure(self, rows: list[dict[str, Any]], cutoff: int, r: Recipe) -> Any:
        def within(days: int, types: tuple[str, ...]) -> list[dict[str, Any]]:
            return [e for e in rows if e["occurred_at"] >= cutoff - days * DAY and (not types or e["type"] in types)]

        mine = within(r.days, r.types)
        ages = [(cutoff - e["occurred_at"]) / DAY for e in mine]
        simple: dict[str, Callable[[], Any]] = {
            "count": lambda: float(len(mine)),
            "recency": lambda: min(ages) if ages else None,
            "days": lambda: float(len({e["occurred_at"] // DAY for e in mine})),
            "types": lambda: float(len({e["type"] for e in mine})),
            "decay": lambda: sum(2 ** (-a / r.half_life_days) for a in ages),
            "strength": lambda: sum(e["strength"] or 0.0 for e in mine),
        }
        if r.measure in simple:
            return simple[r.measure]()
        if r.measure == "share":
            whole = within(r.days, r.of)
            return len(mine) / len(whole) if whole else None
        both = len(within(r.longer_days, r.types))
        before = (both - len(mine)) / ((r.longer_days - r.days) / r.days)
        return (len(mine) + 1) / (before + 1) if both else None

    def _colleagues(self, lead: str, cutoff: int, r: Recipe) -> Any:
        account = self.leads[lead]["account_id"]
        if account is None:
            return None
        team = [x for x in self.leads.values() if x["account_id"] == account and x["lead_id"] != lead]
        events = [self._seen("events", "lead_id", x["lead_id"], cutoff) for x in team]
        return float(sum(any(e["occurred_at"] >= cutoff - r.days * DAY for e in rows) for rows in events))

    def _answers(self, lead: str, cutoff: int, r: Recipe) -> Any:
        codes = {"yes": 2, "50k": 2, "non": 1, "peut-être": 0, "on verra bien": 0}
        rows = self._seen("answers", "lead_id", lead, cutoff)
        last: dict[str, tuple[int, int]] = {}
        for a in rows:
            name = a["criterion"].strip().lower()
            last[name] = max(last.get(name, (0, 0)), (a["known_at"], codes[a["answer"]]))
        if r.measure == "criterion":
            mine = [last[t] for t in r.types if t in last]
            return {0: "unclear", 1: "no", 2: "yes"}[max(mine)[1]] if mine else None
        if r.measure == "recency":
            return (cutoff - max(t for t, _ in last.values())) / DAY if last else None
        least = 1 if r.measure == "answered" else 2
        return float(sum(code >= least for _, code in last.values()))

    def _as_of(self, lead: str, cutoff: int, column: str) -> Any:
        table, _, name = column.partition(".")
        if table == "accounts":
            return self.accounts.get(self.leads[lead]["account_id"], {}).get(name)
        changes = [x for x in self.rows.get("changes", []) if x["lead_id"] == lead and x["field"] == name]
        if not changes:
            return self.leads[lead].get(name)
        past = [x for x in changes if x["known_at"] < cutoff]
        if not past:
            return None
        newest = max(x["known_at"] for x in past)
        values = [x["number" if name == "score" else "value"] for x in past if x["known_at"] == newest]
        return max((v for v in values if v is not None), default=None)

    def _attribute(self, lead: str, cutoff: int, r: Recipe) -> Any:
        values = [self._as_of(lead, cutoff, column) for column in r.columns]
        read = next((v for v in values if v is not None), None)
        if r.measure == "value":
            return read
        if r.measure == "date":
            return (cutoff - read) / DAY if read is not None and read < cutoff else None
        if r.measure == "weekday":
            weekday = None if read is None else f"{datetime.fromtimestamp(read, UTC):%A}".lower()
            return weekday if read is not None and read < cutoff else None
        words = {
            "employee_band": {0.0: "0", 9.0: "1_9", 50.0: "50_249", 12000.0: "5000_more"},
            "naf_section": {"62.01Z": "J", "4711F": "G"},
            "naf_division": {"62.01Z": "62", "4711F": "47"},
            "industry_text": {"Logiciels": "Logiciels"},
            "seniority": {"DSI": "director", "CEO": "c_level"},
            "job_function": {"DSI": "it", "CEO": "general_management"},
        }
        if r.measure == "email_kind":
            return {"x@gmail.com": "free", "x@acme.fr": "company"}.get(read, "missing")
        return words[r.measure].get(read)


_AGES = [
    0,
    1,
    3600,
    DAY,
    7 * DAY - 1,
    7 * DAY,
    7 * DAY + 1,
    30 * DAY,
    30 * DAY + 1,
    90 * DAY,
    91 * DAY,
    365 * DAY,
    366 * DAY,
]
_EVENT_TYPES = ["email_open", "pricing_view", "page_view", "demo_request", "product_use", "badge_scan"]


def _maybe(draw: Any, *values: Any) -> Any:
    return draw(st.sampled_from([None, *values]))


@st.composite
def crms(draw: Any) -> Rows:
    """Draw a CRM of six leads whose rows sit on and around the window edges of the cutoffs NOW - 30 d and NOW."""
    moments = st.builds(lambda age, back: NOW - age - back, st.sampled_from(_AGES), st.sampled_from([0, 30 * DAY]))
    leads = [f"L{i}" for i in range(6)]

    def timed(extra: dict[str, Any]) -> dict[str, Any]:
        at = draw(moments)
        return {"occurred_at": at, "known_at": at + draw(st.sampled_from([0, 0, 0, 1, 1800, 1801, 8 * DAY])), **extra}

    def some(most: int, make: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
        return [make() for _ in range(draw(st.integers(0, most)))]

    lead = st.sampled_from(leads)
    values = {
        "score": ["5", "7.5"],
        "source": ["web", "fair"],
        "job_title": ["CEO", "DSI"],
        "Plan choisi": ["pro", "free"],
    }

    def change() -> dict[str, Any]:
        field = draw(st.sampled_from(sorted(values)))
        value = _maybe(draw, *values[field])
        number = float(value) if field == "score" and value else None
        return {"lead_id": draw(lead), "known_at": draw(moments), "field": field, "value": value, "number": number}

    return {
        "leads": [
            {
                "lead_id": name,
                "created_at": NOW - draw(st.integers(31, 60)) * DAY,
                "account_id": _maybe(draw, "A", "B"),
                "source": _maybe(draw, "web", "mail"),
                "job_title": _maybe(draw, "CEO", "DSI", "Astronaute"),
                "email": _maybe(draw, "x@gmail.com", "x@acme.fr"),
                "country": _maybe(draw, "FR"),
                "score": _maybe(draw, 1.0, 2.5),
                "Plan choisi": _maybe(draw, "pro", "free"),
                "trial_at": _maybe(draw, NOW - 40 * DAY, NOW - 30 * DAY, NOW + DAY),
            }
            for name in leads
        ],
        "accounts": [
            {
                "account_id": name,
                "industry": _maybe(draw, "62.01Z", "4711F", "Logiciels"),
                "employees": _maybe(draw, 0.0, 9.0, 50.0, 12000.0),
                "country": _maybe(draw, "BE"),
                "erp": _maybe(draw, "SAP"),
            }
            for name in ("A", "B", "C")
        ],
        "events": some(25, lambda: timed({"lead_id": draw(lead), "type": draw(st.sampled_from(_EVENT_TYPES))})),
        "signals": some(
            8,
            lambda: timed(
                {
                    "account_id": draw(st.sampled_from("AB")),
                    "type": draw(st.sampled_from(["hiring", "funding", "ipo"])),
                    "strength": _maybe(draw, 0.5, 2.0),
                }
            ),
        ),
        "answers": some(
            8,
            lambda: {
                "lead_id": draw(lead),
                "known_at": draw(moments),
                "criterion": draw(st.sampled_from(["budget", " Timing", "security"])),
                "answer": draw(st.sampled_from(["yes", "50k", "non", "peut-être", "on verra bien"])),
            },
        ),
        "changes": some(8, change),
    }


@pytest.fixture(scope="session")
def snapshots() -> list[tuple[str, int]]:
    return [(f"L{i}", cutoff) for i in range(6) for cutoff in (NOW - 30 * DAY, NOW)]


@pytest.fixture(scope="session")
def crm() -> Any:
    """This file's helpers; test modules cannot import each other."""
    return SimpleNamespace(
        crms=crms, make_tables=make_tables, computed=computed, Oracle=Oracle, NOW=NOW, DAY=DAY, ATTRIBUTES=ATTRIBUTES
    )
