"""What a form submission says of a lead, as JSON -> the cells of the canonical tables, typed as staging types them."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from features.errors import DataError
from features.tables import SCHEMA, Attribute, Column
from pipeline.cells import FALSE_WORDS, NULL_WORDS, TRUE_WORDS

# Tables that features read, and those of them whose rows are a list and not one object.
TABLES = ("leads", "accounts", "events", "signals", "answers", "changes")
Row = dict[str, Any]
Kinds = Mapping[str, Mapping[str, str]]
MANY = ("events", "signals", "answers", "changes")


def kinds(attributes: Iterable[Attribute]) -> dict[str, dict[str, str]]:
    """How each column of each table is read: the canonical ones, and attributes as a model learnt them."""
    found: dict[str, dict[str, str]] = {
        table: {name: column.kind for name, column in SCHEMA[table].items()} for table in TABLES
    }
    for attribute in attributes:
        found[attribute.table][attribute.name] = attribute.kind
    return {**found, "changes": {**found["changes"], "number": "number"}}


def tables_of(data: object, known: Kinds, zone: ZoneInfo) -> dict[str, list[Row]]:
    """Read one lead.

    Parameters
    ----------
    data : object
        ``lead`` (with ``lead_id``), ``account``, ``events``, ``signals``, ``answers``, ``changes``, and
        ``colleagues``: a list of ``{"lead_id", "events"}`` of others at the account. Rows of the lead need no
        ``lead_id``, those of the account no ``account_id``.
    known : mapping
        From `kinds`; other columns are ignored.
    zone : zoneinfo.ZoneInfo
        Of times that name none.

    Returns
    -------
    dict of str to list of dict
        Rows of each table.

    Raises
    ------
    DataError
        Something is not of its type, or a required column is missing; names the place and never the value.

    Examples
    --------
    >>> rows = tables_of({"lead": {"lead_id": 7}, "events": [{"type": "demo_request", "occurred_at": 60}]}, kinds([]),
    ...                  ZoneInfo("UTC"))
    >>> rows["events"][0]["lead_id"], rows["events"][0]["known_at"]
    ('7', 60)
    >>> tables_of({"lead": {"lead_id": 7}, "events": [{"type": "reply"}]}, kinds([]), ZoneInfo("UTC"))
    Traceback (most recent call last):
        ...
    features.errors.DataError: events[0].occurred_at: expected a time, found none.
    """
    given = _object(data, "the line")
    lead = _object(given.get("lead"), "lead")
    account = _object(given.get("account") or {}, "account")
    home = lead.get("account_id", account.get("account_id"))
    if home is None and (account or given.get("signals") or given.get("colleagues")):
        home = "account"
    own = {"lead_id": lead.get("lead_id")}
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    rows["leads"].append(_row("leads", {**lead, "account_id": home}, "lead", known, zone))
    if home is not None:
        rows["accounts"].append(_row("accounts", {**account, "account_id": home}, "account", known, zone))
    for table in MANY:
        keys = {"account_id": home} if table == "signals" else own
        rows[table] = [
            _row(table, {**keys, **row}, f"{table}[{i}]", known, zone) for i, row in _listed(given.get(table), table)
        ]
    for i, colleague in _listed(given.get("colleagues"), "colleagues"):
        other = {"lead_id": colleague.get("lead_id"), "account_id": home}
        rows["leads"].append(_row("leads", other, f"colleagues[{i}]", known, zone))
        rows["events"] += [
            _row("events", {**row, "lead_id": other["lead_id"]}, f"colleagues[{i}].events[{k}]", known, zone)
            for k, row in _listed(colleague.get("events"), f"colleagues[{i}].events")
        ]
    rows["events"] = _once(rows["events"])
    return rows


def _once(events: list[Row]) -> list[Row]:
    """Count repeated deliveries once: the one that was known first."""
    ordered = sorted(events, key=lambda row: (row["known_at"], row["occurred_at"], row["type"]))
    seen: set[str] = set()
    kept = []
    for row in ordered:
        if row["event_id"] is None or row["event_id"] not in seen:
            kept.append(row)
        seen.add(row["event_id"])
    return kept


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DataError(f"{place}: expected an object, found {_called(value)}.")
    return value


def _listed(value: object, place: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise DataError(f"{place}: expected a list of objects, found {_called(value)}.")
    return [(i, _object(row, f"{place}[{i}]")) for i, row in enumerate(value)]


def _called(value: object) -> str:
    return {"NoneType": "none", "str": "a text", "list": "a list", "dict": "an object", "bool": "true or false"}.get(
        type(value).__name__, "a number"
    )


def _row(table: str, given: Mapping[str, Any], place: str, known: Kinds, zone: ZoneInfo) -> Row:
    row = {name: _READ[kind](given.get(name), f"{place}.{name}", zone) for name, kind in known[table].items()}
    if "occurred_at" in row:
        row["known_at"] = max(row["known_at"] or row["occurred_at"] or 0, row["occurred_at"] or 0)
    if table == "changes":
        row["number"] = _tried(row["value"], place, zone)
    for name, column in SCHEMA[table].items():
        if column.required and row[name] is None:
            raise DataError(f"{place}.{name}: expected {_wanted(column)}, found none.")
    return row


def _wanted(column: Column) -> str:
    return {"time": "a time", "number": "a number"}.get(column.kind, "a text")


def _text(value: object, place: str, zone: ZoneInfo) -> str | None:
    del zone
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return value.strip() or None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, (str, int, float)):
        raise DataError(f"{place}: expected a text, found {_called(value)}.")
    return "".join(sign for sign in " ".join(str(value).split("\n")) if sign.isprintable()).strip() or None


def _number(value: object, place: str, zone: ZoneInfo) -> float | None:
    if isinstance(value, str) and (_nothing(value) or (tried := _tried(value, place, zone)) is not None):
        return None if _nothing(value) else tried
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return None if value is None or not math.isfinite(value) else float(value)
    raise DataError(f"{place}: expected a number, found {_called(value)}.")


def _tried(value: object, place: str, zone: ZoneInfo) -> float | None:
    del place, zone
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _time(value: object, place: str, zone: ZoneInfo) -> int | None:
    if value is None or (isinstance(value, str) and _nothing(value)):
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return math.floor(value)
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise DataError(
            f"{place}: expected a time such as 2026-11-21T06:00:00Z, found {_called(value)} that is none."
        ) from None
    return math.floor((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp())


def _flag(value: object, place: str, zone: ZoneInfo) -> int | None:
    word = (_text(value, place, zone) or "").lower()
    return 1 if word in TRUE_WORDS else 0 if word in FALSE_WORDS else None


def _nothing(text: str) -> bool:
    return not text.strip() or text.strip().lower() in NULL_WORDS


_READ: Mapping[str, Callable[[object, str, ZoneInfo], Any]] = {
    "id": _text,
    "text": _text,
    "category": _text,
    "time": _time,
    "date": _time,
    "number": _number,
    "flag": _flag,
}
