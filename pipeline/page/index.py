"""Build the index of a score run: everything that the page shows, found in milliseconds among a million leads.

``.tamis/page/runs/<run_id>/`` holds ``index.db`` (SQLite), ``sheets.db`` (what dossiers read of the runs), ``model/``
(its files), ``about.json`` (evidence, recent runs) and the evidence as pages. It appears by one rename and replaces the
one before. Names of people and companies come from the source's tables, enter this folder and go nowhere else.
"""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from features.errors import DataError, OutsideError, UseError
from models.lead_model import LeadModel
from pipeline.console import Console
from pipeline.page.index_facts import first_facts
from pipeline.page.index_tables import (
    CHOICES,
    CREATE,
    DECISIONS,
    FAMILIES,
    FORMAT,
    INDEX,
    NAMES,
    NEVER,
    PERSONAL,
    WHOLE,
)
from pipeline.page.places import home, is_current, key_of, secret
from pipeline.page.sheets import SHEETS, write_sheets
from pipeline.score_runs import ScoreRun, newest, portfolio
from pipeline.settings import Settings
from pipeline.tracking import Registry
from pipeline.workspace import Workspace, publish, write_text

SCORED = (
    *("lead_id", "decision", "segment", "band", "qualification", "due_at", "propensity", "previous_propensity"),
    *("threshold", "expected_amount", "expected_value", "fit_points", "engagement_points", "intent_points"),
)
RUNS_TOLD = 60
ROWS_AT_ONCE = 20_000
REPORTS = ("report.html", "report.en.html", "report.fr.html")


def build_newest(workspace: Workspace, settings: Settings, console: Console) -> Path | None:
    """Index the newest run of the portfolio, unless that is done; None where there is no run.

    Raises
    ------
    TamisError
        The run, the model or the evidence cannot be read, or the index cannot be written: the one before stays.
    """
    found = newest(workspace, "portfolio")
    if found is None:
        return None
    with workspace.lock("index", wait=True):
        if (path := home(workspace) / found.run_id).is_dir() and is_current(path):
            return path
        with console.step("Building the page's index"):
            return build(workspace, settings, found)


def build(workspace: Workspace, settings: Settings, found: ScoreRun) -> Path:
    """Index one run and put it in the place of the one before.

    Parameters
    ----------
    workspace, settings : Workspace, Settings
        Registry and tables.
    found : ScoreRun
        What to index.

    Returns
    -------
    pathlib.Path
        Folder of the index.

    Raises
    ------
    TamisError
        As for `build_newest`.
    """
    registry = Registry(workspace, settings.registry)
    version, files = registry.load(int(found.manifest["model_version"]))
    model, runs = LeadModel.load(files), portfolio(workspace)
    with workspace.scratch() as folder:
        (folder / "model").mkdir()
        for name, content in files.items():
            (folder / "model" / name).write_bytes(content)
        about = {
            "format": FORMAT,
            "run": found.manifest,
            "version": version.number,
            "gates": version.refusal,
            "evidence": json.loads(registry.artifact(version, "evidence.json")),
            "runs": _recent(runs),
        }
        write_text(folder / "about.json", json.dumps(about, ensure_ascii=False))
        for name in REPORTS:
            # One of the two languages goes without a code; a recalibration's report has no other.
            with contextlib.suppress(UseError):
                (folder / name).write_bytes(registry.artifact(version, name))
        try:
            with ThreadPoolExecutor(1) as beside:
                # Files are read and packed while SQLite writes.
                sheets = beside.submit(_write_sheets, folder / SHEETS, found, runs)
                write_leads(
                    folder / "index.db", found, model, workspace.staging / found.manifest["source"], secret(workspace)
                )
                sheets.result()
        except sqlite3.Error as error:
            raise OutsideError(f"The page's index of run {found.run_id} could not be written: {error}.") from error
        return _swap(workspace, folder, found.run_id)


def _write_sheets(path: Path, found: ScoreRun, runs: list[ScoreRun]) -> None:
    """Write what dossiers read; where a run cannot be read, they are left to find that out themselves."""
    try:
        write_sheets(path, found, [run for run in runs if run.manifest["cutoff"] < found.manifest["cutoff"]])
    except DataError:
        path.unlink(missing_ok=True)


def _swap(workspace: Workspace, built: Path, run_id: str) -> Path:
    """Give the new index its name, then forget the others."""
    final = home(workspace) / run_id
    final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.rmtree(final, ignore_errors=True)
    publish(built, final)
    for other in final.parent.iterdir():
        if other != final:
            shutil.rmtree(other, ignore_errors=True)
    return final


def _recent(runs: list[ScoreRun]) -> list[dict[str, Any]]:
    """What the last runs of the portfolio said on the whole, the newest first."""
    told = ("run_id", "cutoff", "scored_at", "model_version", "n_leads", "mean_propensity", "decisions", "bands")
    by_cutoff: dict[int, Mapping[str, Any]] = {}
    for run in runs:
        by_cutoff.setdefault(run.manifest["cutoff"], run.manifest)  # of two with one cutoff, that scored last
    return [{name: manifest.get(name) for name in told} for manifest in list(by_cutoff.values())[:RUNS_TOLD]]


