"""Published score runs: find them, read them.

A run is an immutable folder ``.tamis/scores/<run_id>/`` with ``rows/`` (one row per lead), ``features/`` (what the
model read, for explanations and drift; the same leads in the files of the same names) and ``manifest.json``. A folder
without a manifest is not a run. Reasons are kept as codes and points: `pipeline.telling` words those that are shown.
"""

import contextlib
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from features.errors import DataError
from pipeline.lookup import rows_of
from pipeline.workspace import Workspace

MANIFEST = "manifest.json"
# The leads of the tables that asked not to be contacted: neither scored nor pushed, what was pushed is taken back.
OPTED_OUT = "opted_out.parquet"
# Key of the metadata of a file of rows: how often each reason is given in it.
TALLY = "tamis.reasons"
NEVER_NULL = ("lead_id", "propensity", "raw_score", "reference_propensity", "band", "decision", "model_version")
KINDS = {"kind": str, "scored_at": int, "cutoff": int, "model_version": str, "n_leads": int}
_ROWS_PER_GROUP = 2_000
# Qualification of a lead below the threshold that is handed over to learn.
EXPLORATION = "exploration"
INSTANT = pa.timestamp("s", "UTC")
REASON = pa.struct([("code", pa.string()), ("family", pa.string()), ("points", pa.float64()), ("text", pa.string())])
SCHEMA = pa.schema(
    [
        ("lead_id", pa.string()),
        ("cutoff", INSTANT),
        ("scored_at", INSTANT),
        ("run_id", pa.string()),
        ("model_version", pa.string()),
        ("segment", pa.string()),
        ("scored_by", pa.string()),
        ("propensity", pa.float64()),
        ("raw_score", pa.float64()),
        ("reference_propensity", pa.float64()),
        ("threshold", pa.float64()),
        ("band", pa.string()),
        ("decision", pa.string()),
        ("qualification", pa.string()),
        ("rule", pa.string()),
        ("handover_probability", pa.float64()),
        ("fit_points", pa.float64()),
        ("engagement_points", pa.float64()),
        ("intent_points", pa.float64()),
        ("expected_amount", pa.float64()),
        ("expected_value", pa.float64()),
        ("reasons", pa.list_(REASON)),
        ("previous_propensity", pa.float64()),
        ("trend", pa.string()),
        ("due_at", INSTANT),
    ]
)


