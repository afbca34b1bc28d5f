"""Which leads a view holds, and one page of it: keyset pages, so that page 1,000 costs what page 1 costs."""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self, cast, get_args

from pipeline.page.index_tables import CALL, CHOICES
from pipeline.page.library import Index

Show = Literal["call", "accepted", "refused", "all"]
Sort = Literal["value", "propensity", "due"]
PAGE = 50
MOST_COUNTED = 1000
MOST_WORDS, LONGEST_WORD = 8, 40
EXPORTED_AT_ONCE = 500
_STATE = "(SELECT v.decision FROM reviews.review v WHERE v.lead_id = lead.lead_id ORDER BY v.review_id DESC LIMIT 1)"
_WHOLE = f"SELECT lead.*, {_STATE} AS decided FROM lead WHERE place = ?"  # noqa: S608 (words of our own)
_REVIEWED = "lead.lead_id IN (SELECT lead_id FROM reviews.review)"
_ORDER: dict[Sort, tuple[str, ...]] = {
    "value": ("lead.place",),
    "propensity": ("lead.rank", "lead.place"),
    "due": ("lead.due", "lead.place"),
}


@dataclass(frozen=True)
class View:
    """What is asked for.

    Attributes
    ----------
    show : {"call", "accepted", "refused", "all"}
        Leads to call are handed over and not refused; ``all`` are all that were scored.
    sort : {"value", "propensity", "due"}
        Among leads to call, those that are late come first in any case.
    search : str
        Beginnings of words of name, company or lead; best leads first.
    filters : mapping of str to str
        Of `CHOICES`, the text that leads must have.
    owner : str, optional
        Whose leads may be seen at all; None for everybody's.
    """

    show: Show = "call"
    sort: Sort = "value"
    search: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None

    @classmethod
    def read(cls, asked: Mapping[str, str], owner: str | None) -> Self:
        """Read a view off the parameters of an address; what is unknown is left out.

        Examples
        --------
        >>> View.read({"show": "refused", "sort": "alphabet", "band": "A", "x": "1"}, None)
        View(show='refused', sort='value', search='', filters={'band': 'A'}, owner=None)
        >>> View.read({"q": "lefevre"}, "Luc").show
        'all'
        """
        search = asked.get("q", "").strip()[:200]
        show = asked.get("show", "all" if search else "call")
        sort = asked.get("sort", "value")
        return cls(
            cast("Show", show) if show in get_args(Show) else "call",
            cast("Sort", sort) if sort in get_args(Sort) else "value",
            search,
            {name: asked[name][:200] for name in CHOICES if asked.get(name)},
            owner,
        )

    def parameters(self) -> dict[str, str]:
        """The view as parameters of an address, defaults left out."""
        found = {"q": self.search, "show": self.show, "sort": self.sort, **self.filters}
        plain = {"q": "", "show": "all" if self.search else "call", "sort": "value"}
        return {name: value for name, value in found.items() if value != plain.get(name, "")}

    @property
    def order(self) -> Sort:
        """In which order leads come: searches by value; leads without a due time not by it."""
        return "value" if self.search or (self.sort == "due" and self.show != "call") else self.sort


@dataclass(frozen=True)
class Place:
    """Where a page begins: after a lead, or before it.

    Attributes
    ----------
    back : bool
        Whether the page ends before the lead instead of beginning after it.
    now : int
        Instant that told who is late when the first page was made, UTC seconds.
    late : bool
        Whether the lead is late.
    at : tuple of int
        Its values of the order.
    n, n_late : int
        Of the view, as they were counted with the first page.
    """

    back: bool
    now: int
    late: bool
    at: tuple[int, ...]
    n: int = 0
    n_late: int = 0

    def write(self) -> str:
        """As a parameter of an address."""
        numbers = (self.now, int(self.late), self.n, self.n_late, *self.at)
        return "-".join(["p" if self.back else "n", *map(str, numbers)])

    @classmethod
    def read(cls, text: str, order: Sort) -> Self | None:
        """Read what `write` wrote; None for anything else.

        Examples
        --------
        >>> Place.read("n-1700000000-1-70-9-42", "value")
        Place(back=False, now=1700000000, late=True, at=(42,), n=70, n_late=9)
        >>> Place.read("n-1700000000-1-70-9-42", "due"), Place.read("1; DROP TABLE lead", "value")
        (None, None)
        """
        found = re.fullmatch(r"([np])-(\d{1,12})-([01])-(\d{1,4})-(\d{1,4})((?:-\d{1,12})+)", text)
        if found is None:
            return None
        at = tuple(map(int, found[6][1:].split("-")))
        if len(at) != len(_ORDER[order]):
            return None
        return cls(found[1] == "p", int(found[2]), found[3] == "1", at, int(found[4]), int(found[5]))


