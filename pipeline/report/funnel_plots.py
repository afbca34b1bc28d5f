"""The plots of the funnel report."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from features.language import Language
from models.funnel import STEPS
from pipeline.report.plots import COLOURS, formatter, svg
from pipeline.report.words import say

Row = Mapping[str, Any]


def cohorts(steps: Sequence[Row], language: Language) -> str:
    """Share that passes each step against the cohort, one panel a step; cohorts that are too young are left open."""
    figure = Figure(figsize=(9.6, 4.6), layout="constrained")
    names = sorted({one["name"] for one in steps})
    grid = figure.subplots(2, 3, sharex=True)
    for axes, (source, target) in zip(grid.flat, STEPS, strict=False):
        rows = {one["name"]: one for one in steps if (one["source"], one["target"]) == (source, target)}
        known = [k for k, name in enumerate(names) if name in rows and rows[name]["share"] is not None]
        _interval(axes, known, [rows[names[k]] for k in known], sideways=False)
        axes.set_title(
            f"{say('stage_' + source, language)} → {say('stage_' + target, language)}", fontsize=10, loc="left"
        )
        axes.yaxis.set_major_formatter(formatter(language, shares=True))
        axes.set_ylim(bottom=0)
        axes.set_xlim(-0.5, len(names) - 0.5)
        every = max(1, len(names) // 4)
        axes.set_xticks(range(0, len(names), every), names[::every], fontsize=8)
        axes.tick_params(labelbottom=True)
    for axes in list(grid.flat)[len(STEPS) :]:
        axes.set_axis_off()
    return svg(figure, say("plot_steps", language))


def bars(rows: Sequence[tuple[str, Row]], title: str, language: Language) -> str:
    """Shares with their intervals, one line a name, the largest first."""
    known = sorted((row for row in rows if row[1]["share"] is not None), key=lambda row: row[1]["share"])
    figure = Figure(figsize=(6.2, 0.9 + 0.3 * max(len(known), 1)), layout="constrained")
    axes = figure.add_subplot()
    _interval(axes, list(range(len(known))), [one for _, one in known], sideways=True)
    axes.set_yticks(range(len(known)), [name for name, _ in known])
    axes.xaxis.set_major_formatter(formatter(language, shares=True))
    axes.set_xlim(left=0)
    return svg(figure, title)


def _interval(axes: Axes, places: Sequence[int], rows: Sequence[Row], *, sideways: bool) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    values = [row["share"] for row in rows]
    spread = [
        [max(0.0, row["share"] - row["low"]) for row in rows],
        [max(0.0, row["high"] - row["share"]) for row in rows],
    ]
    look: dict[str, Any] = {"color": COLOURS["tamis"], "marker": "o", "markersize": 4, "capsize": 2, "linestyle": ""}
    if sideways:
        axes.errorbar(values, places, xerr=spread, **look)
    else:
        axes.errorbar(places, values, yerr=spread, **look)
