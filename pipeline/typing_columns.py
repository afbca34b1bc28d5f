"""How the cells of one source table are read: decided by looking at every cell of a column, never at a sample.

The decimal mark is decided for the whole table; the order of day and month for each column; the type for each
attribute, that is a column which the schema does not know.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb

from features.faults import Example, Fault, Level, fault
from features.personal import is_personal_name
from features.tables import Attribute, AttributeKind
from pipeline import cells
from pipeline.cells import Reading
from pipeline.columns import Bound
from pipeline.csv_files import Wrong
from pipeline.settings import SourceSettings

NATIVE_NUMBERS = frozenset(
    [
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "UHUGEINT",
        "FLOAT",
        "DOUBLE",
    ]
)
NATIVE_TIMES = ("TIMESTAMP", "DATE")
TEXTS = ("id", "text", "category")
SURE = 0.99
LIKELY = 0.9
MIXED = 0.5
MANY = 10_000
_AT_ONCE = 20
CONSEQUENCES = (
    "These cells are emptied and the column is taken as a {wanted}; correct them, or leave them empty.",
    "The column is taken as text; correct the cells if {wanted}s are meant.",
)
IDENTIFIER = r"0[0-9].*|[+][0-9 .]{7,}"


@dataclass(frozen=True)
class Raw:
    """One table as the source holds it.

    Attributes
    ----------
    table : str
        Canonical name.
    relation : str
        SQL that gives ``row`` and ``c0``, ``c1`` ...
    headers, types : tuple of str
        Of ``c0``, ``c1`` ...; types as DuckDB calls them.
    delimiter : str
        Of a CSV file, else empty.
    decimal : str
        What the settings say.
    wrong : Wrong
        Rows of a CSV file with more or fewer fields than its header.
    tidy : frozenset of int
        Columns of text of which every cell is as `pipeline.cells.clean` leaves it.
    no_blanks : bool
        Whether it is known, without looking, that no row is without any value.
    """

    table: str
    relation: str
    headers: tuple[str, ...]
    types: tuple[str, ...]
    delimiter: str = ""
    decimal: str = "auto"
    wrong: Wrong = field(default_factory=Wrong)
    tidy: frozenset[int] = frozenset()
    no_blanks: bool = False

    def cell(self, column: Bound) -> str:
        """Give the SQL of a column's cells; behind the last column stands the number of the row, as an identifier."""
        return f"c{column.position}" if column.position < len(self.types) else "('row-' || row)"

    def cleaned(self, column: Bound) -> str:
        """Give the SQL of a text column's cells without what surrounds them."""
        return self.cell(column) if column.position in self.tidy else cells.clean(self.cell(column))

    def is_cheap(self, kinds: Mapping[int, str]) -> bool:
        """Whether typing costs no more than reading: no text stands for a time, a number or a flag.

        Parameters
        ----------
        kinds : mapping of int to str
            What each column is read as, by position.
        """
        texts = [position for position, native in enumerate(self.types) if native == "VARCHAR"]
        return all(position in self.tidy and kinds.get(position, "text") in TEXTS for position in texts)

    def native(self, column: Bound) -> str:
        """Give the DuckDB type of a column, without its parameters."""
        return self.types[column.position].partition("(")[0] if column.position < len(self.types) else "VARCHAR"


@dataclass(frozen=True)
class Plan:
    """How each column of a table is read.

    Attributes
    ----------
    readings : mapping of str to Reading
        By our column name.
    kinds : mapping of str to {"number", "category", "date", "yes_no"}
        Of the attributes that are read.
    faults : list of Fault
        What was seen while looking.
    """

    readings: Mapping[str, Reading]
    kinds: Mapping[str, str]
    faults: list[Fault]

    def kinds_of(self, columns: Sequence[Bound]) -> dict[int, str]:
        """What each column is read as, by its position."""
        return {column.position: self.kinds.get(column.name, column.kind) for column in columns}


