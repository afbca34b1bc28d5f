"""``tamis explain``: the dossier of one lead, from the newest score run that holds it."""

import difflib
from pathlib import Path
from typing import Any

from features.errors import UseError
from features.language import Language
from models.lead_model import LeadModel
from pipeline.console import Console
from pipeline.destination import check_destination
from pipeline.dossier_views import dossier_views
from pipeline.dossiers import dossiers
from pipeline.report.dossier import Dossier, render
from pipeline.score_runs import ScoreRun, newest, published
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.tracking import Registry
from pipeline.workspace import Workspace, write_text


def run(root: Path, lead_id: str, *, language: str | None, html: Path | None, console: Console) -> None:
    """Show a dossier, and write it where asked.

    Raises
    ------
    UseError
        No score run, an unknown lead or language.
    """
    settings, workspace = load(root), Workspace(root)
    chosen = chosen_language(language, settings)
    if html is not None:
        check_destination("--html", html, workspace, settings, endings=(".html",))
    result = dossier(workspace, settings, lead_id, chosen)
    if html is not None:
        write_text(html, render(result, chosen))
    console.show({**result.to_dict(), "html": str(html) if html else None}, *dossier_views(result, chosen))


def chosen_language(asked: str | None, settings: Settings) -> Language:
    """The language that was asked for, else that of the settings.

    Raises
    ------
    UseError
        Neither en nor fr.
    """
    if asked is None:
        return settings.output.language
    if asked == "en":
        return "en"
    if asked == "fr":
        return "fr"
    raise UseError(f"--lang: expected en or fr, found {asked!r}.")


def dossier(workspace: Workspace, settings: Settings, lead_id: str, language: Language) -> Dossier:
    """Explain a lead as it was scored, whatever happened since.

    Raises
    ------
    UseError
        No score run yet, or none that holds this lead.
    DataError
        The model in the registry no longer gives the propensity that was published.
    """
    found, row = _find(workspace, lead_id)
    _, files = Registry(workspace, settings.registry).load(row["model_version"])
    earlier = newest(workspace, "portfolio", before=found.manifest["cutoff"])
    return dossiers(workspace, settings, found, [row], LeadModel.load(files), language, earlier=earlier)[0]


def _find(workspace: Workspace, lead_id: str) -> tuple[ScoreRun, dict[str, Any]]:
    """The newest run that holds a lead, and its row there."""
    runs = published(workspace)
    if not runs:
        raise UseError("There is no score run yet. Run 'tamis score' first.")
    for run_ in runs:
        if lead_id in run_.opted_out():
            raise UseError(
                f"Lead {lead_id!r} asked not to be contacted: it is not scored and has no dossier. "
                f"What was decided before stays: tamis decisions {lead_id}"
            )
        if row := run_.lead(lead_id):
            return run_, row
    known = runs[0].rows(["lead_id"]).column(0).to_pylist()
    near = difflib.get_close_matches(lead_id, known[:50_000], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UseError(
        f"Lead {lead_id!r} is in no score run: expected a lead that was open when it was scored.{hint} "
        "A lead that is won, lost or new since has no score."
    )
