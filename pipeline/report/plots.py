"""The plots of the reports: inline SVG, legible in print, the same bytes on every run."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from features.language import Language, number, percent
from models.certificate import allowed
from pipeline.report.words import say

COLOURS = {
    "tamis": "#0b5d4e",
    "logistic": "#8a6d1d",
    "points": "#b3402e",
    "naive_bayes": "#6b5b95",
    "constant": "#888888",
}
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
STYLE: Any = {"svg.hashsalt": "tamis", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}
PANELS = ("precision", "recall", "value_per_lead", "per_week")
TICKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
Curve = Sequence[Mapping[str, float]]


def gain(curves: Mapping[str, Curve], language: Language) -> str:
    """Share of deals found against share of leads called, one line a system."""
    figure, axes = _figure()
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linestyle=":", label=say("random", language))
    for system in reversed([name for name in COLOURS if name in curves and name != "constant"]):
        curve = curves[system]
        width = 2.4 if system == "tamis" else 1.2
        xs, ys = [row["share"] for row in curve], [row["gain"] for row in curve]
        axes.plot(xs, ys, color=COLOURS[system], linewidth=width, label=say(system, language))
    _label(axes, language, "gain")
    axes.legend(frameon=False, loc="lower right")
    return svg(figure, say("gain", language))


def reliability(bins: Curve, tolerance: float, language: Language) -> str:
    """Share won against propensity, with intervals; what the tolerance allows is shaded, bins proven off are red."""
    figure, axes = _figure()
    top = min(max(max(row["high"], row["stated"]) for row in bins) * 1.05, 1.0)
    line = [top * k / 100 for k in range(101)]
    low, high = zip(*(allowed(x, tolerance) for x in line), strict=True)
    axes.fill_between(line, low, high, color=COLOURS["tamis"], alpha=0.1, linewidth=0)
    axes.plot([0, top], [0, top], color="#bbbbbb", linestyle=":", label=say("perfect", language))
    xs, ys = [row["stated"] for row in bins], [row["observed"] for row in bins]
    spread = [
        [max(0.0, row["observed"] - row["low"]) for row in bins],
        [max(0.0, row["high"] - row["observed"]) for row in bins],
    ]
    axes.errorbar(xs, ys, yerr=spread, color=COLOURS["tamis"], marker="o", markersize=4, capsize=2)
    off = [(row["stated"], row["observed"]) for row in bins if row["off"]]
    axes.plot([x for x, _ in off], [y for _, y in off], color=COLOURS["points"], marker="o", linestyle="", zorder=3)
    _label(axes, language, "reliability")
    # Most leads are promised little: on a scale of square roots their bins stand apart, and right is still a diagonal.
    ticks = [tick for tick in RATES if top / 50 <= tick <= top]
    for axis, set_scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
        formatter = axis.get_major_formatter()
        set_scale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0.0)), np.square))
        axis.set_ticks(ticks)
        axis.set_major_formatter(formatter)
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    return svg(figure, say("reliability", language))


def threshold_curve(choice: Mapping[str, Any], language: Language, currency: str) -> str:
    """Conversion, share of the deals, leads a week and value per lead against the threshold; the chosen one marked."""
    curve, chosen = choice["curve"], choice["threshold"]
    figure = Figure(figsize=(9.6, 5.2), layout="constrained")
    shown = [name for name in PANELS if curve[0][name] is not None]
    grid = figure.subplots(2, 2, sharex=True)
    xs = [row["threshold"] for row in curve]
    for axes, name in zip(grid.flat, shown, strict=False):
        axes.spines[["top", "right"]].set_visible(False)
        ys = [row[name] for row in curve]
        axes.plot(xs, ys, color=COLOURS["tamis"], linewidth=1.8)
        if name == "value_per_lead":
            axes.axhline(0, color="#bbbbbb", linewidth=0.8)
        if chosen is not None:
            axes.axvline(chosen, color=COLOURS["points"], linestyle=":", linewidth=1.2)
            at = min(range(len(xs)), key=lambda k: abs(xs[k] - chosen))
            axes.plot([xs[at]], [ys[at]], marker="o", color=COLOURS["points"])
        axes.set_title(say(f"threshold_{name}", language, currency=currency), fontsize=10, loc="left")
        axes.yaxis.set_major_formatter(formatter(language, shares=name in ("precision", "recall")))
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    # Most leads have a small propensity: on a linear scale their part of the curve would be a wall.
    grid[0, 0].set_xscale("log")
    grid[0, 0].xaxis.set_major_locator(FixedLocator([at for at in TICKS if min(xs) <= at <= max(xs)]))
    grid[0, 0].xaxis.set_minor_locator(NullLocator())
    grid[0, 0].xaxis.set_major_formatter(formatter(language, shares=True))
    for axes in grid[1]:
        axes.set_xlabel(say("threshold_x" if choice["own"] is None else "threshold_x_own", language))
    return svg(figure, say("threshold", language))


def formatter(language: Language, *, shares: bool) -> FuncFormatter:
    """Write the ticks of an axis as shares or as numbers."""
    return FuncFormatter(lambda value, _: percent(value, language) if shares else number(value, language))


def _figure() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.2, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _label(axes: Axes, language: Language, name: str) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(formatter(language, shares=True))
    axes.set_xlabel(say(f"{name}_x", language))
    axes.set_ylabel(say(f"{name}_y", language))


def svg(figure: Figure, title: str) -> str:
    """Draw a figure as one ``svg`` element that a screen reader can name."""
    buffer = io.StringIO()
    canvas: Any = FigureCanvasSVG(figure)
    with rc_context(STYLE):
        # `savefig` would lay everything out twice: for any format, and again for this one.
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    body = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return body.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
