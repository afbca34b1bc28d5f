"""How results look in the terminal, in the language of the settings."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from features.language import Language, percent
from pipeline.language import day, fixed, moment, points
from pipeline.words import say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pipeline.score_runs import ScoreRun


def plain_table(*headings: str) -> Table:
    """A table without frame, and without a heading line where there are no headings."""
    return Table(*headings, box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(headings))


def score_views(result: "ScoreRun", hottest: Sequence[Mapping[str, Any]], language: Language) -> list["RenderableType"]:
    """Show what a score run did and its hottest leads."""
    manifest = result.manifest
    bands = ", ".join(f"{letter} {fixed(n, language)}" for letter, n in manifest["bands"].items())
    decided = ", ".join(f"{say(name, language)} {fixed(n, language)}" for name, n in manifest["decisions"].items())
    head = plain_table()
    head.add_row(say("run", language), manifest["run_id"])
    head.add_row(say("cutoff", language), moment(manifest["cutoff"], language))
    head.add_row(say("leads_scored", language), fixed(manifest["n_leads"], language))
    head.add_row(say("bands", language), bands)
    head.add_row(say("decisions", language), decided)
    for name in manifest["missing_features"]:
        head.add_row("[yellow]![/]", say("missing_column", language).format(name=escape(name)))
    head.add_row(say("rows_in", language), escape(str(result.path)))
    return [head, "", f"[bold]{say('hottest', language)}[/]", hottest_table(hottest, language)]


def hottest_table(rows: Sequence[Mapping[str, Any]], language: Language) -> Table:
    """Leads with their propensity, band and reasons."""
    table = plain_table(
        say("lead", language), say("propensity", language), say("band", language), say("reasons", language)
    )
    for row in rows:
        up = [reason for reason in row["reasons"] if reason["points"] > 0]
        reasons = "\n".join(f"{points(reason['points'], language):>6}  {escape(reason['text'])}" for reason in up)
        table.add_row(escape(row["lead_id"]), f"[bold]{percent(row['propensity'], language)}[/]", row["band"], reasons)
    return table


def dossier_views(dossier: Any, language: Language) -> list["RenderableType"]:
    """Show the dossier of one lead."""
    row = dossier.row
    head = plain_table()
    head.add_row(say("lead", language), f"[bold]{escape(row['lead_id'])}[/]")
    head.add_row(say("propensity", language), f"[bold]{percent(row['propensity'], language)}[/]")
    head.add_row(say("band", language), row["band"] + _measured(dossier.band_measured, language))
    least = row["threshold"]
    shown = say("no_threshold", language) if least is None else percent(least, language)
    head.add_row(
        say("decision", language),
        f"{say(row['decision'], language)} ({say('threshold', language).lower()} {shown})",
    )
    if row["due_at"] is not None:
        head.add_row(say("due", language), moment(row["due_at"], language))
    head.add_row(
        say("scored", language),
        f"{day(dossier.scored_at, language)}, {say('model', language)} {dossier.model_version}",
    )
    return [head, "", f"[bold]{say('from_average', language)}[/]", waterfall_table(dossier, language)]


def _measured(measured: Mapping[str, Any] | None, language: Language) -> str:
    if not measured or measured["n"] < 30:
        return ""
    rate = percent(measured["conversion"], language)
    return f"  ({say('band_measured', language).format(n=fixed(measured['n'], language), rate=rate)})"


def waterfall_table(dossier: Any, language: Language) -> Table:
    """From the average lead to this one, fact by fact, and by family."""
    row = dossier.row
    table = plain_table("", "", "")
    table.columns[0].justify = "right"
    table.add_row(percent(row["reference_propensity"], language), say("average_lead", language), "")
    for reason in dossier.reasons:
        colour = "green" if reason["points"] > 0 else "red"
        move = f"[{colour}]{points(reason['points'], language)}[/]"
        table.add_row(move, escape(reason["text"]), f"[dim]{say(reason['family'], language)}[/]")
    table.add_row(points(dossier.others, language), say("other_reasons", language), "")
    table.add_row(f"[bold]{percent(row['propensity'], language)}[/]", f"[bold]{say('this_lead', language)}[/]", "")
    table.add_row("", "", "")
    for family in ("fit", "engagement", "intent"):
        table.add_row(points(row[f"{family}_points"], language), say(family, language), "")
    return table
