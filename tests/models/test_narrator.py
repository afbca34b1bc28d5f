"""Reasons in words: true, short, comparable, in both languages, safe wherever they are pasted."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.declare import count
from features.language import NBSP
from features.matrix import ColumnSchema, MatrixSchema
from features.specification import Did, Feature
from features.statements import column_words
from models.narrator import Narrator, often
from models.reasons import top_reasons
from models.reference import Reference
from models.shared_facts import Conversion, SharedFacts

(PRICING,) = count(
    "pricing",
    "intent",
    days=(7,),
    en=Did("Viewed the pricing page", "Pricing page views"),
    fr=Did("A consulté la page tarifs", "Vues de la page tarifs"),
)
PLAN = Feature(
    "fit__plan", "fit", "category", "plan", "not known", words=column_words({"label": "Plan"}, {"label": "Formule"})
)


@pytest.fixture
def model(small_model):
    """A model that saw the pricing page seen by winners, and one plan that stands in for losing."""
    n = 1000
    views = np.repeat([0.0, 3.0], (800, 200))
    plan = np.tile([0.0, 1.0], n // 2)
    won = np.concatenate([np.tile([1.0] * 2 + [0.0] * 18, 40), np.tile([1.0, 0.0], 100)])
    shared = SharedFacts.measure(
        np.column_stack([views, plan]), [None, ("basic", "pro")], np.arange(n), won, np.ones(n)
    )
    schema = MatrixSchema((ColumnSchema(PRICING, None), ColumnSchema(PLAN, ("basic", "pro"))))
    reference = Reference(-0.5, 0.3, {PRICING.name: {"mean": 0.6}, PLAN.name: {"top": "pro"}})
    return replace(small_model, schema=schema, shared=shared, reference=reference, metadata={"horizon_days": 90})


def told(model, language, points=5.0, value=3.0, plan="pro"):
    frame = pd.DataFrame({PRICING.name: [value], PLAN.name: [plan]})
    return Narrator(model, language).tell([[(0, points), (1, -points)]], frame)[0]


def test_a_reason_says_the_fact_the_average_lead_and_what_became_of_such_leads(model):
    views, plan = told(model, "en")
    assert views.text == "Viewed the pricing page 3 times in the last 7 days (your average lead: 0.6)"
    assert views.evidence == "Of 200 such leads, 50% were won within 90 days; all leads: 18%"
    assert (views.code, views.family, views.points) == ("INTENT.PRICING_COUNT_7D", "intent", 5.0)
    assert plan.text == "Plan: pro"


def test_it_says_so_in_french(model):
    views, plan = told(model, "fr")
    assert views.text == f"A consulté la page tarifs 3 fois ces 7 derniers jours (votre lead moyen{NBSP}: 0,6)"
    assert views.evidence == (
        f"Sur 200 leads dans ce cas, 50{NBSP}% ont été gagnés sous 90 jours (moyenne{NBSP}: 18{NBSP}%)"
    )
    assert plan.text == f"Formule{NBSP}: pro"


def test_a_reason_against_the_measurement_owns_up_to_it(model):
    assert told(model, "en", points=-5.0)[0].evidence.startswith("Taken alone it looks otherwise: of 200 such leads")
    assert told(model, "fr", points=-5.0)[0].evidence.startswith(f"Pris seul, il dit l'inverse{NBSP}: sur 200 leads")


def test_nothing_is_claimed_of_values_that_few_leads_had_nor_within_days_where_outcomes_have_no_date(model):
    assert told(model, "en", plan="never seen")[1].evidence == ""
    undated = replace(model, metadata={"horizon_days": None})
    assert told(undated, "en")[0].evidence == "Of 200 such leads, 50% were won; all leads: 18%"


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("level", ["=1+1", "<script>alert(1)</script>", "a\nb\u202ec", "x" * 300, "R&D, 50 %"])
def test_values_of_the_company_are_harmless_wherever_the_sentence_goes(model, language, level):
    hostile = replace(PLAN, words=column_words({"label": "=Plan<b>"}, {"label": "@Plan<b>"}))
    schema = MatrixSchema((ColumnSchema(PRICING, None), ColumnSchema(hostile, (level,))))
    text = told(replace(model, schema=schema), language, plan=level)[1].text
    assert not re.search(r"[<>\n\r\t\u202a-\u202e]", text)
    assert text[0] not in "=+-@\t\r"
    assert len(text) < 120


@pytest.mark.parametrize("language", ["en", "fr"])
def test_evidence_stays_under_120_characters_with_large_numbers(model, language):
    n = 1_000_000
    huge = replace(model.shared.groups[0], n_leads=(n, n, n), rate=(0.087, 0.087, 0.087), n_effective=(n, n, n))
    shared = replace(model.shared, groups=(huge, model.shared.groups[1]))
    for points in (5.0, -5.0):
        assert 60 < len(told(replace(model, shared=shared), language, points=points)[0].evidence) < 120


def test_reasons_of_a_table_are_told_row_by_row(trained, world):
    frame, model = world.frame[:6], trained.model
    table = top_reasons(model.features, model.contributions(frame).on_propensity, frame)
    rows = Narrator(model, "en").reasons(table, frame)
    assert [len(row) for row in rows] == np.diff(table.start).tolist()
    assert [[reason.points for reason in row] for row in rows] == [[p for _, p in table.of(i)] for i in range(6)]
    assert all(reason.text and "__" not in reason.text for row in rows for reason in row)


def test_without_certified_percentages_leads_are_told_beside_the_average(model):
    frame = pd.DataFrame({PRICING.name: [3.0], PLAN.name: ["pro"]})

    def beside(model, language, points=5.0):
        return Narrator(model, language, certified=False).tell([[(0, points), (1, -points)]], frame)[0]

    # 50% of 200, where 18% of all were won.
    views, plan = beside(model, "en")
    assert views.evidence == "200 such leads were won 2.8 times as often as the average lead within 90 days"
    assert plan.evidence == "500 such leads were won 0.4 times as often as the average lead within 90 days"
    assert beside(model, "fr")[0].evidence == (
        "200 leads dans ce cas ont été gagnés 2,8 fois plus souvent que la moyenne sous 90 jours"
    )
    assert beside(model, "fr")[1].evidence.startswith("500 leads dans ce cas ont été gagnés")
    undated = replace(model, metadata={})
    assert beside(undated, "en")[0].evidence == "200 such leads were won 2.8 times as often as the average lead"
    assert beside(model, "en", -5.0)[0].evidence == (
        "Taken alone it looks otherwise: 200 such leads were won 2.8 times as often as the average lead within 90 days"
    )


def test_small_shares_have_a_decimal_and_large_ones_none(model):
    shared = replace(
        model.shared,
        everybody=Conversion(1000, 0.0987),
        groups=tuple(replace(one, rate=tuple(0.1049 for _ in one.rate)) for one in model.shared.groups),
    )
    assert told(replace(model, shared=shared), "en")[0].evidence == (
        "Of 200 such leads, 10% were won within 90 days; all leads: 9.9%"
    )


@pytest.mark.parametrize(
    ("rate", "average", "english", "french"),
    [
        (0.1, 0.1, "as often as", "aussi souvent"),
        (0.104, 0.1, "as often as", "aussi souvent"),
        (0.106, 0.1, "1.1 times as often as", "1,1 fois plus souvent"),
        (0.05, 0.1, "0.5 times as often as", "2 fois moins souvent"),
        (0.01, 0.1, "0.1 times as often as", "10 fois moins souvent"),
        (0.0099, 0.1, "far less often than", "bien moins souvent"),
        (0.0, 0.0, "as often as", "aussi souvent"),
    ],
)
def test_how_often_is_said_without_a_percentage(rate, average, english, french):
    assert (often(rate, average, "en"), often(rate, average, "fr")) == (english, french)


def test_values_are_read_as_the_trees_read_them_where_the_matrix_is_at_hand(model):
    frame = pd.DataFrame({PRICING.name: [3.0], PLAN.name: ["pro"]})
    told_of_zero = Narrator(model, "en").tell([[(0, 5.0)]], frame, np.array([[0.0, 1.0]]))[0][0]
    # The sentence tells the value, the evidence that of those who never looked.
    assert told_of_zero.text.startswith("Viewed the pricing page 3 times")
    assert told_of_zero.evidence.startswith("Taken alone it looks otherwise: of 800 such leads, 10% were won")
