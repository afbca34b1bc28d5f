"""What ``leads`` and ``accounts`` said of a lead at the cutoff, rebuilt from the field history where there is one.

``changes`` rules: the last change with ``known_at < cutoff`` wins; a lead whose first change of a field comes later has
null there, for what stood before is not known and what stands now must not be seen; a lead without changes of a field
keeps its current value. Account columns have no history: they are taken as they are. Columns that an enrichment brings
(``SOURCE__what``) stand beside ``SOURCE__known_at`` and are null at cutoffs that are not after it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals.stable.v2 as nw

from features import naf
from features.email_domains import domain, email_kind
from features.frames import DAY_S, Frame, distinct, in_days, plain_text
from features.job_titles import job_function, plain, seniority
from features.specification import Feature, Recipe
from features.tables import Tables

EMPLOYEE_BANDS = (
    (1, "0"),
    (10, "1_9"),
    (50, "10_49"),
    (250, "50_249"),
    (1000, "250_999"),
    (5000, "1000_4999"),
)
LARGEST_BAND = "5000_more"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday
_TITLE_MEASURES = ("seniority", "job_function")
_NUMBER_MEASURES = frozenset({"date", "weekday", "employee_band"})
_KEYS = ["lead_id", "cutoff"]
KNOWN_AT = "__known_at"
# A table of titles that were read already: ``title``, ``seniority``, ``job_function``.
TITLES = "titles"
# No dot in the name of a column: Spark would look for a field of a structure. Short: Postgres cuts names at 63 bytes.
_OWN, _THEIRS = "l ", "a "
c = nw.col
_Reading = Callable[[nw.Expr], nw.Expr]
_ReadingOf = Callable[[nw.Expr, nw.Expr], nw.Expr]
# What is read of a text, by its measure: from the text itself and from what a first step makes of it.
_READINGS: Mapping[tuple[str, ...], tuple[_Reading, Mapping[str, _ReadingOf]]] = {
    _TITLE_MEASURES: (
        plain,
        {"seniority": lambda _, title: seniority(title), "job_function": lambda _, title: job_function(title)},
    ),
    ("naf_section", "naf_division", "industry_text"): (
        naf.key,
        {
            "naf_section": lambda _, key: naf.section(key),
            "naf_division": lambda _, key: naf.division(key),
            "industry_text": naf.text,
        },
    ),
}


def attribute_frame(keys: Frame, tables: Tables, wanted: Sequence[Feature], last: int) -> Frame:
    """Compute attribute features.

    Parameters
    ----------
    keys : LazyFrame
        ``lead_id``, ``cutoff``, one row each.
    tables : Tables
        With ``leads``; ``accounts`` and ``changes`` if there are any.
    wanted : sequence of Feature
        Attribute features. A column that is not there, or not of the feature's type, counts as null.
    last : int
        Largest cutoff.

    Returns
    -------
    LazyFrame
        ``lead_id``, ``cutoff`` and one column per feature.

    Examples
    --------
    >>> import polars as pl
    >>> from features.statements import attribute
    >>> lazy = lambda **columns: nw.from_native(pl.LazyFrame(columns))
    >>> tables = Tables({
    ...     "leads": lazy(lead_id=["a", "b"], source=["web", "fair"]),
    ...     "changes": lazy(lead_id=["a", "a"], known_at=[5, 9], field=["source"] * 2, value=["mail", "web"]),
    ... }, (), extracted_at=10)
    >>> source = attribute("fit__source", "fit", ["leads.source"], "value", {})
    >>> for cutoff in (5, 8, 10):
    ...     keys = lazy(lead_id=["a", "b"], cutoff=[cutoff] * 2)
    ...     attribute_frame(keys, tables, [source], 10).collect().sort("lead_id")["fit__source"].to_list()
    [None, 'fair']
    ['mail', 'fair']
    ['web', 'fair']
    """
    recipes = {f.name: _placed(f.recipe) for f in wanted if f.recipe is not None}
    columns = sorted({name for recipe in recipes.values() for name in recipe.columns})
    base, dtypes = _joined(keys, tables, columns)
    if "changes" in tables.frames:
        own = [name for name in columns if name.startswith(_OWN) and name in dtypes]
        base = _as_of(base, keys, tables.frames["changes"], own, dtypes, last)
    for measures, (folded, readings) in _READINGS.items():
        for name in _texts(recipes.values(), measures, dtypes):
            base = _read_once(base, tables, name, folded, readings)
    for name in _texts(recipes.values(), ("email_kind",), dtypes):
        read = f"{name}|domain"
        base = base.with_columns(**{read: plain_text(c(name))}).with_columns(**{read: domain(c(read))})
    return base.select(*_KEYS, **{f.name: _read(f, recipes[f.name], dtypes) for f in wanted})


def _texts(recipes: Iterable[Recipe], measures: Sequence[str], dtypes: Mapping[str, Any]) -> list[str]:
    """Columns of text that some measures read."""
    return sorted({n for r in recipes if r.measure in measures for n in r.columns if dtypes.get(n) == nw.String})


def _placed(recipe: Recipe) -> Recipe:
    """Name the columns of a recipe as they are called once leads and accounts are joined."""
    short = {"leads": _OWN, "accounts": _THEIRS}
    parts = (name.partition(".") for name in recipe.columns)
    return replace(recipe, columns=tuple(short[table] + name for table, _, name in parts))


def _joined(keys: Frame, tables: Tables, columns: Sequence[str]) -> tuple[Frame, dict[str, Any]]:
    """Join leads and accounts under qualified names, so that their columns never meet."""
    dtypes: dict[str, Any] = {}
    base = keys
    leads = tables.frames["leads"]
    schema = leads.collect_schema()
    columns = [*columns, *_instants(columns)]
    own = [n for n in columns if n.startswith(_OWN) and n.removeprefix(_OWN) in schema]
    dtypes |= {n: schema[n.removeprefix(_OWN)] for n in own}
    theirs: list[str] = []
    if "accounts" in tables.frames and "account_id" in schema:
        wide = tables.frames["accounts"].collect_schema()
        theirs = [n for n in columns if n.startswith(_THEIRS) and n.removeprefix(_THEIRS) in wide]
        dtypes |= {n: wide[n.removeprefix(_THEIRS)] for n in theirs}
    link = {"account key": c("account_id")} if theirs else {}
    base = base.join(
        leads.select("lead_id", **link, **{n: c(n.removeprefix(_OWN)) for n in own}),
        on="lead_id",
        how="left",
    )
    if theirs:
        accounts = tables.frames["accounts"].select(
            **{"account key": c("account_id")}, **{n: c(n.removeprefix(_THEIRS)) for n in theirs}
        )
        base = base.join(accounts, on="account key", how="left")
    known = {n: at for n in dtypes for at in _instants([n]) if at in dtypes and n != at}
    if known:
        base = base.with_columns(**{n: nw.when(c(at) < c("cutoff")).then(c(n)) for n, at in known.items()})
    return base, dtypes


def _instants(columns: Sequence[str]) -> list[str]:
    """Columns that would say since when others were known."""
    sources = {name.rpartition("__")[0] for name in columns if "__" in name}
    return sorted({f"{source}{KNOWN_AT}" for source in sources} - set(columns))


def _as_of(
    base: Frame,
    keys: Frame,
    changes: Frame,
    columns: Sequence[str],
    dtypes: Mapping[str, Any],
    last: int,
) -> Frame:
    fields = {n.removeprefix(_OWN): n for n in columns}
    if not fields:
        return base
    has_number = "number" in changes.collect_schema().names()
    number = c("number") if has_number else nw.lit(None, nw.Float64)
    rows = changes.select("lead_id", "known_at", "field", "value", number=number).filter(c("field").is_in(list(fields)))
    past = keys.join(rows.filter(c("known_at") < last), on="lead_id", how="inner").filter(c("known_at") < c("cutoff"))
    newest = past.group_by(*_KEYS, "field").agg(c("known_at").max())
    # Two changes of one second: the greatest value, so that ties fall the same way on every engine.
    won = newest.join(rows, on=["lead_id", "field", "known_at"], how="inner")
    tracked = rows.with_columns(**{f"{f}|any": nw.when(c("field") == f).then(nw.lit(1)) for f in fields})
    tracked = tracked.group_by("lead_id").agg(*[c(f"{f}|any").count() for f in fields])
    values = {f: c("number") if dtypes[n].is_numeric() else c("value") for f, n in fields.items()}
    won = won.with_columns(**{f"{f}|new": nw.when(c("field") == f).then(value) for f, value in values.items()})
    won = won.group_by(*_KEYS).agg(*[c(f"{f}|new").max() for f in fields])
    base = base.join(tracked, on="lead_id", how="left").join(won, on=_KEYS, how="left")
    untouched = {f: c(f"{f}|any").fill_null(0) == 0 for f in fields}
    return base.with_columns(
        **{n: nw.when(untouched[f]).then(c(n)).otherwise(c(f"{f}|new")) for f, n in fields.items()}
    )


def title_columns(wanted: Iterable[Feature]) -> frozenset[str]:
    """Columns of ``leads`` that features read as job titles."""
    recipes = (f.recipe for f in wanted if f.recipe is not None and f.recipe.measure in _TITLE_MEASURES)
    return frozenset(name.removeprefix("leads.") for recipe in recipes for name in recipe.columns)


def _read_once(base: Frame, tables: Tables, name: str, folded: _Reading, readings: Mapping[str, _ReadingOf]) -> Frame:
    """Read each distinct text once: texts repeat, regular expressions are dear."""
    if TITLES in tables.frames and readings.keys() == set(_TITLE_MEASURES):
        known = {f"{name}|{measure}": c(measure) for measure in _TITLE_MEASURES}
        return base.join(tables.frames[TITLES].select(**{name: c("title")}, **known), on=name, how="left")
    table, prefix = ("leads", _OWN) if name.startswith(_OWN) else ("accounts", _THEIRS)
    column = name.removeprefix(prefix)
    texts = [tables.frames[table].select(text=c(column))]
    if table == "leads" and "changes" in tables.frames:
        texts.append(tables.frames["changes"].filter(c("field") == column).select(text=c("value")))
    different = distinct(nw.concat(texts).filter(~c("text").is_null()), "text").with_columns(folded=folded(c("text")))
    read = {f"{name}|{measure}": reading(c("text"), c("folded")) for measure, reading in readings.items()}
    return base.join(different.select(**{name: c("text")}, **read), on=name, how="left")


def _read(feature: Feature, recipe: Recipe, dtypes: Mapping[str, Any]) -> nw.Expr:
    wants_number = recipe.measure in _NUMBER_MEASURES or (recipe.measure == "value" and feature.dtype == "number")
    fitting = [name for name in recipe.columns if name in dtypes and dtypes[name].is_numeric() == wants_number]
    if not fitting:
        return nw.lit(None, nw.Float64 if feature.dtype == "number" else nw.String)
    readings = [_reading(recipe, name) for name in fitting]
    return readings[0] if len(readings) == 1 else nw.coalesce(*readings)


def _reading(recipe: Recipe, name: str) -> nw.Expr:
    value = c(name)
    match recipe.measure:
        case "seniority" | "job_function" | "naf_section" | "naf_division" | "industry_text":
            return c(f"{name}|{recipe.measure}")
        case "date":
            return nw.when(value < c("cutoff")).then(in_days(c("cutoff") - value))
        case "weekday":
            return _weekday(value)
        case "employee_band":
            return _band(value)
        case "email_kind":
            return email_kind(c(f"{name}|domain"))
    return value


def _band(employees: nw.Expr) -> nw.Expr:
    band: Any = nw.lit(LARGEST_BAND)
    for below, name in reversed(EMPLOYEE_BANDS):
        band = nw.when(employees < below).then(nw.lit(name)).otherwise(band)
    return nw.when(employees >= 0).then(band)


def _weekday(seconds: nw.Expr) -> nw.Expr:
    day = (seconds // DAY_S + _EPOCH_WEEKDAY) % 7
    name: Any = nw.lit(None, nw.String)
    for i, weekday in enumerate(WEEKDAYS):
        name = nw.when((day == i) & (seconds < c("cutoff"))).then(nw.lit(weekday)).otherwise(name)
    return name  # type: ignore[no-any-return]  # When and Expr share no public type
