"""The way from the typical lead to this one as an SVG: legible in print, and told to a screen reader."""

import textwrap
from collections.abc import Sequence
from html import escape

from features.language import Language, colon, percent
from pipeline.language import points, strength
from pipeline.report.words import say

WIDTH, LABEL, VALUE = 760, 390, 64
LINE, GAP, CHARACTERS = 15, 11, 60
TYPICAL, UP, DOWN, THIS = "#8b9692", "#0b5d4e", "#b3402e", "#1c2321"
# A page with its own colours finds each bar by its class.
CLASSES = {TYPICAL: "typical", UP: "rise", THIS: "this"}


def waterfall(
    start: float, moves: Sequence[tuple[str, float]], end: float, language: Language, *, certified: bool = True
) -> str:
    """Draw the moves from one propensity to another.

    Parameters
    ----------
    start, end : float
        Propensity of the typical lead and of this one, 0 to 1.
    moves : sequence of (str, float)
        Words and percentage points; they lead from ``start`` to ``end``.
    language : {"en", "fr"}
        Of the words around them.
    certified : bool
        Whether percentages and points may be written; else signs say how hard each fact pushes.

    Returns
    -------
    str
        One ``svg`` element; its description says all that it shows. A fall is hatched, so that it is told from a rise
        without colours.
    """
    levels = [100 * start]
    for _, move in moves:
        levels.append(levels[-1] + move)
    low, high = min([0.0, *levels]), max(levels)
    strongest = max((abs(move) for _, move in moves), default=0.0)

    def share(value: float) -> str:
        return percent(round(value, 3), language) if certified else ""

    scale = (WIDTH - LABEL - VALUE) / ((high - low) or 1.0)
    bars = [(say("typical", language), 0.0, 100 * start, TYPICAL, share(start))]
    for (text, move), before in zip(moves, levels, strict=False):
        written = points(move, language) if certified else strength(move, strongest)
        bars.append((text, before, before + move, UP if move >= 0 else "url(#fall)", written))
    bars.append((say("this_lead", language), 0.0, 100 * end, THIS, share(end)))
    drawn, y = [], 4
    for text, left, right, fill, value in bars:
        lines = textwrap.wrap(text, CHARACTERS, max_lines=2, placeholder="…") or [""]
        height = LINE * len(lines)
        x, width = LABEL + (min(left, right) - low) * scale, max(abs(right - left) * scale, 1.5)
        words = "".join(
            f'<text x="{LABEL - 10}" y="{y + LINE * k + 12}" text-anchor="end">{escape(line)}</text>'
            for k, line in enumerate(lines)
        )
        middle = y + height / 2
        drawn.append(
            f'{words}<rect x="{x:.1f}" y="{middle - 7:.1f}" width="{width:.1f}" height="14" rx="2" fill="{fill}" '
            f'class="{CLASSES.get(fill, "drop")}"/>'
            f'<text x="{x + width + 6:.1f}" y="{middle + 4.5:.1f}">{escape(value)}</text>'
        )
        y += height + GAP
    told = "; ".join(colon(text, value, language) if value else text for text, _, _, _, value in bars)
    name = escape(say("waterfall" if certified else "waterfall_rank", language))
    return (
        f'<svg role="img" class="waterfall" aria-label="{name}" aria-describedby="way-told" viewBox="0 0 {WIDTH} {y}" '
        f'font-size="12.5" font-family="system-ui, sans-serif" fill="{THIS}"><desc id="way-told">{escape(told)}</desc>'
        f'<defs><pattern id="fall" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="5" height="5" fill="{DOWN}" fill-opacity=".25"/><rect width="2.5" height="5" fill="{DOWN}"/>'
        f"</pattern></defs>{''.join(drawn)}</svg>"
    )
