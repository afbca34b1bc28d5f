"""``tamis init``: look at the data, write ``tamis.toml`` with every setting and what was understood."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.markup import escape

from features.errors import DataError, UseError
from features.tables import SCHEMA
from pipeline import guesses
from pipeline.columns import ROW_NUMBER
from pipeline.console import Console
from pipeline.explain import chosen_language
from pipeline.look import Seen, canonical_files, look, one_encoding
from pipeline.presets.understand import Understood, understand
from pipeline.settings import Settings
from pipeline.settings_file import FILE_NAME, from_dict
from pipeline.settings_template import render
from pipeline.views import plain_table
from pipeline.words import say
from pipeline.workspace import write_text

MOST_OUTCOMES = 50
Raw = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What the command line gave; see ``tamis init --help``."""

    directory: Path
    leads: Path | None = None
    id_column: str | None = None
    outcome: str | None = None
    won: tuple[str, ...] = ()
    created: str | None = None
    exclude: tuple[str, ...] = ()
    language: str | None = None
    preset: str = ""
    data: Path | None = None
    time_zone: str = ""

    @property
    def folder(self) -> Path:
        """Where the tables or exports stand."""
        return self.data or self.directory / "data"


def run(request: Request, *, console: Console) -> None:
    """Write the settings of a new workspace.

    Raises
    ------
    UseError
        Settings exist already, a named file or column does not, or the outcome cannot be understood.
    DataError
        The file cannot be read.
    """
    path = request.directory / FILE_NAME
    if path.exists():
        raise UseError(f"{path} exists already: expected a new workspace. Edit it, or name another folder.")
    with console.step("Looking at the data"):
        raw, exported = _understood(request)
    raw["output"] = {"language": chosen_language(request.language, Settings())}
    settings = from_dict(raw)
    write_text(path, render(settings))
    if exported is None:
        console.show({"settings": str(path), "understood": raw}, *_views(path, settings))
    else:
        views = exported.views(settings.output.language)
        console.show({"settings": str(path), **exported.told()}, *views, "", _written(path, settings))


def _understood(request: Request) -> tuple[Raw, Understood | None]:
    """Understand one table, the exports of a CRM, or our own tables."""
    if request.preset:
        if request.leads or request.id_column or request.outcome or request.created:
            raise UseError(
                "--preset: expected a folder of exports (--data), found options that describe one file. Drop them."
            )
        exported = understand(request.preset, request.folder, request.won, request.exclude)
        return exported.settings(_relative(request.folder, request.directory), request.time_zone), exported
    raw = one_table(request, request.leads) if request.leads else tables(request)
    if request.time_zone:
        raw["source"]["time_zone"] = request.time_zone
    return raw, None


def one_table(request: Request, path: Path) -> Raw:
    """Understand a single table with an outcome column."""
    seen = look(path)
    for header in request.exclude:
        _require("--exclude", header, seen.headers)
    columns = _leads(request, seen, SCHEMA["leads"])
    if "outcome" not in columns:
        raise UseError(
            f"--outcome: expected the column that says how a lead ended. Columns: {', '.join(seen.headers)}."
        )
    if request.id_column is None and not _is_key(columns.get("lead_id"), seen):
        columns["lead_id"] = ROW_NUMBER
    return {
        "source": {
            "url": _relative(path.parent, request.directory),
            "only_named": True,
            "csv": {"encoding": seen.encoding},
            "outcome": _outcome(columns["outcome"], seen, request.won),
            "tables": {"leads": {"path": path.name, "columns": _renamed(columns)}},
        },
        "features": _features(request, seen, columns),
    }


def tables(request: Request) -> Raw:
    """Understand the canonical tables that stand in ``data/``."""
    seen = {name: look(path) for name, path in canonical_files(request.folder).items()}
    headers = [header for name in seen.keys() & {"leads", "accounts"} for header in seen[name].headers]
    for header in request.exclude:
        _require("--exclude", header, headers)
    # With a table of outcomes, a result or status in leads is no outcome.
    wanted = [column for column in SCHEMA["leads"] if column != "outcome" or "outcomes" not in seen]
    described = {
        name: _leads(request, table, wanted) if name == "leads" else _columns(request, table, name, SCHEMA[name], {})
        for name, table in seen.items()
    }
    features = _features(request, seen["leads"], described["leads"])
    if "accounts" in seen:
        more = _features(request, seen["accounts"], described["accounts"])
        features["exclude"] = list(dict.fromkeys([*features["exclude"], *more["exclude"]]))
        features["families"] = {**more["families"], **features["families"]}
    source: Raw = {
        "url": _relative(request.folder, request.directory),
        "csv": {"encoding": one_encoding(seen)},
        "tables": {name: {"columns": _renamed(described[name])} for name in seen if _renamed(described[name])},
    }
    told = "outcomes" if "outcomes" in seen else "leads"
    if "outcome" in described[told]:
        source["outcome"] = _outcome(described[told]["outcome"], seen[told], request.won)
    elif request.won:
        raise UseError(f"--won: expected a column that says how a lead ended in {told}, found none. Name it.")
    return {"source": source, "features": features}


