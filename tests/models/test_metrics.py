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
