"""The words of the page, in English and French; those of dossiers and reports are shared with them."""

from typing import Any

from features.language import Language
from pipeline.report.words import WORDS as REPORT

WORDS: dict[str, tuple[str, str]] = {
    "open_link": ("The page: {link}", "La page : {link}"),
    "skip": ("Skip to the content", "Aller au contenu"),
    "queue": ("Leads to call", "Leads à appeler"),
    "nav": ("Main", "Principal"),
    "nav_leads": ("Leads", "Leads"),
    "nav_model": ("Model", "Modèle"),
    "search": ("Search", "Rechercher"),
    "search_hint": ("Name, company or lead number", "Nom, entreprise ou numéro de lead"),
    "search_of": ("Search: {q}", "Recherche : {q}"),
    "language": ("Français", "English"),
    "language_code": ("fr", "en"),
    "leave": ("Sign out", "Se déconnecter"),
    "as_of": ("As of {at}", "Situation au {at}"),
    "n_leads": ("{n} leads", "{n} leads"),
    "n_lead": ("1 lead", "1 lead"),
    "n_late": ("{n} late", "{n} en retard"),
    "show": ("Show", "Afficher"),
    "show_call": ("To call", "À appeler"),
    "show_accepted": ("Accepted", "Acceptés"),
    "show_refused": ("Refused", "Refusés"),
    "show_all": ("All scored leads", "Tous les leads notés"),
    "sort": ("Order", "Trier par"),
    "sort_value": ("Expected value", "Valeur attendue"),
    "sort_propensity": ("Propensity", "Probabilité"),
    "sort_due": ("Due time", "Échéance"),
    "owner_filter": ("Followed by", "Suivi par"),
    "band_filter": ("Band", "Classe"),
    "family_filter": ("Carried by", "Porté par"),
    "channel_filter": ("Channel", "Canal"),
    "segment_filter": ("Segment", "Segment"),
    "qualification_filter": ("Qualified as", "Qualifié"),
    "any": ("All", "Tous"),
    "apply": ("Apply", "Appliquer"),
    "reset": ("Reset", "Réinitialiser"),
    "filters": ("Filters", "Filtres"),
    "export": ("Download as CSV", "Télécharger en CSV"),
    "col_due": ("Call by", "À appeler avant"),
    "col_lead": ("Lead", "Lead"),
    "col_chance": ("Propensity", "Probabilité"),
    "col_rank": ("Rank", "Rang"),
    "col_standing": ("Propensity or rank", "Probabilité ou rang"),
    "col_moved": ("Since {on}", "Depuis le {on}"),
    "col_moved_plain": ("Moved", "Évolution"),
    "col_value": ("Expected value", "Valeur attendue"),
    "col_amount": ("If won", "S'il est gagné"),
    "col_why": ("Why", "Pourquoi"),
    "col_owner": ("Followed by", "Suivi par"),
    "late": ("late", "en retard"),
    "new": ("new", "nouveau"),
    "stable": ("stable", "stable"),
    "up": ("up", "en hausse"),
    "down": ("down", "en baisse"),
    "pts": ("{points} pts", "{points} pts"),
    "unnamed": ("Lead {lead}", "Lead {lead}"),
    "first": ("First page", "Première page"),
    "before": ("Previous", "Précédents"),
    "after": ("Next", "Suivants"),
    "pages": ("Pages", "Pages"),
    "qualification_mql": ("MQL", "MQL"),
    "qualification_pql": ("PQL", "PQL"),
    "qualification_exploration": ("Drawn to learn", "Tiré au sort"),
    "segment_all": ("No segment", "Aucun segment"),
    "decided_accepted": ("Accepted", "Accepté"),
    "decided_refused": ("Refused", "Refusé"),
    "none_found": ("No lead matches.", "Aucun lead ne correspond."),
    "none_found_do": (
        "Loosen a filter, or search for the beginning of a name.",
        "Élargissez un filtre, ou cherchez le début d'un nom.",
    ),
    "none_left": ("Nobody is left to call.", "Plus personne à appeler."),
    "none_left_do": (
        "Every lead that was handed over is decided, or none reached the threshold. The next score run brings new ones.",
        "Tous les leads transmis sont décidés, ou aucun n'a atteint le seuil. Le prochain passage en apportera d'autres.",
    ),
    "none_yours_do": (
        "No lead of yours waits. If that is wrong, ask for your name in the owner column of the CRM to be compared with the settings of the page.",
        "Aucun de vos leads n'attend. Si c'est une erreur, faites comparer votre nom de propriétaire dans le CRM avec les réglages de la page.",
    ),
    "state_none": ("There are no scores yet.", "Il n'y a pas encore de scores."),
    "state_none_do": (
        "Run 'tamis score' in the workspace: this page shows its leads by itself, a few seconds later.",
        "Lancez « tamis score » dans l'espace de travail : cette page montrera ses leads d'elle-même, quelques secondes après.",
    ),
    "state_behind": (
        "A newer score run is there, and its index is not: it is being made, or its making failed.",
        "Un passage de notation plus récent existe, sans son index : il est en cours de création, ou celle-ci a échoué.",
    ),
    "state_behind_do": (
        "Wait a minute. If nothing changes, look at what 'tamis serve' printed, or start it again.",
        "Attendez une minute. Si rien ne change, regardez ce que « tamis serve » a affiché, ou relancez-le.",
    ),
    "state_unfinished": (
        "The last score run did not finish: what you see is older.",
        "Le dernier passage de notation n'a pas abouti : ce que vous voyez est plus ancien.",
    ),
    "state_unfinished_do": (
        "Run 'tamis score' again: it goes on where it stopped.",
        "Relancez « tamis score » : il reprend où il s'est arrêté.",
    ),
    "state_stale": ("These leads were scored {ago} ago.", "Ces leads ont été notés il y a {ago}."),
    "state_stale_do": (
        "See whether the nightly 'tamis score' still runs; facts since then are not in these propensities.",
        "Vérifiez que « tamis score » tourne encore chaque nuit ; ce qui s'est passé depuis ne compte pas dans ces probabilités.",
    ),
    "ago_days": ("{n} days", "{n} jours"),
    "ago_hours": ("{n} hours", "{n} heures"),
    "newer": ("Newer scores have arrived.", "De nouveaux scores sont arrivés."),
    "reload": ("Show them", "Les afficher"),
    "decide": ("Is it worth treating?", "Ce lead vaut-il d'être traité ?"),
    "accept": ("Accept", "Accepter"),
    "refuse": ("Refuse", "Refuser"),
    "refuse_reason": ("Reason of the refusal", "Motif du refus"),
    "choose": ("Choose a reason", "Choisissez un motif"),
    "decided_told": ("{decision} on {on} by {actor}", "{decision} le {on} par {actor}"),
    "decided_why": ("{decision} on {on} by {actor}: {reason}", "{decision} le {on} par {actor} : {reason}"),
    "change_mind": ("Decide again", "Revoir la décision"),
    "told_accepted": ("Accepted. The decision is kept.", "Accepté. La décision est conservée."),
    "told_refused": (
        "Refused, and gone from the leads to call. The reason is kept.",
        "Refusé, et retiré des leads à appeler. Le motif est conservé.",
    ),
    "told_open": ("Open this lead again", "Rouvrir ce lead"),
    "history": ("Its propensity, run after run", "Sa probabilité, passage après passage"),
    "history_rank": ("Its bands, run after run", "Ses classes, passage après passage"),
    "history_link": ("The facts that moved it, run by run", "Les faits qui l'ont fait bouger, passage par passage"),
    "history_of": ("What moved {name}", "Ce qui a fait bouger {name}"),
    "history_none": ("It was scored for the first time.", "C'est sa première notation."),
    "run_on": ("Run of", "Passage du"),
    "what_moved": ("What moved it", "Ce qui l'a fait bouger"),
    "first_seen": ("First scored", "Première notation"),
    "colleagues": ("At the same company", "Dans la même entreprise"),
    "colleagues_more": (
        "{n} more at this company are followed by others or lower on the list.",
        "{n} autres dans cette entreprise sont suivis par d'autres ou plus bas dans la liste.",
    ),
    "colleagues_one_more": (
        "1 more at this company is followed by somebody else or lower on the list.",
        "1 autre dans cette entreprise est suivi par quelqu'un d'autre ou plus bas dans la liste.",
    ),
    "colleagues_none": ("Nobody else at this company is scored.", "Personne d'autre n'y est noté."),
    "back": ("Back to the leads", "Retour aux leads"),
    "print": ("Print", "Imprimer"),
    "model": ("What the scores are worth", "Ce que valent les scores"),
    "model_subtitle": (
        "Model {version}, trained on {on}. It predicts: won within {horizon} days.",
        "Modèle {version}, entraîné le {on}. Il prédit : gagné dans les {horizon} jours.",
    ),
    "model_subtitle_plain": ("Model {version}, trained on {on}.", "Modèle {version}, entraîné le {on}."),
    "evidence_link": ("The whole evidence, for a data scientist", "Toutes les preuves, pour un data scientist"),
    "gain_hint": (
        "Calling the best {share} first finds {ours} of the deals; the points grid finds {theirs}.",
        "Appeler d'abord les {share} les mieux notés trouve {ours} des affaires ; la grille de points en trouve {theirs}.",
    ),
    "gain_hint_alone": (
        "Calling the best {share} first finds {ours} of the deals.",
        "Appeler d'abord les {share} les mieux notés trouve {ours} des affaires.",
    ),
    "as_table": ("The same as a table", "La même chose en tableau"),
    "stated": ("Promised", "Promis"),
    "observed": ("Happened", "Réalisé"),
    "drift": ("Do the nights stay alike?", "Les passages se ressemblent-ils ?"),
    "drift_hint": (
        "When leads change, propensities move with them; when they move by themselves, retrain. The model learnt on leads of which {base} were won.",
        "Quand les leads changent, les probabilités bougent avec eux ; si elles bougent seules, réentraînez. Le modèle a appris sur des leads dont {base} ont été gagnés.",
    ),
    "drift_level": (
        "The mean propensity moved from {before} to {now} over the last {n} runs.",
        "La probabilité moyenne est passée de {before} à {now} sur les {n} derniers passages.",
    ),
    "drift_steady": (
        "Over the last {n} runs the mean propensity stayed near {now}.",
        "Sur les {n} derniers passages, la probabilité moyenne est restée proche de {now}.",
    ),
    "drift_one": (
        "One run so far: nothing to compare yet.",
        "Un seul passage pour l'instant : rien à comparer.",
    ),
    "mean_propensity": ("Mean propensity", "Probabilité moyenne"),
    "share_call": ("Handed over", "Transmis"),
    "model_short": ("Model", "Modèle"),
    "watched_at": ("The watch looked at {at}.", "Contrôle du {at}."),
    "watched_calm": (
        "The watch looked at {at} and found nothing out of the ordinary.",
        "Contrôle du {at} : rien d'inhabituel.",
    ),
    "alarms": ("What looks odd tonight", "Ce qui paraît étrange cette nuit"),
    "refusals": ("What sales said", "Ce que les commerciaux en disent"),
    "refusals_hint": (
        "Refusals by reason, with what the model had promised of these leads.",
        "Refus par motif, avec ce que le modèle avait promis de ces leads.",
    ),
    "refusals_none": ("Nobody has accepted or refused a lead yet.", "Personne n'a encore accepté ou refusé de lead."),
    "accepted_n": ("Accepted", "Acceptés"),
    "refused_n": ("Refused", "Refusés"),
    "reason": ("Reason", "Motif"),
    "promised_mean": ("Mean propensity promised", "Probabilité moyenne promise"),
    "weight_of": (
        "Weight of each family in what the model looks at",
        "Poids de chaque famille dans ce que regarde le modèle",
    ),
    "sign_in": ("Sign in", "Se connecter"),
    "message_token": (
        "Open the link that 'tamis serve' printed where it was started. It serves once; after that, a new one stands there.",
        "Ouvrez le lien que « tamis serve » a affiché là où il a été lancé. Il sert une fois ; un nouveau s'affiche ensuite.",
    ),
    "message_oidc": ("Sign in with your company's account.", "Connectez-vous avec le compte de votre entreprise."),
    "message_proxy": (
        "Your company's sign-in did not say who you are. Come by its address, not by this one.",
        "La connexion de votre entreprise n'a pas dit qui vous êtes. Passez par son adresse, pas par celle-ci.",
    ),
    "message_not_the_proxy": (
        "This page is reached through your company's sign-in only.",
        "On n'accède à cette page que par la connexion de votre entreprise.",
    ),
    "message_unknown_user": (
        "You are signed in, and nobody has said what you may see. Ask whoever runs Tamis to add you to [page.users].",
        "Vous êtes connecté, mais personne n'a dit ce que vous pouvez voir. Demandez à l'administrateur de Tamis de vous ajouter à [page.users].",
    ),
    "message_csrf": (
        "This form is too old, or came from another site. Nothing was changed: go back, reload and try again.",
        "Ce formulaire est trop ancien, ou vient d'un autre site. Rien n'a changé : revenez en arrière, rechargez et recommencez.",
    ),
    "message_bad_form": (
        "A refusal needs a reason of the list. Nothing was kept: go back and choose one.",
        "Un refus demande un motif de la liste. Rien n'a été enregistré : revenez en arrière et choisissez-en un.",
    ),
    "message_not_found": (
        "There is no such page, or it is not yours to see.",
        "Cette page n'existe pas, ou ne vous est pas destinée.",
    ),
    "message_slow_down": (
        "Too many requests. Wait a minute, then try again.",
        "Trop de requêtes. Attendez une minute, puis recommencez.",
    ),
    "message_damaged": (
        "What this lead was scored with cannot be read any more. Run 'tamis score' again.",
        "Ce qui a servi à noter ce lead n'est plus lisible. Relancez « tamis score ».",
    ),
    "title_401": ("Please sign in", "Connectez-vous"),
    "title_403": ("Not for you", "Accès refusé"),
    "title_404": ("Not found", "Introuvable"),
    "title_400": ("Not kept", "Non enregistré"),
    "title_429": ("One moment", "Un instant"),
    "title_500": ("Something is missing", "Il manque quelque chose"),
}


def say(key: str, language: Language, **values: Any) -> str:
    """Look up a sentence of the page, or one that it shares with reports, and fill it in.

    Raises
    ------
    KeyError
        Unknown key, or a value that the sentence needs is missing: a bug.

    Examples
    --------
    >>> say("n_late", "fr", n=3), say("overdue", "en")
    ('3 en retard', 'overdue')
    """
    words = WORDS.get(key) or REPORT[key]
    return words[0 if language == "en" else 1].format(**values)
