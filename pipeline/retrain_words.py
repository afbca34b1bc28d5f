"""What a comparison of challenger and champion says, in English and French."""

from collections.abc import Sequence
from typing import Any

from features.language import Language, percent
from features.specification import Feature
from features.words import label
from models.rivals import Comparison, Pair
from pipeline.language import day, fixed, signed

NOTHING_NEW: dict[str, dict[Language, str]] = {
    "few": {
        "en": "Nothing new to compare on: {n} won leads have become known since {since} that champion {champion} has not learnt from, expected at least {least}. Come back later, or train and promote by number.",
        "fr": "Rien de nouveau pour comparer : depuis le {since}, {n} leads gagnés inconnus du champion {champion} ont leur issue, il en faut au moins {least}. Revenez plus tard, ou entraînez et promouvez par numéro.",
    },
    "no_dates": {
        "en": "Nothing to compare on: leads have no dates, so nobody can say which of them champion {champion} has not learnt from. Name their date of creation in the settings, or train and promote by number.",
        "fr": "Comparaison impossible : les leads n'ont pas de date, nul ne peut dire lesquels le champion {champion} n'a pas appris. Indiquez leur date de création dans les réglages, ou entraînez et promouvez par numéro.",
    },
}
REFUSALS: dict[str, dict[Language, str]] = {
    "log_loss": {
        "en": "It cannot be shown to be as good as champion {champion}: log loss {new} against {old} on {n} leads that neither had learnt from, {change} ({low} to {high}); at most {limit} is allowed.",
        "fr": "Rien ne montre qu'il vaut le champion {champion} : log loss de {new} contre {old} sur {n} leads inconnus des deux, {change} (entre {low} et {high}) ; au plus {limit} est admis.",
    },
    "brier": {
        "en": "It cannot be shown to be as good as champion {champion}: Brier score {new} against {old} on {n} leads that neither had learnt from, {change} ({low} to {high}); at most {limit} is allowed.",
        "fr": "Rien ne montre qu'il vaut le champion {champion} : score de Brier de {new} contre {old} sur {n} leads inconnus des deux, {change} (entre {low} et {high}) ; au plus {limit} est admis.",
    },
    "deployed": {
        "en": "Its procedure is as good, but not this model: log loss {new} against {old} of champion {champion} on {n} leads, each by parts of it that have not learnt from it, {change} ({low} to {high}); more than {limit} is too much.",
        "fr": "La méthode vaut l'ancienne, mais pas ce modèle : log loss de {new} contre {old} pour le champion {champion} sur {n} leads, chacun noté par les parties du modèle qui ne l'ont pas appris, {change} (entre {low} et {high}) ; plus de {limit}, c'est trop.",
    },
    "gain": {
        "en": "Sales would miss deals: the best {share} of the leads hold {new} of the wins, with champion {champion} {old} (difference: {low} to {high} points).",
        "fr": "Les commerciaux manqueraient des affaires : les {share} de leads les mieux notés contiennent {new} des gains, {old} avec le champion {champion} (écart : entre {low} et {high} points).",
    },
    "segment": {
        "en": "Its percentages for {segment} are proven wrong (promised {new}, happened {happened}), those of champion {champion} are not.",
        "fr": "Ses pourcentages pour {segment} sont faux, c'est prouvé ({new} promis, {happened} réalisés) ; ceux du champion {champion} ne le sont pas.",
    },
    "overlap": {
        "en": "Only {overlap} of the leads at the top stay there (Kendall {kendall}), expected at least {least}.",
        "fr": "Seuls {overlap} des leads du haut de la liste y restent (Kendall {kendall}), il en faut au moins {least}.",
    },
}
PROMOTED: dict[Language, str] = {
    "en": "as good as champion {champion} or better: log loss {new} against {old}, {change} ({low} to {high}), on {n} leads since {since} that neither had learnt from",
    "fr": "vaut le champion {champion} ou mieux : log loss de {new} contre {old}, {change} (entre {low} et {high}), sur {n} leads depuis le {since} inconnus des deux",
}
ALREADY: dict[Language, str] = {
    "en": "Nothing is new: model {number} was made of these very data and is champion already.",
    "fr": "Rien de nouveau : le modèle {number} vient de ces mêmes données et il est déjà champion.",
}
LEADERS: dict[Language, str] = {
    "en": "New among the reasons that weigh most: {names}.",
    "fr": "Nouveau parmi les raisons qui pèsent le plus : {names}.",
}
HEADINGS: dict[str, dict[Language, str]] = {
    "champion": {"en": "champion {champion}", "fr": "champion {champion}"},
    "challenger": {"en": "challenger", "fr": "prétendant"},
    "difference": {"en": "difference", "fr": "écart"},
    "log_loss": {"en": "log loss", "fr": "log loss"},
    "brier": {"en": "Brier", "fr": "Brier"},
    "auc": {"en": "AUC", "fr": "AUC"},
    "ece": {"en": "ECE", "fr": "ECE"},
    "gain": {"en": "wins in the best {share}", "fr": "gains dans les {share} du haut"},
    "on": {
        "en": "On {n} leads between {first} and {last} that neither had learnt from ({won} won); the challenger as it would have been made on {as_of}",
        "fr": "Sur {n} leads entre le {first} et le {last} inconnus des deux ({won} gagnés) ; le prétendant tel qu'il aurait été fait au {as_of}",
    },
    "stability": {
        "en": "Of the leads at the top, {overlap} stay there; rank correlation {spearman} (Kendall {kendall}).",
        "fr": "{overlap} des leads du haut de la liste y restent ; corrélation des rangs {spearman} (Kendall {kendall}).",
    },
}


