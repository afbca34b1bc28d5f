"""What cannot be known of leads that nobody worked, in sentences: the evidence says it with its numbers."""

from collections.abc import Callable, Mapping
from typing import Any

from features.language import Language, number, percent
from models.contacted import ENOUGH_LEADS
from models.evidence import Note

# Of the conversion of explored leads; from there on leads left aside are not won by accident: somebody works them.
MANY_WON = 0.1
# Mean propensity over mean truth below the threshold: `python -m benchmarks.exploration --companies 3 --leads 350`.
MEASURED = {"without": 0.13, "small": 0.81, "larger": 0.95}
LOUD = frozenset({"closed_loop", "left_aside_won", "too_few_explored"})


def unknown(facts: Mapping[str, Any]) -> list[Note]:
    """Say what the outcomes of leads tell and what they do not.

    Parameters
    ----------
    facts : mapping
        From `models.contacted.weigh`; empty where no score run was ever in force.

    Returns
    -------
    list of Note
        ``chosen_by_people``, ``explored`` or ``too_few_explored``, ``closed_loop`` or ``closed_aside``,
        ``left_aside_won`` or ``left_aside_few_won``, ``contacted_anyway``, ``spared``: those that apply. `LOUD` ones are to be read first.

    Examples
    --------
    >>> [note.code for note in unknown({})]
    ['chosen_by_people']
    """
    if not facts:
        return [_before(None)]
    by_kind, notes = facts["by_kind"], []
    if by_kind["before"]["n_rows"]:
        notes.append(_before(by_kind["before"]["n_rows"]))
    closed, drawing = by_kind["closed"]["n_rows"], by_kind["explored"]["n_rows"] + by_kind["left_aside"]["n_rows"] > 0
    if closed and facts["corrects"]:
        notes.append(_closed_aside(closed))
    elif closed and not drawing:
        notes.append(_closed(facts, closed))
    if drawing:
        notes.append(_explored(facts) if facts["corrects"] else _too_few(by_kind["explored"]["n_leads"]))
    left = by_kind["left_aside"]
    if left["n_won"]:
        many = left["n_won"] >= MANY_WON * (facts["conversion"] or 0.0) * left["n_leads"]
        notes.append(_won_anyway(left, "left_aside_won" if many else "left_aside_few_won"))
    if facts["n_contacted_anyway"]:
        notes.append(_contacted_anyway(facts["n_contacted_anyway"]))
    if by_kind["spared"]["n_rows"]:
        notes.append(_spared(by_kind["spared"]["n_rows"]))
    return notes


def _note(code: str, en: str, fr: str, **values: Callable[[Language], str]) -> Note:
    return Note(
        code,
        en.format(**{name: of("en") for name, of in values.items()}),
        fr.format(**{name: of("fr") for name, of in values.items()}),
    )


def _n(value: float) -> Callable[[Language], str]:
    return lambda language: number(round(value), language)


def _share(value: float) -> Callable[[Language], str]:
    return lambda language: percent(value, language)


def _before(n_rows: int | None) -> Note:
    if n_rows is None:
        return _note(
            "chosen_by_people",
            "Every outcome is from before the first score run. People chose whom to work, in a way that nobody wrote "
            "down: what they left aside may have been winnable, and no weight can correct that. "
            "[exploration] in the settings opens a window from now on.",
            "Toutes les issues datent d'avant le premier passage de notation. Des personnes choisissaient les leads à "
            "travailler, sans que ce choix soit noté : ce qui a été laissé de côté était peut-être gagnable, et aucune "
            "pondération ne peut le corriger. [exploration], dans les réglages, y remédie à partir de maintenant.",
        )
    return _note(
        "chosen_by_people",
        "{n} snapshots are of leads that no score run had decided on: people chose whom to work, in a way that nobody "
        "wrote down, and no weight can correct that.",
        "{n} observations portent sur des leads dont aucun passage de notation n'avait décidé : des personnes choisissaient "
        "les leads à travailler, sans que ce choix soit noté, et aucune pondération ne peut le corriger.",
        n=_n(n_rows),
    )


