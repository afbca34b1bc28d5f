"""How a night's look shows in the terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape

from features.language import Language, number, percent
from models.realised import Realised
from pipeline.language import fixed, moment
from pipeline.views import plain_table
from pipeline.words import say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pipeline.monitor import Watched

MOST_REASONS = 10


def monitor_views(watched: "Watched", result: Mapping[str, Any], language: Language) -> list["RenderableType"]:
    """Show a night: what is expected, what became of old scores, what comes first, every alarm with its action."""
    found = watched.run
    head = plain_table()
    head.add_row(say("run", language), found.run_id)
    head.add_row(say("cutoff", language), moment(found.manifest["cutoff"], language))
    head.add_row(say("leads_scored", language), fixed(found.manifest["n_leads"], language))
    expected = watched.expected
    if np.isfinite(expected.auc):
        words = {
            name: fixed(getattr(expected, key), language, 2)
            for name, key in (("auc", "auc"), ("low", "auc_low"), ("high", "auc_high"))
        }
        told = say("expected_told", language).format(n=number(round(expected.n_won), language), **words)
        head.add_row(say("expected", language), told)
    views: list[RenderableType] = [head, ""]
    if watched.realised is not None:
        views += [f"[bold]{say('realised', language)}[/]", _realised(watched.realised, language), ""]
    table = plain_table("", "")
    table.columns[0].justify = "right"
    for reason, share in named_shares(result["first_reasons"], language)[:MOST_REASONS]:
        table.add_row(percent(round(share, 3), language), escape(reason))
    views += [f"[bold]{say('first_reasons', language)}[/]", table, ""]
    for alarm in result["alarms"]:
        told = alarm["told"][language]
        views += [f"[yellow]![/] {escape(told['what'])}", f"  [dim]{escape(told['cause'])} {escape(told['action'])}[/]"]
    return views if result["alarms"] else [*views, f"[green]{say('no_alarm', language)}[/]"]


def named_shares(first: Sequence[Mapping[str, Any]], language: Language) -> list[tuple[str, float]]:
    """Shares of leads by the name of their first reason, the largest first: features of one name are one to a reader.

    Examples
    --------
    >>> first = [{"en": "Source", "share": 0.4}, {"en": "Size", "share": 0.3}, {"en": "Size", "share": 0.2}]
    >>> named_shares(first, "en")
    [('Size', 0.5), ('Source', 0.4)]
    """
    shares: dict[str, float] = {}
    for reason in first:
        shares[reason[language]] = shares.get(reason[language], 0.0) + reason["share"]
    return sorted(shares.items(), key=lambda item: -item[1])


def _realised(found: Realised, language: Language) -> "RenderableType":
    table = plain_table(*(say(name, language) for name in ("band", "leads", "promised", "conversion")), "")
    for one in found.bands:
        low, high = (percent(round(one[name], 3), language) for name in ("low", "high"))
        promised, happened = (percent(round(one[name], 3), language) for name in ("promised", "happened"))
        mark = "[yellow]![/] " if one["off"] else ""
        table.add_row(mark + one["band"], fixed(one["n_leads"], language), promised, happened, f"{low} – {high}")
    return table
