"""Step 9: champion and open leads in, one immutable score run out."""

import json
import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.checks import EARLIEST
from features.errors import DataError, PartialError, TamisError, UseError
from models.alarms import ReasonTally, alarms
from models.lead_model import LeadModel
from models.policy import FLAGS, INCOMPLETE
from pipeline.console import Console
from pipeline.describe import Described, describe_scoring
from pipeline.destination import check_destination
from pipeline.language import iso
from pipeline.office import work_calendar
from pipeline.opening import open_tables
from pipeline.overrides import said_by_people
from pipeline.owner_thresholds import TEAM_ONLY, lead_thresholds
from pipeline.page.index import build_newest
from pipeline.policy_facts import policy_version, read_policy_facts
from pipeline.retention import prune
from pipeline.score_out import write_out
from pipeline.score_rows import NONE_BEFORE, Previous, RunFacts, write_block
from pipeline.score_runs import EXPLORATION, MANIFEST, OPTED_OUT, TALLY, ScoreRun, newest, write_part
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.source import Opened
from pipeline.telling import hottest
from pipeline.tracking import Registry, Version
from pipeline.views import score_views
from pipeline.workspace import Workspace, ensure_writable, publish, write_text

HOTTEST = 5


@dataclass(frozen=True)
class Request:
    """What to score.

    Attributes
    ----------
    leads : pathlib.Path, optional
        Rows to score instead of the open leads.
    as_of : str, optional
        Cutoff, ISO 8601, in the zone of the settings where it names none; by default the instant after the newest row
        of the data.
    model : str
        Alias or version number.
    out : pathlib.Path, optional
        Where to write the rows too, ``.parquet`` or ``.csv``. In a CSV the reasons are sentences, and a text that a
        spreadsheet would run as a formula has an apostrophe before it.
    """

    leads: Path | None = None
    as_of: str | None = None
    model: str = "champion"
    out: Path | None = None


class Scored(NamedTuple):
    """A published run and the model that scored it."""

    run: ScoreRun
    model: LeadModel


def run(root: Path, request: Request, *, now: int, console: Console) -> None:
    """Score and say what came of it.

    Raises
    ------
    UseError, DataError, OutsideError
        Nothing is published then.
    PartialError
        The run is published, the page's index is not.
    """
    settings = load(root)
    workspace = Workspace(root)
    result, model = score(workspace, settings, request, now=now, console=console)
    best = hottest(result, model, HOTTEST, settings.output.language)
    failed = _index(workspace, settings, result, console)
    removed = prune(workspace, settings.limits.keep_runs)
    console.show(
        {**result.manifest, "path": str(result.path), "hottest": best, "removed": removed},
        *score_views(result, best, settings.output.language, out=request.out, removed=removed),
    )
    if failed:
        raise PartialError(
            f"Score run {result.run_id} is published, but the page's index of it is not: {failed} "
            "'tamis serve' makes it anew."
        )


def _index(workspace: Workspace, settings: Settings, result: ScoreRun, console: Console) -> str:
    """Index a run of the portfolio for the page; what went wrong, which costs the index and never the run."""
    if not settings.page.index or result.manifest["kind"] != "portfolio":
        return ""
    try:
        build_newest(workspace, settings, console)
    except (TamisError, OSError) as error:
        return str(error) if isinstance(error, TamisError) else f"{error.strerror}."
    return ""


