r"""Cells as SQL: text or native values of a source -> identifiers, text, UTC seconds, numbers, flags.

Every function takes a SQL expression and gives one, null where the cell is empty *or* cannot be read; telling those two
apart is left to the caller. Values of settings stand in the SQL only as quoted literals.
"""

from collections.abc import Iterable
from dataclasses import dataclass

NULL_WORDS = ("n/a", "na", "n.a.", "#n/a", "-", "--", "null", "none", "nan", "nat")
TRUE_WORDS = ("1", "true", "t", "yes", "y", "oui", "o", "vrai", "x")
FALSE_WORDS = ("0", "false", "f", "no", "n", "non", "faux")
YES = ("true", "yes", "oui", "vrai")
NO = ("false", "no", "non", "faux")

CONTROL = r"[\x00-\x1f\x7f-\x{9f}]"
PLAIN = "[!-~](?:[ -~]*[!-~])?"
BLANKS = r"[\t-\r\x{85}]+"
# Space, no-break, figure, thin and narrow no-break space, byte order mark; apostrophes are the Swiss thousands.
SPACES = " \u00a0\u2007\u2009\u202f\ufeff"
SPACE = r"[ \x{a0}\x{2007}\x{2009}\x{202f}]"
UNIT = r"(?:€|\$|£|¥|%|EUR|USD|GBP|CHF)"
BEFORE = rf"^([-+]?){SPACE}*{UNIT}{SPACE}*"
AFTER = rf"{SPACE}*{UNIT}$"
THOUSANDS = rf"[-+]?\d{{1,3}}(?:(?:{SPACE}|['’])\d{{3}})+(?:[.,]\d*)?"

MAIL = r"[^\s@]@[^\s@]+\.[A-Za-z]"

# A number in every reading, and no code: no thousands, no leading zero, nothing too large for a DOUBLE.
PLAIN_NUMBER = r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?"

ISO = r"\d{4}-\d{1,2}-\d{1,2}"
CLOCK = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)"
OFFSET = r"(?: ?(?:Z|UTC|GMT|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?))"
SLASHES = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})((?:[T ].*)?)$"


def identifier(name: str) -> str:
    """Quote a name for SQL.

    Examples
    --------
    >>> identifier("naïve name"), identifier(chr(34)) == chr(34) * 4
    ('"naïve name"', True)
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL.

    Examples
    --------
    >>> print(literal("l'été"))
    'l''été'
    """
    return "'" + text.replace("'", "''") + "'"


def words(texts: Iterable[str]) -> str:
    """Write texts as a SQL list, for use after ``IN``.

    Examples
    --------
    >>> words(["a", "b"]), words([])
    ("('a', 'b')", '(NULL)')
    """
    return "(" + (", ".join(literal(text) for text in texts) or "NULL") + ")"


def says(cell: str, texts: Iterable[str]) -> str:
    """Tell whether a cleaned text is one of some words in lower case, whatever its own case.

    DuckDB plans each ``IN`` as a join: two hundred columns of them took 17 s to plan, this takes none.
    """
    apart = "chr(31)"  # in no cleaned text
    known = f"concat({apart}, {', '.join(f'{literal(text)}, {apart}' for text in texts)})"
    return f"contains({known}, {apart} || lower({cell}) || {apart})"


def select(columns: Iterable[str], source: str, rest: str = "") -> str:
    """Write a query from parts that are already quoted.

    Examples
    --------
    >>> select(["a", "b"], "t", "ORDER BY a")
    'SELECT a, b FROM t ORDER BY a'
    """
    return " ".join(("SELECT", ", ".join(columns), "FROM", source, rest)).strip()


@dataclass(frozen=True)
class Reading:
    """How the cells of one column are read.

    Attributes
    ----------
    zone : str
        Zone of the times that name none.
    decimal : {".", ","}
        What stands before the decimals.
    day_first : bool
        Whether 03/04/2026 is in April.
    is_plain : bool
        Whether every cell that is not empty is a `PLAIN_NUMBER`.
    """

    zone: str = "UTC"
    decimal: str = "."
    day_first: bool = True
    is_plain: bool = False


def clean(cell: str) -> str:
    """Trim a text and strip its control characters; empty is null."""
    blanks = f"regexp_replace({cell}, {literal(BLANKS)}, ' ', 'g')"
    stripped = f"regexp_replace({blanks}, {literal(CONTROL)}, '', 'g')"
    slow = f"nullif(trim({stripped}, {literal(SPACES)}), '')"
    # Most cells need nothing, and one look tells.
    return f"CASE WHEN regexp_full_match({cell}, {literal(PLAIN)}) THEN {cell} ELSE {slow} END"


def filled(cell: str) -> str:
    """Give a cleaned text, null where it only says that there is nothing (N/A, -, null)."""
    return f"CASE WHEN length({cell}) > 4 OR NOT {says(cell, NULL_WORDS)} THEN {cell} END"


