"""How the decision of a model looks in the terminal: its bands, its points grids, what more would bring."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from features.language import Language, percent
from pipeline.decision_words import decision_sentences
from pipeline.grid_words import verdict_sentences
from pipeline.language import fixed, signed
from pipeline.views import plain_table
from pipeline.words import say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pipeline.report.training import TrainingFacts


def threshold_views(facts: "TrainingFacts", language: Language) -> list["RenderableType"]:
    """Show the bands with what they converted at, the swap sets, and what else the decision could bring."""
    decision = facts.evidence["decision"]
    sentences = [escape(sentence) for sentence in decision_sentences(decision, language, facts.currency)]
    grids = [
        sentence
        for grid in facts.evidence["points_grids"]
        for sentence in (_swapped(grid, language), *map(escape, verdict_sentences(grid, facts.schema, language)))
        if sentence
    ]
    return [_bands(facts.evidence["deployed"]["bands"], language), "", *grids, *sentences]


def _bands(bands: Mapping[str, Any], language: Language) -> Table:
    table = plain_table(*(say(name, language) for name in ("band", "from_share", "leads", "conversion")), "")
    for letter, measured in bands["measured"].items():
        least = "" if letter == "D" else percent(bands[letter.lower()], language)
        rate, low, high = (measured[key] for key in ("conversion", "low", "high"))
        known = rate is not None
        table.add_row(
            letter,
            least,
            fixed(measured["n"], language),
            percent(rate, language) if known else "–",
            f"{percent(low, language)} – {percent(high, language)}" if known else "",
        )
    return table


def _swapped(grid: Mapping[str, Any], language: Language) -> str:
    swap = grid["swap_set"]
    if not swap or not swap["n_selected"]:
        return ""
    wins = swap["wins"]
    return say("swapped", language).format(
        grid=say(f"grid_{grid['name']}", language),
        n=fixed(swap["n_selected"], language),
        ours=fixed(wins["model"], language),
        theirs=fixed(wins["points"], language),
        low=signed(wins["difference"]["low"], language),
        high=signed(wins["difference"]["high"], language),
    )
