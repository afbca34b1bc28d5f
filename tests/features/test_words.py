"""Sentences that people read: complete, true at 0, 1, many and null, in both languages."""

import json
import re

import pytest

from features.catalogue import DECLARED, FeatureOptions, catalogue
from features.language import NARROW, NBSP, humanise, number, undone
from features.specification import Feature
from features.words import LONGEST, before, comparison, label, sentence, with_remark

OPTIONS = FeatureOptions(
    event_types=("demo_call",),
    signal_types=("ipo_rumour",),
    criteria=("Security_review",),
    labels={"Plan choisi": {"en": "Plan", "fr": "Formule"}},
)
VALUES = (0.0, 0.4, 1.0, 1.6, 3.0, 29.5, 64.2, 12_345.6, None, float("nan"))
BY_NAME = {f.name: f for f in DECLARED}


@pytest.fixture(scope="module")
def everything(crm):
    rows = {name: [] for name in ("leads", "accounts", "events", "signals", "answers", "changes")}
    return catalogue(crm.make_tables(rows, "polars"), OPTIONS)


def values_of(feature):
    levels = feature.words["en"].get("levels", {"FR": "", "x" * 300: ""})
    return VALUES if feature.dtype == "number" else (*levels, "(other)", None)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_feature_has_a_sentence_for_every_value(everything, language):
    for feature in everything:
        for value in values_of(feature):
            text = sentence(feature, value, language)
            assert 5 < len(text) <= LONGEST
            assert text[0].isupper() or text[0].isdigit() or text[0] in "“«", text
            assert not re.search(r"_|\bnan\b|None|\{|  |fit\b|null", text), text
            assert feature.name not in text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_feature_has_a_sentence_for_every_value_as_a_reason_in_favour_too(everything, language):
    for feature in everything:
        for value in values_of(feature):
            text = sentence(feature, value, language, in_favour=True)
            assert 5 < len(text) <= LONGEST
            if feature.words["form"] == "recency" and value is not None and value > 30:
                assert not re.match("No |Pas d|Aucun", text), text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_remarks_are_short_and_name_no_column(everything, language):
    for feature in everything:
        for value in values_of(feature):
            was = before(feature, value, language)
            assert "_" not in was
            assert feature.name not in was
            number_like = value if isinstance(value, float) and value == value else None  # noqa: PLR0124  NaN
            compared = comparison(feature, number_like, language)
            assert len(compared) < 60
            assert compared == "" or compared.startswith(("your average lead: ", "votre lead moyen"))
            assert len(with_remark(sentence(feature, value, language), was)) <= LONGEST


def test_a_column_has_its_unit_and_a_share_is_a_percentage(crm):
    labels = {
        "score": {"en": "Growth", "fr": "Croissance", "unit": "percent"},
        "Plan choisi": {"en": "Plan", "unit": "EUR"},
    }
    rows = {name: [] for name in ("leads", "accounts", "events", "signals", "answers", "changes")}
    found = {f.name: f for f in catalogue(crm.make_tables(rows, "polars"), FeatureOptions(labels=labels))}
    growth = found["fit__score"]
    assert sentence(growth, 0.083, "en") == "Growth: 8.3%"
    assert sentence(growth, -0.106, "fr") == f"Croissance{NBSP}: -10,6{NBSP}%"
    assert sentence(growth, None, "en") == "Growth not known"
    labels["score"]["unit"] = "k€"
    (growth,) = [
        f for f in catalogue(crm.make_tables(rows, "polars"), FeatureOptions(labels=labels)) if f.name == "fit__score"
    ]
    assert sentence(growth, 12.0, "fr") == f"Croissance{NBSP}: 12 k€"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_feature_has_a_label_without_its_name(everything, language):
    labels = {f.name: label(f, language) for f in everything}
    assert all("_" not in text and 2 < len(text) < 75 for text in labels.values())
    windows = {n: text for n, text in labels.items() if n.rpartition("_")[2] in {"7d", "30d", "90d"}}
    assert len(set(windows.values())) == len(windows)


def test_a_feature_read_back_from_a_model_speaks_the_same(everything):
    for feature in everything:
        back = Feature.from_dict(json.loads(json.dumps(feature.to_dict())))
        assert back == feature
        assert sentence(back, values_of(feature)[2], "fr") == sentence(feature, values_of(feature)[2], "fr")