def text_of(cell: str, native: str) -> str:
    """Write a native value as text: 12.0 is the identifier 12, as pandas loves to spoil it."""
    if native == "VARCHAR":
        return clean(cell)
    if native in ("DOUBLE", "FLOAT"):
        whole = f"{cell} = trunc({cell}) AND abs({cell}) < 1e15"
        digits = f"CASE WHEN {whole} THEN CAST(CAST({cell} AS BIGINT) AS VARCHAR) ELSE CAST({cell} AS VARCHAR) END"
        return f"CASE WHEN isfinite({cell}) THEN {digits} END"
    return clean(f"CAST({cell} AS VARCHAR)")


def number(cell: str, decimal: str, is_plain: bool = False) -> str:
    """Read a cleaned text as a number: thousands, currency, percent, decimal point or comma.

    A group of exactly three digits after the separator that is not ``decimal`` is thousands; anything else after it is
    decimals all the same, for nothing else can be meant. Of plain numbers with a point none of that is asked.
    """
    if is_plain and decimal == ".":
        return f"TRY_CAST({cell} AS DOUBLE)"
    other = "," if decimal == "." else "."
    bare = f"regexp_replace(regexp_replace({cell}, {literal(BEFORE)}, '\\1'), {literal(AFTER)}, '')"
    bare = f"replace({bare}, '−', '-')"
    apart = literal(SPACES + "'’")
    joined = f"CASE WHEN regexp_full_match(bare, {literal(THOUSANDS)}) THEN translate(bare, {apart}, '') ELSE bare END"
    plain = literal(rf"[-+]?(?:\d+[{decimal}]?\d*|[{decimal}]\d+)(?:[eE][-+]?\d+)?")
    grouped = literal(rf"[-+]?\d{{1,3}}(?:[{other}]\d{{3}})+(?:[{decimal}]\d*)?")
    foreign = literal(
        rf"[-+]?(?:\d{{1,3}}(?:[{decimal}]\d{{3}})+|\d*)[{other}]\d+|[-+]?\d{{1,3}}(?:[{decimal}]\d{{3}}){{2,}}"
    )

    def as_point(text: str, mark: str, dropped: str = "") -> str:
        kept = f"replace({text}, {literal(dropped)}, '')" if dropped else text
        return kept if mark == "." else f"replace({kept}, ',', '.')"

    odd = " ".join(
        (
            f"CASE WHEN regexp_full_match(joined, {plain}) THEN {as_point('joined', decimal)}",
            f"WHEN regexp_full_match(joined, {grouped}) THEN {as_point('joined', decimal, other)}",
            f"WHEN regexp_full_match(joined, {foreign}) THEN {as_point('joined', other, decimal)} END",
        )
    )
    odd = _let("bare", bare, _let("joined", joined, odd))
    value = f"CASE WHEN regexp_full_match({cell}, {plain}) THEN {as_point(cell, decimal)} ELSE {odd} END"
    # The patterns leave no NaN; what is too large for a DOUBLE becomes infinite.
    limits = ("'Infinity'::DOUBLE", "'-Infinity'::DOUBLE")
    return f"nullif(nullif(TRY_CAST({value} AS DOUBLE), {limits[0]}), {limits[1]})"


