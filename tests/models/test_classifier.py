import re

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from models.classifier import LeadClassifier
from models.folds import average_margin, encode, group_folds


def _data(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, (rng.random(n) < expit(X[:, 0] - 0.5 * X[:, 1] - 1)).astype(int)


def test_no_lead_stands_in_two_folds_and_wins_are_spread_evenly():
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 300, 1000)
    y = (rng.random(300) < 0.2)[groups].astype(int)
    fold = group_folds(groups, y, 5, seed=3)
    assert pd.DataFrame({"g": groups, "f": fold}).groupby("g")["f"].nunique().max() == 1
    won = pd.DataFrame({"g": groups, "f": fold, "y": y}).query("y == 1").groupby("f")["g"].nunique()
    assert won.max() - won.min() <= 1


def test_the_order_of_rows_does_not_move_a_lead_to_another_fold():
    groups, y = np.array(list("abcdefgh")), np.array([0, 1] * 4)
    back = slice(None, None, -1)
    assert group_folds(groups[back], y[back], 3, 0)[back].tolist() == group_folds(groups, y, 3, 0).tolist()


def test_out_of_fold_margins_come_from_the_booster_that_has_not_seen_the_lead():
    X, y = _data()
    groups = np.arange(len(y)) // 3
    model = LeadClassifier(n_folds=4).fit(X, y, groups=groups)
    for k, booster in enumerate(model.boosters_):
        rows = model.fold_ == k
        assert np.array_equal(model.oof_margin_[rows], booster.predict(X[rows], raw_score=True))
    assert np.array_equal(model.decision_function(X), average_margin(model.boosters_, X, 1))
    assert roc_auc_score(y, model.decision_function(X)) > roc_auc_score(y, model.oof_margin_)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_seed_gives_the_same_trees_whatever_the_threads(threads):
    X, y = _data(500)
    model = LeadClassifier(seed=5, n_folds=2, max_rounds=10)
    again = LeadClassifier(seed=5, n_folds=2, max_rounds=10, num_threads=threads)
    texts = [[booster.model_to_string() for booster in fitted.fit(X, y).boosters_] for fitted in (model, again)]
    assert texts[0] == texts[1]


def test_another_seed_gives_other_trees():
    X, y = _data()
    assert not np.array_equal(
        LeadClassifier(seed=1).fit(X, y).oof_margin_, LeadClassifier(seed=2).fit(X, y).oof_margin_
    )


def test_it_works_inside_the_tools_of_scikit_learn():
    X, y = _data(600)
    model = LeadClassifier(n_folds=3, seed=2)
    assert clone(model).get_params() == model.get_params()
    scores = cross_val_score(make_pipeline(StandardScaler(), model), X, y, cv=3, scoring="roc_auc")
    assert scores.min() > 0.6
    named = model.fit(pd.DataFrame(X, columns=list("abcd")), y)
    assert named.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        named.predict(pd.DataFrame(X, columns=list("abce")))


def test_labels_of_any_kind_come_back_from_predict():
    X, y = _data(400)
    model = LeadClassifier().fit(X, np.where(y == 1, "won", "lost"))
    assert model.classes_.tolist() == ["lost", "won"]
    assert set(model.predict(X)) <= {"lost", "won"}
    assert np.allclose(model.predict_proba(X).sum(axis=1), 1)
    assert np.array_equal(model.predict(X) == "won", model.predict_proba(X)[:, 1] > 0.5)


def test_categories_keep_their_meaning_when_a_later_frame_has_other_levels():
    rng = np.random.default_rng(0)
    kind = rng.choice(["a", "b", "c"], 900)
    y = (rng.random(900) < np.where(kind == "c", 0.8, 0.1)).astype(int)
    frame = pd.DataFrame({"kind": pd.Categorical(kind), "x": rng.normal(size=900)})
    model = LeadClassifier().fit(frame, y)
    later = pd.DataFrame({"kind": pd.Categorical(["c", "new", "a"]), "x": [0.0, 0.0, 0.0]})
    same = pd.DataFrame({"kind": pd.Categorical(["c", "c", "a"], categories=["a", "b", "c"]), "x": [0.0] * 3})
    margin, known = model.decision_function(later), model.decision_function(same)
    assert margin[0] == known[0] > known[2] == margin[2]
    assert np.isfinite(margin[1])
    assert np.isnan(encode(later, model.levels_)[1, 0])


