"""What the domain of an e-mail address says of its owner; the address itself never becomes a feature."""

import narwhals.stable.v2 as nw

FREE = [
    "gmail.com", "googlemail.com", "outlook.com", "outlook.fr", "hotmail.com", "hotmail.fr", "hotmail.co.uk",
    "hotmail.be", "live.com", "live.fr", "live.be", "msn.com", "yahoo.com", "yahoo.fr", "yahoo.co.uk", "yahoo.de",
    "yahoo.es", "yahoo.it", "ymail.com", "rocketmail.com", "aol.com", "aol.fr", "icloud.com", "me.com", "mac.com",
    "proton.me", "protonmail.com", "pm.me", "gmx.com", "gmx.fr", "gmx.de", "gmx.net", "web.de", "t-online.de",
    "freenet.de", "mail.com", "mail.ru", "yandex.com", "yandex.ru", "orange.fr", "wanadoo.fr", "free.fr",
    "sfr.fr", "neuf.fr", "cegetel.net", "club-internet.fr", "laposte.net", "bbox.fr", "numericable.fr", "noos.fr",
    "voila.fr", "aliceadsl.fr", "tele2.fr", "skynet.be", "telenet.be", "bluewin.ch", "libero.it", "virgilio.it",
    "tiscali.it", "zoho.com", "fastmail.com", "hey.com", "tutanota.com", "qq.com", "163.com", "126.com",
    "naver.com", "comcast.net", "verizon.net", "att.net", "btinternet.com", "sky.com",
]  # fmt: skip
_EDUCATION = (
    r"\.edu$|\.edu\.[a-z]{2}$|\.ac\.[a-z]{2}$|(?:^|\.)univ-|(?:^|\.)ac-[a-z-]+\.fr$|^(?:etu|student|alumni)\.|(?:^|\.)universit"
    r"|(?:^|\.)(?:polytechnique|hec|essec|escp|edhec|sciencespo|cnrs|inria)\.(?:fr|edu|eu)$"
)
_PUBLIC = (
    r"\.gouv\.fr$|\.gov$|\.gov\.[a-z]{2}$|\.mil$|\.europa\.eu$|^(?:mairie|ville|cc|metropole|agglo|departement|region)-"
    r"|^(?:ap-hm|aphp|chu-[a-z-]+|ch-[a-z-]+|assurance-maladie|pole-emploi|francetravail|insee|senat|assemblee-nationale)\.fr$"
    r"|\.(?:aphp|admin)\.(?:fr|ch)$"
)
KIND_NAMES = {
    "en": {"company": "company address", "free": "personal mailbox", "education": "school or university",
           "public": "public body", "missing": "no address"},
    "fr": {"company": "adresse d'entreprise", "free": "messagerie personnelle", "education": "école ou université",
           "public": "organisme public", "missing": "aucune adresse"},
}  # fmt: skip


def domain(plain: nw.Expr) -> nw.Expr:
    """Return what stands behind the at sign of an address as `plain_text`; null where it is none.

    Examples
    --------
    >>> import polars as pl
    >>> frame = nw.from_native(pl.DataFrame({"e": ["a@acme.fr", "acme.fr", "a@b@acme.fr"]}))
    >>> frame.select(e=domain(nw.col("e")))["e"].to_list()
    ['acme.fr', None, None]
    """
    return nw.when(plain.str.contains(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")).then(plain.str.replace_all("^.*@", ""))


def email_kind(of: nw.Expr) -> nw.Expr:
    """Return the kind of an e-mail address from its `domain`.

    Each step is a column of its own, because SQL engines compute an expression as often as it stands in another.

    Returns
    -------
    narwhals.Expr
        ``company``, ``free``, ``education``, ``public`` or ``missing`` (null, empty or no address at all), never null.

    Examples
    --------
    >>> import polars as pl
    >>> from features.frames import plain_text
    >>> frame = nw.from_native(pl.DataFrame({"e": ["a@acme.fr", " B@Gmail.com", "c@univ-lille.fr", None]}))
    >>> frame = frame.with_columns(e=plain_text(nw.col("e"))).with_columns(e=domain(nw.col("e")))
    >>> frame.select(e=email_kind(nw.col("e")))["e"].to_list()
    ['company', 'free', 'education', 'missing']
    """
    kind = nw.when(of.str.contains(_PUBLIC)).then(nw.lit("public")).otherwise(nw.lit("company"))
    kind = nw.when(of.str.contains(_EDUCATION)).then(nw.lit("education")).otherwise(kind)
    kind = nw.when(of.is_in(FREE)).then(nw.lit("free")).otherwise(kind)
    return nw.when(~of.is_null()).then(kind).otherwise(nw.lit("missing"))
