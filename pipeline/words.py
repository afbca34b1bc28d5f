"""The words of the command line, in English and French."""

from features.language import Language
from pipeline.policy_words import POLICY

WORDS: dict[str, dict[Language, str]] = {
    **POLICY,
    "fit": {"en": "Fit", "fr": "Adéquation"},
    "engagement": {"en": "Engagement", "fr": "Engagement"},
    "intent": {"en": "Intent", "fr": "Intention"},
    "hand_over": {"en": "hand over to sales", "fr": "à transmettre aux commerciaux"},
    "nurture": {"en": "nurture", "fr": "à nourrir"},
    "disqualify": {"en": "disqualified", "fr": "écarté"},
    "propensity": {"en": "Propensity", "fr": "Probabilité de conversion"},
    "rank": {"en": "Rank", "fr": "Rang"},
    "not_certified": {
        "en": "Not all percentages are certified: rank and band stand for those that are not; see 'tamis train'",
        "fr": "Tous les pourcentages ne sont pas certifiés : le rang et la classe les remplacent ; voir « tamis train »",
    },
    "band": {"en": "Band", "fr": "Classe"},
    "reasons": {"en": "Reasons", "fr": "Raisons"},
    "points": {"en": "Points", "fr": "Points"},
    "lead": {"en": "Lead", "fr": "Lead"},
    "threshold": {"en": "Threshold", "fr": "Seuil de qualification"},
    "no_threshold": {"en": "no valid threshold", "fr": "aucun seuil valable"},
    "best_share": {"en": "the best {share} of the leads", "fr": "les {share} de leads les mieux notés"},
    "leads": {"en": "leads", "fr": "leads"},
    "run": {"en": "Score run", "fr": "Passage de notation"},
    "cutoff": {"en": "As of", "fr": "Situation au"},
    "leads_scored": {"en": "Open leads scored", "fr": "Leads ouverts notés"},
    "bands": {"en": "Bands", "fr": "Classes"},
    "decisions": {"en": "Decisions", "fr": "Décisions"},
    "scored_by": {"en": "Scored by", "fr": "Notés par"},
    "by_all": {"en": "the model of all leads {n}", "fr": "le modèle de tous les leads {n}"},
    "by_segment": {"en": "with segment {name} {n}", "fr": "avec le segment {name} {n}"},
    "rows_in": {"en": "Rows in", "fr": "Lignes dans"},
    "removed": {"en": "Old runs removed", "fr": "Anciens passages supprimés"},
    "missing_column": {
        "en": "{name} is no longer in the tables; the model takes it as unknown",
        "fr": "{name} n'est plus dans les tables ; le modèle la tient pour inconnue",
    },
    "model": {"en": "model", "fr": "modèle"},
    "refused": {"en": "refused by its gates", "fr": "refusé par les contrôles"},
    "promoted": {"en": "now champion", "fr": "désormais champion"},
    "is_challenger": {"en": "challenger", "fr": "prétendant"},
    "on_test": {
        "en": "On the test period, beside what others do",
        "fr": "Sur la période de test, face aux autres méthodes",
    },
    "report": {"en": "Report", "fr": "Rapport"},
    "system_tamis": {"en": "Tamis", "fr": "Tamis"},
    "system_logistic": {"en": "logistic regression", "fr": "régression logistique"},
    "system_naive_bayes": {"en": "naive Bayes, as Odoo", "fr": "Bayes naïf, comme Odoo"},
    "system_points": {"en": "points grid", "fr": "grille de points"},
    "system_constant": {"en": "same rate for all", "fr": "même taux pour tous"},
    "exports_of": {"en": "Exports of {title}", "fr": "Exports de {title}"},
    "export_absent": {"en": "(not there)", "fr": "(absent)"},
    "export_unknown": {"en": "not recognised, not read", "fr": "non reconnu, non lu"},
    "rows": {"en": "rows", "fr": "lignes"},
    "taken_along": {"en": "Other columns to learn from", "fr": "Autres colonnes dont le modèle apprend"},
    "left_out": {
        "en": "Left out (filled or changed later, or personal)",
        "fr": "Écartées (remplies ou modifiées après coup, ou personnelles)",
    },
    "table": {"en": "Table", "fr": "Table"},
    "read": {"en": "read", "fr": "lues"},
    "kept": {"en": "kept", "fr": "gardées"},
    "quarantined": {"en": "set aside", "fr": "mises de côté"},
    "cohort": {"en": "Cohort", "fr": "Cohorte"},
    "won": {"en": "won", "fr": "gagnés"},
    "mature": {"en": "mature", "fr": "mature"},
    "yes": {"en": "yes", "fr": "oui"},
    "from": {"en": "from", "fr": "à partir du"},
    "mature_leads": {
        "en": "To learn from: {won} won and {lost} lost leads.",
        "fr": "Pour apprendre : {won} leads gagnés et {lost} perdus.",
    },
    "columns_used": {
        "en": "A model would look at {n} columns; {m} are left out as they say nothing or too much.",
        "fr": "Un modèle regarderait {n} colonnes ; {m} sont écartées car elles ne disent rien, ou trop.",
    },
    "is_identifier": {
        "en": "identifies a lead instead of describing it: not used",
        "fr": "identifie un lead au lieu de le décrire : non utilisée",
    },
    "no_versions": {
        "en": "No model yet. Run 'tamis train' first.",
        "fr": "Aucun modèle pour l'instant. Lancez d'abord « tamis train ».",
    },
    "trained": {"en": "trained", "fr": "entraîné"},
    "gates": {"en": "gates", "fr": "contrôles"},
    "passed": {"en": "passed", "fr": "acceptés"},
    "now_champion": {
        "en": "Model {number} is champion now.",
        "fr": "Le modèle {number} est désormais champion.",
    },
    "outcome_won": {"en": "won", "fr": "gagné"},
    "outcome_lost": {"en": "lost", "fr": "perdu"},
    "outcome_open": {"en": "still open", "fr": "en cours"},
    "excluded": {"en": "never used", "fr": "jamais utilisées"},
    "understood": {
        "en": "What was understood (correct it in the settings):",
        "fr": "Ce qui a été compris (à corriger dans les réglages) :",
    },
    "settings_written": {
        "en": "Settings in {path}. Next: tamis check, then tamis train.",
        "fr": "Réglages dans {path}. Ensuite : tamis check, puis tamis train.",
    },
    "first_reasons": {"en": "What comes first, in share of leads", "fr": "Première raison, en part des leads"},
    "unknown": {"en": "What cannot be known", "fr": "Ce qu'on ne peut pas savoir"},
    "explored": {
        "en": "{n} of {eligible} leads that would not be handed over are, to learn: chosen at random ({share} of 100), so "
        "that the model does not only confirm itself",
        "fr": "{n} des {eligible} leads non retenus sont transmis pour apprendre : tirés au sort ({share} sur 100), pour "
        "que le modèle ne se donne pas seulement raison à lui-même",
    },
    "qualified": {"en": "Qualified", "fr": "Qualification"},
    "held_back": {
        "en": "{n} leads reach the threshold without evidence in enough families and are held back by the policy; "
        "{wins} of them are expected to be won",
        "fr": "{n} leads atteignent le seuil sans preuves dans assez de familles : la définition commune les retient ; "
        "{wins} d'entre eux devraient être gagnés",
    },
    "overdue": {
        "en": "{n} leads were to be contacted before this run and were not",
        "fr": "{n} leads auraient dû être contactés avant ce passage et ne l'ont pas été",
    },
    "opted_out": {
        "en": "{n} people opted out: neither scored nor pushed",
        "fr": "{n} personnes refusent d'être contactées : ni notées, ni envoyées au CRM",
    },
    "decided": {"en": "Decided", "fr": "Décidé le"},
    "decision": {"en": "Decision", "fr": "Décision"},
    "by_rule": {"en": "Because", "fr": "Motif"},
    "decided_by": {"en": "By", "fr": "Par"},
    "by_model": {
        "en": "model {model}, definition {policy}",
        "fr": "modèle {model}, définition {policy}",
    },
    "order_free": {"en": "given back to the policy", "fr": "rendu à la définition commune"},
    "accepted": {"en": "accepted by sales", "fr": "accepté par les commerciaux"},
    "order_kept": {
        "en": "Kept: {decision}. It holds from the next 'tamis score' on.",
        "fr": "Enregistré : {decision}. Effectif dès le prochain « tamis score ».",
    },
    "promised": {"en": "promised", "fr": "promis"},
    "realised": {
        "en": "What became of the scores of the newest months whose outcome is known",
        "fr": "Ce que sont devenus les scores des derniers mois dont l'issue est connue",
    },
    "expected": {"en": "To be expected", "fr": "À attendre"},
    "expected_told": {
        "en": "{n} won, AUC {auc} ({low} to {high}), if such leads still fare as they did",
        "fr": "{n} gagnés, AUC de {auc} ({low} à {high}), si de tels leads évoluent comme avant",
    },
    "no_alarm": {"en": "No alarm.", "fr": "Aucune alerte."},
    "from_share": {"en": "from", "fr": "à partir de"},
    "conversion": {"en": "converted at", "fr": "conversion mesurée"},
    "grid_settings": {"en": "your points grid", "fr": "votre grille de points"},
    "grid_icp60": {"en": "the known grid icp60", "fr": "la grille connue icp60"},
    "grid_saas40": {"en": "the known grid saas40", "fr": "la grille connue saas40"},
    "swapped": {
        "en": "Handing over as many leads as {grid} ({n}): {ours} deals won instead of {theirs} (difference: {low} to {high}).",
        "fr": "À volume égal à {grid} ({n} leads) : {ours} affaires gagnées au lieu de {theirs} (écart : entre {low} et {high}).",
    },
    "rules_right": {
        "en": "Where {grid} is right (conversion with / without): {rules}.",
        "fr": "Là où {grid} a raison (conversion avec / sans) : {rules}.",
    },
    "rules_wrong": {
        "en": "Where {grid} is wrong (conversion with / without): {rules}.",
        "fr": "Là où {grid} a tort (conversion avec / sans) : {rules}.",
    },
    "only_grid": {
        "en": "{n} leads that only {grid} would hand over were won at {rate}; {ours} that only Tamis would, at {rate_ours}.",
        "fr": "{n} leads que seule {grid} transmettrait ont été gagnés à {rate} ; {ours} que seul Tamis transmettrait, à "
        "{rate_ours}.",
    },
    "outside": {"en": "outside", "fr": "en dehors"},
    "owner_thresholds": {
        "en": "Thresholds by owner: {n} owners, {low} to {high}",
        "fr": "Seuils par commercial : {n} commerciaux, de {low} à {high}",
    },
    "owners_few": {
        "en": "{n} owners have too few open leads to know their own flow: the team's is taken",
        "fr": "{n} commerciaux ont trop peu de leads ouverts pour connaître leur propre flux : celui de l'équipe sert",
    },
    "hottest": {"en": "The five hottest leads", "fr": "Les cinq leads les plus chauds"},
}


def say(key: str, language: Language) -> str:
    """Look up a word of the catalogue.

    Examples
    --------
    >>> say("nurture", "fr")
    'à nourrir'
    """
    return WORDS[key][language]
