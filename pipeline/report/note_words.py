"""The words of the weekly note, in English and French."""

from features.language import Language

WORDS: dict[str, dict[Language, str]] = {
    "title": {"en": "Leads of the week, {on}", "fr": "Les leads de la semaine, au {on}"},
    "flow": {
        "en": "{n} open leads were scored; {handed} are for sales, {new} of them new since the run before.",
        "fr": "{n} leads ouverts ont été notés ; {handed} sont pour les commerciaux, dont {new} nouveaux depuis le passage précédent.",
    },
    "moved": {
        "en": "{up} have warmed up since the run before, {down} have cooled down.",
        "fr": "Depuis le passage précédent, {up} se sont réchauffés, {down} se sont refroidis.",
    },
    "expected": {
        "en": "If such leads fare as they did, about {won} of all open leads will be won within {horizon} days.",
        "fr": "Si de tels leads évoluent comme avant, environ {won} de tous les leads ouverts seront gagnés dans les {horizon} jours.",
    },
    "kept": {"en": "Did we keep our promises?", "fr": "Avons-nous tenu nos promesses ?"},
    "kept_hint": {
        "en": "Leads scored in the newest months whose outcome is known.",
        "fr": "Leads notés les derniers mois dont l'issue est connue.",
    },
    "kept_none": {
        "en": "No score is old enough yet to know what became of it.",
        "fr": "Aucun score n'est encore assez ancien pour qu'on en connaisse l'issue.",
    },
    "columns": {"en": "Band|Leads|Promised|Won|Between", "fr": "Classe|Leads|Promis|Gagnés|Entre"},
    "why": {"en": "Why leads are hot or cold", "fr": "Pourquoi les leads sont chauds ou froids"},
    "why_hint": {
        "en": "What comes first, in share of open leads.",
        "fr": "Première raison, en part des leads ouverts.",
    },
    "alarms": {"en": "What to look at", "fr": "À regarder"},
    "quiet": {
        "en": "Nothing: data, leads and promises are what they were.",
        "fr": "Rien : données, leads et promesses sont conformes.",
    },
    "limits": {
        "en": "A probability describes a group of similar leads, not a person; a human decides.",
        "fr": "Une probabilité décrit un groupe de leads semblables, pas une personne ; c'est un humain qui décide.",
    },
}
