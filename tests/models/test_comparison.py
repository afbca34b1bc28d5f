"""Figures of a comparison on rows whose figures can be counted."""

import numpy as np
import pytest

from models.comparison import measures_of


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
