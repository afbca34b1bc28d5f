"""Fit: who a lead is. Every column of ``leads`` and ``accounts`` that is not declared here follows by itself.

Columns of the account are also looked for in ``leads``, where a single flat file keeps them.
"""

from features.attributes import EMPLOYEE_BANDS, LARGEST_BAND, WEEKDAYS
from features.email_domains import KIND_NAMES
from features.job_titles import FUNCTION_NAMES, SENIORITY_NAMES
from features.language import NARROW, Language
from features.naf import names
from features.specification import Dtype, Feature, Measure
from features.statements import attribute, column_words


def _bands(language: str) -> dict[str, str]:
    to, more, unit = {"en": ("to", "or more", "employees"), "fr": ("à", "et plus", "salariés")}[language]
    comma = "," if language == "en" else NARROW
    named = {"0": f"no {unit[:-1]}" if language == "en" else "aucun salarié"}
    for _, band in EMPLOYEE_BANDS[1:]:
        low, high = (f"{int(edge):,}".replace(",", comma) for edge in band.split("_"))
        named[band] = f"{low} {to} {high} {unit}"
    named[LARGEST_BAND] = f"{5000:,} {more}".replace(",", comma) + f" {unit}"
    return named


_DAYS_FR = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
# What marketing tools call the usual channels; any other is shown as the company writes it.
_CHANNELS = {
    "organic": ("organic search", "recherche naturelle"),
    "organic_search": ("organic search", "recherche naturelle"),
    "paid_search": ("paid search", "recherche payante"),
    "direct": ("direct visit", "accès direct"),
    "referral": ("referral", "recommandation"),
    "partner": ("partner", "partenaire"),
    "social": ("social media", "réseaux sociaux"),
    "linkedin": ("LinkedIn", "LinkedIn"),
    "email": ("e-mail campaign", "campagne e-mail"),
    "webinar": ("webinar", "webinaire"),
    "white_paper": ("white paper", "livre blanc"),
    "event": ("event", "événement"),
    "trade_show": ("trade show", "salon"),
    "cold_call": ("cold call", "prospection téléphonique"),
    "outbound": ("outbound", "prospection"),
    "outbound_calls": ("outbound calls", "prospection téléphonique"),
    "outbound_email": ("outbound e-mails", "prospection par e-mail"),
    "trial": ("free trial", "essai gratuit"),
}
_DIRECTIONS = {
    "en": {"inbound": "they came to us", "outbound": "we went to them"},
    "fr": {"inbound": "entrant", "outbound": "sortant"},
}


def channel(source: str, language: Language) -> str:
    """Name a channel as people do.

    Examples
    --------
    >>> channel("white_paper", "fr"), channel("Foire de Lyon", "fr")
    ('livre blanc', 'Foire de Lyon')
    """
    known = _CHANNELS.get(source)
    return source if known is None else known[0 if language == "en" else 1]


def _sized(name: str, measure: Measure, dtype: Dtype, levels: bool) -> Feature:
    en: dict[str, object] = {
        "label": "Company size",
        "unknown": "Company size not known",
        "unit": "employees",
        "unit_one": "employee",
    }
    fr: dict[str, object] = {
        "label": "Effectif",
        "unknown": "Effectif inconnu",
        "unit": "salariés",
        "unit_one": "salarié",
    }
    if levels:
        en, fr = en | {"levels": _bands("en")}, fr | {"levels": _bands("fr")}
    return attribute(
        name,
        "fit",
        ["accounts.employees", "leads.employees"],
        measure,
        column_words(en, fr),
        dtype=dtype,
        fact="employees",
    )


_INDUSTRY = ["accounts.industry", "leads.industry"]
_SECTOR = (
    {"label": "Industry", "unknown": "Industry not known"},
    {"label": "Secteur", "unknown": "Secteur inconnu"},
)

