import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import multivariate_normal
from sklearn.metrics import log_loss

from features.errors import DataError
from models.calibration import BetaCalibration
from models.drift import _MEMORIES, _MOVES, Margins, _filter, calibrate, newest_level, onward


def _draw(slope, shift, n=20_000, seed=0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1, 1.5, n)
    return margin, (rng.random(n) < expit(slope * margin + shift)).astype(float)


def test_the_formula_is_that_of_kull_et_al():
    p = np.array([0.01, 0.3, 0.5, 0.99])
    found = BetaCalibration(0.7, 1.4, -0.2)(np.log(p / (1 - p)))
    assert np.allclose(found, expit(0.7 * np.log(p) - 1.4 * np.log(1 - p) - 0.2), rtol=1e-12)


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.5, 0.0), (1.0, -1.5), (1.5, 1.0)])
def test_a_distortion_of_the_margin_is_found_again(slope, shift):
    margin, y = _draw(slope, shift)
    fitted = BetaCalibration.fit(margin, y)
    assert np.abs(fitted(margin) - expit(slope * margin + shift)).max() < 0.03
    assert log_loss(y, fitted(margin)) <= log_loss(y, expit(margin)) + 1e-4


def test_few_rows_stay_near_the_identity():
    margin, y = _draw(0.2, 1.0, n=12)
    small, large = BetaCalibration.fit(margin, y), BetaCalibration.fit(*_draw(0.2, 1.0))
    assert abs(np.log(small.a)) < abs(np.log(large.a)) / 2
    assert BetaCalibration.fit([], []) == BetaCalibration()


def test_weights_act_as_repetitions():
    margin, y = _draw(0.8, 0.3, n=500)
    times = np.random.default_rng(1).integers(1, 4, 500)
    weighted = BetaCalibration.fit(margin, y, times.astype(float))
    repeated = BetaCalibration.fit(np.repeat(margin, times), np.repeat(y, times))
    assert np.allclose(weighted(margin), repeated(margin), atol=0.01)


def test_the_derivative_agrees_with_finite_differences():
    g, m, h = BetaCalibration(0.6, 1.7, -0.4), np.linspace(-6, 6, 25), 1e-5
    assert np.allclose(g.derivative(m), (g(m + h) - g(m - h)) / (2 * h), rtol=1e-6)


def test_numbers_survive_json_to_the_last_bit():
    fitted = BetaCalibration.fit(*_draw(0.7, 0.1, n=300))
    assert BetaCalibration.from_dict(json.loads(json.dumps(fitted.to_dict()))) == fitted


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"kind": "isotonic"}, "found 'isotonic'"),
        ({}, "found None"),
        ({"kind": "beta", "a": 0, "b": 1, "c": 0}, "found"),
    ],
)
def test_what_is_no_calibration_is_refused(data, found):
    with pytest.raises(DataError, match=f"calibration: expected .*{found}"):
        BetaCalibration.from_dict(data)


def _margins(margin, y):
    return Margins(margin, y, np.ones(len(y)), np.arange(len(y)))


def _moving(shift, seed, n=20_000):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1, 1.5, n)
    return _margins(margin, (rng.random(n) < expit(margin + shift)).astype(float))


def _newest(rows):
    return Margins(rows.margin[-6000:], rows.y[-6000:], rows.w[-6000:], rows.cutoff[-6000:])


def test_a_level_that_has_moved_is_followed_to_where_it_is_now():
    risen = _moving(np.repeat([0.0, 1.5], [14_000, 6_000]), seed=3)
    back = _moving(np.repeat([0.0, 1.5, 0.0], [8_000, 6_000, 6_000]), seed=4)
    assert calibrate(_newest(risen), risen).logit([0.0])[0] == pytest.approx(1.5, abs=0.2)
    assert calibrate(_newest(back), back).logit([0.0])[0] == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize(("blind_by", "onward"), [(0.2, 0.1), (-0.2, -0.1), (1.0, 0.125), (-1.0, -0.125)])
def test_half_of_what_older_models_missed_of_the_level_goes_on_but_no_jump(blind_by, onward):
    known = _moving(np.zeros(20_000), seed=8)
    newest = _newest(known)
    blind = replace(newest, margin=newest.margin - blind_by)
    level = calibrate(newest, known).logit([0.0])[0]
    assert calibrate(blind, known).logit([0.0])[0] == pytest.approx(level + onward, abs=0.03)