@dataclass(frozen=True)
class Page:
    """Some leads of a view.

    Attributes
    ----------
    rows : list of mapping
        Rows of the index, with ``decided`` (of their newest review) and ``is_late``.
    before, after : Place, optional
        Where the neighbouring pages begin; None where there is none.
    n, n_late : int
        Leads of the view and late ones among them, counted up to a thousand and one.
    """

    rows: list[dict[str, Any]]
    before: Place | None
    after: Place | None
    n: int
    n_late: int


def fetch(index: Index, view: View, now: int, place: Place | None = None, size: int = PAGE) -> Page:
    """Read one page.

    Parameters
    ----------
    index : Index
        Of the run.
    view : View
        What is asked for.
    now : int
        UTC seconds: what was due before is late.
    place : Place, optional
        Where it begins; the first page by default.
    size : int
        Most leads.

    Returns
    -------
    Page
    """
    query = _Query(index, view)
    if place is None:
        # One look gives the first page and the counts.
        most = max(MOST_COUNTED, size) + 1
        found: list[int] = []
        n_late = 0
        for late in query.phases:
            found += query.places(index.connection, now, late, None, limit=most - len(found))
            n_late = len(found) if late else n_late
        counts, more = (min(len(found), MOST_COUNTED + 1), min(n_late, MOST_COUNTED + 1)), len(found) > size
        rows = query.whole(index.connection, found[:size], now)
        return _page(query, rows, now, counts, before=False, after=more)
    now = min(now, place.now)
    found = []
    for late in reversed(query.phases) if place.back else query.phases:
        is_behind = late is not None and (late < place.late if place.back else late > place.late)
        if not is_behind and len(found) <= size:
            start = place.at if late in (None, place.late) else None
            limit = size + 1 - len(found)
            found += query.places(index.connection, now, late, start, back=place.back, limit=limit)
    more, chosen = len(found) > size, found[:size]
    rows = query.whole(index.connection, chosen[::-1] if place.back else chosen, now)
    before, after = (more, True) if place.back else (True, more)
    return _page(query, rows, now, (place.n, place.n_late), before=before, after=after)


def _page(
    query: "_Query", rows: list[dict[str, Any]], now: int, counts: tuple[int, int], *, before: bool, after: bool
) -> Page:
    """Put a page together, with where its neighbours begin."""

    def end(row: Mapping[str, Any], *, back: bool) -> Place:
        return Place(back, now, row["is_late"], query.at(row), *counts)

    return Page(
        rows,
        end(rows[0], back=True) if rows and before else None,
        end(rows[-1], back=False) if rows and after else None,
        *counts,
    )


def everything(index: Index, connection: sqlite3.Connection, view: View, now: int) -> Iterator[dict[str, Any]]:
    """All leads of a view, in its order."""
    query = _Query(index, view)
    for late in query.phases:
        places = query.places(connection, now, late, None, limit=-1)
        for first in range(0, len(places), EXPORTED_AT_ONCE):
            yield from query.whole(connection, places[first : first + EXPORTED_AT_ONCE], now)


def lead(index: Index, key: str, owner: str | None) -> dict[str, Any] | None:
    """One lead by its address; None where there is none, or not for this owner."""
    if not re.fullmatch(r"[0-9a-f]{32}", key):
        return None
    found = _one(index, "lead.key = ?", bytes.fromhex(key), owner)
    return found[0] if found else None


def colleagues(
    index: Index, row: Mapping[str, Any], owner: str | None, most: int = 10
) -> tuple[list[dict[str, Any]], int]:
    """Other leads at the same account, the best first, and how many more there are that are not shown.

    Those of other owners are counted, not shown, to whoever may see one owner's.
    """
    if row["account"] is None:
        return [], 0
    shown = [r for r in _one(index, "lead.account = ?", row["account"], owner, most + 1) if r["place"] != row["place"]]
    (n,) = index.connection.execute("SELECT count(*) FROM lead WHERE account = ?", (row["account"],)).fetchone()
    return shown[:most], n - 1 - len(shown[:most])