TITLE: dict[Language, str] = {
    "en": "Model {number}: recalibration of model {parent}",
    "fr": "Modèle {number} : recalibrage du modèle {parent}",
}
MADE: dict[Language, str] = {
    "en": "Same ranking and reasons as model {parent}; percentages learnt anew on {on} from {n} snapshots ({won} leads won) that its trees had not seen, the newest until {last}.",
    "fr": "Même classement et mêmes raisons que le modèle {parent} ; pourcentages réappris le {on} sur {n} photos de leads ({won} gagnés) que ses arbres n'avaient pas vues, la plus récente du {last}.",
}
RULE: dict[Language, str] = {
    "en": "A lead of average score was promised {old}, and is promised {new} now. Threshold: {threshold}.",
    "fr": "Un lead de note moyenne se voyait promettre {old}, désormais {new}. Seuil : {threshold}.",
}


def nothing_new(cause: str, language: Language, *, champion: int, n: int = 0, least: int = 0, since: int = 0) -> str:
    """Say why there is nothing to compare on.

    Examples
    --------
    >>> nothing_new("few", "en", champion=3, n=4, least=30, since=1_782_864_000)[:92]
    'Nothing new to compare on: 4 won leads have become known since 2026-07-01 that champion 3 ha'
    """
    return NOTHING_NEW[cause][language].format(champion=champion, n=n, least=least, since=day(since, language))


def change(old: float, difference: float, language: Language) -> str:
    """Write a difference as a share of what it differs from.

    Examples
    --------
    >>> change(0.2, -0.01, "en"), change(0.2, 0.001, "fr").replace("\u00a0", " ")
    ('−5.0%', '+0,5 %')
    """
    shown = signed(100 * difference / old, language, 1)
    return f"{shown}%" if language == "en" else f"{shown}\u00a0%"


def figures(pair: Pair, language: Language) -> dict[str, str]:
    """Both values and the relative difference with its interval, for a sentence."""
    moved = {
        name: change(pair.champion, getattr(pair.difference, key), language)
        for name, key in (("change", "value"), ("low", "low"), ("high", "high"))
    }
    return {"old": fixed(pair.champion, language, 4), "new": fixed(pair.challenger, language, 4), **moved}


def gain_figures(pair: Pair, language: Language) -> dict[str, str]:
    """Both shares of wins and their difference in points, for a sentence."""
    ends = {key: signed(100 * getattr(pair.difference, key), language, 1) for key in ("low", "high")}
    return {"old": percent(pair.champion, language), "new": percent(pair.challenger, language), **ends}


def on_which_rows(found: Comparison, language: Language) -> str:
    """Say on which leads two models were compared."""
    days = {"first": found.first_cutoff, "last": found.last_cutoff, "as_of": found.as_of}
    return HEADINGS["on"][language].format(
        n=fixed(found.n_leads, language),
        won=fixed(found.n_won, language),
        **{name: day(at, language) for name, at in days.items()},
    )


def comparison_rows(found: Comparison, language: Language) -> list[tuple[str, tuple[str, str, str]]]:
    """Name, champion, challenger and difference with its interval, of every figure."""
    rows = []
    share = percent(round(found.share, 3), language)
    for name, pair in found.pairs.items():
        old, new = (fixed(value, language, 4) for value in (pair.champion, pair.challenger))
        gap = pair.difference
        ends = "; ".join(signed(end, language, 4) for end in (gap.low, gap.high))
        shown = HEADINGS[name][language].format(share=share)
        rows.append((shown, (old, new, f"{signed(gap.value, language, 4)} [{ends}]")))
    return rows


def comparison_told(found: Comparison, language: Language, features: Sequence[Feature] = ()) -> dict[str, Any]:
    """All that is shown of a comparison: ``on``, ``titles``, ``rows`` and ``sentences``.

    Parameters
    ----------
    found : Comparison
        What to show.
    language : {"en", "fr"}
        Its words.
    features : sequence of Feature
        Of the challenger, to name what newly leads its reasons.

    Returns
    -------
    dict
    """
    titles = [
        HEADINGS[name][language].format(champion=found.champion) for name in ("champion", "challenger", "difference")
    ]
    steady = found.stability
    sentences = [
        HEADINGS["stability"][language].format(
            overlap=percent(round(steady.overlap, 2), language),
            spearman=fixed(steady.spearman, language, 2),
            kendall=fixed(steady.kendall, language, 2),
        )
    ]
    by_name = {feature.name: feature for feature in features}
    names = ", ".join(label(by_name[name], language) for name in found.leaders if name in by_name)
    if names:
        sentences.append(LEADERS[language].format(names=names))
    rows = comparison_rows(found, language)
    return {"on": on_which_rows(found, language), "titles": titles, "rows": rows, "sentences": sentences}
