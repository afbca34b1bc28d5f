"""What the evidence says of segments: which differ from the whole, by how much, and why others do not."""

from collections.abc import Sequence
from dataclasses import replace

from features.language import Language, number, percent
from models.evidence import Evidence, Note
from models.pooling import FEWEST_LEADS, SegmentChoice

LANGUAGES: tuple[Language, Language] = ("en", "fr")
_WORDS = {
    "empty": (
        "Segment {name}: no lead that was learnt from fulfils its filters; check their values.",
        "Segment {name} : aucun lead de l'apprentissage ne remplit ses filtres ; vérifiez leurs valeurs.",
    ),
    "too_few": (
        "Segment {name}: {leads} leads, {won} won: too few to differ from the whole; the model of all leads is used.",
        "Segment {name} : {leads} leads, dont {won} gagnés. C'est trop peu pour le distinguer de l'ensemble : le "
        "modèle de tous les leads s'applique.",
    ),
    "like_all": (
        "Segment {name}: {leads} leads, {won} won: nothing shows that it differs from the whole (log loss {own} with a "
        "correction of its own, {whole} without, on {unseen} unseen leads); the model of all leads is used.",
        "Segment {name} : {leads} leads, dont {won} gagnés. Rien ne montre qu'il diffère de l'ensemble (log loss de "
        "{own} avec une correction propre, de {whole} sans, sur {unseen} leads jamais vus) : le modèle de tous les "
        "leads s'applique.",
    ),
    "own": (
        "Segment {name}: {leads} leads, {won} won. It differs from the whole: {share} of its own correction is added "
        "to the model of all leads (log loss {own} instead of {whole} on {unseen} unseen leads, chance ± {noise}).",
        "Segment {name} : {leads} leads, dont {won} gagnés. Il diffère de l'ensemble : {share} de sa propre correction "
        "s'ajoute au modèle de tous les leads (log loss de {own} au lieu de {whole} sur {unseen} leads jamais vus, "
        "hasard ± {noise}).",
    ),
}


def segments_told(evidence: Evidence, choices: Sequence[SegmentChoice]) -> Evidence:
    """Add what was done for each segment to the evidence, as figures and as notes.

    Parameters
    ----------
    evidence : Evidence
        Of the training.
    choices : sequence of SegmentChoice
        Empty where no segments are set: then the evidence stays as it is.

    Returns
    -------
    Evidence
    """
    if not choices:
        return evidence
    deployed = {**evidence.deployed, "segments": [choice.to_dict() for choice in choices]}
    return replace(evidence, deployed=deployed, notes=[*evidence.notes, *(note_of(choice) for choice in choices)])


def note_of(choice: SegmentChoice) -> Note:
    """Say what was done for a segment, and why.

    Parameters
    ----------
    choice : SegmentChoice
        With its figures.

    Returns
    -------
    Note
        ``segment_empty``, ``segment_too_few``, ``segment_like_all`` or ``segment_own``.

    Examples
    --------
    >>> note_of(SegmentChoice("outbound", 412, 8)).en
    'Segment outbound: 412 leads, 8 won: too few to differ from the whole; the model of all leads is used.'
    >>> own = SegmentChoice("outbound", 3012, 290, "trees", 0.75, 1400, 0.3612, 0.3401, 0.0042)
    >>> note_of(own).en
    'Segment outbound: 3,012 leads, 290 won. It differs from the whole: 75% of its own correction is added to the model
    of all leads (log loss 0.3401 instead of 0.3612 on 1,400 unseen leads, chance ± 0.0042).'
    """
    few = min(choice.n_won, choice.n_leads - choice.n_won) < FEWEST_LEADS
    if not choice.n_leads:
        code = "empty"
    elif choice.used != "all":
        code = "own"
    elif few or not choice.n_unseen or choice.own < choice.whole:
        code = "too_few"
    else:
        code = "like_all"
    return Note(f"segment_{code}", *(_filled(code, choice, language) for language in LANGUAGES))


def _filled(code: str, choice: SegmentChoice, language: Language) -> str:
    losses = {name: f"{getattr(choice, name):.4f}" for name in ("own", "whole", "noise")}
    if language == "fr":
        losses = {name: loss.replace(".", ",") for name, loss in losses.items()}
    return _WORDS[code][LANGUAGES.index(language)].format(
        name=choice.name,
        leads=number(choice.n_leads, language),
        won=number(choice.n_won, language),
        unseen=number(choice.n_unseen, language),
        share=percent(choice.share, language),
        **losses,
    )
