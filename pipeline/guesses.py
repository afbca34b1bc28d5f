"""What column names usually mean in English and French exports; ``tamis init`` writes the guesses down."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from pipeline.settings import FamilyName

# Canonical column: the names it goes by, folded as by `fold`.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "lead_id": ("lead id", "id", "record id", "contact id", "identifiant", "id lead", "id contact", "customer id"),
    "account_id": ("account id", "company id", "id compte", "id entreprise", "id societe"),
    "created_at": (
        "created at",
        "created",
        "create date",
        "created date",
        "creation date",
        "date de creation",
        "cree le",
    ),
    "source": ("source", "lead source", "channel", "original source", "canal", "origine", "origin"),
    "direction": ("direction", "inbound outbound"),
    "job_title": ("job title", "title", "position", "poste", "fonction", "intitule de poste"),
    "seniority": ("seniority", "niveau hierarchique"),
    "country": ("country", "pays"),
    "owner": ("owner", "lead owner", "contact owner", "commercial", "proprietaire"),
    "display_name": ("display name", "full name", "name", "nom", "nom complet", "nom du contact"),
    "email": ("email", "e mail", "mail", "email address", "adresse e mail", "courriel"),
    "opted_out": ("opted out", "opt out", "unsubscribed", "desabonne", "has opted out of email"),
    "occurred_at": ("occurred at", "timestamp", "date", "activity date", "event date", "date evenement"),
    "known_at": ("known at", "received at", "imported at"),
    "type": ("type", "event type", "activity type", "activity", "event", "type evenement"),
    "event_id": ("event id", "activity id"),
    "decided_at": ("decided at", "close date", "closed at", "won date", "date de cloture", "date de signature"),
    "outcome": ("outcome", "result", "resultat", "issue"),
    "amount": ("amount", "deal amount", "montant"),
    "industry": ("industry", "naf", "code naf", "ape", "secteur", "sector"),
    "employees": ("employees", "number of employees", "headcount", "effectif", "effectifs", "nombre de salaries"),
    "revenue": ("revenue", "annual revenue", "chiffre d affaires", "ca"),
}
PERSONAL = re.compile(
    r"\b(first ?name|last ?name|surname|prenom|nom|name|phone|telephone|tel|mobile|portable|fax|street|address|adresse|"
    r"comments?|commentaires?|notes?|description|message|linkedin|url|website|birth|naissance)\b"
)
ENGAGEMENT = re.compile(
    r"\b(campaign|click|clic|open|ouverture|visit|visite|view|vue|page|session|download|telechargement|webinar|webinaire|"
    r"activity|activite|engagement|previous|pdays|touch|login|connexion|usage|event)"
)
INTENT = re.compile(
    r"\b(demo|pricing|tarif|quote|devis|trial|essai|budget|need|besoin|timing|intent|intention|project|projet)"
)
WON_WORDS = (
    "won",
    "yes",
    "oui",
    "1",
    "true",
    "vrai",
    "gagne",
    "gagnee",
    "converted",
    "closed won",
    "customer",
    "client",
)
LOST_WORDS = (
    *("lost", "no", "non", "0", "false", "faux", "perdu", "perdue", "closed lost", "disqualified", "rejected"),
    *("unqualified", "declined", "refused", "refuse", "abandonne", "sans suite", "not converted"),
)


def fold(name: str) -> str:
    """Fold a column name to plain lower-case words.

    Examples
    --------
    >>> fold("Date_de Création"), fold("leadID"), fold("N° client")
    ('date de creation', 'lead id', 'n client')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()


def canonical(wanted: Iterable[str], headers: Sequence[str]) -> dict[str, str]:
    """Match canonical columns with headers, best synonyms first; no header serves twice.

    Examples
    --------
    >>> canonical(["lead_id", "source", "country"], ["ID", "Canal", "Ville"])
    {'lead_id': 'ID', 'source': 'Canal'}
    """
    folded: dict[str, str] = {}
    for header in headers:
        folded.setdefault(fold(header), header)
    found: dict[str, str] = {}
    for column in wanted:
        names = (fold(column), *SYNONYMS.get(column, ()))
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
    """
    if PERSONAL.search(fold(header)):
        return True
    filled = [value for value in values if value.strip()]
    if not filled:
        return False
    mails = sum("@" in value for value in filled)
    sentences = sum(value.count(" ") >= 5 for value in filled)
    return mails > len(filled) / 2 or (sentences > len(filled) / 2 and len(set(filled)) > len(filled) / 2)


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
    >>> outcome_words(["Won", "Lost", "Prospecting"], ["Won"])
    (('Won',), ('Lost',), ('Prospecting',))
    """
    winners = {fold(word) for word in won} or {word for word in WON_WORDS if word in {fold(v) for v in values}}
    found = tuple(value for value in values if fold(value) in winners)
    others = [value for value in values if fold(value) not in winners]
    lost = [value for value in others if fold(value) in LOST_WORDS]
    if len(others) == 1 or not lost:
        lost = others
    return found or tuple(won), tuple(lost), tuple(value for value in others if value not in lost)
