"""What a threshold hands over and how many leads newly reach it in a week, counted by hand."""

import numpy as np
import pytest
from scipy.stats import beta, binom

from models.plan import TrainingPlan
from models.sample import Flow, Sample, Selection
from models.worth import Worth

WEEK = 7 * 86_400


@pytest.fixture
def sample() -> Sample:
    """Leads a and b on two days, c on one; a stands for two."""
    return Sample(
        np.array(["a", "a", "b", "b", "c"], dtype=object),
        np.array([0, 2, 0, 2, 4]) * WEEK,
        np.array([0.3, 0.6, 0.5, 0.2, 0.6]),
        np.array([1.0, 1, 0, 0, 0]),
        np.array([2.0, 2, 1, 1, 1]),
    )


def test_what_is_handed_over_counts_leads_rows_by_weight_and_whole_leads_as_trials(sample):
    chosen = sample.above(0.3)
    assert (chosen.n, chosen.mass, chosen.won) == (3, 6.0, 4.0)
    # Leads weigh 4, 1 and 1.
    assert chosen.n_effective == pytest.approx(36 / 18)
    assert chosen.precision == pytest.approx(4 / 6)
    assert sample.above(0.6) == Selection(2, 3.0, 2.0, pytest.approx(9 / 5))
    nobody = sample.above(0.7)
    assert nobody == Selection(0, 0.0, 0.0, 0.0)
    assert (nobody.precision, nobody.p_value(0.2), nobody.lower_bound(0.9)) == (0.0, 1.0, 0.0)


def test_money_is_the_margin_of_what_was_won_less_every_contact(sample):
    plan = TrainingPlan(win_value=500, contact_cost=20)
    net = sample.net(plan)
    assert net.tolist() == [480, 480, -20, -20, -20]
    assert sample.mean_over_all(net, sample.propensity >= 0.5) == pytest.approx((2 * 480 - 20 - 20) / 7)
    worth = Worth(np.arange(5.0) * 100, np.full(5, 7.0), np.array([1.0, 0.5, 1, 1, 2]))
    priced = Sample(sample.lead, sample.cutoff, sample.propensity, sample.y, sample.weight, worth)
    assert priced.net(plan).tolist() == [-7, 93, -7, -7, -7]
    assert priced.rank.tolist() == [0.3, 0.3, 0.5, 0.2, 1.2]
    assert priced.above(0.5).n == 2


def test_tests_and_bounds_of_a_selection_are_those_of_the_binomial_law():
    chosen = Selection(50, 50.0, 15.0, 50.0)
    assert chosen.p_value(0.2) == pytest.approx(binom.sf(14, 50, 0.2))
    assert chosen.lower_bound(0.9) == pytest.approx(beta.ppf(0.1, 15, 36))
    # Twice the weight of the same leads proves no more.
    assert Selection(50, 100.0, 30.0, 50.0).p_value(0.2) == chosen.p_value(0.2)


def test_a_lead_flows_in_when_it_first_reaches_a_threshold_after_the_first_day(sample):
    flow = Flow(sample)
    assert flow.weeks == 4.0
    # a, of weight 2, reaches 0.6 later and was at 0.3 on the first day; b was at 0.5; c came with 0.6.
    assert flow.per_week(np.array([0.7, 0.6, 0.55, 0.5, 0.3, 0.2])).tolist() == [0.0, 0.75, 0.75, 0.75, 0.25, 0.25]


def test_a_lead_flows_with_the_weight_of_its_best_row():
    lead, week = np.array(["a", "a", "a", "b"]), np.array([0, 1, 2, 2]) * WEEK
    rows = Sample(lead, week, np.array([0.1, 0.9, 0.5, 0.5]), np.zeros(4), np.array([1.0, 4, 2, 1]))
    assert Flow(rows).per_week(np.array([0.9, 0.5])).tolist() == [2.0, 2.5]
