from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError
from models import linear
from models.blend import BLEND, RECENT, SHRUNK, TREES
from models.calibration import BetaCalibration
from models.drift import calibrate
from models.folds import group_folds
from models.learning import Learnt, Taught, learn, part

QUICK = {"n_folds": 2, "max_rounds": 30}


@pytest.fixture(scope="module")
def small(world_maker):
    return world_maker(n=400)


@pytest.fixture
def learnt(small, plan):
    def run(*, mix=None, weight=None, directions=None, **knobs) -> Learnt:
        n = len(small.rows)
        rows = part(small.rows, np.arange(n), np.ones(n) if weight is None else weight)
        features = [replace(one, direction=(directions or {}).get(one.name, 0)) for one in small.features]
        return learn(small.frame, rows, features, replace(plan, **{"classifier": QUICK, **knobs}), mix)

    return run


def test_folds_and_trees_are_those_of_the_seed_of_the_plan(learnt, small):
    first, again, other = (learnt(seed=seed, mix=TREES) for seed in (5, 5, 6))
    lead, y = small.rows["lead_id"].to_numpy(), small.rows["label"].to_numpy()
    assert first.trees.fold_.tolist() == group_folds(lead, y, 2, 5).tolist()
    assert other.trees.fold_.tolist() == group_folds(lead, y, 2, 6).tolist()
    texts = [[booster.model_to_string() for booster in one.trees.boosters_] for one in (first, again, other)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_the_rows_that_a_regression_is_fitted_on_are_drawn_by_the_seed_of_the_plan(learnt, monkeypatch):
    monkeypatch.setattr(linear, "_MOST_ROWS", 300)
    first, again, other = (learnt(seed=seed, mix=BLEND).regressions[0].part for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_a_regression_without_a_share_is_not_fitted(learnt):
    assert learnt(mix=TREES).regressions == (None, None, None)
    both, *others = learnt(mix=BLEND).regressions
    assert both is not None
    assert others == [None, None]
    assert None not in learnt().regressions


def test_trees_and_regressions_follow_the_direction_that_a_feature_declares(learnt, small):
    # Views raise the chance in this company; told to lower it, neither may raise it.
    name = "engagement__views_count_30d"
    against = learnt(directions={name: -1, "engagement__views_count_90d": -1})
    frame = pd.concat([small.frame.head(50)] * 2, ignore_index=True)
    frame[name] = np.repeat([0.0, 6.0], 50)
    few_to_many = np.diff(against.members(frame).reshape(2, 50, 4), axis=0)
    assert (few_to_many <= 1e-9).all()


def test_rows_count_by_what_they_stand_for(learnt, small):
    won = small.rows["label"].to_numpy() == 1
    alike, heavier = learnt(), learnt(weight=np.where(won, 5.0, 1.0))
    risen = (heavier.members(small.frame) - alike.members(small.frame)).mean(axis=0)
    assert risen == pytest.approx(np.log(5), abs=0.35)


def test_the_classifier_is_set_by_the_plan(learnt):
    trees = learnt(classifier={"n_folds": 3, "max_rounds": 4}, num_threads=2).trees
    assert len(trees.boosters_) == 3
    assert max(booster.num_trees() for booster in trees.boosters_) <= 4
    assert trees.num_threads == 2


def test_rare_levels_are_pooled_and_categories_of_too_many_dropped_as_the_plan_says(learnt):
    assert "fit__source" in {one.name for one in learnt(max_levels=2).dropped}
    kept = {column.feature.name: column.levels for column in learnt(min_level_rows=100).schema.columns}
    assert "ads" not in kept["fit__source"]


def test_members_are_trees_and_regressions_and_one_that_is_not_there_is_another_or_nothing(learnt, small):
    frame = small.frame.head(5)
    every, one, none = learnt(), learnt(mix=BLEND), learnt(mix=TREES)
    encoded = every.encode(frame)
    trees = np.mean([booster.predict(encoded, raw_score=True) for booster in every.trees.boosters_], axis=0)
    said = [regression.part.margin(encoded) for regression in every.regressions]
    assert every.members(frame) == pytest.approx(np.column_stack([trees, *said]))
    assert one.members(frame) == pytest.approx(np.column_stack([trees, said[0], said[0], said[0]]))
    swapped = replace(one, regressions=one.regressions[::-1])
    assert swapped.members(frame) == pytest.approx(np.column_stack([trees, said[0], said[0], said[0]]))
    assert none.members(frame) == pytest.approx(np.column_stack([trees, np.zeros((5, 3))]))
    assert every.members(frame.head(0)).shape == (0, 4)


def test_weights_that_are_shrunk_say_less(learnt, small):
    _, free, _, shrunk = learnt().members(small.frame).T
    assert 0 < shrunk.std() < 0.5 * free.std()


def test_the_margin_is_the_mix_of_the_members_and_the_regression_is_the_one_with_a_share(learnt, small):
    every = learnt()
    trees, *said = every.members(small.frame).T
    for mix, k in ((TREES, None), (BLEND, 0), (RECENT, 1), (SHRUNK, 2)):
        mixed = replace(every, mix=mix)
        assert mixed.margin(small.frame) == pytest.approx(trees if k is None else (trees + said[k]) / 2)
        assert mixed.regression is (None if k is None else every.regressions[k])
        assert mixed.linear is (None if k is None else every.regressions[k].part)
        unseen = every.trees.oof_margin_
        if k is not None:
            unseen = (unseen + every.regressions[k].unseen()) / 2
        assert mixed.unseen_margin() == pytest.approx(unseen)
        moved = replace(mixed, added_unseen=np.full(len(unseen), 0.25))
        assert moved.unseen_margin() == pytest.approx(unseen + 0.25)


def test_rows_that_teach_beside_teach_the_trees_and_nothing_else(learnt, small, plan):
    n = len(small.rows)
    rows, features = part(small.rows, np.arange(n), np.ones(n)), list(small.features)
    # As many more leads, all won, that came from a fair.
    fair = small.frame.assign(fit__source="fair")
    beside = Taught(fair, np.array([f"N{k}" for k in range(n)], dtype=object), np.ones(n), np.full(n, 2.0))
    quick = replace(plan, classifier=QUICK)
    alone, taught = (learn(small.frame, rows, features, quick, beside=one) for one in (None, beside))
    assert len(taught.trees.fold_) == 2 * n
    assert len(taught.unseen_margin()) == len(taught.rows.at) == n
    risen = taught.members(fair)[:, 0] - alone.members(fair)[:, 0]
    assert risen.mean() > 1
    # With a weight of 2 they count as two rows each.
    light = learn(small.frame, rows, features, quick, beside=replace(beside, w=np.full(n, 0.02)))
    assert (light.members(fair)[:, 0] - alone.members(fair)[:, 0]).mean() < risen.mean() / 2
    assert taught.rows is rows


def test_calibration_follows_time_only_where_rows_are_later(learnt, small):
    every = learnt()
    rows, margin = every.rows, every.unseen_margin()
    unseen = rows.margins(0.5 * margin + 1.0)
    assert every.calibrate(unseen, forward=False) == BetaCalibration.fit(unseen.margin, rows.y, rows.w)
    assert every.calibrate(unseen, forward=True) == calibrate(unseen, rows.margins(margin))


def test_a_part_takes_rows_by_position_and_multiplies_their_weights(small):
    rows = small.rows.assign(weight=np.arange(len(small.rows)) + 1.0)
    taken = part(rows, np.array([3, 1]), np.array([2.0, 10.0]))
    assert taken.at.tolist() == [3, 1]
    assert taken.lead.tolist() == rows["lead_id"].iloc[[3, 1]].tolist()
    assert taken.cutoff.tolist() == rows["cutoff"].iloc[[3, 1]].tolist()
    assert taken.y.tolist() == rows["label"].iloc[[3, 1]].tolist()
    assert taken.w.tolist() == [8.0, 20.0]
    margins, sample = taken.margins(np.array([0.1, 0.2])), taken.sample(np.array([0.3, 0.4]))
    assert (margins.margin.tolist(), margins.y is taken.y, margins.w is taken.w) == ([0.1, 0.2], True, True)
    assert margins.cutoff is sample.cutoff is taken.cutoff
    assert (sample.propensity.tolist(), sample.weight is taken.w, sample.worth) == ([0.3, 0.4], True, None)


def test_where_no_column_varies_training_is_refused_with_the_reason_of_each(learnt, small, plan):
    n = len(small.rows)
    with pytest.raises(DataError, match=r"found none among 2: fit__employees \(.*\), fit__noise \(.*\)\. Bring"):
        learn(
            small.frame.assign(fit__employees=1.0, fit__noise=np.nan),
            part(small.rows, np.arange(n), np.ones(n)),
            small.features[-2:],
            plan,
        )
