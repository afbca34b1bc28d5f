"""Which column of the source is which of ours: the settings first, then the name itself; the rest are attributes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from features.faults import Fault, nearest
from features.tables import SCHEMA, Kind

WITH_ATTRIBUTES = ("leads", "accounts")
INTERNAL = "@"
ROW_NUMBER = "#row"
LISTED = 30
# A thousand take half a minute to look at, and the time grows with the square.
MOST_COLUMNS = 2_000


@dataclass(frozen=True)
class Bound:
    """One column that is read.

    Attributes
    ----------
    name : str
        Ours.
    position : int
        Where it stands in the source, from 0; behind the last one for the number of the row.
    kind : str
        As in `features.tables.Column`, or ``attribute``.
    """

    name: str
    position: int
    kind: Kind | Literal["attribute"]


def bind(
    table: str,
    headers: Sequence[str],
    mapping: Mapping[str, str],
    hollow: Collection[int] = (),
    optional: Collection[str] = (),
) -> tuple[list[Bound], list[Fault]]:
    """Decide what each column of a source table is.

    Parameters
    ----------
    table : str
        Canonical name.
    headers : sequence of str
        As the source spells them; compared without case and outer spaces.
    mapping : mapping of str to str
        Ours -> theirs, from the settings; an empty text leaves our column out, ``#row`` is the number of the row.
    hollow : collection of int
        Positions of columns without any value: they need no name.
    optional : collection of str
        Columns of the mapping that may be absent.

    Returns
    -------
    columns, faults
        Faults of level ``refuse`` for headers that cannot be told apart, and columns that must be there and are not.

    Examples
    --------
    >>> columns, faults = bind("leads", ["ID", "Secteur"], {"lead_id": "id"})
    >>> [(column.name, column.position, column.kind) for column in columns], faults
    ([('lead_id', 0, 'id'), ('Secteur', 1, 'attribute')], [])
    >>> _, faults = bind("leads", ["Lead-ID", "Secteur"], {})
    >>> print(faults[0])
    leads.lead_id: no column lead_id. Did you mean 'Lead-ID'? Name yours in [source.tables.leads.columns];
    the columns are: Lead-ID, Secteur. [missing_column]
    """
    names = [header.strip() for header in headers]
    faults = _header_faults(table, names, hollow)
    places = {name.casefold(): position for position, name in reversed(list(enumerate(names))) if name}
    bound: dict[str, Bound] = {}
    for ours, theirs in mapping.items():
        if not theirs:
            continue
        position = len(names) if theirs == ROW_NUMBER else places.get(theirs.strip().casefold())
        if position is not None:
            bound[ours] = Bound(ours, position, SCHEMA[table][ours].kind if ours in SCHEMA[table] else "attribute")
        elif ours not in optional:
            faults.append(
                _missing(table, ours, f"the settings read {ours} from {theirs!r}, which is not there", theirs, names)
            )
    taken = {column.position for column in bound.values()}
    for ours, column in SCHEMA[table].items():
        position = places.get(ours)
        if ours not in mapping and position is not None and position not in taken:
            bound[ours] = Bound(ours, position, column.kind)
        elif column.required and (ours not in mapping or not mapping[ours]):
            faults.append(_missing(table, ours, f"no column {ours}", ours, names))
    rest = [
        position for position in range(len(names)) if position not in {column.position for column in bound.values()}
    ]
    unused = [names[position] for position in rest if names[position]]
    if table in WITH_ATTRIBUTES:
        known = {ours.casefold() for ours in (*SCHEMA[table], *bound)}
        free = [position for position in rest if names[position] and names[position].casefold() not in known]
        attributes = [Bound(names[position], position, "attribute") for position in free]
        unused = [name for name in unused if name.casefold() in known]
    else:
        attributes = []
    if unused:
        faults.append(_notice(table, "unused_columns", f"columns that are not read: {_listed(unused)}"))
    order = {name: place for place, name in enumerate(SCHEMA[table])}
    canonical = sorted(bound.values(), key=lambda column: order.get(column.name, len(order) + column.position))
    return canonical + attributes, faults


def two_outcomes() -> Fault:
    """Say that the outcome stands in two places."""
    what = "an outcome column, and a table of outcomes beside it"
    remedy = 'Keep one: outcome = "" in [source.tables.leads.columns] leaves the column out.'
    return Fault("leads", "outcome", "two_outcomes", "refuse", 0, what, remedy)


def _header_faults(table: str, names: Sequence[str], hollow: Collection[int]) -> list[Fault]:
    faults: list[Fault] = []
    if len(names) > MOST_COLUMNS:
        found = f"expected at most {MOST_COLUMNS:,} columns, found {len(names):,}"
        faults.append(_refuse(table, "", "too_many_columns", found, "Export those that may matter."))
    spelt: dict[str, list[str]] = {}
    for position, name in enumerate(names):
        if name:
            spelt.setdefault(name.casefold(), []).append(name)
        elif position in hollow:
            faults.append(_notice(table, "empty_header", f"column {position + 1} has neither name nor value"))
        else:
            faults.append(_refuse(table, "", "empty_header", f"column {position + 1} has no name", "Give it one."))
        if name.startswith(INTERNAL):
            faults.append(
                _refuse(table, name, "reserved_header", f"a name that begins with {INTERNAL}", "Rename the column.")
            )
    for several in spelt.values():
        if len(several) > 1:
            same = len(set(several)) == 1
            found = (
                f"{len(several)} columns are called {several[0]!r}"
                if same
                else (f"columns {_listed([repr(name) for name in several])} differ only in case")
            )
            faults.append(_refuse(table, several[0], "duplicate_header", found, "Give each column its own name."))
    return faults


def _missing(table: str, column: str, found: str, wanted: str, names: Sequence[str]) -> Fault:
    remedy = f"Name yours in [source.tables.{table}.columns]; the columns are: {_listed(names)}."
    hint = nearest(wanted, [name for name in names if name]).strip()
    return _refuse(table, column, "missing_column", found, f"{hint} {remedy}".strip())


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _refuse(table: str, column: str, reason: str, found: str, remedy: str) -> Fault:
    return Fault(table, column, reason, "refuse", 0, found, remedy)


def _notice(table: str, reason: str, found: str) -> Fault:
    return Fault(table, "", reason, "notice", 0, found, "Left out.")