@dataclass(frozen=True)
class ScoreRun:
    """One published run.

    Attributes
    ----------
    path : pathlib.Path
        Its folder.
    manifest : mapping
        ``run_id``, ``kind`` (``portfolio`` or ``file``), ``scored_at`` and ``cutoff`` (UTC seconds), ``model_version``,
        ``n_leads``, counts by band, decision and exploration, notices, and ``certified``: by segment, whether people
        may be shown percentages; a segment that is not named there goes with ``all``.
    """

    path: Path
    manifest: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        """Identifier, sortable by time."""
        return str(self.manifest["run_id"])

    def rows(self, columns: list[str] | None = None) -> pa.Table:
        """Score rows, ordered by lead.

        Raises
        ------
        DataError
            The folder is no longer what was published.
        """
        with _as_published(self.path):
            return ds.dataset(self.path / "rows", schema=SCHEMA).to_table(columns=columns)

    def parts(self) -> Iterator[tuple[pa.Table, pd.DataFrame]]:
        """Score rows and what the model read of the same leads, some thousands at a time."""
        for path in self._files():
            with _as_published(self.path):
                rows = pq.read_table(path, schema=SCHEMA)
                yield rows, pq.read_table(self.path / "features" / path.name).to_pandas()

    def blocks(self, columns: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
        """Some columns of the score rows, some thousands at a time, with the name of their file."""
        for path in self._files():
            with _as_published(self.path):
                rows = _table(path, columns)
                # Runs from before a column was there do not have it.
                arrays = [
                    rows.column(name).cast(SCHEMA.field(name).type)
                    if name in rows.column_names
                    else pa.nulls(rows.num_rows, SCHEMA.field(name).type)
                    for name in columns
                ]
            yield path.name, pa.Table.from_arrays(arrays, schema=pa.schema([SCHEMA.field(name) for name in columns]))

    def joined(self, columns: Sequence[str], *, with_features: bool) -> Iterator[pa.Table]:
        """Some columns of the score rows, and beside them what the model read, file after file that has any rows."""
        for name, rows in self.blocks(columns):
            table = rows
            if with_features:
                with _as_published(self.path):
                    features = _table(self.path / "features" / name)
                    if not features.column("lead_id").equals(rows.column("lead_id")):
                        raise ValueError(name)
                features = features.drop_columns("lead_id")
                names = [*rows.column_names, *features.column_names]
                table = pa.Table.from_arrays([*rows.columns, *features.columns], names=names)
            if table.num_rows:
                yield table

    def _files(self) -> list[Path]:
        with _as_published(self.path):
            return sorted((self.path / "rows").iterdir())

    def features_of(self, name: str, lead_ids: Sequence[str]) -> pd.DataFrame:
        """What the model read of some leads of one file."""
        frame: pd.DataFrame = self._leads(f"features/{name}", lead_ids).to_pandas()
        return frame

    def features_columns(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Some features of all leads of one file, those of them that are there."""
        with _as_published(self.path):
            return _table(self.path / "features" / name, columns)

    def categories(self) -> pa.Table:
        """Every feature that is a category, of all leads in the order of `rows`."""
        with _as_published(self.path):
            read = ds.dataset(self.path / "features")
            texts = [one.name for one in read.schema if one.type == pa.string() and one.name != "lead_id"]
            return read.to_table(columns=texts)

    def lead(self, lead_id: str, columns: Sequence[str] | None = None) -> dict[str, Any] | None:
        """The row of one lead, all of it or some columns; None where it is not in the run."""
        found = self._one("rows", lead_id, columns).to_pylist()
        row = found[0] if found else None
        # Runs from before a column was there do not have it.
        if row is None:
            return None
        with _as_published(self.path):
            if missing := [name for name in NEVER_NULL if name in (columns or NEVER_NULL) and row.get(name) is None]:
                raise ValueError(missing)
        return {**dict.fromkeys(columns or SCHEMA.names), **row}

    def leads(self, lead_ids: Sequence[str]) -> list[dict[str, Any]]:
        """The rows of some leads, in the order of the run."""
        found: list[dict[str, Any]] = self._leads("rows", lead_ids, SCHEMA).to_pylist()
        return found

    def features(self, lead_ids: Sequence[str]) -> pd.DataFrame:
        """What the model read of some leads: ``lead_id`` and one column per feature, a row for each lead."""
        if len(lead_ids) == 1:
            return plain_frame(self._one("features", lead_ids[0]))
        frame: pd.DataFrame = self._leads("features", lead_ids).to_pandas()
        return frame

    def opted_out(self) -> frozenset[str]:
        """Leads that asked not to be contacted when the run was made; none in runs from before they were left out."""
        path = self.path / OPTED_OUT
        if not path.is_file():
            return frozenset()
        with _as_published(self.path):
            return frozenset(pq.read_table(path).column("lead_id").to_pylist())

    def hottest(self, number: int) -> list[dict[str, Any]]:
        """The rows with the highest propensities that no rule disqualified, ties by lead."""
        keys = [("propensity", "descending"), ("lead_id", "ascending")]
        rows = self.rows(["lead_id", "propensity", "qualification"])
        barred = pc.equal(rows.column("qualification"), "disqualified").fill_null(False)
        first = rows.filter(pc.invert(barred)).sort_by(keys).slice(0, number).column("lead_id").to_pylist()
        rows = {row["lead_id"]: row for row in self._leads("rows", first, SCHEMA).to_pylist()}
        return [rows[lead_id] for lead_id in first]

    def rank(self, propensity: float) -> int:
        """Place of a propensity in the run, see `ranks`."""
        return self.ranks([propensity])[0]

    def ranks(self, propensities: Sequence[float]) -> list[int]:
        """Places of propensities in the run, from 1; equal ones share the better place."""
        ordered = np.sort(self.rows(["propensity"]).column(0).to_numpy())
        return [1 + int(len(ordered) - np.searchsorted(ordered, one, side="right")) for one in propensities]

    def withdrawn(self, columns: Sequence[str], size: int = 500) -> Iterator[tuple[str, pa.Table]]:
        """The leads that opted out, some at a time, as rows that say nothing of them, with the name of their file."""
        schema = pa.schema([SCHEMA.field(name) for name in columns])
        leads = sorted(self.opted_out())
        for start in range(0, len(leads), size):
            some = pa.array(leads[start : start + size], pa.string())
            arrays = [some if one.name == "lead_id" else pa.nulls(len(some), one.type) for one in schema]
            yield OPTED_OUT, pa.Table.from_arrays(arrays, schema=schema)

    def _leads(self, place: str, lead_ids: Sequence[str], schema: pa.Schema | None = None) -> pa.Table:
        with _as_published(self.path):
            return ds.dataset(self.path / place, schema=schema).to_table(filter=ds.field("lead_id").isin(lead_ids))

    def _one(self, folder: str, lead_id: str, columns: Sequence[str] | None = None) -> pa.Table:
        """What stands of one lead in a folder."""
        with _as_published(self.path):
            firsts = self._first_leads
            if not firsts:
                return self._leads(folder, [lead_id])
            _, name = firsts[max(0, bisect_right(firsts, lead_id, key=itemgetter(0)) - 1)]
            return rows_of(self.path / folder / name, "lead_id", lead_id, columns)

    @cached_property
    def _first_leads(self) -> list[tuple[str, str]]:
        """The first lead of each file that has any, and its name; leads stand in order."""
        found = []
        for path in sorted((self.path / "rows").iterdir()):
            metadata = pq.read_metadata(path)
            groups = (metadata.row_group(k) for k in range(metadata.num_row_groups))
            found += [(group.column(0).statistics.min, path.name) for group in groups if group.num_rows][:1]
        return found


def write_part(table: pa.Table, path: Path, attempt: str = "") -> None:
    """Write one file of a run: whole or not at all, in pieces from which one lead is read in milliseconds.

    ``attempt`` tells apart those who may write the same file at a time; both write the same.
    """
    temporary = path.with_suffix(f".{attempt}tmp")
    # Leads are looked up by their id: what is known of other columns only makes a file slower to open, and one lead is
    # read in half the time that zstd needs, for an eighth more of disk. Only texts repeat enough to be worth a list of
    # different ones.
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    texts += [f"reasons.list.element.{field.name}" for field in REASON if pa.types.is_string(field.type)]
    pq.write_table(
        table,
        temporary,
        compression="lz4",
        row_group_size=_ROWS_PER_GROUP,
        write_statistics=["lead_id"],
        use_dictionary=texts,
    )
    temporary.replace(path)


def published(workspace: Workspace) -> list[ScoreRun]:
    """Every published run, the latest cutoff first; of two with one cutoff, the one scored last.

    When a run was scored does not say what it knew: a past cutoff can be scored today.
    """
    if not workspace.scores.is_dir():
        return []
    found = []
    for path in workspace.scores.glob(f"*/{MANIFEST}"):
        try:
            with _as_published(path.parent):
                found.append(ScoreRun(path.parent, _read_manifest(path)))
        except DataError:
            # Retention took it away, whole, since it was listed.
            if path.parent.exists():
                raise
    known = ("cutoff", "scored_at", "run_id")
    return sorted(found, key=lambda run: tuple(run.manifest[name] for name in known), reverse=True)


def portfolio(workspace: Workspace) -> list[ScoreRun]:
    """`published` runs of the portfolio."""
    return [run for run in published(workspace) if run.manifest["kind"] == "portfolio"]


def _read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest, what everybody relies on being there and of its kind."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or found.get("run_id") != path.parent.name:
        raise ValueError("run_id")
    wrong = [name for name, kind in KINDS.items() if type(found.get(name)) is not kind]
    # Runs from before the certificate have none.
    wrong += [] if isinstance(found.get("certified", {}), dict) else ["certified"]
    if wrong or found["kind"] not in ("portfolio", "file") or not found["model_version"].isdecimal():
        raise ValueError(", ".join(wrong))
    return found


def newest(
    workspace: Workspace, kind: Literal["portfolio", "file"] | None = None, before: int | None = None
) -> ScoreRun | None:
    """The first published run of a kind whose cutoff lies before an instant; None where there is none."""
    return next(
        (
            run
            for run in published(workspace)
            if (kind is None or run.manifest["kind"] == kind) and (before is None or run.manifest["cutoff"] < before)
        ),
        None,
    )


def _table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Some columns of a file, those of them that are there: in half the time that a data set needs."""
    with pq.ParquetFile(path) as file:
        there = set(file.schema_arrow.names)
        wanted = None if columns is None else [name for name in columns if name in there]
        return file.read(columns=wanted, use_threads=False)


def plain_frame(table: pa.Table) -> pd.DataFrame:
    """A frame of a few rows in two plain blocks: pandas' own columns need a millisecond each."""
    rows = table.to_pydict()
    is_number = {field.name: pa.types.is_floating(field.type) for field in table.schema}
    numbers, others = ([name for name in rows if is_number[name] is wanted] for wanted in (True, False))
    values = np.array([rows[name] for name in numbers], dtype=np.float64).T
    texts = np.array([rows[name] for name in others], dtype=object).T
    columns = pd.Index([*numbers, *others], dtype="object")
    return frame_of(values.reshape(-1, len(numbers)), texts.reshape(-1, len(others)), columns)


def frame_of(
    numbers: npt.NDArray[np.float64], others: npt.NDArray[np.object_], columns: "pd.Index[str]"
) -> pd.DataFrame:
    """A frame of two plain blocks, numbers first."""
    frame = pd.concat((pd.DataFrame(numbers), pd.DataFrame(others, dtype="object")), axis=1)
    frame.columns = columns
    return frame


@contextlib.contextmanager
def _as_published(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(
            f"Score run {path.name}: expected the files that were published, found one that cannot be read "
            f"({type(error).__name__}). Restore the folder, or remove it and score again."
        ) from error
