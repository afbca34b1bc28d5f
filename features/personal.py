"""Columns that hold names, contact details or free text, by their name: shown perhaps, never learnt from."""

import re
import unicodedata

_PERSONAL = re.compile(
    r"\b(first ?name|last ?name|surname|prenom|nom|name|phone|telephone|tel|mobile|portable|fax|street|address|adresse|"
    r"e ?mail|courriel|comments?|commentaires?|notes?|description|message|linkedin|url|website|birth|naissance)\b"
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


def is_personal_name(column: str) -> bool:
    """Whether a column is called like something personal or free text.

    Examples
    --------
    >>> [is_personal_name(name) for name in ("Prénom", "lastName", "phone_2", "Ville", "employees")]
    [True, True, True, False, False]
    """
    return _PERSONAL.search(fold(column)) is not None
