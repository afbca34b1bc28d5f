"""The report of a training: the evidence of one model, for a manager first and a data scientist below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from features.language import Language, percent
from features.matrix import MatrixSchema
from features.words import label
from models.certificate import Certificate
from models.certificate_words import sentence
from models.rivals import Comparison
from models.threshold import ThresholdChoice
from pipeline.decision_words import decision_sentences
from pipeline.grid_words import verdict_sentences
from pipeline.language import fixed, signed
from pipeline.report.templates import environment
from pipeline.report.words import say
from pipeline.retrain_words import comparison_told
from pipeline.views import pushes, standing

FIGURES = ("log_loss", "brier", "auc", "ece", "lift10")
SYSTEMS = ("tamis", "logistic", "naive_bayes", "points", "constant")
TOP_FACTS = 15
# What these notes say, a gate that refused says too, and better.
NOTES_OF_GATES = ("no_signal", "not_better_than_constant", "no_threshold")


@dataclass(frozen=True)
class TrainingFacts:
    """All that the report of a training shows.

    Attributes
    ----------
    version : str
        Number in the registry.
    trained_at : int
        UTC seconds.
    horizon_days : int
        What is predicted.
    evidence : mapping
        `models.evidence.Evidence.to_dict`.
    schema : MatrixSchema
        Columns of the model, with their words.
    gates : sequence of str
        Sentences of the gates that refused; empty when all passed.
    maturity : sequence of mapping
        ``cohort``, ``n``, ``n_won``, ``is_mature``, ``matures_at`` (UTC seconds).
    tables : mapping of str to mapping
        Rows ``read``, ``kept`` and ``quarantined`` by table.
    hottest : sequence of mapping
        Score rows, best first; empty before the first score run.
    truth : mapping of str to float, optional
        ``ece`` and ``rank`` against a simulator's truth.
    currency : str
        Of amounts.
    comparison : Comparison, optional
        Beside the champion.
    against : sequence of str
        Sentences of the comparison that speak against a promotion.
    """

    version: str
    trained_at: int
    horizon_days: int
    evidence: Mapping[str, Any]
    schema: MatrixSchema
    gates: Sequence[str] = ()
    maturity: Sequence[Mapping[str, Any]] = ()
    tables: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    hottest: Sequence[Mapping[str, Any]] = ()
    truth: Mapping[str, float] | None = None
    currency: str = "EUR"
    comparison: Comparison | None = None
    against: Sequence[str] = ()

    @property
    def certificate(self) -> Certificate:
        """Whether percentages came true."""
        return Certificate.from_dict(self.evidence["certificate"])

    def certificates(self, language: Language) -> list[str]:
        """The certificate in words, one sentence for the whole and for each segment."""
        certificate = self.certificate
        return [sentence(certificate, language, segment) for segment in certificate.verdicts]

    def notes(self, language: Language) -> list[str]:
        """What to read first: the gates that refused, then the notes of the evidence, nothing said twice."""
        notes = [
            note[language] for note in self.evidence["notes"] if not (self.gates and note["code"] in NOTES_OF_GATES)
        ]
        return [*self.gates, *self.against, *notes]

    def told(self, language: Language) -> dict[str, Any] | None:
        """The comparison with the champion in words; None where there was none."""
        if self.comparison is None:
            return None
        return comparison_told(self.comparison, language, self.schema.features)


def draw(facts: TrainingFacts, language: Language) -> dict[str, str]:
    """Draw the plots of the evidence.

    Returns
    -------
    dict of str to str
        ``gain``, ``threshold``, ``reliability`` and, for each segment, ``reliability_1`` ... as SVG.
    """
    from pipeline.report import plots  # noqa: PLC0415 (matplotlib: seconds, and the page draws by itself)

    evidence, choice = facts.evidence, facts.evidence["deployed"]["threshold"]
    certificate = facts.certificate
    diagrams = [plots.reliability(v.bins, certificate.tolerance, language) for v in certificate.verdicts.values()]
    return {
        "gain": plots.gain(evidence["gain_curves"], language),
        "threshold": plots.threshold_curve(choice, language, facts.currency),
        **{f"reliability{f'_{k}' if k else ''}": diagram for k, diagram in enumerate(diagrams)},
    }


def render(facts: TrainingFacts, language: Language, drawn: Mapping[str, str]) -> str:
    """Write the report as one self-contained HTML page.

    Parameters
    ----------
    facts : TrainingFacts
        What it shows.
    language : {"en", "fr"}
        Its words.
    drawn : mapping of str to str
        From `draw`.

    Returns
    -------
    str
        HTML without any outside reference.
    """
    evidence = facts.evidence
    return (
        environment(language)
        .get_template("training.html.jinja")
        .render(
            facts=facts,
            evidence=evidence,
            figures=_figures(evidence["figures"], language),
            names=FIGURES,
            notes=facts.notes(language),
            certificate=facts.certificate,
            certificates=list(zip(facts.certificate.verdicts, facts.certificates(language), strict=True)),
            standing=lambda row: standing(row, language),
            pushes=lambda row, reason: pushes(row, reason, language),
            share_handed_over=ThresholdChoice.from_dict(evidence["deployed"]["threshold"]).share,
            drawn={name: Markup(plot) for name, plot in drawn.items()},  # noqa: S704 (our own SVG)
            swap=swap_in_short(evidence["swap_set"]),
            decision=decision_sentences(evidence["decision"], language, facts.currency),
            verdicts=[
                sentence
                for grid in evidence["points_grids"]
                for sentence in verdict_sentences(grid, facts.schema, language)
            ],
            grids=[_grid(grid, language) for grid in evidence["points_grids"] if grid["swap_set"]],
            top=top_facts(facts, language),
            told=facts.told(language),
            slices=slice_rows(evidence["slices"], language),
        )
    )


def _figures(figures: Mapping[str, Any], language: Language) -> list[tuple[str, list[tuple[str, str]]]]:
    """Rows of the comparison: the system, then each figure with its interval."""
    rows = []
    for system in (name for name in SYSTEMS if name in figures):
        cells = []
        for name in FIGURES:
            digits = 2 if name == "lift10" else 3 if name == "auc" else 4
            value, low, high = (figures[system][name][key] for key in ("value", "low", "high"))
            shown = "–" if value is None else fixed(value, language, digits)
            interval = "" if low is None else f"[{fixed(low, language, digits)}; {fixed(high, language, digits)}]"
            cells.append((shown, interval))
        rows.append((system, cells))
    return rows


def swap_in_short(swap_set: Mapping[str, Any] | None) -> dict[str, float]:
    """Deals won at equal volume, by the model and by the points grid."""
    if not swap_set or not swap_set["n_selected"]:
        return {}
    wins = swap_set["wins"]
    gap = wins["difference"]
    return {"ours": wins["model"], "theirs": wins["points"], "low": gap["low"], "high": gap["high"]}


def _grid(grid: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """A points grid, its conversion, ours at equal volume and the difference in deals: what is shown, and interval."""
    swap = grid["swap_set"]
    cells = [("0", "")] + [("–", "")] * 3
    if swap["n_selected"]:
        gap = swap["wins"]["difference"]
        cells = [
            (fixed(swap["n_selected"], language), ""),
            *(_rate(swap[name], language) for name in ("points", "model")),
            (signed(gap["value"], language), f"[{signed(gap['low'], language)}; {signed(gap['high'], language)}]"),
        ]
    return {**grid, "cells": cells}


def _rate(group: Mapping[str, Any], language: Language) -> tuple[str, str]:
    conversion, low, high = (percent(group[key], language) for key in ("conversion", "low", "high"))
    return conversion, f"[{low}; {high}]"


def slice_rows(slices: Sequence[Mapping[str, Any]], language: Language) -> dict[str, Any] | None:
    """Titles and rows of what the model does by size, region and channel; None where no column tells."""
    if not slices:
        return None
    titles = ("slice", "leads", "promised", "happened", "interval", "share_handed", "share_found", "verdict")
    rows = []
    for part in slices:
        promised, happened, low, high, handed = (
            percent(round(part[name], 3), language) for name in ("promised", "happened", "low", "high", "handed_over")
        )
        name = part["name"] or say("slice_unknown", language)
        found = "–" if part["found"] is None else percent(round(part["found"], 2), language)
        verdict = say(f"word_{part['word']}", language)
        leads = fixed(part["n_leads"], language)
        kind = say(f"slice_{part['by']}", language)
        rows.append((f"{kind}: {name}", leads, promised, happened, f"{low} – {high}", handed, found, verdict))
    return {"titles": [say(title, language) for title in titles], "rows": rows}


def top_facts(facts: TrainingFacts, language: Language) -> list[tuple[str, str, float]]:
    """The columns that weigh most in the trees: words, family, share."""
    by_name = {column.feature.name: column.feature for column in facts.schema.columns}
    weights = sorted(facts.evidence["importance"].items(), key=lambda pair: -pair[1])[:TOP_FACTS]
    return [(label(by_name[name], language), by_name[name].family, share) for name, share in weights if share > 0]
