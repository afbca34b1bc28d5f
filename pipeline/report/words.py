"""The words of the reports, in English and French."""

from typing import Any

from features.language import Language
from pipeline.report.dossier_words import DOSSIER
from pipeline.report.funnel_words import FUNNEL

WORDS: dict[str, tuple[str, str]] = {
    **DOSSIER,
    **FUNNEL,
    "title": ("Evidence of model {version}", "Preuves du modèle {version}"),
    "subtitle": (
        "Trained on {on}. Predicts: won within {horizon} days.",
        "Entraîné le {on}. Prédit : gagné dans les {horizon} jours.",
    ),
    "refused": ("Refused by its gates", "Refusé par les contrôles"),
    "accepted": ("Passed its gates", "Accepté par les contrôles"),
    "in_short": ("In short", "En bref"),
    "short_gain": (
        "On {n} leads that it had never seen, calling the best 10% finds {lift} times as many deals as calling at random.",
        "Sur {n} leads jamais vus, appeler les 10 % les mieux notés trouve {lift} fois plus d'affaires "
        "qu'un appel au hasard.",
    ),
    "short_points": (
        "Handing over as many leads as the points grid ({n}), sales would have won {ours} deals instead of {theirs} "
        "(difference: {low} to {high}).",
        "À volume égal à la grille de points ({n} leads), les commerciaux auraient gagné {ours} affaires au lieu de {theirs} "
        "(écart : entre {low} et {high}).",
    ),
    "short_value": (
        "The best 10% by expected value brought {value} of the revenue, the best 10% by propensity {chance}; "
        "{moved} of the leads on the two lists differ.",
        "Les 10 % de plus forte valeur attendue ont rapporté {value} du chiffre d'affaires, les 10 % les plus probables "
        "{chance} ; {moved} des leads diffèrent d'une liste à l'autre.",
    ),
    "short_calibration": (
        "Its percentages mean what they say to within {ece} on average.",
        "Ses pourcentages disent vrai à {ece} près en moyenne.",
    ),
    "short_threshold": (
        "Leads with a propensity of {threshold} or more go to sales.",
        "Les leads dont la probabilité atteint {threshold} sont transmis aux commerciaux.",
    ),
    "short_threshold_own": (
        "A lead goes to sales from its own threshold on; that of an average deal is {threshold}.",
        "Un lead est transmis aux commerciaux à partir de son propre seuil ; celui d'une affaire moyenne est de {threshold}.",
    ),
    "short_owners": (
        "An owner with a capacity of their own has their own threshold.",
        "Un commercial dont la capacité est fixée a son propre seuil.",
    ),
    "short_share": (
        "The best {share} of the leads go to sales.",
        "Les {share} de leads les mieux notés sont transmis aux commerciaux.",
    ),
    "slices": ("By company size, region and channel", "Par taille d'entreprise, région et canal"),
    "slices_hint": (
        "On leads that it had never seen. Nothing is learnt or decided by these parts; look where percentages miss, and "
        "where few of the deals are handed over.",
        "Sur des leads jamais vus. Rien n'est appris ni décidé selon ces parties ; regardez où les pourcentages manquent, "
        "et où peu des affaires sont transmises.",
    ),
    "slice": ("Part", "Partie"),
    "slice_size": ("Size", "Taille"),
    "slice_region": ("Region", "Région"),
    "slice_channel": ("Channel", "Canal"),
    "slice_unknown": ("not known", "non connu"),
    "promised": ("Promised", "Promis"),
    "happened": ("Won", "Gagnés"),
    "share_handed": ("Handed over", "Transmis"),
    "share_found": ("Of its deals", "De ses affaires"),
    "verdict": ("Verdict", "Verdict"),
    "word_pass": ("holds", "tient"),
    "word_fail": ("misses", "manque"),
    "word_unproven": ("unproven", "non prouvé"),
    "versus_champion": ("Beside the champion", "Face au champion"),
    "certificate": ("Do its percentages come true?", "Ses pourcentages se réalisent-ils ?"),
    "certificate_hint": (
        "What is judged is the procedure, on the newest leads whose outcome is known, none of which it had seen; the "
        "deployed model is the same procedure on all the data. The odds may miss by {tolerance}; intervals at {confidence}.",
        "C'est la méthode qui est jugée, sur les leads les plus récents dont l'issue est connue, jamais vus par elle ; le "
        "modèle déployé est cette même méthode sur toutes les données. Tolérance sur la cote : {tolerance} ; intervalles à "
        "{confidence}.",
    ),
    "notes": ("Read this first", "À lire d'abord"),
    "comparison": (
        "Against what others do, on the same rows",
        "Face aux autres méthodes, sur les mêmes leads",
    ),
    "comparison_hint": (
        "Test period only. Lower is better for log loss, Brier and ECE; higher for AUC and lift. In brackets: 95% interval.",
        "Période de test seulement. Log loss, Brier et ECE : plus bas est meilleur ; AUC et lift : plus haut est meilleur. "
        "Entre crochets : intervalle à 95 %.",
    ),
    "system": ("System", "Méthode"),
    "tamis": ("Tamis", "Tamis"),
    "constant": ("Same rate for all", "Même taux pour tous"),
    "points": ("Points grid", "Grille de points"),
    "naive_bayes": ("Naive Bayes, as Odoo does it", "Bayes naïf, à la façon d'Odoo"),
    "logistic": ("Logistic regression", "Régression logistique"),
    "log_loss": ("Log loss", "Log loss"),
    "brier": ("Brier", "Brier"),
    "auc": ("AUC", "AUC"),
    "ece": ("ECE", "ECE"),
    "lift10": ("Lift at 10%", "Lift à 10 %"),
    "gain": (
        "Gain: deals found by calling the best leads first",
        "Gain : affaires trouvées en appelant les meilleurs d'abord",
    ),
    "gain_x": ("Share of leads called", "Part des leads appelés"),
    "gain_y": ("Share of deals found", "Part des affaires trouvées"),
    "random": ("At random", "Au hasard"),
    "reliability": ("Calibration: what was promised, what happened", "Calibration : promis et réalisé"),
    "reliability_x": ("Propensity", "Probabilité annoncée"),
    "reliability_y": ("Share won", "Part gagnée"),
    "reliability_hint": (
        "Bars: {confidence} interval. Shaded: what the tolerance allows. Red: proven off. Scale of square roots.",
        "Barres : intervalle à {confidence}. Zone teintée : la tolérance. Rouge : écart prouvé. Échelle en racine carrée.",
    ),
    "reliability_segments": ("Calibration by segment", "Calibration par segment"),
    "perfect": ("Perfect", "Parfait"),
    "threshold": ("Threshold", "Seuil de qualification"),
    "threshold_curve": ("What each threshold would give", "Ce que donnerait chaque seuil"),
    "threshold_x": ("Threshold", "Seuil"),
    "threshold_x_own": ("Threshold of an average deal", "Seuil d'une affaire moyenne"),
    "threshold_precision": ("Conversion of those handed over", "Conversion des leads transmis"),
    "threshold_recall": ("Share of the deals among them", "Part des affaires parmi eux"),
    "threshold_per_week": ("New leads a week", "Nouveaux leads par semaine"),
    "threshold_value_per_lead": ("Value per open lead ({currency})", "Valeur par lead ouvert ({currency})"),
    "grids": ("Points grids, at equal volume", "Grilles de points, à volume égal"),
    "grids_hint": (
        "Each grid hands a lead over once, when it first reaches its threshold; Tamis hands over as many leads. "
        "In brackets: 95% interval.",
        "Chaque grille transmet un lead une fois, quand il atteint son seuil ; Tamis en transmet autant. "
        "Entre crochets : intervalle à 95 %.",
    ),
    "grid": ("Grid", "Grille"),
    "grid_settings": ("Your settings", "Vos réglages"),
    "grid_icp60": (
        "icp60: ideal customer, webinar, project, role, budget",
        "icp60 : client idéal, webinaire, projet, fonction, budget",
    ),
    "grid_saas40": (
        "saas40: software CEO, opens and click, webinar, area",
        "saas40 : dirigeant SaaS, ouvertures et clic, webinaire, zone",
    ),
    "grid_threshold": ("Points", "Points"),
    "grid_absent": ("Never fires, as these are not there: {columns}", "Ne joue jamais, faute de : {columns}"),
    "handed_over": ("Handed over", "Transmis"),
    "grid_conversion": ("Conversion, grid", "Conversion, grille"),
    "our_conversion": ("Conversion, Tamis", "Conversion, Tamis"),
    "more_wins": ("More deals with Tamis", "Affaires de plus avec Tamis"),
    "bands": ("Bands", "Classes"),
    "band": ("Band", "Classe"),
    "from": ("From", "À partir de"),
    "leads": ("Leads", "Leads"),
    "conversion": ("Measured conversion", "Conversion mesurée"),
    "interval": ("95% interval", "Intervalle à 95 %"),
    "looks_at": ("What the model looks at", "Ce que regarde le modèle"),
    "fact": ("Fact", "Fait"),
    "family": ("Family", "Famille"),
    "weight": ("Weight", "Poids"),
    "periods": ("Four periods, oldest first", "Quatre périodes, de la plus ancienne à la plus récente"),
    "period": ("Period", "Période"),
    "fit": ("Fit", "Apprentissage"),
    "calibrate": ("Calibrate", "Calibration"),
    "test": ("Test", "Test"),
    "family_fit": ("Fit", "Adéquation"),
    "family_engagement": ("Engagement", "Engagement"),
    "family_intent": ("Intent", "Intention"),
    "first": ("First cutoff", "Première date"),
    "last": ("Last cutoff", "Dernière date"),
    "rows": ("Rows", "Lignes"),
    "won": ("Won", "Gagnés"),
    "base_rate": ("Base rate", "Taux de base"),
    "maturity": ("Maturity by cohort", "Maturité par cohorte"),
    "cohort": ("Cohort", "Cohorte"),
    "mature": ("Mature", "Mature"),
    "not_mature": ("not before {on}", "pas avant le {on}"),
    "yes": ("yes", "oui"),
    "maturity_hint": (
        "A cohort is measured only once all its leads had the whole horizon to be won: young leads are never taken for lost.",
        "Une cohorte n'est mesurée qu'une fois l'horizon écoulé pour tous ses leads : un lead jeune n'est jamais compté perdu.",
    ),
    "dropped": ("Columns left out", "Colonnes écartées"),
    "column": ("Column", "Colonne"),
    "why": ("Why", "Pourquoi"),
    "dropped_constant": ("says nothing: always the same, or empty", "ne dit rien : toujours pareille, ou vide"),
    "dropped_identifier": ("identifies a lead instead of describing it", "identifie un lead au lieu de le décrire"),
    "dropped_too_many_levels": ("has too many different values", "a trop de valeurs différentes"),
    "dropped_leak": (
        "learnt from the decision: see what to read first",
        "tient son savoir de la décision : voir « À lire d'abord »",
    ),
    "dropped_excluded": ("excluded in the settings", "exclue dans les réglages"),
    "data": ("Data", "Données"),
    "table": ("Table", "Table"),
    "read": ("Read", "Lues"),
    "kept": ("Kept", "Gardées"),
    "quarantined": ("Set aside", "Mises de côté"),
    "unknown": ("What cannot be known", "Ce qu'on ne peut pas savoir"),
    "limits": ("Limits", "Limites"),
    "limits_text": (
        "The model learns from leads that were worked: unless some are handed over at random to learn, it cannot know what would have become of those nobody called. "
        "A propensity is about a group of similar leads, not a verdict on a person; a human decides. Retrain each quarter.",
        "Le modèle apprend des leads travaillés : à moins d'en transmettre quelques-uns tirés au sort, il ignore ce que seraient devenus ceux que personne n'a appelés. "
        "Une probabilité décrit un groupe de leads semblables, ce n'est pas un verdict sur une personne : un humain décide. "
        "À réentraîner chaque trimestre.",
    ),
    "hottest": ("The hottest leads", "Les leads les plus chauds"),
    "lead": ("Lead", "Lead"),
    "propensity": ("Propensity", "Probabilité"),
    "reasons": ("Reasons", "Raisons"),
    "points_unit": ("points", "points"),
    "truth": ("Against the true probabilities", "Face aux vraies probabilités"),
    "truth_text": (
        "This company is simulated, so the truth is known, though the model never saw it. "
        "On the test period: ECE against the truth {ece}, rank correlation with it {rank}.",
        "Cette entreprise est simulée : la vérité est connue, le modèle ne l'a jamais vue. "
        "Sur la période de test : ECE face à la vérité {ece}, corrélation de rang avec elle {rank}.",
    ),
    "no_threshold": ("no valid threshold", "aucun seuil valable"),
}


def say(key: str, language: Language, **values: Any) -> str:
    """Look up a sentence and fill it in.

    Raises
    ------
    KeyError
        Unknown key, or a value that the sentence needs is missing: a bug.

    Examples
    --------
    >>> say("dossier", "fr", lead="L-7")
    'Dossier du lead L-7'
    """
    return WORDS[key][0 if language == "en" else 1].format(**values)
