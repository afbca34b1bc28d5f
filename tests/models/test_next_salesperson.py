"""One more salesperson: by hand, against known probabilities, and in plain words when it does not pay."""

import numpy as np
import pytest

from models.next_salesperson import next_salesperson
from models.plan import TrainingPlan
from models.sample import Sample

WEEK = 7 * 86_400


def _flow(n=6000, seed=0, weeks=30):
    rng = np.random.default_rng(seed)
    propensity = rng.beta(1, 8, n)
    y = (rng.random(n) < propensity).astype(float)
    return Sample(np.arange(n), rng.integers(0, weeks * WEEK, n), propensity, y, np.ones(n))


def test_the_next_leads_are_the_best_of_the_rest_and_each_counts_from_its_arrival():
    # a is above today; b arrives in week 1, won from there; c is stock; d comes in week 2, lost; e is worse.
    lead = np.array(["a", "b", "b", "c", "d", "e"])
    cutoff = np.array([1, 0, 1, 0, 2, 2]) * WEEK
    propensity = np.array([0.9, 0.1, 0.4, 0.45, 0.3, 0.05])
    sample = Sample(lead, cutoff, propensity, np.array([1.0, 0, 1, 1, 0, 1]), np.ones(6))
    plan = TrainingPlan(win_value=1000, contact_cost=100, capacity_per_salesperson=1, n_bootstrap=20)
    more = next_salesperson(sample, 0.5, plan)
    assert more["threshold"] == 0.3
    assert more["per_week"] == 1
    assert more["wins"]["value"] == 0.5
    assert more["value"]["value"] == 0.5 * 1000 - 100


def test_where_fewer_arrive_than_one_person_treats_all_of_them_count():
    # As above: d and e arrive in two weeks; below 0.3 b is stock, and e only takes its place.
    lead = np.array(["b", "b", "c", "d", "e"])
    cutoff = np.array([0, 1, 0, 2, 2]) * WEEK
    sample = Sample(lead, cutoff, np.array([0.1, 0.4, 0.45, 0.3, 0.05]), np.array([0.0, 1, 1, 0, 1]), np.ones(5))
    more = next_salesperson(sample, 0.5, TrainingPlan(capacity_per_salesperson=5, n_bootstrap=20))
    assert (more["threshold"], more["per_week"], more["capacity"]) == (0.3, 1.0, 5)
    assert more["wins"]["value"] == 0.5


@pytest.mark.parametrize(("threshold", "verdict"), [(0.3, "yes"), (0.06, "no")])
def test_it_pays_above_the_break_even_and_not_below(threshold, verdict):
    more = next_salesperson(_flow(), threshold, TrainingPlan(win_value=1000, contact_cost=100))
    assert more["pays"] == verdict
    assert more["wins"]["low"] < more["wins"]["value"] < more["wins"]["high"]


def test_the_interval_of_the_wins_covers_the_truth_nearly_always():
    covered = []
    for seed in range(60):
        sample = _flow(1500, seed)
        more = next_salesperson(sample, 0.25, TrainingPlan(capacity_per_salesperson=5, n_bootstrap=100))
        those = (sample.propensity < 0.25) & (sample.propensity >= more["threshold"])
        truth = 5 * sample.propensity[those].mean()
        covered.append(more["wins"]["low"] <= truth <= more["wins"]["high"])
    assert np.mean(covered) > 0.9


def test_few_leads_without_a_win_prove_nothing():
    sample = _flow(300)
    lost = Sample(sample.lead, sample.cutoff, sample.propensity, np.zeros(300), sample.weight)
    more = next_salesperson(lost, 0.25, TrainingPlan(win_value=5000, contact_cost=100, capacity_per_salesperson=1))
    assert more["wins"]["value"] == 0
    assert more["wins"]["high"] > 0
    assert more["pays"] == "unclear"


def test_where_everybody_is_handed_over_or_nobody_arrives_there_is_nobody_left():
    sample = _flow(200)
    nobody = next_salesperson(sample, 0.0, TrainingPlan())
    assert (nobody["threshold"], nobody["per_week"], nobody["pays"]) == (None, 0.0, "no")
    stock = Sample(np.array([0, 1, 1]), np.array([0, 0, WEEK]), np.array([0.9, 0.4, 0.4]), np.ones(3), np.ones(3))
    assert next_salesperson(stock, 0.5, TrainingPlan(n_bootstrap=5))["threshold"] is None
    assert next_salesperson(sample, 0.05, TrainingPlan(capacity_per_salesperson=1000))["per_week"] < 7


def test_without_dates_or_threshold_nothing_is_claimed():
    sample = _flow(200)
    still = Sample(sample.lead, np.zeros(200, dtype=np.int64), sample.propensity, sample.y, sample.weight)
    assert next_salesperson(still, 0.2, TrainingPlan()) is None
    assert next_salesperson(sample, None, TrainingPlan()) is None