def test_a_monotone_column_never_lowers_the_margin():
    X, y = _data(800, seed=4)
    model = LeadClassifier(monotone=[1, 0, 0, 0]).fit(X, y)
    path = np.column_stack([np.linspace(-3, 3, 50), np.zeros((50, 3))])
    assert (np.diff(model.decision_function(path)) >= 0).all()


def test_weights_pull_the_probabilities_as_repeated_rows_would():
    X, y = _data(2000)
    heavy = LeadClassifier().fit(X, y, sample_weight=np.where(y == 1, 4.0, 1.0))
    scaled = LeadClassifier().fit(X, y, sample_weight=np.where(y == 1, 40.0, 10.0))
    weight = np.where(y == 1, 4.0, 1.0)
    stated = np.average(heavy.predict_proba(X)[:, 1], weights=weight)
    assert abs(stated - np.average(y, weights=weight)) < 0.01
    assert np.allclose(heavy.oof_margin_, scaled.oof_margin_)


def test_forty_won_and_forty_lost_are_enough_and_give_sober_probabilities():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 40)
    X = rng.normal(size=(80, 5))
    X[:, 0] += y
    fresh, outcome = rng.normal(size=(4000, 5)), np.repeat([0, 1], 2000)
    fresh[:, 0] += outcome
    p = LeadClassifier().fit(X, y).predict_proba(fresh)[:, 1]
    assert roc_auc_score(outcome, p) > 0.65
    assert log_loss(outcome, p) < np.log(2)
    noise = LeadClassifier().fit(rng.normal(size=(80, 5)), y).predict_proba(fresh)[:, 1]
    assert abs(noise - 0.5).max() < 0.3


def test_few_rows_are_learnt_slowly_unless_a_rate_is_given():
    X, y = _data(200)
    given, usual = (LeadClassifier(n_folds=2, max_rounds=3, learning_rate=rate).fit(X, y) for rate in (0.3, None))
    assert {booster.params["learning_rate"] for booster in given.boosters_} == {0.3}
    assert {booster.params["learning_rate"] for booster in usual.boosters_} == {0.05}


def test_the_budget_of_trees_is_kept():
    X, y = _data(3000)
    model = LeadClassifier(tree_budget=20, budget_tolerance=1.0).fit(X, y)
    assert sum(booster.num_trees() for booster in model.boosters_) <= 20


def test_scikit_learn_s_own_checks_pass_but_one():
    allowed = {
        "check_sample_weight_equivalence_on_dense_data": "folds and bags are drawn by row, a weight is not a repetition"
    }
    results = check_estimator(
        LeadClassifier(n_folds=2, max_rounds=3), expected_failed_checks=allowed, on_skip=None, on_fail=None
    )
    assert len(results) > 50
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


@pytest.mark.parametrize(
    ("y", "message"),
    [([0] * 10, "two classes"), ([0, 1, 2] * 3 + [0], "binary"), ([0] * 9 + [1], "at least 2 groups")],
)
def test_targets_that_cannot_be_learnt_are_refused_in_words(y, message):
    with pytest.raises(ValueError, match=message):
        LeadClassifier().fit(np.zeros((10, 1)), y)


def test_arrays_of_different_length_are_refused():
    X, y = _data(50)
    with pytest.raises(ValueError, match="differ in length"):
        LeadClassifier().fit(X, y, sample_weight=np.ones(49))


