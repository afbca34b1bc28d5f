"""Steps 3 to 8: tables in, one model version with its full evidence in the registry out."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import GateError
from features.language import Language
from features.snapshots import maturity
from models.evidence import Evidence
from models.lead_model import LeadModel
from models.training import TrainingResult
from pipeline.compare import Compared
from pipeline.console import Console
from pipeline.describe import snapshot_plan
from pipeline.gates import refusals
from pipeline.language import iso
from pipeline.opening import open_tables
from pipeline.prepare import Prepared, prepare
from pipeline.report import card
from pipeline.report.training import TrainingFacts, draw, render
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.source import Opened
from pipeline.table_profile import profile
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
            opened = open_tables(workspace, settings, now=now)
        with closing(opened):
            prepared = prepare(workspace, settings, opened, scratch, console)
            result = prepared.train(console)
            trained = keep(workspace, settings, opened, prepared, result, now=now, console=console)
            return trained if trained.facts.gates else as_first(workspace, settings, trained, now=now, by=by)


def as_first(workspace: Workspace, settings: Settings, trained: Trained, *, now: int, by: str) -> Trained:
    """Make a version champion where there is none."""
    registry = Registry(workspace, settings.registry)
    if registry.find("champion") is not None:
        return trained
    version = registry.promote(trained.version.number, by=by, why="first model whose gates pass", at=now)
    return replace(trained, version=version, promoted=True)


def keep(
    workspace: Workspace,
    settings: Settings,
    opened: Opened,
    prepared: Prepared,
    result: TrainingResult,
    *,
    now: int,
    console: Console,
    compared: Compared | None = None,
) -> Trained:
    """Write the reports of a version and keep it as challenger, whatever its gates say.

    Parameters
    ----------
    compared : Compared, optional
        How it fared beside the champion.

    Returns
    -------
    Trained
        Not promoted.
    """
    language = settings.output.language
    model = _with_metadata(result.model, opened, settings, now)
    registry = Registry(workspace, settings.registry)
    facts = TrainingFacts(
        version=str(_next_number(registry)),
        trained_at=now,
        horizon_days=settings.snapshots.horizon_days,
        evidence=result.evidence.to_dict(),
        schema=model.schema,
        gates=refusals(result.evidence, model, language),
        maturity=cohorts(prepared.probed.described.rows, opened, settings),
        tables=table_counts(opened),
        currency=settings.output.currency,
        comparison=None if compared is None else compared.comparison,
        against=() if compared is None else compared.against,
    )
    with console.step("Writing the report"):
        drawn = draw(facts, language)
        report = render(facts, language, drawn)
        # Who reads the evidence on the page may read the other language.
        other: Language = "fr" if language == "en" else "en"
        translated = dataclasses.replace(facts, gates=refusals(result.evidence, model, other))
        in_other = render(translated, other, draw(translated, other))
    with console.step("Keeping the model"):
        plotted = {f"plots/{name}.svg": plot for name, plot in drawn.items()}
        shown = {"report.html": report, f"report.{other}.html": in_other, **plotted}
        version = _keep(registry, model, facts, shown, settings, opened, compared)
    name = f"model-{version.number}.{language}"
    write_text(workspace.reports / f"{name}.md", version.card)
    path = write_text(workspace.reports / f"{name}.html", report)
    return Trained(version, model, result.evidence, facts, path, promoted=False)


def table_counts(opened: Opened) -> dict[str, dict[str, int]]:
    """Rows read, kept and set aside, by table."""
    return {
        name: {"read": count.read, "kept": count.kept, "quarantined": count.quarantined}
        for name, count in opened.faults.counts.items()
    }


def _with_metadata(model: LeadModel, opened: Opened, settings: Settings, now: int) -> LeadModel:
    facts = {
        "trained_at": now,
        "extracted_at": opened.tables.extracted_at,
        "source": opened.stamp,
        "horizon_days": None if opened.tables.one_table else settings.snapshots.horizon_days,
        "tables": profile(opened),
        "attributes": [dataclasses.asdict(attribute) for attribute in opened.tables.attributes],
    }
    return dataclasses.replace(model, metadata={**model.metadata, **facts})


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
    compared: Compared | None,
) -> Version:
    figures = {
        f"{system}.{name}": float(value["value"])
        for system, row in facts.evidence["figures"].items()
        for name, value in row.items()
        if value["value"] is not None
    }
    language: Language = settings.output.language
    beside = {} if compared is None else {"comparison.json": json.dumps(compared.comparison.to_dict(), indent=1)}
    return registry.save(
        model.dump(),
        parameters={f"{name}.{key}": str(value) for name, key, value in _parameters(settings)},
        figures=figures,
        artifacts={
            **shown,
            **beside,
            "evidence.json": json.dumps(facts.evidence, ensure_ascii=False, indent=1),
            "faults.json": json.dumps(opened.faults.to_dict(), ensure_ascii=False, indent=1),
        },
        card=card.write(facts, language),
        lineage={"source": opened.stamp, "extracted_at": iso(opened.tables.extracted_at)},
        tags={"gates": told(facts.gates), **({} if compared is None else tags_of(compared))},
    )


def told(gates: Sequence[str]) -> str:
    """What a tag says of gates: ``passed``, or ``refused`` and why."""
    return "refused: " + " ".join(gates) if gates else "passed"


def tags_of(compared: Compared) -> dict[str, str]:
    """What a version remembers of its comparison."""
    return {
        "comparison": told(compared.against),
        "comparison.key": compared.key,
        "comparison.champion": str(compared.comparison.champion),
    }


def _parameters(settings: Settings) -> list[tuple[str, str, Any]]:
    """Settings that shape a model; never a URL, a path, a secret or the name of a person."""
    sections = ("snapshots", "periods", "model", "threshold", "certificate")
    chosen = [(name, key, value) for name in sections for key, value in getattr(settings, name).model_dump().items()]
    return [item for item in chosen if item[1] != "capacity_per_owner"]
