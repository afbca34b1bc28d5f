"""What the evidence says of the decision, in sentences that a sales manager reads, in English and French."""

from collections.abc import Mapping
from typing import Any

from features.language import Language, number, percent
from pipeline.language import fixed, money, signed, two_figures

WORDS: dict[str, dict[Language, str]] = {
    "more": {
        "en": "One more salesperson ({capacity} leads a week) would treat {per_week} leads a week more, those from {threshold} on, and win {wins} deals a week ({wins_low} to {wins_high}), worth {value} once their contacts are paid ({low} to {high}): {verdict}.",
        "fr": "Un commercial de plus ({capacity} leads par semaine) traiterait {per_week} leads de plus par semaine, à partir de {threshold}, et gagnerait {wins} affaires par semaine (entre {wins_low} et {wins_high}), soit {value} une fois les contacts payés (entre {low} et {high}) : {verdict}.",
    },
    "nobody_left": {
        "en": "One more salesperson would have nobody to treat: every lead that comes in is handed over already.",
        "fr": "Un commercial de plus n'aurait personne à traiter : tous les leads qui arrivent sont déjà transmis.",
    },
    "pays_yes": {"en": "it pays", "fr": "c'est rentable"},
    "pays_no": {"en": "it does not pay", "fr": "ce n'est pas rentable"},
    "pays_unclear": {
        "en": "these leads are too few to say whether it pays",
        "fr": "ces leads sont trop peu nombreux pour dire si c'est rentable",
    },
    "per_lead_used": {
        "en": "Each lead has its own threshold, from the margin and the cost that are its own. On the test period that brought {own} per 100 open leads, one threshold for all {same}: {gap} ({low} to {high}), with {n_own} leads handed over instead of {n_same}.",
        "fr": "Chaque lead a son propre seuil, selon sa marge et son coût de contact. Sur la période de test, cela a rapporté {own} pour 100 leads ouverts, contre {same} avec un seuil unique : {gap} (entre {low} et {high}), pour {n_own} leads transmis au lieu de {n_same}.",
    },
    "per_lead_unused": {
        "en": "With a threshold for each lead (threshold.per_lead = true) the test period would have brought {own} per 100 open leads, today's rule {same}: {gap} ({low} to {high}), with {n_own} leads handed over instead of {n_same}.",
        "fr": "Avec un seuil propre à chaque lead (threshold.per_lead = true), la période de test aurait rapporté {own} pour 100 leads ouverts, contre {same} avec la règle actuelle : {gap} (entre {low} et {high}), pour {n_own} leads transmis au lieu de {n_same}.",
    },
    "owners": {
        "en": "Capacity by owner: on the test period {n} owners together received {total} leads a week for a capacity of {together}; the busiest received {most} for {capacity}.",
        "fr": "Capacité par commercial : sur la période de test, {n} commerciaux ont reçu ensemble {total} leads par semaine pour une capacité de {together} ; le plus chargé en a reçu {most} pour {capacity}.",
    },
    "owners_few": {
        "en": "{few} of them have too few leads to know their own flow: the team's is taken.",
        "fr": "{few} d'entre eux ont trop peu de leads pour que leur propre flux soit connu : c'est celui de l'équipe qui sert.",
    },
}


def decision_sentences(decision: Mapping[str, Any], language: Language, currency: str) -> list[str]:
    """Say what each lead's own threshold, capacities by owner and one more salesperson bring.

    Parameters
    ----------
    decision : mapping
        `models.decision_evidence`, as plain data.
    language : {"en", "fr"}
    currency : str
        Of amounts.

    Returns
    -------
    list of str
        One sentence for each that applies.
    """
    told = [
        _per_lead(decision["per_lead"], language, currency),
        _owners(decision["owners"], language),
        _more(decision["next_salesperson"], language, currency),
    ]
    return [sentence for sentence in told if sentence]


def _more(more: Mapping[str, Any] | None, language: Language, currency: str) -> str:
    if more is None:
        return ""
    if more["threshold"] is None or more["per_week"] == 0:
        return WORDS["nobody_left"][language]
    wins, value = more["wins"], more["value"]
    return WORDS["more"][language].format(
        capacity=number(more["capacity"], language),
        per_week=fixed(more["per_week"], language, 1),
        threshold=percent(more["threshold"], language),
        wins=fixed(wins["value"], language, 2),
        wins_low=fixed(wins["low"], language, 2),
        wins_high=fixed(wins["high"], language, 2),
        verdict=WORDS[f"pays_{more['pays']}"][language],
        **{name: money(two_figures(value[key]), language, currency) for name, key in _ENDS},
    )


def _per_lead(own: Mapping[str, Any] | None, language: Language, currency: str) -> str:
    if own is None:
        return ""

    def hundred(value: float) -> str:
        return money(round(100 * value), language, currency)

    gap = own["difference"]
    return WORDS["per_lead_used" if own["used"] else "per_lead_unused"][language].format(
        own=hundred(own["own"]["value_per_lead"]),
        same=hundred(own["otherwise"]["value_per_lead"]),
        gap=signed(round(100 * gap["value"]), language),
        low=signed(round(100 * gap["low"]), language),
        high=signed(round(100 * gap["high"]), language),
        n_own=fixed(own["own"]["n"], language),
        n_same=fixed(own["otherwise"]["n"], language),
    )


def _owners(owners: list[Mapping[str, Any]] | None, language: Language) -> str:
    if not owners:
        return ""
    busiest = max(owners, key=lambda owner: float(owner["per_week"] - owner["capacity"]))
    few = sum(owner["few_leads"] for owner in owners)
    text = WORDS["owners"][language].format(
        n=len(owners),
        total=fixed(sum(owner["per_week"] for owner in owners), language, 1),
        together=number(sum(owner["capacity"] for owner in owners), language),
        most=fixed(busiest["per_week"], language, 1),
        capacity=number(busiest["capacity"], language),
    )
    return text + (" " + WORDS["owners_few"][language].format(few=few) if few else "")


_ENDS = (("value", "value"), ("low", "low"), ("high", "high"))
