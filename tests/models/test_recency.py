import numpy as np

from models.recency import HALF_LIFE, recency


def test_a_row_counts_half_after_each_quarter_of_the_time_covered():
    cutoff = np.array([1000, 1250, 1500, 1750, 2000])
    assert recency(cutoff).tolist() == [0.0625, 0.125, 0.25, 0.5, 1.0]
    assert HALF_LIFE == 0.25


def test_only_the_order_and_the_proportions_of_time_count():
    cutoff = np.random.default_rng(0).integers(0, 10**9, 50)
    assert np.allclose(recency(cutoff), recency(cutoff * 3 + 17))
    assert recency([5]) is None
    assert recency([]) is None
