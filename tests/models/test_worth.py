"""Margins and costs lead by lead: the rule by hand, what it is worth in a world that is known, what is not believed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import UseError
from models.amount import AmountModel
from models.lead_model import LeadModel
from models.plan import TrainingPlan
from models.sample import Sample
from models.threshold_rules import choose
from models.training import train
from models.worth import Economics, Worth
from tests.prose import faults_of

FLAT = AmountModel((), 2000.0, 0.5, 2.0, {"mean": 2000.0})
TELLING = AmountModel(("tree",), 2000.0, 0.5, 2.0, {"mean": 2000.0})


def test_without_a_margin_rate_an_average_deal_brings_the_win_value():
    plan = TrainingPlan(win_value=500, contact_cost=50, per_lead=True)
    economics = Economics.of(plan, TELLING, per_lead=True)
    assert economics.margin_rate == 0.25
    assert economics.least(np.array([2000.0, 8000.0]), [None, None]).tolist() == [0.1, 0.025]
    assert Economics.of(replace(plan, margin_rate=0.5), TELLING, per_lead=True).margin_rate == 0.5


@pytest.mark.parametrize("amount", [None, FLAT])
def test_amounts_that_nobody_can_foresee_leave_one_threshold_for_all(amount):
    economics = Economics.of(TrainingPlan(win_value=500, contact_cost=50, per_lead=True), amount, per_lead=True)
    assert not economics.differs
    assert economics.least(np.array([1.0, 1e9]), [None, None]).tolist() == [0.1, 0.1]


def test_a_channel_that_costs_more_asks_for_more():
    plan = TrainingPlan(win_value=1000, contact_cost=100, contact_costs={"fair": 300})
    economics = Economics.of(plan, None, per_lead=False)
    assert economics.least(np.zeros(3), ["fair", "web", None]).tolist() == [0.3, 0.1, 0.1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"per_lead": True, "rule": "capacity"}, "expected rule = value with per_lead, found capacity"),
        ({"per_lead": True, "contact_cost": 0}, "expected every contact cost above 0"),
        ({"contact_costs": {"fair": 0.0}}, "expected every contact cost above 0"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(wrong, message):
    with pytest.raises(UseError, match=message):
        TrainingPlan(**wrong)


def _priced(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    propensity, amount = rng.beta(1, 8, n), rng.lognormal(0, 1, n) * 1000
    y = (rng.random(n) < propensity).astype(float)
    economics = Economics(1000.0 * np.exp(0.5), 150.0, margin_rate=1.0)
    worth = economics.worth(amount, np.full(n, np.nan), np.full(n, None), ranks=True)
    return Sample(np.arange(n), np.zeros(n, dtype=np.int64), propensity, y, np.ones(n), worth), economics, amount


def test_the_reference_threshold_cuts_where_each_lead_s_own_does():
    sample, economics, amount = _priced()
    same = economics.contact_cost / economics.win_value
    own = economics.least(amount, np.full(len(amount), None))
    assert np.array_equal(sample.rank >= same, sample.propensity >= own)
    plan = TrainingPlan(win_value=economics.win_value, contact_cost=economics.contact_cost, per_lead=True)
    choice = choose(sample, plan, economics)
    assert choice.threshold == pytest.approx(same)
    assert np.array_equal(choice.least(amount, np.full(len(amount), None)), own)
    assert "each lead has its own threshold" in choice.reason_en
    assert "chaque lead a le sien" in choice.reason_fr
    assert faults_of(choice.reason_en) + faults_of(choice.reason_fr) == []


def test_each_lead_s_own_threshold_brings_more_than_any_threshold_for_all_where_amounts_are_known():
    sample, economics, _ = _priced(40_000)
    expected = sample.propensity * sample.worth.brought - sample.worth.cost
    own = expected[sample.rank >= economics.contact_cost / economics.win_value].sum()
    assert own == pytest.approx(np.maximum(expected, 0).sum())
    assert own > max(expected[sample.propensity >= at].sum() for at in np.linspace(0, 1, 200)) * 1.1


def test_a_deal_of_known_amount_counts_as_what_it_brought():
    economics = Economics(100.0, 10.0, margin_rate=0.5)
    worth = economics.worth(np.array([200.0, 200.0]), np.array([1000.0, np.nan]), [None, None], ranks=True)
    assert worth.brought.tolist() == [500.0, 100.0]
    assert worth.factor.tolist() == [1.0, 1.0]
    sample = Sample(np.arange(2), np.zeros(2, dtype=int), np.ones(2), np.array([1.0, 0.0]), np.ones(2), worth)
    assert sample.net(TrainingPlan()).tolist() == [490.0, -10.0]


def test_costs_by_channel_change_no_order_under_another_rule():
    economics = Economics(100.0, 10.0, contact_costs={"fair": 40.0})
    worth = economics.worth(np.ones(2), np.full(2, np.nan), ["fair", "web"], ranks=False)
    assert isinstance(worth, Worth)
    assert worth.factor.tolist() == [1.0, 1.0]
    assert worth.cost.tolist() == [40.0, 10.0]


@pytest.fixture(scope="module")
def own(world, plan):
    """A training in which each lead's own deal counts, and an unknown channel is named."""
    rng = np.random.default_rng(0)
    size = world.frame["fit__employees"].fillna(50).to_numpy()
    amount = np.where(world.rows["label"] == 1, 20 * size * rng.lognormal(0, 0.2, len(size)), np.nan)
    chosen = replace(
        plan,
        rule="value",
        win_value=1500,
        contact_cost=300,
        per_lead=True,
        margin_rate=0.1,
        contact_costs={"fair": 600.0, "zeppelin": 1.0},
        classifier={"n_folds": 2},
    )
    return train(world.frame, world.rows.assign(amount=amount), world.features, chosen)


