"""Job titles, e-mail addresses, industries and answers as people write them."""

import narwhals.stable.v2 as nw
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import job_titles
from features.answers import ANSWER_CODES, coarse_answer
from features.email_domains import domain, email_kind
from features.frames import plain_text
from features.job_titles import FUNCTION, FUNCTION_NAMES, SENIORITY, SENIORITY_NAMES, job_function, plain, seniority
from features.naf import division, key, names, section, text


def read(expression, value):
    frame = nw.from_native(pl.DataFrame({"x": [value]}, schema={"x": pl.String}))
    return frame.select(y=expression(nw.col("x")))["y"].to_list()[0]


@pytest.mark.parametrize(
    ("title", "level", "function"),
    [
        ("CEO", "c_level", "general_management"),
        ("PDG", "c_level", "general_management"),
        ("Président-Directeur Général", "c_level", "general_management"),
        ("Directrice générale", "c_level", "general_management"),
        ("Directeur Général Adjoint", "vp", "general_management"),
        ("Gérante", "c_level", "general_management"),
        ("Fondateur & CEO", "c_level", "general_management"),
        ("Co-founder", "c_level", "general_management"),
        ("Chief Information Officer", "c_level", "it"),
        ("CTO", "c_level", "it"),
        ("CMO", "c_level", "marketing"),
        ("Chief Financial Officer", "c_level", "finance"),
        ("VP Sales", "vp", "sales"),
        ("Vice-présidente Marketing", "vp", "marketing"),
        ("DSI", "director", "it"),
        ("Directeur des systèmes d'information", "director", "it"),
        ("DAF", "director", "finance"),
        ("Directrice administrative et financière", "director", "finance"),
        ("DRH", "director", "hr"),
        ("Directrice des Ressources Humaines", "director", "hr"),
        ("Dir. commercial", "director", "sales"),
        ("Directrice commerciale", "director", "sales"),
        ("Head of Procurement", "director", "purchasing"),
        ("Marketing Director", "director", "marketing"),
        ("RSSI", "director", "it"),
        ("Resp. achats", "manager", "purchasing"),
        ("Responsable informatique", "manager", "it"),
        ("Responsable des ressources humaines", "manager", "hr"),
        ("Cheffe de projet digital", "manager", "marketing"),
        ("Chef de produit", "manager", "product"),
        ("RRH", "manager", "hr"),
        ("IT Manager", "manager", "it"),
        ("Supply Chain Manager", "manager", "operations"),
        ("Office manager", "manager", "administration"),
        ("Senior Software Engineer", "senior", "it"),
        ("Architecte logiciel", "senior", "it"),
        ("Développeuse", "staff", "it"),
        ("Acheteuse", "staff", "purchasing"),
        ("Comptable", "staff", "finance"),
        ("Chargé(e) d'études", "staff", "research"),
        ("Chargée de communication", "staff", "marketing"),
        ("Juriste", "staff", "legal"),
        ("Technico-commercial", "staff", "sales"),
        ("Assistante de direction", "staff", "administration"),
        ("Executive Assistant to the CEO", "staff", "administration"),
        ("Stagiaire marketing", "junior", "marketing"),
        ("Alternante RH", "junior", "hr"),
        ("Étudiant", "junior", None),
        ("Directrice de la production", "director", "operations"),
        ("Responsable R&D", "manager", "research"),
        ("Responsable service client", "manager", "customer"),
        ("  dsi  ", "director", "it"),
        ("DIRECTEUR ACHATS", "director", "purchasing"),
        ("Astronaute", None, None),
        ("???", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_titles_in_two_languages(title, level, function):
    assert (read(lambda x: seniority(plain(x)), title), read(lambda x: job_function(plain(x)), title)) == (
        level,
        function,
    )
    assert job_titles.read(title or "") == (level, function)


_SAID = sorted(
    {word.strip().replace("*", "e") for rules in (SENIORITY, FUNCTION) for _, of in rules for word in of.split(",")}
)


@given(
    st.lists(st.sampled_from(_SAID) | st.text(st.characters(codec="utf-8"), max_size=6), max_size=5).map(" ".join)
    | st.text()
)
def test_a_title_is_read_alike_with_and_without_an_engine(title):
    assert job_titles.read(title) == (
        read(lambda x: seniority(plain(x)), title),
        read(lambda x: job_function(plain(x)), title),
    )


@pytest.mark.parametrize(
    ("label", "level"),
    [
        ("C-Level", "c_level"),
        ("vp", "vp"),
        ("Director", "director"),
        ("manager", "manager"),
        ("Senior", "senior"),
        ("entry", "staff"),
        ("owner", "c_level"),
        ("intern", "junior"),
    ],
)
def test_the_labels_of_a_crm_are_read_as_titles(label, level):
    assert read(lambda x: seniority(plain(x)), label) == level


def test_every_level_has_a_name_in_both_languages():
    for language in ("en", "fr"):
        assert {level for level, _ in SENIORITY} == set(SENIORITY_NAMES[language])
        assert {level for level, _ in FUNCTION} == set(FUNCTION_NAMES[language])


@pytest.mark.parametrize(
    ("mail", "kind"),
    [
        ("jeanne@acme.fr", "company"),
        ("jeanne@mail.acme.co.uk", "company"),
        (" Jeanne@GMAIL.com ", "free"),
        ("j@orange.fr", "free"),
        ("j@univ-lille.fr", "education"),
        ("j@etu.univ-lille.fr", "education"),
        ("j@stanford.edu", "education"),
        ("j@cs.ox.ac.uk", "education"),
        ("j@interieur.gouv.fr", "public"),
        ("j@mairie-lille.fr", "public"),
        ("j@state.gov", "public"),
        ("jeanne", "missing"),
        ("jeanne@", "missing"),
        ("", "missing"),
        (None, "missing"),
    ],
)
def test_addresses_fall_into_five_kinds(mail, kind):
    assert read(lambda x: email_kind(domain(plain_text(x))), mail) == kind


@pytest.mark.parametrize(
    ("industry", "expected"),
    [
        ("62.01Z", ("J", "62", None)),
        ("6201Z", ("J", "62", None)),
        (" 62.01z ", ("J", "62", None)),
        ("01.11", ("A", "01", None)),
        ("99", ("U", "99", None)),
        ("K", ("K", None, None)),
        ("04.00Z", (None, None, "04.00Z")),
        ("Éditeur de logiciels", (None, None, "Éditeur de logiciels")),
        ("2024", ("C", "20", None)),
        (None, (None, None, None)),
    ],
)
def test_industries_are_codes_or_text(industry, expected):
    found = (
        read(lambda x: section(key(x)), industry),
        read(lambda x: division(key(x)), industry),
        read(lambda x: text(x, key(x)), industry),
    )
    assert found == expected


def test_the_naf_table_has_the_official_levels_named_twice():
    assert (len(names("section", "en")), len(names("division", "fr"))) == (21, 88)
    assert all(
        name and len(name) < 70
        for level in ("section", "division")
        for lang in ("en", "fr")
        for name in names(level, lang).values()
    )


@pytest.mark.parametrize(
    ("answer", "coarse"),
    [
        ("Yes", "yes"),
        ("oui", "yes"),
        ("Oui, validé en comité", "yes"),
        ("50k", "yes"),
        ("budget de 50 000 €", "yes"),
        ("Q3 2026", "yes"),
        ("identified", "yes"),
        ("1", "yes"),
        ("TRUE", "yes"),
        ("No", "no"),
        ("non", "no"),
        ("Aucun", "no"),
        ("Pas de budget avant 2027", "no"),
        ("no budget", "no"),
        ("0", "no"),
        ("0,0", "no"),
        ("maybe 50k", "unclear"),
        ("non communiqué", "unclear"),
        ("not known", "unclear"),
        ("N/A", "unclear"),
        ("à confirmer", "unclear"),
        ("Mme Durand décide", "unclear"),
        ("", "unclear"),
        (None, "unclear"),
    ],
)
def test_answers_become_yes_no_or_unclear(answer, coarse):
    code = read(lambda x: coarse_answer(plain_text(x)), answer)
    assert code == ANSWER_CODES[coarse]
