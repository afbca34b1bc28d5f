"""What is wrong with the data: every fault at once, each with its table, column, reason and rows.

A fault has one of five levels:

========  ============================================================  ======================================
level     what happens                                                  counts against ``max_faulty_rate``
========  ============================================================  ======================================
refuse    nothing can be read until it is mended                        refuses by itself
row       the row is set aside in the quarantine                        yes
cell      the cell is emptied, the row stays                            yes
drop      the row is left out, as it should be (a repeated delivery)    no
notice    nothing is lost, but somebody should know                     no
========  ============================================================  ======================================

Emptied cells of attributes, columns that the schema does not know, do not count: their type is only a guess.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from features.errors import DataError

Level = Literal["refuse", "row", "cell", "drop", "notice"]

# reason: what was found (after the number of rows, where there are any), and what to do.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing_value": ("{rows} without {column}", "Fill it in: every row of {table} needs one."),
    "duplicate_id": ("{rows} repeating a {column} that another row has", "Keep one row per {column}."),
    "unreadable_time": (
        "{rows} with a time that cannot be read",
        "Write times as 2026-11-21T14:30:00Z or 21/11/2026 14:30.",
    ),
    "unreadable_number": (
        "{rows} with a number that cannot be read",
        'Write numbers as 1234.5 or 1 234,5, or leave the column out: {column} = "" in '
        "[source.tables.{table}.columns].",
    ),
    "unreadable_flag": ("{rows} with neither yes nor no", "Write yes or no (oui, non, true, false, 1, 0)."),
    "contact_details": (
        "{rows} with an e-mail address in a column of words",
        "Emptied: nobody's address may become a level. Write what the column is for.",
    ),
    "before_1990": (
        "{rows} with a time before 1990",
        "Correct the times; an empty cell is better than 1970.",
    ),
    "after_extraction": (
        "{rows} with a time after the extraction of {extracted}",
        "Correct the times, or set source.extracted_at.",
    ),
    "unknown_outcome": (
        "{rows} with an outcome that is neither won nor lost",
        "List the word in [source.outcome] won, lost or open; lost = ['*'] takes every other word as lost.",
    ),
    "won_and_lost": ("{rows} of leads that are both won and lost", "Keep one outcome per lead."),
    "decided_before_created": (
        "{rows} decided more than a day before the lead was created",
        "Correct decided_at, or created_at of the lead.",
    ),
    "orphan": (
        "{rows} whose {column} is not in {home}",
        "Add what is missing to {home}, or remove the rows.",
    ),
    "wrong_fields": (
        "{rows} with more or fewer fields than the header",
        'Put cells that hold the delimiter or a line end between double quotes ("").',
    ),
    "mixed_types": ("{rows} that are no {wanted} in a column of mostly {wanted}s", "{consequence}"),
    "decided_on_the_day": ("{rows} decided earlier on the day of creation", "Taken as decided at creation."),
    "known_before_occurred": ("{rows} known before they occurred", "Taken as known when they occurred."),
    "duplicate_event": ("{rows} repeating an event_id", "Each event counts once: the one known first."),
    "repeated_outcome": ("{rows} repeating the outcome of a lead", "The earliest decision is kept."),
    "open_outcome": ("{rows} not decided yet", "Left out of outcomes: the lead stays open."),
    "lead_set_aside": ("{rows} of leads that were set aside", "They follow their lead."),
    "other_lead": ("{rows} of leads that are not in the file to score", "Not needed."),
    "future_cost": ("{rows} of months after the extraction", "Left out."),
    "unknown_account": ("{rows} whose account_id is not in accounts", "Nothing is known of these accounts."),
    "empty_table": ("no row", "Nothing can be learnt from an empty table: export it again."),
    "blank_rows": ("{rows} without any value", "Left out."),
    "personal": (
        "a column of names, contact details or free text",
        "It is not learnt from. If it is something else, give it another name in [source.tables.{table}.columns].",
    ),
    "many_categories": (
        "{distinct} different values in {rows}",
        "It looks like an identifier: it is not learnt from.",
    ),
    "naive_times": (
        "{rows} with a time that names no zone, taken as {zone}",
        "If they are local times, set source.time_zone, such as 'Europe/Paris'.",
    ),
    "ambiguous_dates": (
        "{rows} with a date such as 03/04/2026, taken as {order}",
        "If this is wrong, write dates as 2026-04-03.",
    ),
}


def rows_in_words(number: int) -> str:
    """Write ``1 row`` or ``1,234 rows``.

    Examples
    --------
    >>> rows_in_words(1), rows_in_words(1234)
    ('1 row', '1,234 rows')
    """
    return "1 row" if number == 1 else f"{number:,} rows"


def nearest(wanted: str, names: Iterable[str]) -> str:
    """Name the nearest of some names as a hint, or nothing.

    Examples
    --------
    >>> nearest("created_at", ["Created At", "owner"])
    " Did you mean 'Created At'?"
    """
    folded = {name.casefold(): name for name in names}
    found = difflib.get_close_matches(wanted.casefold(), folded, n=1)
    return f" Did you mean {folded[found[0]]!r}?" if found else ""


@dataclass(frozen=True)
class Example:
    """One row with a fault, counted as spreadsheets do: the header of a CSV file is row 1; elsewhere data begin at 1.

    ``value`` is the cell, only where it cannot be personal.
    """

    row: int
    value: str | None = None


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, or worth knowing, in one table.

    Attributes
    ----------
    table, column : str
        Canonical names; ``column`` is the source's own where there is no canonical one, empty for a
        whole table.
    reason : str
        Stable code, such as ``duplicate_id``.
    level : {"refuse", "row", "cell", "drop", "notice"}
        What happens, see the module.
    rows : int
        How many rows; 0 for a whole table.
    found, remedy : str
        What was found, and what to do.
    examples : tuple of Example
        At most 3, first rows first.
    """

    table: str
    column: str
    reason: str
    level: Level
    rows: int
    found: str
    remedy: str
    examples: tuple[Example, ...] = ()

    def __str__(self) -> str:
        where = f"{self.table}.{self.column}" if self.column else self.table
        shown = ", ".join(
            f"row {example.row}" + ("" if example.value is None else f": {example.value!r}")
            for example in self.examples
        )
        found = f"{self.found} ({shown})" if shown else self.found
        return f"{where}: {found}. {self.remedy} [{self.reason}]"


