"""How leads look in the queue and in its export: numbers and facts of the index, put into words."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from features.fit import channel
from features.language import Language, percent
from models.narrator import Narrator
from models.segments import ALL
from pipeline.language import day, fixed, iso, moment, money, ordinal, points, two_figures
from pipeline.page.index_tables import NEVER
from pipeline.page.library import Index
from pipeline.page.page_words import WORDS, say
from pipeline.policy_words import status
from pipeline.settings import Settings
from pipeline.spreadsheets import harmless

STABLE = 0.005  # a smaller move of the propensity is not shown
EXPORTED = (
    *("lead_id", "name", "company", "title", "owner", "channel", "segment", "band", "qualification", "decision"),
    *("propensity", "previous_propensity", "rank", "expected_amount", "expected_value", "due_at", "why", "review"),
)


def choice(name: str, text: str | None, language: Language) -> str:
    """Say one of the choices of a filter.

    Examples
    --------
    >>> choice("channel", "white_paper", "fr"), choice("family", "intent", "en"), choice("owner", "Luc", "fr")
    ('livre blanc', 'Intent', 'Luc')
    """
    if text is None:
        return ""
    if name == "channel":
        return channel(text, language)
    key = f"family_{text}" if name == "family" else f"{name}_{text}"
    if name == "qualification" and key not in WORDS:
        return status(text, language)
    return say(key, language) if name == "family" or key in WORDS else text


class Teller:
    """Words leads of one index in one language.

    Parameters
    ----------
    index : Index
        Where the leads stand.
    settings : Settings
        Zone and currency.
    language : {"en", "fr"}
        Of everything.
    """

    def __init__(self, index: Index, settings: Settings, language: Language) -> None:
        self._index = index
        self._settings = settings
        self._language: Language = language
        narrator = Narrator(index.model, language)
        # Few facts have many different values: most sentences were made for another lead before.
        self._sentence = lru_cache(maxsize=50_000)(
            lambda column, value: narrator.text(column, 1.0, value),
        )
        self.has_amounts = index.model.amount is not None

    def name(self, row: Mapping[str, Any]) -> str:
        """What a lead is called."""
        return row["name"] or say("unnamed", self._language, lead=row["lead_id"])

    def certified(self, row: Mapping[str, Any]) -> bool:
        """Whether percentages of this lead may be shown."""
        return self._index.model.certified(self._index.text("segment", row["segment"]) or ALL)

    def facts(self, row: Mapping[str, Any]) -> list[str]:
        """The facts that speak most for a lead."""
        found = []
        for k in "12":
            if (column := row[f"fact{k}"]) is not None:
                text, number = row[f"text{k}"], row[f"number{k}"]
                found.append(self._sentence(column, number if text is None else text))
        return found

    def line(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A line of the queue."""
        language, zone = self._language, self._settings.zone
        certified = self.certified(row)
        worth = row["value"] if certified else row["amount"]
        return {
            "key": row["key"].hex(),
            "name": self.name(row),
            "company": row["company"] or "",
            "title": row["title"] or "",
            "owner": self._text("owner", row) or "–",
            "channel": choice("channel", self._text("channel", row), language),
            "band": self._text("band", row),
            "certified": certified,
            "standing": percent(row["propensity"], language) if certified else ordinal(row["rank"], language),
            "move": self._move(row, certified=certified),
            "worth": money(two_figures(worth), language, self._settings.output.currency) if self.has_amounts else "",
            "due": None if row["due"] == NEVER else day(row["due"], language, zone),
            "due_full": None if row["due"] == NEVER else moment(row["due"], language, zone),
            "is_late": row.get("is_late", False),
            "facts": self.facts(row),
            "qualification": self._text("qualification", row),
            "decided": row["decided"],
        }

    def _text(self, name: str, row: Mapping[str, Any]) -> str | None:
        return self._index.text(name, row[name])

    def _move(self, row: Mapping[str, Any], *, certified: bool) -> dict[str, str]:
        """What changed since the run before: its way and its words."""
        if row["previous"] is None:
            return {"way": "new", "text": say("new", self._language)}
        change = row["propensity"] - row["previous"]
        way = "stable" if abs(change) < STABLE else "up" if change > 0 else "down"
        told = points(100 * change, self._language) if certified and way != "stable" else say(way, self._language)
        return {"way": way, "text": told}

    def csv(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """Leads as CSV, some hundreds at a time: what spreadsheets of the language open as it is."""
        french = self._language == "fr"
        buffer = io.StringIO("\ufeff")
        buffer.seek(0, io.SEEK_END)
        writer = csv.writer(buffer, delimiter=";" if french else ",", lineterminator="\r\n")
        writer.writerow(EXPORTED)
        for number, row in enumerate(rows, start=1):
            writer.writerow([self._cell(value) for value in self._export(row)])
            if number % 500 == 0:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue()

    def _cell(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, float):
            return f"{value:.4f}".replace(".", "," if self._language == "fr" else ".")
        return harmless(value) if isinstance(value, str) else str(value)

    def _export(self, row: Mapping[str, Any]) -> list[Any]:
        certified = self.certified(row)
        decision = ("hand_over", "nurture", "disqualify")[row["decision"]]
        chosen = [self._text(name, row) for name in ("owner", "channel", "segment", "band", "qualification")]
        return [
            *(row[name] for name in ("lead_id", "name", "company", "title")),
            *chosen,
            say(decision, self._language),
            row["propensity"] if certified else None,
            row["previous"] if certified else None,
            row["rank"],
            row["amount"] if self.has_amounts else None,
            row["value"] if self.has_amounts and certified else None,
            None if row["due"] == NEVER else iso(row["due"]),
            " · ".join(self.facts(row)),
            None if row["decided"] is None else say(f"decided_{row['decided']}", self._language),
        ]


def counted(n: int, most: int, language: Language) -> str:
    """Write a count that stops at some number.

    Examples
    --------
    >>> counted(12, 1000, "en"), counted(1001, 1000, "en")
    ('12', '1,000+')
    """
    return fixed(min(n, most), language) + ("+" if n > most else "")
