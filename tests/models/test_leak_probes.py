"""One column alone: proofs worked out by hand, and honest columns that must be left in peace."""

import numpy as np
import pandas as pd
import pytest

from features.specification import Feature
from models.leak_probes import alone, as_numbers, auc_low, filled, presence

RNG = np.random.default_rng(3)
Y = (RNG.random(2000) < 0.2).astype(float)
LEADS = {"n_won": int(Y.sum()), "n_lost": int((1 - Y).sum())}


def told(values, dtype="number", y=Y, leads=LEADS):
    found = alone(pd.Series(values), y, Feature("fit__x", "fit", dtype, "x", "unknown"), leads)
    return found and (found[0], found[1])


# By Wilson, 60 of 69 begins at 77% and 0 of 931 ends at 0.41%; 40 of 40 begins at 91% and 0 of 40 ends at 8.8%.
@pytest.mark.parametrize(
    ("won", "lost", "expected"),
    [
        ((60, 69), (0, 931), ("filled_won", True)),  # 190 times as often, and nobody else
        ((40, 40), (0, 40), ("filled_won", True)),  # ten times as often is all that forty leads can show
        ((69, 842), (0, 7158), ("filled_won", True)),  # few, but none that was lost
        ((90, 100), (15, 1000), ("filled_won", True)),  # most of the won, few others: 83% / 2.5% = 34 times
        ((80, 100), (15, 1000), ("filled_won", False)),  # 71% / 2.5% = 29 times
        ((19, 19), (0, 5000), None),  # too few to say
        ((30, 40), (0, 40), None),  # 60% / 8.8% = 7 times; the AUC of 0.875 begins at 0.795
        ((95, 100), (80, 1000), ("filled_won", False)),  # ten times as often, yet eighty lost leads have it
        ((30, 69), (90, 931), None),  # a good sign, no more
        ((0, 300), (500, 1000), ("filled_lost", True)),  # a reason for the loss
        ((0, 842), (400, 7158), None),  # a bounced e-mail rules a sale out, and honestly so
        ((300, 300), (990, 1000), None),  # filled for nearly all
    ],
)
def test_who_has_a_value_is_weighed_as_by_hand(won, lost, expected):
    found = presence(won, lost)
    assert (found and found[:2]) == expected


def test_the_shares_are_told():
    assert presence((60, 80), (8, 1000))[2] == {"won": 0.75, "lost": 0.008}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_that_is_the_outcome_is_proven_whichever_way_it_runs(sign):
    _, is_proven, figures = alone(
        pd.Series(sign * (10.0 * Y + RNG.normal(0, 1, 2000))), Y, Feature("x", "fit", "number", "x", "unknown"), LEADS
    )
    limit = figures.get("at_least", -figures.get("at_most", 0.0))
    assert is_proven
    assert 3 < limit < 8
    assert figures["won"] > 0.99
    assert figures["lost"] < 0.01


def test_a_category_that_is_the_outcome_is_proven_and_tells_how_many_values_win_never_which():
    signed = np.where(Y == 1, RNG.choice(["Kim", "Lou"], 2000), RNG.choice(["a", "b"], 2000))
    _, is_proven, figures = alone(pd.Series(signed), Y, Feature("x", "fit", "category", "x", "unknown"), LEADS)
    assert is_proven
    assert (figures["n_levels"], figures["won"], figures["lost"]) == (2, 1.0, 0.0)
    assert "Kim" not in str(figures)


def test_an_auc_between_honest_and_perfect_is_suspect():
    # d' = 1.4 standard deviations: an AUC of 0.84, the height of a call's length.
    assert told(1.4 * Y + RNG.normal(0, 1, 2000)) == ("too_good", False)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_an_honest_number_is_no_suspect(strength):
    # d' = 1: an AUC of 0.76, more than the best honest column of the simulator.
    assert told(strength * Y + RNG.normal(0, 1, 2000)) is None


@pytest.mark.parametrize("n_levels", [2, 30, 2000])
def test_an_honest_category_is_no_suspect_however_many_levels(n_levels):
    assert told([f"level {k % n_levels}" for k in range(2000)], "category") is None


def test_the_same_auc_proves_less_with_fewer_leads():
    y = np.repeat([1.0, 0.0], 25)
    values = np.concatenate([np.r_[np.full(23, 2.0), 0.0, 0.0], np.full(25, 1.0)])
    assert told(values, y=y, leads={"n_won": 25, "n_lost": 25}) == ("too_good", False)
    assert told(np.tile(values, 40), y=np.tile(y, 40), leads={"n_won": 1000, "n_lost": 1000}) == ("too_good", False)
    perfect = np.where(y == 1, 2.0, 1.0)
    assert told(perfect, y=y, leads={"n_won": 25, "n_lost": 25}) == ("too_good", True)


