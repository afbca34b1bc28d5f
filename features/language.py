"""Numbers, delays and small grammar in English and French; nothing here knows what a feature is."""

import re
import unicodedata
from typing import Literal

Language = Literal["en", "fr"]
NBSP, NARROW = "\u00a0", "\u202f"
# Not after a preposition: "n'a pas cliqué dans un e-mail".
_ARTICLE = re.compile(r"(?<!à )(?<!dans )(?<!sur )(?<!avec )(?<!pour )\b(?:une?|des) (?=(\w))")
_VOWELS = frozenset("aeiouyhéèêëàâîïôöûùœ")
_SUFFIX = re.compile(r"(?<=.)_(?:id|at|on|date|days)$")
_PREFIX = re.compile(r"^(?:is|has|n|nb)_(?=.)")


def number(value: float, language: Language) -> str:
    """Write a number as people read it: three figures at least, thousands apart.

    Examples
    --------
    >>> number(12345.6, "en"), number(12345.6, "fr") == f"12{NARROW}346", number(4.857, "fr"), number(0.0312, "en")
    ('12,346', True, '4,86', '0.0312')
    """
    size = abs(value)
    decimals = 0 if value == round(value) or size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = "0" if text == "-0" else text
    return text if language == "en" else text.replace(",", NARROW).replace(".", ",")


def percent(value: float, language: Language) -> str:
    """Write a share of 1.

    Examples
    --------
    >>> percent(0.125, "en"), percent(0.125, "fr") == f"12,5{NBSP}%"
    ('12.5%', True)
    """
    text = number(round(value * 100, 1), language)
    return f"{text}%" if language == "en" else f"{text}{NBSP}%"


def span(days: float, language: Language) -> str:
    """Write a duration in whole days, from two years on in whole years.

    Examples
    --------
    >>> span(0.5, "en"), span(1.9, "fr"), span(64.2, "fr"), span(17_648, "en"), span(17_648, "fr")
    ('less than a day', '1 jour', '64 jours', '48 years', '48 ans')
    """
    n = int(days)
    if n == 0:
        return "less than a day" if language == "en" else "moins d'un jour"
    if n >= 731:
        return f"{number(int(days / 365.25), language)} {'years' if language == 'en' else 'ans'}"
    unit = "day" if language == "en" else "jour"
    return f"{number(n, language)} {unit}{'s' if n > 1 else ''}"


def ago(days: float, language: Language) -> str:
    """Write how long ago; in hours below one day, for the sentence may be read on another day.

    Examples
    --------
    >>> ago(0.4, "en"), ago(3.7, "en"), ago(1.2, "fr")
    ('in the last 24 hours', '3 days ago', 'il y a 1 jour')
    """
    if days < 1:
        return window(1, language)
    return f"{span(days, language)} ago" if language == "en" else f"il y a {span(days, language)}"


def window(days: int, language: Language) -> str:
    """Write a lookback.

    Examples
    --------
    >>> window(7, "en"), window(365, "fr")
    ('in the last 7 days', 'ces 12 derniers mois')
    """
    if days == 1:
        return "in the last 24 hours" if language == "en" else "ces dernières 24 heures"
    n, en, fr = (days * 12 // 365, "months", "mois") if days % 365 == 0 else (days, "days", "jours")
    return f"in the last {n} {en}" if language == "en" else f"ces {n} derniers {fr}"


def times(n: int, language: Language) -> str:
    """Write a number of times.

    Examples
    --------
    >>> times(1, "en"), times(2, "en"), times(3, "en"), times(1, "fr"), times(12, "fr")
    ('once', 'twice', '3 times', 'une fois', '12 fois')
    """
    if language == "en":
        return {1: "once", 2: "twice"}.get(n, f"{number(n, language)} times")
    return "une fois" if n == 1 else f"{number(n, language)} fois"


def upper_first(text: str) -> str:
    """Return the text with a capital, the rest untouched."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """Return the text without its capital, unless it starts with an acronym."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def undone(done: str, language: Language) -> str:
    """Turn what somebody did into what they have not done.

    Examples
    --------
    >>> undone("Viewed the pricing page", "en"), undone("A consulté la page tarifs", "fr")
    ('Has not viewed the pricing page', "N'a pas consulté la page tarifs")
    >>> undone("A ouvert un e-mail", "fr"), undone("S'est connecté au produit", "fr")
    ("N'a pas ouvert d'e-mail", "Ne s'est pas connecté au produit")
    """
    if language == "en":
        return f"Has not {lower_first(done)}"
    text = re.sub(r"^A ", "N'a pas ", re.sub(r"^S'est ", "Ne s'est pas ", re.sub(r"^Est ", "N'est pas ", done)))
    return _ARTICLE.sub(lambda m: "d'" if m[1].lower() in _VOWELS else "de ", text, count=1)


def no(noun: str, language: Language) -> str:
    """Return the absence of a plural noun.

    Examples
    --------
    >>> no("Pricing page views", "en"), no("Ouvertures d'e-mail", "fr")
    ('No pricing page views', "Pas d'ouvertures d'e-mail")
    """
    low = lower_first(noun)
    if language == "en":
        return f"No {low}"
    return f"Pas d'{low}" if low[:1] in _VOWELS else f"Pas de {low}"


def humanise(name: str) -> str:
    """Make a label of a column or type name.

    Examples
    --------
    >>> [humanise(x) for x in ("euribor3m", "landing_page_id", "emp.var.rate", "is_member", "demoCall", "id")]
    ['Euribor3m', 'Landing page', 'Emp var rate', 'Member', 'Demo call', 'Id']
    """
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    snake = re.sub(r"[\s._\-/]+", "_", snake).strip("_")
    if name != name.upper():
        snake = snake.lower()
    text = _PREFIX.sub("", _SUFFIX.sub("", snake)).replace("_", " ")
    return upper_first(text) or "?"


def plain(text: str) -> str:
    """Make a text safe to show wherever it ends up: a CRM field, a page, a spreadsheet.

    Labels and values come from the company's own columns. Angle brackets become typographic ones, so that nothing is
    markup; control and invisible characters go; and no text begins like a formula.

    Examples
    --------
    >>> plain("=HYPERLINK(1)"), plain("Plan:  <b>Pro</b> ")
    ('HYPERLINK(1)', 'Plan: ‹b›Pro‹/b›')
    """
    visible = "".join(" " if c.isspace() and c not in (NBSP, NARROW) else c for c in text)
    visible = "".join(c for c in visible if unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"})
    shown = re.sub(" {2,}", " ", visible.replace("<", "‹").replace(">", "›"))
    return shown.strip().lstrip("=+-@ ")


def quoted(text: str, language: Language) -> str:
    """Quote a word of the source.

    Examples
    --------
    >>> quoted("demo call", "en"), quoted("demo call", "fr") == f"«{NBSP}demo call{NBSP}»"
    ('“demo call”', True)
    """
    return f"“{text}”" if language == "en" else f"«{NBSP}{text}{NBSP}»"


def colon(label: str, value: str, language: Language) -> str:
    """Join a label and its value.

    Examples
    --------
    >>> colon("Industry", "Finance", "en"), colon("Secteur", "Finance", "fr") == f"Secteur{NBSP}: Finance"
    ('Industry: Finance', True)
    """
    return f"{label}: {value}" if language == "en" else f"{label}{NBSP}: {value}"
