"""The constructors of what is stated of a lead: attributes of person and company, answers of the discovery call."""

from collections.abc import Mapping, Sequence
from typing import Literal

from features.declare import NULL_COUNT, Types, noun_words, types_of
from features.language import NARROW, colon, upper_first
from features.specification import Dtype, Family, Feature, Measure, Recipe, Tally, Words


def criterion(
    what: str,
    *,
    en: str,
    fr: str,
    confirmed: tuple[str, str] = ("", ""),
    refused: tuple[str, str] = ("", ""),
    ask: tuple[str, str],
    types: Types = None,
) -> tuple[Feature, ...]:
    """Declare the last answer to one question of the discovery call: ``yes``, ``no``, ``unclear``; null if not asked.

    Parameters
    ----------
    what : str
        The criterion, and how it is called in ``answers.criterion`` unless ``types`` says otherwise.
    en, fr : str
        What it is about, in a sentence.
    confirmed, refused : tuple of str
        English and French sentence for yes and for no.
    ask : tuple of str
        The question that sales asks, in English and French.
    types : str or sequence of str, optional
        Names of the criterion, in lower case.

    Examples
    --------
    >>> ask = ("What is the budget?", "Quel est le budget ?")
    >>> criterion("budget", en="budget", fr="budget", ask=ask)[0].name
    'intent__budget_answer'
    """
    levels_en = {"yes": confirmed[0] or f"Yes about the {en}", "no": refused[0] or f"No about the {en}"}
    levels_fr = {
        "yes": confirmed[1] or colon(upper_first(fr), "oui", "fr"),
        "no": refused[1] or colon(upper_first(fr), "non", "fr"),
    }
    words = {
        "form": "levels",
        "en": {
            "label": upper_first(en),
            "unknown": f"{upper_first(en)} not discussed yet",
            "ask": ask[0],
            "levels": {**levels_en, "unclear": f"{upper_first(en)} discussed without a clear answer"},
        },
        "fr": {
            "label": upper_first(fr),
            "unknown": colon(upper_first(fr), "sujet non abordé", "fr"),
            "ask": ask[1].replace(" ?", f"{NARROW}?"),
            "levels": {
                **levels_fr,
                "unclear": colon(upper_first(fr), "sujet abordé sans réponse claire", "fr"),
            },
        },
    }
    recipe = Recipe("answers", "criterion", types=types_of(what, types))
    return (
        Feature(
            f"intent__{what}_answer",
            "intent",
            "category",
            what,
            "not asked, or answers are not tracked",
            0,
            words,
            recipe,
        ),
    )


def answers(of: Literal["answered", "confirmed"], *, en: Tally, fr: Tally) -> tuple[Feature, ...]:
    """Declare how many criteria have yes or no as their last answer, or yes only.

    Examples
    --------
    >>> tally = Tally("criterion confirmed", "criteria confirmed", "No criterion confirmed")
    >>> answers("confirmed", en=tally, fr=tally)[0].name
    'intent__criteria_confirmed_count'
    """
    name = f"intent__criteria_{of}_count"
    words = noun_words("count", en, fr, 0)
    return (
        Feature(
            name,
            "intent",
            "number",
            "discovery" if of == "answered" else f"criteria_{of}",
            NULL_COUNT["answers"],
            0,
            words,
            Recipe("answers", of),
        ),
    )


def attribute(
    name: str,
    family: Family,
    columns: Sequence[str],
    measure: Measure,
    words: Words,
    *,
    dtype: Dtype = "category",
    fact: str = "",
    null: str = "not known",
) -> Feature:
    """Declare what a column of ``leads`` or ``accounts`` says at the cutoff.

    Parameters
    ----------
    name : str
        Full name of the feature.
    family : {"fit", "engagement", "intent"}
        Its family.
    columns : sequence of str
        ``leads.x`` or ``accounts.x``; the first that is not null wins.
    measure : str
        How it is read: ``value``, ``date``, ``seniority``, ...
    words : mapping
        Its words, see `features.words`.
    dtype, fact, null
        As in `Feature`; the fact is the first column's name by default.

    Examples
    --------
    >>> attribute("fit__source", "fit", ["leads.source"], "value", {}).fact
    'leads.source'
    """
    return Feature(
        name,
        family,
        dtype,
        fact or columns[0],
        null,
        0,
        words,
        Recipe("attributes", measure, columns=tuple(columns)),
    )


def column_words(en: Mapping[str, object], fr: Mapping[str, object], form: str = "attribute") -> Words:
    """Return the words of an attribute: ``label``, ``unknown``, ``unit`` and ``levels`` in both languages.

    Examples
    --------
    >>> column_words({"label": "Source"}, {"label": "Origine"})["fr"]["label"]
    'Origine'
    """
    return {"form": form, "en": dict(en), "fr": dict(fr)}