FEATURES: tuple[Feature, ...] = (
    _sized("fit__employees", "value", "number", levels=False),
    _sized("fit__employees_band", "employee_band", "category", levels=True),
    attribute("fit__revenue", "fit", ["accounts.revenue", "leads.revenue"], "value",
              column_words({"label": "Revenue", "unknown": "Revenue not known"},
                           {"label": "Chiffre d'affaires", "unknown": "Chiffre d'affaires inconnu"}),
              dtype="number", fact="revenue"),
    attribute("fit__industry_section", "fit", _INDUSTRY, "naf_section",
              column_words(_SECTOR[0] | {"levels": names("section", "en")}, _SECTOR[1] | {"levels": names("section",
                                                                                                          "fr")}),
              fact="industry", null="not known, or not a NAF code"),
    attribute("fit__industry_division", "fit", _INDUSTRY, "naf_division",
              column_words({"label": "Activity of the company", "unknown": "Activity of the company not known",
                            "levels": names("division", "en")},
                           {"label": "Activité de l'entreprise", "unknown": "Activité de l'entreprise inconnue",
                            "levels": names("division", "fr")}),
              fact="industry", null="not known, or not a NAF code"),
    attribute("fit__industry", "fit", _INDUSTRY, "industry_text", column_words(*_SECTOR), fact="industry",
              null="not known, or a NAF code"),
    attribute("fit__country", "fit", ["leads.country", "accounts.country"], "value",
              column_words({"label": "Country", "unknown": "Country not known"}, {"label": "Pays",
                                                                                  "unknown": "Pays inconnu"}),
              fact="country"),
    attribute("fit__seniority", "fit", ["leads.seniority", "leads.job_title"], "seniority",
              column_words({"label": "Seniority", "unknown": "Seniority not known", "levels": SENIORITY_NAMES["en"]},
                           {"label": "Niveau hiérarchique", "unknown": "Niveau hiérarchique inconnu",
                            "levels": SENIORITY_NAMES["fr"]}),
              fact="seniority", null="no title, or one that no rule knows"),
    attribute("fit__job_function", "fit", ["leads.job_title"], "job_function",
              column_words({"label": "Function", "unknown": "Function not known", "levels": FUNCTION_NAMES["en"]},
                           {"label": "Fonction", "unknown": "Fonction inconnue", "levels": FUNCTION_NAMES["fr"]}),
              fact="job_function", null="no title, or one that no rule knows"),
    attribute("fit__email_kind", "fit", ["leads.email"], "email_kind",
              column_words({"label": "E-mail address", "unknown": "E-mail address: not known",
                            "levels": KIND_NAMES["en"]},
                           {"label": "Adresse e-mail", "unknown": "Adresse e-mail inconnue",
                            "levels": KIND_NAMES["fr"]}),
              fact="email", null="never null: `missing` is a level"),
    attribute("fit__source", "fit", ["leads.source"], "value",
              column_words({"label": "Source", "unknown": "Source not known",
                            "levels": {code: names[0] for code, names in _CHANNELS.items()}},
                           {"label": "Origine", "unknown": "Origine inconnue",
                            "levels": {code: names[1] for code, names in _CHANNELS.items()}}),
              fact="source"),
    attribute("fit__direction", "fit", ["leads.direction"], "value",
              column_words({"label": "First contact", "unknown": "Who made the first contact is not known",
                            "levels": _DIRECTIONS["en"]},
                           {"label": "Premier contact", "unknown": "Sens du premier contact inconnu",
                            "levels": _DIRECTIONS["fr"]}),
              fact="direction"),
    attribute("fit__created_weekday", "fit", ["leads.created_at"], "weekday",
              column_words({"label": "Day of first contact", "unknown": "Day of first contact not known",
                            "levels": {d: d.capitalize() for d in WEEKDAYS}},
                           {"label": "Jour du premier contact", "unknown": "Jour du premier contact inconnu",
                            "levels": dict(zip(WEEKDAYS, _DAYS_FR, strict=True))}),
              fact="created_weekday", null="no creation date"),
)  # fmt: skip
