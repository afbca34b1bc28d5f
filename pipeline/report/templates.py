"""The templates of the pages: words, numbers and dates of one language, everything escaped."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from features.language import Language, percent
from pipeline.language import day, fixed, points, signed
from pipeline.report import words

HERE = Path(__file__).parent


@cache
def environment(language: Language, folder: Path = HERE, say: Callable[..., str] = words.say) -> Environment:
    """Templates with the words, numbers and dates of a language; everything is escaped.

    Parameters
    ----------
    language : {"en", "fr"}
        Of everything that people read.
    folder : pathlib.Path
        Templates that stand before those of the reports.
    say : callable
        Gives the words.
    """
    jinja = Environment(
        loader=FileSystemLoader([folder, HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    jinja.globals |= {"say": lambda key, **values: say(key, language, **values), "language": language}
    jinja.filters |= {
        "percent": lambda value: percent(value, language),
        "number": lambda value: fixed(value, language),
        "decimals": lambda value, digits: fixed(value, language, digits),
        "signed": lambda value: signed(value, language),
        "points": lambda value: points(value, language),
        "day": lambda value: day(value, language),
    }
    return jinja
