"""How English and French write numbers, amounts, days and instants."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from features.language import NARROW, Language

MORE = " …"


def fixed(value: float, language: Language, digits: int = 0) -> str:
    """Write a number with a fixed count of decimals.

    Examples
    --------
    >>> fixed(12345.6, "en", 1), fixed(12345.6, "fr", 1).replace(NARROW, " ")
    ('12,345.6', '12 345,6')
    """
    text = f"{value:,.{digits}f}"
    return text if language == "en" else text.replace(",", NARROW).replace(".", ",")


def points(value: float, language: Language) -> str:
    """Write signed percentage points.

    Examples
    --------
    >>> points(3.21, "en"), points(-0.5, "fr")
    ('+3.2', '−0,5')
    """
    return signed(value, language, 1)


def signed(value: float, language: Language, digits: int = 0) -> str:
    """Write a difference, with its sign.

    Examples
    --------
    >>> signed(1234, "en"), signed(-0.5, "fr", 1), signed(-0.2, "en")
    ('+1,234', '−0,5', '+0')
    """
    shown = fixed(abs(value), language, digits)
    sign = "−" if value < 0 and shown.strip("0.,") else "+"
    return sign + shown


def strength(value: float, strongest: float) -> str:
    """Write how hard a fact pushes beside the strongest, in signs: for points of a percentage that is not certified.

    Examples
    --------
    >>> strength(6.0, 8.0), strength(-3.0, 8.0), strength(0.4, -8.0), strength(0.0, 0.0)
    ('+++', '−−', '+', '+')
    """
    share = abs(value) / abs(strongest) if strongest else 0.0
    return ("+" if value >= 0 else "−") * (3 if share >= 2 / 3 else 2 if share >= 1 / 3 else 1)


def ordinal(n: int, language: Language) -> str:
    """Write a place in a ranking.

    Examples
    --------
    >>> [ordinal(n, "en") for n in (1, 2, 3, 4, 11, 112, 1021)], ordinal(1, "fr"), ordinal(12, "fr")
    (['1st', '2nd', '3rd', '4th', '11th', '112th', '1,021st'], '1er', '12e')
    """
    if language == "fr":
        return fixed(n, language) + ("er" if n == 1 else "e")
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return fixed(n, language) + ending


def money(value: float, language: Language, currency: str) -> str:
    """Write an amount without cents.

    Examples
    --------
    >>> money(12345, "en", "EUR"), money(-12345, "fr", "EUR").replace(NARROW, " ")
    ('EUR 12,345', '−12 345 EUR')
    """
    text = fixed(value, language).replace("-", "−")
    return f"{currency} {text}" if language == "en" else f"{text}{NARROW}{currency}"


def two_figures(value: float) -> float:
    """Round an estimate to the two figures that it is good for.

    Examples
    --------
    >>> two_figures(27_275.4), two_figures(0.0), two_figures(94.9)
    (27000.0, 0.0, 95.0)
    """
    return float(f"{value:.1e}")


def day(seconds: int, language: Language, zone: tzinfo = UTC) -> str:
    """Write an instant as a day.

    Examples
    --------
    >>> day(1_795_219_200, "en"), day(1_795_219_200, "fr")
    ('2026-11-21', '21/11/2026')
    """
    at = datetime.fromtimestamp(seconds, zone)
    return at.strftime("%Y-%m-%d" if language == "en" else "%d/%m/%Y")


def moment(seconds: int, language: Language, zone: tzinfo = UTC) -> str:
    """Write an instant to the minute, with the name of its zone.

    Examples
    --------
    >>> moment(1_795_219_200, "fr")
    '21/11/2026 00:00 UTC'
    """
    return f"{day(seconds, language, zone)} {datetime.fromtimestamp(seconds, zone):%H:%M %Z}"


def iso(seconds: int) -> str:
    """Write a UTC instant for machines.

    Examples
    --------
    >>> iso(1_795_219_200)
    '2026-11-21T00:00:00Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def whole_lines(lines: Sequence[str], longest: int) -> str:
    """Join lines; where they are too long together, whole lines go from the end, and that is shown.

    Parameters
    ----------
    longest : int
        Characters.

    Examples
    --------
    >>> whole_lines(["first", "second"], 40).splitlines(), whole_lines(["first", "second", "third"], 15).splitlines()
    (['first', 'second'], ['first', 'second …'])
    """
    whole = "\n".join(lines)
    if len(whole) <= longest:
        return whole
    room = longest - len(MORE)
    cut = whole[: room + 1].rfind("\n")
    return whole[: cut if cut > 0 else room].rstrip() + MORE