def _closed(facts: Mapping[str, Any], closed: int) -> Note:
    decided = sum(of["n_rows"] for kind, of in facts["by_kind"].items() if kind != "before")
    return _note(
        "closed_loop",
        "The model confirms itself: since the first score run, {share} of the snapshots ({n}) are of leads below the threshold, and sales contacted {worked} of them. What the others would have brought cannot be known; they count as lost, and every retraining learns that again. A share of 0.02 to 0.05 in [exploration] opens the loop: in simulated companies whose market changed, such leads were given {without} of their true propensity without it, {small} with 0.02 and {larger} with 0.05.",
        "Le modèle se donne raison à lui-même : depuis le premier passage de notation, {share} des observations ({n}) portent sur des leads sous le seuil, et les commerciaux en ont contacté {worked}. On ne peut pas savoir ce que les autres auraient donné ; ils comptent comme perdus, et chaque réentraînement le réapprend. Une part (share) de 0.02 à 0.05 dans [exploration] ouvre cette boucle : dans des entreprises simulées dont le marché a changé, ces leads recevaient sans elle {without} de leur vraie probabilité, {small} avec 0.02 et {larger} avec 0.05.",
        share=_share(closed / max(decided, 1)),
        n=_n(closed),
        worked=_n(facts["n_contacted_anyway"]),
        **{name: _share(ratio) for name, ratio in MEASURED.items()},
    )


def _closed_aside(closed: int) -> Note:
    return _note(
        "closed_aside",
        "{n} snapshots of leads below the threshold, from before leads were handed over to learn, say nothing of what "
        "contact brings: they do not teach.",
        "{n} observations de leads sous le seuil, antérieures au tirage au sort, ne disent rien de ce qu'apporte un "
        "contact : elles n'enseignent pas.",
        n=_n(closed),
    )


def _explored(facts: Mapping[str, Any]) -> Note:
    explored, left = facts["by_kind"]["explored"], facts["by_kind"]["left_aside"]
    return _note(
        "explored",
        "{leads} leads below the threshold were drawn at random and handed over to learn: {won} were won ({rate}, 95% interval {low} to {high}). They stand for {left} leads left aside, which do not teach; a snapshot weighs {most} at most, lest a few decide for all, and all together are worth {effective} of equal weight.",
        "{leads} leads sous le seuil ont été tirés au sort et transmis pour apprendre : {won} gagnés ({rate}, intervalle à 95 % de {low} à {high}). Ils comptent pour {left} leads laissés de côté, qui n'enseignent pas ; une observation pèse au plus {most}, pour que quelques-unes ne décident pas de tout, et l'ensemble en vaut {effective} de poids égal.",
        leads=_n(explored["n_leads"]),
        won=_n(explored["n_won"]),
        rate=_share(facts["conversion"]),
        low=_share(facts["low"]),
        high=_share(facts["high"]),
        left=_n(left["n_leads"]),
        most=_n(facts["largest_weight"]),
        effective=_n(facts["n_effective"]),
    )


def _too_few(n_leads: int) -> Note:
    return _note(
        "too_few_explored",
        "{n} leads below the threshold were handed over to learn and have their outcome; from {enough} on they stand for "
        "those left aside. Until then these count as lost, and what they would have brought cannot be known.",
        "{n} leads sous le seuil ont été transmis pour apprendre et ont une issue ; à partir de {enough}, ils compteront "
        "pour ceux laissés de côté. D'ici là ces derniers comptent comme perdus, et on ne peut pas savoir ce qu'ils "
        "auraient donné.",
        n=_n(n_leads),
        enough=_n(ENOUGH_LEADS),
    )


def _won_anyway(left: Mapping[str, int], code: str) -> Note:
    return _note(
        code,
        "{won} of {n} leads that were left aside were won all the same: somebody worked them, so the log of score runs "
        "does not tell who was worked. They do not teach; propensities below the threshold may be too low.",
        "{won} des {n} leads laissés de côté ont été gagnés quand même : quelqu'un les a travaillés, et le journal des "
        "passages ne dit donc pas qui l'a été. Ils n'enseignent pas ; sous le seuil, les probabilités sont peut-être trop "
        "basses.",
        won=_n(left["n_won"]),
        n=_n(left["n_leads"]),
    )


def _contacted_anyway(n_rows: int) -> Note:
    return _note(
        "contacted_anyway",
        "The stages say that sales contacted the leads of {n} snapshots although they were below the threshold and not "
        "drawn. Whom they chose, and with which probability, is not known: the log of score runs counts.",
        "D'après les étapes, les commerciaux ont contacté les leads de {n} observations, pourtant sous le seuil et non "
        "tirés au sort. On ignore lesquels ils choisissent, et avec quelle probabilité : c'est le journal des passages qui "
        "fait foi.",
        n=_n(n_rows),
    )


def _spared(n_rows: int) -> Note:
    return _note(
        "spared",
        "{n} snapshots are of leads that are never drawn (opted out, or band D where it is spared): what contact would "
        "bring there cannot be known.",
        "{n} observations portent sur des leads jamais tirés au sort (contact refusé, ou classe D si elle est "
        "épargnée) : on ne peut pas savoir ce qu'un contact y apporterait.",
        n=_n(n_rows),
    )
