"""How results look in the terminal, in the language of the settings."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from features.language import Language, percent
from models.segments import ALL
from pipeline.language import fixed, moment, points
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
    if manifest["segments"]:
        made = [
            say("by_all" if name == ALL else "by_segment", language).format(name=name, n=fixed(n, language))
            for name, n in manifest["segments"].items()
        ]
        head.add_row(say("scored_by", language), ", ".join(made))
    for name in manifest["missing_features"]:
        head.add_row("[yellow]![/]", say("missing_column", language).format(name=escape(name)))
    for alarm in manifest["alarms"]:
        head.add_row("[yellow]![/]", escape(alarm[language]))
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
