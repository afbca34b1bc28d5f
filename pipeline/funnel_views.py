"""How the funnel looks in the terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from features.language import Language, percent
from pipeline.language import day, fixed, money
from pipeline.report.funnel import (
    delay_words,
    late_words,
    look_words,
    named,
    reason_words,
    refusal_table,
    share_words,
    step_words,
    yield_words,
)
from pipeline.report.words import say
from pipeline.settings import Settings
from pipeline.views import plain_table

if TYPE_CHECKING:
    from rich.console import RenderableType

COSTS = ("cost_per_lead", "cost_per_sql", "cost_per_opportunity", "cost_per_won")


def funnel_views(funnel: Mapping[str, Any], language: Language, settings: Settings) -> list["RenderableType"]:
    """Show the funnel of all leads, what stands out, then what passes by cohort and by channel, contact and money."""

    def titled(key: str, *content: "RenderableType") -> list["RenderableType"]:
        return ["", f"[bold]{say(key, language)}[/]", *content]

    on, days = day(funnel["end"] - 1, language), funnel["within_days"]
    head = say("funnel_sub", language, n=fixed(funnel["n_leads"], language), on=on, policy=funnel["policy"], days=days)
    shown: list[RenderableType] = [head, f"[dim]{say('funnel_young', language, days=days)}[/]"]
    shown += titled("funnel_by_all", _steps(funnel, "all", language))
    looks = [f"- {look_words(look, language)}" for look in funnel["looks"]] or [say("no_looks", language)]
    shown += titled("looks", *looks, f"[dim]{say('looks_hint', language)}[/]")
    if funnel["grids"]:
        shown += titled("before_now", *(f"- {yield_words(grid, language)}" for grid in funnel["grids"]))
    for group in ("cohort", "channel", "segment"):
        shown += titled(f"funnel_by_{group}", _matrix(funnel, group, language))
    shown += titled("refusals", _refusals(funnel, language))
    if funnel["contact"]:
        shown += titled("contact", _contact(funnel, language))
        if late := late_words(funnel["lateness"], language):
            shown += [late, f"[dim]{say('late_warning', language)}[/]"]
    if funnel["channels"] and funnel["channels"][0]["cost"] is not None:
        shown += titled("money", _money(funnel, language, settings.output.currency))
    return shown


def _steps(funnel: Mapping[str, Any], group: str, language: Language) -> "RenderableType":
    keys = ("step", "n_from", "n_to", "share_within", "median_days")
    table = plain_table(*(say(key, language) for key in keys))
    for one in funnel["steps"]:
        if one["group"] == group:
            counts = (fixed(one[key], language) for key in ("n", "n_passed"))
            table.add_row(step_words(one, language), *counts, share_words(one, language), delay_words(one, language))
    return table


def _matrix(funnel: Mapping[str, Any], group: str, language: Language) -> "RenderableType":
    """One line a name, one column a step: the share alone, or when it can be known."""
    rows: dict[str, dict[tuple[str, str], Mapping[str, Any]]] = {}
    columns: dict[tuple[str, str], str] = {}
    for one in funnel["steps"]:
        if one["group"] == group and (one["source"] != "lead" or one["target"] in ("mql", "won")):
            columns.setdefault((one["source"], one["target"]), step_words(one, language))
            rows.setdefault(one["name"], {})[one["source"], one["target"]] = one
    table = plain_table("", say("n_from", language), *columns.values())
    for name, of in rows.items():
        cells = ["" if key not in of else _share(of[key], language) for key in columns]
        table.add_row(named(group, name, language), fixed(of["lead", "won"]["n"], language), *cells)
    return table


def _share(one: Mapping[str, Any], language: Language) -> str:
    if one["share"] is not None:
        return percent(one["share"], language)
    return f"[dim]{share_words(one, language)}[/]"


def _refusals(funnel: Mapping[str, Any], language: Language) -> "RenderableType":
    channels, lines = refusal_table(funnel["refusals"])
    if not lines:
        return say("no_refusals", language)
    # Reasons are the columns: their words break into lines, names of channels are long in one.
    table = plain_table(
        say("channel", language), *(reason_words(reason, language) for reason, _ in lines), say("total", language)
    )
    for place, name in enumerate([*channels, None]):
        counts = [of[place] for _, of in lines]
        first = say("total", language) if name is None else named("channel", name, language)
        table.add_row(first, *(fixed(n, language) if n else "" for n in [*counts, sum(counts)]))
    return table


def _contact(funnel: Mapping[str, Any], language: Language) -> "RenderableType":
    table = plain_table(*(say(key, language) for key in ("channel", "n_due", "in_time", "median_hours")))
    for one in funnel["contact"]:
        hours = "–" if one["hours"] is None else fixed(one["hours"], language, 1)
        name = named("channel", one["channel"], language)
        table.add_row(name, fixed(one["n"], language), share_words(one, language), hours)
    return table


def _money(funnel: Mapping[str, Any], language: Language, currency: str) -> "RenderableType":
    table = plain_table(*(say(key, language) for key in ("channel", "n_from", "cost", *COSTS, "return")))
    for one in funnel["channels"]:
        amounts = ("–" if one[key] is None else money(one[key], language, currency) for key in ("cost", *COSTS))
        back = "–" if one["return"] is None else percent(one["return"], language)
        table.add_row(named("channel", one["channel"], language), fixed(one["n"], language), *amounts, back)
    return table