def _let(name: str, value: str, body: str) -> str:
    """Name a value within an expression: written out at each use, its patterns would be compiled anew for each."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"


def impersonal(cell: str) -> str:
    """Give a cleaned text of a column of words, null where it holds an e-mail address: it must become no level."""
    return f"CASE WHEN NOT contains({cell}, '@') OR NOT regexp_matches({cell}, {literal(MAIL)}) THEN {cell} END"


def finite(value: str) -> str:
    """Give a DOUBLE, null where it is NaN or infinite: no engine agrees on what those compare to."""
    return f"CASE WHEN isfinite({value}) THEN {value} END"


def decimal_mark(commas: int, points: int, delimiter: str) -> str:
    """Decide what stands before the decimals of a file.

    Parameters
    ----------
    commas, points : int
        Cells where the comma, or the point, cannot be a thousands separator (see `decimal_evidence`).
    delimiter : str
        Between the fields; a semicolon is written where the comma was taken.

    Examples
    --------
    >>> decimal_mark(40, 0, ";"), decimal_mark(0, 12, ";"), decimal_mark(0, 0, ";"), decimal_mark(0, 0, ",")
    (',', '.', ',', '.')
    """
    if commas == points:
        return "," if delimiter == ";" else "."
    return "," if commas > points else "."


def decimal_evidence(mark: str) -> str:
    """Write the pattern of a number in which ``mark`` can only stand before the decimals (RE2 and Python).

    Examples
    --------
    >>> import re
    >>> [bool(re.fullmatch(decimal_evidence(","), cell)) for cell in ("1,5", "1.234,567", "1,234", "12.5")]
    [True, True, False, False]
    """
    other = "," if mark == "." else "."
    space = "[ \u00a0\u2007\u2009\u202f]"
    body = rf"(?:\d+[{mark}](?:\d{{1,2}}|\d{{4,}})|0?[{mark}]\d+|\d{{1,3}}(?:(?:[{other}]|{space})\d{{3}})+[{mark}]\d+)"
    return rf"[-+]?(?:[€$£] ?)?{body}{space}?(?:[€$£%])?"


def is_aware(native: str) -> bool:
    """Tell whether a native type of time holds an instant, not what a clock showed.

    Examples
    --------
    >>> [is_aware(native) for native in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS", "TIMESTAMP_S", "DATE")]
    [True, True, False, False]
    """
    return native.startswith(("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"))


def seconds(value: str, native: str, zone: str) -> str:
    """Give UTC seconds of a native time; below a second is cut off towards the past.

    A DOUBLE holds microseconds exactly enough until the year 2255, and the floor is what must be exact.
    """
    if is_aware(native):
        value = f"CAST({value} AS TIMESTAMPTZ)"
    else:
        value = f"CAST({value} AS TIMESTAMP)"
        value = value if zone == "UTC" else f"timezone({literal(zone)}, {value})"
    return f"CAST(floor(epoch_us({value}) / 1000000) AS BIGINT)"


def epoch(value: str) -> str:
    """Give seconds of an epoch in seconds, milli- or microseconds, told apart by size."""
    return (
        f"CAST(floor(CASE WHEN abs({value}) >= 1e14 THEN {value} / 1e6 "
        f"WHEN abs({value}) >= 1e11 THEN {value} / 1e3 ELSE {value} END) AS BIGINT)"
    )


EPOCH = r"[+-]?\d{9,16}(?:\.\d+)?"
NAIVE = rf"{ISO}{CLOCK}?"
ZONED = rf"{ISO}{CLOCK}{OFFSET}"


def iso_text(cell: str, day_first: bool) -> str:
    """Turn the dates that people write (21/11/2026, 2026/11/21, 2026-11) into ISO text; null where it is no date."""
    order = r"\3-\2-\1\4" if day_first else r"\3-\1-\2\4"
    commas = f"replace({cell}, ',', '.')"
    first = "%d/%m" if day_first else "%m/%d"
    twelve = f"try_strptime({cell}, ['{first}/%Y %I:%M:%S %p', '{first}/%Y %I:%M %p'])"
    slashes = literal(SLASHES)
    return " ".join(
        (
            f"CASE WHEN {cell} LIKE '____-_%-_%' THEN {commas}",
            f"WHEN regexp_matches({cell}, '(?i) [ap]m$') THEN strftime({twelve}, '%Y-%m-%d %H:%M:%S')",
            f"WHEN regexp_matches({cell}, {slashes}) THEN regexp_replace({commas}, {slashes}, {literal(order)})",
            f"WHEN regexp_full_match({cell}, '\\d{{4}}-\\d{{2}}') THEN {cell} || '-01'",
            f"WHEN regexp_full_match({cell}, '\\d{{2}}/\\d{{4}}') THEN {cell}[4:7] || '-' || {cell}[1:2] || '-01'",
            f"WHEN regexp_matches({cell}, '^\\d{{4}}/') THEN replace({commas}, '/', '-') END",
        )
    )


def time(cell: str, iso: str, reading: Reading, epochs: bool = True) -> str:
    """Read a cleaned text as UTC seconds: ISO with or without zone, dd/mm/yyyy, epoch.

    ``iso`` is what `iso_text` makes of the cell: best a column of a subquery, as it is read several times. A naive time
    that the clocks skipped or repeated (summer time) is taken by the rules of ICU: always the same.
    """
    naive = seconds(f"TRY_CAST({iso} AS TIMESTAMP)", "TIMESTAMP", reading.zone)
    zoned = f"TRY_CAST(regexp_replace({iso}, ' ?(UTC|GMT)$', 'Z') AS TIMESTAMPTZ)"
    parts = [
        f"CASE WHEN regexp_full_match({iso}, {literal(NAIVE)}) THEN {naive}",
        f"WHEN regexp_full_match({iso}, {literal(ZONED)}) THEN {seconds(zoned, 'TIMESTAMPTZ', 'UTC')}",
    ]
    if epochs:
        parts.append(f"WHEN regexp_full_match({cell}, {literal(EPOCH)}) THEN {epoch(f'TRY_CAST({cell} AS DOUBLE)')}")
    return " ".join([*parts, "END"])


def is_naive(cell: str) -> str:
    """Tell whether a cleaned text that looks like a time names no zone."""
    zoned = literal(rf":\d{{2}}(?:[.,]\d+)?{OFFSET}$")
    looks = f"(contains({cell}, '-') OR contains({cell}, '/') OR contains({cell}, '.')) AND {cell} BETWEEN '0' AND ':'"
    instant = f"regexp_full_match({cell}, {literal(EPOCH)}) OR regexp_matches({cell}, {zoned})"
    return f"({cell} NOT LIKE '%Z' AND {looks} AND NOT ({instant}))"


def flag(cell: str) -> str:
    """Read a cleaned text as 1 (yes) or 0 (no)."""
    return f"CASE WHEN {says(cell, TRUE_WORDS)} THEN 1 WHEN {says(cell, FALSE_WORDS)} THEN 0 END"
