"""``tamis recalibrate``: the champion's ranking with percentages learnt anew from the outcomes that matured since.

Rows are those that the champion's trees have not learnt from (`models.fair_rows`), in order of time; the recalibration
is first judged on the newest of them (`models.recalibration.try_out`), by the gates of ``tamis retrain``, and made from
all of them. Its trees, reasons and amounts are the champion's; threshold and bands follow the new percentages.
"""

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich.markup import escape

from features.errors import GateError
from models.certificate_words import sentence
from models.lead_model import LeadModel
from models.recalibration import Trial, try_out
from models.rivals import Comparison, Stability, by_segment, paired
from pipeline.compare import Compared, key_of, known_result, learnt_by, require_sound, share_handed_over
from pipeline.console import Console
from pipeline.language import iso
from pipeline.opening import open_tables
from pipeline.prepare import training_plan
from pipeline.report.recalibration import render, write_card
from pipeline.retrain import comparison_views, objections
from pipeline.retrain_words import ALREADY, nothing_new
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.source import Opened
from pipeline.tracking import CHAMPION, Registry, Version
from pipeline.train import tags_of, told
from pipeline.unseen import Unseen, read_unseen, recalibrated, trained_calibration
from pipeline.workspace import Workspace, ensure_writable, write_text

if TYPE_CHECKING:
    from rich.console import RenderableType

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recalibrated:
    """What came of it.

    Attributes
    ----------
    version : Version
        The new version; champion where nothing speaks against it.
    model : LeadModel
        It.
    comparison : Comparison
        Its trial beside the champion.
    against : tuple of str
        Why it was not promoted.
    report : pathlib.Path
        The report.
    """

    version: Version
    model: LeadModel
    comparison: Comparison
    against: tuple[str, ...]
    report: Path


def run(root: Path, *, now: int, by: str, console: Console) -> None:
    """Recalibrate and say what came of it.

    Raises
    ------
    GateError
        The new version is kept, but the champion stays; or too few outcomes are new, and nothing is kept.
    UseError, DataError, OutsideError
        Nothing is kept then.
    """
    settings = load(root)
    language = settings.output.language
    done = recalibrate(Workspace(root), settings, now=now, by=by, console=console)
    result: dict[str, Any] = {
        "version": done.version.number,
        "parent": done.comparison.champion,
        "promoted": CHAMPION in done.version.aliases,
        "against": list(done.against),
        "calibration": done.model.calibration.to_dict(),
        "threshold": done.model.threshold.threshold,
        "comparison": done.comparison.to_dict(),
        "report": str(done.report),
    }
    views: list[RenderableType] = [*comparison_views(done.comparison, done.model, language)]
    if done.model.certificate is not None:
        views.append(escape(sentence(done.model.certificate, language)))
    console.show(result, *views)
    if done.against:
        raise GateError(f"Model version {done.version.number} is kept, the champion stays. " + " ".join(done.against))


def recalibrate(workspace: Workspace, settings: Settings, *, now: int, by: str, console: Console) -> Recalibrated:
    """Refit calibration, threshold and bands of the champion; promote it if nothing speaks against it.

    Run again on the same data it makes nothing: it says again why it refused, or that nothing is new.

    Parameters
    ----------
    now : int
        UTC seconds of the clock.
    by : str
        Who runs it, kept with a promotion.

    Returns
    -------
    Recalibrated

    Raises
    ------
    UseError
        There is no champion.
    GateError
        Too few won leads are new to the champion's calibration; nothing is kept.
    """
    ensure_writable(workspace)
    with workspace.lock("train"), workspace.scratch() as scratch:
        registry = Registry(workspace, settings.registry)
        with console.step("Loading the model"):
            champion, files = registry.load(CHAMPION)
            model = LeadModel.load(files)
        with console.step("Reading the tables"):
            opened = open_tables(workspace, settings, now=now)
        with closing(opened):
            key = key_of("recalibrate", opened, settings)
            if (before := known_result(registry, champion, key)) is not None:
                raise GateError(_repeated(before, settings))
            require_sound(opened, model, settings)
            with console.step("Computing the features"):
                unseen = read_unseen(workspace, settings, opened, model, champion.number, scratch)
            plan = training_plan(settings.model_copy(update={"segments": {}}))
            with console.step("Recalibrating"):
                trial = _trial(unseen, model, champion.number, settings)
                made = recalibrated(model, champion.number, unseen, trial, plan, opened, now)
                comparison = _comparison(model, champion.number, unseen, trial, settings)
            against = objections(comparison, made, settings)
            average, compared = model.reference.propensity, Compared(comparison, against, key)
            version, report = _keep(workspace, registry, made, average, compared, settings, opened)
        if not against:
            version = registry.promote(version.number, by=by, why=f"recalibration of model {champion.number}", at=now)
    return Recalibrated(version, made, comparison, against, report)


