"""The dossier as plain text, short enough for a field or a note of a CRM: what sales gets at the passage."""

from features.language import Language, percent
from pipeline.language import day, moment, whole_lines
from pipeline.report.dossier import Dossier
from pipeline.report.words import say

MOST_REASONS = 3
MOST_QUESTIONS = 5
MOST_EVENTS = 5


def handover_note(dossier: Dossier, language: Language, longest: int) -> str:
    """Write what sales needs for the first contact; no line begins with what a spreadsheet takes for a formula.

    Parameters
    ----------
    dossier : Dossier
        Of a lead that was handed over.
    language : {"en", "fr"}
    longest : int
        Characters that the field takes; whole lines are left out from the end.

    Returns
    -------
    str
        Due time, status and rule, chance or rank, reasons for and against, questions still open, latest events. Who the
        person is stands in the CRM and is not repeated.
    """
    row = dossier.row
    lines = []
    if row["due_at"] is not None:
        lines.append(say("note_contact", language, at=moment(row["due_at"], language, dossier.zone)))
    lines += [text for text in (dossier.status(language), _chance(dossier, language)) if text]
    up, down = ([r.text for r in dossier.reasons if (r.points > 0) == is_up] for is_up in (True, False))
    lines += _listed(say("note_for", language), up[:MOST_REASONS], language)
    lines += _listed(say("note_against", language), down[:MOST_REASONS], language)
    lines += _listed(say("note_ask", language), list((dossier.questions or ())[:MOST_QUESTIONS]), language)
    happened = [f"{day(at, language, dossier.zone)} {text}" for at, text in (dossier.timeline or ())[:MOST_EVENTS]]
    lines += _listed(say("note_events", language), happened, language)
    return whole_lines(lines, longest)


def _chance(dossier: Dossier, language: Language) -> str:
    band = f"{say('band', language)} {dossier.row['band']}"
    if not dossier.certified:
        return f"{band}, {dossier.place(language)}"
    days = dossier.horizon_days
    within = say("chance_within", language, days=days) if days else say("chance_won", language)
    return f"{band}, {percent(dossier.row['propensity'], language)} {within}"


def _listed(title: str, items: list[str], language: Language) -> list[str]:
    colon = "\u00a0:" if language == "fr" else ":"
    return [f"{title}{colon}", *(f"• {item}" for item in items)] if items else []
