"""What a reader must know first of how a model was made: who was ahead on unseen leads, and what was done about it."""

from collections.abc import Sequence

from features.specification import Feature
from features.words import label
from models.blend import RECENT, SHRUNK, Choice
from models.evidence import Note


def learner_notes(choice: Choice, telling: Sequence[Feature], *, forward: bool) -> list[Note]:
    """Say when logistic regression beats the trees, when it has a share, and which columns tell time.

    Parameters
    ----------
    choice : Choice
        What is used, and why.
    telling : sequence of Feature
        Columns that mostly tell when a lead came.
    forward : bool
        Whether the unseen leads were later than those learnt from.

    Returns
    -------
    list of Note
        ``logistic_ahead``, ``blended``, ``tells_time``; empty when trees are ahead alone and nothing tells time.

    Examples
    --------
    >>> from models.blend import TREES
    >>> notes = learner_notes(Choice(TREES, 0.5, 0.4, 0.45, 0.46, 0.47, 0.1), (), forward=True)
    >>> [note.code for note in notes], notes[0].en
    (['logistic_ahead'], 'On later leads, logistic regression beat the boosted trees (log loss 0.4000 against 0.5000);
    blending them was tried and is not shown to be better (0.4500), so the trees are used alone.')
    """
    notes = []
    losses = [f"{loss:.4f}" for loss in (choice.trees, choice.logistic, choice.best_blend)]
    trees, logistic, blend = losses
    arbres, logistique, ensemble = (loss.replace(".", ",") for loss in losses)
    on = "On later leads" if forward else "On leads not seen in training"
    sur = "Sur des leads plus récents" if forward else "Sur des leads absents de l'apprentissage"
    ahead = choice.logistic < choice.trees
    if ahead and choice.blended:
        en = (
            f"{on}, logistic regression beat the boosted trees (log loss {logistic} against {trees}): "
            f"the model blends both, half and half ({blend})."
        )
        fr = (
            f"{sur}, la régression logistique bat les arbres (log loss {logistique} contre {arbres}) : "
            f"le modèle mêle les deux à parts égales ({ensemble})."
        )
    elif ahead:
        en = (
            f"{on}, logistic regression beat the boosted trees (log loss {logistic} against {trees}); "
            f"blending them was tried and is not shown to be better ({blend}), so the trees are used alone."
        )
        fr = (
            f"{sur}, la régression logistique bat les arbres (log loss {logistique} contre {arbres}) ; "
            f"leur mélange, essayé, ne fait pas nettement mieux ({ensemble}) : les arbres sont utilisés seuls."
        )
    else:
        en = (
            f"{on}, boosted trees and logistic regression blended half and half beat the trees alone "
            f"(log loss {blend} against {trees}): the model blends both."
        )
        fr = (
            f"{sur}, un mélange à parts égales d'arbres et de régression logistique bat les arbres seuls "
            f"(log loss {ensemble} contre {arbres}) : le modèle mêle les deux."
        )
    if choice.mix == RECENT:
        en += " To its regression recent leads count more: half as much for each quarter of the time covered before."
        fr += (
            " Pour sa régression, les leads récents comptent davantage : deux fois moins à chaque quart de la période "
            "en remontant."
        )
    if choice.mix == SHRUNK:
        en += " Its regression is a cautious one: no column counts for much unless a great many leads say so."
        fr += " Sa régression est prudente : une colonne n'y pèse lourd que si de très nombreux leads le confirment."
    if ahead or choice.blended:
        notes.append(Note("logistic_ahead" if ahead else "blended", en, fr))
    if telling:
        notes.append(_tells_time(telling, blended=choice.blended))
    return notes


def _tells_time(telling: Sequence[Feature], *, blended: bool) -> Note:
    en = ", ".join(label(feature, "en") for feature in telling)
    fr = ", ".join(label(feature, "fr") for feature in telling)
    done_en = (
        "The regression's half of the score follows them beyond what was seen, within limits."
        if blended
        else "Letting a regression follow them beyond what was seen is not shown to help: they are used as they are."
    )
    done_fr = (
        "La moitié du score qui vient de la régression les suit au-delà de ce qui a été vu, avec des limites."
        if blended
        else "Les faire suivre par une régression au-delà de ce qui a été vu n'aide pas nettement : "
        "elles servent telles quelles."
    )
    return Note(
        "tells_time",
        f"These columns mostly tell when a lead came, not who it is: {en}. {done_en}",
        f"Ces colonnes disent surtout quand un lead est arrivé, pas qui il est : {fr}. {done_fr}",
    )
