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


def test_figures_scale_and_interval_of_few_deals_are_those_counted_by_hand():
    # Deals of 100, 200, 300 and 400; the last weighs as much as the three others together.
    amount, w = np.array([100.0, 200, 300, 400, 400]), np.array([1.0, 1, 1, 2, 4])
    model = AmountModel.fit(np.zeros((5, 1)), [], ["a", "b", "c", "d", "d"], amount, w)
    # A deal weighs one whatever its rows: the mean is 250.
    assert (model.booster_texts, model.scale) == ((), pytest.approx(250.0))
    assert (model.low, model.high) == (pytest.approx(0.4), pytest.approx(1.6))
    assert model.figures == pytest.approx({"n_deals": 4, "mean": 250, "skill": 0, "mae": 100, "mae_of_mean": 100})
    low, high = model.interval(np.array([250.0, 1000.0]))
    assert (low, high) == (pytest.approx([100.0, 400.0]), pytest.approx([400.0, 1600.0]))


def test_what_is_foreseen_is_scaled_to_the_mean_of_the_deals_and_measured_on_unseen_ones(monkeypatch):
    matrix, _, amount = deals(200)
    seen = {}

    def grown(matrix, target, weight, lead, categories, seed, num_threads):
        seen.update(weight=weight, lead=lead, categories=categories, seed=seed, threads=num_threads)
        seen["target"] = target
        return ("tree",), target / 2

    monkeypatch.setattr("models.amount_trees.grow", grown)
    w, lead = np.where(np.arange(200) % 2, 3.0, 1.0), np.arange(200) // 2
    model = AmountModel.fit(matrix, [1], lead, amount, w, seed=9, num_threads=2)
    # Of the two rows of a deal one weighs a quarter, the other three.
    weight = np.where(np.arange(200) % 2, 0.75, 0.25)
    center = np.average(np.log(amount), weights=weight)
    assert seen["weight"] == pytest.approx(weight)
    assert seen["lead"].tolist() == lead.tolist()
    assert (seen["categories"], seen["seed"], seen["threads"]) == ([1], 9, 2)
    assert seen["target"] == pytest.approx(np.log(amount) - center)
    unseen = np.exp(center + (np.log(amount) - center) / 2)
    mean = np.average(amount, weights=weight)
    factor = mean / np.average(unseen, weights=weight)
    assert model.scale == pytest.approx(factor * np.exp(center))
    assert model.figures == pytest.approx(
        {
            "n_deals": 100.0,
            "mean": mean,
            # Half of each distance is left, a quarter of the variance.
            "skill": 0.75,
            "mae": np.average(np.abs(amount - factor * unseen), weights=weight),
            "mae_of_mean": np.average(np.abs(amount - mean), weights=weight),
        }
    )
    ratio = amount / (factor * unseen)
    assert np.average(ratio < model.low, weights=weight) < 0.1 <= np.average(ratio <= model.low, weights=weight)
    assert np.average(ratio < model.high, weights=weight) < 0.9 <= np.average(ratio <= model.high, weights=weight)
