"""The words of a dossier, in the terminal and on paper, in English and French."""

DOSSIER: dict[str, tuple[str, str]] = {
    "dossier": ("Dossier of lead {lead}", "Dossier du lead {lead}"),
    "scored": (
        "Scored on {on} by model {version}, as things stood on {cutoff}.",
        "Noté le {on} par le modèle {version}, selon la situation au {cutoff}.",
    ),
    "by_segment": (
        "Scored by the model of all leads with what segment {segment} adds, beside a typical lead of that segment.",
        "Noté par le modèle de tous les leads et ce qu'y ajoute le segment {segment}, à côté d'un lead type de ce segment.",
    ),
    "by_all": (
        "Scored by the model of all leads alone.",
        "Noté par le seul modèle de tous les leads.",
    ),
    "display_name": ("Contact", "Contact"),
    "job_title": ("Role", "Fonction"),
    "account_id": ("Company", "Entreprise"),
    "source": ("Channel", "Canal"),
    "owner": ("Followed by", "Suivi par"),
    "created_at": ("Known since", "Connu depuis le"),
    "opted_out": ("Does not want to be contacted", "Ne souhaite pas être contacté"),
    "chance": ("Propensity", "Probabilité de conversion"),
    "chance_within": ("to be won within {days} days", "d'être gagné dans les {days} jours"),
    "chance_won": ("to be won", "d'être gagné"),
    "rank": ("Rank", "Rang"),
    "rank_portfolio": ("{rank} of {n} open leads", "{rank} sur {n} leads ouverts"),
    "rank_file": ("{rank} of {n} leads of the file", "{rank} sur {n} leads du fichier"),
    "not_certified": (
        "Its percentages are not certified: its rank and its band say what is known.",
        "Ses pourcentages ne sont pas certifiés : son rang et sa classe disent ce que l'on sait.",
    ),
    "band_measured": (
        "Of {n} past leads in band {band}, {rate} were won.",
        "Sur {n} leads passés de classe {band}, {rate} ont été gagnés.",
    ),
    "decision": ("Decision", "Décision"),
    "hand_over": ("hand over to sales", "à transmettre aux commerciaux"),
    "nurture": ("nurture", "à nourrir"),
    "disqualify": ("disqualified", "écarté"),
    "threshold_at": ("threshold {threshold}", "seuil de qualification {threshold}"),
    "explored": (
        "Handed over to learn: chosen at random among leads below the threshold ({share} of 100), so that the model does not only confirm itself.",
        "Transmis pour apprendre : tiré au sort parmi les leads sous le seuil ({share} sur 100), pour que le modèle ne se donne pas seulement raison à lui-même.",
    ),
    "amount": ("If won", "S'il est gagné"),
    "amount_text": (
        "{amount} expected (8 in 10 such deals: {low} to {high}); today it is worth {value}",
        "{amount} attendus (8 affaires semblables sur 10 : de {low} à {high}) ; il vaut aujourd'hui {value}",
    ),
    "amount_alone": (
        "{amount} expected (8 in 10 such deals: {low} to {high})",
        "{amount} attendus (8 affaires semblables sur 10 : de {low} à {high})",
    ),
    "due": ("Contact by", "À contacter avant le"),
    "overdue": ("overdue", "en retard"),
    "for": ("What speaks for this lead", "Ce qui joue en sa faveur"),
    "against": ("What speaks against it", "Ce qui joue en sa défaveur"),
    "nothing": ("Nothing of weight.", "Rien de notable."),
    "points_hint": (
        "In points of propensity, against your typical lead.",
        "En points de probabilité, par rapport à votre lead type.",
    ),
    "strength_hint": (
        "Against your typical lead: +++ strong, ++ clear, + slight, beside the strongest fact of this lead.",
        "Par rapport à votre lead type : +++ fort, ++ net, + léger, à côté du fait le plus fort de ce lead.",
    ),
    "typical": ("Your typical lead", "Votre lead type"),
    "this_lead": ("This lead", "Ce lead"),
    "others": ("All other facts", "Tous les autres faits"),
    "waterfall": (
        "From your typical lead to this one, in points of propensity",
        "De votre lead type à celui-ci, en points de probabilité",
    ),
    "waterfall_rank": ("From your typical lead to this one", "De votre lead type à celui-ci"),
    "moved_rank": ("What changed since {on}", "Ce qui a changé depuis le {on}"),
    "moved": ("What changed since {on}: {before} then, {now} now", "Depuis le {on} : {before} alors, {now} désormais"),
    "unchanged": ("Nothing of weight has changed.", "Rien de notable n'a changé."),
    "other_moves": ("All other changes", "Tous les autres changements"),
    "model_moved": ("Another model", "Changement de modèle"),
    "ask": ("What to ask next", "Questions à poser"),
    "asked": (
        "Every question of qualification has its answer.",
        "Toutes les questions de qualification ont leur réponse.",
    ),
    "timeline": ("Latest events", "Derniers événements"),
    "no_timeline": ("No event is known.", "Aucun événement connu."),
    "no_history": (
        "The tables of this score run are no longer kept: run 'tamis score' for the contact, its events and the questions.",
        "Les tables de ce passage ne sont plus conservées : lancez « tamis score » pour le contact, ses événements et les "
        "questions.",
    ),
    "limits_short": (
        "A propensity describes a group of similar leads, not a person; a human decides.",
        "Une probabilité décrit un groupe de leads semblables, pas une personne ; un humain décide.",
    ),
}
