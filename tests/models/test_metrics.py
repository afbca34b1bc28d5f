import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as oracle

from models import comparison, metrics


@pytest.fixture
def leads():
    rng = np.random.default_rng(0)
    p = np.round(rng.beta(1, 5, 2000), 2)
    return (rng.random(2000) < p).astype(float), p, rng.integers(1, 4, 2000).astype(float)


def test_figures_agree_with_scikit_learn_weights_and_ties_included(leads):
    y, p, w = leads
    assert metrics.log_loss(y, p, w) == pytest.approx(oracle.log_loss(y, np.clip(p, 1e-15, 1 - 1e-15), sample_weight=w))
    assert metrics.brier(y, p, w) == pytest.approx(oracle.brier_score_loss(y, p, sample_weight=w))
    assert metrics.auc(y, p, w) == pytest.approx(oracle.roc_auc_score(y, p, sample_weight=w))


def test_a_single_class_has_no_auc_and_no_gain():
    y, p, w = np.zeros(5), np.linspace(0, 1, 5), np.ones(5)
    assert np.isnan(metrics.auc(y, p, w))
    assert np.isnan(metrics.lift_at(y, p, w, 0.1))


def test_wilson_agrees_with_scipy():
    for k, n in [(0, 7), (3, 7), (7, 7), (120, 1000)]:
        interval = binomtest(k, n).proportion_ci(method="wilson")
        assert metrics.wilson(k, n) == pytest.approx((interval.low, interval.high))
    assert metrics.wilson(0, 0) == (0.0, 1.0)


def test_calibration_error_is_the_mean_gap_of_equal_bins(leads):
    _y, p, w = leads
    assert metrics.ece(p, p, w) == pytest.approx(0, abs=1e-12)
    assert metrics.ece(np.clip(p + 0.05, 0, 1), p, w) == pytest.approx(0.05, abs=1e-3)
    bins = metrics.equal_mass_bins(np.random.default_rng(0).random(1000), 10)
    assert np.bincount(bins).tolist() == [100] * 10


def test_reliability_bins_hold_all_rows_and_rise(leads):
    y, p, w = leads
    bins = metrics.reliability(y, p, w)
    assert sum(b["n"] for b in bins) == len(y)
    assert [b["stated"] for b in bins] == sorted(b["stated"] for b in bins)
    assert all(b["low"] <= b["observed"] <= b["high"] for b in bins)


def test_gain_lift_and_curve_are_one_thing(leads):
    y, p, w = leads
    curve = metrics.gain_curve(y, p, w, 20)
    assert curve[-1] == {"share": 1.0, "gain": pytest.approx(1.0), "lift": pytest.approx(1.0)}
    assert curve[1]["lift"] == pytest.approx(metrics.lift_at(y, p, w, 0.1))
    gains = [point["gain"] for point in curve]
    assert gains == sorted(gains)
    unweighted = np.ones(2000)
    untied = p + np.arange(2000) * 1e-9
    top = np.argsort(-untied)[:200]
    assert metrics.lift_at(y, untied, unweighted, 0.1) == pytest.approx(y[top].mean() / y.mean())


def test_intervals_resample_leads_so_that_copies_of_a_lead_add_no_certainty(leads):
    y, p, _ = leads
    y, p = y[:300], p[:300]
    one = comparison.figures(y, {"m": (p, p)}, np.ones(300), np.arange(300), 300)["m"]
    ten = comparison.figures(
        np.repeat(y, 10), {"m": (np.repeat(p, 10), np.repeat(p, 10))}, np.ones(3000), np.repeat(np.arange(300), 10), 300
    )["m"]
    for name in ("log_loss", "brier", "auc"):
        assert ten[name].value == pytest.approx(one[name].value)
        assert ten[name].high - ten[name].low == pytest.approx(one[name].high - one[name].low, rel=0.05)
        assert one[name].low < one[name].value < one[name].high


def test_bins_of_a_diagram_are_those_counted_by_hand():
    y, p = np.array([0.0, 1, 0, 1, 1, 1]), np.array([0.1, 0.1, 0.2, 0.6, 0.8, 0.8])
    w = np.array([1.0, 3, 1, 1, 1, 2])
    low, high = metrics.reliability(y, p, w, 2)
    # Kish: 5^2 / (1 + 9 + 1) and 4^2 / (1 + 1 + 4) leads.
    assert low == {
        "n": 3,
        "stated": pytest.approx((4 * 0.1 + 0.2) / 5),
        "observed": 0.6,
        "low": pytest.approx(metrics.wilson(0.6 * 25 / 11, 25 / 11)[0]),
        "high": pytest.approx(metrics.wilson(0.6 * 25 / 11, 25 / 11)[1]),
    }
    assert (high["n"], high["stated"], high["observed"]) == (3, pytest.approx((0.6 + 3 * 0.8) / 4), 1.0)
    assert (high["low"], high["high"]) == pytest.approx(metrics.wilson(16 / 6, 16 / 6))
    assert metrics.ece(y, p, w, 2) == pytest.approx(abs(5 * 0.6 - 0.6) / 9 + abs(4 - 3.0) / 9)
    assert len(metrics.reliability(np.zeros(100), np.arange(100.0) / 100, np.ones(100))) == 10


def test_a_curve_cuts_ties_in_proportion_and_counts_by_weight():
    # By weight 4 of 8 stand at the top, tied: half of the weight of the wins there, 2 of 3.
    y, score, w = np.array([1.0, 0, 1, 0]), np.array([5.0, 5, 1, 0]), np.array([2.0, 2, 1, 3])
    curve = metrics.gain_curve(y, score, w, 4)
    assert [point["share"] for point in curve] == [0.25, 0.5, 0.75, 1.0]
    assert [point["gain"] for point in curve] == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert [point["lift"] for point in curve] == pytest.approx([4 / 3, 4 / 3, 4 / 3, 1])
    assert len(metrics.gain_curve(y, score, w)) == 20
    assert metrics.gain_at(y, score, w, 0.125) == pytest.approx(1 / 6)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_is_as_sure_as_it_is_asked_to_be(confidence):
    interval = binomtest(3, 11).proportion_ci(confidence, method="wilson")
    assert metrics.wilson(3, 11, confidence) == pytest.approx((interval.low, interval.high))
