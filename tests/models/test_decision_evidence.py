"""What the test period says of a decision, counted by hand: the curve, what was handed over, each owner, each lead."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from features.matrix import ColumnSchema, MatrixSchema
from features.specification import Feature
from models.amount import AmountModel
from models.decision_evidence import decision_evidence
from models.metrics import wilson
from models.owners import measured_flows, owner_thresholds
from models.plan import TrainingPlan
from models.pricing import Pricing
from models.sample import Sample
from models.threshold import ThresholdChoice, ThresholdPoint, decided
from models.worth import Economics
from tests.prose import faults_of

WEEK = 7 * 86_400
SOURCE = Feature("fit__source", "fit", "category", "source", "not known")
PLAN = TrainingPlan(win_value=1000, contact_cost=100, n_bootstrap=20, min_selected=1, confidence=0.9)


def sample() -> Sample:
    """Four leads in four weeks; a has two rows and stands for two."""
    return Sample(
        np.array(["a", "a", "b", "c", "d"], dtype=object),
        np.array([0, 1, 2, 3, 4]) * WEEK,
        np.array([0.5, 0.9, 0.7, 0.3, 0.05]),
        np.array([1.0, 1, 0, 1, 0]),
        np.array([2.0, 2, 1, 1, 1]),
    )


def priced(plan=PLAN, amount=None, source=("web", "web", "fair", None, "web"), owner=(0, 0, 1, 0, -1)) -> Pricing:
    schema = MatrixSchema((ColumnSchema(SOURCE, ("fair", "web")),))
    learnt = SimpleNamespace(schema=schema, encode=lambda frame: np.zeros((len(frame), 1)))
    rows = pd.DataFrame({"amount": [np.nan, 3000.0, np.nan, np.nan, np.nan], "owner": list(owner)})
    return Pricing(pd.DataFrame({"fit__source": list(source)}), rows, learnt, amount, plan)


def evidence(pricing, threshold=0.5, curve=()):
    test = pricing.priced(sample(), np.arange(5))
    choice = ThresholdChoice(pricing.plan.rule, threshold, tuple(curve), 4, "why", "pourquoi")
    at = {"threshold": np.arange(5), "test": np.arange(5)}
    return decision_evidence(choice, test, test, at, pricing)


def test_the_curve_counts_leads_rows_wins_money_and_arrivals():
    choice = decided("value", 0.5, sample(), PLAN, "why", "pourquoi")
    assert (choice.rule, choice.threshold, choice.n_leads) == ("value", 0.5, 4)
    assert (choice.reason_en, choice.reason_fr, choice.own) == ("why", "pourquoi", None)
    assert [point.threshold for point in choice.curve] == [0.9, 0.7, 0.5, 0.3, 0.05]
    # From 0.5 on: five of seven by weight, of leads that weigh 4 and 1; won are four of five by weight.
    assert choice.curve[2] == ThresholdPoint(
        threshold=0.5,
        n=2,
        share=pytest.approx(5 / 7),
        precision=pytest.approx(4 / 5),
        recall=pytest.approx(4 / 5),
        precision_low=pytest.approx(beta.ppf(0.1, 0.8 * 25 / 17, 0.2 * 25 / 17 + 1)),
        value_per_lead=pytest.approx((4 * 900 - 100) / 7),
        per_week=pytest.approx(1 / 4),
    )
    undated = decided("value", 0.5, replace(sample(), cutoff=np.zeros(5, dtype=int)), PLAN, "", "")
    assert {point.per_week for point in undated.curve} == {None}
    lost = decided("value", 0.5, replace(sample(), y=np.zeros(5)), PLAN, "", "")
    assert {point.recall for point in lost.curve} == {0.0}


def test_what_was_handed_over_is_measured_and_what_does_not_apply_is_null():
    found = evidence(priced())
    assert set(found) == {"choice", "test", "per_lead", "owners", "next_salesperson"}
    effective = 25 / 17
    low, high = wilson(0.8 * effective, effective)
    assert found["test"] == {
        "n": 2,
        "conversion": pytest.approx(4 / 5),
        "low": pytest.approx(low),
        "high": pytest.approx(high),
        "value_per_lead": pytest.approx((4 * 900 - 100) / 7),
        "n_leads": 4,
        "recall": pytest.approx(4 / 5),
    }
    assert (found["per_lead"], found["owners"]) == (None, None)
    assert found["choice"]["threshold"] == 0.5
    nobody = evidence(priced(), threshold=None)
    assert nobody["test"] == {
        "n": 0, "conversion": None, "low": 0.0, "high": 1.0, "value_per_lead": 0.0, "n_leads": 4, "recall": 0.0,
    }  # fmt: skip
    assert nobody["next_salesperson"] is None


def test_each_lead_s_own_threshold_is_paid_with_the_same_margins_and_costs_as_one_for_all():
    # A contact from a fair costs six times as much: b, at 0.7, counts as 0.7 / 6 and still reaches 0.1; c and d at 0.1.
    plan = replace(PLAN, contact_costs={"fair": 600.0, "web": 50.0})
    found = evidence(priced(plan), threshold=0.1)
    told = found["per_lead"]
    assert {key: told[key] for key in ("used", "margin_rate", "channels")} == {
        "used": True,
        "margin_rate": None,
        "channels": ["fair", "web"],
    }
    # d, at 0.05 from the web, is worth its contact of 50 and is not worth one of 100.
    assert (told["own"]["n"], told["otherwise"]["n"]) == (4, 3)
    assert told["own"]["value_per_lead"] == pytest.approx((4 * 950 - 600 + 900 - 50) / 7)
    assert told["otherwise"]["value_per_lead"] == pytest.approx((4 * 950 - 600 + 900) / 7)
    assert told["difference"]["value"] == pytest.approx(-50 / 7)
    assert told["difference"]["low"] <= told["difference"]["value"] <= told["difference"]["high"]
    assert found["test"]["n"] == 4


def test_margins_of_own_deals_are_measured_beside_the_rule_that_is_used():
    amount = AmountModel(("tree",), 2000.0, 0.5, 2.0, {"mean": 2000.0})
    foreseen = np.array([2000.0, 2000.0, 200.0, 4000.0, 2000.0])
    amount = SimpleNamespace(
        booster_texts=amount.booster_texts, figures=amount.figures, expected=lambda matrix, _: foreseen[: len(matrix)]
    )
    beside = evidence(priced(amount=amount), threshold=0.1)["per_lead"]
    assert (beside["used"], beside["margin_rate"], beside["channels"]) == (False, 0.5, [])
    # The amount of a's second row is known: 3000; b's deal of 200 brings 100 and is not worth its contact of 100.
    assert (beside["own"]["n"], beside["otherwise"]["n"]) == (2, 3)
    assert beside["own"]["value_per_lead"] == pytest.approx((2 * 900 + 2 * 1400 + 1900) / 7)
    assert beside["otherwise"]["value_per_lead"] == pytest.approx((2 * 900 + 2 * 1400 - 100 + 1900) / 7)
    used = evidence(priced(replace(PLAN, per_lead=True), amount), threshold=0.1)
    assert used["per_lead"] == {**beside, "used": True}
    assert used["test"]["value_per_lead"] == beside["own"]["value_per_lead"]
    assert evidence(priced(replace(PLAN, rule="capacity"), amount))["per_lead"] is None


def test_owners_are_held_to_their_own_thresholds_and_the_others_to_the_team_s():
    plan = replace(PLAN, rule="capacity", owner_capacities=(0.1, float("nan"), 5.0))
    curve = decided("capacity", 0.5, sample(), plan, "", "").curve
    found = evidence(priced(plan), threshold=0.5, curve=curve)
    codes = np.array([0, 0, 1, 0, -1])
    own = owner_thresholds(curve, sample().propensity, codes, np.array(plan.owner_capacities))
    flows = measured_flows(sample(), codes, own)
    assert found["owners"] == [
        {
            "capacity": plan.owner_capacities[k],
            "threshold": own.least[k],
            "expected_per_week": own.per_week[k],
            "per_week": flows[k],
            "few_leads": True,
        }
        for k in (0, 2)
    ]
    assert found["owners"][0]["threshold"] > found["owners"][1]["threshold"]
    least = np.where(codes == 0, own.least[0], 0.5)
    assert found["test"]["n"] == len(set(sample().lead[sample().propensity >= least]))
    assert evidence(priced(plan), threshold=None, curve=curve)["owners"] is None


def test_rows_are_priced_by_what_is_expected_of_their_deal_and_by_their_channel():
    plan = replace(PLAN, contact_costs={"fair": 600.0})
    pricing, at = priced(plan), np.array([2, 1])
    assert pricing.expected(at).tolist() == [1000.0, 1000.0]
    worth = pricing.worth(at, pricing.economics)
    assert worth.cost.tolist() == [600.0, 100.0]
    assert worth.brought.tolist() == [1000.0, 1000.0]
    assert worth.factor == pytest.approx([1 / 6, 1.0])
    assert pricing.economics == Economics(1000, 100, None, {"fair": 600.0})
    assert priced(replace(plan, rule="capacity")).worth(at, pricing.economics).factor.tolist() == [1.0, 1.0]
    assert priced().priced(sample(), np.arange(5)).worth is None


def test_settings_of_money_that_cannot_be_right_are_told_with_their_figures():
    assert priced().notes() == []
    unknown = priced(replace(PLAN, contact_costs={"fair": 1.0, "zeppelin": 1.0, "airship": 1.0})).notes()
    assert [note.code for note in unknown] == ["unknown_channel"]
    assert "no lead comes from: airship, zeppelin." in unknown[0].en
    assert "aucun lead ne provient : airship, zeppelin." in unknown[0].fr
    telling = AmountModel(("tree",), 2000.0, 0.5, 2.0, {"mean": 2000.0})
    for rate, told in ((0.25, []), (1.0, []), (0.24, ["margins_apart"]), (1.01, ["margins_apart"]), (0.0, [])):
        notes = priced(replace(PLAN, per_lead=True, margin_rate=rate), telling).notes()
        assert [note.code for note in notes] == told, rate
    notes = priced(replace(PLAN, per_lead=True, margin_rate=0.1), telling).notes()
    assert "an average won deal brings 200, win_value says 1000." in notes[0].en
    assert "rapporte 200 ; win_value dit 1000." in notes[0].fr.replace("\u202f", " ").replace("\xa0", " ")
    unforeseen = priced(replace(PLAN, per_lead=True), replace(telling, booster_texts=())).notes()
    assert [note.code for note in unforeseen] == ["amounts_unforeseen"]
    assert priced(replace(PLAN, margin_rate=0.1), telling).notes() == []
    for note in (*unknown, *notes, *unforeseen):
        for text in (note.en, note.fr):
            # Names of settings are no prose.
            assert faults_of(re.sub(r"(threshold\.)?[a-z]+_[a-z]+", "X", text)) == []
