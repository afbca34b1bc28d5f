"""Trees for amounts: what they are told, and that each answers for leads that it has not seen."""

import re

import lightgbm as lgb
import numpy as np
import pytest

from models.amount_trees import grow
from models.folds import group_folds

N = 240
LEAD = np.arange(N) // 2


@pytest.fixture(scope="module")
def deals():
    rng = np.random.default_rng(0)
    matrix = np.column_stack([rng.normal(size=N), rng.integers(0, 3, N)]).astype(float)
    target = matrix[:, 0] + np.array([-1.0, 0, 1])[matrix[:, 1].astype(int)] + rng.normal(0, 0.3, N)
    return matrix, target, rng.choice([1.0, 3.0], N)


@pytest.fixture(scope="module")
def grown(deals):
    return grow(*deals, LEAD, [1], 7, 1)


def settings_of(text):
    return dict(re.findall(r"^\[(\w+): (.*)\]$", text, re.MULTILINE))


def test_lightgbm_is_told_every_setting_by_its_name(grown):
    expected = {
        "objective": "regression",
        "metric": "l2",
        "num_iterations": "150",
        "learning_rate": "0.1",
        "num_leaves": "8",
        "max_depth": "4",
        "min_data_in_leaf": "12",
        "feature_fraction": "0.8",
        "lambda_l2": "3",
        "cat_smooth": "20",
        "boost_from_average": "0",
        "feature_pre_filter": "0",
        "deterministic": "1",
        "force_col_wise": "1",
        "verbosity": "-1",
        "categorical_feature": "1",
    }
    for k, text in enumerate(grown[0]):
        told = settings_of(text)
        assert {name: told[name] for name in expected} == expected
        assert told["seed"] == str(7 + k)
        assert "num_threads" not in told


@pytest.mark.parametrize(("n", "leaf"), [(40, "3"), (200, "10"), (1000, "20")])
def test_a_leaf_holds_one_in_twenty_deals_and_three_to_twenty(n, leaf):
    rng = np.random.default_rng(1)
    texts, _ = grow(rng.normal(size=(n, 1)), rng.normal(size=n), np.ones(n), np.arange(n), [], 0, 1)
    assert {settings_of(text)["min_data_in_leaf"] for text in texts} == {leaf}


def test_each_model_answers_for_the_leads_of_a_fold_that_it_has_not_seen(deals, grown):
    matrix, target, _ = deals
    texts, unseen = grown
    fold = group_folds(LEAD, np.ones(N), 5, 7)
    boosters = [lgb.Booster(model_str=text) for text in texts]
    assert len(boosters) == 5
    assert len({booster.num_trees() for booster in boosters}) == 1
    for k, booster in enumerate(boosters):
        assert unseen[fold == k] == pytest.approx(booster.predict(matrix[fold == k]))
    assert np.corrcoef(unseen, target)[0, 1] > 0.8