@pytest.mark.parametrize(
    ("name", "value", "english", "french"),
    [
        (
            "intent__pricing_view_count_7d",
            3.0,
            "Viewed the pricing page 3 times in the last 7 days",
            "A consulté la page tarifs 3 fois ces 7 derniers jours",
        ),
        (
            "intent__pricing_view_count_30d",
            0.0,
            "Has not viewed the pricing page in the last 30 days",
            "N'a pas consulté la page tarifs ces 30 derniers jours",
        ),
        (
            "intent__demo_request_count_365d",
            1.0,
            "Requested a demo once in the last 12 months",
            "A demandé une démo une fois ces 12 derniers mois",
        ),
        (
            "intent__demo_request_count_30d",
            0.0,
            "Has not requested a demo in the last 30 days",
            "N'a pas demandé de démo ces 30 derniers jours",
        ),
        (
            "engagement__email_open_recency_days",
            3.9,
            "Opened an e-mail 3 days ago",
            "A ouvert un e-mail il y a 3 jours",
        ),
        (
            "engagement__email_open_recency_days",
            0.2,
            "Opened an e-mail in the last 24 hours",
            "A ouvert un e-mail ces dernières 24 heures",
        ),
        (
            "engagement__email_open_recency_days",
            64.0,
            "No e-mail opened for 64 days",
            "Aucune ouverture d'e-mail depuis 64 jours",
        ),
        (
            "engagement__email_open_recency_days",
            None,
            "No e-mail opened in the last 12 months",
            "Aucune ouverture d'e-mail ces 12 derniers mois",
        ),
        (
            "intent__hiring_count_90d",
            2.0,
            "2 hiring signals at the company in the last 90 days",
            "2 signaux de recrutement dans l'entreprise ces 90 derniers jours",
        ),
        (
            "engagement__colleagues_30d",
            1.0,
            "1 colleague active in the last 30 days",
            "1 collègue actif ces 30 derniers jours",
        ),
        (
            "fit__industry_section",
            "J",
            "Industry: Information and communication",
            f"Secteur{NBSP}: Information et communication",
        ),
        ("fit__industry_section", None, "Industry not known", "Secteur inconnu"),
        ("fit__employees_band", "50_249", "Company size: 50 to 249 employees", f"Effectif{NBSP}: 50 à 249 salariés"),
        ("fit__employees", 1.0, "Company size: 1 employee", f"Effectif{NBSP}: 1 salarié"),
        ("fit__revenue", 1_250_000.0, "Revenue: 1,250,000", f"Chiffre d'affaires{NBSP}: 1{NARROW}250{NARROW}000"),
        ("intent__budget_answer", "no", "No budget", "Pas de budget"),
        (
            "engagement__commercial_pages_share_90d",
            0.4,
            "40% of the pages viewed in the last 90 days were commercial",
            f"40{NBSP}% des pages vues ces 90 derniers jours étaient commerciales",
        ),
        (
            "engagement__activity_trend_30d",
            0.4,
            "Activity down: about 40% of the level of the 60 days before",
            f"Activité en baisse{NBSP}: environ 40{NBSP}% du niveau des 60 jours précédents",
        ),
        ("engagement__lead_age_days", 35.2, "Known to us for 35 days", "Connu de nous depuis 35 jours"),
    ],
)
def test_sentences_carry_the_fact(name, value, english, french):
    feature = BY_NAME[name]
    assert (sentence(feature, value, "en"), sentence(feature, value, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("name", "value", "english", "french"),
    [
        (
            "engagement__event_demo_call_count_30d",
            3.0,
            "“demo call” activity 3 times in the last 30 days",
            f"Activité «{NBSP}demo call{NBSP}» 3 fois ces 30 derniers jours",
        ),
        (
            "engagement__event_demo_call_count_30d",
            0.0,
            "No “demo call” activity in the last 30 days",
            f"Aucune activité «{NBSP}demo call{NBSP}» ces 30 derniers jours",
        ),
        (
            "intent__signal_ipo_rumour_recency_days",
            None,
            "No “ipo rumour” signal at the company in the last 12 months",
            f"Aucun signal «{NBSP}ipo rumour{NBSP}» dans l'entreprise ces 12 derniers mois",
        ),
        (
            "intent__criterion_security_review_answer",
            "yes",
            "Question “security review”: yes",
            f"Question «{NBSP}security review{NBSP}»{NBSP}: oui",
        ),
        ("fit__seniority", "demigod", "Seniority: demigod", f"Niveau hiérarchique{NBSP}: demigod"),
        ("fit__plan_choisi", "pro", "Plan: pro", f"Formule{NBSP}: pro"),
        ("fit__trial_at_days", 12.0, "Trial: 12 days ago", f"Trial{NBSP}: il y a 12 jours"),
        ("fit__score", None, "Score not known", f"Score{NBSP}: information absente"),
    ],
)
def test_what_nobody_declared_speaks_too(everything, name, value, english, french):
    feature = {f.name: f for f in everything}[name]
    assert (sentence(feature, value, "en"), sentence(feature, value, "fr")) == (english, french)


def test_a_long_text_value_is_cut_and_says_so(everything):
    feature = BY_NAME["fit__country"]
    assert sentence(feature, "x" * 300, "en").endswith("x…")


@pytest.mark.parametrize(
    ("value", "shown"),
    [("trade_show", "trade show"), ("Île_de_France", "Île_de_France"), ("a_b@c.fr", "a_b@c.fr"), ("_x", "_x")],
)
def test_a_code_of_the_crm_is_read_as_words_and_anything_else_is_left_alone(value, shown):
    assert sentence(BY_NAME["fit__source"], value, "en") == f"Source: {shown}"


def test_a_feature_without_words_still_gives_a_sentence():
    feature = Feature("fit__euribor3m", "fit", "number", "euribor3m", "not known")
    assert sentence(feature, 4.857, "fr") == f"Euribor3m{NBSP}: 4,86"
    assert label(feature, "en") == "Euribor3m"


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (0.0, "0", "0"),
        (-0.00001, "0", "0"),
        (12_345.0, "12,345", f"12{NARROW}345"),
        (99.5, "99.5", "99,5"),
        (1e9, "1,000,000,000", f"1{NARROW}000{NARROW}000{NARROW}000"),
    ],
)
def test_numbers_follow_the_language(value, english, french):
    assert (number(value, "en"), number(value, "fr")) == (english, french)


