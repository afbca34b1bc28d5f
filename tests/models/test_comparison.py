"""Figures of a comparison on rows whose figures can be counted."""

import numpy as np
import pytest

from models.comparison import Figure, conversion, figure_of, figures, measures_of, ratios_of_sums
from models.metrics import wilson


def test_figures_are_those_worked_out_by_hand():
    y = np.array([1.0, 0, 0, 0, 1, 0, 0, 0, 0, 0])
    p = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1])
    measures = measures_of(y, p, p, share=0.2)
    once = np.ones(10)
    assert measures["brier"](once) == pytest.approx(((y - p) ** 2).mean())
    right = np.where(y == 1, p, 1 - p)
    assert measures["log_loss"](once) == pytest.approx(-np.log(right).mean())
    # Of 16 pairs, the second won lead stands behind three lost ones.
    assert measures["auc"](once) == pytest.approx(13 / 16)
    # One of the two wins is in the best fifth: two and a half times what chance brings.
    assert measures["lift10"](once) == pytest.approx(2.5)


def test_weights_count_rows_and_only_the_order_ranks():
    y, p = np.array([1.0, 0, 1, 0]), np.array([0.8, 0.6, 0.4, 0.2])
    measures = measures_of(y, p, 100 * p, share=0.5)
    twice, repeated = np.array([2.0, 1, 1, 1]), [0, 0, 1, 2, 3]
    again = measures_of(y[repeated], p[repeated], p[repeated], share=0.5)
    for name in ("brier", "log_loss", "auc"):
        assert measures[name](twice) == pytest.approx(again[name](np.ones(5))), name


def test_leads_are_drawn_whole_each_may_be_drawn_alone_and_every_system_sees_the_same_draws():
    # Three leads of two rows; one in 27 draws is of one lead alone, more than the 2.5% beyond an end.
    y, lead = np.array([0.0, 1, 0, 1, 0, 1]), np.array(["c", "c", "a", "a", "b", "b"])
    w = np.array([1.0, 3, 1, 1, 2, 2])
    p = np.array([0.1, 0.9, 0.5, 0.5, 0.8, 0.2])
    found = figures(y, {"one": (p, p), "same": (p, -p)}, w, lead, n_bootstrap=2000, seed=4)
    brier = found["one"]["brier"]
    # Of c alone the error is 0.01, of b 0.64.
    assert (brier.low, brier.high) == (pytest.approx(0.01), pytest.approx(0.64))
    assert brier.value == pytest.approx((4 * 0.01 + 2 * 0.25 + 4 * 0.64) / 10)
    assert found["same"]["brier"] == brier
    assert found["one"]["auc"].value == pytest.approx(1 - found["same"]["auc"].value)
    again, other = (figures(y, {"one": (p, p)}, w, lead, n_bootstrap=9, seed=seed)["one"] for seed in (4, 5))
    assert again["log_loss"] == figures(y, {"one": (p, p)}, w, lead, n_bootstrap=9, seed=4)["one"]["log_loss"]
    assert again["log_loss"] != other["log_loss"]


def test_draws_of_no_weight_are_left_out_and_without_any_there_is_no_interval():
    y, p, lead = np.array([0.0, 1.0]), np.array([0.2, 0.7]), np.array([0, 1])
    found = figures(y, {"one": (p, p)}, np.array([0.0, 1.0]), lead, n_bootstrap=200, seed=0)["one"]["brier"]
    assert (found.value, found.low, found.high) == pytest.approx((0.09, 0.09, 0.09))
    none = figures(y, {"one": (p, p)}, np.ones(2), lead, n_bootstrap=0, seed=0)["one"]["brier"]
    assert none.value == pytest.approx((0.04 + 0.09) / 2)
    assert np.isnan([none.low, none.high]).all()


def test_a_figure_lies_between_the_ends_of_its_interval():
    samples = [*np.linspace(0, 1, 101).tolist(), float("nan"), float("inf")]
    assert figure_of(0.5, samples) == Figure(0.5, pytest.approx(0.025), pytest.approx(0.975))
    assert figure_of(0.5, samples, confidence=0.8) == Figure(0.5, pytest.approx(0.1), pytest.approx(0.9))
    assert figure_of(-1.0, samples).low == -1.0
    assert figure_of(2.0, samples).high == 2.0


def test_ratios_are_of_the_sums_of_the_leads_that_are_drawn():
    top, bottom = np.array([[1.0, 0], [0, 2], [0, 0]]), np.array([1.0, 1.0, 0.0])
    first, second = ratios_of_sums(top, bottom, 2000, 3)
    assert (first.value, second.value) == (0.5, 1.0)
    # Draws of the third lead alone have nothing below.
    assert (first.low, first.high) == (0.0, 1.0)
    assert (second.low, second.high) == (0.0, 2.0)
    once, other = (ratios_of_sums(top, bottom, 5, seed)[0] for seed in (1, 2))
    assert once == ratios_of_sums(top, bottom, 5, 1)[0] != other


def test_conversion_is_weighted_and_as_sure_as_its_leads_are_many():
    y, w, lead = np.array([1.0, 1, 0, 0]), np.array([1.0, 1, 2, 4]), ["a", "a", "b", "c"]
    rows, leads = conversion(y, w), conversion(y, w, lead)
    # Kish: 64 / (1 + 1 + 4 + 16) of rows, 64 / (4 + 4 + 16) of leads.
    for found, n, effective in ((rows, 4, 64 / 22), (leads, 3, 64 / 24)):
        low, high = wilson(0.25 * effective, effective)
        assert found == {"n": n, "conversion": 0.25, "low": pytest.approx(low), "high": pytest.approx(high)}