def test_of_two_hundred_columns_of_noise_and_forty_won_leads_none_is_suspect():
    y = np.repeat([1.0, 0.0], [40, 60])
    assert [told(column, y=y, leads={"n_won": 40, "n_lost": 60}) for column in RNG.normal(size=(200, 100))] == [
        None
    ] * 200


def test_the_interval_is_that_of_hanley_and_mcneil():
    # Q1 = 0.9/1.1, Q2 = 2*0.81/1.9; variance = (0.09 + 49*(Q1 - 0.81) + 49*(Q2 - 0.81)) / 2500.
    variance = (0.09 + 49 * (0.9 / 1.1 - 0.81) + 49 * (1.62 / 1.9 - 0.81)) / 2500
    assert auc_low(0.9, 50, 50) == pytest.approx(0.9 - 1.96 * variance**0.5)


def judged(values, y, dtype="number", n_leads=None):
    leads = n_leads or {"n_won": int(y.sum()), "n_lost": int((1 - y).sum())}
    return alone(pd.Series(values), y, Feature("fit__x", "fit", dtype, "x", "unknown"), leads)


@pytest.mark.parametrize(("sign", "end", "limit"), [(1, "at_least", 7.0), (-1, "at_most", -7.0)])
def test_the_limit_is_where_won_and_lost_part_best_and_the_shares_are_of_the_winning_side(sign, end, limit):
    # Of 100 won 96 have 7 and more, of 100 lost 3; 3 and 9 are seen for both, nulls are left aside.
    y = np.repeat([1.0, 0.0, 1.0, 0.0], [100, 100, 7, 40])
    values = np.concatenate(
        [np.repeat([3.0, 7.0, 9.0], [4, 60, 36]), np.repeat([3.0, 5.0, 9.0], [57, 40, 3]), np.full(47, np.nan)]
    )
    code, _, figures = judged(sign * values, y)
    # An AUC of 4 * 57 / 2 + 60 * 97 + 36 * (97 + 3 / 2) in 10,000 pairs.
    assert code == "too_good"
    assert figures == {
        "auc": pytest.approx((4 * 57 / 2 + 60 * 97 + 36 * 98.5) / 10_000),
        end: limit,
        "won": pytest.approx(0.96),
        "lost": pytest.approx(0.03),
    }


def test_levels_that_win_more_than_the_average_are_counted_and_who_has_them():
    y = np.repeat([1.0, 0.0], 100)
    values = np.concatenate([np.repeat(["a", "b", "c"], [50, 47, 3]), np.repeat(["b", "c", "d"], [2, 48, 50])])
    code, _, figures = judged(values, y, "category")
    assert code == "too_good"
    assert (figures["n_levels"], figures["won"], figures["lost"]) == (2.0, 0.97, 0.02)


def test_twenty_won_and_twenty_lost_rows_are_judged_and_leads_not_rows_prove():
    y = np.repeat([1.0, 0.0], 20)
    assert judged(y, y)[:2] == ("too_good", True)
    assert judged(y[1:], y[1:]) is None
    assert judged(y[:-1], y[:-1]) is None
    good = np.concatenate([np.repeat([1.0, 0.0], [94, 6]), np.repeat([1.0, 0.0], [2, 98])])
    many = np.repeat([1.0, 0.0], 100)
    # An AUC of 0.96 begins at 0.93 with a hundred leads each, and at 0.87 with twenty.
    assert judged(good, many)[:2] == ("too_good", False)
    assert judged(np.tile(good, 20), np.tile(many, 20))[:2] == ("too_good", True)
    assert judged(np.tile(good, 20), np.tile(many, 20), n_leads={"n_won": 20, "n_lost": 20})[:2] == ("too_good", False)


def test_rows_are_counted_by_outcome_and_whether_they_have_a_value():
    y = np.repeat([1.0, 0.0], [69, 931])
    there = np.concatenate([np.arange(69) < 60, np.zeros(931, bool)])
    assert filled(there, y) == presence((60, 69), (0, 931))
    assert filled(~there, y) == presence((9, 69), (931, 931))


def test_a_level_is_worth_what_the_other_rows_of_it_won_drawn_to_the_base_rate():
    y = np.array([1.0, 1, 0, 0, 0])
    # Ten rows at 40% are added: of a (1 + 4) / 12 for the won and (2 + 4) / 12 for the lost row.
    assert as_numbers(pd.Series(list("aaabb")), y) == pytest.approx([5 / 12, 5 / 12, 6 / 12, 4 / 11, 4 / 11])
