"""Seniority and function from job titles in English and French: rules on words, the first that fits wins.

Titles are lowered, accents folded, punctuation turned into spaces; a word ending in ``*`` is a prefix (``direct*``
covers directeur, directrice, direction). What no rule knows is null, never a guess.
"""

import re
from collections.abc import Sequence
from functools import cache

import narwhals.stable.v2 as nw

_PLAINER = (
    ("[àâä]", "a"),
    ("[éèêë]", "e"),
    ("[îï]", "i"),
    ("[ôö]", "o"),
    ("[ùûü]", "u"),
    ("ç", "c"),
    ("œ", "oe"),
    (r"\(e\)|·e|\.e\b", ""),
    ("[^a-z0-9]+", " "),
)

Rules = Sequence[tuple[str, str]]

# Comma-separated words or phrases. Order matters: assistants of chiefs are no chiefs, vice-presidents no presidents.
SENIORITY: Rules = (
    (
        "junior",
        "stagiair*, intern, internship, alternant*, alternance, apprenti*, trainee, etudiant*, student, "
        "junior, jr, graduate",
    ),
    ("staff", "assistant*, assistante de direction, secretaire*, executive assistant, personal assistant"),
    (
        "vp",
        "vp, svp, evp, avp, vice president*, vice presidente, directeur general adjoint, directrice "
        "generale adjointe, dga",
    ),
    (
        "c_level",
        "ceo, cto, cfo, coo, cio, cmo, cso, cro, chro, cdo, ciso, cpo, chief, c level, c suite, cxo, pdg, "
        "dg, president*, presidente, founder, co founder, cofounder, owner, fondat*, cofondat*, co fondat*, "
        "gerant*, associe*, partner, dirigeant*, managing director, directeur general, directrice generale, "
        "general manager, chef d entreprise, proprietaire, entrepreneur*",
    ),
    (
        "director",
        "director, directeur*, directrice*, dir, head, head of, dsi, daf, drh, dircom, dirco, rssi, dpo, "
        "dirigeante, direction",
    ),
    (
        "manager",
        "manager, mgr, managing, responsable*, resp, chef, cheffe, chef de, superviseu*, supervisor, "
        "supervisory, team lead, team leader, rrh, raf, cadre, encadrant*, principal",
    ),
    ("senior", "senior, sr, lead, expert*, architect*, confirme*, staff engineer, specialist*, specialiste"),
    (
        "staff",
        "engineer, ingenieur*, developer, developpeu*, analyst*, analyste, consultant*, technicien*, "
        "technician, comptable*, accountant, commercial*, vendeu*, representative, rep, account executive, "
        "charge de*, chargee de*, chargee d, charge d, acheteu*, buyer, juriste*, lawyer, officer, "
        "coordinat*, administrat*, administrator, gestionnaire*, employe*, employee, designer, recruteu*, "
        "recruiter, conseiller*, advisor, agent, operat*, redact*, professeu*, teacher, enseignant*, entry, "
        "individual contributor",
    ),
)
FUNCTION: Rules = (
    (
        "hr",
        "rh, drh, rrh, hr, chro, human resources, ressources humaines, recruteu*, recruiter, recrutement, "
        "recruitment, talent, people, paie, payroll, formation, qvt",
    ),
    (
        "it",
        "it, dsi, cio, cto, ciso, rssi, si, informatique*, information technology, information officer, "
        "information systems, "
        "systeme d information, systemes d information, systemes, systems, sysadmin, reseau*, network, "
        "infrastructure*, devops, developer, developpeu*, software, logiciel*, cybersecurite, "
        "cybersecurity, security engineer, data*, cdo, numerique, technology, technologies, tech, cloud, "
        "digital transformation, web developer, programmer, fullstack, backend, frontend, erp",
    ),
    (
        "marketing",
        "marketing, cmo, communication*, dircom, brand, marque, growth, content, contenu*, seo, sea, media, "
        "community manager, product marketing, digital, acquisition, event*, evenementiel, crm, public "
        "relations, relations presse, traffic manager",
    ),
    (
        "finance",
        "finance*, financ*, daf, raf, cfo, comptab*, accounting, accountant, accounts payable, controleu* "
        "de gestion, controle de gestion, controller, treasur*, tresor*, audit*, fiscal*, tax, credit "
        "manager, administratif et financier, administrative et financiere, investment*",
    ),
    (
        "legal",
        "legal, juridique*, juriste*, lawyer, avocat*, counsel, compliance, conformite, dpo, notaire*, "
        "contentieux, attorney",
    ),
    (
        "purchasing",
        "achat*, acheteu*, purchas*, procurement, buyer, sourcing, approvisionn*, category manager, cpo",
    ),
    (
        "customer",
        "customer*, client*, relation client, service client, customer success, support, sav, after sales, "
        "apres vente, csm, helpdesk",
    ),
    (
        "sales",
        "sales, commercial*, vente*, vendeu*, dirco, cro, business developer, business development, "
        "developpement commercial, account executive, account manager, key account, grands comptes, "
        "ingenieu* d affaires, charge* d affaires, bdr, sdr, avant vente*, presales, pre sales, technico "
        "commercial*, revenue, directeur des ventes, directrice des ventes, chef des ventes, export, "
        "secteur",
    ),
    (
        "product",
        "product, produit*, product owner, product manager, chef de produit, cheffe de produit, ux, ui, "
        "designer, design",
    ),
    (
        "research",
        "r d, r et d, research*, recherche*, innovation*, scientist*, scientifique*, chercheu*, "
        "laboratoire, lab, bureau d etudes, ingenierie, engineering, engineer, ingenieur*, etudes, "
        "conception",
    ),
    (
        "operations",
        "operations, operation, coo, ops, production, supply*, supply chain, logisti*, usine, plant, "
        "factory, industriel*, industrial, maintenance, qualite, quality, qhse, hse, qse, exploitation, "
        "transport*, methodes, manufacturing, manufactur*, travaux, chantier*, site, moyens generaux, "
        "facilities, facility, warehouse, entrepot*, technique, techniques, technical, technicien*",
    ),
    (
        "administration",
        "assistant*, assistante, secretaire*, office manager, administrati*, secretariat, accueil, "
        "receptionist, executive assistant",
    ),
    (
        "general_management",
        "ceo, pdg, dg, dga, president*, presidente, vice president*, founder, co founder, cofounder, owner, "
        "fondat*, cofondat*, co fondat*, gerant*, dirigeant*, associe*, partner, managing director, "
        "directeur general, directrice generale, general manager, chef d entreprise, entrepreneur*, "
        "proprietaire, direction generale, strateg*, secretaire general*",
    ),
)