def test_settings_shrink_on_small_data_and_bins_are_shared_by_the_columns():
    model = LeadClassifier(seed=7, num_threads=2, monotone=[0, 1], max_depth=5, feature_fraction=0.4)
    model.n_features_in_ = 2
    assert model._params(25_000, 4000) == {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": 0.1,
        "num_leaves": 31,
        "max_depth": 5,
        "max_bin": 255,
        "min_data_in_leaf": 20,
        "feature_fraction": 0.4,
        "bagging_fraction": 0.9,
        "bagging_freq": 1,
        "lambda_l2": 3.0,
        "cat_smooth": 20.0,
        "feature_pre_filter": False,
        "seed": 7,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 2,
        "verbosity": -1,
        "monotone_constraints": [0, 1],
        "monotone_constraints_method": "intermediate",
    }
    small = model._params(200, 40)
    assert (small["learning_rate"], small["num_leaves"], small["min_data_in_leaf"]) == (0.05, 5, 10)
    least = model._params(40, 10)
    assert (least["num_leaves"], least["min_data_in_leaf"]) == (2, 3)
    model.n_features_in_ = 128
    assert model._params(200, 40)["max_bin"] == 128
    model.n_features_in_ = 1000
    assert model._params(200, 40)["max_bin"] == 63
    assert "monotone_constraints" not in LeadClassifier(monotone=[0, 0]).fit(*_data(200))._params(200, 40)


@pytest.mark.parametrize(
    ("budget", "rounds"),
    [
        # Best after four rounds and two; the fifth and sixth of the budget of six go to nobody.
        (8, [4, 2]),
        (6, [3, 2]),
        # Rounds three and four bring 0.02 to three quarters of the rows: 0.015, more than is tolerated.
        (4, [4, 2]),
        (2, [4, 2]),
    ],
)
def test_a_budget_is_exceeded_only_where_that_buys_enough_log_loss(budget, rounds):
    model = LeadClassifier(tree_budget=budget, budget_tolerance=0.014)
    grown = [(None, [0.6, 0.52, 0.51, 0.5, 0.55]), (None, [0.6, 0.5, 0.7])]
    assert model._rounds(grown, np.array([3.0, 1.0])) == rounds


def test_folds_are_as_many_as_asked_for_as_the_smaller_class_allows_and_eight_by_default():
    X, y = _data(400)
    few = np.where(np.cumsum(y) <= 3, y, 0)
    quick = {"max_rounds": 2}
    assert len(LeadClassifier(**quick).fit(X, y).boosters_) == 8
    assert len(LeadClassifier(n_folds=3, **quick).fit(X, y).boosters_) == 3
    assert len(LeadClassifier(n_folds=5, **quick).fit(X, few).boosters_) == 3
    with pytest.raises(ValueError, match="expected at least 2 groups of each class, found 1 of one class"):
        LeadClassifier().fit(X, y, groups=np.where(y == 1, 0, np.arange(400)))
    with pytest.raises(ValueError, match="expected a sample_weight > 0, found that all are zero"):
        LeadClassifier().fit(X, y, sample_weight=np.zeros(400))


def test_leaves_are_as_large_and_as_many_as_what_a_fold_model_learns_from_allows():
    X, _ = _data(320)
    y = (np.arange(320) % 4 == 0).astype(int)
    model = LeadClassifier(n_folds=4, max_rounds=2, seed=3).fit(X, y)
    # It learns from 240 rows, a twentieth of which makes a leaf, and from 60 of 80 won, eight for each leaf.
    for k, booster in enumerate(model.boosters_):
        told = dict(re.findall(r"^\[(\w+): (.*)\]$", booster.model_to_string(), re.MULTILINE))
        assert (told["min_data_in_leaf"], told["num_leaves"], told["seed"]) == ("12", "7", str(3 + k))
        assert (told["num_iterations"], told["objective"], told["metric"]) == ("2", "binary", "binary_logloss")
        assert (told["bagging_freq"], told["bagging_fraction"], told["feature_fraction"]) == ("1", "0.9", "0.3")
