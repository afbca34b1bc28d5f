"""``tamis score --stdin``: one lead in, described, scored and explained while somebody waits; JSON lines both ways.

The same compiler as at night, on Polars. The queries are built once for the model: what changes from lead to lead are
the tables that they read, and Polars asks for these when it runs.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np

from features.attributes import TITLES, title_columns
from features.compiler import describe
from features.errors import DataError, PartialError, UseError
from features.job_titles import read
from features.kinds import by_kind
from features.tables import Attribute, Tables
from models.lead_model import LeadModel
from models.narrator import Narrator, plain
from models.reasons import top_reasons
from pipeline.console import Console
from pipeline.language import iso
from pipeline.online_rows import TABLES, Row, kinds, tables_of
from pipeline.score import Request
from pipeline.score_runs import plain_frame
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.tracking import Registry
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

# No row lies outside: what a lead may see is told by its own cutoff.
LATEST = 2**53


class Online:
    """A model that answers about one lead at a time.

    Parameters
    ----------
    model : LeadModel
        What answers.
    version : str
        Its number, told with every answer.
    settings : Settings
        Zone of times, number and language of the reasons.

    Raises
    ------
    UseError
        Polars is not installed.
    """

    def __init__(self, model: LeadModel, version: str, settings: Settings) -> None:
        self._model, self._version, self._settings = model, version, settings
        attributes = [Attribute(**kind) for kind in model.metadata.get("attributes", ())]
        self._kinds = kinds(attributes)
        self._now: dict[str, pl.DataFrame] = {}
        self._narrator = Narrator(model, settings.output.language)
        self._queries = self._build(attributes)

    def _build(self, attributes: list[Attribute]) -> "list[pl.LazyFrame]":
        try:
            import polars as pl  # noqa: PLC0415 (an extra)
            from polars.io.plugins import register_io_source  # noqa: PLC0415
        except ImportError:
            raise UseError('--stdin: expected Polars, found none. Install it: pip install -e ".[online]".') from None
        types = {"time": pl.Int64, "date": pl.Int64, "flag": pl.Int64, "number": pl.Float64}
        self._types = {
            table: {name: types.get(kind, pl.String) for name, kind in columns.items()}
            for table, columns in self._kinds.items()
        }
        texts = {name for name, kind in self._types["leads"].items() if kind == pl.String}
        self._titles = title_columns(self._model.inputs) & texts
        self._types["snapshots"] = {"lead_id": pl.String, "cutoff": pl.Int64}
        self._types[TITLES] = {"title": pl.String, "seniority": pl.String, "job_function": pl.String}

        def source(table: str) -> "pl.LazyFrame":
            def rows(
                with_columns: list[str] | None, predicate: "pl.Expr | None", n_rows: int | None, batch_size: int | None
            ) -> Iterator["pl.DataFrame"]:
                del batch_size
                frame = self._now[table]
                frame = frame if predicate is None else frame.filter(predicate)
                frame = frame if with_columns is None else frame.select(with_columns)
                yield frame if n_rows is None else frame.head(n_rows)

            return register_io_source(rows, schema=self._types[table])

        frames = {table: nw.from_native(source(table)) for table in (*TABLES, TITLES)}
        tables = Tables(frames, tuple(attributes), LATEST)
        keys = nw.from_native(source("snapshots"))
        return [describe(keys, tables, some, 0, LATEST).to_native() for some in by_kind(self._model.inputs).values()]

    def answer(self, data: object, now: int) -> dict[str, Any]:
        """Describe, score and explain one lead.

        Parameters
        ----------
        data : object
            See `pipeline.online_rows.tables_of`; ``cutoff`` may name an instant.
        now : int
            UTC seconds: the cutoff where none is named, what is known up to this second included.

        Returns
        -------
        dict
            ``lead_id``, ``cutoff``, ``model_version``, ``propensity``, ``raw_score``, ``reference_propensity``,
            ``threshold`` (None where none is valid), ``band``, ``decision``, ``segment``, ``certified``, points by
            family, ``expected_amount``, ``expected_value``, and ``reasons`` in words. The decision is that of the
            threshold: what sales said of the lead is not asked here.

        Raises
        ------
        DataError
            The lead cannot be read.
        """
        import polars as pl  # noqa: PLC0415 (an extra)

        rows = tables_of(data, self._kinds, self._settings.zone)
        cutoff = self._cutoff(data, now)
        lead_id = rows["leads"][0]["lead_id"]
        beside = {"snapshots": [{"lead_id": lead_id, "cutoff": cutoff}], TITLES: self._read_titles(rows)}
        self._now = {
            table: pl.DataFrame(
                {name: [row[name] for row in listed] for name in self._types[table]}, schema=self._types[table]
            )
            for table, listed in {**rows, **beside}.items()
        }
        # A few rows gain nothing from a better plan, and planning would take as long as running.
        parts = pl.collect_all(self._queries, optimizations=pl.QueryOptFlags.none())
        described = pl.concat([part.drop("lead_id", "cutoff") for part in parts], how="horizontal")
        frame = plain_frame(described.to_arrow())
        return {"lead_id": lead_id, "cutoff": iso(cutoff), "model_version": self._version, **self._explained(frame)}

    def _read_titles(self, rows: Mapping[str, list[Row]]) -> list[Row]:
        told = {row[column] for row in rows["leads"] for column in self._titles}
        told |= {row["value"] for row in rows["changes"] if row["field"] in self._titles}
        return [dict(zip(self._types[TITLES], (title, *read(title)), strict=True)) for title in told - {None}]

    def _cutoff(self, data: Any, now: int) -> int:
        given = data.get("cutoff")
        if given is None:
            return now + 1
        try:
            at = datetime.fromisoformat(given)
        except (TypeError, ValueError):
            raise DataError("cutoff: expected an instant such as 2026-11-21T06:00:00Z, found none.") from None
        return int((at if at.tzinfo else at.replace(tzinfo=self._settings.zone)).timestamp())

    def _explained(self, frame: Any) -> dict[str, Any]:
        model, number = self._model, self._settings.output.reasons
        parts = model.contributions(frame)
        amount = np.full(1, self._settings.threshold.win_value)
        if model.amount is not None:
            amount = model.amount.expected(parts.matrix)
        least = model.thresholds(frame, amount)
        decided = model.decide(parts.propensity, least)
        segment = str(model.by_segment.of(frame)[0])
        reasons = top_reasons(model.features, parts.on_propensity, frame, n_up=number, n_down=number)
        points = parts.family_points(model.families)
        return {
            "propensity": float(parts.propensity[0]),
            "raw_score": float(parts.margin[0]),
            "reference_propensity": float(np.broadcast_to(parts.reference_propensity, 1)[0]),
            "threshold": None if np.isnan(least[0]) else float(least[0]),
            "band": str(decided["band"].iloc[0]),
            "decision": str(decided["decision"].iloc[0]),
            "segment": segment,
            "certified": model.certified(segment),
            **{f"{family}_points": float(points[family].iloc[0]) for family in points},
            "expected_amount": float(amount[0]),
            "expected_value": float(parts.propensity[0] * amount[0]),
            "reasons": [self._told(frame, *reason) for reason in reasons.of(0)],
        }

    def _told(self, frame: Any, column: int, points: float) -> dict[str, Any]:
        feature = self._model.features[column]
        value = plain(frame[feature.name].iloc[0])
        text = self._narrator.text(column, points, value)
        return {"code": feature.code, "family": feature.family, "points": points, "text": text}


def run(
    root: Path,
    request: Request,
    *,
    now: Callable[[], float],
    console: Console,
    lines: Iterable[str] | None = None,
) -> None:
    """Answer line by line until the input ends.

    Parameters
    ----------
    root : pathlib.Path
        The workspace.
    request : Request
        The model; nothing else can be asked for.
    now : callable
        The clock, UTC seconds.
    console : Console
        Logs each answer's time where asked.
    lines : iterable of str, optional
        One JSON object each; by default the standard input.

    Raises
    ------
    UseError
        No such model, no Polars, or more than the model was asked for.
    PartialError
        Some lines could not be read: each has its answer, ``{"error": ...}``.
    """
    if request != Request(model=request.model):
        raise UseError('--stdin: expected no --leads, --as-of or --out beside it; a line may name its "cutoff".')
    settings = load(root)
    with console.step("Loading the model"):
        version, files = Registry(Workspace(root), settings.registry).load(request.model)
        online = Online(LeadModel.load(files), str(version.number), settings)
    with console.step("Warming up"):
        # The first answer of a process translates and plans what all others use.
        online.answer({"lead": {"lead_id": "-"}}, int(now()))
    failed = 0
    for line in sys.stdin if lines is None else lines:
        if not line.strip():
            continue
        with console.step("Answering"):
            result = _one(online, line, int(now()))
        failed += "error" in result
        sys.stdout.write(json.dumps(result, ensure_ascii=False, allow_nan=False) + "\n")
        sys.stdout.flush()
    if failed:
        raise PartialError(f"{failed} lines could not be answered; each one's answer says why.")


def _one(online: Online, line: str, now: int) -> Mapping[str, Any]:
    try:
        return online.answer(json.loads(line), now)
    except json.JSONDecodeError as error:
        return {"error": f"the line: expected a JSON object, found none at sign {error.pos}.", "exit_code": 3}
    except DataError as error:
        return {"error": str(error), "exit_code": error.exit_code}