SENIORITY_NAMES = {
    "en": {"c_level": "executive", "vp": "vice-president", "director": "director", "manager": "manager",
           "senior": "senior",
           "staff": "staff", "junior": "junior or intern"},
    "fr": {"c_level": "dirigeant", "vp": "vice-président", "director": "directeur", "manager": "responsable",
           "senior": "confirmé",
           "staff": "collaborateur", "junior": "junior ou stagiaire"},
}  # fmt: skip
FUNCTION_NAMES = {
    "en": {"hr": "human resources", "it": "IT", "marketing": "marketing", "finance": "finance", "legal": "legal",
           "purchasing": "purchasing", "customer": "customer service", "sales": "sales", "product": "product",
           "research": "R&D and engineering",
           "operations": "operations", "administration": "administration", "general_management": "general management"},
    "fr": {"hr": "ressources humaines", "it": "informatique", "marketing": "marketing", "finance": "finance",
           "legal": "juridique",
           "purchasing": "achats", "customer": "service client", "sales": "commercial", "product": "produit",
           "research": "R&D et ingénierie",
           "operations": "opérations", "administration": "administratif", "general_management": "direction générale"},
}  # fmt: skip


def plain(title: nw.Expr) -> nw.Expr:
    """Return a title in lower case, without accents or punctuation, a space at each end: what the rules read.

    Examples
    --------
    >>> import polars as pl
    >>> nw.from_native(pl.DataFrame({"t": ["Chargé(e) d'Études"]})).select(t=plain(nw.col("t")))["t"].to_list()
    [' charge d etudes ']
    """
    text = title.fill_null("").str.to_lowercase()
    for letters, plain in _PLAINER:
        text = text.str.replace_all(letters, plain)
    return nw.concat_str(nw.lit(" "), text, nw.lit(" "))


def seniority(plain: nw.Expr) -> nw.Expr:
    """Return the seniority that a plain job title (or a CRM's own label) tells.

    Returns
    -------
    narwhals.Expr
        ``c_level``, ``vp``, ``director``, ``manager``, ``senior``, ``staff``, ``junior`` or null.

    Examples
    --------
    >>> import polars as pl
    >>> frame = nw.from_native(pl.DataFrame({"t": ["Directrice Générale", "Resp. achats", "VP Sales", "???"]}))
    >>> frame.select(t=seniority(plain(nw.col("t"))))["t"].to_list()
    ['c_level', 'manager', 'vp', None]
    """
    return _first(plain, SENIORITY)


def job_function(plain: nw.Expr) -> nw.Expr:
    """Return the function that a plain job title tells, one of `FUNCTION_NAMES`, or null.

    Examples
    --------
    >>> import polars as pl
    >>> frame = nw.from_native(pl.DataFrame({"t": ["DSI", "DAF", "Responsable des achats", "PDG", "Astronaute"]}))
    >>> frame.select(t=job_function(plain(nw.col("t"))))["t"].to_list()
    ['it', 'finance', 'purchasing', 'general_management', None]
    """
    return _first(plain, FUNCTION)


def read(title: str) -> tuple[str | None, str | None]:
    """Read one title without an engine: it would compile every rule anew for a single row.

    Returns
    -------
    (str or None, str or None)
        What `seniority` and `job_function` tell of it.

    Examples
    --------
    >>> read("Directrice des Systèmes d'information"), read("Astronaute")
    (('director', 'it'), (None, None))
    """
    text = title.lower()
    for letters, plain in _PLAINER:
        text = re.sub(letters, plain, text)
    text = f" {text} "
    return _first_of(text, SENIORITY), _first_of(text, FUNCTION)


def _first(text: nw.Expr, rules: Rules) -> nw.Expr:
    result: nw.Expr = nw.lit(None, nw.String)
    for level, words in reversed(rules):
        result = nw.when(text.str.contains(_pattern(words))).then(nw.lit(level)).otherwise(result)
    return result


def _first_of(text: str, rules: Rules) -> str | None:
    return next((level for level, words in rules if _compiled(words).search(text)), None)


@cache
def _compiled(words: str) -> re.Pattern[str]:
    return re.compile(_pattern(words))


def _pattern(words: str) -> str:
    return f" (?:{'|'.join(_word(word.strip()) for word in words.split(','))}) "


def _word(word: str) -> str:
    return re.escape(word).replace(r"\*", "[a-z]*").replace(r"\ ", " ")
