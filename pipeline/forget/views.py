"""How an erasure looks in the terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.markup import escape

from features.language import Language
from pipeline.forget.words import say
from pipeline.language import fixed
from pipeline.views import plain_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pipeline.forget.forget import Forgotten


def forget_views(result: "Forgotten", language: Language) -> list["RenderableType"]:
    """Show what was erased, what is left and where."""
    views: list[RenderableType] = []
    if result.erased:
        views += [f"[bold]{say('would' if result.is_dry else 'erased', language)}[/]", _files(result.erased, language)]
    else:
        views.append(say("nothing_ours", language))
    if result.crm in ("emptied", "missing", "by hand"):
        views.append(say(result.crm, language))
    elif result.crm == "skipped":
        views.append(say("crm_skipped", language))
    if result.left_ours:
        views += [f"[bold]{say('left_ours', language)}[/]", _files(result.left_ours, language)]
    elif not result.is_dry:
        views.append(f"[bold]{say('proven', language)}[/]")
    if result.left_others:
        views += ["", f"[bold]{say('left_others', language)}[/]", _files(result.left_others, language)]
    if result.shared_names:
        views.append(say("shared", language))
    return views


def _files(files: Mapping[str, int], language: Language) -> "RenderableType":
    table = plain_table("", "")
    table.columns[1].justify = "right"
    for name, count in files.items():
        table.add_row(escape(name), say("unreadable", language) if count < 0 else fixed(count, language))
    return table
