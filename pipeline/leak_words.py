"""What makes a column a suspect, in words: what was seen, why it looks like a leak, what to do."""

from collections.abc import Mapping

from features.language import Language, colon, number, percent, quoted
from features.specification import Feature
from features.words import label
from models.leakage import LINK, Suspect
from pipeline.language import fixed

SEEN: dict[str, dict[Language, str]] = {
    "filled_won": {
        "en": "filled for {won} of the {n_won} won leads and {lost} of the {n_lost} others.",
        "fr": "colonne remplie pour {won} des {n_won} leads gagnés et {lost} des {n_lost} autres.",
    },
    "filled_lost": {
        "en": "filled for {lost} of the {n_lost} leads that were not won and {won} of the {n_won} won ones.",
        "fr": "colonne remplie pour {lost} des {n_lost} leads non gagnés et {won} des {n_won} gagnés.",
    },
    "at_least": {
        "en": "it alone ranks leads with an AUC of {auc}: {won} of the won leads and {lost} of the others "
        "have {at_least} or more.",
        "fr": "à elle seule, cette colonne classe les leads avec une AUC de {auc} : {won} des leads gagnés et {lost} des autres "
        "ont {at_least} ou plus.",
    },
    "at_most": {
        "en": "it alone ranks leads with an AUC of {auc}: {won} of the won leads and {lost} of the others "
        "have {at_most} or less.",
        "fr": "à elle seule, cette colonne classe les leads avec une AUC de {auc} : {won} des leads gagnés et {lost} des autres "
        "ont {at_most} ou moins.",
    },
    "n_levels": {
        "en": "it alone ranks leads with an AUC of {auc}: {won} of the won leads and {lost} of the others "
        "share the values (there are {n_levels}) that win most.",
        "fr": "à elle seule, cette colonne classe les leads avec une AUC de {auc} : {won} des leads gagnés et {lost} des autres "
        "ont une des valeurs (il y en a {n_levels}) qui gagnent le plus.",
    },
    "follows": {
        "en": "of {n} decided leads that have such an event, {n_after} had their first one at the decision or later and "
        "{n_day} in the 24 hours before.",
        "fr": "sur {n} leads décidés qui en ont, {n_after} ont eu le premier à la décision ou après, et {n_day} dans "
        "les 24 heures qui la précèdent.",
    },
    "won_only": {
        "en": "{won} of the won leads and {lost} of the lost ones have such an event; of {n}, {n_after} had their first "
        "one at the decision or later and {n_day} in the 24 hours before.",
        "fr": "{won} des leads gagnés et {lost} des perdus en ont ; sur {n}, {n_after} ont eu le premier à la décision "
        "ou après, et {n_day} dans les 24 heures qui la précèdent.",
    },
    "moved": {
        "en": "today's value differs from the one at the cutoff for {won} of the won leads and {lost} of the others, and "
        "would rank leads better (AUC {auc} instead of {auc_then}).",
        "fr": "la valeur d'aujourd'hui diffère de celle d'alors pour {won} des leads gagnés et {lost} des autres, et "
        "classerait mieux les leads (AUC {auc} au lieu de {auc_then}).",
    },
}
WHY: dict[str, dict[Language, str]] = {
    "filled": {
        "en": "It looks filled in once the outcome was known.",
        "fr": "Elle semble remplie une fois l'issue connue.",
    },
    "filled_perhaps": {
        "en": "It may have been filled in as the sale went on.",
        "fr": "Elle a pu être remplie au fil de la vente.",
    },
    LINK: {
        "en": "The account seems to be created once the outcome is known, so nothing read through it can be used.",
        "fr": "Le compte semble créé une fois l'issue connue : rien de ce qui se lit à travers lui n'est utilisable.",
    },
    "too_good": {
        "en": "What is known before the decision rarely says that much.",
        "fr": "Ce qu'on sait avant la décision en dit rarement autant.",
    },
    "follows": {
        "en": "They follow the decision and cannot announce it.",
        "fr": "Ils découlent de la décision et ne peuvent l'annoncer.",
    },
    "won_only": {
        "en": "They may be a consequence of the sale.",
        "fr": "Ce sont peut-être des conséquences de la vente.",
    },
    "moved": {"en": "It moves after the fact.", "fr": "Elle change après coup."},
}
TO_DO: dict[str, dict[Language, str]] = {
    "refused": {
        "en": 'Left out. If it is known before the decision: features.allow_suspects = ["{key}"].',
        "fr": 'Hors du modèle. Si l\'information est connue avant la décision : features.allow_suspects = ["{key}"].',
    },
    "suspect": {
        "en": 'Kept. If it comes after the decision: features.exclude = ["{key}"]; if not, name it in '
        "features.allow_suspects.",
        "fr": 'Reste dans le modèle. Si l\'information vient après la décision : features.exclude = ["{key}"] ; sinon, '
        "à nommer dans features.allow_suspects.",
    },
    "suspect_link": {
        "en": 'Kept. If it comes after the decision: account_id = "" in [source.tables.leads.columns]; if not, name it '
        "in features.allow_suspects.",
        "fr": 'Reste dans le modèle. Si l\'information vient après la décision : account_id = "" dans '
        "[source.tables.leads.columns] ; sinon, à nommer dans features.allow_suspects.",
    },
    "allowed": {
        "en": "Kept, as features.allow_suspects asks.",
        "fr": "Reste dans le modèle, comme le demande features.allow_suspects.",
    },
    "protected": {
        "en": "Nothing to do: its history is known, and each lead is seen with the value of its cutoff.",
        "fr": "Rien à faire : l'historique est connu, chaque lead est vu avec la valeur de l'époque.",
    },
}
SHARES, RATES, VALUES = ("won", "lost"), ("auc", "auc_then"), ("at_least", "at_most")


