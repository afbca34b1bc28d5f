"""``tamis monitor``: whether the newest score run is worth believing, so far whether its reasons are."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from features.errors import UseError
from features.language import Language, percent
from features.words import label
from models.lead_model import LeadModel
from pipeline.console import Console
from pipeline.language import fixed, moment
from pipeline.score_runs import ScoreRun, newest
from pipeline.settings_file import load
from pipeline.tracking import Registry
from pipeline.views import plain_table
from pipeline.words import say
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_REASONS = 10


def run(root: Path, *, console: Console) -> None:
    """Show how often each reason comes first in the newest run of the open leads, and every alarm.

    Raises
    ------
    UseError
        The open leads were never scored.
    """
    settings, workspace = load(root), Workspace(root)
    found = newest(workspace, "portfolio")
    if found is None:
        raise UseError("There is no score run of the open leads yet. Run 'tamis score' first.")
    _, files = Registry(workspace, settings.registry).load(int(found.manifest["model_version"]))
    names = {feature.code: feature for feature in LeadModel.load(files).features}
    language, n_leads = settings.output.language, found.manifest["n_leads"]
    first = [
        {"code": code, "fact": label(names[code], language), "n_leads": n, "share": n / n_leads}
        for code, n in found.manifest["first_reasons"].items()
    ]
    result = {"run_id": found.run_id, "n_leads": n_leads, "first_reasons": first, "alarms": found.manifest["alarms"]}
    console.show(result, *_views(found, first, language))


def _views(found: ScoreRun, first: list[dict[str, Any]], language: Language) -> list["RenderableType"]:
    head = plain_table()
    head.add_row(say("run", language), found.run_id)
    head.add_row(say("cutoff", language), moment(found.manifest["cutoff"], language))
    head.add_row(say("leads_scored", language), fixed(found.manifest["n_leads"], language))
    table = plain_table("", "")
    table.columns[0].justify = "right"
    for reason in first[:MOST_REASONS]:
        table.add_row(percent(round(reason["share"], 3), language), escape(reason["fact"]))
    alarms: list[RenderableType] = [f"[yellow]![/] {escape(alarm[language])}" for alarm in found.manifest["alarms"]]
    return [
        head,
        "",
        f"[bold]{say('first_reasons', language)}[/]",
        table,
        "",
        *(alarms or [f"[green]{say('no_alarm', language)}[/]"]),
    ]
