"""How a dossier looks in the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from features.language import Language, percent
from models.reasons import Reason
from pipeline.language import day, fixed, moment
from pipeline.report.dossier import Dossier
from pipeline.report.words import say
from pipeline.views import plain_table

if TYPE_CHECKING:
    from rich.console import RenderableType


def dossier_views(dossier: Dossier, language: Language) -> list["RenderableType"]:
    """Show the dossier of one lead: who and how likely, why, what changed, what to ask, what happened."""
    shown: list[RenderableType] = [_head(dossier, language)]
    up, down = ([r for r in dossier.reasons if (r.points > 0) == is_up] for is_up in (True, False))
    hint = say("points_hint" if dossier.certified else "strength_hint", language)
    shown += _titled(say("for", language), f"[dim]{hint}[/]", _facts(dossier, up, language))
    shown += _titled(say("against", language), _facts(dossier, down, language))
    shown += _moves(dossier, language)
    if dossier.who is None:
        shown += ["", escape(say("no_history", language))]
    else:
        asked = [f"- {escape(question)}" for question in dossier.questions or ()]
        shown += _titled(say("ask", language), *(asked or [say("asked", language)]))
        shown += _titled(say("timeline", language), _timeline(dossier, language))
    way = say("waterfall" if dossier.certified else "waterfall_rank", language)
    return [*shown, *_titled(way, _way(dossier, language))]


def _titled(title: str, *content: "RenderableType") -> list["RenderableType"]:
    return ["", f"[bold]{title}[/]", *content]


def _head(dossier: Dossier, language: Language) -> Table:
    row, head = dossier.row, plain_table()
    head.add_row(say("lead", language), f"[bold]{escape(row['lead_id'])}[/]")
    for name, value in dossier.contact(language):
        head.add_row(name, escape(value))
    if dossier.opted_out:
        head.add_row("[red]![/]", f"[bold red]{say('opted_out', language)}[/]")
    days = dossier.horizon_days
    within = say("chance_within", language, days=days) if days else say("chance_won", language)
    if dossier.certified:
        head.add_row(say("chance", language), f"[bold]{percent(row['propensity'], language)}[/] {within}")
    else:
        head.add_row(say("rank", language), f"[bold]{dossier.place(language)}[/]")
    head.add_row(say("band", language), row["band"] + _measured(dossier, language))
    head.add_row(say("decision", language), say(row["decision"], language) + _limit(dossier, language))
    if qualified := dossier.status(language):
        head.add_row(say("qualified", language), escape(qualified))
    if dossier.explored(language):
        head.add_row("", f"[yellow]{escape(dossier.explored(language))}[/]")
    if dossier.amount is not None:
        head.add_row(say("amount", language), escape(dossier.worth(language)))
    if row["due_at"] is not None:
        late = f"  [bold red]{say('overdue', language)}[/]" if dossier.is_overdue else ""
        head.add_row(say("due", language), moment(row["due_at"], language, dossier.zone) + late)
    on, cutoff = (day(at, language, dossier.zone) for at in (dossier.scored_at, dossier.cutoff))
    head.add_row("", f"[dim]{say('scored', language, on=on, version=dossier.model_version, cutoff=cutoff)}[/]")
    if not dossier.certified:
        head.add_row("", f"[dim]{say('not_certified', language)}[/]")
    if dossier.has_segments:
        head.add_row("", f"[dim]{dossier.made_by(language)}[/]")
    return head


def _limit(dossier: Dossier, language: Language) -> str:
    least = dossier.row["threshold"]
    if least is None:
        return f" ({say('no_threshold', language)})"
    return f" ({say('threshold_at', language, threshold=percent(least, language))})" if dossier.certified else ""


def _measured(dossier: Dossier, language: Language) -> str:
    measured = dossier.band_measured
    if measured is None or not dossier.is_band_known:
        return ""
    n, rate = fixed(measured["n"], language), percent(measured["conversion"], language)
    return f"  ({say('band_measured', language, n=n, band=dossier.row['band'], rate=rate).rstrip('.')})"


def _facts(dossier: Dossier, reasons: Sequence[Reason], language: Language) -> Table:
    table = plain_table("", "", "")
    table.columns[0].justify = "right"
    for reason in reasons:
        colour = "green" if reason.points > 0 else "red"
        text = escape(reason.text) + (f"\n[dim]{escape(reason.evidence)}[/]" if reason.evidence else "")
        table.add_row(
            f"[{colour}]{dossier.pushes(reason.points, language)}[/]",
            text,
            f"[dim]{say('family_' + reason.family, language)}[/]",
        )
    if not reasons:
        table.add_row("", say("nothing", language), "")
    return table


def _moves(dossier: Dossier, language: Language) -> list["RenderableType"]:
    if dossier.moves is None:
        return []
    since, moves = dossier.moves
    before, now = percent(moves.propensity, language), percent(dossier.row["propensity"], language)
    table = plain_table("", "")
    table.columns[0].justify = "right"
    for fact in moves.facts:
        table.add_row(dossier.pushes(fact.points, language), escape(fact.text))
    for name, value in (("other_moves", moves.others), ("model_moved", moves.model_points)):
        if abs(value) >= 0.05:
            table.add_row(dossier.pushes(value, language), say(name, language))
    told = "moved" if dossier.certified else "moved_rank"
    title = say(told, language, on=day(since, language, dossier.zone), before=before, now=now)
    return _titled(title, table if table.rows else say("unchanged", language))


def _timeline(dossier: Dossier, language: Language) -> Table:
    table = plain_table("", "")
    for at, text in dossier.timeline or ():
        table.add_row(day(at, language, dossier.zone), escape(text))
    if not dossier.timeline:
        table.add_row("", say("no_timeline", language))
    return table


def _way(dossier: Dossier, language: Language) -> Table:
    """From the typical lead to this one by family, and what is not among the reasons."""
    row, table = dossier.row, plain_table("", "")
    table.columns[0].justify = "right"
    typical, this = (
        percent(row[name], language) if dossier.certified else "" for name in ("reference_propensity", "propensity")
    )
    table.add_row(typical, say("typical", language))
    for family in ("fit", "engagement", "intent"):
        table.add_row(dossier.family(family, language), say("family_" + family, language))
    table.add_row(f"[bold]{this}[/]", f"[bold]{say('this_lead', language)}[/]")
    return table
