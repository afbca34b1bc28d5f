"""The report and the card of a recalibration: what it was made of, and how it fared beside its parent."""

from markupsafe import Markup

from features.language import Language, percent
from models.certificate_words import sentence
from models.lead_model import LeadModel
from models.rivals import Comparison
from pipeline.language import day, fixed
from pipeline.report import plots
from pipeline.report.templates import environment
from pipeline.report.words import say
from pipeline.retrain_words import HEADINGS, MADE, RULE, TITLE, comparison_rows, comparison_told, on_which_rows


def sentences(
    model: LeadModel, comparison: Comparison, parent_average: float, against: tuple[str, ...], language: Language
) -> list[str]:
    """What a reader must know, the most important first."""
    facts = model.metadata["recalibrated"]
    made = MADE[language].format(
        parent=facts["parent"],
        on=day(facts["at"], language),
        n=fixed(facts["n_rows"], language),
        won=fixed(facts["n_won"], language),
        last=day(facts["taught_to"], language),
    )
    least = model.threshold.threshold
    rule = RULE[language].format(
        old=percent(parent_average, language),
        new=percent(model.reference.propensity, language),
        threshold="–" if least is None else percent(least, language),
    )
    judged = [] if model.certificate is None else [sentence(model.certificate, language)]
    return [*against, made, rule, *judged, on_which_rows(comparison, language)]


def render(
    number: int,
    model: LeadModel,
    comparison: Comparison,
    parent_average: float,
    against: tuple[str, ...],
    language: Language,
) -> str:
    """Write the report as one self-contained HTML page."""
    certificate = model.certificate
    diagram = ""
    if certificate is not None:
        diagram = plots.reliability(certificate.verdict().bins, certificate.tolerance, language)
    return (
        environment(language)
        .get_template("recalibration.html.jinja")
        .render(
            title=TITLE[language].format(number=number, parent=comparison.champion),
            sentences=sentences(model, comparison, parent_average, against, language),
            refused=bool(against),
            told=comparison_told(comparison, language),
            diagram=Markup(diagram),  # noqa: S704 (our own SVG)
        )
    )


def write_card(
    number: int,
    model: LeadModel,
    comparison: Comparison,
    parent_average: float,
    against: tuple[str, ...],
    language: Language,
) -> str:
    """Write the model card as Markdown."""
    told = [f"- {text}" for text in sentences(model, comparison, parent_average, against, language)]
    titles = [
        HEADINGS[name][language].format(champion=comparison.champion)
        for name in ("champion", "challenger", "difference")
    ]
    rows = [f"| {name} | {' | '.join(cells)} |" for name, cells in comparison_rows(comparison, language)]
    return "\n".join(
        [
            f"# {TITLE[language].format(number=number, parent=comparison.champion)}",
            "",
            *told,
            "",
            f"| | {' | '.join(titles)} |",
            "|---" * 4 + "|",
            *rows,
            "",
            f"## {say('limits', language)}",
            "",
            say("limits_text", language),
            "",
        ]
    )