def _relative(folder: Path, directory: Path) -> str:
    return Path(os.path.relpath(folder.resolve(), directory.resolve())).as_posix()


def _leads(request: Request, seen: Seen, wanted: Iterable[str]) -> dict[str, str]:
    """What each column of leads is: as the options say, else as its name says."""
    asked = {"lead_id": request.id_column, "outcome": request.outcome, "created_at": request.created}
    given = {column: header for column, header in asked.items() if header}
    options = (("--id", request.id_column), ("--outcome", request.outcome), ("--created", request.created))
    for option, header in options:
        _require(option, header, seen.headers)
    return _columns(request, seen, "leads", wanted, given)


def _columns(
    request: Request, seen: Seen, table: str, wanted: Iterable[str], given: Mapping[str, str]
) -> dict[str, str]:
    free = [header for header in seen.headers if header not in {*given.values(), *request.exclude}]
    key = guesses.OWN_KEY.get(table, "")
    columns = {**guesses.canonical([column for column in wanted if column not in given], free, key), **given}
    # An excluded column that bears one of our names would be bound by its name all the same.
    barred = {header.strip().casefold() for header in request.exclude if header in seen.headers}
    return {**columns, **{name: "" for name in SCHEMA[table] if name in barred and name not in columns}}


def _features(request: Request, seen: Seen, columns: Mapping[str, str]) -> Raw:
    """Columns to leave out, those asked for and the personal ones, and the families of the rest."""
    rest = [header for header in seen.headers if header not in {*columns.values(), *request.exclude}]
    personal = [header for header in rest if guesses.is_personal(header, seen.values(header)[:1000])]
    families = {header: kind for header in rest if header not in personal and (kind := guesses.family(header))}
    return {"exclude": [*request.exclude, *personal], "families": families}


def _require(option: str, header: str | None, headers: Sequence[str]) -> None:
    if header is not None and header not in headers:
        raise UseError(guesses.no_column(option, header, headers))


def _is_key(header: str | None, seen: Seen) -> bool:
    if header is None:
        return False
    values = seen.values(header)
    return len(values) == int(seen.cells.num_rows) == len(set(values))


def _renamed(columns: Mapping[str, str]) -> dict[str, str]:
    """Only what is called otherwise has to be said."""
    return {ours: theirs for ours, theirs in columns.items() if ours != theirs}


def _outcome(header: str, seen: Seen, won: Sequence[str]) -> Raw:
    counted = pc.value_counts(pa.array([value.strip() for value in seen.values(header)], pa.string())).to_pylist()
    values = [entry["values"] for entry in sorted(counted, key=lambda entry: -entry["counts"])]
    if not values:
        raise DataError(f"--outcome: expected rows that say won or lost, found no value at all in {header!r}.")
    if len(values) > MOST_OUTCOMES:
        raise UseError(
            f"--outcome: expected a column with a few words, found {len(values)} different values in {header!r}. "
            "Name the column that says won or lost."
        )
    found, lost, still_open = guesses.outcome_words(values, won)
    missing = [word for word in won if not guesses.matching(word, values)]
    if missing or not found:
        wrong = f"found {missing[0]!r}" if missing else "found none that says so by itself"
        raise UseError(
            f"--won: expected one of {', '.join(map(repr, values))}, {wrong}. Name the value that means won."
        )
    return {"won": list(found), "lost": list(lost), "open": list(still_open)}


def _views(path: Path, settings: Settings) -> list[Any]:
    language = settings.output.language
    table = plain_table()
    for name, described in settings.source.tables.items():
        for ours, theirs in described.columns.items():
            if theirs:
                table.add_row(f"{name}.{ours}", "=", escape(theirs))
    outcome = settings.source.outcome
    for kind, words in (("won", outcome.won), ("lost", outcome.lost), ("open", outcome.open)):
        if words:
            table.add_row(say(f"outcome_{kind}", language), "=", escape(", ".join(words)))
    if settings.features.exclude:
        table.add_row(say("excluded", language), "=", escape(", ".join(settings.features.exclude)))
    for header, kind in settings.features.families.items():
        table.add_row(escape(header), "->", say(kind, language))
    return [say("understood", language), table, "", _written(path, settings)]


def _written(path: Path, settings: Settings) -> str:
    return say("settings_written", settings.output.language).format(path=escape(str(path)))
