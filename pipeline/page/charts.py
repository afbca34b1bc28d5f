"""The charts of the page: inline SVG in the colours of the page's style, each beside a table of its numbers."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from features.language import Language, percent
from models.certificate import allowed
from pipeline.page.page_words import say

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 460, 300, 52, 40, 10, 24
INNER_WIDTH, INNER_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
RATES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
LINES = ("tamis", "points", "logistic")
Point = tuple[float, float]


def gain(curves: Mapping[str, Sequence[Mapping[str, float]]], language: Language) -> str:
    """Share of deals found against share of leads called: ours, the points grid and a regression.

    Parameters
    ----------
    curves : mapping of str to sequence of mapping
        ``share`` and ``gain`` of each system, 0 to 1.
    language : {"en", "fr"}
        Of its words.

    Returns
    -------
    str
        One ``svg`` element.
    """
    drawn = _axes([(x, percent(x, language)) for x in SHARES], SHARES, language, "gain")
    drawn.append(f'<path class="guide" d="{_path([(0, 0), (1, 1)])}"/>')
    shown = [name for name in LINES if name in curves]
    for name in reversed(shown):
        line = [(row["share"], row["gain"]) for row in curves[name]]
        drawn.append(f'<path class="line {name}" d="{_path([(0.0, 0.0), *line])}"/>')
    for k, name in enumerate(shown):
        y = TOP + INNER_HEIGHT - 14 - 18 * (len(shown) - 1 - k)
        drawn.append(f'<path class="line {name}" d="M{WIDTH - 180} {y}h22"/>')
        drawn.append(f'<text x="{WIDTH - 150}" y="{y + 4}">{escape(say(name, language))}</text>')
    return _svg("".join(drawn), say("gain", language))


def reliability(bins: Sequence[Mapping[str, Any]], tolerance: float, language: Language) -> str:
    """Share won against propensity with intervals, what the tolerance allows shaded, bins proven off crossed.

    Parameters
    ----------
    bins : sequence of mapping
        ``stated``, ``observed``, ``low``, ``high``, ``off``.
    tolerance : float
        Of the certificate.
    language : {"en", "fr"}
        Of its words.

    Returns
    -------
    str
        One ``svg`` element, on a scale of square roots: most leads are promised little.
    """
    top = min(max(max(row["high"], row["stated"]) for row in bins) * 1.05, 1.0)

    def place(value: float) -> float:
        return float((min(max(value, 0.0), top) / top) ** 0.5)

    ticks = [rate for rate in RATES if rate <= top and (rate == 0 or rate >= top / 60)]
    drawn = _axes([(place(x), percent(x, language)) for x in ticks], [place(y) for y in ticks], language, "reliability")
    grid = [top * (k / 40) ** 2 for k in range(41)]
    edges = [allowed(x, tolerance) for x in grid]
    band = [(place(x), place(low)) for x, (low, _) in zip(grid, edges, strict=True)]
    band += reversed([(place(x), place(high)) for x, (_, high) in zip(grid, edges, strict=True)])
    drawn.append(f'<path class="band" d="{_path(band)}Z"/><path class="guide" d="{_path([(0, 0), (1, 1)])}"/>')
    for row in bins:
        x, (low, y, high) = place(row["stated"]), (place(row[name]) for name in ("low", "observed", "high"))
        drawn.append(f'<path class="bar" d="{_path([(x, low), (x, high)])}"/>')
        left, up = _at(x, y)
        drawn.append(f'<circle class="{"off" if row["off"] else "dot"}" cx="{left}" cy="{up}" r="4"/>')
        if row["off"]:
            drawn.append(f'<path class="cross" d="M{left - 7} {up - 7}l14 14m0 -14l-14 14"/>')
    return _svg("".join(drawn), say("reliability", language))


def trail(values: Sequence[float], name: str) -> str:
    """A small line of values from old to new above zero, the last one marked."""
    width, height, low, high = 300, 44, 0.0, max(values)
    span = (high - low) or 1.0
    step = (width - 12) / max(len(values) - 1, 1)
    spots = [(6 + k * step, 6 + (height - 12) * (1 - (value - low) / span)) for k, value in enumerate(values)]
    line = " ".join(f"{'L' if k else 'M'}{x:.1f} {y:.1f}" for k, (x, y) in enumerate(spots))
    x, y = spots[-1]
    return (
        f'<svg class="trail" role="img" aria-label="{escape(name)}" viewBox="0 0 {width} {height}">'
        f'<path class="line tamis" d="{line}"/><circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/></svg>'
    )


def _axes(along: Sequence[tuple[float, str]], up: Sequence[float], language: Language, name: str) -> list[str]:
    """Ticks of both axes, which have the same words, and the names of the axes."""
    drawn = []
    for (x, text), y in zip(along, up, strict=True):
        left, above = _at(x, y)
        drawn.append(f'<path class="grid" d="M{LEFT} {above}H{WIDTH - RIGHT}"/>')
        drawn.append(f'<text x="{left}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(text)}</text>')
        drawn.append(f'<text x="{LEFT - 6}" y="{above + 4}" text-anchor="end">{escape(text)}</text>')
    middle = LEFT + INNER_WIDTH / 2
    x_name, y_name = (escape(say(f"{name}_{axis}", language)) for axis in "xy")
    drawn.append(f'<text class="name" x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">{x_name}</text>')
    turned = f'transform="translate(11 {TOP + INNER_HEIGHT / 2}) rotate(-90)"'
    drawn.append(f'<text class="name" {turned} text-anchor="middle">{y_name}</text>')
    return drawn


def _at(x: float, y: float) -> Point:
    return round(LEFT + x * INNER_WIDTH, 1), round(TOP + (1 - y) * INNER_HEIGHT, 1)


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{'L' if k else 'M'}{x} {y}" for k, (x, y) in enumerate(_at(*point) for point in points))


def _svg(drawn: str, name: str) -> str:
    return f'<svg class="chart" role="img" aria-label="{escape(name)}" viewBox="0 0 {WIDTH} {HEIGHT}">{drawn}</svg>'
