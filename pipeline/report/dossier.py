"""The dossier of one lead: who to call, why and by when, on one printable page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from markupsafe import Markup

from features.language import Language, percent
from pipeline.language import points
from pipeline.report.training import environment
from pipeline.report.words import say

BAR = 22
WIDTH, LABEL, VALUE = 760, 400, 70


@dataclass(frozen=True)
class Dossier:
    """What is known about one lead in one score run.

    Attributes
    ----------
    row : mapping
        The score row.
    model_version : str
        Number in the registry.
    scored_at, cutoff : int
        UTC seconds.
    band_measured : mapping, optional
        ``n``, ``conversion``, ``low``, ``high`` of past leads in this band.
    reasons : sequence of mapping
        ``family``, ``points``, ``text``; strongest first.
    others : float
        Points of everything that is not among the reasons.
    """

    row: Mapping[str, Any]
    model_version: str
    scored_at: int
    cutoff: int
    band_measured: Mapping[str, Any] | None
    reasons: Sequence[Mapping[str, Any]]
    others: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **self.row,
            "scored_at": self.scored_at,
            "cutoff": self.cutoff,
            "band_measured": self.band_measured,
            "reasons": list(self.reasons),
            "other_points": self.others,
        }


def render(dossier: Dossier, language: Language) -> str:
    """Write the dossier as one self-contained HTML page."""
    template = environment(language).get_template("dossier.html.jinja")
    return template.render(dossier=dossier, row=dossier.row, waterfall=Markup(waterfall(dossier, language)))  # noqa: S704 (our own SVG)


def steps(dossier: Dossier, language: Language) -> list[tuple[str, float]]:
    """The moves from the average lead to this one: words and points, in the order of the reasons."""
    moves = [(str(reason["text"]), float(reason["points"])) for reason in dossier.reasons]
    return [*moves, (say("others", language), dossier.others)]


def waterfall(dossier: Dossier, language: Language) -> str:
    """Draw the way from the average lead to this one as SVG that a screen reader can name."""
    start, end = 100 * dossier.row["reference_propensity"], 100 * dossier.row["propensity"]
    moves = steps(dossier, language)
    levels = [start]
    for _, move in moves:
        levels.append(levels[-1] + move)
    low, high = min([0.0, *levels]), max(levels)
    scale = (WIDTH - LABEL - VALUE) / ((high - low) or 1.0)

    def bar(line: int, text: str, left: float, right: float, colour: str, value: str) -> str:
        x, y = LABEL + (min(left, right) - low) * scale, line * BAR
        width = max(abs(right - left) * scale, 1.5)
        return (
            f'<text x="{LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(_short(text))}</text>'
            f'<rect x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="{BAR - 8}" fill="{colour}" rx="2"/>'
            f'<text x="{x + width + 5:.1f}" y="{y + 15}">{escape(value)}</text>'
        )

    rows = [bar(0, say("average", language), 0, start, "#8b9692", percent(start / 100, language))]
    for line, ((text, move), before) in enumerate(zip(moves, levels, strict=False), start=1):
        colour = "#0b5d4e" if move >= 0 else "#b3402e"
        rows.append(bar(line, text, before, before + move, colour, points(move, language)))
    rows.append(bar(len(moves) + 1, say("this_lead", language), 0, end, "#1c2321", percent(end / 100, language)))
    height = (len(moves) + 2) * BAR + 4
    return (
        f'<svg role="img" aria-label="{escape(say("waterfall", language))}" viewBox="0 0 {WIDTH} {height}" '
        f'font-size="12" font-family="system-ui, sans-serif">{"".join(rows)}</svg>'
    )


def _short(text: str, most: int = 54) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
