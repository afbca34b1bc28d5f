"""The swap set: by hand, at equal volume in leads, and its interval against the truth of a made-up company."""

import numpy as np
import pytest

from features.specification import Feature, Recipe
from models.comparison import conversion
from models.plan import TrainingPlan
from models.points import Condition, PointsRule
from models.points_presets import preset
from models.sample import Sample
from models.swap_set import compare_grids, swap_set
from models.worth import Worth

NO_RESAMPLE = 2


def leads(propensity, y, lead=None, cutoff=None, weight=None):
    n = len(propensity)
    return Sample(
        np.arange(n) if lead is None else np.array(lead),
        np.zeros(n, dtype=np.int64) if cutoff is None else np.array(cutoff),
        np.array(propensity, dtype=float),
        np.array(y, dtype=float),
        np.ones(n) if weight is None else np.array(weight, dtype=float),
    )


def test_as_many_leads_change_hands_on_both_sides():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 8, 2000)
    sample = leads(p, rng.random(2000) < p)
    swap = swap_set(sample, np.where(rng.random(2000) < 0.2, 60.0, 0.0), 60.0, 50, 0)
    assert swap["model"]["n"] == swap["points"]["n"] == swap["n_selected"]
    assert swap["in_by_model"]["n"] == swap["out_by_model"]["n"] > 0
    assert swap["in_by_model"]["conversion"] > swap["out_by_model"]["conversion"]
    gap = swap["wins"]["difference"]
    assert gap["value"] == pytest.approx(swap["wins"]["model"] - swap["wins"]["points"])
    assert 0 < gap["low"] < gap["value"] < gap["high"]


def test_a_lead_counts_once_with_its_outcome_from_where_it_is_handed_over():
    # Lead a reaches 0.5 on its second row and is won from there; b never does; c is above on its first row and lost.
    sample = leads(
        [0.1, 0.6, 0.7, 0.2, 0.9, 0.9], [0, 1, 0, 0, 0, 1], ["a", "a", "a", "b", "c", "c"], [0, 1, 2, 0, 0, 1]
    )
    points = np.array([60.0, 0, 0, 60, 0, 0])
    swap = swap_set(sample, points, 60.0, NO_RESAMPLE, 0)
    assert swap["n_selected"] == 2
    assert (swap["both"]["n"], swap["in_by_model"]["n"], swap["out_by_model"]["n"]) == (1, 1, 1)
    # The model's limit is the best of a, 0.7, which a reaches on its third row, when it is no longer won.
    assert swap["wins"]["model"] == 0
    assert swap["points"]["conversion"] == 0


def test_leads_tied_at_the_limit_share_what_is_left_of_the_volume():
    sample = leads([0.9, 0.5, 0.5, 0.5, 0.5], [1, 1, 1, 0, 0])
    swap = swap_set(sample, np.array([60.0, 60, 60, 0, 0]), 60.0, NO_RESAMPLE, 0)
    assert swap["wins"]["model"] == pytest.approx(1 + 2 * 0.5)
    assert swap["wins"]["points"] == 3


def test_a_lead_that_stands_for_several_fills_their_part_of_the_volume():
    sample = leads([0.9, 0.8, 0.7], [1, 1, 0], weight=[2.0, 1.0, 1.0])
    swap = swap_set(sample, np.array([0.0, 60, 60]), 60.0, NO_RESAMPLE, 0)
    assert swap["wins"]["model"] == 2


def test_the_order_is_that_of_what_is_deployed():
    sample = leads([0.3, 0.2], [0, 1])
    worth = Worth(np.array([100.0, 1000.0]), np.ones(2), np.array([0.1, 1.0]))
    priced = Sample(sample.lead, sample.cutoff, sample.propensity, sample.y, sample.weight, worth)
    points = np.array([60.0, 0.0])
    assert swap_set(sample, points, 60.0, NO_RESAMPLE, 0)["wins"]["model"] == 0
    assert swap_set(priced, points, 60.0, NO_RESAMPLE, 0)["wins"]["model"] == 1


def test_a_grid_that_hands_nobody_over_claims_nothing():
    swap = swap_set(leads([0.9, 0.1], [1, 0]), np.zeros(2), 60.0, NO_RESAMPLE, 0)
    assert swap["n_selected"] == 0
    assert swap["model"]["conversion"] is None
    assert swap["wins"]["difference"] == {"value": 0, "low": 0, "high": 0}


