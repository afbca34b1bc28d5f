"""The lottery: fixed for a lead, as frequent as it says, and blind to everything but lead and salt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, kstest

from models.exploration import Lottery, drawn, draws, probabilities

IDS = [f"00Q5f{number:06d}" for number in range(20_000)]


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
@pytest.mark.parametrize("salt", ["", "our own words"])
def test_of_20_000_leads_as_many_are_drawn_as_the_share_says(share, salt):
    n = drawn(IDS, np.full(len(IDS), share), salt).sum()
    low, high = binom.ppf([0.0005, 0.9995], len(IDS), share)
    assert low <= n <= high


def test_draws_are_uniform_and_those_of_two_salts_have_nothing_in_common():
    one, other = draws(IDS, "one"), draws(IDS, "other")
    assert kstest(one, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    # Ids that follow one another are drawn as if they did not.
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 0.03


@given(ids=st.lists(st.text(max_size=12), unique=True, max_size=30), salt=st.text(max_size=8), data=st.data())
def test_a_lead_has_one_draw_whoever_is_asked_for_with_it(ids, salt, data):
    some = data.draw(st.permutations(ids))[: len(ids) // 2]
    found = dict(zip(ids, draws(ids, salt), strict=True))
    assert draws(some, salt).tolist() == [found[lead] for lead in some]
    assert all(0 <= value < 1 for value in found.values())


def test_who_is_drawn_with_a_small_share_is_drawn_with_a_larger_one():
    small, large = (drawn(IDS, np.full(len(IDS), share), "") for share in (0.02, 0.05))
    assert (large | ~small).all()


@given(
    st.lists(st.tuples(st.sampled_from("hbn"), st.sampled_from("ABCD"), st.booleans()), min_size=1, max_size=40),
    st.sampled_from([0.0, 0.05, 0.2]),
    st.booleans(),
)
def test_only_leads_below_the_threshold_that_may_be_contacted_are_drawn(leads, share, spare):
    place, band, opted_out = (np.array(column) for column in zip(*leads, strict=True))
    handed = (place == "h") & ~opted_out
    lottery = Lottery(share, spare, "x")
    found = probabilities(handed, place == "b", band, opted_out, lottery)
    may = (place == "b") & ~opted_out & ~(spare & (band == "D"))
    assert found.tolist() == np.where(handed, 1.0, np.where(may, share, 0.0)).tolist()
    assert (may | ~drawn(IDS[: len(leads)], found, "x")).all()