def fault(
    table: str,
    column: str,
    reason: str,
    level: Level,
    rows: int,
    examples: Sequence[Example] = (),
    **details: str,
) -> Fault:
    """Make a fault from its reason: the sentence is looked up and filled in.

    Examples
    --------
    >>> print(fault("leads", "lead_id", "missing_value", "row", 2, [Example(4), Example(9)]))
    leads.lead_id: 2 rows without lead_id (row 4, row 9).
    Fill it in: every row of leads needs one. [missing_value]
    """
    found, remedy = SENTENCES[reason]
    words = {"table": table, "column": column, "rows": rows_in_words(rows), **details}
    return Fault(table, column, reason, level, rows, found.format(**words), remedy.format(**words), tuple(examples))


@dataclass(frozen=True)
class Count:
    """Rows of one table: ``read = kept + quarantined + dropped``; ``faulty`` adds rows with emptied cells."""

    read: int = 0
    kept: int = 0
    quarantined: int = 0
    dropped: int = 0
    faulty: int = 0


@dataclass(frozen=True)
class Faults:
    """Every fault and notice found, and the rows of each table.

    Examples
    --------
    >>> twice = fault("leads", "lead_id", "duplicate_id", "row", 3)
    >>> found = Faults((twice,), {"leads": Count(read=100, kept=97, quarantined=3, faulty=3)})
    >>> print(found.refusal(max_faulty_rate=0.01))
    The data cannot be used: expected at most 1% of faulty rows per table (source.max_faulty_rate), found:
      leads: 3 of 100 rows are faulty (3%).
    Every fault:
      leads.lead_id: 3 rows repeating a lead_id that another row has. Keep one row per lead_id. [duplicate_id]
    >>> found.refusal(max_faulty_rate=0.05) is None
    True
    """

    items: tuple[Fault, ...] = ()
    counts: Mapping[str, Count] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.items)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong: levels ``refuse``, ``row`` and ``cell``."""
        return tuple(item for item in self.items if item.level in ("refuse", "row", "cell"))

    @property
    def notices(self) -> tuple[Fault, ...]:
        """What is only worth knowing: levels ``drop`` and ``notice``."""
        return tuple(item for item in self.items if item.level in ("drop", "notice"))

    def refusal(self, max_faulty_rate: float) -> str | None:
        """Why the data cannot be used, with every fault of every table; None where they can."""
        structural = any(item.level == "refuse" for item in self.items)
        over = [
            f"  {table}: {count.faulty:,} of {count.read:,} rows are faulty ({percent(count.faulty / count.read)})."
            for table, count in self.counts.items()
            if count.read and count.faulty / count.read > max_faulty_rate
        ]
        if not structural and not over:
            return None
        head = ["The data cannot be used."]
        if over:
            limit = percent(max_faulty_rate)
            head = [
                f"The data cannot be used: expected at most {limit} of faulty rows per table "
                "(source.max_faulty_rate), found:",
                *over,
            ]
        return "\n".join([*head, "Every fault:", *(f"  {item}" for item in self.faults)])

    def to_dict(self) -> dict[str, Any]:
        """Write as JSON-able data."""
        return {
            "items": [asdict(item) for item in self.items],
            "counts": {table: asdict(count) for table, count in self.counts.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Faults":
        """Read what `to_dict` wrote.

        Examples
        --------
        >>> found = Faults((fault("leads", "lead_id", "duplicate_id", "row", 1, [Example(3)]),))
        >>> Faults.from_dict(found.to_dict()) == found
        True
        """
        items = (
            Fault(**{**item, "examples": tuple(Example(**example) for example in item["examples"])})
            for item in data["items"]
        )
        return cls(tuple(items), {table: Count(**count) for table, count in data["counts"].items()})


def percent(share: float) -> str:
    """Write a share as a percentage of up to 2 decimals.

    Examples
    --------
    >>> percent(0.01), percent(0.1234)
    ('1%', '12.34%')
    """
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


class FaultyDataError(DataError):
    """The data cannot be used as they are; ``faults`` holds every fault.

    Examples
    --------
    >>> FaultyDataError("The data cannot be used.", Faults()).faults.items
    ()
    """

    def __init__(self, message: str, faults: Faults) -> None:
        super().__init__(message)
        self.faults = faults