def score(workspace: Workspace, settings: Settings, request: Request, *, now: int, console: Console) -> Scored:
    """Publish one score run.

    Parameters
    ----------
    now : int
        UTC seconds of the clock.

    Returns
    -------
    Scored
        The same input, cutoff and model give the same rows to the last bit, ``run_id`` and ``scored_at`` aside.

    Raises
    ------
    UseError
        No champion, an ``--as-of`` that is no instant or lies in the future, an ``--out`` of unknown kind.
    DataError
        The tables cannot be used, or hold none of the model's features.
    """
    _check_request(request, workspace, settings)
    ensure_writable(workspace)
    with workspace.lock("score"), workspace.scratch() as scratch:
        with console.step("Loading the model"):
            version, files = Registry(workspace, settings.registry).load(request.model)
            model = LeadModel.load(files)
        with console.step("Reading the tables"):
            opened = open_tables(workspace, settings, now=now, model=model, leads_file=request.leads)
        with closing(opened):
            cutoff = _cutoff(request, opened, settings, now)
            with console.step("Computing the features"):
                opted_out = _opted_out(opened)
                described = describe_scoring(opened, settings, cutoff, model.inputs, scratch, left_out=opted_out)
            if described.rows.empty:
                raise DataError(
                    f"No open lead at {iso(cutoff)}: expected at least one lead created before it, not decided and not "
                    "opted out. Check leads and outcomes, or --as-of."
                )
            # Who looks back sees what was known then, orders of people included; tonight they hold once they are given.
            until = now + 1 if request.as_of is None else cutoff
            people = said_by_people(workspace, reviewed_before=cutoff, ordered_before=until)
            policy = read_policy_facts(opened, settings, described.rows["lead_id"].astype("str"), cutoff, people)
            # A file of some leads does not say which part of the flow is whose.
            owners = TEAM_ONLY if request.leads else lead_thresholds(opened, described, model, settings)
        kind = "file" if request.leads else "portfolio"
        key = _key(opened, version, files, cutoff, settings, kind, people)
        building, head = _building(workspace, key, now)
        calendar = work_calendar(settings, cutoff, cutoff)
        before = _before(newest(workspace, "portfolio", before=cutoff))
        run_ = RunFacts(
            head["run_id"], head["scored_at"], cutoff, model, version, settings, policy, calendar, before, owners
        )
        with console.step("Scoring and explaining"):
            _write_rows(opened, described, building, run_, files)
        with console.step("Publishing"):
            write_part(pa.table({"lead_id": pa.array(sorted(opted_out), pa.string())}), building / OPTED_OUT)
            manifest = _manifest(building, run_, cutoff, kind, opened, described.missing)
            write_text(building / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
            final = workspace.scores / run_.run_id
            publish(building, final)
        result = ScoreRun(final, manifest)
        if request.out:
            with console.step("Writing the rows in words"):
                write_out(result, model, request.out, settings.output.language)
    return Scored(result, model)


def _check_request(request: Request, workspace: Workspace, settings: Settings) -> None:
    if request.out is not None:
        inputs = () if request.leads is None else (request.leads,)
        check_destination("--out", request.out, workspace, settings, endings=(".parquet", ".csv"), inputs=inputs)
    if request.out is not None and not request.out.parent.is_dir():
        raise UseError(f"--out: the folder {request.out.parent} does not exist. Create it first.")
    if request.leads is not None and not request.leads.is_file():
        raise UseError(f"--leads: {request.leads} does not exist. Name a CSV or Parquet file.")


def _cutoff(request: Request, opened: Opened, settings: Settings, now: int) -> int:
    """Instant of the run: as asked, else just after the newest row, so that all that is known counts."""
    if request.as_of is None:
        return min(now, opened.tables.extracted_at + 1)
    try:
        at = datetime.fromisoformat(request.as_of)
        cutoff = int((at if at.tzinfo else at.replace(tzinfo=settings.zone)).timestamp())
    except (ValueError, OverflowError):
        raise UseError(f"--as-of: expected an instant such as 2026-11-21T06:00:00Z, found {request.as_of!r}.") from None
    if cutoff < EARLIEST:
        raise UseError(f"--as-of: expected an instant from {iso(EARLIEST)} on, found {request.as_of!r}.")
    if cutoff > now:
        raise UseError(f"--as-of: {request.as_of} is in the future. Expected an instant up to {iso(now)}.")
    return cutoff


def _key(
    opened: Opened,
    version: Version,
    files: Mapping[str, bytes],
    cutoff: int,
    settings: Settings,
    kind: str,
    people: pd.DataFrame,
) -> str:
    """What the rows depend on; an interrupted run with the same key is taken up where it stopped."""
    parts = [
        opened.stamp,
        str(version.number),
        sha256(files["model.json"]).hexdigest(),
        str(cutoff),
        kind,
        settings.model_dump_json(),
        people.to_json(),
    ]
    return sha256("\0".join(parts).encode()).hexdigest()


def _building(workspace: Workspace, key: str, now: int) -> tuple[Path, dict[str, Any]]:
    """Folder of a run that is not published yet, and the name that it will have; others left behind are removed."""
    parent = workspace.home / "building"
    building = parent / key[:16]
    for other in parent.glob("*"):
        if other != building:
            shutil.rmtree(other)
    head = building / "head.json"
    if not head.is_file():
        run_id, number = f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{key[:8]}", 2
        taken, first = workspace.scores, run_id
        while (taken / run_id).exists():
            run_id, number = f"{first}-{number}", number + 1
        for name in ("rows", "features"):
            (building / name).mkdir(parents=True, exist_ok=True)
        write_text(head, json.dumps({"run_id": run_id, "scored_at": now}))
    return building, json.loads(head.read_text(encoding="utf-8"))


def _opted_out(opened: Opened) -> frozenset[str]:
    leads = opened.tables.frames["leads"].filter(nw.col("opted_out") == 1).select("lead_id")
    return frozenset(leads.collect(backend="pyarrow").to_native().column("lead_id").to_pylist())


def _before(run_: ScoreRun | None) -> Previous:
    if run_ is None:
        return NONE_BEFORE
    table = run_.rows(["lead_id", "propensity", "due_at"])
    due = table.column("due_at").cast(pa.int64()).to_pandas().to_numpy(dtype=np.float64)
    return Previous(pd.Index(table.column("lead_id").to_pandas()), table.column("propensity").to_numpy(), due)


def _write_rows(
    opened: Opened, described: Described, building: Path, run_: RunFacts, files: Mapping[str, bytes]
) -> None:
    """Score block by block: here, or where the features stand in many files."""
    if opened.engine.distributed:
        from pipeline.engines.spark_score import score_on_spark  # noqa: PLC0415 (an extra)

        score_on_spark(opened.engine, described, building, run_, files)
        return
    for number, block in enumerate(described.blocks(run_.settings.limits.rows_per_block)):
        write_block(building, f"part-{number:05d}.parquet", block, run_)


def _manifest(
    building: Path, run_: RunFacts, cutoff: int, kind: str, opened: Opened, missing: tuple[str, ...]
) -> dict[str, Any]:
    rows = ScoreRun(building, {}).rows(
        [
            *("segment", "scored_by", "band", "decision", "propensity", "qualification", "rule", "due_at"),
            "handover_probability",
        ]
    )
    counts = {name: _counts(rows.column(name)) for name in ("segment", "scored_by", "band", "decision")}
    return {
        "run_id": run_.run_id,
        "kind": kind,
        "scored_at": run_.scored_at,
        "cutoff": cutoff,
        "extracted_at": opened.tables.extracted_at,
        "model_version": str(run_.version.number),
        "threshold": run_.model.threshold.threshold,
        "owner_thresholds": run_.owner_thresholds.told,
        "n_leads": rows.num_rows,
        "segments": counts["segment"] if run_.model.by_segment.segments else {},
        "scored_by": counts["scored_by"] if run_.model.by_segment.segments else {},
        "bands": counts["band"],
        "decisions": counts["decision"],
        "policy": _policy(building, rows, run_),
        "exploration": _exploration(rows, run_.settings.exploration.share),
        "mean_propensity": float(np.mean(rows.column("propensity").to_numpy())),
        "missing_features": list(missing),
        "certified": run_.model.certified_segments(),
        **_reasons(building, run_.model),
        "source": opened.stamp,
    }


def _policy(building: Path, rows: pa.Table, run_: RunFacts) -> dict[str, Any]:
    """Under which definition the run decided, in full, and what that came to."""
    qualification = rows.column("qualification")
    held = pc.is_in(qualification, pa.array([*FLAGS.values(), INCOMPLETE]))
    overdue = pc.less(rows.column("due_at").cast(pa.int64()), run_.cutoff)
    return {
        "version": policy_version(run_.settings.policy),
        "definition": run_.settings.policy.model_dump(mode="json"),
        "qualifications": _counts(qualification.drop_null()),
        "rules": _counts(rows.column("rule")),
        "n_held_back": int(pc.sum(held).as_py() or 0),
        "wins_held_back": float(pc.sum(rows.column("propensity").filter(held)).as_py() or 0.0),
        "n_overdue": int(pc.sum(overdue).as_py() or 0),
        "n_opted_out": pq.read_metadata(building / OPTED_OUT).num_rows,
    }


def _exploration(rows: pa.Table, share: float) -> dict[str, Any]:
    """How many leads could be drawn, and how many were."""
    probability = rows.column("handover_probability").to_numpy()
    return {
        "share": share,
        "n_eligible": int(((probability > 0) & (probability < 1)).sum()),
        "n_handed_over": rows.column("qualification").to_pylist().count(EXPLORATION),
    }


def _reasons(building: Path, model: LeadModel) -> dict[str, Any]:
    """How many leads have each reason first, the most frequent first, and what is wrong with that."""
    tallies = [
        ReasonTally(**json.loads(pq.read_schema(path).metadata[TALLY.encode()]))
        for path in sorted((building / "rows").iterdir())
    ]
    tally = sum(tallies, ReasonTally())
    return {
        "first_reasons": dict(sorted(tally.first.items(), key=lambda item: (-item[1], item[0]))),
        "alarms": [alarm.to_dict() for alarm in alarms(tally, model.features)],
    }


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    found = {entry["values"]: entry["counts"] for entry in column.value_counts().to_pylist()}
    return dict(sorted(found.items()))
