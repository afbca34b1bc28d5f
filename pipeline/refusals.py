"""Why sales refuse a lead: stable codes, in words of English and French."""

from features.language import Language

WORDS: dict[str, dict[Language, str]] = {
    "no_budget": {"en": "No budget", "fr": "Pas de budget"},
    "no_need": {"en": "No need", "fr": "Pas de besoin"},
    "wrong_contact": {"en": "Wrong contact", "fr": "Mauvais interlocuteur"},
    "bad_timing": {"en": "Not now", "fr": "Pas le bon moment"},
    "too_small": {"en": "Company too small", "fr": "Entreprise trop petite"},
    "out_of_territory": {"en": "Outside our territory", "fr": "Hors secteur géographique"},
    "competitor": {"en": "Competitor", "fr": "Concurrent"},
    "student": {"en": "Student or job seeker", "fr": "Étudiant ou candidat"},
    "duplicate": {"en": "Duplicate", "fr": "Doublon"},
    "unreachable": {"en": "Cannot be reached", "fr": "Injoignable"},
    "other": {"en": "Other reason", "fr": "Autre motif"},
}
REFUSAL_REASONS = tuple(WORDS)
# Codes that CRMs send; the page offers those above.
_OTHERS: dict[str, dict[Language, str]] = {
    "not_in_target": {"en": "Outside our target", "fr": "Hors cible"},
    "no_project": {"en": "No project", "fr": "Pas de projet"},
    "already_customer": {"en": "Already a customer", "fr": "Déjà client"},
    "incomplete_dossier": {"en": "Incomplete record", "fr": "Fiche incomplète"},
}


def refusal(code: str, language: Language) -> str:
    """Say a reason; a company's own code, which has no words here, is said as it is.

    Parameters
    ----------
    code : str
        One of `REFUSAL_REASONS`, or another.
    language : {"en", "fr"}
        Language of the words.

    Returns
    -------
    str

    Examples
    --------
    >>> refusal("bad_timing", "fr"), refusal("merger_under_way", "en")
    ('Pas le bon moment', 'Merger under way')
    """
    words = WORDS.get(code) or _OTHERS.get(code)
    said = code.replace("_", " ")
    return words[language] if words else said[:1].upper() + said[1:]
