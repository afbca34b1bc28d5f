"""Make the settings of a workspace from the exports of a CRM: one readable query for each of our tables."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from features.errors import UseError
from features.tables import SCHEMA
from pipeline import exports, guesses
from pipeline.cells import identifier, literal, select
from pipeline.look import one_encoding
from pipeline.presets.layout import Part, Preset
from pipeline.presets.recognise import Known
from pipeline.settings import CsvSettings

MOST_STAGES = 30


class _Absent(Exception):  # noqa: N818 (no error: an optional column that a file does not have)
    """A column that the file does not have."""


class _Columns:
    """The columns of an export, as SQL."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def __getattr__(self, name: str) -> str:
        if name not in self._known.headers:
            raise _Absent(name)
        return f"{self._known.export.name}.{identifier(self._known.headers[name])}"


@dataclass(frozen=True)
class Composed:
    """What was made of the exports.

    Attributes
    ----------
    queries : mapping of str to str
        By canonical table.
    counts : mapping of str to int
        Rows that each query gives today.
    won, lost : int
        Leads with that outcome.
    attributes : tuple of str
        Columns that come along as they are called.
    left_out : tuple of str
        Columns of leads and companies that are not learnt from: filled later, or personal.
    """

    queries: Mapping[str, str]
    counts: Mapping[str, int]
    won: int
    lost: int
    attributes: tuple[str, ...]
    left_out: tuple[str, ...]


