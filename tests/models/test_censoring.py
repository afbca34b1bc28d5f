"""Weights of young snapshots: worked out by hand, and against a truth that is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.censoring import Followed, bands, share_seen, weigh

H = 90.0
WON, LOST, OPEN = "won", "lost", "open"


def mature(delays, segment=0):
    n = len(delays)
    return Followed(np.full(n, segment), np.full(n, H), np.array(delays, dtype=float), np.zeros(n, bool), np.ones(n))


def joined(*parts):
    return Followed(
        *(np.concatenate(columns) for columns in zip(*(vars(part).values() for part in parts), strict=True))
    )


def young(states, days, segment=0, w=1.0):
    n = len(states)
    won_after = np.where(np.array(states) == WON, days / 2, np.nan)
    return Followed(np.full(n, segment), np.full(n, days), won_after, np.array(states) == OPEN, np.full(n, w))


EVEN = mature(np.arange(1.0, 91.0) - 0.5)  # deals come evenly: F(c) = c / 90


def test_a_win_seen_after_two_thirds_of_the_deals_stands_for_one_and_a_half():
    at, y, w = weigh(EVEN, young([WON, WON, LOST, OPEN, OPEN, OPEN, OPEN], 60.0))
    assert at.tolist() == list(range(7))
    assert y.tolist() == [1, 1, 0, 0, 0, 0, 0]
    # Two wins stand for three; the third is among the four undecided: each is three quarters undecided for good.
    assert w == pytest.approx([1.5, 1.5, 1, 0.75, 0.75, 0.75, 0.75])


def test_each_segment_and_each_cohort_has_its_own_account():
    curves = joined(EVEN, mature([5.0] * 60, segment=1))
    rows = joined(young([WON, OPEN], 60.0), young([WON, OPEN], 60.0, segment=1), young([OPEN, OPEN], 50.0))
    _, _, w = weigh(curves, rows)
    assert w == pytest.approx([1.5, 0.5, 1, 1, 1, 1])


def test_no_more_deals_are_to_come_than_leads_that_can_bring_them():
    _, _, w = weigh(EVEN, young([WON, WON, WON, WON, OPEN], 45.0))
    assert w == pytest.approx([1.25] * 4 + [0])
    _, _, alone = weigh(EVEN, young([WON, LOST], 45.0))
    assert alone.tolist() == [1, 1]


def test_a_cohort_of_which_little_is_seen_stays_out():
    rows = joined(young([WON, OPEN], 20.0), young([OPEN], 40.0))
    at, _, _ = weigh(EVEN, rows)
    assert at.tolist() == [2]
    assert weigh(EVEN, rows, floor=0.9)[0].tolist() == []
    assert weigh(mature([np.nan] * 5), rows)[0].tolist() == []


def test_own_weights_are_kept():
    _, _, w = weigh(EVEN, joined(young([WON], 60.0, w=4.0), young([OPEN], 60.0, w=10.0)))
    assert w == pytest.approx([6.0, 8.0])


def test_a_deal_is_seen_only_before_the_follow_up_ends():
    assert share_seen(np.array([60.0, 30.0]), np.array([30.0, np.nextafter(30, 31)])).tolist() == [0, 0.5]


def test_bands_hold_as_many_deals_each_and_never_too_few():
    won = np.random.default_rng(0).normal(size=1200)
    assert np.bincount(bands(won, won, 1200)).tolist() == [200] * 6
    assert set(bands(won, won, 99)) == {0}
    assert bands(np.array([1.0]), np.empty(0), 0).tolist() == [0]


def test_against_a_known_truth_weights_are_unbiased_and_taking_the_young_for_lost_is_not():
    """Hot leads win often and early, cold ones seldom and late: what a single curve could not undo."""
    rng = np.random.default_rng(3)

    def draw(n, days):
        hot = rng.random(n) < 0.3
        wins = rng.random(n) < np.where(hot, 0.4, 0.05)
        after = np.where(wins, H * rng.beta(np.where(hot, 1, 3), np.where(hot, 3, 1)), np.nan)
        lost = ~wins & (rng.random(n) < 0.3)
        decided = np.where(wins, after, np.where(lost, H * rng.random(n), np.inf))
        return Followed(hot.astype(int), days, np.where(after < days, after, np.nan), decided >= days, np.ones(n))

    teachers = draw(40_000, np.full(40_000, H))
    rows = draw(40_000, rng.choice([30.0, 45.0, 60.0, 75.0], 40_000))
    at, y, w = weigh(teachers, rows)
    for hot, truth in ((1, 0.4), (0, 0.05)):
        here = rows.segment[at] == hot
        weighted, naive = np.average(y[here], weights=w[here]), y[here].mean()
        error = np.sqrt(np.sum((w[here] * (y[here] - truth)) ** 2)) / w[here].sum()
        assert abs(weighted - truth) < 3 * error
        assert naive < truth - 5 * error
    one_curve = weigh(*(Followed(**{**vars(part), "segment": 0 * part.segment}) for part in (teachers, rows)))
    hot = rows.segment[one_curve[0]] == 1
    assert np.average(one_curve[1][hot], weights=one_curve[2][hot]) > 0.42


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.floats(0, 89), st.sampled_from([WON, LOST, OPEN]), st.floats(0.5, 4)), min_size=1
)


def followed(rows):
    return joined(*(young([state], days, segment, w) for segment, days, state, w in rows))


@given(ROWS)
def test_the_weights_of_a_cohort_sum_to_its_rows_and_none_is_negative(rows):
    curves = joined(EVEN, mature([10.0, 50.0] * 9, segment=1))
    part = followed(rows)
    at, y, w = weigh(curves, part)
    assert (w >= -1e-12).all()
    cohort = part.segment[at] * 10 + np.floor(part.days[at] / 30)
    for one in np.unique(cohort):
        assert w[cohort == one].sum() == pytest.approx(part.w[at][cohort == one].sum())
    assert (w[y == 1] >= part.w[at][y == 1] * (1 - 1e-12)).all()


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    at, y, w = weigh(EVEN, followed(rows))
    again_at, again_y, again_w = weigh(EVEN, followed([rows[k] for k in order]))
    back = np.argsort(np.array(order)[again_at])
    assert sorted(np.array(order)[again_at]) == at.tolist()
    assert again_y[back].tolist() == y.tolist()
    assert again_w[back] == pytest.approx(w)
