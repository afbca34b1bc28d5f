"""Expected amounts: right on average, better than the mean only where something tells deals apart, kept bit for bit."""

import json

import numpy as np
import pytest

from models.amount import FEWEST_DEALS, AmountModel


def deals(n=1200, noise=0.4, seed=0):
    """Deals whose amount grows with the size of the company and depends on the plan."""
    rng = np.random.default_rng(seed)
    size = np.where(rng.random(n) < 0.15, np.nan, np.round(rng.lognormal(4, 1, n)))
    plan = rng.integers(0, 3, n).astype(float)
    true = 200 * np.nan_to_num(size, nan=55.0) ** 0.8 * np.array([1.0, 2.0, 4.0])[plan.astype(int)]
    return np.column_stack([size, plan]), true, true * rng.lognormal(-(noise**2) / 2, noise, n)


@pytest.fixture(scope="module")
def model():
    matrix, _, amount = deals()
    return AmountModel.fit(matrix, [1], np.arange(len(amount)), amount, np.ones(len(amount)))


def test_amounts_of_new_deals_are_foreseen_without_bias(model):
    matrix, true, amount = deals(4000, seed=1)
    expected = model.expected(matrix)
    assert expected.mean() == pytest.approx(amount.mean(), rel=0.08)
    assert np.median(np.abs(expected / true - 1)) < 0.2
    assert np.abs(expected - amount).mean() < 0.7 * np.abs(amount - amount.mean()).mean()


def test_the_interval_holds_eight_in_ten_new_deals(model):
    matrix, _, amount = deals(4000, seed=2)
    low, high = model.interval(model.expected(matrix))
    assert np.mean((amount >= low) & (amount <= high)) == pytest.approx(0.8, abs=0.05)


def test_figures_are_of_unseen_deals(model):
    assert model.figures["n_deals"] == 1200
    assert 0.6 < model.figures["skill"] < 0.95
    assert model.figures["mae"] < model.figures["mae_of_mean"]


def test_where_nothing_tells_deals_apart_every_deal_is_the_mean():
    rng = np.random.default_rng(3)
    amount = rng.lognormal(8, 1, 500)
    model = AmountModel.fit(rng.normal(size=(500, 3)), [], np.arange(500), amount, np.ones(500))
    assert model.booster_texts == ()
    assert (model.expected(np.zeros((4, 3))) == amount.mean()).all()
    assert model.figures["skill"] == 0.0


def test_few_deals_are_not_told_apart():
    matrix, _, amount = deals(FEWEST_DEALS - 1)
    model = AmountModel.fit(matrix, [1], np.arange(len(amount)), amount, np.ones(len(amount)))
    assert model.booster_texts == ()
    assert model.scale == pytest.approx(amount.mean())


def test_a_deal_counts_once_however_many_snapshots_it_has():
    amount = np.array([100.0] * 10 + [200.0, 300.0])
    lead = [*["a"] * 10, "b", "c"]
    model = AmountModel.fit(np.zeros((12, 1)), [], lead, amount, np.ones(12))
    assert model.scale == pytest.approx(200.0)
    assert model.figures["n_deals"] == 3


def test_threads_change_nothing_and_json_keeps_everything(model):
    matrix, _, amount = deals()
    again = AmountModel.fit(matrix, [1], np.arange(len(amount)), amount, np.ones(len(amount)), num_threads=2)
    assert again == model
    back = AmountModel.from_dict(json.loads(json.dumps(model.to_dict())), model.booster_texts)
    assert np.array_equal(back.expected(matrix), model.expected(matrix))
    alone = np.concatenate([model.expected(matrix[i : i + 1]) for i in range(50)])
    assert np.array_equal(alone, model.expected(matrix[:50]))