def look(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw,
    columns: Sequence[Bound],
    settings: SourceSettings,
    imposed: Iterable[Attribute] = (),
) -> Plan:
    """Decide how the cells of a table are read."""
    faults: list[Fault] = []
    usable = [column for column in columns if not _nested(raw, column, faults) or column.kind != "attribute"]
    counts = _evidence(connection, raw, usable)
    decimal = raw.decimal
    if decimal == "auto":
        commas, points = (sum(value for name, value in counts.items() if name[1] == mark) for mark in ",.")
        decimal = cells.decimal_mark(commas, points, raw.delimiter)
    readings = {}
    prefers_day = settings.time_zone.startswith("Europe/") or raw.delimiter == ";"
    for column in usable:
        first, second, slashes = (counts.get((column.name, what), 0) for what in ("first", "second", "slashes"))
        day_first = first > second or (first == second and prefers_day)
        readings[column.name] = Reading(settings.time_zone, decimal, day_first, _is_plain(column, counts))
        if slashes and first == second and column.kind == "time":
            order = "day/month/year" if day_first else "month/day/year"
            faults.append(fault(raw.table, column.name, "ambiguous_dates", "notice", slashes, order=order))
        naive = counts.get((column.name, "naive"), 0)
        if naive and settings.time_zone == "UTC":
            faults.append(fault(raw.table, column.name, "naive_times", "notice", naive, zone=settings.time_zone))
    given = {attribute.name: attribute.kind for attribute in imposed if attribute.table == raw.table}
    kinds = {}
    for column in usable:
        if column.kind != "attribute":
            continue
        if _is_personal(connection, raw, column, readings[column.name].is_plain):
            faults.append(fault(raw.table, column.name, "personal", "notice", 0))
            del readings[column.name]
        else:
            kinds[column.name] = _kind(connection, raw, column, readings[column.name], given.get(column.name), faults)
    return Plan(readings, kinds, faults)


def _is_personal(connection: duckdb.DuckDBPyConnection, raw: Raw, column: Bound, is_plain: bool) -> bool:
    """Whether a column's name or most of its cells say that it is about a person or free text."""
    if is_personal_name(column.name):
        return True
    if raw.native(column) != "VARCHAR" or is_plain:
        return False
    text = f"({cells.select([f'{cells.filled(raw.cleaned(column))} AS t'], raw.relation)})"
    wanted = [
        "count(t)",
        "count(*) FILTER (t LIKE '%_@_%')",
        "count(*) FILTER (t LIKE '% % % % % %')",
        "count(DISTINCT t)",
    ]
    filled, mails, sentences, distinct = connection.execute(cells.select(wanted, text)).fetchall()[0]
    return bool(filled) and (2 * mails > filled or (2 * sentences > filled and 2 * distinct > filled))


def _nested(raw: Raw, column: Bound, faults: list[Fault]) -> bool:
    kind = raw.types[column.position] if column.position < len(raw.types) else "VARCHAR"
    if not (kind.endswith("]") or raw.native(column) in ("STRUCT", "MAP", "UNION", "BLOB", "BIT", "INTERVAL")):
        return False
    found = f"values of type {kind.partition('(')[0]}"
    is_ours = column.kind != "attribute"
    level: Level = "refuse" if is_ours else "notice"
    remedy = "Export it as text, a number or a time." if is_ours else "The column is left out."
    faults.append(Fault(raw.table, column.name, "unsupported_type", level, 0, found, remedy))
    return True


def _evidence(connection: duckdb.DuckDBPyConnection, raw: Raw, columns: Sequence[Bound]) -> dict[tuple[str, str], int]:
    """Count, for each column, the cells that tell how the others are to be read."""
    found: dict[tuple[str, str], int] = {}
    # What DuckDB needs to plan a query grows faster than the number of its columns.
    for start in range(0, len(columns), _AT_ONCE):
        some = columns[start : start + _AT_ONCE]
        found |= _count(connection, raw, some, {column.name: _glances(raw, column) for column in some})
        found |= _count(connection, raw, some, {column.name: _looks(column, found) for column in some})
    return found


def _count(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw,
    columns: Sequence[Bound],
    wanted: Mapping[str, Mapping[str, str]],
) -> dict[tuple[str, str], int]:
    """Count what is wanted of each column, whose cleaned cells are called ``tN`` (native ones as they are)."""
    texts = []
    for column in columns:
        if wanted[column.name]:
            text = cells.filled(raw.cleaned(column)) if raw.native(column) == "VARCHAR" else raw.cell(column)
            texts.append(f"{text} AS t{column.position}")
    counted = {(name, what): query for name, of_column in wanted.items() for what, query in of_column.items()}
    if not counted:
        return {}
    inner = "(" + cells.select(dict.fromkeys(texts), raw.relation) + ")"
    row = connection.execute(cells.select(counted.values(), inner)).fetchall()[0]
    return dict(zip(counted, row, strict=True))


def _glances(raw: Raw, column: Bound) -> dict[str, str]:
    """Write what a look without costly patterns tells: most columns of a wide table need no other."""
    native, cell = raw.native(column), f"t{column.position}"
    if column.kind == "time" and native.startswith(NATIVE_TIMES) and not cells.is_aware(native):
        return {"naive": f"count({cell})"}
    if native != "VARCHAR" or column.kind not in ("time", "number", "attribute"):
        return {}
    return {
        "filled": f"count({cell})",
        "plain": f"count(*) FILTER (regexp_full_match({cell}, {cells.literal(cells.PLAIN_NUMBER)}))",
        **{f"has {mark}": f"count(*) FILTER (contains({cell}, '{mark}'))" for mark in ",."},
    }


