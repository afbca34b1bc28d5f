"""The templates of the pages: words, numbers and dates of one language, everything escaped."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from features.language import Language, percent
from pipeline.language import day, fixed, points, signed
from pipeline.report.words import say


def environment(language: Language) -> Environment:
    """Templates with the words, numbers and dates of a language; everything is escaped."""
    jinja = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
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
