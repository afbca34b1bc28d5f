"""``tamis demo``: a company that does not exist, from its CRM tables to the five hottest leads with their reasons."""

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from rich.table import Table
from scipy.stats import spearmanr

from features.errors import GateError, UseError
from features.language import Language
from models.evidence import Evidence
from pipeline.console import Console
from pipeline.decision_settings import Condition
from pipeline.explain import chosen_language
from pipeline.policy_settings import DisqualifyRule
from pipeline.report.training import draw, render
from pipeline.score import HOTTEST, Request, score
from pipeline.settings import LabelName, Settings
from pipeline.settings_file import FILE_NAME
from pipeline.settings_template import render as render_settings
from pipeline.simulator.plan import SimulationPlan
from pipeline.simulator.simulate import simulate
from pipeline.simulator.write import write_tables
from pipeline.telling import hottest
from pipeline.train import train
from pipeline.training_views import training_views
from pipeline.views import plain_table, score_views
from pipeline.workspace import Workspace, write_text

BINS = 10
MARK = Path(".tamis") / "demo"
# What the simulated company calls the columns that the schema does not know.
LABELS: Mapping[str, Mapping[LabelName, str]] = {
    "crm_used": {"en": "CRM in use", "fr": "CRM utilisé"},
    "licences_planned": {"en": "Licences planned", "fr": "Licences envisagées"},
    "region": {"en": "Region", "fr": "Région"},
    "employees_growth": {
        "en": "Growth of staff in a year",
        "fr": "Croissance de l'effectif sur un an",
        "unit": "percent",
    },
    "founded_on": {"en": "Company founded", "fr": "Entreprise créée"},
}
# Whom it wants as customers, and where it sells.
ICP = (Condition(column="employees", at_least=20, at_most=2000),)
TERRITORY = (Condition(column="country", equals=("FR", "BE", "LU")),)
# Who never goes to its sales.
DISQUALIFY = (
    DisqualifyRule(reason="student", column="job_title", contains=("étudiant", "étudiante", "stagiaire", "alternante")),
    DisqualifyRule(reason="out_of_territory", column="country", outside=("FR", "BE", "LU", "CH", "DE")),
)


def run(
    directory: Path,
    *,
    leads: int,
    seed: int,
    force: bool,
    language: str | None,
    now: int,
    console: Console,
    events: float = 15.0,
) -> None:
    """Simulate, train, score, explain and report.

    Raises
    ------
    UseError
        The folder holds something else, or a demo and ``force`` is false.
    GateError
        The model was refused (only with very few leads).
    """
    base = Settings()
    output = base.output.model_copy(update={"language": chosen_language(language, base)})
    _make_room(directory, force=force)
    features = base.features.model_copy(update={"labels": LABELS})
    points = base.points.model_copy(update={"icp": ICP, "territory": TERRITORY})
    policy = base.policy.model_copy(update={"disqualify": DISQUALIFY})
    changed = {"output": output, "features": features, "points": points, "policy": policy}
    settings = base.model_copy(update=changed)
    write_text(directory / MARK, "")
    with console.step("Simulating a company"):
        plan = SimulationPlan(n_leads=leads, events_per_lead=events, seed=seed)
        simulation = simulate(plan)
        write_tables(simulation, directory / "data")
        write_text(directory / FILE_NAME, render_settings(settings))
    workspace = Workspace(directory)
    trained = train(workspace, settings, now=now, by="demo", console=console)
    if trained.facts.gates:
        raise GateError(" ".join(trained.facts.gates))
    result, model = score(workspace, settings, Request(), now=now, console=console)
    best = hottest(result, model, HOTTEST, output.language)
    horizon = settings.snapshots.horizon_days
    test = trained.evidence.test
    truth = against_truth(
        trained.evidence, simulation.truth.propensity(np.array(test["lead_id"]), np.array(test["cutoff"]), horizon)
    )
    facts = dataclasses.replace(trained.facts, hottest=best, truth=truth)
    report = write_text(
        workspace.reports / f"demo.{output.language}.html", render(facts, output.language, draw(facts, output.language))
    )
    summary = {
        "workspace": str(directory),
        "version": trained.version.number,
        "figures": trained.facts.evidence["figures"],
        "truth": truth,
        "run_id": result.run_id,
        "hottest": best,
        "report": str(report),
    }
    console.show(
        summary,
        *training_views(dataclasses.replace(trained, report=report), output.language)[:-1],
        "",
        *score_views(result, best, output.language),
        "",
        _ending(directory, report, best[0]["lead_id"], output.language),
    )


def _make_room(directory: Path, *, force: bool) -> None:
    """Only what a demo made may be replaced, and only when asked."""
    if not directory.exists() or not any(directory.iterdir()):
        return
    ours = (directory / MARK).is_file()
    if not (force and ours):
        hint = "Add --force to replace it" if ours else "Name another folder"
        raise UseError(f"{directory}: expected a new or empty folder, found files. {hint}.")
    # The mark goes last, so that a demo whose removal was interrupted can still be removed.
    shutil.rmtree(directory / "data", ignore_errors=True)
    (directory / FILE_NAME).unlink(missing_ok=True)
    home = (directory / MARK).parent
    for path in home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != MARK.name:
            path.unlink()
    shutil.rmtree(home)


def against_truth(evidence: Evidence, truth: np.ndarray) -> Mapping[str, float]:
    """Compare the propensities of the test period with the true probabilities.

    Parameters
    ----------
    evidence : Evidence
        Its test period.
    truth : ndarray of shape (n,)
        True probability of each of its rows.

    Returns
    -------
    mapping
        ``ece``: mean absolute gap between mean propensity and mean truth in ten bins of equal size; ``rank``:
        Spearman's correlation of propensity and truth.
    """
    table = pd.DataFrame({"stated": evidence.test["propensity"], "true": truth}).sort_values("stated", kind="stable")
    bins = np.arange(len(table)) * BINS // len(table)
    means = table.groupby(bins).mean()
    weight = np.bincount(bins) / len(table)
    gap = float((weight * (means["stated"] - means["true"]).abs()).sum())
    return {"ece": gap, "rank": float(spearmanr(table["stated"], table["true"]).statistic)}


def _ending(directory: Path, report: Path, lead_id: str, language: Language) -> Table:
    table = plain_table()
    words = {
        "en": ("Report", "Why this lead", "All settings"),
        "fr": ("Rapport", "Pourquoi ce lead", "Tous les réglages"),
    }[language]
    table.add_row(words[0], str(report))
    table.add_row(words[1], f"tamis explain {lead_id} --workspace {directory}")
    table.add_row(words[2], str(directory / FILE_NAME))
    return table
