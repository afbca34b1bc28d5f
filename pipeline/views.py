"""How results look in the terminal, in the language of the settings."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from features.language import Language, number, percent
from models.segments import ALL
from pipeline.language import fixed, moment, ordinal, points, strength
from pipeline.policy_words import status
from pipeline.words import say

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from pipeline.score_runs import ScoreRun


def plain_table(*headings: str) -> Table:
    """A table without frame, and without a heading line where there are no headings."""
    return Table(*headings, box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(headings))


def score_views(
    result: "ScoreRun",
    hottest: Sequence[Mapping[str, Any]],
    language: Language,
    *,
    out: "Path | None" = None,
    removed: Sequence[str] = (),
) -> list["RenderableType"]:
    """Show what a score run did and its hottest leads.

    Parameters
    ----------
    out : pathlib.Path, optional
        Where the rows were written too.
    removed : sequence of str
        Runs that made room for this one.
    """
    manifest = result.manifest
    bands = ", ".join(f"{letter} {fixed(n, language)}" for letter, n in manifest["bands"].items())
    decided = ", ".join(f"{say(name, language)} {fixed(n, language)}" for name, n in manifest["decisions"].items())
    head = plain_table()
    head.add_row(say("run", language), manifest["run_id"])
    head.add_row(say("cutoff", language), moment(manifest["cutoff"], language))
    head.add_row(say("leads_scored", language), fixed(manifest["n_leads"], language))
    head.add_row(say("bands", language), bands)
    head.add_row(say("decisions", language), decided)
    head_policy(head, manifest["policy"], language)
    if manifest["exploration"]["n_handed_over"]:
        head.add_row("", _explored(manifest["exploration"], language))
    if owners := manifest["owner_thresholds"]:
        low, high = ("–" if owners[key] is None else percent(owners[key], language) for key in ("low", "high"))
        head.add_row("", say("owner_thresholds", language).format(n=owners["n"], low=low, high=high))
        if owners["few_leads"]:
            head.add_row("[yellow]![/]", say("owners_few", language).format(n=owners["few_leads"]))
    if manifest["scored_by"]:
        made = [
            say("by_all" if name == ALL else "by_segment", language).format(name=name, n=fixed(n, language))
            for name, n in manifest["scored_by"].items()
        ]
        head.add_row(say("scored_by", language), ", ".join(made))
    for name in manifest["missing_features"]:
        head.add_row("[yellow]![/]", say("missing_column", language).format(name=escape(name)))
    for alarm in manifest["alarms"]:
        head.add_row("[yellow]![/]", escape(alarm[language]))
    if not all(manifest["certified"].values()):
        head.add_row("[yellow]![/]", say("not_certified", language))
    head.add_row(say("rows_in", language), escape(str(result.path)))
    if out is not None:
        head.add_row("", escape(str(out)))
    if removed:
        head.add_row(say("removed", language), fixed(len(removed), language))
    return [head, "", f"[bold]{say('hottest', language)}[/]", hottest_table(hottest, language)]


def head_policy(head: Table, told: Mapping[str, Any], language: Language) -> None:
    """What the definition made of the leads, and what stands against it."""
    if told["qualifications"]:
        counts = (f"{status(name, language)} {fixed(n, language)}" for name, n in told["qualifications"].items())
        head.add_row(say("qualified", language), ", ".join(counts))
    if told["n_held_back"]:
        n, wins = fixed(told["n_held_back"], language), fixed(told["wins_held_back"], language, 1)
        head.add_row("", say("held_back", language).format(n=n, wins=wins))
    for name, mark in (("overdue", "[yellow]![/]"), ("opted_out", "")):
        if told[f"n_{name}"]:
            head.add_row(mark, say(name, language).format(n=fixed(told[f"n_{name}"], language)))


def _explored(drawn: Mapping[str, float], language: Language) -> str:
    n, eligible = fixed(drawn["n_handed_over"], language), fixed(drawn["n_eligible"], language)
    return say("explored", language).format(n=n, eligible=eligible, share=number(100 * drawn["share"], language))


def hottest_table(rows: Sequence[Mapping[str, Any]], language: Language) -> Table:
    """Leads with their propensity (their rank where it is not certified), band and reasons."""
    standings = " / ".join(
        say(name, language)
        for name, certified in (("propensity", True), ("rank", False))
        if any(row["certified"] == certified for row in rows)
    )
    table = plain_table(say("lead", language), standings, say("band", language), say("reasons", language))
    for row in rows:
        up = [reason for reason in row["reasons"] if reason["points"] > 0]
        reasons = "\n".join(f"{pushes(row, reason, language):>6}  {escape(reason['text'])}" for reason in up)
        table.add_row(escape(row["lead_id"]), f"[bold]{standing(row, language)}[/]", row["band"], reasons)
    return table


def standing(row: Mapping[str, Any], language: Language) -> str:
    """What people see of a lead's score: its propensity, or its rank where percentages are not certified."""
    return percent(row["propensity"], language) if row["certified"] else ordinal(row["rank"], language)


def pushes(row: Mapping[str, Any], reason: Mapping[str, Any], language: Language) -> str:
    """What people see of a reason's points."""
    if row["certified"]:
        return points(reason["points"], language)
    return strength(reason["points"], max(abs(other["points"]) for other in row["reasons"]))
