"""What became of leads that share a fact, counted by hand."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import shared_facts
from models.shared_facts import Conversion, Groups, SharedFacts

LEVELS = [None, ("fair", "web")]


@pytest.fixture(scope="module")
def leads():
    """Rows of 300 leads, two each: a count that piles up at zero, and a category."""
    rng = np.random.default_rng(0)
    count = np.where(rng.random(600) < 0.8, 0.0, rng.poisson(3, 600) + 1.0)
    level = np.where(rng.random(600) < 0.1, np.nan, rng.integers(0, 2, 600))
    y = (rng.random(600) < 0.05 + 0.1 * count.clip(0, 5) / 2).astype(float)
    return np.column_stack([count, level]), np.repeat(np.arange(300), 2), y, rng.uniform(0.5, 2, 600)


@pytest.fixture(scope="module")
def shared(leads):
    matrix, lead, y, w = leads
    return SharedFacts.measure(matrix, LEVELS, lead, y, w)


def test_a_group_counts_leads_and_its_rate_is_the_weighted_share_of_its_rows(leads, shared):
    matrix, lead, y, w = leads
    web = matrix[:, 1] == 1
    found = shared.conversion(1, 1.0)
    assert found.n_leads == len(np.unique(lead[web]))
    assert found.rate == pytest.approx(w[web] @ y[web] / w[web].sum())
    assert shared.everybody == pytest.approx((300, w @ y / w.sum()))
    null = np.isnan(matrix[:, 1])
    assert shared.groups[1].n_leads[-1] == len(np.unique(lead[null]))


def test_none_is_a_group_of_its_own_and_larger_counts_are_told_apart(leads, shared):
    groups = shared.groups[0]
    assert groups.edges[0] == 0.0
    assert len(groups.edges) > 3
    zero = leads[0][:, 0] == 0
    assert groups.n_leads[0] == len(np.unique(leads[1][zero]))
    assert shared.conversion(0, 3.0).rate > shared.conversion(0, 0.0).rate
    assert shared.conversion(0, 1e9) is None


def test_fewer_than_thirty_leads_tell_nothing():
    matrix, won = np.repeat([[0.0], [1.0]], (30, 29), axis=0), np.zeros(59)
    shared = SharedFacts.measure(matrix, [("a", "b")], np.arange(59), won, np.ones(59))
    assert shared.conversion(0, 0.0) == (30, 0.0)
    assert shared.conversion(0, 1.0) is None
    assert shared.conversion(0, np.nan) is None
    assert shared.side(0, np.array([1.0, np.nan])).tolist() == [0, 0]


def test_the_side_is_told_only_where_the_interval_leaves_the_average():
    rates = np.repeat([0.05, 0.5, 0.2], 400)
    won = (np.tile(np.arange(400), 3) < 400 * rates).astype(float)
    matrix = np.repeat([0.0, 1.0, 2.0], 400)[:, None]
    shared = SharedFacts.measure(matrix, [("low", "high", "middling")], np.arange(1200), won, np.ones(1200))
    assert shared.everybody.rate == pytest.approx(0.25)
    assert shared.side(0, np.array([0.0, 1.0])).tolist() == [-1, 1]
    # One lead seen a hundred times is no proof.
    one = SharedFacts.measure(matrix[:800], [("low", "high")], np.arange(800) // 100, won[:800], np.ones(800))
    assert one.side(0, np.array([0.0, 1.0])).tolist() == [0, 0]


def test_json_keeps_everything(shared):
    assert SharedFacts.from_dict(json.loads(json.dumps(shared.to_dict()))) == shared


def test_counting_into_a_table_and_by_sorting_give_the_same(leads, shared, monkeypatch):
    matrix, lead, y, w = leads
    monkeypatch.setattr(shared_facts, "_MOST_PAIRS", 0)
    assert SharedFacts.measure(matrix, LEVELS, lead, y, w) == shared


@given(st.lists(st.floats(-1e9, 1e9) | st.just(0.0) | st.just(float("nan")), min_size=1, max_size=200))
def test_every_number_has_a_group_and_the_leads_are_all_counted(values):
    matrix = np.array(values)[:, None]
    n = len(values)
    shared = SharedFacts.measure(matrix, [None], np.arange(n), np.ones(n), np.ones(n))
    assert sum(shared.groups[0].n_leads) == n
    others = np.array([np.inf, -np.inf, 1e300, np.nan])
    assert ((place := shared.groups[0].place(others)) >= 0).all()
    assert (place < len(shared.groups[0].n_leads)).all()


def test_groups_of_a_count_and_of_a_category_by_hand():
    # Leads a to d; a has three rows. The count is 0, 1, 2, 8 and null, the category x, y and null.
    count = np.array([0.0, 0.0, 1.0, 2.0, 8.0, np.nan])
    kind = np.array([0.0, 1.0, 1.0, 1.0, np.nan, 0.0])
    lead = np.array(["a", "a", "a", "b", "c", "d"])
    y, w = np.array([0.0, 1, 1, 0, 1, 0]), np.array([1.0, 3, 1, 2, 1, 4])
    shared = SharedFacts.measure(np.column_stack([count, kind]), [None, ("x", "y")], lead, y, w)
    assert shared.everybody == (4, 5 / 12)
    counted, by_kind = shared.groups
    assert counted.edges == (0.0, 1.0, 2.0, 8.0)
    # One group more lies above the last edge, and null is the last.
    assert counted.n_leads == (1, 1, 1, 1, 0, 1)
    assert counted.rate == (0.75, 1.0, 0.0, 1.0, 0.0, 0.0)
    assert by_kind.edges is None
    assert by_kind.n_leads == (2, 2, 1)
    assert by_kind.rate == (0.0, 4 / 6, 1.0)
    # Kish, over whole leads: (1 + 4)^2 / (1 + 16), (4 + 2)^2 / (16 + 4).
    assert by_kind.n_effective == pytest.approx((25 / 17, 36 / 20, 1.0))
    assert counted.place(np.array([-1.0, 0.0, 0.5, 1.5, 8.0, 9.0, np.nan])).tolist() == [0, 0, 1, 2, 3, 4, 5]


def test_a_number_is_cut_at_its_eighths_and_in_quarters_above_them():
    column = np.arange(1.0, 801.0)[:, None]
    shared = SharedFacts.measure(column, [None], np.arange(800), np.ones(800), np.ones(800))
    # Above 700, the seventh eighth, the last hundred is cut in quarters.
    assert shared.groups[0].edges == (*np.arange(100.0, 800.0, 100.0), 725.0, 750.0, 775.0)
    assert shared.groups[0].n_leads == (100,) * 7 + (25,) * 4 + (0,)
    nothing = SharedFacts.measure(np.full((3, 1), np.nan), [None], np.arange(3), np.ones(3), np.ones(3)).groups[0]
    assert (nothing.edges, nothing.n_leads, nothing.rate) == ((), (0, 3), (0.0, 1.0))


def test_the_side_is_that_of_wilsons_interval_at_the_effective_number_of_leads():
    def side(rate, n_effective, n=40):
        group = Groups(None, (n, 0), (rate, 0.0), (n_effective, 0.0))
        return SharedFacts((group,), Conversion(1000, 0.2)).side(0, np.array([0.0])).tolist()

    # Of 40, 14 won leave 22% to 51%; of 20 effective ones, 18% to 57%.
    assert side(0.35, 40.0) == [1]
    assert side(0.35, 20.0) == [0]
    assert side(0.35, 40.0, n=29) == [0]
    assert side(0.05, 40.0) == [-1]
    assert side(0.1, 40.0) == [0]
