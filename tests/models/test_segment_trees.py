"""What a segment adds to the model of all leads: its level, a regression and trees on what that leaves."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from models.blend import TREES
from models.learning import learn, part
from models.linear import LinearPart, Prior
from models.segment_trees import Grown, grow, pooled_levels

QUICK = {"n_folds": 4, "max_rounds": 10}


def rows_of(won, n, offset=0.0, w=1.0, repeat=1):
    """Leads of which some are won, each with so many rows."""
    y = np.repeat((np.arange(n) < won).astype(float), repeat)
    return np.full(n * repeat, offset), y, np.full(n * repeat, w), np.repeat(np.arange(n), repeat)


def shrunk(levels, variances):
    """DerSimonian and Laird: the spread of true levels by moments, and each level times its part of it."""
    levels, variances = np.array(levels), np.array(variances)
    spread = max(0.0, np.average(levels**2 - variances, weights=1 / variances))
    return levels * spread / (spread + variances)


def test_levels_are_measured_from_what_was_expected_and_shrunk_together():
    segments = [rows_of(120, 400, logit(0.2)), rows_of(30, 100, logit(0.5)), rows_of(25, 100, logit(0.2))]
    full = [logit(0.3) - logit(0.2), logit(0.3), logit(0.25) - logit(0.2)]
    variances = [1 / (n * p * (1 - p)) for n, p in ((400, 0.3), (100, 0.3), (100, 0.25))]
    assert pooled_levels(segments) == pytest.approx(shrunk(full, variances))


def test_rows_of_one_lead_prove_as_much_as_one_row_and_the_scale_of_weights_nothing():
    once, thrice = pooled_levels([rows_of(30, 100)]), pooled_levels([rows_of(30, 100, w=5.0, repeat=3)])
    assert thrice == pytest.approx(once)


def test_leads_that_err_less_than_chance_prove_no_more_than_chance():
    # Rows of each lead are won and lost in turn: their sums hardly err, as if the level were known.
    offset, w, lead = np.zeros(200), np.ones(200), np.repeat(np.arange(100), 2)
    y = np.tile([1.0, 0.0], 100)
    y[:40] = 1.0
    (level,) = pooled_levels([(offset, y, w, lead)])
    p = y.mean()
    assert level == pytest.approx(shrunk([logit(p)], [1 / (200 * p * (1 - p))])[0])


def test_where_levels_differ_by_no_more_than_chance_there_are_none():
    assert pooled_levels([rows_of(52, 100), rows_of(47, 100)]) == [0.0, 0.0]
    assert pooled_levels([]) == []


@pytest.fixture(scope="module")
def segment(world_maker, plan):
    """A model of all leads, and its part that is won for the contrary reasons."""
    world = world_maker(n=700, snapshots=1)
    n = len(world.rows)
    chosen = replace(plan, classifier=QUICK)
    learnt = learn(world.frame, part(world.rows, np.arange(n), np.ones(n)), world.features, chosen, TREES)
    offset = learnt.unseen_margin()
    size = np.log(world.frame["fit__employees"]).fillna(4.0).to_numpy()
    rng = np.random.default_rng(3)
    y = (rng.random(n) < expit(offset + 0.4 + 1.5 * (size - 4))).astype(float)
    return world, learnt, chosen, offset, y, rng.choice([1.0, 2.0], n)


@pytest.fixture(scope="module")
def grown(segment):
    world, learnt, plan, offset, y, w = segment
    return grow(learnt, world.frame, (y, w, learnt.trees.fold_), offset, 0.4, plan)


def loss(z, y, w):
    return float(w @ (np.logaddexp(0, z) - y * z))


def test_regression_and_trees_tell_unseen_leads_what_the_model_of_all_does_not_know(grown, segment):
    world, learnt, _, offset, y, w = segment
    start = offset + 0.4
    regression, trees = grown.unseen.T
    assert loss(start + regression, y, w) < loss(start, y, w) - 10
    assert loss(start + regression + trees, y, w) <= loss(start + regression, y, w)
    matrix = learnt.encode(world.frame)
    members = grown.members(matrix)
    assert members[:, 0] == pytest.approx(grown.linear.margin(matrix))
    raw = [booster.predict(matrix, raw_score=True) for booster in grown.boosters]
    assert members[:, 1] == pytest.approx(np.mean(raw, axis=0) if raw else np.zeros(len(matrix)))
    assert grown.members(matrix[:0]).shape == (0, 2)


def test_the_penalty_is_the_one_that_unseen_leads_like_best(grown, segment):
    world, learnt, plan, offset, y, w = segment
    matrix, fold = learnt.encode(world.frame), learnt.trees.fold_ % 4
    levels = [column.levels for column in learnt.schema.columns]
    directions = [column.feature.direction for column in learnt.schema.columns]
    tries = []
    for ridge in (3.0, 10.0, 30.0, 100.0):
        linear, unseen = LinearPart.fit(matrix, levels, y, w, fold, directions, plan.seed, Prior(ridge, offset + 0.4))
        tries.append((loss(offset + 0.4 + unseen(), y, w), linear))
    assert grown.linear == min(tries, key=lambda one: one[0])[1]


def test_trees_have_not_seen_the_fold_that_they_answer_for(grown, segment):
    world, learnt, *_ = segment
    matrix, fold = learnt.encode(world.frame), learnt.trees.fold_ % 4
    assert len(grown.boosters) == 4
    for k, booster in enumerate(grown.boosters):
        assert grown.unseen[fold == k, 1] == pytest.approx(booster.predict(matrix[fold == k], raw_score=True))


def test_a_correction_is_the_level_and_as_many_members_as_are_used(grown):
    members = np.array([[1.0, 10.0], [2.0, 20.0]])
    fixed = Grown(0.5, grown.linear, grown.boosters, members, 1)
    assert fixed.added(members, "level").tolist() == [0.5, 0.5]
    assert fixed.added(members, "linear").tolist() == [1.5, 2.5]
    assert fixed.added(members, "trees").tolist() == [11.5, 22.5]
    level, linear, trees = (fixed.correction(0.75, used) for used in ("level", "linear", "trees"))
    assert [(one.share, one.level) for one in (level, linear, trees)] == [(0.75, 0.5)] * 3
    assert (level.linear, linear.linear, trees.linear) == (None, grown.linear, grown.linear)
    assert (level.booster_texts, linear.booster_texts) == ((), ())
    assert trees.booster_texts == tuple(booster.model_to_string() for booster in grown.boosters)


def test_lightgbm_is_told_every_setting_of_the_small_trees_by_its_name(grown, segment):
    learnt = segment[1]
    expected = {
        "objective": "binary",
        "metric": "binary_logloss",
        "boost_from_average": "0",
        "num_iterations": "80",
        "learning_rate": "0.1",
        "num_leaves": "4",
        "max_depth": "3",
        "min_data_in_leaf": "35",
        "feature_fraction": "0.5",
        "lambda_l2": "10",
        "cat_smooth": "20",
        "feature_pre_filter": "0",
        "deterministic": "1",
        "force_row_wise": "1",
        "verbosity": "-1",
        "early_stopping_round": "0",
        "monotone_constraints": ",".join(str(column.feature.direction) for column in learnt.schema.columns),
        "monotone_constraints_method": "intermediate",
        "categorical_feature": ",".join(
            str(j) for j, column in enumerate(learnt.schema.columns) if column.levels is not None
        ),
    }
    for k, booster in enumerate(grown.boosters):
        told = dict(re.findall(r"^\[(\w+): (.*)\]$", booster.model_to_string(), re.MULTILINE))
        assert {name: told[name] for name in expected} == expected
        assert told["seed"] == str(k)
