"""What column names usually mean in English and French exports; ``tamis init`` writes the guesses down."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from features.faults import nearest
from pipeline.settings import FamilyName

# Canonical column: the names it goes by, folded as by `fold`.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "lead_id": (
        *("id lead", "contact id", "id contact", "customer id", "client id", "id client", "prospect id", "id prospect"),
        *("n client", "no client", "numero client", "num client", "code client", "reference client", "ref client"),
    ),
    "account_id": ("company id", "id compte", "id entreprise", "id societe", "compte", "entreprise", "societe"),
    "siren": ("siren number", "n siren", "numero siren"),
    "created_at": (
        *("created", "create date", "created date", "creation date", "date created"),
        *("date de creation", "date creation", "cree le", "date d entree"),
    ),
    "source": ("source", "lead source", "channel", "original source", "canal", "origine", "origin"),
    "direction": ("inbound outbound", "sens"),
    "job_title": ("job title", "title", "position", "poste", "fonction", "intitule de poste"),
    "seniority": ("seniority", "niveau hierarchique"),
    "country": ("country", "pays"),
    "owner": ("owner", "lead owner", "contact owner", "commercial", "proprietaire"),
    "display_name": ("display name", "full name", "name", "nom", "nom complet", "nom du contact"),
    "name": (
        *("company name", "account name", "company", "organization", "raison sociale", "denomination"),
        *("nom de l entreprise", "nom entreprise", "nom de la societe", "nom du compte"),
    ),
    "email": ("email", "e mail", "mail", "email address", "adresse e mail", "courriel"),
    "opted_out": ("opt out", "unsubscribed", "desabonne", "desinscrit", "has opted out of email"),
    "occurred_at": (
        *("timestamp", "date", "activity date", "event date", "date time", "date et heure", "survenu le"),
        *("date evenement", "date de l evenement", "date du signal", "date activite"),
    ),
    "known_at": ("received at", "imported at", "recu le", "connu le", "date de saisie", "saisi le", "date"),
    "type": (
        *("event type", "activity type", "activity", "event", "signal type"),
        *("type evenement", "type d evenement", "evenement", "type de signal", "activite"),
    ),
    "event_id": ("activity id", "id evenement", "id activite"),
    "channel": ("canal",),
    "value": ("valeur",),
    "strength": ("force", "intensite"),
    "decided_at": (
        *("close date", "closed at", "won date", "decision date"),
        *("date de cloture", "date de signature", "date de decision", "decide le", "date"),
    ),
    "outcome": ("result", "resultat", "issue", "statut", "status"),
    "amount": ("deal amount", "montant"),
    "lost_reason": ("loss reason", "closed lost reason", "motif de perte", "raison de perte", "motif"),
    "stage": ("etape", "phase", "statut"),
    "entered_at": ("entered", "stage date", "date d entree", "entre le", "date"),
    "reason": ("motif", "raison"),
    "actor": ("acteur", "auteur", "utilisateur"),
    "criterion": ("critere", "question"),
    "answer": ("reponse",),
    "field": ("champ", "propriete", "property"),
    "month": ("mois",),
    "cost": ("cout", "depense", "spend"),
    "industry": ("naf", "code naf", "ape", "code ape", "secteur", "secteur d activite", "sector"),
    "employees": ("employees", "number of employees", "headcount", "effectif", "effectifs", "nombre de salaries"),
    "revenue": ("revenue", "annual revenue", "chiffre d affaires", "ca"),
}
# A table's own key may be called plainly so; elsewhere these names say nothing.
OWN_KEY = {"leads": "lead_id", "accounts": "account_id", "events": "event_id"}
OWN_NAMES = ("id", "record id", "identifiant", "numero", "reference", "n")
PERSONAL = re.compile(
    r"\b(first ?name|last ?name|surname|prenom|nom|name|phone|telephone|tel|fax|street|address|adresse|linkedin|url|"
    r"website|birth|naissance)\b"
)
# Free text under these names is personal, a short number is a count or a mark.
WORDY = re.compile(r"\b(mobile|portable|comments?|commentaires?|notes?|description|messages?|remarques?|remarks?)\b")
SHORT_NUMBER = re.compile(r"[-+]?\d{1,6}(?:[.,]\d+)?")
PHONE = re.compile(r"(?:\+|0)(?:[ .()/-]*\d){8,14}")
ENGAGEMENT = re.compile(
    r"\b(campaign|click|clic|open|ouverture|visit|visite|view|vue|page|session|download|telechargement|webinar|webinaire|"
    r"(?<!d )activit[ey]|engagement|previous|pdays|touch|login|connexion|usage|event)"
)
INTENT = re.compile(
    r"\b(demo(?!graph)|pricing|tarif|quote|devis|trial|essai|budget|need|besoin|timing|intent|intention|project|projet)"
)
WON_WORDS = (
    *("won", "yes", "oui", "1", "true", "vrai", "gagne", "gagnee", "converted", "converti", "convertie", "signe"),
    *("signee", "closed won", "customer", "client"),
)
LOST_WORDS = (
    *("lost", "no", "non", "0", "false", "faux", "perdu", "perdue", "closed lost", "disqualified", "rejected"),
    *("unqualified", "declined", "refused", "refuse", "refusee", "rejete", "rejetee", "abandonne", "abandonnee"),
    *("sans suite", "not converted", "non converti", "non convertie", "disqualifie", "disqualifiee", "non qualifie"),
)


def fold(name: str) -> str:
    """Fold a name to plain lower-case words; a name of signs only stays as it is.

    Examples
    --------
    >>> fold("Date_de Création"), fold("leadID"), fold("N° client"), fold("成交"), fold(" + ")
    ('date de creation', 'lead id', 'n client', '成交', '+')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", spaced) if not unicodedata.combining(sign))
    return re.sub(r"[\W_]+", " ", plain.casefold()).strip() or name.strip()


