"""Value: the two rankings by hand, and what a training says of them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.matrix import ColumnSchema, MatrixSchema
from features.specification import Feature
from models.amount import AmountModel
from models.lead_model import LeadModel
from models.periods import FourPeriods
from models.plan import TrainingPlan
from models.training import train
from models.value import compare_rankings, evaluate_value, learn_amounts

SIZE = Feature("fit__size", "fit", "number", "size", "not known")
SOURCE = Feature("fit__source", "fit", "category", "source", "not known")


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


def test_won_deals_of_a_known_amount_teach_what_deals_bring(monkeypatch):
    schema = MatrixSchema((ColumnSchema(SIZE, None), ColumnSchema(SOURCE, ("fair", "web"))))
    learnt = SimpleNamespace(schema=schema, encode=lambda frame: frame.to_numpy())
    frame = pd.DataFrame({"fit__size": np.arange(6.0), "fit__source": [0.0, 1.0] * 3})
    rows = pd.DataFrame(
        {
            "lead_id": list("abcdef"),
            "label": [1, 1, 0, 1, 1, 1],
            "amount": [500.0, np.nan, 700.0, 0.0, 900.0, 300.0],
            "weight": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        }
    )
    given = {}

    def fit(matrix, categories, lead, amount, w, *, seed, num_threads):
        given.update(matrix=matrix.tolist(), categories=categories, lead=lead.tolist(), amount=amount.tolist())
        given.update(w=w.tolist(), seed=seed, num_threads=num_threads)
        return "model"

    monkeypatch.setattr(AmountModel, "fit", fit)
    plan = TrainingPlan(seed=4, num_threads=2)
    assert learn_amounts(learnt, frame, rows, np.array([0, 1, 2, 3, 4]), plan) == "model"
    assert given == {
        "matrix": [[0.0, 0.0], [4.0, 0.0]],
        "categories": [1],
        "lead": ["a", "e"],
        "amount": [500.0, 900.0],
        "w": [1.0, 5.0],
        "seed": 4,
        "num_threads": 2,
    }
    assert learn_amounts(learnt, frame, rows, np.array([1, 2, 3]), plan) is None


def test_a_deal_of_unknown_amount_counts_as_what_was_expected_of_it():
    period = np.array([3, 0, 3, 3, 3])
    four = FourPeriods(period, np.array([1.0, 1, 2, 1, 1]), (0,) * 4, (0,) * 4, 0, forward=True)
    rows = pd.DataFrame(
        {
            "label": [1, 1, 1, 0, 1],
            "amount": [100.0, 9e9, np.nan, 5e9, 400.0],
            "weight": [1.0, 1.0, 3.0, 1.0, 1.0],
        }
    )
    amount = SimpleNamespace(to_dict=lambda: {"scale": 1.0})
    pricing = SimpleNamespace(amount=amount, expected=lambda _: np.array([10.0, 50.0, 70.0, 80.0]))
    assert evaluate_value(rows, four, [0.9, 0.1, 0.2, 0.3], pricing) == {
        "amounts": {"scale": 1.0},
        **compare_rankings(
            np.array([0.9, 0.1, 0.2, 0.3]),
            np.array([10.0, 50.0, 70.0, 80.0]),
            np.array([100.0, 50.0, 0.0, 400.0]),
            np.array([1.0, 6.0, 1.0, 1.0]),
        ),
    }
    assert evaluate_value(rows, four, [], SimpleNamespace(amount=None)) is None