def _looks(column: Bound, found: Mapping[tuple[str, str], int]) -> dict[str, str]:
    cell, counts = f"t{column.position}", {}
    if (column.name, "filled") not in found:
        return {}
    if column.kind != "number" and not _is_plain(column, found):
        # The cheap test first: in most columns no cell passes it.
        slashes = f"({cell} NOT LIKE '____-%' AND regexp_matches({cell}, {cells.literal(cells.SLASHES)}))"
        for place, what in enumerate(("first", "second"), start=1):
            part = f"TRY_CAST(regexp_extract({cell}, {cells.literal(cells.SLASHES)}, {place}) AS INTEGER)"
            counts[what] = f"count(*) FILTER ({slashes} AND {part} > 12)"
        counts["slashes"] = f"count(*) FILTER ({slashes})"
    if column.kind == "time":
        counts["naive"] = f"count(*) FILTER ({cells.is_naive(cell)})"
        return counts
    for mark in ",.":
        if found[column.name, f"has {mark}"]:
            pattern = cells.literal(cells.decimal_evidence(mark))
            counts[mark] = f"count(*) FILTER (contains({cell}, '{mark}') AND regexp_full_match({cell}, {pattern}))"
    return counts


def _is_plain(column: Bound, found: Mapping[tuple[str, str], int]) -> bool:
    """Whether every cell that is not empty is a number, whatever the decimal mark."""
    return 0 < found.get((column.name, "filled"), 0) == found[column.name, "plain"]


def _kind(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw,
    column: Bound,
    reading: Reading,
    given: AttributeKind | None,
    faults: list[Fault],
) -> str:
    native = raw.native(column)
    if native != "VARCHAR":
        kind = native_kind(native)
        return kind if given is None or given == kind or (given, kind) == ("category", "yes_no") else given
    if reading.is_plain and given in (None, "number"):
        return "number"
    cell = cells.filled("t")
    inner = f"({cells.select([f'{raw.cleaned(column)} AS t', 'row'], raw.relation)})"
    inner = f"({cells.select([f'{cell} AS t', 'row'], inner)})"
    iso = cells.iso_text("t", reading.day_first)
    inner = f"({cells.select(['*', f'{iso} AS i'], inner)})"
    number, date = cells.number("t", reading.decimal), cells.time("t", "i", reading, epochs=False)
    wanted = [
        "count(t)",
        f"count({number})",
        f"count({date})",
        f"count(*) FILTER (regexp_full_match(t, {cells.literal(IDENTIFIER)}))",
        f"count(*) FILTER (lower(t) IN {cells.words(cells.YES + cells.NO)})",
        "count(DISTINCT t)",
    ]
    filled, numbers, dates, codes, answers, distinct = connection.execute(cells.select(wanted, inner)).fetchall()[0]
    kind = given or _decide(filled, numbers, dates, codes)
    readable: Any = {"number": numbers, "date": dates}.get(kind, max(numbers if not codes else 0, dates))
    worth_telling = filled - readable > 0 if kind != "category" else MIXED * filled < readable < filled
    if worth_telling:
        wanted_type: Literal["number", "date"] = "date" if kind == "date" or dates > numbers else "number"
        parsed = date if wanted_type == "date" else number
        # Above 99% it is a few typing errors; below, somebody should decide what the column is.
        errors = filled - readable
        level: Level = "notice" if kind == "category" or errors <= (1 - SURE) * filled else "cell"
        query = cells.select(["row"], inner, f"WHERE t IS NOT NULL AND {parsed} IS NULL ORDER BY row LIMIT 3")
        examples = [Example(row) for (row,) in connection.execute(query).fetchall()]
        details = {"wanted": wanted_type, "consequence": CONSEQUENCES[kind == "category"].format(wanted=wanted_type)}
        faults.append(fault(raw.table, column.name, "mixed_types", level, errors, examples, **details))
    if kind == "category" and distinct > MANY:
        faults.append(fault(raw.table, column.name, "many_categories", "notice", filled, distinct=f"{distinct:,}"))
    return "yes_no" if kind == "category" and filled and answers == filled else kind


def _decide(filled: int, numbers: int, dates: int, codes: int) -> AttributeKind:
    """Type a column: postal codes and telephone numbers are categories, however numeric they look."""
    if filled and dates >= LIKELY * filled:
        return "date"
    if filled and numbers >= LIKELY * filled and not codes:
        return "number"
    return "category"


def native_kind(native: str) -> str:
    """Type an attribute by the type that the source gives it.

    Examples
    --------
    >>> [native_kind(native) for native in ("BIGINT", "DATE", "BOOLEAN", "UUID")]
    ['number', 'date', 'yes_no', 'category']
    """
    if native in NATIVE_NUMBERS or native == "DECIMAL":
        return "number"
    if native.startswith(NATIVE_TIMES):
        return "date"
    return "yes_no" if native == "BOOLEAN" else "category"
