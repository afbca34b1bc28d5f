"""What keeps a model from being used, each as one sentence that says why."""

from features.language import Language, percent
from models.evidence import Evidence
from models.lead_model import LeadModel
from pipeline.language import fixed

LEAST_SKILL = 0.005  # of the log loss of the base rate
NO_SIGNAL = {
    "en": (
        "These columns do not predict the outcome: on {n} leads that it had not seen, the AUC is {auc}, "
        "with {low} to {high} as its interval; 0.5 is chance. Add what leads do (events), what shows intent (signals), "
        "or attributes known before the decision."
    ),
    "fr": (
        "Ces colonnes ne prédisent pas l'issue : sur {n} leads jamais vus, l'AUC vaut {auc}, dans un intervalle de "
        "{low} à {high} ; 0,5 est le hasard. Ajoutez ce que font les leads (events), "
        "ce qui montre leur intention (signals), ou des attributs connus avant la décision."
    ),
}
NOT_SHOWN = {
    "en": (
        "These columns cannot be shown to predict the outcome yet: on {n} leads that it had not seen, the AUC is "
        "{auc}, but its interval of {low} to {high} reaches 0.5, which is chance. More won leads will tell."
    ),
    "fr": (
        "On ne peut pas encore montrer que ces colonnes prédisent l'issue : sur {n} leads jamais vus, l'AUC vaut "
        "{auc}, mais son intervalle de {low} à {high} atteint 0,5, le hasard. "
        "Il faut davantage de leads gagnés pour trancher."
    ),
}
PROMISING = 0.6  # an AUC that is worth waiting for
WORSE_THAN_CONSTANT = {
    "en": (
        "Its percentages are worse than giving every lead the same one: log loss {ours} against {theirs} on the test "
        "period, whose base rate is {rate}. The market has moved: retrain on more recent data."
    ),
    "fr": (
        "Ses pourcentages sont moins bons qu'un même taux pour tous : log loss {ours} contre {theirs} sur la période "
        "de test, dont le taux de base est {rate}. Le marché a changé : réentraînez sur des données plus récentes."
    ),
}


def refusals(evidence: Evidence, model: LeadModel, language: Language) -> tuple[str, ...]:
    """Name every gate that a model does not pass.

    A model must rank better than chance (the 95% interval of its AUC on the test period lies above 0.5), its
    propensities must beat the base rate (by half a percent of its log loss at least: less is no use to anybody), and
    its threshold rule must have found a threshold.

    Returns
    -------
    tuple of str
        Empty when all passed.
    """
    found = []
    ours, constant = evidence.figures["tamis"], evidence.figures["constant"]
    test = evidence.periods[-1]
    skill = 1 - ours["log_loss"]["value"] / constant["log_loss"]["value"]
    if not ours["auc"]["low"] > 0.5 or 0 <= skill < LEAST_SKILL:
        words = {name: fixed(ours["auc"][key], language, 3) for name, key in _AUC_WORDS}
        sentences = NOT_SHOWN if skill >= LEAST_SKILL and ours["auc"]["value"] >= PROMISING else NO_SIGNAL
        found.append(sentences[language].format(n=fixed(test["n_leads"], language), **words))
    elif skill < 0:
        words = {
            "ours": fixed(ours["log_loss"]["value"], language, 4),
            "theirs": fixed(constant["log_loss"]["value"], language, 4),
            "rate": percent(test["base_rate"], language),
        }
        found.append(WORSE_THAN_CONSTANT[language].format(**words))
    # Of columns that predict nothing it goes without saying.
    if not found and model.threshold.threshold is None:
        found.append(model.threshold.reason_en if language == "en" else model.threshold.reason_fr)
    return tuple(found)


_AUC_WORDS = (("auc", "value"), ("low", "low"), ("high", "high"))
