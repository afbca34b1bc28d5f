"""The alarms of the monitor in English and French: what was seen, what is the likely cause, what to do."""

from collections.abc import Mapping
from typing import Any

from features.language import Language, number, percent
from features.words import label, sentence
from models.watching import Finding
from pipeline.refusals import refusal

Told = dict[Language, str]
WHAT: dict[str, Told] = {
    "missing_table": {
        "en": "The table {about} is gone; the model was trained with {n} rows of it.",
        "fr": "La table {about} a disparu ; le modèle a appris avec {n} lignes de cette table.",
    },
    "missing_column": {
        "en": "Columns of {about} that the training read are gone: {columns}.",
        "fr": "Des colonnes de {about} lues à l'entraînement ont disparu : {columns}.",
    },
    "changed_type": {
        "en": "Columns of {about} have another type than at the training: {columns}.",
        "fr": "Des colonnes de {about} ont changé de type depuis l'entraînement : {columns}.",
    },
    "unreadable": {
        "en": "{value} of the cells of {about}.{columns} cannot be read as what they were.",
        "fr": "{value} des cellules de {about}.{columns} ne se lisent plus comme avant.",
    },
    "emptied_column": {
        "en": "{value} of the newest rows of {about} are empty in {columns}; at the training it was {was}.",
        "fr": "{value} des lignes les plus récentes de {about} sont vides dans {columns} ; c'était {was} à l'entraînement.",
    },
    "late_rows": {
        "en": "{value} of the newest rows of {about} reached us more than a week after they happened; it was {was}.",
        "fr": "{value} des lignes les plus récentes de {about} sont arrivées plus d'une semaine après les faits ; c'était {was}.",
    },
    "silent_table": {
        "en": "No new row in {about} for {value} days; more than {limit} days has not been usual.",
        "fr": "Aucune nouvelle ligne dans {about} depuis {value} jours ; plus de {limit} jours n'est pas habituel.",
    },
    "volume": {
        "en": "{n} new rows in {about} in four weeks, {value} times the usual {usual}.{source}",
        "fr": "{n} nouvelles lignes dans {about} en quatre semaines, {value} fois les {usual} habituelles.{source}",
    },
    "stale": {
        "en": "The newest row of {about} is {value} days old (limit: {limit}).",
        "fr": "La ligne la plus récente de {about} a {value} jours (limite : {limit}).",
    },
    "empty_column": {
        "en": "Unknown for {value} of the open leads (from {about}): {columns}; in no month of the training was it more than {limit}.",
        "fr": "Inconnu pour {value} des leads ouverts (table {about}) : {columns} ; jamais plus de {limit} lors de l'entraînement.",
    },
    "filled_column": {
        "en": "Unknown for only {value} of the open leads (from {about}): {columns}; in no month of the training was it less than {limit}.",
        "fr": "Inconnu pour {value} seulement des leads ouverts (table {about}) : {columns} ; jamais moins de {limit} lors de l'entraînement.",
    },
    "feature_drift": {
        "en": "Open leads have moved away from those of the training, by {about}: {columns} (PSI {value}, limit {limit}).",
        "fr": "Les leads ouverts se sont éloignés de ceux de l'entraînement, par {about} : {columns} (PSI {value}, limite {limit}).",
    },
    "propensity_drift": {
        "en": "Propensities are spread otherwise than at the training (PSI {value}, limit {limit}).",
        "fr": "Les probabilités se répartissent autrement qu'à l'entraînement (PSI {value}, limite {limit}).",
    },
    "expected_performance": {
        "en": "The ranking should be worth less on these leads: expected AUC {value}, in the worst month of the training {usual}.",
        "fr": "Le classement devrait moins valoir sur ces leads : AUC attendue de {value}, {usual} au pire mois de l'entraînement.",
    },
    "realised_conversion": {
        "en": "Percentages did not come true: {about} was promised {promised}, {value} were won ({low} to {high}, {n} leads).",
        "fr": "Les pourcentages ne se sont pas réalisés : {about}, {promised} promis, {value} gagnés (de {low} à {high}, {n} leads).",
    },
    "realised_kind": {
        "en": "One kind of lead departs from what was promised, unlike the rest. “{about}”: {promised} promised, {value} won ({low} to {high}, {n} leads).",
        "fr": "Un type de lead s'écarte de ce qui était promis, contrairement aux autres. « {about} » : {promised} promis, {value} gagnés (de {low} à {high}, {n} leads).",
    },
    "refusals": {
        "en": "Sales refuses {value} of what it is handed; it was {was}.",
        "fr": "Les commerciaux refusent {value} de ce qui leur est transmis ; c'était {was}.",
    },
    "refusal_reason": {
        "en": "{value} of the refusals give one reason, “{about}”; it was {was}.",
        "fr": "{value} des refus invoquent le même motif, « {about} » ; c'était {was}.",
    },
    "same_first_reason": {"en": "{text}", "fr": "{text}"},
    "contrary_reason": {"en": "{text}", "fr": "{text}"},
}
CAUSE: dict[str, Told] = {
    "stopped": {
        "en": "A job stopped, or an export fails.",
        "fr": "Une tâche s'est arrêtée, ou un export échoue.",
    },
    "data": {
        "en": "An export or a form changed, or a job stopped.",
        "fr": "Un export ou un formulaire a changé, ou une tâche s'est arrêtée.",
    },
    "flow": {
        "en": "A campaign, a season, or rows that are delivered twice or not at all.",
        "fr": "Une campagne, une saison, ou des lignes livrées deux fois ou pas du tout.",
    },
    "drift": {
        "en": "Another public than before: a campaign, a new market, or a field that is filled in otherwise.",
        "fr": "Un autre public qu'avant : campagne, nouveau marché, ou champ rempli autrement.",
    },
    "market": {
        "en": "What becomes of such leads has changed: price, product, competition or how sales works.",
        "fr": "Ce que deviennent de tels leads a changé : prix, produit, concurrence ou façon de vendre.",
    },
    "kind": {
        "en": "A competitor, a price or a partner has changed what becomes of these leads alone.",
        "fr": "Un concurrent, un prix ou un partenaire a changé ce que deviennent ces leads-là seulement.",
    },
    "sales": {
        "en": "Sales and marketing no longer mean the same by a good lead, or a kind of lead comes in that is none.",
        "fr": "Commerciaux et marketing n'ont plus la même idée d'un bon lead, ou un type de lead arrive qui n'en est pas un.",
    },
    "reasons": {
        "en": "A column says something else than when the model was trained, or stands in for another.",
        "fr": "Une colonne ne dit plus ce qu'elle disait à l'entraînement, ou en cache une autre.",
    },
}
ACTION: dict[str, Told] = {
    "stopped": {
        "en": "Look whether the job that brings {about} still runs; until then scores are those of the past.",
        "fr": "Vérifiez que la tâche qui alimente {about} tourne encore ; d'ici là, les scores sont ceux du passé.",
    },
    "data": {
        "en": "Compare the newest export of {about} with an older one and mend it; until then do not retrain.",
        "fr": "Comparez le dernier export de {about} à un plus ancien et corrigez ; d'ici là, ne réentraînez pas.",
    },
    "flow": {
        "en": "Ask whether that was meant. If not, mend the export of {about}; if so, look at the conversion of these leads in a quarter.",
        "fr": "Vérifiez si c'est voulu. Sinon, corrigez l'export de {about} ; si oui, regardez la conversion de ces leads dans un trimestre.",
    },
    "drift": {
        "en": "If this public stays, run tamis retrain once its outcomes are known; if the field is filled in otherwise, mend that.",
        "fr": "Si ce public dure, lancez tamis retrain dès que ses issues sont connues ; si c'est la saisie qui a changé, corrigez-la.",
    },
    "market": {
        "en": "Run tamis recalibrate; where it refuses or the ranking suffers too, tamis retrain.",
        "fr": "Lancez tamis recalibrate ; s'il refuse ou si le classement souffre aussi, tamis retrain.",
    },
    "kind": {
        "en": "Run tamis retrain, if that was not done since these were scored: a recalibration moves all leads alike and cannot mend this. Tell sales until then.",
        "fr": "Lancez tamis retrain, si ce n'est pas fait depuis ces scores : une recalibration déplace tous les leads de la même façon et n'y peut rien. D'ici là, prévenez les commerciaux.",
    },
    "sales": {
        "en": "Look at ten refused leads together, and correct the definition or the source.",
        "fr": "Regardez ensemble dix leads refusés, puis corrigez la définition ou la source.",
    },
    "reasons": {
        "en": "Look at the column before sales reads it; leave it out (features.exclude) and retrain if it misleads.",
        "fr": "Examinez la colonne avant que les commerciaux ne la lisent ; écartez-la (features.exclude) et réentraînez si elle trompe.",
    },
}
GROUP = {
    "missing_table": "stopped",
    "silent_table": "stopped",
    "stale": "stopped",
    "late_rows": "stopped",
    "volume": "flow",
    "feature_drift": "drift",
    "propensity_drift": "drift",
    "expected_performance": "drift",
    "realised_conversion": "market",
    "realised_kind": "kind",
    "refusals": "sales",
    "refusal_reason": "sales",
    "same_first_reason": "reasons",
    "contrary_reason": "reasons",
}
SHARES = frozenset(
    [
        "unreadable",
        "emptied_column",
        "late_rows",
        "empty_column",
        "filled_column",
        "realised_conversion",
        "realised_kind",
        "refusals",
        "refusal_reason",
    ]
)
FROM_SOURCE: Told = {
    "en": " {share} of them from {source}.",
    "fr": " {share} viennent de {source}.",
}
UNSOUND: Told = {
    "en": "Nothing is learnt from tables that look broken; mend them, or train and promote by number.",
    "fr": "Rien n'est appris de tables qui semblent abîmées ; corrigez-les, ou entraînez et promouvez par numéro.",
}
EVERYTHING: Told = {"en": "all tables", "fr": "toutes les tables"}
BAND: Told = {"en": "band {about}", "fr": "classe {about}"}
WHOLE: Told = {"en": "all bands together", "fr": "toutes classes confondues"}


