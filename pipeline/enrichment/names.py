"""The rules of `features.companies.name_key` and `is_siren` as DuckDB's SQL, for millions of names."""

from features.companies import FORM_WORDS, LIGATURES, NAME_RULES
from pipeline.cells import literal


def name_key(expression: str) -> str:
    """Write the SQL of a name's key; null where nothing is left of it."""
    text = expression
    for letter, spelled in LIGATURES:
        text = f"replace({text}, {literal(letter)}, {literal(spelled)})"
    text = f"strip_accents({text})"
    for pattern, replacement in NAME_RULES:
        text = f"regexp_replace({text}, {literal(pattern)}, {literal(replacement)}, 'g')"
    text = f"upper({text})"
    bare = f"replace(regexp_replace({text}, {literal(FORM_WORDS)}, '', 'g'), ' ', '')"
    return f"coalesce(nullif({bare}, ''), nullif(replace({text}, ' ', ''), ''))"


def siren(expression: str) -> str:
    """Write the SQL of the SIREN in a cell that holds one, or a SIRET; null where its check digit is wrong."""
    digits = f"regexp_replace(CAST({expression} AS VARCHAR), '[^0-9]', '', 'g')"
    first = f"CASE WHEN length({digits}) IN (9, 14) THEN left({digits}, 9) END"
    doubled = [
        f"(CAST(substr(s, {place + 1}, 1) AS INTEGER) * {1 + place % 2})"
        if place % 2 == 0
        else f"(CAST(substr('0246813579', CAST(substr(s, {place + 1}, 1) AS INTEGER) + 1, 1) AS INTEGER))"
        for place in range(9)
    ]
    return (
        f"(SELECT CASE WHEN ({' + '.join(doubled)}) % 10 = 0 THEN CAST(s AS UINTEGER) END FROM (SELECT {first} AS s))"
    )


def postcode(expression: str) -> str:
    """Write the SQL of a French postcode; a leading zero that a spreadsheet ate comes back."""
    digits = f"regexp_extract(trim(CAST({expression} AS VARCHAR)), '^(?:F-?)?([0-9]{{4,5}})(?:[.]0)?$', 1)"
    return f"TRY_CAST(nullif({digits}, '') AS UINTEGER)"
