"""What the decision brings, in sentences: every verdict in both languages, and nothing where nothing applies."""

import pytest

from pipeline.decision_words import decision_sentences

FIGURE = {"value": 0.41, "low": 0.2, "high": 0.7}
MORE = {
    "capacity": 10.0,
    "per_week": 9.5,
    "threshold": 0.021,
    "wins": FIGURE,
    "value": {"value": 551.0, "low": -120.0, "high": 1400.0},
    "pays": "unclear",
}
NOTHING = {"per_lead": None, "owners": None, "next_salesperson": None}


def told(language, **parts):
    return decision_sentences({**NOTHING, **parts}, language, "EUR")


def test_nothing_is_said_where_nothing_applies():
    assert told("en") == told("fr") == []


@pytest.mark.parametrize(
    ("pays", "english", "french"),
    [
        ("yes", ": it pays.", ": c'est rentable."),
        ("no", ": it does not pay.", ": ce n'est pas rentable."),
        ("unclear", "too few to say whether it pays.", "trop peu nombreux pour dire si c'est rentable."),
    ],
)
def test_one_more_salesperson_pays_or_not_in_plain_words(pays, english, french):
    more = {**MORE, "pays": pays}
    (en,), (fr,) = told("en", next_salesperson=more), told("fr", next_salesperson=more)
    assert en.endswith(english)
    assert fr.endswith(french)
    assert "would treat 9.5 leads a week more, those from 2.1% on, and win 0.41 deals a week (0.20 to 0.70)" in en
    assert "worth EUR 550 once their contacts are paid (EUR −120 to EUR 1,400)" in en
    assert "soit 550\u202fEUR une fois les contacts payés (entre −120\u202fEUR et 1\u202f400\u202fEUR)" in fr


def test_where_nobody_is_left_that_is_said():
    more = {**MORE, "threshold": None, "per_week": 0.0}
    assert "nobody to treat" in told("en", next_salesperson=more)[0]
    assert "personne à traiter" in told("fr", next_salesperson=more)[0]


@pytest.mark.parametrize(
    ("used", "english"), [(True, "Each lead has its own threshold"), (False, "would have brought")]
)
def test_each_lead_s_own_threshold_is_told_beside_one_for_all(used, english):
    own = {
        "used": used,
        "own": {"value_per_lead": 1.33, "n": 1063},
        "otherwise": {"value_per_lead": 1.32, "n": 1186},
        "difference": {"value": 0.01, "low": -0.06, "high": 0.08},
    }
    (text,) = told("en", per_lead=own)
    assert english in text
    assert "EUR 133 per 100 open leads" in text
    assert "+1 (−6 to +8), with 1,063 leads handed over instead of 1,186" in text
    assert "+1 (entre −6 et +8)" in told("fr", per_lead=own)[0]


def test_owners_are_counted_never_named():
    owners = [
        {"capacity": 4.0, "per_week": 3.5, "few_leads": False},
        {"capacity": 2.5, "per_week": 3.25, "few_leads": True},
    ]
    (en,), (fr,) = told("en", owners=owners), told("fr", owners=owners)
    assert "2 owners together received 6.8 leads a week for a capacity of 6.5" in en
    assert "the busiest received 3.2 for 2.5" in en
    assert "1 of them have too few leads" in en
    assert "en a reçu 3,2 pour 2,5" in fr