def compose(
    preset: Preset, known: Mapping[str, Known], won: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Composed:
    """Write the queries, and try each of them on the files.

    Parameters
    ----------
    preset : Preset
        Which CRM.
    known : mapping of str to Known
        Its exports that are there.
    won : sequence of str
        Stages that mean won, instead of those that the vendor ships.
    exclude : sequence of str
        Columns never to use.

    Raises
    ------
    UseError
        No lead is won: the stage is called otherwise here.
    """
    kept = {name: _attributes(one, exclude) for name, one in known.items()}
    words = {
        "won": ", ".join(literal(word.strip().lower()) for word in (won or preset.won)),
        "lost": ", ".join(map(literal, preset.lost)),
    }
    selects: dict[str, list[str]] = {}
    for part in preset.parts:
        if (sql := _select(part, known, kept.get(part.attributes_of, ()), words, bool(won))) is not None:
            selects.setdefault(part.table, []).append(sql)
    queries = {table: _query(table, selects[table]) for table in SCHEMA if table in selects}
    counts, outcomes = _try(queries, known)
    if not outcomes.get("won"):
        raise UseError(_no_win(preset, known, won))
    used = [name for part in preset.parts if (name := part.attributes_of) in known]
    left = [h for name in used for h in _others(known[name], exclude) if h not in kept[name]]
    attributes = tuple(header for name in used for header in kept[name])
    return Composed(queries, counts, outcomes["won"], outcomes.get("lost", 0), attributes, tuple(left))


def source(composed: Composed, known: Mapping[str, Known], url: str, time_zone: str) -> dict[str, Any]:
    """Write what was composed as ``[source]``."""
    return {
        "url": url,
        "only_named": True,
        "time_zone": time_zone,
        "csv": {"encoding": one_encoding({name: one.seen for name, one in known.items()})},
        "exports": {name: one.pattern for name, one in known.items()},
        "tables": {table: {"query": query} for table, query in composed.queries.items()},
    }


def _others(one: Known, exclude: Sequence[str]) -> list[str]:
    """Columns with something in them that are none of ours."""
    rest = [header for header in one.seen.headers if header and header not in {*one.headers.values(), *exclude}]
    return [header for header in rest if one.seen.values(header)]


def _attributes(one: Known, exclude: Sequence[str]) -> tuple[str, ...]:
    """Of them, those that may be learnt from."""
    return tuple(
        header
        for header in _others(one, exclude)
        if not re.search(one.export.later, guesses.fold(header))
        and not guesses.is_personal(header, one.seen.values(header)[:1000])
    )


def _select(
    part: Part, known: Mapping[str, Known], attributes: Sequence[str], words: Mapping[str, str], own_words: bool
) -> str | None:
    """Write one SELECT with what the files have; None where that is not enough."""
    if not set(part.needs) <= set(known) or set(part.without) & set(known):
        return None
    names = {name: _Columns(one) for name, one in known.items()} | dict(words)
    filled = {ours: _first(given, names, own_words) for ours, given in part.columns.items()}
    columns = {ours: sql for ours, sql in filled.items() if sql}
    origin = _fill(part.source, names)
    if origin is None or any(spec.required and ours not in columns for ours, spec in SCHEMA[part.table].items()):
        return None
    lines = [f"{sql} AS {ours}" for ours, sql in columns.items()]
    taken = set(SCHEMA[part.table])
    for header in attributes:
        ours = header if header.strip().casefold() not in taken else f"{header} ({part.attributes_of})"
        lines.append(f"{part.attributes_of}.{identifier(header)} AS {identifier(ours)}")
    where = [sql for condition in part.where if (sql := _fill(condition, names))]
    conditions = f"\nWHERE {' AND '.join(where)}" if where else ""
    rest = _fill(part.rest, names)
    if rest is None:
        return None
    return "SELECT\n    " + ",\n    ".join(lines) + f"\nFROM {origin}{conditions}" + (f"\n{rest}" if rest else "")


def _first(given: str | tuple[str, ...], names: Mapping[str, Any], own_words: bool) -> str | None:
    """The first expression that the files allow; with words of one's own, one that looks at words."""
    several = (given,) if isinstance(given, str) else given
    if own_words:
        several = tuple(sorted(several, key=lambda template: "{won}" not in template))
    return next((sql for template in several if (sql := _fill(template, names))), None)


def _fill(template: str, names: Mapping[str, Any]) -> str | None:
    try:
        return template.format_map(names)
    except (_Absent, KeyError):
        return None


def _query(table: str, selects: Sequence[str]) -> str:
    together = "\nUNION ALL BY NAME\n".join(selects)
    if table != "outcomes":
        return together + "\n"
    # Who bought is won, whatever came to nothing before.
    return (
        f"SELECT * FROM (\n{together}\n)\nWHERE outcome IS NOT NULL\n"  # noqa: S608 (data of ours, cells.identifier)
        "QUALIFY outcome = 'won' OR count(*) FILTER (outcome = 'won') OVER (PARTITION BY lead_id) = 0\n"
    )


def _try(queries: Mapping[str, str], known: Mapping[str, Known]) -> tuple[dict[str, int], dict[str, int]]:
    """Run each query: rows by table, and leads by outcome."""
    files = {name: one.path for name, one in known.items()}
    settings = CsvSettings(encoding=one_encoding({name: one.seen for name, one in known.items()}))
    counts, outcomes = {}, {}
    with tempfile.TemporaryDirectory(prefix="tamis-") as scratch, duckdb.connect() as connection:
        for table, query in queries.items():
            raw = exports.ask(table, query, files, settings, Path(scratch), connection)
            counts[table] = connection.execute(select(["count(*)"], raw.relation)).fetchall()[0][0]
            if table == "outcomes":
                outcome, lead = (f"c{raw.headers.index(name)}" for name in ("outcome", "lead_id"))
                grouped = select([outcome, f"count(DISTINCT {lead})"], raw.relation, "GROUP BY 1")
                outcomes = dict(connection.execute(grouped).fetchall())
    return counts, outcomes


def _no_win(preset: Preset, known: Mapping[str, Known], won: Sequence[str]) -> str:
    told = next((one for name in ("deals", "opportunity", "opportunities", "leads") if (one := known.get(name))), None)
    header = None if told is None else told.headers.get("stage") or told.headers.get("status")
    if told is None or header is None:
        return (
            f"{preset.title}: expected leads that were won, found none. Add the export that tells it: "
            + ", ".join(f"{export.name} ({export.title})" for export in preset.exports[1:3])
            + "."
        )
    counted = pa.array(told.seen.values(header), pa.string()).value_counts().to_pylist()
    words = [repr(entry["values"]) for entry in sorted(counted, key=lambda entry: -entry["counts"])[:MOST_STAGES]]
    looked = ", ".join(map(repr, won or preset.won))
    return (
        f"--won: expected a value of {header!r} in {told.path.name} that means won ({looked}), found "
        f"{', '.join(words) or 'no value at all'}. Name yours: --won VALUE."
    )