def test_what_noise_explains_of_a_missed_level_does_not_go_on():
    # 400 leads of whom half are won: a standard error of 1 / sqrt(400 / 4 + 1) = 0.0995; two of them are 0.199.
    won = np.arange(400) % 2 == 0
    missing = [_margins(np.full(400, -gap), won.astype(float)) for gap in (0.18, 0.25)]
    assert onward(BetaCalibration(), missing[0]) == 0.0
    missed = 0.25 * 100 / 101  # the level is believed to be 0 with variance 1
    assert onward(BetaCalibration(), missing[1]) == pytest.approx(0.5 * missed * (1 - 4 / 101 / missed**2), rel=0.02)


def test_a_steady_level_is_left_alone():
    calm = _margins(*_draw(1.0, 0.0, seed=5))
    assert abs(newest_level(BetaCalibration.fit(calm.margin, calm.y), calm)) < 0.05


def test_the_filter_is_that_of_a_hand_calculation():
    # First level N(0, 1), measured 1.0 with variance 1: half-way; then it moves by variance 0.5 and 0.4 is measured.
    level, _ = _filter([1.0, 0.4], [1.0, 1.0], memory=1.0, move=0.5)
    first = 1.5 / 2.5
    gain = (0.6 + 0.5) / (0.6 + 0.5 + 1.0)
    assert level == pytest.approx(first + gain * (0.4 - first))


@pytest.mark.parametrize("memory", [0.8, 0.98])
def test_the_filter_is_what_is_known_of_the_last_of_jointly_normal_levels(memory):
    measured, noise, move = np.array([0.5, -0.2, 0.9, 0.1]), np.array([0.3, 1.0, 0.2, 0.5]), 0.1
    apart = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    levels = move / (1 - memory**2) * memory**apart
    seen = levels + np.diag(noise)
    level, likelihood = _filter(measured.tolist(), noise.tolist(), memory, move)
    assert level == pytest.approx(levels[-1] @ np.linalg.solve(seen, measured))
    assert likelihood == pytest.approx(multivariate_normal(cov=seen).logpdf(measured) + 2 * np.log(2 * np.pi))


def test_forward_margins_give_the_slope():
    sure = _margins(*_draw(0.4, 0.0, seed=6))
    calm = _margins(*_draw(1.0, 0.0, seed=7))
    found = calibrate(sure, calm)
    assert found.a == found.b == pytest.approx(0.4, abs=0.05)


def test_without_drift_both_ways_of_calibrating_agree():
    calm = _margins(*_draw(0.8, 0.0, seed=4))
    found = calibrate(calm, calm)
    assert np.allclose(found(calm.margin), BetaCalibration.fit(calm.margin, calm.y)(calm.margin), atol=0.01)


def test_rows_count_by_their_weights_in_the_slope_the_level_and_where_the_level_is_now():
    n = 6000
    time, won = np.arange(n), np.arange(n) % 2.0
    # At a margin of 2 in size, weights make 73% right: log-odds of 1, half of what was said.
    said = np.where(time // 2 % 2, 2.0, -2.0)
    right = expit(1.0)
    forward = Margins(said, won, np.where((said > 0) == (won == 1), right, 1 - right), time)
    # Won rows stand for three each, at every time.
    steady = Margins(np.zeros(n), won, np.where(won == 1, 3.0, 1.0), time)
    found = calibrate(forward, steady)
    assert found.a == found.b == pytest.approx(0.5, abs=0.01)
    # Of the newest rows half are won, by their weights: the level is on its way down, by an eighth at most.
    assert found.logit([0.0])[0] == pytest.approx(np.log(3) - 0.125, abs=0.02)


@pytest.mark.parametrize("won", [[0.5, 0.5, 0.5], [0.4, 0.5, 0.75], [0.5, 0.8, 0.5], [0.6, 0.3, 0.35]])
def test_the_level_of_three_stretches_is_the_likeliest_of_all_ways_to_wander(won):
    n = 25
    y = np.concatenate([np.arange(n) < share * n for share in won]).astype(float)
    time = np.random.default_rng(0).permutation(3 * n)
    rows = Margins(np.zeros(3 * n), y[time], np.full(3 * n, 7.0), time)
    moved, error = [], []
    for k in np.add.reduceat(y, [0, n, 2 * n]):
        d = brentq(lambda d, k=k: n * expit(d) - k + d, -9, 9)
        moved.append(d)
        error.append(1 / (n * expit(d) * expit(-d) + 1))
    tries = [_filter(moved, error, memory, move) for memory in _MEMORIES for move in _MOVES]
    steady = multivariate_normal(cov=np.diag(error)).logpdf(moved) + 1.5 * np.log(2 * np.pi)
    best = max([(0.0, steady), *tries], key=lambda one: one[1])
    assert newest_level(BetaCalibration(), rows) == pytest.approx(best[0], abs=1e-6)