def xray(suspect: Suspect, features: Mapping[str, Feature], language: Language) -> str:
    """Tell what was seen of a suspect, why it looks like a leak, and what to do.

    Parameters
    ----------
    suspect : Suspect
        From the probes.
    features : mapping of str to Feature
        By name, for their words.
    language : {"en", "fr"}
        Of the sentences.

    Returns
    -------
    str
        Three sentences; shares, counts and limits of groups, never a value of one lead.

    Examples
    --------
    >>> figures = {"n_won": 80, "n_lost": 160, "won": 1.0, "lost": 0.0}
    >>> xray(Suspect("fit__paid", "filled_won", "refused", figures), {}, "en")
    'fit__paid: filled for 100% of the 80 won leads and 0% of the 160 others. It looks filled in once the outcome was
    known. Left out. If it is known before the decision: features.allow_suspects = ["fit__paid"].'
    """
    shown = {name: _shown(name, value, language) for name, value in suspect.figures.items()}
    seen = next((name for name in (*VALUES, "n_levels") if name in suspect.figures), suspect.code)
    is_odd, is_link = suspect.status == "suspect", suspect.name == LINK
    why: str = suspect.code
    if why.startswith("filled"):
        why = "filled_perhaps" if is_odd else LINK if is_link else "filled"
    to_do = "suspect_link" if is_odd and is_link else suspect.status
    sentences = (SEEN[seen], WHY[why], TO_DO[to_do])
    told = " ".join(sentence[language].format(key=suspect.name, **shown) for sentence in sentences)
    return colon(_called(suspect, features, language), told, language)


def _called(suspect: Suspect, features: Mapping[str, Feature], language: Language) -> str:
    if suspect.name in features:
        return f"{label(features[suspect.name], language)} ({suspect.name})"
    if suspect.code in ("follows", "won_only"):
        return f"{'Events' if language == 'en' else 'Événements'} {quoted(suspect.name, language)}"
    return suspect.name


def _shown(name: str, value: float, language: Language) -> str:
    if name in SHARES:
        return percent(value, language)
    if name in RATES:
        return fixed(value, language, 3)
    return number(value, language) if name in VALUES else fixed(value, language)
