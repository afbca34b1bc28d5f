"""One query per source table: every cell read, and what could not be read as text beside the empty cell.

The result has every canonical column, the attributes, ``@row`` and ``@unread:COLUMN`` (see `features.checks`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from features.checks import ROW, unread
from features.tables import SCHEMA
from pipeline import cells
from pipeline.cells import identifier, literal, select
from pipeline.columns import Bound
from pipeline.settings import OutcomeSettings, SourceSettings
from pipeline.typing_columns import NATIVE_NUMBERS, NATIVE_TIMES, Plan, Raw

SQL_TYPES = {"id": "VARCHAR", "text": "VARCHAR", "time": "BIGINT", "number": "DOUBLE", "flag": "BIGINT"}
SHOWN = 40
ANY = "*"


# Texts that become features, levels or lines of a report, and so must name nobody.
WORDS_OF = {
    "leads": ("source", "direction", "job_title", "seniority", "country"),
    "accounts": ("industry", "country"),
    "events": ("type", "channel"),
    "signals": ("type",),
    "stages": ("stage", "decision"),
    "answers": ("criterion",),
    "costs": ("source",),
}


@dataclass(frozen=True)
class Read:
    """How one cell is read: the SQL of its value, and of the text that should have given one ('' where all do)."""

    value: str
    text: str = ""


def typed_query(
    raw: Raw, columns: Sequence[Bound], plan: Plan, settings: SourceSettings, scoring_file: bool = False
) -> str:
    """Write the query that reads every cell of a table; rows without any value are left out."""
    usable = [column for column in columns if column.name in plan.readings]
    names = {column.name: f"v{place}" for place, column in enumerate(usable)}
    # One subquery per step: an expression that is used twice in one step would be computed twice.
    clean, fill, order = {"row": "row"}, ["*"], ["*"]
    values, final = ["*"], [f"row AS {identifier(ROW)}"]
    for column in usable:
        place, native = column.position, raw.native(column)
        if f"t{place}" not in clean:
            clean[f"t{place}"] = f"{raw.cleaned(column) if native == 'VARCHAR' else raw.cell(column)} AS t{place}"
            text = f"t{place}" if native == "VARCHAR" else cells.text_of(f"t{place}", native)
            fill += [f"{text} AS x{place}", f"{cells.filled(text)} AS f{place}"]
        if _kind(column, plan) in ("time", "date") and not _is_native(_kind(column, plan), native):
            order.append(
                f"{cells.iso_text(f'f{place}', plan.readings[column.name].day_first)} AS i{names[column.name]}"
            )
        read = read_cell(raw, column, plan, settings, f"i{names[column.name]}")
        if column.name == "outcome" and scoring_file:
            read = Read("CAST(NULL AS VARCHAR)")
        value = names[column.name]
        values.append(f"{read.value} AS {value}")
        if column.name != "known_at" or "occurred_at" not in names:
            final.append(f"{_kept(column, value, read)} AS {identifier(column.name)}")
        if read.text:
            missed = f"CASE WHEN {value} IS NULL THEN left({read.text}, {SHOWN}) END"
            final.append(f"{missed} AS {identifier(unread(column.name))}")
    if "occurred_at" in names:
        known = (
            f"coalesce({names['known_at']}, {names['occurred_at']})" if "known_at" in names else names["occurred_at"]
        )
        final.append(f"{known} AS known_at")
    final += [
        f"CAST(NULL AS {SQL_TYPES[column.kind]}) AS {identifier(name)}"
        for name, column in SCHEMA[raw.table].items()
        if name not in names and not (name == "known_at" and "occurred_at" in names)
    ]
    if raw.table == "changes":
        value, decimal = ("NULL", ".") if "value" not in names else (names["value"], plan.readings["value"].decimal)
        final.append(f"{cells.number(cells.filled(f'CAST({value} AS VARCHAR)'), decimal)} AS number")
    filled = " OR ".join(f"c{place} IS NOT NULL" for place in range(len(raw.headers)))
    # Asking would read every column, whatever few of them a query wants.
    query = select(clean.values(), raw.relation, "" if raw.no_blanks else f"WHERE {filled}")
    for step in (fill, order, values, final):
        query = select(step, f"({query})")
    return query


def _kept(column: Bound, value: str, read: Read) -> str:
    # Who may have opted out must not be contacted: a cell that says anything else than no is a yes.
    unclear = column.name == "opted_out"
    return f"coalesce({value}, CASE WHEN {read.text} IS NOT NULL THEN 1 END)" if unclear else value


def _kind(column: Bound, plan: Plan) -> str:
    return plan.kinds[column.name] if column.kind == "attribute" else column.kind


def read_cell(raw: Raw, column: Bound, plan: Plan, settings: SourceSettings, iso: str) -> Read:
    """Write how the cells of a column are read: ``tN`` native, ``xN`` as text, ``fN`` without words for nothing."""
    place, native, reading = column.position, raw.native(column), plan.readings[column.name]
    kind, text = _kind(column, plan), f"f{place}"
    if column.name == "outcome":
        return _outcome(f"x{place}", settings.outcome)
    if raw.table == "changes" and column.name == "field":
        return Read(_field(f"x{place}", settings))
    if kind == "category":
        return Read(cells.impersonal(f"x{place}"))
    if column.name in WORDS_OF.get(raw.table, ()):
        return Read(cells.impersonal(f"x{place}"), f"x{place}")
    if kind in ("id", "text"):
        return Read(f"x{place}")
    if _is_native(kind, native):
        # Nearly every cell can be read: its text is made where it cannot, not beforehand for all.
        text = cells.filled(cells.text_of(f"t{place}", native))
    if kind == "number":
        read = Read(_number(f"t{place}", text, native, reading), text)
    elif kind in ("time", "date"):
        read = Read(_time(f"t{place}", text, native, reading, iso), text)
    else:
        read = Read(cells.flag(text), text)
    if kind == "yes_no":
        return Read(f"CASE WHEN {read.value} = 1 THEN 'yes' WHEN {read.value} = 0 THEN 'no' END")
    return Read(read.value) if column.kind == "attribute" else read


def _is_native(kind: str, native: str) -> bool:
    """Whether the source itself knows the cells as what they are wanted to be."""
    if kind == "number":
        return native in NATIVE_NUMBERS or native in ("DECIMAL", "BOOLEAN")
    return kind in ("time", "date") and (native.startswith(NATIVE_TIMES) or native in NATIVE_NUMBERS)


def _number(cell: str, text: str, native: str, reading: cells.Reading) -> str:
    if _is_native("number", native):
        return cells.finite(f"CAST({cell} AS DOUBLE)")
    return cells.number(text, reading.decimal, reading.is_plain)


def _time(cell: str, text: str, native: str, reading: cells.Reading, iso: str) -> str:
    if native.startswith(NATIVE_TIMES):
        instant = cells.seconds(cell, native, reading.zone)
        kind = "TIMESTAMPTZ" if cells.is_aware(native) else "TIMESTAMP"
        return f"CASE WHEN isfinite(CAST({cell} AS {kind})) THEN {instant} END"
    if native in NATIVE_NUMBERS:
        number = f"CAST({cell} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {cells.epoch(number)} END"
    return cells.time(text, iso, reading)


def _outcome(text: str, words: OutcomeSettings) -> Read:
    won, lost, undecided = (
        [word.strip().lower() for word in group if word != ANY] for group in (words.won, words.lost, words.open)
    )
    rest = "'won'" if ANY in words.won else "'lost'" if ANY in words.lost else "NULL"
    value = (
        f"CASE WHEN {text} IS NULL OR lower({text}) IN {cells.words(undecided)} THEN NULL "
        f"WHEN lower({text}) IN {cells.words(won)} THEN 'won' "
        f"WHEN lower({text}) IN {cells.words(lost)} THEN 'lost' ELSE {rest} END"
    )
    unknown = f"CASE WHEN NOT coalesce(lower({text}) IN {cells.words(undecided)}, FALSE) THEN {text} END"
    return Read(value, unknown)


def _field(text: str, settings: SourceSettings) -> str:
    """Name the changed field as we do, where the history uses the name of the source."""
    tables = settings.tables
    renamed = {
        theirs.strip().lower(): ours
        for table in ("accounts", "leads")
        if table in tables
        for ours, theirs in tables[table].columns.items()
        if theirs
    }
    cases = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in renamed.items())
    return f"CASE lower({text}) {cases} ELSE {text} END" if cases else text
