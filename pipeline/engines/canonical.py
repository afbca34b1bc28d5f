"""Tables as an engine holds them -> typed canonical columns, by expressions that run where the tables stand.

What `pipeline.staging` reads out of text cells is asked of the database here: times are dates or timestamps (or whole
numbers), numbers are numbers. Texts are trimmed and stripped as in staging, words for nothing count in flags only.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw

from features.checks import unread
from features.faults import Fault
from features.frames import Frame
from features.personal import is_personal_name
from features.tables import SCHEMA, Attribute, AttributeKind
from pipeline.cells import FALSE_WORDS, NULL_WORDS, SPACES
from pipeline.columns import ROW_NUMBER, Bound
from pipeline.engines.engine import Place
from pipeline.settings import OutcomeSettings, SourceSettings

ANY = "*"
TYPES: dict[str, Any] = {"id": nw.String, "text": nw.String, "time": nw.Int64, "number": nw.Float64, "flag": nw.Int64}
KINDS = {"number": nw.Float64, "category": nw.String, "date": nw.Int64}
LARGEST = 1.7976931348623157e308
PLAIN_NUMBER = r"^[-+]?[0-9]{1,15}(\.[0-9]{1,15})?$"
_BLANKS = "[\t-\r\x85]+"
_AROUND = f"^[{SPACES}]+|[{SPACES}]+$"
_CONTROL = "[\x01-\x1f\x7f-\x9f]"
c = nw.col


def kind_of(dtype: Any) -> AttributeKind:
    """Type an attribute by the type that the database gives it.

    Examples
    --------
    >>> [kind_of(dtype) for dtype in (nw.Int32(), nw.Date(), nw.Boolean(), nw.String())]
    ['number', 'date', 'category', 'category']
    """
    if dtype.is_numeric():
        return "number"
    return "date" if is_instant(dtype) else "category"


def is_instant(dtype: Any) -> bool:
    """Tell whether a type holds days or instants.

    Examples
    --------
    >>> is_instant(nw.Datetime("us")), is_instant(nw.Date()), is_instant(nw.Time())
    (True, True, False)
    """
    return isinstance(dtype, (nw.Date, nw.Datetime))


def canonical(
    table: str,
    native: Any,
    columns: Sequence[Bound],
    place: Place,
    source: SourceSettings,
    given: Collection[Attribute] = (),
) -> tuple[Frame, list[Attribute], list[Fault]]:
    """Read the columns of a table of an engine.

    Parameters
    ----------
    table : str
        Canonical name.
    native : Any
        The engine's own lazy frame.
    columns : sequence of Bound
        From `pipeline.columns.bind`.
    place : Place
        The engine.
    source : SourceSettings
        Zone of naive times, words of outcomes, names in the history of fields.
    given : collection of Attribute
        Attributes whose type is settled, by a model.

    Returns
    -------
    frame, attributes, faults
        The typed table as `features.checks` wants it (without ``@row``); a ``refuse`` for each column of ours whose
        type says nothing of its meaning, a ``notice`` for each column that is left out.
    """
    columns, faults = _readable(table, columns)
    dtypes = dict(nw.from_native(native).collect_schema())
    theirs = list(dtypes)
    times = [theirs[b.position] for b in columns if is_instant(dtypes[theirs[b.position]])]
    frame: Frame = nw.from_native(place.seconds(native, list(dict.fromkeys(times)), source.time_zone)).lazy()
    kinds = {a.name: a.kind for a in given if a.table == table}
    selected: dict[str, nw.Expr] = {}
    attributes: list[Attribute] = []
    suspects: list[str] = []
    for bound in columns:
        name, dtype = theirs[bound.position], dtypes[theirs[bound.position]]
        if bound.kind == "attribute":
            kind = kinds.get(bound.name, kind_of(dtype))
            selected[bound.name] = _attribute(c(name), dtype, kind)
            known: Any = (table, bound.name, kind)
            attributes.append(Attribute(*known))
            suspects += [bound.name] if dtype == nw.String and kind == "category" else []
        elif bound.kind in ("time", "number") and not (dtype.is_numeric() or is_instant(dtype)):
            faults.append(_untyped(table, bound.name, name, bound.kind, dtype))
        else:
            selected |= _column(table, bound.name, bound.kind, c(name), dtype, source)
    frame = frame.select(**selected)
    personal = _personal(frame, suspects)
    faults += [_left_out(table, name, "personal", "names, contact details or free text") for name in personal]
    attributes = [a for a in attributes if a.name not in personal]
    return _completed(table, frame.drop(personal)), attributes, faults


def _readable(table: str, columns: Sequence[Bound]) -> tuple[list[Bound], list[Fault]]:
    """Leave out what cannot be a feature here: personal columns, the number of a row, names with a dot."""
    faults = []
    kept = []
    for bound in columns:
        if bound.kind == "attribute" and is_personal_name(bound.name):
            faults.append(_left_out(table, bound.name, "personal", "names, contact details or free text"))
        elif bound.kind == "attribute" and "." in bound.name:
            faults.append(
                _left_out(table, bound.name, "dotted_name", "a name with a dot, which engines do not agree on")
            )
        else:
            kept.append(bound)
    return kept, faults


def _left_out(table: str, name: str, reason: str, what: str) -> Fault:
    return Fault(table, name, reason, "notice", 0, f"a column of {what}", "It is left out.")


def _untyped(table: str, ours: str, theirs: str, kind: str, dtype: Any) -> Fault:
    found = f"expected a {kind} in {theirs!r}, found the type {dtype}"
    remedy = "Cast it in a view and name the view in [source.tables], or let Tamis read the table: in_place = false."
    return Fault(table, ours, "untyped_column", "refuse", 0, found, remedy)


def _column(table: str, name: str, kind: str, value: nw.Expr, dtype: Any, source: SourceSettings) -> dict[str, nw.Expr]:
    if kind == "time":
        return {name: value if is_instant(dtype) else _epoch(value)}
    if kind == "number":
        return {name: _number(value, dtype)}
    text = _text(value, dtype)
    if kind == "flag":
        words = text.str.to_lowercase()
        said = ~(text.is_null() | words.is_in(list(NULL_WORDS)))
        # Who may have opted out must not be contacted: whatever does not say no is a yes.
        no = words.is_in(list(FALSE_WORDS)) if dtype != nw.Boolean else ~value
        return {name: nw.when(said).then(nw.when(no).then(nw.lit(0, nw.Int64)).otherwise(nw.lit(1, nw.Int64)))}
    if name == "outcome":
        return _outcome(text, source.outcome)
    if table == "changes" and name == "field":
        return {name: _field(text, source)}
    if table == "changes" and name == "value":
        number = nw.when(text.str.contains(PLAIN_NUMBER)).then(text)
        return {name: text, "number": number.cast(nw.Float64)}
    return {name: text}


def _attribute(value: nw.Expr, dtype: Any, kind: AttributeKind) -> nw.Expr:
    if kind == "number":
        if dtype.is_numeric():
            return _number(value, dtype)
        text = _text(value, dtype)
        return nw.when(text.str.contains(PLAIN_NUMBER)).then(text).cast(nw.Float64)
    if kind == "date":
        if is_instant(dtype):
            return value
        return _epoch(value) if dtype.is_numeric() else nw.lit(None, nw.Int64)
    if dtype == nw.Boolean:
        return nw.when(value).then(nw.lit("yes")).otherwise(nw.when(~value).then(nw.lit("no")))
    return _text(value, dtype)


def _text(value: nw.Expr, dtype: Any) -> nw.Expr:
    if dtype.is_float() or dtype.is_decimal():
        # 12.0 is the identifier 12.
        whole = value.cast(nw.Int64)
        same = whole.cast(nw.Float64) == value.cast(nw.Float64)
        return nw.when(same).then(whole.cast(nw.String)).otherwise(value.cast(nw.String))
    text = value.cast(nw.String)
    if dtype != nw.String:
        return text
    bare = text.str.replace_all(_BLANKS, " ").str.replace_all(_CONTROL, "").str.replace_all(_AROUND, "")
    return nw.when(bare != "").then(bare)


def _number(value: nw.Expr, dtype: Any) -> nw.Expr:
    number = value.cast(nw.Float64)
    if dtype.is_integer():
        return number
    # NaN is larger than everything, or equal to nothing: no engine keeps it either way.
    limit = nw.lit(LARGEST, nw.Float64)
    return nw.when((number <= limit) & (number >= -limit)).then(number)


def _epoch(value: nw.Expr) -> nw.Expr:
    """Read seconds, milli- or microseconds since 1970, told apart by size."""
    whole = value.cast(nw.Int64)
    return (
        nw.when(whole.abs() >= 10**14)
        .then(whole // 1_000_000)
        .otherwise(nw.when(whole.abs() >= 10**11).then(whole // 1_000).otherwise(whole))
    ).cast(nw.Int64)


def _outcome(text: nw.Expr, words: OutcomeSettings) -> dict[str, nw.Expr]:
    lower = text.str.to_lowercase()
    won, lost, undecided = (
        [word.strip().lower() for word in group if word != ANY] for group in (words.won, words.lost, words.open)
    )
    rest = "won" if ANY in words.won else "lost" if ANY in words.lost else None
    is_open = lower.is_in([*undecided, ""])
    known: Any = nw.when(lower.is_in(won)).then(nw.lit("won"))
    known = known.otherwise(nw.when(lower.is_in(lost)).then(nw.lit("lost")).otherwise(nw.lit(rest, nw.String)))
    value = nw.when(~text.is_null() & ~is_open).then(known)
    unknown = nw.when(value.is_null() & ~is_open).then(text)
    return {"outcome": value, unread("outcome"): unknown}


def _field(text: nw.Expr, source: SourceSettings) -> nw.Expr:
    """Name the changed field as we do, where the history uses the name of the source."""
    for table in ("leads", "accounts"):
        mapping: Mapping[str, str] = source.tables[table].columns if table in source.tables else {}
        for ours, theirs in mapping.items():
            if theirs and theirs != ROW_NUMBER:
                same = text.str.to_lowercase() == theirs.strip().lower()
                text = nw.when(same).then(nw.lit(ours)).otherwise(text)
    return text


def _personal(frame: Frame, suspects: Sequence[str]) -> list[str]:
    """Columns most of whose cells are addresses, or sentences that differ."""
    if not suspects:
        return []
    mails, sentences = (
        {name: nw.when(c(name).str.contains(pattern)).then(nw.lit(1)).count() for name in suspects}
        for pattern in (".@.", " .+ .+ .+ .+ ")
    )
    wanted = {f"{k}|{what}": of[name] for what, of in (("m", mails), ("s", sentences)) for k, name in enumerate(of)}
    filled = {f"{k}|n": c(name).count() for k, name in enumerate(suspects)}
    row = frame.select(**wanted, **filled).collect("pyarrow").to_dict(as_series=False)
    found = []
    for k, name in enumerate(suspects):
        n, n_mails, n_sentences = (int(row[f"{k}|{what}"][0]) for what in "nms")
        if n and (2 * n_mails > n or (2 * n_sentences > n and 2 * _distinct(frame, name) > n)):
            found.append(name)
    return found


def _distinct(frame: Frame, name: str) -> int:
    some = frame.filter(~c(name).is_null()).select(name).unique()
    return int(some.select(n=nw.len()).collect("pyarrow")["n"][0])


def _completed(table: str, frame: Frame) -> Frame:
    """Add what the schema knows and the source does not have; what has no other time was known when it occurred."""
    names = frame.collect_schema().names()
    if "occurred_at" in names:
        known = nw.coalesce(c("known_at"), c("occurred_at")) if "known_at" in names else c("occurred_at")
        frame = frame.with_columns(known_at=known)
        names = [*names, "known_at"]
    absent = {name: nw.lit(None, TYPES[column.kind]) for name, column in SCHEMA[table].items() if name not in names}
    if table == "changes" and "number" not in names:
        absent["number"] = nw.lit(None, nw.Float64)
    return frame.with_columns(**absent) if absent else frame
