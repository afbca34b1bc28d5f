"""Turns declared features into one lazy query: the only place that knows how a recipe is computed.

The shape is the one that measured best (DuckDB, Polars and pandas give equal results): literal time bounds from the
snapshots; one pass per table, per type first so that sixty counts cost six; distinct days and sessions deduplicated in
their own pass; colleagues through per-lead partials. Rows are seen iff ``occurred_at >= cutoff - L`` and
``known_at < cutoff``. Sums run over whole numbers, so that they are the same to the last bit whatever the order.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import narwhals.stable.v2 as nw

from features.answers import ANSWER_CODES, coarse_answer
from features.attributes import attribute_frame
from features.errors import UseError
from features.frames import DAY_S, Aggregates, Frame, aggregate, distinct, in_days, plain_text
from features.specification import Feature, Recipe
from features.tables import Tables

SESSION_GAP_S = 1_800
_FIXED = 2.0**20  # fixed-point unit of decayed counts and strengths
_LEAD = ("lead_id", "cutoff")
_ACCOUNT = ("account_id", "cutoff")

c = nw.col


def describe(snapshots: Frame, tables: Tables, features: Sequence[Feature], first: int, last: int) -> Frame:
    """Compute the features of snapshots.

    Parameters
    ----------
    snapshots : LazyFrame
        ``lead_id``, ``cutoff`` (UTC seconds), one row each; other columns are ignored.
    tables : Tables
        Checked tables on the same engine. A table or column that is absent gives nulls.
    features : sequence of Feature
        With recipes: from `features.catalogue.catalogue`, or read back from a model.
    first, last : int
        Smallest and largest cutoff of the snapshots: literal bounds make the scan cheap, nothing else depends on them.

    Returns
    -------
    LazyFrame
        ``lead_id``, ``cutoff``, then exactly one column per feature (``Float64`` or ``String``).

    Raises
    ------
    UseError
        If a feature has no recipe.

    Examples
    --------
    >>> import pandas as pd
    >>> from features.declare import count
    >>> from features.specification import Did
    >>> lazy = lambda **columns: nw.from_native(pd.DataFrame(columns)).lazy()
    >>> day = 86_400
    >>> events = lazy(lead_id=["a", "a", "a"], occurred_at=[1 * day, 8 * day, 8 * day], type=["view"] * 3,
    ...               known_at=[1 * day, 8 * day, 9 * day])
    >>> tables = Tables({"leads": lazy(lead_id=["a"]), "events": events}, (), extracted_at=9 * day)
    >>> views = count("view", "engagement", days=(7, 30), en=Did("Viewed", "Views"), fr=Did("A vu", "Vues"))
    >>> describe(lazy(lead_id=["a"], cutoff=[9 * day]), tables, views, 9 * day, 9 * day).collect().to_native()
      lead_id  cutoff  engagement__view_count_7d  engagement__view_count_30d
    0       a  777600                        1.0                         2.0
    """
    recipes = {f.name: f.recipe for f in features if f.recipe is not None}
    if missing := [f.name for f in features if f.recipe is None]:
        raise UseError(f"{len(missing)} features have no recipe: {', '.join(missing[:5])}. Take them from a catalogue.")
    result = snapshots.select(*_LEAD)
    keys = result
    plan: dict[str, nw.Expr] = {}
    by_account = [r for r in recipes.values() if r.source in {"signals", "colleagues"}]
    if by_account and {"account_id"} <= _columns(tables, "leads"):
        result = result.join(tables.frames["leads"].select("lead_id", "account_id"), on="lead_id", how="left")
        keys = result
    for source, build in (
        ("events", _events),
        ("signals", _signals),
        ("colleagues", _colleagues),
        ("answers", _answers),
    ):
        wanted = {name: r for name, r in recipes.items() if r.source == source}
        if wanted and _is_there(source, tables):
            result = build(result, keys, tables, wanted, (first, last))
            plan |= _finals(wanted)
    attributes = [f for f in features if f.recipe and f.recipe.source == "attributes"]
    if attributes:
        described = attribute_frame(snapshots.select(*_LEAD), tables, attributes, last)
        result = result.join(described, on=list(_LEAD), how="left")
        plan |= {f.name: c(f.name) for f in attributes}
    columns = [_typed(plan.get(f.name), f) for f in features]
    return result.select(*_LEAD, *columns)


def _typed(value: nw.Expr | None, feature: Feature) -> nw.Expr:
    if feature.dtype == "number":
        value = nw.lit(None, nw.Float64) if value is None else value.cast(nw.Float64)
    elif value is None:
        value = nw.lit(None, nw.String)
    return value.alias(feature.name)


def _is_there(source: str, tables: Tables) -> bool:
    needs = {"events": "events", "signals": "signals", "colleagues": "events", "answers": "answers"}
    by_account = source in {"signals", "colleagues"}
    return needs[source] in tables.frames and (not by_account or "account_id" in _columns(tables, "leads"))


def _columns(tables: Tables, table: str) -> frozenset[str]:
    return frozenset(tables.frames[table].collect_schema().names()) if table in tables.frames else frozenset()


def _bounded(rows: Frame, days: int, bounds: tuple[int, int]) -> Frame:
    first, last = bounds
    return rows.filter(c("occurred_at") >= first - days * DAY_S, c("known_at") < last)


def _visible(keys: Frame, rows: Frame, on: str, days: int) -> Frame:
    seen = keys.join(rows, on=on, how="inner").filter(c("known_at") < c("cutoff"))
    return seen.with_columns(age=c("cutoff") - c("occurred_at")).filter(c("age") <= days * DAY_S)


def _within(days: int) -> nw.Expr:
    return c("age") <= days * DAY_S


def _days(recipe: Recipe) -> int:
    return max(recipe.days, recipe.longer_days)


def _events(
    result: Frame,
    keys: Frame,
    tables: Tables,
    wanted: Mapping[str, Recipe],
    bounds: tuple[int, int],
) -> Frame:
    events, lead = tables.frames["events"], keys.select(*_LEAD)
    plain = {n: r for n, r in wanted.items() if r.measure not in {"days", "sessions"}}
    if plain:
        rows = _bounded(events.select("lead_id", "occurred_at", "known_at", "type"), _longest(plain), bounds)
        seen = _visible(lead, rows, "lead_id", _longest(plain))
        result = result.join(_by_type(seen, _LEAD, plain), on=list(_LEAD), how="left")
    for types, group in _by_types(wanted, "days"):
        longest = _longest(group)
        rows = _bounded(_of_types(events, types).select("lead_id", "occurred_at", "known_at"), longest, bounds)
        seen = _visible(lead, rows, "lead_id", longest).with_columns(day=c("occurred_at") // DAY_S)
        per_day = aggregate(seen, [*_LEAD, "day"], {"age": (c("age"), "min")})
        result = result.join(aggregate(per_day, _LEAD, _counts(group)), on=list(_LEAD), how="left")
    for types, group in _by_types(wanted, "sessions"):
        longest = _longest(group)
        seen = _visible(lead, _with_gaps(_of_types(events, types), longest, bounds), "lead_id", longest)
        # No filter before the join: what it would leave is guessed far too low, and the wrong side would be hashed.
        starts = c("gap").is_null() | (c("gap") > SESSION_GAP_S)
        counts = {name: (nw.when(starts).then(one), how) for name, (one, how) in _counts(group).items()}
        result = result.join(aggregate(seen, _LEAD, counts), on=list(_LEAD), how="left")
    return result


def _with_gaps(events: Frame, days: int, bounds: tuple[int, int]) -> Frame:
    first, last = bounds
    # One gap more than the window, so that whether a row starts a session never depends on the bounds.
    near = c("known_at") >= first - days * DAY_S - SESSION_GAP_S
    rows = events.select("lead_id", "occurred_at", "known_at").filter(near, c("known_at") < last)
    before = c("known_at").shift(1).over("lead_id", order_by=["known_at", "occurred_at"])
    return rows.with_columns(gap=c("known_at") - before)


def _signals(
    result: Frame,
    keys: Frame,
    tables: Tables,
    wanted: Mapping[str, Recipe],
    bounds: tuple[int, int],
) -> Frame:
    signals = tables.frames["signals"]
    columns = ["account_id", "occurred_at", "known_at", "type", "strength"]
    if "strength" not in _columns(tables, "signals"):
        signals = signals.with_columns(strength=nw.lit(None, nw.Float64))
    rows = _bounded(signals.select(*columns), _longest(wanted), bounds)
    seen = _visible(_accounts(keys), rows, "account_id", _longest(wanted))
    return result.join(_by_type(seen, _ACCOUNT, wanted), on=list(_ACCOUNT), how="left")


def _colleagues(
    result: Frame,
    keys: Frame,
    tables: Tables,
    wanted: Mapping[str, Recipe],
    bounds: tuple[int, int],
) -> Frame:
    longest = _longest(wanted)
    members = tables.frames["leads"].select("account_id", "lead_id").filter(~c("account_id").is_null())
    for types, group in _by_types(wanted, "count"):
        rows = _bounded(
            _of_types(tables.frames["events"], types).select("lead_id", "occurred_at", "known_at"),
            longest,
            bounds,
        )
        team = _accounts(keys).join(members, on="account_id", how="inner")
        newest = aggregate(_visible(team, rows, "lead_id", longest), _LEAD, {"age": (c("age"), "min")})
        # Every member with its own activity, so that the events are gone through once.
        team = team.join(newest, on=list(_LEAD), how="left")
        own = {name: nw.when(_within(r.days)).then(nw.lit(1)).otherwise(nw.lit(0)) for name, r in group.items()}
        team = team.select(*_ACCOUNT, "lead_id", **own)
        others = {name: c(name).sum().over(*_ACCOUNT) - c(name) for name in group}
        result = result.join(team.select(*_LEAD, **others), on=list(_LEAD), how="left")
    return result


def _answers(
    result: Frame,
    keys: Frame,
    tables: Tables,
    wanted: Mapping[str, Recipe],
    bounds: tuple[int, int],
) -> Frame:
    answers = tables.frames["answers"].filter(c("known_at") < bounds[1])
    folded = answers.select("lead_id", "known_at", type=plain_text(c("criterion")), said=plain_text(c("answer")))
    coarse = folded.with_columns(code=coarse_answer(c("said"))).drop("said")
    seen = keys.select(*_LEAD).join(coarse, on="lead_id", how="inner").filter(c("known_at") < c("cutoff"))
    # The newest answer wins; among those of one second the highest code, so that ties fall alike on every engine.
    last = aggregate(seen, [*_LEAD, "type"], {"packed": (c("known_at") * 4 + c("code"), "max")})
    columns: dict[str, tuple[nw.Expr, str]] = {}
    for name, recipe in wanted.items():
        code, of_type = c("packed") % 4, _is_type(recipe.types)
        if recipe.measure in {"answered", "confirmed"}:
            least = ANSWER_CODES["no" if recipe.measure == "answered" else "yes"]
            columns[name] = (nw.when(of_type & (code >= least)).then(nw.lit(1)), "count")
        else:
            columns[name] = (nw.when(of_type).then(c("packed")), "max")
    return result.join(aggregate(last, _LEAD, columns), on=list(_LEAD), how="left")


def _by_type(seen: Frame, keys: Sequence[str], wanted: Mapping[str, Recipe]) -> Frame:
    """Reduce rows to one row per type, then to one row per key: a few types cost less than many events."""
    partial: dict[str, tuple[nw.Expr, str]] = {}
    columns: dict[str, tuple[nw.Expr, str]] = {}
    for name, recipe in wanted.items():
        of_type = _is_type(recipe.types)
        match recipe.measure:
            case "recency":
                partial["newest"] = (c("age"), "min")
                columns[name] = (
                    nw.when(of_type & (c("newest") <= recipe.days * DAY_S)).then(c("newest")),
                    "min",
                )
            case "decay" | "strength":
                key, row = _sum_of(recipe)
                partial[key] = (nw.when(_within(recipe.days)).then((row * _FIXED + 0.5).floor()), "sum")
                columns[name] = (nw.when(of_type).then(c(key)), "sum")
            case "types":
                columns[name] = (nw.when(of_type & (_n(partial, recipe.days) > 0)).then(nw.lit(1)), "count")
            case "trend":
                columns[name] = _total(of_type, _n(partial, recipe.days))
                columns[f"{name}|all"] = _total(of_type, _n(partial, recipe.longer_days))
            case "share":
                columns[name] = _total(of_type, _n(partial, recipe.days))
                columns[f"{name}|all"] = _total(_is_type(recipe.of), _n(partial, recipe.days))
            case _:
                columns[name] = _total(of_type, _n(partial, recipe.days))
    return aggregate(aggregate(seen, [*keys, "type"], partial), keys, columns)


def _n(partial: dict[str, tuple[nw.Expr, str]], days: int) -> nw.Expr:
    partial[f"n{days}"] = (nw.when(_within(days)).then(nw.lit(1)), "count")
    return c(f"n{days}")


def _total(of_type: nw.Expr, n: nw.Expr) -> tuple[nw.Expr, str]:
    return nw.when(of_type).then(n.cast(nw.Float64)).otherwise(nw.lit(0.0)), "sum"


def _sum_of(recipe: Recipe) -> tuple[str, nw.Expr]:
    if recipe.measure == "strength":
        return f"strength{recipe.days}", c("strength")
    rate = nw.lit(-math.log(2) / (recipe.half_life_days * DAY_S), nw.Float64)
    # No dot in a name: Spark would look for a field of a structure.
    return f"decay{recipe.days}_{recipe.half_life_days}".replace(".", "_"), (c("age").cast(nw.Float64) * rate).exp()


def _counts(group: Mapping[str, Recipe]) -> Aggregates:
    return {name: (nw.when(_within(r.days)).then(nw.lit(1)), "count") for name, r in group.items()}


def _finals(wanted: Mapping[str, Recipe]) -> dict[str, nw.Expr]:
    return {name: _final(name, recipe) for name, recipe in wanted.items()}


def _final(name: str, recipe: Recipe) -> nw.Expr:
    value, f8 = c(name), nw.Float64
    match recipe.measure:
        case "recency" if recipe.source == "answers":
            return in_days(c("cutoff") - (value - value % 4) // 4)
        case "recency":
            return in_days(value)
        case "criterion":
            code = value % 4
            return (
                nw.when(code == 2)
                .then(nw.lit("yes"))
                .otherwise(nw.when(code == 1).then(nw.lit("no")).otherwise(nw.when(code == 0).then(nw.lit("unclear"))))
            )
        case "trend":
            short, both = value.cast(f8), c(f"{name}|all").cast(f8)
            scale = recipe.days / (recipe.longer_days - recipe.days)
            return nw.when(both > 0.0).then((short + 1.0) / ((both - short) * scale + 1.0))
        case "share":
            whole = c(f"{name}|all").cast(f8)
            return nw.when(whole > 0.0).then(value.cast(f8) / whole)
        case "decay" | "strength":
            value = value.cast(f8) * nw.lit(1.0 / _FIXED, f8)
    total = value.cast(f8).fill_null(0.0)
    if recipe.source in {"signals", "colleagues"}:
        total = nw.when(~c("account_id").is_null()).then(total)
    return total


def _accounts(keys: Frame) -> Frame:
    return distinct(keys.filter(~c("account_id").is_null()), *_ACCOUNT)


def _is_type(types: Iterable[str]) -> nw.Expr:
    names = list(types)
    return c("type").is_in(names) if names else ~c("type").is_null()


def _of_types(rows: Frame, types: tuple[str, ...]) -> Frame:
    return rows.filter(_is_type(types)) if types else rows


def _longest(wanted: Mapping[str, Recipe]) -> int:
    return max(_days(r) for r in wanted.values())


def _by_types(wanted: Mapping[str, Recipe], measure: str) -> list[tuple[tuple[str, ...], dict[str, Recipe]]]:
    groups: dict[tuple[str, ...], dict[str, Recipe]] = {}
    for name, recipe in wanted.items():
        if recipe.measure == measure:
            groups.setdefault(recipe.types, {})[name] = recipe
    return sorted(groups.items())
