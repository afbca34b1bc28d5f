"""``tamis init --preset``: from a folder of exports to settings, and what was understood, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape

from features.errors import UseError
from features.language import Language
from pipeline import guesses
from pipeline.presets.compose import Composed, compose, source
from pipeline.presets.layout import Preset
from pipeline.presets.presets import PRESETS
from pipeline.presets.recognise import Known, recognise
from pipeline.views import plain_table
from pipeline.words import say


@dataclass(frozen=True)
class Understood:
    """What the exports of a CRM are, and what was made of them."""

    preset: Preset
    known: Mapping[str, Known]
    others: Sequence[str]
    composed: Composed

    def settings(self, url: str, time_zone: str) -> dict[str, Any]:
        """Sections of ``tamis.toml`` that differ from their defaults."""
        families = {name: kind for name in self.composed.attributes if (kind := guesses.family(name))}
        return {
            "source": source(self.composed, self.known, url, time_zone or "UTC"),
            "features": {"families": families},
        }

    def told(self) -> dict[str, Any]:
        """For ``--json``: files, rows of each table, outcomes, columns used and left out."""
        return {
            "preset": self.preset.name,
            "exports": {name: one.path.name for name, one in self.known.items()},
            "absent": [export.name for export in self.preset.exports if export.name not in self.known],
            "not_recognised": list(self.others),
            "rows": dict(self.composed.counts),
            "outcomes": {"won": self.composed.won, "lost": self.composed.lost},
            "attributes": list(self.composed.attributes),
            "left_out": list(self.composed.left_out),
        }

    def views(self, language: Language) -> list[Any]:
        """For the terminal: each file, each table with its rows, what is left out and what is not there."""
        files, tables = plain_table(), plain_table()
        for name, one in self.known.items():
            files.add_row(escape(one.path.name), "=", name)
        for export in self.preset.exports:
            if export.name not in self.known:
                files.add_row(say("export_absent", language), "=", escape(f"{export.name} ({export.title})"))
        for name in self.others:
            files.add_row(escape(name), "=", say("export_unknown", language))
        for table, rows in self.composed.counts.items():
            tables.add_row(table, f"{rows:,}", say("rows", language))
        tables.add_row("outcome", f"{self.composed.won:,}", say("outcome_won", language))
        tables.add_row("outcome", f"{self.composed.lost:,}", say("outcome_lost", language))
        views = [say("exports_of", language).format(title=self.preset.title), files, "", tables]
        for word, columns in (("taken_along", self.composed.attributes), ("left_out", self.composed.left_out)):
            if columns:
                views += ["", f"{say(word, language)}: {escape(', '.join(columns))}"]
        return views


def understand(name: str, folder: Path, won: Sequence[str] = (), exclude: Sequence[str] = ()) -> Understood:
    """Understand the exports of a CRM.

    Parameters
    ----------
    name : str
        A preset.
    folder : Path
        Where the files stand.
    won : sequence of str
        Stages that mean won, instead of the vendor's own.
    exclude : sequence of str
        Columns never to use, as the files call them.

    Raises
    ------
    UseError
        No such preset, folder or column; no list of leads; no lead that was won.
    DataError
        A file cannot be read.

    Examples
    --------
    >>> understand("sugar", Path("."))
    Traceback (most recent call last):
    ...
    features.errors.UseError: --preset: expected hubspot, salesforce, dynamics or odoo, found 'sugar'. Other CRMs:
    docs/bring-your-crm.md.
    """
    if name not in PRESETS:
        *some, last = PRESETS
        raise UseError(
            f"--preset: expected {', '.join(some)} or {last}, found {name!r}. Other CRMs: docs/bring-your-crm.md."
        )
    preset = PRESETS[name]
    known, others = recognise(preset, folder)
    headers = [header for one in known.values() for header in one.seen.headers]
    for header in exclude:
        if header not in headers:
            raise UseError(guesses.no_column("--exclude", header, headers))
    return Understood(preset, known, others, compose(preset, known, won, exclude))
