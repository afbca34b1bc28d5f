from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from models.calibration import BetaCalibration
from models.explain import families_as_players, probability_contributions
from models.pattern_tables import PatternTables
from models.sums import margin_of


def test_margin_contributions_are_the_mean_of_lightgbm_s_own(trained, world):
    model = replace(trained.model, linear=None)
    matrix = model.encode(world.frame[:50])
    explained = model.contributions(world.frame[:50])
    phi, base = explained.on_margin, explained.base
    boosters = [lgb.Booster(model_str=text) for text in model.tables.booster_texts]
    oracle = np.mean([booster.predict(matrix, pred_contrib=True) for booster in boosters], axis=0)
    assert np.allclose(phi, oracle[:, :-1], atol=1e-12)
    assert base == pytest.approx(oracle[0, -1], abs=1e-12)
    assert trained.model.contributions(world.frame[:1]).base == trained.model.reference.margin
    assert np.allclose(base + phi.sum(axis=1), model.margin(world.frame[:50]), atol=1e-12)


def test_contributions_to_the_propensity_by_hand():
    g = BetaCalibration(0.8, 1.2, -0.3)
    found = probability_contributions(np.array([[1.5, -0.5, 0.0]]), -1.0, np.array([0.0]), g)
    rise = g([0.0])[0] - g([-1.0])[0]
    assert found == pytest.approx(np.array([[1.5 * rise, -0.5 * rise, 0.0]]))


@pytest.mark.parametrize("distance", [0.0, 1e-300, 1e-12, -1e-9, 9.9e-7, 1.1e-6, 1e-3])
def test_near_the_reference_nothing_explodes_and_the_sum_still_holds(distance):
    g, base = BetaCalibration(0.7, 1.3, 0.2), -0.4
    phi = np.array([[2.0, -2.0, distance]])
    margin = base + phi.sum(axis=1)
    found = probability_contributions(phi, base, margin, g)
    assert found.sum() == pytest.approx(g(margin)[0] - g([base])[0], abs=1e-14)
    assert found[0, 0] == pytest.approx(2 * g.derivative([base])[0], rel=2e-3)


def test_families_and_reference_sum_to_the_propensity(trained, world):
    found = trained.model.contributions(world.frame)
    families = found.family_points(trained.model.families)
    total = found.reference_propensity + families.sum(axis=1).to_numpy() / 100
    assert np.abs(total - trained.model.propensity(world.frame)).max() < 1e-12
    assert (families["intent"] == 0).all()


def test_families_as_players_sum_to_the_same_and_differ_little_from_sums(trained, world):
    model, found = trained.model, trained.model.contributions(world.frame)
    played = families_as_players(model.tables, found.matrix, model.families, model.calibration, model.linear)
    sums = found.family_points(model.families)
    total = found.reference_propensity + played.sum(axis=1).to_numpy() / 100
    assert np.abs(total - found.propensity).max() < 1e-9
    assert list(played) == list(sums)
    gap = (played - sums).abs().to_numpy()
    assert gap.max() < 0.25 * sums.abs().to_numpy().max()


def test_without_interactions_across_families_the_two_are_one():
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(500, 4))
    won = (matrix[:, 0] + matrix[:, 2] > 0).astype(float)
    params = {"objective": "binary", "num_leaves": 8, "verbosity": -1, "num_threads": 1, "seed": 1}
    # Each tree may only ask about one family.
    params["interaction_constraints"] = [[0, 1], [2, 3]]
    booster = lgb.train(params, lgb.Dataset(matrix, won), num_boost_round=10)
    tables = PatternTables.from_boosters([booster.model_to_string()])
    phi, base = tables.contributions(matrix)
    calibration = BetaCalibration(0.9, 1.1, 0.1)
    points = 100 * probability_contributions(phi, base, margin_of(phi, base), calibration)
    played = families_as_players(tables, matrix, ["fit", "fit", "intent", "intent"], calibration)
    assert np.allclose(played["fit"], points[:, :2].sum(axis=1), rtol=0, atol=1e-10)
    assert np.allclose(played["intent"], points[:, 2:].sum(axis=1), rtol=0, atol=1e-10)
    assert (played["engagement"] == 0).all()


def test_blocks_of_any_size_give_the_same_bits(trained, world):
    whole = trained.model.contributions(world.frame[:301])
    parts = [trained.model.contributions(world.frame[i : i + 7]) for i in range(0, 301, 7)]
    assert np.array_equal(np.concatenate([part.on_propensity for part in parts]), whole.on_propensity)
    points = pd.concat([part.family_points(trained.model.families) for part in parts], ignore_index=True)
    assert points.equals(whole.family_points(trained.model.families))


def test_shap_s_own_objects_come_out(trained, world):
    found = trained.model.contributions(world.frame[:5])
    explanation = found.to_shap("propensity", world.frame[list(found.names)][:5])
    assert explanation.values.shape == (5, len(found.names))
    assert np.allclose(explanation.base_values + explanation.values.sum(axis=1), found.propensity)
    assert np.allclose(found.to_shap("margin").base_values, found.base)
    assert explanation.feature_names == list(found.names)
