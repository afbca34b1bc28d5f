"""Shares and delays of a few leads whose figures can be written out."""

import math

import numpy as np
import pytest

from models.incidence import Delay, Share, Z, incidence
from models.metrics import wilson


def of(rows, could=None):
    """Rows of (days followed, how it ended)."""
    follow = np.array([days for days, _ in rows], dtype=float)
    passes, lost = (np.array([end == how for _, end in rows], dtype=bool) for how in ("passes", "lost"))
    return incidence(follow, passes, lost, None if could is None else np.array(could, dtype=float))


FOUR = [(2, "passes"), (3, "lost"), (5, "passes"), (4, "waits")]


def test_the_curve_of_four_leads():
    found = of(FOUR)
    assert found.times.tolist() == [2.0, 3.0, 5.0]
    assert found.count.tolist() == [1, 0, 1]
    # One of four; then one of the two that are left stands for two, and passes.
    assert found.passed.tolist() == [0.25, 0.25, 0.75]
    # Of a plain share of four the variance is F (1 - F) / 4.
    assert found.variance[0] == pytest.approx(0.25 * 0.75 / 4)
    assert (found.n, found.followed) == (4, math.inf)


def test_the_interval_is_that_of_the_log_of_minus_the_log_of_the_rest():
    rows = [(k + 1, "passes") for k in range(30)] + [(50, "lost")] * 70
    share = of(rows).share(40)
    spread = Z * math.sqrt(0.3 * 0.7 / 100) / (0.7 * math.log(0.7))
    assert (share.n, share.value) == (100, pytest.approx(0.3))
    assert share.low == pytest.approx(1 - 0.7 ** math.exp(spread))
    assert share.high == pytest.approx(1 - 0.7 ** math.exp(-spread))
    # On the tenth day itself nobody has yet passed within ten days but the nine before.
    assert of(rows).share(10).value == pytest.approx(0.09)


@pytest.mark.parametrize(("end", "value"), [("lost", 0.0), ("passes", 1.0)])
def test_where_nobody_or_everybody_passed_the_interval_is_wilsons(end, value):
    share = of([(3, end)] * 20).share(9)
    assert (share.value, share.low, share.high) == pytest.approx((value, *wilson(20 * value, 20)))


def test_nothing_is_told_beyond_the_longest_follow_up_while_somebody_waits():
    waiting = [(2, "passes"), (4, "waits")]
    assert of(waiting).share(4).value == 0.5
    assert of(waiting).share(4.1) == Share(2, None, None, None)
    # Who was followed longest has passed, so nothing is left to see; but the others might have been followed for less.
    seen = [(2, "waits"), (4, "passes")]
    assert of(seen).share(99).value == pytest.approx(1.0)
    assert of(seen, could=[3, 5]).share(99) == Share(2, None, None, None)
    assert of(seen, could=[3, 5]).share(5).value == pytest.approx(1.0)
    assert of([(2, "lost"), (4, "passes")], could=[3, 5]).share(99).value == 0.5
    nobody = of([])
    assert (nobody.share(5), nobody.delay(5), nobody.followed) == (
        Share(0, None, None, None),
        Delay(0, None, None, None),
        math.inf,
    )


def test_the_median_delay_of_those_who_pass_lies_between_the_order_statistics_that_hold_it():
    found = of([(k + 1, "passes") for k in range(99)] + [(200, "lost")] * 50)
    half = Z * 0.5 / math.sqrt(99)
    assert found.delay(150) == Delay(99, 50.0, math.ceil(99 * (0.5 - half)), math.ceil(99 * (0.5 + half)))
    # Within ten days nine passed.
    assert (found.delay(10).n, found.delay(10).median) == (9, 5.0)
    assert found.delay(1) == Delay(0, None, None, None)
    assert of([(1, "passes"), (2, "passes"), (3, "passes")]).delay(9) == Delay(3, 2.0, None, None)
