"""The words of the one definition: statuses, and the rules that made them, in English and French."""

from features.language import Language
from pipeline.refusals import refusal

POLICY: dict[str, dict[Language, str]] = {
    "is_mql": {"en": "MQL", "fr": "MQL"},
    "is_pql": {"en": "PQL", "fr": "PQL"},
    "is_sal": {"en": "SAL", "fr": "SAL"},
    "is_sql": {"en": "SQL", "fr": "SQL"},
    "is_prospect": {"en": "prospect to call", "fr": "prospect à appeler"},
    "is_exploration": {"en": "drawn to learn", "fr": "tiré au sort pour apprendre"},
    "is_refused": {"en": "refused by sales", "fr": "refusé par les commerciaux"},
    "is_disqualified": {"en": "disqualified", "fr": "disqualifié"},
    "is_engagement_only": {"en": "engagement only", "fr": "engagement seul"},
    "is_inactive": {"en": "inactive", "fr": "inactif"},
    "is_intent_only": {"en": "intent only", "fr": "intention seule"},
    "is_incomplete": {"en": "evidence incomplete", "fr": "preuves incomplètes"},
}
_RULES: dict[str, dict[Language, str]] = {
    "override": {"en": "decided by a person", "fr": "décidé par une personne"},
    "disqualify": {"en": "disqualified: {reason}", "fr": "disqualifié : {reason}"},
    "refusal": {"en": "refused by sales: {reason}", "fr": "refusé par les commerciaux : {reason}"},
    "stage": {"en": "sales has it as {reason}", "fr": "les commerciaux l'ont en {reason}"},
    "answers": {"en": "the answers to {reason} make it an SQL", "fr": "les réponses {reason} en font un SQL"},
    "first_call": {
        "en": "likely enough; it qualifies at the first call",
        "fr": "assez probable ; il se qualifie au premier appel",
    },
    "product_use": {"en": "carried by its use of the product", "fr": "porté par son utilisation du produit"},
    "families": {"en": "evidence in enough families", "fr": "preuves dans assez de familles"},
    "held": {
        "en": "likely enough, but with evidence in too few families",
        "fr": "assez probable, mais des preuves dans trop peu de familles",
    },
    "threshold": {"en": "below the threshold", "fr": "sous le seuil"},
    "lottery": {"en": "drawn to learn", "fr": "tiré au sort pour apprendre"},
}


def status(qualification: str | None, language: Language) -> str:
    """Say what a lead is; empty where the policy says nothing of it.

    Examples
    --------
    >>> status("engagement_only", "fr"), status("mql", "en"), status(None, "en")
    ('engagement seul', 'MQL', '')
    """
    return POLICY[f"is_{qualification}"][language] if qualification else ""


def ruled(rule: str | None, decision: str, language: Language) -> str:
    """Say which rule decided.

    Parameters
    ----------
    rule : str or None
        Of a score row; None in runs from before the policy.
    decision : str
        Of the same row.
    language : {"en", "fr"}

    Examples
    --------
    >>> ruled("refusal:no_budget", "nurture", "fr"), ruled("families", "nurture", "en")
    ('refusé par les commerciaux : pas de budget', 'likely enough, but with evidence in too few families')
    """
    if not rule:
        return ""
    kind, _, reason = rule.partition(":")
    if kind == "families" and decision != "hand_over":
        kind = "held"
    said = refusal(reason, language)
    if kind in ("stage", "answers"):
        said = (reason if reason != "own" else {"en": "your criteria", "fr": "à vos critères"}[language]).replace(
            "_", " "
        )
        said = said.upper() if reason in ("sal", "sql", "bant", "meddic") else said
    return _RULES[kind][language].format(
        reason=said[:1].lower() + said[1:] if kind in ("disqualify", "refusal") else said
    )
