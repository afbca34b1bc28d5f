"""Industries as NAF rev. 2 codes (the French edition of NACE); `naf.csv` follows the open lists of INSEE.

The first two characters are the division (62), divisions group into 21 sections (J). Foreign NACE codes have the same
two levels, so that 62.01 and 62.01Z agree.
"""

import csv
from functools import cache
from importlib.resources import files
from itertools import groupby

import narwhals.stable.v2 as nw

_CODE = r"^(?:[A-U]|[0-9]{2}(?:[0-9]{1,2}[A-Z]?)?)$"


@cache
def _rows() -> tuple[dict[str, str], ...]:
    text = files("features").joinpath("naf.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def names(level: str, language: str) -> dict[str, str]:
    """Return the names of the codes of one level.

    Parameters
    ----------
    level : {"section", "division"}
        21 sections or 88 divisions.
    language : {"en", "fr"}
        Language of the names.

    Examples
    --------
    >>> names("section", "en")["J"], len(names("section", "fr")), len(names("division", "fr"))
    ('Information and communication', 21, 88)
    """
    length = {"section": 1, "division": 2}[level]
    return {row["code"]: row[language] for row in _rows() if len(row["code"]) == length}


def sections() -> dict[str, str]:
    """Return the section of each division.

    Examples
    --------
    >>> sections()["62"], len(sections())
    ('J', 88)
    """
    return {row["code"]: row["section"] for row in _rows() if len(row["code"]) == 2}


def key(industry: nw.Expr) -> nw.Expr:
    """Return the division ("62") or section letter ("J") that an industry code stands for; null for anything else.

    Examples
    --------
    >>> import polars as pl
    >>> frame = nw.from_native(pl.DataFrame({"x": ["62.01Z", "6201z", "62", "J", "Software", "04.00Z", None]}))
    >>> frame.select(x=key(nw.col("x")))["x"].to_list()
    ['62', '62', '62', 'J', None, None, None]
    """
    code = industry.fill_null("").str.strip_chars().str.to_uppercase().str.replace_all(".", "", literal=True)
    known = code.str.contains(_CODE) & code.str.slice(0, 2).is_in([*names("division", "en"), *names("section", "en")])
    return nw.when(known).then(code.str.slice(0, 2))


def division(key: nw.Expr) -> nw.Expr:
    """Return the division of a key.

    Examples
    --------
    >>> import polars as pl
    >>> nw.from_native(pl.DataFrame({"x": ["62", "J", None]})).select(x=division(nw.col("x")))["x"].to_list()
    ['62', None, None]
    """
    return nw.when(key.str.len_chars() == 2).then(key)


def section(key: nw.Expr) -> nw.Expr:
    """Return the section, A to U, of a key.

    Examples
    --------
    >>> import polars as pl
    >>> nw.from_native(pl.DataFrame({"x": ["62", "01", "J", "99", None]})).select(x=section(nw.col("x")))["x"].to_list()
    ['J', 'A', 'J', 'U', None]
    """
    result: nw.Expr = nw.lit(None, nw.String)
    for letter, group in groupby(sorted(_rows(), key=_section), key=_section):
        result = nw.when(key.is_in([row["code"] for row in group])).then(nw.lit(letter)).otherwise(result)
    return result


def text(industry: nw.Expr, key: nw.Expr) -> nw.Expr:
    """Return the industry where it is free text; null where it is a code, which division and section tell better.

    Examples
    --------
    >>> import polars as pl
    >>> frame = nw.from_native(pl.DataFrame({"x": ["62.01Z", "Software", None], "key": ["62", None, None]}))
    >>> frame.select(x=text(nw.col("x"), nw.col("key")))["x"].to_list()
    [None, 'Software', None]
    """
    return nw.when(key.is_null()).then(industry)


def _section(row: dict[str, str]) -> str:
    return row["section"]