def write_leads(path: Path, found: ScoreRun, model: LeadModel, source: Path, key: bytes) -> None:
    """Write the leads of a run as SQLite.

    Parameters
    ----------
    path : pathlib.Path
        New file.
    found : ScoreRun
        The run.
    model : LeadModel
        What scored it.
    source : pathlib.Path
        Folder of the tables that it was scored from; where they are no longer kept, leads have no names.
    key : bytes
        From `secret`.
    """
    parts = [_part(found, name, rows, model) for name, rows in found.blocks([*SCORED, "reasons"])]
    scored, facts = (pa.concat_tables(tables).combine_chunks() for tables in zip(*parts, strict=True))
    order = pc.sort_indices(
        pa.table({"value": scored.column("expected_value"), "lead": scored.column("lead_id")}),
        [("value", "descending"), ("lead", "ascending")],
    )
    table = _columns(scored, facts, source)
    choices = {name: table[name].dictionary_encode() for name in CHOICES}
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        # A file that dies with its process costs nothing: it has no name yet.
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;")
        connection.executescript(CREATE)
        connection.executemany("INSERT INTO choice VALUES (?, ?, ?, ?)", _choices(choices, table["decision"]))
        columns = {**table, **{name: encoded.indices for name, encoded in choices.items()}}
        marks = ", ".join("?" * len(NAMES))
        for first in range(0, len(order), ROWS_AT_ONCE):
            taken = order.slice(first, ROWS_AT_ONCE)
            lists = {name: column.take(taken).to_pylist() for name, column in columns.items()}
            places = range(first, first + len(taken))
            lists |= {"place": list(places), "line": taken.to_pylist()}
            lists |= {"key": [key_of(lead_id, key) for lead_id in lists["lead_id"]]}
            connection.executemany(
                f"INSERT INTO lead VALUES ({marks})",  # noqa: S608 (marks only)
                zip(*(lists[name] for name in NAMES), strict=True),
            )
            words = zip(places, lists["name"], lists["company"], lists["lead_id"], strict=True)
            connection.executemany("INSERT INTO word (rowid, name, company, lead_id) VALUES (?, ?, ?, ?)", words)
        connection.executescript(INDEX)
        connection.execute("INSERT INTO word (word) VALUES ('optimize')")


def _part(found: ScoreRun, name: str, rows: pa.Table, model: LeadModel) -> tuple[pa.Table, pa.Table]:
    """Rows of one file without their reasons, and the first facts among these."""
    reasons = rows.column("reasons").combine_chunks()
    facts = first_facts(reasons, lambda columns: found.features_columns(name, columns), model)
    return rows.select(list(SCORED)), facts


def _columns(scored: pa.Table, facts: pa.Table, source: Path) -> dict[str, pa.Array]:
    """The columns of the index but for place and key, in the order of the run."""
    points = np.column_stack([scored.column(f"{family}_points").to_numpy() for family in FAMILIES])
    family = pa.array(FAMILIES).take(pa.array(points.argmax(axis=1)))
    decision = pc.index_in(scored.column("decision"), pa.array(DECISIONS))
    columns = {
        "lead_id": scored.column("lead_id"),
        "decision": decision,
        "segment": scored.column("segment"),
        "band": scored.column("band"),
        "family": family,
        "qualification": scored.column("qualification"),
        "due": pc.fill_null(scored.column("due_at").cast(pa.int64()), NEVER),
        "rank": pc.rank(scored.column("propensity"), sort_keys="descending", tiebreaker="min"),
        "propensity": scored.column("propensity"),
        "previous": scored.column("previous_propensity"),
        "threshold": scored.column("threshold"),
        "amount": scored.column("expected_amount"),
        "value": scored.column("expected_value"),
        **{name: facts.column(name) for name in facts.column_names},
        **_personal(scored.column("lead_id"), source),
    }
    # In one piece: to take rows out of many pieces would put them together each time.
    return {
        name: column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for name, column in columns.items()
    }


def _personal(lead_ids: pa.ChunkedArray, source: Path) -> dict[str, pa.ChunkedArray]:
    """Who the leads are, from the checked tables of the run."""
    leads = _read(source / "leads.parquet", ["lead_id", *PERSONAL])
    at = pc.index_in(lead_ids, leads.column("lead_id").combine_chunks())
    found = {ours: leads.column(theirs).take(at) for theirs, ours in PERSONAL.items()}
    accounts = _read(source / "accounts.parquet", ["account_id", "name"])
    of = pc.index_in(found["account"], accounts.column("account_id").combine_chunks())
    return {**found, "company": accounts.column("name").take(of)}


def _read(path: Path, columns: list[str]) -> pa.Table:
    """Columns of a table, texts but for `WHOLE`; nulls for one that is not there."""
    there = (
        ds.dataset(path).to_table(columns=[n for n in columns if n in ds.dataset(path).schema.names])
        if path.is_file()
        else pa.table({})
    )
    kinds = {name: pa.int64() if name in WHOLE else pa.string() for name in columns}
    found = {
        name: there.column(name).cast(kind) if name in there.column_names else pa.nulls(there.num_rows, kind)
        for name, kind in kinds.items()
    }
    return pa.table(found)


def _choices(encoded: Mapping[str, pa.DictionaryArray], decision: pa.Array) -> Iterator[tuple[str, int, str, int]]:
    """What can be chosen in each filter, and how many of the leads to call have it."""
    is_call = decision.to_numpy() == 0
    for name, array in encoded.items():
        codes = array.indices.to_numpy(zero_copy_only=False)
        known = is_call & ~np.isnan(codes.astype(np.float64))
        counts = np.bincount(codes[known].astype(np.int64), minlength=len(array.dictionary))
        for code, text in enumerate(array.dictionary.to_pylist()):
            yield name, code, text, int(counts[code])
