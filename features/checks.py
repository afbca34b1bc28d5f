"""What a row may not be: the semantic checks of the canonical tables, pure and lazy.

They run on *typed* tables: every canonical column with its type, plus ``@row`` (where it stands in its source) and,
for each column that is parsed, ``@unread:COLUMN``: the cell as text where it could not be read, else null.

Two passes, because duplicates are only sought among the rows that are sound by themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw

from features.faults import Level
from features.tables import SCHEMA

ROW = "@row"
KEPT = "@kept"
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
UNREADABLE = {"time": "unreadable_time", "number": "unreadable_number", "flag": "unreadable_flag"}

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
    return f"@flag:{position}"


Rule = tuple[Check, nw.Expr]


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
    return _flagged(frame, rules)


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
    if table == "outcomes":
        again = _ranked(frame, "lead_id", ("decided_at",), names)
        for word in ("won", "lost"):
            is_word = nw.when(nw.col("outcome") == word).then(1).otherwise(0)
            again = again.with_columns(is_word.max().over("lead_id").alias(f"@{word}"))
        both = (nw.col("@won") == 1) & (nw.col("@lost") == 1)
        rules: list[Rule] = [
            (Check("outcome", "won_and_lost", "row"), both),
            (Check("lead_id", "repeated_outcome", "drop"), ~both & (nw.col("@rank") > 1)),
        ]
        return _flagged(again, rules)
    key, order, check = {
        "leads": ("lead_id", ("created_at",), Check("lead_id", "duplicate_id", "row")),
        "accounts": ("account_id", (), Check("account_id", "duplicate_id", "row")),
        "events": ("event_id", ("known_at", "occurred_at", "type"), Check("event_id", "duplicate_event", "drop")),
    }.get(table, ("", (), Check("", "", "drop")))
    if not key or key not in names:
        return Checked(frame.select(ROW).head(0), ())
    return _flagged(_ranked(frame, key, order, names), [(check, nw.col("@rank") > 1)])


def _ranked(frame: Frame, key: str, order: Sequence[str], names: Sequence[str]) -> Frame:
    """Only the rows whose key stands on several, numbered from 1 in ``@rank``."""
    some = frame.filter(~nw.col(key).is_null())
    repeated = some.group_by(key).agg(nw.len().alias("@n")).filter(nw.col("@n") > 1).select(key)
    several = some.join(repeated, on=key, how="semi")
    # An unknown time is later than every known one; the row number only ever breaks ties of identical rows.
    firsts = [name for name in order if name in names]
    times = (nw.col(name).fill_null(2**62).alias(f"@{name}") for name in firsts if name != "type")
    several = several.with_columns(nw.lit(1).alias("@one"), *times)
    rest = sorted(name for name in names if name not in (key, ROW))
    keys = [name if name == "type" else f"@{name}" for name in firsts] + rest + [ROW]
    return several.with_columns(nw.col("@one").cum_sum().over(key, order_by=keys).alias("@rank"))


def _flagged(frame: Frame, rules: Sequence[Rule]) -> Checked:
    if not rules:
        return Checked(frame.select(ROW).head(0), ())
    shown = sorted({check.shown for check, _ in rules if check.shown})
    marks = [
        nw.when(condition).then(1).otherwise(0).alias(flag(position)) for position, (_, condition) in enumerate(rules)
    ]
    flagged = frame.select(ROW, *shown, *marks)
    hit = nw.sum_horizontal(*(flag(position) for position in range(len(rules)))) > 0
    return Checked(flagged.filter(hit), tuple(check for check, _ in rules))


def repair(table: str, frame: Frame, known: Frame | None = None) -> Frame:
    """Move the times that a checked table must not hold: nothing is known before it occurred.

    Examples
    --------
    >>> import pandas as pd
    >>> typed = pd.DataFrame({"occurred_at": [10, 20], "known_at": [5.0, None]})
    >>> repair("events", nw.from_native(typed).lazy()).collect()["known_at"].to_list()
    [10.0, 20.0]
    """
    if table in ("events", "signals"):
        late = nw.when(nw.col("known_at") >= nw.col("occurred_at")).then(nw.col("known_at"))
        return frame.with_columns(late.otherwise(nw.col("occurred_at")).alias("known_at"))
    if table == "outcomes" and known is not None:
        names = frame.collect_schema().names()
        joined = frame.join(known, on="lead_id", how="left")
        late = nw.when(nw.col(CREATED) > nw.col("decided_at")).then(nw.col(CREATED))
        return joined.with_columns(late.otherwise(nw.col("decided_at")).alias("decided_at")).select(names)
    return frame