def tell(finding: Finding, names: Mapping[str, Any], language: Language) -> dict[str, str]:
    """Say a finding in words.

    Parameters
    ----------
    finding : Finding
        What was found.
    names : mapping of str to Feature
        Of the model, by name: columns that are its features are called as people know them.
    language : {"en", "fr"}
        Of the words.

    Returns
    -------
    dict
        ``what``, ``cause``, ``action``.

    Examples
    --------
    >>> tell(Finding("silent_table", "events", 9.4, 4.0), {}, "en")["what"]
    'No new row in events for 9.4 days; more than 4 days has not been usual.'
    >>> tell(Finding("refusals", "stages", 0.6, 0.4, {"was": 0.25}), {}, "fr")["what"].replace("\u00a0", " ")
    "Les commerciaux refusent 60 % de ce qui leur est transmis ; c'était 25 %."
    """
    kind, facts = finding.kind, finding.facts

    def shown(value: float) -> str:
        return percent(value, language) if kind in SHARES else number(round(value, 2), language)

    about = EVERYTHING[language] if kind == "stale" else finding.about
    if kind == "refusal_reason":
        about = refusal(about, language)
    if kind == "realised_conversion":
        about = BAND[language].format(about=about) if about else WHOLE[language]
    if kind == "realised_kind":
        feature = names.get(about)
        about = sentence(feature, facts["level"], language) if feature else f"{about}: {facts['level']}"
    called = [label(names[name], language) if name in names else name for name in facts.get("columns", ())]
    source = ""
    if "source" in facts:
        source = FROM_SOURCE[language].format(share=percent(facts["share"], language), source=facts["source"])
    words = {
        "about": about,
        "value": shown(finding.value),
        "limit": shown(finding.limit),
        "columns": ", ".join(dict.fromkeys(called)),
        "source": source,
        "text": facts.get(language, ""),
        **{name: percent(facts[name], language) for name in ("was", "promised", "low", "high") if name in facts},
        **{name: number(facts[name], language) for name in ("n", "usual") if name in facts},
    }
    group = GROUP.get(kind, "data")
    return {
        "what": WHAT[kind][language].format(**words),
        "cause": CAUSE[group][language],
        "action": ACTION[group][language].format(about=about),
    }