def canonical(wanted: Iterable[str], headers: Sequence[str], key: str = "lead_id") -> dict[str, str]:
    """Match canonical columns with headers, best synonyms first; no header serves twice.

    ``key`` is the column that may simply be called "ID".

    Examples
    --------
    >>> canonical(["lead_id", "source", "country"], ["ID", "Canal", "Ville"])
    {'lead_id': 'ID', 'source': 'Canal'}
    >>> canonical(["lead_id", "event_id"], ["ID", "Lead ID"], key="event_id")
    {'lead_id': 'Lead ID', 'event_id': 'ID'}
    """
    folded: dict[str, str] = {}
    for header in headers:
        folded.setdefault(fold(header), header)
    found: dict[str, str] = {}
    for column in wanted:
        names = (fold(column), *SYNONYMS.get(column, ()), *(OWN_NAMES if column == key else ()))
        match = next((folded[name] for name in names if name in folded and folded[name] not in found.values()), None)
        if match is not None:
            found[column] = match
    return found


def is_personal(header: str, values: Sequence[str]) -> bool:
    """Whether a column holds names, contact details or free text, by its name or by its cells.

    Examples
    --------
    >>> is_personal("Prénom", []), is_personal("Ville", ["Lyon"]), is_personal("x", ["a@b.example"] * 9)
    (True, False, True)
    >>> is_personal("Notes", ["call her back"]), is_personal("Notes", ["12", "14,5"])
    (True, False)
    """
    words = fold(header)
    if PERSONAL.search(words):
        return True
    filled = [value.strip() for value in values if value.strip()]
    if WORDY.search(words):
        return not filled or not all(SHORT_NUMBER.fullmatch(value) for value in filled)
    half = len(filled) / 2
    contacts = sum("@" in value or PHONE.fullmatch(value) is not None for value in filled)
    sentences = sum(value.count(" ") >= 5 for value in filled)
    return contacts > half or (sentences > half and len(set(filled)) > half)


def family(header: str) -> FamilyName | None:
    """Guess engagement or intent from a name; None for fit.

    Examples
    --------
    >>> family("pricing_views"), family("email_clicks"), family("employees")
    ('intent', 'engagement', None)
    """
    words = fold(header)
    if INTENT.search(words):
        return "intent"
    return "engagement" if ENGAGEMENT.search(words) else None


def matching(word: str, values: Sequence[str]) -> tuple[str, ...]:
    """Values that a word means: the same but for case, else the same but for accents and signs.

    Examples
    --------
    >>> matching("won", ["Won", "Lost"]), matching("gagne", ["Gagné"]), matching("1", ["-1", "1"])
    (('Won',), ('Gagné',), ('1',))
    """
    exact = tuple(value for value in values if value.strip().casefold() == word.strip().casefold())
    return exact or tuple(value for value in values if _word(value) == _word(word))


def outcome_words(
    values: Sequence[str], won: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Sort the values of an outcome column into won, lost and open.

    Two values: the other one is lost. More: words that mean lost are lost and the rest is open; none of those: all
    others are lost.

    Examples
    --------
    >>> outcome_words(["yes", "no"], ["yes"])
    (('yes',), ('no',), ())
    >>> outcome_words(["Won", "Lost", "Prospecting"], [])
    (('Won',), ('Lost',), ('Prospecting',))
    """
    winners = {value for word in won for value in matching(word, values)}
    if not won:
        winners = {value for value in values if _word(value) in WON_WORDS}
    others = [value for value in values if value not in winners]
    lost = [value for value in others if _word(value) in LOST_WORDS]
    if len(others) == 1 or not lost:
        lost = others
    found = tuple(value for value in values if value in winners)
    return found, tuple(lost), tuple(value for value in others if value not in lost)


def no_column(option: str, header: str, headers: Sequence[str]) -> str:
    """Say that a column named in an option is not there, and which is the nearest.

    Examples
    --------
    >>> no_column("--id", "Record Id", ["Record ID", "Email"])
    "--id: expected a column of the file, found 'Record Id'. Did you mean 'Record ID'? Columns: Record ID, Email."
    """
    return (
        f"{option}: expected a column of the file, found {header!r}.{nearest(header, headers)} "
        f"Columns: {', '.join(headers)}."
    )


def _word(value: str) -> str:
    """Fold a word; a number keeps its sign, and 1.0 is 1."""
    plain = value.strip()
    return fold(plain) if any(map(str.isalpha, plain)) else re.sub(r"[.,]0+$", "", plain)
