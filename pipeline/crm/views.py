"""How a push looks in the terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from features.language import Language
from pipeline.crm.fields import Field
from pipeline.crm.words import say
from pipeline.language import fixed
from pipeline.views import plain_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pipeline.crm.push import Pushed

SHOWN = 10
ORDER = (
    *("ok", "pending", "already", "older", "missing", "override", "opted_out", "closed", "merged"),
    *("edited", "rejected", "invalid", "unknown"),
)


def push_views(pushed: "Pushed", fields: Sequence[Field], language: Language) -> list["RenderableType"]:
    """Show counts, the first changes of a dry run, and the first leads that were not written."""
    head = plain_table("", "")
    head.columns[1].justify = "right"
    head.add_row(say("compared", language), fixed(pushed.tally.compared, language))
    if pushed.mode != "rollback":
        head.add_row(say("unchanged", language), fixed(pushed.tally.unchanged, language))
    states = {**pushed.states, "older": pushed.states.get("older", 0) + pushed.tally.older}
    for state in ORDER:
        if states.get(state):
            head.add_row(say(state, language), fixed(states[state], language))
    if pushed.tally.moved:
        head.add_row(say("bands_changed", language), fixed(pushed.tally.moved, language))
    views: list[RenderableType] = [f"[bold]{say(pushed.mode, language)}[/]  {escape(pushed.score_run)}", head]
    if pushed.changes:
        views += ["", _changes(pushed.changes[:SHOWN], fields, language), *_more(len(pushed.changes), language)]
    if pushed.refused:
        table = plain_table(say("lead", language), "", say("why", language))
        for row in pushed.refused[:SHOWN]:
            table.add_row(escape(row["lead_id"]), say(row["state"], language), escape(row["message"]))
        views += ["", table, *_more(len(pushed.refused), language)]
    return views


def prepare_views(made: Sequence[str], language: Language) -> list["RenderableType"]:
    """Show which fields were created."""
    if not made:
        return [say("nothing_to_create", language)]
    return [escape(say("created", language).format(names=", ".join(made)))]


def _changes(rows: Sequence[Mapping[str, Any]], fields: Sequence[Field], language: Language) -> "RenderableType":
    table = plain_table(*(say(name, language) for name in ("lead", "field", "before", "after")))
    stamps = {one.theirs for one in fields if one.is_stamp}
    for row in rows:
        lead = escape(row["lead_id"])
        for theirs, after in row["after"].items():
            before = (row["before"] or {}).get(theirs)
            if theirs not in stamps and before != after:
                table.add_row(lead, escape(theirs), _cell(before, language), _cell(after, language))
                lead = ""
    return table


def _cell(value: Any, language: Language) -> str:
    if value is None:
        return f"[dim]{say('nothing', language)}[/]"
    return escape(str(value))


def _more(n: int, language: Language) -> list["RenderableType"]:
    return [say("more", language).format(n=fixed(n - SHOWN, language))] if n > SHOWN else []