def _repeated(before: tuple[Version, tuple[str, ...]], settings: Settings) -> str:
    version, against = before
    if not against:
        return ALREADY[settings.output.language].format(number=version.number)
    return f"Model version {version.number} was made of these very data, the champion stays. " + " ".join(against)


def _trial(unseen: Unseen, model: LeadModel, number: int, settings: Settings) -> Trial:
    least = settings.retrain.min_won
    lead, seed = unseen.rows["lead_id"], settings.model.seed
    found = try_out(trained_calibration(model), unseen.margins, lead, unseen.fresh, least, seed)
    if found is not None:
        return found
    fresh = unseen.rows[unseen.fresh]
    n = fresh.loc[fresh["label"] == 1, "lead_id"].nunique()
    since = learnt_by(model).taught_to
    raise GateError(nothing_new("few", settings.output.language, champion=number, n=n, least=least, since=since))


def _comparison(model: LeadModel, number: int, unseen: Unseen, trial: Trial, settings: Settings) -> Comparison:
    """The trial beside the champion; a recalibration changes neither the order of leads nor their reasons."""
    at, frame, rows = trial.at, unseen.frame.iloc[trial.at], unseen.rows.iloc[trial.at]
    champion = model.calibration(unseen.margins.margin[at])
    old, new = unseen.promises(at, champion), unseen.promises(at, trial.propensity)
    share = share_handed_over(model, frame, champion, old.w)
    chosen, certificate = settings.retrain, settings.certificate
    pairs = paired(
        old,
        new,
        share,
        confidence=chosen.confidence,
        n_bootstrap=settings.model.bootstrap,
        seed=settings.model.seed,
    )
    return Comparison(
        champion=number,
        as_of=int(rows["cutoff"].min()),
        first_cutoff=int(rows["cutoff"].min()),
        last_cutoff=int(rows["cutoff"].max()),
        n_rows=len(rows),
        n_leads=old.n_leads,
        n_won=old.n_won,
        share=share,
        pairs=pairs,
        deployed=pairs,
        segments=by_segment(old, new, model.segments_of(frame), certificate.tolerance, certificate.confidence),
        stability=Stability(1.0, 1.0, 1.0, share),
        leading={},
        leaders=(),
    )


def _keep(
    workspace: Workspace,
    registry: Registry,
    model: LeadModel,
    average: float,
    compared: Compared,
    settings: Settings,
    opened: Opened,
) -> tuple[Version, Path]:
    language = settings.output.language
    versions = registry.versions()
    number = versions[0].number + 1
    comparison, against = compared.comparison, compared.against
    card = write_card(number, model, comparison, average, against, language)
    page = render(number, model, comparison, average, against, language)
    calibration = model.calibration
    version = registry.save(
        model.dump(),
        parameters={name: str(getattr(calibration, name)) for name in "abc"},
        figures={f"tamis.{name}": pair.challenger for name, pair in comparison.pairs.items()},
        artifacts={"report.html": page, "comparison.json": json.dumps(comparison.to_dict(), indent=1)},
        card=card,
        lineage={
            "source": opened.stamp,
            "extracted_at": iso(opened.tables.extracted_at),
            "parent": str(comparison.champion),
        },
        tags={"gates": told(against), "kind": "recalibration", **tags_of(compared)},
    )
    name = f"model-{version.number}.{language}"
    write_text(workspace.reports / f"{name}.md", card)
    return version, write_text(workspace.reports / f"{name}.html", page)
