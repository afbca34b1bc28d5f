"""The words of `tamis push`, in English and French."""

from features.language import Language

WORDS: dict[str, dict[Language, str]] = {
    "live": {"en": "Sent to the CRM", "fr": "Envoyé au CRM"},
    "dry": {"en": "Would be sent to the CRM (nothing was written)", "fr": "Serait envoyé au CRM (rien n'a été écrit)"},
    "rollback": {"en": "Undone in the CRM", "fr": "Annulé dans le CRM"},
    "compared": {"en": "Leads compared", "fr": "Leads comparés"},
    "unchanged": {"en": "Unchanged", "fr": "Inchangés"},
    "ok": {"en": "Written", "fr": "Écrits"},
    "pending": {"en": "To be written", "fr": "À écrire"},
    "already": {"en": "Already so in the CRM", "fr": "Déjà à jour dans le CRM"},
    "older": {"en": "Newer score in the CRM, left alone", "fr": "Score plus récent dans le CRM, laissés tels quels"},
    "missing": {"en": "No longer in the CRM, not created again", "fr": "Absents du CRM, non recréés"},
    "override": {"en": "Kept by a person, left alone", "fr": "Verrouillés à la main, laissés tels quels"},
    "opted_out": {"en": "Must not be contacted, left alone", "fr": "Opposés au démarchage, laissés tels quels"},
    "closed": {"en": "Converted or closed, left alone", "fr": "Convertis ou clos, laissés tels quels"},
    "merged": {
        "en": "Merged into another record, left alone",
        "fr": "Fusionnés avec une autre fiche, laissés tels quels",
    },
    "rejected": {"en": "Refused by the CRM", "fr": "Refusés par le CRM"},
    "edited": {"en": "Edited by a person meanwhile, not overwritten", "fr": "Modifiés entre-temps, non écrasés"},
    "invalid": {"en": "Not sendable, kept here", "fr": "Impossibles à envoyer, gardés ici"},
    "unknown": {"en": "Outcome unknown, read at the next push", "fr": "Résultat inconnu, relu au prochain envoi"},
    "bands_changed": {"en": "Bands that change", "fr": "Classes qui changent"},
    "lead": {"en": "Lead", "fr": "Lead"},
    "before": {"en": "Before", "fr": "Avant"},
    "after": {"en": "After", "fr": "Après"},
    "field": {"en": "Field", "fr": "Champ"},
    "why": {"en": "Why", "fr": "Motif"},
    "more": {"en": "… and {n} more (--json shows all)", "fr": "… et {n} autres (--json les montre tous)"},
    "created": {"en": "Fields created: {names}.", "fr": "Champs créés : {names}."},
    "nothing_to_create": {"en": "Every field is there already.", "fr": "Tous les champs existent déjà."},
    "nothing": {"en": "empty", "fr": "vide"},
}


def say(key: str, language: Language) -> str:
    """Look up a word.

    Examples
    --------
    >>> say("ok", "fr")
    'Écrits'
    """
    return WORDS[key][language]
