"""The model card: what a model is for, what it was made of, how good it is and what it cannot know."""

from collections.abc import Sequence

from features.language import Language, percent
from pipeline.language import day, fixed
from pipeline.report.training import FIGURES, SYSTEMS, TrainingFacts, slice_rows
from pipeline.report.words import say

USE = {
    "en": (
        "Ranks open B2B leads by their probability to be won within {horizon} days and says why. Not for decisions "
        "about persons without a human, nor for other markets than the one it learnt from."
    ),
    "fr": (
        "Classe les leads B2B ouverts selon leur probabilité d'être gagnés dans les {horizon} jours et dit pourquoi. "
        "Ni pour décider d'une personne sans humain, ni pour un autre marché que celui où il a appris."
    ),
}
HEADINGS = {"en": ("Intended use", "Data", "Evidence"), "fr": ("Usage prévu", "Données", "Preuves")}


def write(facts: TrainingFacts, language: Language) -> str:
    """Write the card as Markdown.

    Returns
    -------
    str
        Intended use, data and periods, figures beside the baselines, notes, parts by size, region
        and channel, the comparison with the champion, limits.
    """
    use, data, proof = HEADINGS[language]
    evidence, deployed = facts.evidence, facts.evidence["deployed"]
    lines = [
        f"# {say('title', language, version=facts.version)}",
        say("subtitle", language, on=day(facts.trained_at, language), horizon=facts.horizon_days),
        f"## {use}",
        USE[language].format(horizon=facts.horizon_days),
        f"## {data}",
        f"{say('rows', language)}: {fixed(deployed['n_rows'], language)} · {say('leads', language)}: "
        f"{fixed(deployed['n_leads'], language)} · {say('won', language)}: {fixed(deployed['n_won'], language)}",
        *[
            f"- {say(period['name'], language)}: {fixed(period['n_rows'], language)}, "
            f"{say('base_rate', language).lower()} {percent(period['base_rate'], language)}"
            for period in evidence["periods"]
        ],
        f"## {proof}",
        "| | " + " | ".join(say(name, language) for name in FIGURES) + " |",
        "|---" * (len(FIGURES) + 1) + "|",
        *[_row(facts, system, language) for system in SYSTEMS if system in evidence["figures"]],
        *[f"- {sentence}" for sentence in (*facts.certificates(language), *facts.notes(language))],
        *_slices(facts, language),
        *_comparison(facts, language),
        f"## {say('limits', language)}",
        say("limits_text", language),
    ]
    return "\n\n".join(lines).replace("|\n\n|", "|\n|")


def _slices(facts: TrainingFacts, language: Language) -> list[str]:
    found = slice_rows(facts.evidence["slices"], language)
    return [] if found is None else [f"## {say('slices', language)}", say("slices_hint", language), *_table(**found)]


def _comparison(facts: TrainingFacts, language: Language) -> list[str]:
    told = facts.told(language)
    if told is None:
        return []
    rows = [(name, *cells) for name, cells in told["rows"]]
    table = _table(titles=["", *told["titles"]], rows=rows)
    return [f"## {say('versus_champion', language)}", told["on"], *table, *told["sentences"]]


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|", *(f"| {' | '.join(cells)} |" for cells in rows)]


def _row(facts: TrainingFacts, system: str, language: Language) -> str:
    values = (facts.evidence["figures"][system][name]["value"] for name in FIGURES)
    cells = " | ".join("–" if value is None else fixed(value, language, 4) for value in values)
    return f"| {say(system, language)} | {cells} |"
