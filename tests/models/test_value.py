"""Value: the two rankings by hand, and what a training says of them."""

from dataclasses import replace

import numpy as np
import pytest

from models.lead_model import LeadModel
from models.training import train
from models.value import compare_rankings


def test_the_two_rankings_by_hand():
    propensity = np.array([0.9, 0.8, *[0.1] * 18])
    expected = np.array([1.0, 100.0, *[10.0] * 17, 500.0])
    revenue = np.array([1.0, 99.0, *[0.0] * 17, 300.0])
    found = compare_rankings(propensity, expected, revenue, np.ones(20))
    # Two leads are a tenth: 0 and 1 by propensity, 1 and 19 by value.
    assert found == {"by_propensity": pytest.approx(0.25), "by_value": pytest.approx(399 / 400), "moved": 0.5}


def test_a_heavy_lead_fills_its_part_of_the_tenth():
    w = np.array([2.0, *[1.0] * 18])
    found = compare_rankings(np.linspace(1, 0.1, 19), np.ones(19), np.ones(19), w)
    assert found == {"by_propensity": pytest.approx(0.1), "by_value": pytest.approx(0.1), "moved": 0.0}


def test_without_revenue_nothing_is_claimed():
    assert compare_rankings(np.ones(10), np.ones(10), np.zeros(10), np.ones(10))["by_value"] is None


def test_a_training_with_amounts_foresees_them_and_says_how_well(world, plan):
    quick = replace(plan, n_bootstrap=2, classifier={"n_folds": 2})
    size = world.frame["fit__employees"].fillna(50).to_numpy()
    rng = np.random.default_rng(0)
    amount = np.where(world.rows["label"] == 1, 100 * size * rng.lognormal(0, 0.2, len(size)), np.nan)
    result = train(world.frame, world.rows.assign(amount=amount), world.features, quick)
    value = result.evidence.value
    assert value["amounts"]["figures"]["skill"] > 0.5
    assert value["by_value"] > value["by_propensity"]
    assert 0 < value["moved"] < 1
    model = LeadModel.load(result.model.dump())
    small, large = model.amount.expected(model.encode(world.frame.iloc[[0, 1]].assign(fit__employees=[5.0, 500.0])))
    assert small * 10 < large
    files = result.model.dump()
    assert "amount_0.txt" in files


def test_a_training_without_amounts_says_nothing_of_value(trained):
    assert trained.evidence.value is None
    assert trained.model.amount is None