def test_a_name_without_a_letter_has_a_label_all_the_same():
    assert humanise(" -_. ") == "?"


def test_negation_leaves_prepositions_alone():
    assert undone("A cliqué dans un e-mail", "fr") == "N'a pas cliqué dans un e-mail"
    assert undone("Est venu au salon", "fr") == "N'est pas venu au salon"


def test_bands_of_employees_are_written_with_the_thousands_of_the_language():
    band = BY_NAME["fit__employees_band"].words
    assert band["en"]["levels"] == {
        "0": "no employee",
        "1_9": "1 to 9 employees",
        "10_49": "10 to 49 employees",
        "50_249": "50 to 249 employees",
        "250_999": "250 to 999 employees",
        "1000_4999": "1,000 to 4,999 employees",
        "5000_more": "5,000 or more employees",
    }
    assert band["fr"]["levels"] == {
        "0": "aucun salarié",
        "1_9": "1 à 9 salariés",
        "10_49": "10 à 49 salariés",
        "50_249": "50 à 249 salariés",
        "250_999": "250 à 999 salariés",
        "1000_4999": f"1{NARROW}000 à 4{NARROW}999 salariés",
        "5000_more": f"5{NARROW}000 et plus salariés",
    }


@pytest.mark.parametrize(
    ("name", "english", "french"),
    [
        ("employees", "Company size not known", "Effectif inconnu"),
        ("employees_band", "Company size not known", "Effectif inconnu"),
        ("revenue", "Revenue not known", "Chiffre d'affaires inconnu"),
        ("industry_section", "Industry not known", "Secteur inconnu"),
        ("industry_division", "Activity of the company not known", "Activité de l'entreprise inconnue"),
        ("industry", "Industry not known", "Secteur inconnu"),
        ("country", "Country not known", "Pays inconnu"),
        ("seniority", "Seniority not known", "Niveau hiérarchique inconnu"),
        ("job_function", "Function not known", "Fonction inconnue"),
        ("email_kind", "E-mail address: not known", "Adresse e-mail inconnue"),
        ("source", "Source not known", "Origine inconnue"),
        ("direction", "Who made the first contact is not known", "Sens du premier contact inconnu"),
        ("created_weekday", "Day of first contact not known", "Jour du premier contact inconnu"),
    ],
)
def test_what_is_not_known_of_a_lead_has_a_sentence_of_its_own(name, english, french):
    feature = BY_NAME[f"fit__{name}"]
    assert (sentence(feature, None, "en"), sentence(feature, None, "fr")) == (english, french)


def test_the_size_of_a_company_is_told_in_employees():
    size = BY_NAME["fit__employees"]
    told = [(sentence(size, n, "en"), sentence(size, n, "fr")) for n in (0.0, 1.0, 1200.0)]
    assert told == [
        ("Company size: 0 employees", f"Effectif{NBSP}: 0 salarié"),
        ("Company size: 1 employee", f"Effectif{NBSP}: 1 salarié"),
        ("Company size: 1,200 employees", f"Effectif{NBSP}: 1{NARROW}200 salariés"),
    ]
    assert (label(size, "en"), label(size, "fr")) == ("Company size", "Effectif")
    # A number and its band are one fact.
    assert size.fact == BY_NAME["fit__employees_band"].fact == "employees"