def test_a_training_deploys_what_its_evidence_measured(own, world):
    decision = own.evidence.decision
    measured = decision["per_lead"]
    assert measured["used"]
    assert decision["test"]["n"] == measured["own"]["n"] != measured["otherwise"]["n"]
    gap = measured["difference"]
    assert gap["low"] <= gap["value"] <= gap["high"]
    assert gap["value"] == pytest.approx(measured["own"]["value_per_lead"] - measured["otherwise"]["value_per_lead"])
    assert decision["test"]["value_per_lead"] == measured["own"]["value_per_lead"]
    codes = [note.code for note in own.evidence.notes]
    assert {"unknown_channel", "margins_apart"} <= set(codes)
    assert "zeppelin" in own.evidence.notes[codes.index("unknown_channel")].fr


def test_a_loaded_model_decides_lead_by_lead(own, world):
    model = LeadModel.load(own.model.dump())
    frame = world.frame.iloc[[0, 0, 0]].assign(
        fit__employees=[5.0, 5000.0, 5.0], fit__source=pd.Series(["web", "web", "fair"], dtype=object).to_numpy()
    )
    small, large, fair = model.thresholds(frame)
    assert large < small
    assert fair == pytest.approx(min(1.0, 2 * small * (1.0 if small < 0.5 else 0.5 / small)), rel=0.5)
    propensity = model.propensity(world.frame)
    decided = model.decide(propensity, model.thresholds(world.frame))
    handed = decided["decision"] == "hand_over"
    assert np.array_equal(handed, propensity >= model.thresholds(world.frame))
    assert not np.array_equal(handed, propensity >= model.threshold.threshold)
    # Bands stay limits of the propensity.
    assert decided["band"].tolist() == model.decide(propensity)["band"].tolist()


def test_what_is_not_used_is_measured_beside_the_rule_that_is(own, world, plan):
    rng = np.random.default_rng(0)
    size = world.frame["fit__employees"].fillna(50).to_numpy()
    amount = np.where(world.rows["label"] == 1, 20 * size * rng.lognormal(0, 0.2, len(size)), np.nan)
    chosen = replace(
        plan, rule="value", win_value=1500, contact_cost=300, contact_costs={"fair": 600.0}, classifier={"n_folds": 2}
    )
    result = train(world.frame, world.rows.assign(amount=amount), world.features, chosen)
    measured = result.evidence.decision["per_lead"]
    assert not measured["used"]
    assert measured["otherwise"]["n"] == result.evidence.decision["test"]["n"]
    assert result.model.threshold.own == Economics(1500, 300, None, {"fair": 600.0})
    assert result.evidence.decision["next_salesperson"]["wins"]["low"] >= 0


def test_amounts_that_cannot_be_foreseen_are_told_and_leave_one_threshold(world, plan):
    amount = np.where(world.rows["label"] == 1, np.random.default_rng(1).lognormal(7, 1, len(world.rows)), np.nan)
    chosen = replace(plan, rule="value", win_value=1500, contact_cost=300, per_lead=True, classifier={"n_folds": 2})
    result = train(world.frame, world.rows.assign(amount=amount), world.features, chosen)
    assert result.model.threshold.own is None
    assert result.evidence.decision["per_lead"] is None
    assert "amounts_unforeseen" in [note.code for note in result.evidence.notes]


def test_no_threshold_is_no_threshold_for_anybody(own, world):
    none = replace(own.model, threshold=replace(own.model.threshold, threshold=None))
    assert np.isnan(none.thresholds(world.frame[:5])).all()
    assert "hand_over" not in set(none.decide(np.ones(5) * 0.999, none.thresholds(world.frame[:5]))["decision"])
