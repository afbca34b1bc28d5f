"""The constructors of features: each returns the tuple of features that one declaration stands for."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Literal

from features.specification import (
    ONE_YEAR,
    Did,
    Family,
    Feature,
    Level,
    Recipe,
    Source,
    Tally,
    Text,
    Words,
)

Types = str | Sequence[str] | None
Noun = Did | Tally
ALL: tuple[str, ...] = ()

NULL_COUNT = {
    "events": "0 if none; null if events are not tracked",
    "signals": "0 if none; null if the lead has no account or signals are not tracked",
    "answers": "0 if none; null if answers are not tracked",
    "colleagues": "0 if none; null if the lead has no account or events are not tracked",
}


def count(
    what: str,
    family: Family,
    *,
    days: Sequence[int],
    en: Noun,
    fr: Noun,
    types: Types = None,
    source: Source = "events",
    direction: int = 0,
) -> tuple[Feature, ...]:
    """Declare how often something happened, one feature per lookback.

    Parameters
    ----------
    what : str
        Name of the fact, and the type that is counted unless ``types`` says otherwise.
    family : {"fit", "engagement", "intent"}
        Family of the features.
    days : sequence of int
        Lookbacks, in days.
    en, fr : Did or Tally
        Its words.
    types : str or sequence of str, optional
        Types that count; ``()`` for all of them.
    source : {"events", "signals", "colleagues"}
        Where the rows come from.
    direction : {-1, 0, 1}
        Monotone constraint.

    Returns
    -------
    tuple of Feature
        Counts (0, 1, ...); null only where the source is not tracked or the lead has no account.

    Examples
    --------
    >>> [f.name for f in count("demo", "intent", days=(7, 30), en=Did("Asked for a demo", "Demo requests"),
    ...                        fr=Did("A demandé une démo", "Demandes de démo"))]
    ['intent__demo_count_7d', 'intent__demo_count_30d']
    """
    return tuple(
        Feature(
            f"{family}__{what}_count_{d}d",
            family,
            "number",
            what,
            NULL_COUNT[source],
            direction,
            noun_words("count", en, fr, d),
            Recipe(source, "count", d, types_of(what, types)),
        )
        for d in days
    )


def recency(
    what: str,
    family: Family,
    *,
    en: Noun,
    fr: Noun,
    types: Types = None,
    source: Source = "events",
) -> tuple[Feature, ...]:
    """Declare the days since something last happened; null if not within a year.

    Examples
    --------
    >>> recency("reply", "engagement", en=Did("Replied", "Replies"), fr=Did("A répondu", "Réponses"))[0].null
    'not in the last 365 days'
    """
    answers = source == "answers"
    days = 100 * ONE_YEAR if answers else ONE_YEAR
    null = "never" if answers else f"not in the last {ONE_YEAR} days"
    recipe = Recipe(source, "recency", days, types_of(what, types))
    words = noun_words("recency", en, fr, days)
    return (Feature(f"{family}__{what}_recency_days", family, "number", what, null, 0, words, recipe),)


def activity(
    what: str,
    family: Family,
    *,
    days: Sequence[int],
    en: Noun,
    fr: Noun,
    types: Types = None,
    source: Source = "events",
    direction: int = 0,
) -> tuple[Feature, ...]:
    """Declare the counts of something and its recency in one go.

    Examples
    --------
    >>> len(activity("reply", "engagement", days=(30, 90), en=Did("Replied", "Replies"),
    ...              fr=Did("A répondu", "Réponses")))
    3
    """
    counts = count(what, family, days=days, en=en, fr=fr, types=types, source=source, direction=direction)
    return counts + recency(what, family, en=en, fr=fr, types=types, source=source)


def distinct(
    what: str,
    family: Family,
    *,
    of: Literal["days", "types", "sessions", "count"],
    days: Sequence[int],
    en: Tally,
    fr: Tally,
    types: Types = ALL,
    source: Source = "events",
) -> tuple[Feature, ...]:
    """Declare how many different UTC days, types or sessions of activity there were, one feature per lookback.

    A session starts with a row that became known more than 30 minutes after the row known before it, so that what
    is learnt later never changes the sessions of the past.

    Examples
    --------
    >>> distinct("active_days", "engagement", of="days", days=(30,),
    ...          en=Tally("active day", "active days", "No active day"),
    ...          fr=Tally("jour actif", "jours actifs", "Aucun jour actif"))[0].name
    'engagement__active_days_30d'
    """
    return tuple(
        Feature(
            f"{family}__{what}_{d}d",
            family,
            "number",
            what,
            NULL_COUNT[source],
            0,
            noun_words("count", en, fr, d),
            Recipe(source, of, d, types_of(what, types)),
        )
        for d in days
    )


def about(fact: str, features: Sequence[Feature]) -> tuple[Feature, ...]:
    """Say that features are another measure of a fact, so that both give one reason.

    Examples
    --------
    >>> days = Tally("active day", "active days", "No active day")
    >>> about("activity", distinct("active_days", "engagement", of="days", days=(30,), en=days, fr=days))[0].fact
    'activity'
    """
    return tuple(replace(feature, fact=fact) for feature in features)


def decay(
    what: str,
    family: Family,
    *,
    half_life: float,
    en: Text,
    fr: Text,
    types: Types = ALL,
) -> tuple[Feature, ...]:
    """Declare a count in which a row of age t is worth ``2 ** (-t / half_life)``, over a year.

    Examples
    --------
    >>> text = Text("Recent activity: {x}", "No activity", "Activity not known", "Recent activity")
    >>> decay("activity", "engagement", half_life=14, en=text, fr=text)[0].name
    'engagement__activity_decay_14d'
    """
    recipe = Recipe("events", "decay", ONE_YEAR, types_of(what, types), half_life_days=float(half_life))
    name = f"{family}__{what}_decay_{half_life:g}d"
    return (Feature(name, family, "number", what, NULL_COUNT["events"], 0, text_words(en, fr), recipe),)


def trend(
    what: str,
    family: Family,
    *,
    days: int,
    against: int,
    en: Level,
    fr: Level,
    types: Types = ALL,
) -> tuple[Feature, ...]:
    """Declare the level of the last ``days`` against that of the rest of the last ``against`` days.

    ``(n + 1) / ((m - n) / ((against - days) / days) + 1)`` with n and m rows in the shorter and the longer window: 1 is
    stable, the ones keep a handful of rows from looking like a surge. Null if there is no row at all.

    Examples
    --------
    >>> trend("activity", "engagement", days=30, against=90, en=Level("Activity", "No activity"),
    ...       fr=Level("Activité", "Aucune activité"))[0].name
    'engagement__activity_trend_30d'
    """
    recipe = Recipe("events", "trend", days, types_of(what, types), longer_days=against)
    null = f"no row in the last {against} days"
    words = {**noun_words("trend", en, fr, days), "longer_days": against}
    name = f"{family}__{what}_trend_{days}d"
    return (Feature(name, family, "number", f"{what}_trend", null, 0, words, recipe),)


def share(
    what: str,
    family: Family,
    *,
    types: Types,
    of: Sequence[str],
    days: Sequence[int],
    en: Text,
    fr: Text,
) -> tuple[Feature, ...]:
    """Declare the share, 0 to 1, of the rows ``of`` that are of ``types``; null where there is none.

    ``{window}`` in the words stands for the lookback.

    Examples
    --------
    >>> text = Text("{x} of pages, {window}", "None, {window}", "No page, {window}", "Share of pages")
    >>> share("commercial_pages", "intent", types="pricing_view", of=("pricing_view", "page_view"), days=(90,),
    ...       en=text, fr=text)[0].name
    'intent__commercial_pages_share_90d'
    """
    return tuple(
        Feature(
            f"{family}__{what}_share_{d}d",
            family,
            "number",
            f"{what}_share",
            f"no row in the last {d} days",
            0,
            text_words(en, fr, "percent", d),
            Recipe("events", "share", d, types_of(what, types), of=tuple(of)),
        )
        for d in days
    )


def strength(
    what: str,
    family: Family,
    *,
    days: Sequence[int],
    en: Text,
    fr: Text,
    types: Types = ALL,
) -> tuple[Feature, ...]:
    """Declare the summed strength of the account's signals; a signal without strength adds nothing.

    Examples
    --------
    >>> text = Text("Strength {x}, {window}", "None", "Not known", "Strength")
    >>> strength("signals", "intent", days=(90,), en=text, fr=text)[0].name
    'intent__signals_strength_90d'
    """
    return tuple(
        Feature(
            f"{family}__{what}_strength_{d}d",
            family,
            "number",
            what,
            NULL_COUNT["signals"],
            0,
            text_words(en, fr, "number", d),
            Recipe("signals", "strength", d, types_of(what, types)),
        )
        for d in days
    )


def types_of(what: str, type_: Types) -> tuple[str, ...]:
    """Return the types that count: the fact's own name unless told otherwise, ``()`` for all."""
    if type_ is None:
        return (what,)
    return (type_,) if isinstance(type_, str) else tuple(type_)


def text_words(en: Text, fr: Text, number: str = "number", days: int = 0) -> Words:
    """Return written-out sentences as data; ``number`` is how ``{x}`` is written: number, percent or days."""
    return {"form": "text", "number": number, "days": days, "en": asdict(en), "fr": asdict(fr)}


def noun_words(form: str, en: Noun | Level, fr: Noun | Level, days: int) -> Words:
    """Return the words of a declaration as data."""
    return {"form": form, "days": days, "en": asdict(en), "fr": asdict(fr)}
