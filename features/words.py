"""The sentence and the label of a feature, in English and French, the fact inside.

The material comes from the feature's own ``words``, which a model carries, so that a model trained a year ago still
speaks. Forms: ``count`` and ``recency`` (of what a lead did, or of things counted), ``trend``, ``text`` (sentences
written out), ``attribute``, ``date`` and ``levels`` (a sentence per level).
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from features.language import (
    Language,
    ago,
    colon,
    humanise,
    lower_first,
    no,
    number,
    percent,
    plain,
    span,
    times,
    undone,
    upper_first,
    window,
)
from features.specification import Feature

OTHER = "(other)"
LONGEST = 119
_LONG_AGO_DAYS = 30
_FOREVER_DAYS = 10_000
_STABLE = (0.8, 1.25)
_VALUE_LONGEST = 60
_LEAST_AVERAGE = 0.1
_CODE = re.compile(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)+")
_ONE = {"en": (1,), "fr": (0, 1)}

Material = Mapping[str, Any]


def sentence(feature: Feature, value: float | str | None, language: Language, *, in_favour: bool = False) -> str:
    """Say what a feature's value means, as a salesperson would.

    Parameters
    ----------
    feature : Feature
        With its words.
    value : float, str or None
        As computed; None and NaN are null.
    language : {"en", "fr"}
        Language of the sentence.
    in_favour : bool
        Whether it is told as something good: what happened 64 days ago is then a thing done, not one missing since.

    Returns
    -------
    str
        Under 120 characters, never a bare feature name.

    Examples
    --------
    >>> from features.declare import activity
    >>> from features.specification import Did
    >>> count_7d, recency = activity("pricing", "intent", days=(7,),
    ...     en=Did("Viewed the pricing page", "Pricing page views", "No pricing page view"),
    ...     fr=Did("A consulté la page tarifs", "Vues de la page tarifs", "Aucune vue de la page tarifs"))
    >>> sentence(count_7d, 3.0, "en"), sentence(count_7d, 0, "fr")
    ('Viewed the pricing page 3 times in the last 7 days', "N'a pas consulté la page tarifs ces 7 derniers jours")
    >>> sentence(recency, 3.2, "en"), sentence(recency, 64.0, "fr")
    ('Viewed the pricing page 3 days ago', 'Aucune vue de la page tarifs depuis 64 jours')
    >>> sentence(recency, 64.0, "en", in_favour=True)
    'Viewed the pricing page 64 days ago'
    """
    words = feature.words
    material = words.get(language)
    if isinstance(value, float) and math.isnan(value):
        value = None
    if material is None:
        text = colon(humanise(feature.fact), _shown(value, language), language)
    else:
        told = {**words, "in_favour": in_favour}
        text = _FORMS[words["form"]](told, material, value, language)
    return _cut(plain(text))


def comparison(feature: Feature, average: float | None, language: Language) -> str:
    """Say what the average lead has, where a mean says something: numbers of times, of things, shares.

    Parameters
    ----------
    feature : Feature
        With its words.
    average : float, optional
        Mean over the leads that the model learnt from; None where there was no value.
    language : {"en", "fr"}
        Language of the words.

    Returns
    -------
    str
        Empty where there is nothing to compare with: dates, categories, trends, which compare already.

    Examples
    --------
    >>> from features.intent import FEATURES
    >>> comparison(FEATURES[0], 0.4, "en"), comparison(FEATURES[0], 0.0004, "en")
    ('your average lead: 0.4', 'your average lead: under 0.1')
    """
    form = feature.words.get("form")
    counted = form == "count" or (form == "text" and feature.words["number"] != "days")
    if not counted or average is None or feature.words.get(language) is None:
        return ""
    if feature.words.get("number") == "percent":
        shown = percent(round(average, 2), language)
    elif abs(average) < _LEAST_AVERAGE:
        shown = f"{'under' if language == 'en' else 'moins de'} {number(_LEAST_AVERAGE, language)}"
    else:
        shown = number(round(average, 1), language)
    return colon("your average lead" if language == "en" else "votre lead moyen", shown, language)


def before(feature: Feature, value: float | str | None, language: Language) -> str:
    """Say what a feature's value was, after the sentence of what it is now.

    Examples
    --------
    >>> from features.intent import FEATURES
    >>> before(FEATURES[0], 1.0, "en"), before(FEATURES[3], 14.2, "en"), before(FEATURES[3], None, "en")
    ('before: 1', 'before: 14 days', '')
    """
    words = feature.words
    material, form = words.get(language) or {}, words.get("form")
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if form in {"recency", "date"} or words.get("number") == "days":
        shown = span(float(value), language)
    elif words.get("number") == "percent":
        shown = percent(float(value), language)
    elif form == "trend":
        return ""
    else:
        shown = lower_first(str(material.get("levels", {}).get(value) or _shown(value, language)))
    return plain(colon("before" if language == "en" else "avant", shown, language))


def with_remark(text: str, remark: str) -> str:
    """Add a remark in brackets where the whole stays short enough for one line.

    Examples
    --------
    >>> with_remark("3 actions", "your average lead: 0.4"), with_remark("3 actions", "")
    ('3 actions (your average lead: 0.4)', '3 actions')
    """
    whole = f"{text} ({remark})"
    return whole if remark and len(whole) <= LONGEST else text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def label(feature: Feature, language: Language) -> str:
    """Name a feature in a few words, for plots and tables.

    Examples
    --------
    >>> from features.engagement import FEATURES
    >>> label(FEATURES[0], "en"), label(FEATURES[0], "fr")
    ('Actions, last 7 days', 'Actions, 7 derniers jours')
    """
    words = feature.words
    material = words.get(language)
    if material is None:
        return plain(humanise(feature.fact))
    name = plain(upper_first(str(material.get("label") or material.get("noun") or material.get("many"))))
    form = words["form"]
    if form == "recency":
        return f"{name}, {'days since the last' if language == 'en' else 'jours écoulés'}"
    if form == "trend":
        return f"{name}, {'trend' if language == 'en' else 'tendance'}"
    if form == "date":
        return f"{name} ({'days' if language == 'en' else 'jours'})"
    if form in {"count", "text"} and words.get("days"):
        return f"{name}, {window(words['days'], language).removeprefix('in the ').removeprefix('ces ')}"
    return name


def _count(words: Material, m: Material, value: Any, language: Language) -> str:
    when = f" {window(words['days'], language)}" if words["days"] else ""
    if value is None:
        return _unknown(m, language)
    n = round(value)
    if "done" not in m:
        return f"{m['none']}{when}" if n == 0 else f"{number(n, language)} {m['one' if n == 1 else 'many']}{when}"
    if n == 0:
        return f"{m['undone'] or undone(m['done'], language)}{when}"
    return f"{m['done']} {times(n, language)}{when}"


def _recency(words: Material, m: Material, value: Any, language: Language) -> str:
    none = m["none"] or no(m["noun"], language)
    if value is None and words["days"] > _FOREVER_DAYS:
        return f"{none} {'yet' if language == 'en' else 'à ce jour'}"
    if value is None:
        return f"{none} {window(words['days'], language)}"
    if value > _LONG_AGO_DAYS and not words["in_favour"]:
        return f"{none} {'for' if language == 'en' else 'depuis'} {span(value, language)}"
    return f"{m.get('done') or upper_first(m['one'])} {ago(value, language)}"


def _trend(words: Material, m: Material, value: Any, language: Language) -> str:
    before = words["longer_days"] - words["days"]
    if value is None:
        return f"{m['none']} {window(words['longer_days'], language)}"
    low, high = _STABLE
    noun, recent = m["noun"], words["days"]
    level = number(round(value, 1), language) if value > high else percent(round(value, 2), language)
    if language == "en":
        if low <= value <= high:
            return f"{noun} stable over the last {recent} days"
        compared = f"up: about {level} times" if value > high else f"down: about {level} of"
        return f"{noun} {compared} the level of the {before} days before"
    if low <= value <= high:
        return f"{noun} stable sur les {recent} derniers jours"
    moved = f"{noun} en hausse" if value > high else f"{noun} en baisse"
    compared = f"environ {level} fois le niveau" if value > high else f"environ {level} du niveau"
    return colon(moved, f"{compared} des {before} jours précédents", "fr")


def _text(words: Material, m: Material, value: Any, language: Language) -> str:
    if value is None:
        text = m["unknown"]
    elif value == 0 and m["zero"]:
        text = m["zero"]
    else:
        write = {"percent": percent, "days": span}.get(words["number"], number)
        text = m["some"].replace("{x}", write(float(value), language))
    return str(text).replace("{window}", window(words["days"], language) if words["days"] else "")


def _attribute(words: Material, m: Material, value: Any, language: Language) -> str:
    if value is None:
        return _unknown(m, language)
    if words.get("number") == "percent" and not isinstance(value, str):
        shown = percent(float(value), language)
    elif isinstance(value, str):
        shown = m.get("levels", {}).get(value) or _shown(value, language)
    else:
        unit = m.get("unit_one" if value in _ONE[language] else "unit", "")
        shown = f"{_shown(value, language)} {unit}".rstrip()
    return colon(m["label"], shown, language)


def _date(words: Material, m: Material, value: Any, language: Language) -> str:
    del words
    return _unknown(m, language) if value is None else colon(m["label"], ago(float(value), language), language)


def _levels(words: Material, m: Material, value: Any, language: Language) -> str:
    del words
    if value is None:
        return _unknown(m, language)
    return str(m["levels"].get(value) or colon(m["label"], _shown(value, language), language))


def _unknown(m: Material, language: Language) -> str:
    if m.get("unknown"):
        return str(m["unknown"])
    name = upper_first(str(m.get("label") or m.get("noun") or m.get("many")))
    return f"{name}: not known" if language == "en" else colon(name, "information absente", language)


def _shown(value: Any, language: Language) -> str:
    if value is None:
        return "not known" if language == "en" else "information absente"
    if value == OTHER:
        return "other" if language == "en" else "autre"
    if isinstance(value, str):
        # A CRM's own code, such as trade_show, is read as words; an address or a name keeps what it is made of.
        text = value.replace("_", " ") if _CODE.fullmatch(value) else value
        return text if len(text) <= _VALUE_LONGEST else text[: _VALUE_LONGEST - 1].rstrip() + "…"
    return number(float(value), language)


_FORMS = {
    "count": _count,
    "recency": _recency,
    "trend": _trend,
    "text": _text,
    "attribute": _attribute,
    "date": _date,
    "levels": _levels,
}
