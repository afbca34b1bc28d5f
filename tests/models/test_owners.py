"""Thresholds by owner: by hand, against flows that are known, with owners who are new, absent or without a capacity."""

from dataclasses import replace

import numpy as np
import pytest

from models.owners import FEW, NOBODY, measured_flows, owner_thresholds
from models.plan import TrainingPlan
from models.sample import Sample
from models.threshold_rules import choose
from models.training import train

WEEK = 7 * 86_400


def _team(n=20_000, seed=0):
    """Leads of three owners over twenty weeks: one of many, one of few and hot, one of none."""
    rng = np.random.default_rng(seed)
    owner = rng.choice([0, 1, -1], n, p=[0.6, 0.3, 0.1])
    propensity = np.where(owner == 1, rng.beta(2, 6, n), rng.beta(1, 9, n))
    cutoff = rng.integers(0, 20 * WEEK, n)
    y = (rng.random(n) < propensity).astype(float)
    return Sample(np.arange(n), cutoff, propensity, y, np.ones(n)), owner


def _curve(sample):
    return choose(sample, TrainingPlan(rule="capacity", capacity_per_week=100)).curve


def test_each_owner_gets_the_leads_that_each_can_treat():
    sample, owner = _team()
    found = owner_thresholds(_curve(sample), sample.propensity, owner, np.array([40.0, 20.0]))
    flows = measured_flows(*_team(seed=1), found)
    assert flows == pytest.approx([40, 20], rel=0.15)
    assert found.per_week == pytest.approx(flows, rel=0.15)
    # The owner of hot leads must be stricter than the share of all leads would say.
    assert found.least[1] > found.least[0]
    assert found.n_leads.tolist() == [(owner == 0).sum(), (owner == 1).sum()]


def test_an_owner_with_few_leads_follows_the_team():
    sample, _ = _team()
    curve = _curve(sample)
    owner = np.full(len(sample.propensity), 0)
    owner[:5] = 1
    found = owner_thresholds(curve, sample.propensity, owner, np.array([np.nan, 0.01]))
    assert found.n_leads[1] < FEW
    share = 5 / len(owner)
    assert found.per_week[1] <= 0.01
    assert found.per_week[1] == pytest.approx(0.01, abs=0.01)
    assert share * curve[0].per_week < 0.01
    assert np.isnan(found.least[0])


def test_an_absent_owner_receives_nobody_and_leads_without_owner_keep_the_threshold_of_the_team():
    sample, owner = _team()
    found = owner_thresholds(_curve(sample), sample.propensity, owner, np.array([0.0, np.nan]))
    assert found.of(np.array([0, 1, -1]), 0.3).tolist() == [NOBODY, 0.3, 0.3]
    assert found.per_week[0] == 0
    assert measured_flows(sample, owner, found)[0] == 0


def test_a_training_measures_owners_on_the_test_period_without_names(world, plan):
    # Another seed than the plan's, whose draw of leads would be the same.
    rng = np.random.default_rng(11)
    codes = dict(zip(world.rows["lead_id"].unique(), rng.integers(-1, 3, 2000), strict=True))
    chosen = replace(
        plan,
        rule="capacity",
        capacity_per_week=20,
        owner_capacities=(2.0, 4.0, float("nan")),
        classifier={"n_folds": 2},
        n_bootstrap=5,
    )
    rows = world.rows.assign(owner=world.rows["lead_id"].map(codes))
    decision = train(world.frame, rows, world.features, chosen).evidence.decision
    assert [owner["capacity"] for owner in decision["owners"]] == [2.0, 4.0]
    assert decision["owners"][0]["threshold"] > decision["owners"][1]["threshold"]
    assert all(owner["per_week"] < 2 * owner["capacity"] for owner in decision["owners"])
    assert decision["per_lead"] is None
    alike = train(world.frame, rows, world.features, replace(chosen, owner_capacities=())).evidence.decision
    assert alike["owners"] is None
    assert alike["test"]["n"] != decision["test"]["n"]
