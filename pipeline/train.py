"""Steps 3 to 8: tables in, one model version with its full evidence in the registry out."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from features.errors import DataError, GateError
from features.language import Language
from features.snapshots import maturity
from features.specification import Feature
from models.evidence import Evidence
from models.lead_model import LeadModel
from models.plan import TrainingPlan
from models.segments import resolve
from models.training import train as fit
from pipeline.console import Console
from pipeline.describe import snapshot_plan
from pipeline.gates import refusals
from pipeline.handovers import opportunities, worked
from pipeline.language import day, iso
from pipeline.leaks import describe_without_leaks
from pipeline.owner_thresholds import read_owners
from pipeline.points_grids import points_grids
from pipeline.report import card
from pipeline.report.training import TrainingFacts, draw, render
from pipeline.segment_settings import filters
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.source import Opened, open_source
from pipeline.tracking import Registry, Version
from pipeline.training_views import training_views
from pipeline.workspace import Workspace, ensure_writable, write_text

DAY_S = 86_400


@dataclass(frozen=True)
class Trained:
    """What a training left behind.

    Attributes
    ----------
    version : Version
        In the registry.
    model : LeadModel
        The deployed model.
    evidence : Evidence
        Of the procedure that made it.
    facts : TrainingFacts
        What its report shows.
    report : pathlib.Path
        The report.
    promoted : bool
        Whether it became champion, as there was none.
    """

    version: Version
    model: LeadModel
    evidence: Evidence
    facts: TrainingFacts
    report: Path
    promoted: bool


def run(root: Path, *, now: int, by: str, console: Console) -> None:
    """Train and say what came of it.

    Raises
    ------
    GateError
        The version is kept with its evidence, but must not be used.
    UseError, DataError, OutsideError
        Nothing is kept then.
    """
    settings = load(root)
    trained = train(Workspace(root), settings, now=now, by=by, console=console)
    result = {
        "version": trained.version.number,
        "aliases": list(trained.version.aliases),
        "promoted": trained.promoted,
        "refused": list(trained.facts.gates),
        "figures": trained.facts.evidence["figures"],
        "threshold": trained.model.threshold.threshold,
        "bands": trained.model.bands.to_dict(),
        "decision": {name: value for name, value in trained.facts.evidence["decision"].items() if name != "choice"},
        "points_grids": trained.facts.evidence["points_grids"],
        "certificate": {
            "passed": trained.facts.certificate.passed,
            "certified": trained.model.certified_segments(),
            "verdicts": {name: v.word for name, v in trained.facts.certificate.verdicts.items()},
        },
        "report": str(trained.report),
    }
    console.show(result, *training_views(trained, settings.output.language))
    if trained.facts.gates:
        raise GateError(
            f"Model version {trained.version.number} is kept but not used. " + " ".join(trained.facts.gates)
        )


def train(workspace: Workspace, settings: Settings, *, now: int, by: str, console: Console) -> Trained:
    """Train one version; it becomes champion if there is none and its gates pass.

    Parameters
    ----------
    now : int
        UTC seconds of the clock.
    by : str
        Who runs it, kept with a promotion.

    Returns
    -------
    Trained

    Raises
    ------
    GateError
        Too few won or lost leads to learn from; nothing is kept.
    DataError
        The tables cannot be used, or nothing in them is mature; nothing is kept.
    """
    ensure_writable(workspace)
    with workspace.lock("train"), workspace.scratch() as scratch:
        with console.step("Reading the tables"):
            opened = open_source(
                settings.source,
                settings.limits,
                root=workspace.root,
                staging=workspace.staging,
                quarantine=workspace.quarantine,
                now=now,
                enrichment=settings.enrichment,
            )
        with closing(opened.connection):
            return _learn(workspace, settings, opened, scratch, now=now, by=by, console=console)


def _learn(
    workspace: Workspace,
    settings: Settings,
    opened: Opened,
    scratch: Path,
    *,
    now: int,
    by: str,
    console: Console,
) -> Trained:
    language = settings.output.language
    with console.step("Computing and probing the features"):
        probed = describe_without_leaks(opened, settings, scratch)
    rows = probed.described.rows
    if probed.rows.empty:
        raise DataError(_nothing_mature(rows, settings, opened))
    probed.require_columns()
    taught = worked(workspace, opened, probed.teaching, probed.teaching_frame, settings.snapshots.horizon_days)
    learnt = taught.rows.assign(amount=taught.rows["lead_id"].map(_amounts(opened)).astype("float64"))
    if (became := opportunities(opened, learnt, settings.snapshots.horizon_days)) is not None:
        learnt["opportunity"] = became
    owners = read_owners(opened, settings.threshold)
    if owners is not None:
        learnt["owner"] = learnt["lead_id"].map(owners.code).fillna(-1).astype("int64")
    plan = training_plan(settings, probed.features, () if owners is None else owners.capacities)
    with console.step("Training, calibrating, choosing the threshold, testing"):
        result = fit(taught.frame, learnt, probed.features, plan)
    evidence = taught.told_in(probed.told_in(result.evidence))
    model = _with_metadata(result.model, opened, settings, now)
    registry = Registry(workspace, settings.registry)
    facts = TrainingFacts(
        version=str(_next_number(registry)),
        trained_at=now,
        horizon_days=settings.snapshots.horizon_days,
        evidence=evidence.to_dict(),
        schema=model.schema,
        gates=refusals(evidence, model, language),
        maturity=cohorts(rows, opened, settings),
        tables=table_counts(opened),
        currency=settings.output.currency,
    )
    with console.step("Writing the report"):
        drawn = draw(facts, language)
        report = render(facts, language, drawn)
    with console.step("Keeping the model"):
        plotted = {f"plots/{name}.svg": plot for name, plot in drawn.items()}
        version = _keep(registry, model, facts, {"report.html": report, **plotted}, settings, opened)
        promoted = registry.find("champion") is None and not facts.gates
        if promoted:
            version = registry.promote(version.number, by=by, why="first model whose gates pass", at=now)
    path = write_text(workspace.reports / f"model-{version.number}.{language}.html", report)
    return Trained(version, model, evidence, facts, path, promoted)


def training_plan(
    settings: Settings, features: Sequence[Feature] = (), owner_capacities: tuple[float, ...] = ()
) -> TrainingPlan:
    """Read the plan of the training off the settings; segments ask for the features at hand.

    Capacities by owner have no names here.

    Raises
    ------
    UseError
        A segment names a column that is not at hand, or asks for what it cannot be.
    """
    model, threshold, periods = settings.model, settings.threshold, settings.periods
    grid, others = points_grids(settings)
    return TrainingPlan(
        seed=model.seed,
        shares=(periods.fit, periods.calibrate, periods.threshold, periods.test),
        horizon_s=settings.snapshots.horizon_days * DAY_S,
        rule=threshold.rule,
        win_value=threshold.win_value,
        contact_cost=threshold.contact_cost,
        per_lead=threshold.per_lead,
        margin_rate=threshold.margin_rate,
        contact_costs=threshold.contact_costs,
        capacity_per_week=threshold.capacity_per_week,
        owner_capacities=owner_capacities,
        capacity_per_salesperson=threshold.capacity_per_salesperson,
        target_precision=threshold.target_precision,
        confidence=threshold.confidence,
        tolerance=settings.certificate.tolerance,
        certificate_confidence=settings.certificate.confidence,
        points_grid=grid.rules,
        points_threshold=grid.threshold,
        other_grids=others,
        min_won=model.min_won,
        min_lost=model.min_lost,
        max_levels=settings.features.max_levels,
        min_level_rows=settings.features.min_level_rows,
        n_bootstrap=model.bootstrap,
        num_threads=settings.limits.threads,
        classifier={
            "n_folds": model.folds or None,
            "learning_rate": model.learning_rate or None,
            "num_leaves": model.num_leaves,
            "max_depth": model.max_depth,
        },
        segments=resolve(filters(settings.segments), features),
    )


def table_counts(opened: Opened) -> dict[str, dict[str, int]]:
    """Rows read, kept and set aside, by table."""
    return {
        name: {"read": count.read, "kept": count.kept, "quarantined": count.quarantined}
        for name, count in opened.faults.counts.items()
    }


def _nothing_mature(rows: pd.DataFrame, settings: Settings, opened: Opened) -> str:
    chosen = settings.snapshots
    if rows.empty:
        return (
            "No snapshot to learn from: expected leads with created_at and outcomes with decided_at, or an outcome "
            "column in leads. Run 'tamis check' to see what was read."
        )
    if opened.tables.one_table:
        return (
            f"None of {len(rows):,} leads has an outcome: expected won or lost in the outcome column of most, found it "
            "empty or open. Export leads that are decided too, or correct [source.outcome]."
        )
    wait = chosen.horizon_days + chosen.reporting_lag_days
    first = int(maturity(rows, snapshot_plan(settings), opened.tables.extracted_at)["matures_at"].min())
    return (
        f"None of {len(rows):,} snapshots is mature: expected cutoff + {wait} days <= "
        f"{iso(opened.tables.extracted_at)}, when the data end. The oldest will be on {day(first, 'en')}: come back "
        "then, add older leads, or shorten snapshots.horizon_days."
    )


def _with_metadata(model: LeadModel, opened: Opened, settings: Settings, now: int) -> LeadModel:
    facts = {
        "trained_at": now,
        "extracted_at": opened.tables.extracted_at,
        "source": opened.stamp,
        "horizon_days": None if opened.tables.one_table else settings.snapshots.horizon_days,
        "attributes": [dataclasses.asdict(attribute) for attribute in opened.tables.attributes],
    }
    return dataclasses.replace(model, metadata={**model.metadata, **facts})


def _amounts(opened: Opened) -> "pd.Series[float]":
    """Amount of each won deal, by lead; empty where the source knows none."""
    outcomes = opened.tables.frames.get("outcomes")
    if outcomes is None:
        return pd.Series(dtype="float64")
    won = outcomes.filter((nw.col("outcome") == "won") & (nw.col("amount") > 0))
    deals: pd.DataFrame = won.select("lead_id", "amount").collect(backend="pyarrow").to_native().to_pandas()
    return deals.groupby("lead_id")["amount"].max()


def _next_number(registry: Registry) -> int:
    versions = registry.versions()
    return versions[0].number + 1 if versions else 1


def cohorts(rows: pd.DataFrame, opened: Opened, settings: Settings) -> Sequence[dict[str, Any]]:
    """Maturity by cohort; nothing to show where rows with an outcome count as mature whatever their date."""
    if opened.tables.one_table:
        return ()
    table = maturity(rows, snapshot_plan(settings), opened.tables.extracted_at)
    found: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    return found


def _keep(
    registry: Registry,
    model: LeadModel,
    facts: TrainingFacts,
    shown: Mapping[str, str],
    settings: Settings,
    opened: Opened,
) -> Version:
    figures = {
        f"{system}.{name}": float(value["value"])
        for system, row in facts.evidence["figures"].items()
        for name, value in row.items()
        if value["value"] is not None
    }
    language: Language = settings.output.language
    return registry.save(
        model.dump(),
        parameters={f"{name}.{key}": str(value) for name, key, value in _parameters(settings)},
        figures=figures,
        artifacts={
            **shown,
            "evidence.json": json.dumps(facts.evidence, ensure_ascii=False, indent=1),
            "faults.json": json.dumps(opened.faults.to_dict(), ensure_ascii=False, indent=1),
        },
        card=card.write(facts, language),
        lineage={"source": opened.stamp, "extracted_at": iso(opened.tables.extracted_at)},
        tags={"gates": "refused: " + " ".join(facts.gates) if facts.gates else "passed"},
    )


def _parameters(settings: Settings) -> list[tuple[str, str, Any]]:
    """Settings that shape a model; never a URL, a path, a secret or the name of a person."""
    sections = ("snapshots", "periods", "model", "threshold", "certificate")
    chosen = [(name, key, value) for name in sections for key, value in getattr(settings, name).model_dump().items()]
    return [item for item in chosen if item[1] != "capacity_per_owner"]