def test_the_interval_covers_the_true_difference_nearly_always():
    covered = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, z = rng.normal(size=(2, 3000))
        truth = 1 / (1 + np.exp(2.5 - x - 0.3 * z))
        sample = leads(truth, rng.random(3000) < truth)
        swap = swap_set(sample, 10 * z, 10.0, 100, seed)
        n = swap["n_selected"]
        true = np.sort(truth)[::-1][:n].sum() - truth[10 * z >= 10].sum()
        covered.append(swap["wins"]["difference"]["low"] <= true <= swap["wins"]["difference"]["high"])
    assert np.mean(covered) > 0.85


def test_every_grid_says_what_it_cannot_see(world):
    plan = TrainingPlan(
        points_grid=(PointsRule("source", 20, equals="partner"), PointsRule("gone", 5, at_least=1)),
        points_threshold=20,
        other_grids={"icp60": preset("icp60", [Condition("fit__employees", at_least=50)]), "saas40": preset("saas40")},
        n_bootstrap=NO_RESAMPLE,
    )
    source = Feature(
        "fit__source",
        "fit",
        "category",
        "source",
        "not known",
        recipe=Recipe("attributes", "value", columns=("leads.source",)),
    )
    frame, n = world.frame[:500], 500
    sample = leads(world.truth[:n], world.rows["label"][:n])
    own, icp, saas = compare_grids(sample, frame, list(frame.columns), [source], plan)
    assert (own["name"], own["n_rules"], own["absent"]) == ("settings", 2, ["gone"])
    assert own["swap_set"]["n_selected"] == (frame["fit__source"] == "partner").sum()
    assert icp["absent"] == [
        "engagement__webinar_count_365d",
        "intent__timing_answer",
        "fit__seniority",
        "intent__budget_answer",
    ]
    assert icp["swap_set"]["n_selected"] == 0
    assert saas["swap_set"] is None
    assert "points.territory" in saas["absent"]
    assert [grid["name"] for grid in compare_grids(sample, frame, [], [], TrainingPlan())] == []


def test_leads_that_stand_for_others_are_told_as_the_leads_that_are_there():
    # a and d stand for two each. The grid takes c and d, three by weight; the model a and b, as many.
    sample = leads([0.9, 0.8, 0.1, 0.2], [1, 0, 1, 0], weight=[2.0, 1, 1, 2])
    swap = swap_set(sample, np.array([0.0, 0, 60, 60]), 60.0, 400, 0, np.array([1.0, 1, 0, 1]))
    assert swap["n_selected"] == 2
    assert {name: swap[name]["n"] for name in ("both", "in_by_model", "out_by_model", "model", "points")} == {
        "both": 0,
        "in_by_model": 2,
        "out_by_model": 2,
        "model": 2,
        "points": 2,
    }
    assert swap["both"]["conversion"] is None
    assert swap["model"] == conversion(np.array([1.0, 0]), np.array([2.0, 1]))
    assert swap["points"] == swap["out_by_model"] == conversion(np.array([1.0, 0]), np.array([1.0, 2]))
    # Two leads of the grid stand for three: each is two thirds of one by weight.
    assert swap["wins"]["model"] == pytest.approx(2 * 2 / 3)
    assert swap["wins"]["points"] == pytest.approx(2 / 3)
    assert swap["wins"]["difference"]["value"] == pytest.approx(2 / 3)
    assert swap["opportunities"] == {"model": pytest.approx(3 * 2 / 3), "points": pytest.approx(2 * 2 / 3)}


def test_an_opportunity_is_that_of_the_row_where_the_lead_is_handed_over():
    sample = leads([0.1, 0.9, 0.5], [0, 0, 0], ["a", "a", "b"], [0, 1, 0])
    points = np.array([60.0, 0.0, 0.0])
    found = swap_set(sample, points, 60.0, NO_RESAMPLE, 0, np.array([1.0, 0.0, 1.0]))
    # By points a comes on its first row, by the model on its second.
    assert found["opportunities"] == {"model": 0.0, "points": 1.0}
    assert swap_set(sample, points, 60.0, NO_RESAMPLE, 0)["opportunities"] is None
    assert swap_set(sample, np.zeros(3), 60.0, NO_RESAMPLE, 0, np.ones(3))["opportunities"] is None