def _one(index: Index, condition: str, value: Any, owner: str | None, most: int = 1) -> list[dict[str, Any]]:
    where, values = [condition], [value]
    if owner is not None:
        where.append("lead.owner = ?")
        values.append(index.number("owner", owner))
    sql = f"SELECT lead.*, {_STATE} AS decided FROM lead WHERE {' AND '.join(where)} ORDER BY lead.place LIMIT {most}"  # noqa: S608 (conditions of our own)
    return [dict(row) for row in index.connection.execute(sql, values)]


class _Query:
    """A view as SQL: fixed words, every value bound."""

    def __init__(self, index: Index, view: View) -> None:
        self._order = _ORDER[view.order]
        self._place = "lead.place"
        self._tables = "lead"
        self.phases: tuple[bool | None, ...] = (True, False) if view.show == "call" else (None,)
        where: list[str] = []
        self._values: list[Any] = []
        wanted = dict(view.filters)
        if view.owner is not None:
            wanted["owner"] = view.owner
        for name, text in wanted.items():
            where.append(f"lead.{name} = ?")
            # No lead has a choice that is not known: -1 is none.
            number = index.number(name, text)
            self._values.append(-1 if number is None else number)
        if view.search:
            where.append("word MATCH ?")
            self._values.append(match(view.search))
        where += {
            "call": [f"lead.decision = {CALL}", f"coalesce({_STATE}, '') <> 'refused'"],
            "accepted": [_REVIEWED, f"{_STATE} = 'accepted'"],
            "refused": [_REVIEWED, f"{_STATE} = 'refused'"],
            "all": [],
        }[view.show]
        if view.search:
            # Words come in the order of places by themselves; the lead is asked only where a filter asks.
            is_alone = where == ["word MATCH ?"]
            self._tables = "word" if is_alone else "word CROSS JOIN lead ON lead.place = word.rowid"
            self._place, self._order = "word.rowid", ("word.rowid",)
        elif view.show in ("call", "all"):
            by = "owner" if "owner" in wanted and view.show == "call" else view.order
            self._tables = f"lead INDEXED BY {view.show}_{by}"
        self._where = where or ["1"]

    def at(self, row: Mapping[str, Any]) -> tuple[int, ...]:
        """Values of the order of a lead."""
        return tuple(row["place" if name == "word.rowid" else name.removeprefix("lead.")] for name in self._order)

    def places(
        self,
        connection: sqlite3.Connection,
        now: int,
        late: bool | None,
        start: tuple[int, ...] | None,
        *,
        limit: int,
        back: bool = False,
    ) -> list[int]:
        """Leads of one phase, from a start on, out of a narrow index."""
        where, values = self._phase(now, late)
        if start is not None:
            where.append(f"({', '.join(self._order)}) {'<' if back else '>'} ({', '.join('?' * len(start))})")
            values += start
        order = ", ".join(name + (" DESC" if back else "") for name in self._order)
        sql = f"SELECT {self._place} FROM {self._tables} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT {limit}"  # noqa: S608 (words of our own)
        return [place for (place,) in connection.execute(sql, values)]

    def whole(self, connection: sqlite3.Connection, places: Sequence[int], now: int) -> list[dict[str, Any]]:
        """Everything about some leads."""
        rows = (connection.execute(_WHOLE, (place,)).fetchone() for place in places)
        return [{**row, "is_late": row["due"] < now} for row in rows]

    def _phase(self, now: int, late: bool | None) -> tuple[list[str], list[Any]]:
        if late is None:
            return [*self._where], [*self._values]
        return [*self._where, f"lead.due {'<' if late else '>='} ?"], [*self._values, now]


def match(search: str) -> str:
    """Write a search as FTS5 reads it: beginnings of words, all of them, nothing that it could take for an operator.

    Examples
    --------
    >>> match('Lefèvre OR "x'), match("!!")
    ('"Lefèvre"* "OR"* "x"*', '""')
    """
    words = re.findall(r"\w+", search)[:MOST_WORDS]
    return " ".join(f'"{word[:LONGEST_WORD]}"*' for word in words) or '""'
