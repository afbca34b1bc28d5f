"""What a row may not be: the semantic checks of the canonical tables, pure and lazy.

They run on *typed* tables: every canonical column with its type, plus ``@row`` (where it stands in its source) and,
for each column that is parsed, ``@unread:COLUMN``: the cell as text where it could not be read, else null.

Two passes, because duplicates are only sought among the rows that are sound by themselves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw

from features.faults import Level
from features.tables import SCHEMA

ROW = "@row"
FLAG = "@flag:"
KEPT = "@kept"
APART = "@apart"
CREATED = "@created_at"
EARLIEST = 631_152_000  # 1990-01-01: before it no CRM row is true, and epoch 0 is a null in disguise
DAY = 86_400

# Which table's rows must be known elsewhere, by which column, and where.
HOMES = {
    "leads": ("account_id", "accounts"),
    "events": ("lead_id", "leads"),
    "outcomes": ("lead_id", "leads"),
    "stages": ("lead_id", "leads"),
    "answers": ("lead_id", "leads"),
    "changes": ("lead_id", "leads"),
    "signals": ("account_id", "leads or accounts"),
}
UNREADABLE = {
    "time": "unreadable_time",
    "number": "unreadable_number",
    "flag": "unreadable_flag",
    "text": "contact_details",
}

Frame = nw.LazyFrame[Any]


def unread(column: str) -> str:
    """Name the column that holds what could not be read of another.

    Examples
    --------
    >>> unread("created_at")
    '@unread:created_at'
    """
    return f"@unread:{column}"


@dataclass(frozen=True)
class Check:
    """One check of one table.

    Attributes
    ----------
    column, reason, level : str
        As in `features.faults.Fault`.
    shown : str
        Column of the frame whose value may stand in the message; empty where it could be personal.
    """

    column: str
    reason: str
    level: Level
    shown: str = ""


@dataclass(frozen=True)
class Checked:
    """A frame with one 0/1 column per check, named by `flag`.

    Attributes
    ----------
    frame : narwhals.LazyFrame
        Only rows with at least one flag: ``@row``, the flags and what may be shown.
    checks : tuple of Check
        In the order of the flags.
    """

    frame: Frame
    checks: tuple[Check, ...]


def flag(position: int) -> str:
    """Name the column that holds the result of a check.

    Examples
    --------
    >>> flag(0)
    '@flag:0'
    """
    return f"{FLAG}{position}"


Rule = tuple[Check, nw.Expr]
REMOVING = ("row", "drop")
# Once repeated deliveries are dropped nobody reads these, and no two are alike: that there was one is all that is kept.
SPENT = ("event_id",)
# What must not be there twice: key, what decides who stays, and the check.
GROUPED = {
    "leads": ("lead_id", ("created_at",), Check("lead_id", "duplicate_id", "row")),
    "accounts": ("account_id", (), Check("account_id", "duplicate_id", "row")),
    "events": ("event_id", ("known_at", "occurred_at", "type"), Check("event_id", "duplicate_event", "drop")),
    "outcomes": ("lead_id", ("decided_at",), Check("lead_id", "repeated_outcome", "drop")),
}


def check_rows(
    table: str, frame: Frame, extracted_at: int, known: Frame | None = None, scoring_file: bool = False
) -> Checked:
    """Check every row of a typed table by itself.

    Parameters
    ----------
    table : str
        Canonical name.
    frame : narwhals.LazyFrame
        The typed table.
    extracted_at : int
        UTC seconds; later times are faults.
    known : narwhals.LazyFrame, optional
        What the rows must refer to (see `HOMES`): the key, ``@kept`` (0: set aside) and ``@created_at``.
        Without it nothing is an orphan.
    scoring_file : bool
        The leads come from a file to score: rows of other leads are not needed, which is no fault.

    Examples
    --------
    >>> import pandas as pd
    >>> typed = pd.DataFrame({"@row": [2, 3], "lead_id": ["a", None]}, dtype=object)
    >>> checked = check_rows("leads", nw.from_native(typed).lazy(), 1_700_000_000)
    >>> [(check.reason, check.column) for check in checked.checks]
    [('missing_value', 'lead_id')]
    >>> checked.frame.collect()["@row"].to_list()
    [3]
    """
    return _flagged(*_row_rules(table, frame, extracted_at, known, scoring_file))


def _row_rules(
    table: str, frame: Frame, extracted_at: int, known: Frame | None, scoring_file: bool = False
) -> tuple[Frame, list[Rule]]:
    names = frame.collect_schema().names()
    rules = [
        rule for name in SCHEMA[table] if name in names for rule in _column_rules(table, name, names, extracted_at)
    ]
    if table in ("events", "signals"):
        early = nw.col("known_at") < nw.col("occurred_at")
        rules.append((Check("known_at", "known_before_occurred", "notice"), early))
    if known is not None and table in HOMES:
        key, _ = HOMES[table]
        frame = frame.join(known, on=key, how="left")
        rules += _home_rules(table, key, scoring_file)
    return frame, rules


def _column_rules(table: str, name: str, names: Sequence[str], extracted_at: int) -> list[Rule]:
    column = SCHEMA[table][name]
    value = nw.col(name)
    rules: list[Rule] = []
    missing = value.is_null()
    if unread(name) in names:
        bad = ~nw.col(unread(name)).is_null()
        missing = missing & ~bad
        if name == "outcome":
            rules.append((Check(name, "unknown_outcome", "row", unread(name)), bad))
        else:
            level: Level = "row" if column.required or column.kind == "time" else "cell"
            rules.append((Check(name, UNREADABLE[column.kind], level, unread(name)), bad))
    if table == "outcomes" and name == "outcome":
        rules.append((Check(name, "open_outcome", "drop"), missing))
    elif column.required:
        if table == "outcomes" and name == "decided_at":
            missing = missing & ~nw.col("outcome").is_null()
        rules.append((Check(name, "missing_value", "row"), missing))
    if column.kind == "time":
        # Where known_at only repeats occurred_at, one fault says it all.
        own = value != nw.col("occurred_at") if name == "known_at" and "occurred_at" in names else ~value.is_null()
        rules.append((Check(name, "before_1990", "row", name), own & (value < EARLIEST)))
        late = Check(name, "after_extraction", "row", name)
        if table == "costs":
            late = Check(name, "future_cost", "drop", name)
        rules.append((late, own & (value > extracted_at)))
    return rules


def _home_rules(table: str, key: str, scoring_file: bool) -> list[Rule]:
    lost = nw.col(KEPT).is_null() & ~nw.col(key).is_null()
    if table == "leads":
        return [(Check(key, "unknown_account", "notice"), lost)]
    if scoring_file:
        return [(Check(key, "other_lead", "drop"), lost | (nw.col(KEPT) == 0))]
    rules: list[Rule] = [
        (Check(key, "orphan", "row"), lost),
        (Check(key, "lead_set_aside", "drop"), nw.col(KEPT) == 0),
    ]
    if table == "outcomes":
        ahead = nw.col(CREATED) - nw.col("decided_at")
        rules += [
            (Check("decided_at", "decided_before_created", "row", "decided_at"), ahead > DAY),
            (Check("decided_at", "decided_on_the_day", "notice"), (ahead > 0) & (ahead <= DAY)),
        ]
    return rules


# The key of which the rows of each table are checked against each other.
KEYS = {"leads": "lead_id", "accounts": "account_id", "events": "event_id", "outcomes": "lead_id"}


def check_groups(table: str, frame: Frame) -> Checked:
    """Check the sound rows of a typed table against each other: nothing may be there twice.

    Which row stays never depends on the order of the rows: leads and outcomes keep the earliest, events the delivery
    that was known first, and ties are broken by what the rows hold.

    Examples
    --------
    >>> import pandas as pd
    >>> typed = pd.DataFrame({"@row": [2, 3], "lead_id": ["a", "a"], "decided_at": [9, 5], "outcome": ["won", "won"]})
    >>> checked = check_groups("outcomes", nw.from_native(typed).lazy())
    >>> [(check.reason, check.level) for check in checked.checks]
    [('won_and_lost', 'row'), ('repeated_outcome', 'drop')]
    >>> checked.frame.collect()["@row"].to_list()
    [2]
    """
    names = frame.collect_schema().names()
    key = GROUPED.get(table, ("",))[0]
    if key not in names:
        return Checked(frame.select(ROW).head(0), ())
    some = frame.filter(~nw.col(key).is_null())
    repeated = some.group_by(key).agg(nw.len().alias("@n")).filter(nw.col("@n") > 1).select(key)
    return _flagged(*_group_rules(table, some.join(repeated, on=key, how="semi")))


def mark(table: str, frame: Frame, extracted_at: int, known: Frame | None = None) -> Checked:
    """Check every row in place: each keeps its columns and gets its flags, so that no row needs a number.

    Parameters
    ----------
    table, frame, extracted_at, known
        As in `check_rows`; the frame needs no ``@row``.

    Returns
    -------
    Checked
        Its frame has *every* row, with the flags of the checks of rows and, for rows that no check removes, of groups.

    Examples
    --------
    >>> import polars as pl
    >>> typed = pl.LazyFrame({"lead_id": ["a", "a", None], "created_at": [10**9, 2 * 10**9, 10**9]})
    >>> marked = mark("leads", nw.from_native(typed), 3 * 10**9)
    >>> [check.reason for check in marked.checks]
    ['missing_value', 'before_1990', 'after_extraction', 'duplicate_id']
    >>> marked.frame.sort("created_at", "lead_id", nulls_last=True).collect()["@flag:3"].to_list()
    [0, 0, 1]
    """
    frame, rules = _row_rules(table, frame, extracted_at, known)
    sound = sum_of(position for position, (check, _) in enumerate(rules) if check.level in REMOVING) == 0
    marked = frame.with_columns(*_marks(rules))
    names = frame.collect_schema().names()
    if GROUPED.get(table, ("",))[0] not in names:
        return Checked(marked, tuple(check for check, _ in rules))
    # Rows that are removed must not be the ones that are kept of their group: they are ranked in a partition apart.
    apart = nw.when(sound).then(nw.lit(1)).otherwise(nw.lit(0))
    ranked, more = _group_rules(table, marked.with_columns(apart.alias(APART)))
    alone = nw.col(APART) == 1
    marks = [
        nw.when(alone & condition).then(1).otherwise(0).alias(flag(len(rules) + position))
        for position, (_, condition) in enumerate(more)
    ]
    return Checked(ranked.with_columns(*marks), tuple(check for check, _ in (*rules, *more)))


def sum_of(positions: Iterable[int]) -> nw.Expr:
    """Count the flags of a row that are set, among some; 0 for none.

    Examples
    --------
    >>> import pandas as pd
    >>> nw.from_native(pd.DataFrame({"@flag:0": [1], "@flag:2": [1]})).select(n=sum_of([0, 2]))["n"].to_list()
    [2]
    """
    return nw.sum_horizontal(nw.lit(0), *(flag(position) for position in positions))


def _group_rules(table: str, several: Frame) -> tuple[Frame, list[Rule]]:
    names = several.collect_schema().names()
    if table == "outcomes":
        again = _ranked(several, "lead_id", ("decided_at",), names)
        for word in ("won", "lost"):
            is_word = nw.when(nw.col("outcome") == word).then(1).otherwise(0)
            again = again.with_columns(is_word.max().over(*_partition("lead_id", names)).alias(f"@{word}"))
        both = (nw.col("@won") == 1) & (nw.col("@lost") == 1)
        rules: list[Rule] = [
            (Check("outcome", "won_and_lost", "row"), both),
            (Check("lead_id", "repeated_outcome", "drop"), ~both & (nw.col("@rank") > 1)),
        ]
        return again, rules
    key, order, check = GROUPED[table]
    return _ranked(several, key, order, names), [(check, ~nw.col(key).is_null() & (nw.col("@rank") > 1))]


def _ranked(several: Frame, key: str, order: Sequence[str], names: Sequence[str]) -> Frame:
    """Number the rows of each key from 1 in ``@rank``: the first is the one that stays."""
    # An unknown time is later than every known one; the row number only ever breaks ties of identical rows.
    firsts = [name for name in order if name in names]
    times = (nw.col(name).fill_null(2**62).alias(f"@{name}") for name in firsts if name != "type")
    several = several.with_columns(nw.lit(1).alias("@one"), *times)
    rest = sorted(name for name in names if name not in (key, ROW, APART) and not name.startswith(FLAG))
    keys = [name if name == "type" else f"@{name}" for name in firsts] + rest + [ROW] * (ROW in names)
    return several.with_columns(nw.col("@one").cum_sum().over(*_partition(key, names), order_by=keys).alias("@rank"))


def _partition(key: str, names: Sequence[str]) -> list[str]:
    return [key, *([APART] if APART in names else [])]


def _marks(rules: Sequence[Rule]) -> list[nw.Expr]:
    return [
        nw.when(condition).then(1).otherwise(0).alias(flag(position)) for position, (_, condition) in enumerate(rules)
    ]


def _flagged(frame: Frame, rules: Sequence[Rule]) -> Checked:
    if not rules:
        return Checked(frame.select(ROW).head(0), ())
    shown = sorted({check.shown for check, _ in rules if check.shown})
    flagged = frame.select(ROW, *shown, *_marks(rules))
    return Checked(flagged.filter(sum_of(range(len(rules))) > 0), tuple(check for check, _ in rules))


def repair(table: str, frame: Frame, known: Frame | None = None) -> Frame:
    """Move the times that a checked table must not hold: nothing is known before it occurred.

    Of what is `SPENT` an empty text is left.

    Examples
    --------
    >>> import pandas as pd
    >>> typed = pd.DataFrame({"occurred_at": [10, 20], "known_at": [5.0, None]})
    >>> repair("events", nw.from_native(typed).lazy()).collect()["known_at"].to_list()
    [10.0, 20.0]
    """
    if table in ("events", "signals"):
        names = frame.collect_schema().names()
        late = nw.when(nw.col("known_at") >= nw.col("occurred_at")).then(nw.col("known_at"))
        spent = [nw.when(~nw.col(name).is_null()).then(nw.lit("")).alias(name) for name in SPENT if name in names]
        return frame.with_columns(late.otherwise(nw.col("occurred_at")).alias("known_at"), *spent)
    if table == "outcomes" and known is not None:
        names = frame.collect_schema().names()
        joined = frame.join(known, on="lead_id", how="left")
        late = nw.when(nw.col(CREATED) > nw.col("decided_at")).then(nw.col(CREATED))
        return joined.with_columns(late.otherwise(nw.col("decided_at")).alias("decided_at")).select(names)
    return frame
