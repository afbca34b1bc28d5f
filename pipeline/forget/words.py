"""The words of `tamis forget`, in English and French."""

from features.language import Language

WORDS: dict[str, dict[Language, str]] = {
    "erased": {"en": "Erased", "fr": "Effacé"},
    "would": {"en": "Would be erased (nothing was changed)", "fr": "Serait effacé (rien n'a été modifié)"},
    "nothing_ours": {"en": "Tamis holds nothing of this person.", "fr": "Tamis ne détient rien sur cette personne."},
    "proven": {
        "en": "Proven: a search of everything that Tamis wrote finds no trace. The next runs leave this person out.",
        "fr": "Preuve : plus aucune trace dans ce que Tamis a écrit. Les prochains traitements ignorent cette personne.",
    },
    "left_ours": {"en": "Still there, in files that Tamis wrote", "fr": "Reste, dans des fichiers écrits par Tamis"},
    "left_others": {
        "en": "Still there, in files that are yours: erase the person in the source (CRM, exports), then export again",
        "fr": "Reste, dans vos propres fichiers : effacez la personne à la source (CRM, exports), puis réexportez",
    },
    "shared": {
        "en": "A name that other leads have too was not searched for.",
        "fr": "Un nom porté aussi par d'autres leads n'a pas été recherché.",
    },
    "unreadable": {"en": "cannot be read", "fr": "illisible"},
    "emptied": {"en": "The fields in the CRM were emptied.", "fr": "Les champs du CRM ont été vidés."},
    "missing": {"en": "The person is no longer in the CRM.", "fr": "La personne n'est plus dans le CRM."},
    "by hand": {
        "en": "Scores were exported for an import: empty the fields in the CRM by hand.",
        "fr": "Des scores ont été exportés pour import : videz les champs du CRM à la main.",
    },
    "crm_skipped": {"en": "The CRM was left as it is.", "fr": "Le CRM n'a pas été touché."},
}


def say(name: str, language: Language) -> str:
    """Word something for people.

    Examples
    --------
    >>> say("emptied", "fr")
    'Les champs du CRM ont été vidés.'
    """
    return WORDS[name][language]
