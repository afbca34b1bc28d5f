import itertools

import numpy as np
import pandas as pd
import pytest

from models.periods import NAMES, forward_folds, split

DAY = 86_400
SHARES = (0.55, 0.15, 0.15, 0.15)


def _rows(n_leads=600, months=24, stay=4, seed=0):
    rng = np.random.default_rng(seed)
    begin = rng.integers(0, months, n_leads)
    lead = np.repeat(np.arange(n_leads), stay)
    month = np.repeat(begin, stay) + np.tile(np.arange(stay), n_leads)
    rows = pd.DataFrame(
        {"lead_id": [f"L{i}" for i in lead], "cutoff": month * 30 * DAY, "label": rng.integers(0, 2, len(lead))}
    )
    return rows.sample(frac=1, random_state=seed).reset_index(drop=True)


@pytest.mark.parametrize("seed", range(3))
def test_periods_are_ordered_disjoint_and_a_gap_apart(seed):
    rows, gap = _rows(seed=seed), 60 * DAY
    four = split(rows, SHARES, gap)
    assert four.forward
    assert four.gap_s == gap
    assert not four.notes
    for earlier, later in itertools.pairwise(NAMES):
        assert (
            rows["cutoff"].to_numpy()[four.rows(earlier)].max() + gap
            <= rows["cutoff"].to_numpy()[four.rows(later)].min()
        )
    leads = [set(rows["lead_id"].to_numpy()[four.rows(name)]) for name in NAMES]
    assert sum(len(some) for some in leads) == len(set.union(*leads))


def test_a_lead_drawn_from_two_periods_stands_for_two_so_that_no_age_is_missing():
    rows = _rows(n_leads=4000, stay=6)
    ratios = []
    for seed in range(8):
        four = split(rows, SHARES, 30 * DAY, seed)
        inside = [rows["cutoff"].between(*ends).sum() for ends in zip(four.starts, four.ends, strict=True)]
        ratios.append([four.weight[four.rows(name)].sum() / n for name, n in zip(NAMES, inside, strict=True)])
    assert np.mean(ratios, axis=0) == pytest.approx(np.ones(4), abs=0.04)


def test_the_order_of_rows_changes_nothing():
    rows = _rows()
    back = rows.iloc[::-1]
    assert split(back, SHARES, 60 * DAY).period[::-1].tolist() == split(rows, SHARES, 60 * DAY).period.tolist()


def test_shares_are_met_by_the_rows_that_are_kept():
    rows = pd.DataFrame({"lead_id": range(4000), "cutoff": np.arange(4000) * 3600, "label": np.arange(4000) % 2})
    four = split(rows, SHARES, 10 * DAY)
    sizes = np.array([len(four.rows(name)) for name in NAMES])
    assert np.allclose(sizes / sizes.sum(), SHARES, atol=0.01)


def test_a_history_too_short_for_its_gaps_shrinks_them_and_says_so():
    rows = pd.DataFrame({"lead_id": range(1000), "cutoff": np.arange(1000) * DAY // 7, "label": np.arange(1000) % 2})
    four = split(rows, SHARES, 90 * DAY)
    assert four.forward
    assert four.gap_s < 90 * DAY
    assert [note.code for note in four.notes] == ["gap_shrunk"]
    assert "90 days" in four.notes[0].en
    assert "90 jours" in four.notes[0].fr


@pytest.mark.parametrize(("cutoff", "code"), [([0] * 200, "no_dates"), ([0, DAY] * 100, "history_too_short")])
def test_without_enough_dates_the_split_is_random_and_loud(cutoff, code):
    rows = pd.DataFrame({"lead_id": np.arange(200) // 2, "cutoff": cutoff, "label": np.arange(200) // 2 % 2})
    four = split(rows, SHARES, DAY)
    assert not four.forward
    assert four.notes[0].code == code
    leads = [set(rows["lead_id"].to_numpy()[four.rows(name)]) for name in NAMES]
    assert [len(some) for some in leads] == [56, 14, 16, 14]
    for name in NAMES:
        assert 0.4 < rows["label"].to_numpy()[four.rows(name)].mean() < 0.6


def test_forward_folds_learn_only_from_before_the_gap_and_never_from_a_lead_that_they_predict():
    rows = _rows()
    four = split(rows, SHARES, 60 * DAY)
    folds = forward_folds(rows, four)
    assert len(folds) == 2
    for fold in folds:
        cutoff, lead = rows["cutoff"].to_numpy(), rows["lead_id"].to_numpy()
        assert cutoff[fold.train].max() + 60 * DAY <= cutoff[fold.block].min()
        assert not set(lead[fold.train]) & set(lead[fold.block])


def test_folds_without_dates_predict_every_row_once():
    rows = pd.DataFrame({"lead_id": np.arange(300) // 2, "cutoff": 0, "label": np.arange(300) // 2 % 2})
    folds = forward_folds(rows, split(rows, SHARES, DAY))
    assert sorted(np.concatenate([fold.block for fold in folds]).tolist()) == list(range(300))


def test_four_periods_of_daily_leads_are_those_counted_by_hand():
    # 100 days, two leads each. Gaps cost four days each, so 88 are shared out, whole days, from the newest on: 8.8 are
    # the test's, 17.6 those of each of the two before, and the rest is left to learn from.
    rows = pd.DataFrame({"lead_id": range(200), "cutoff": np.arange(200) // 2 * DAY, "label": np.arange(200) % 2})
    four = split(rows, (5, 2, 2, 1), 5 * DAY)
    days = [(start // DAY, end // DAY) for start, end in zip(four.starts, four.ends, strict=True)]
    assert days == [(0, 45), (50, 66), (71, 87), (92, 99)]
    assert [len(four.rows(name)) for name in NAMES] == [92, 34, 34, 16]
    assert (four.period == -1).sum() == 24
    assert set(four.weight) == {1.0}


def test_a_lead_of_two_periods_is_drawn_into_one_and_weighs_twice_there():
    # Each lead has a row on every day; whichever period it falls into, it is there alone.
    rows = pd.DataFrame({"lead_id": np.tile(np.arange(200), 40), "cutoff": np.repeat(np.arange(40), 200) * DAY})
    four = split(rows.assign(label=rows["lead_id"] % 2), SHARES, DAY)
    lead = rows["lead_id"].to_numpy()
    inside = four.period >= 0
    assert set(four.weight[inside]) == {4.0}
    assert set(four.weight[~inside]) == {1.0}
    chosen = pd.Series(four.period[inside]).groupby(lead[inside]).nunique()
    assert chosen.max() == 1
    share = pd.Series(four.period[inside]).groupby(lead[inside]).first().value_counts(normalize=True)
    assert share.to_numpy() == pytest.approx([0.25] * 4, abs=0.1)
    # Ages are left whole: every day of a period has about a quarter of the leads.
    assert four.ends[3] == 39 * DAY
    assert (rows["cutoff"].to_numpy()[four.rows("test")] >= four.starts[3]).all()


def test_periods_with_fewer_won_or_lost_leads_than_wanted_are_not_forward():
    rows = pd.DataFrame({"lead_id": range(400), "cutoff": np.arange(400) * DAY, "label": np.arange(400) % 10 == 0})
    assert split(rows, SHARES, DAY, min_leads=5).forward
    assert split(rows, SHARES, DAY, min_leads=7).notes[0].code == "history_too_short"
    lost = rows.assign(label=~rows["label"])
    assert split(lost, SHARES, DAY, min_leads=5).forward
    assert not split(lost, SHARES, DAY, min_leads=7).forward


def test_gaps_are_halved_until_they_fit_and_the_note_says_by_how_much():
    rows = pd.DataFrame({"lead_id": range(400), "cutoff": np.arange(400) * DAY, "label": np.arange(400) % 2})
    # Three gaps may take two fifths of 400 days.
    for wanted, found in ((50, 50), (60, 30), (120, 30), (400, 0)):
        four = split(rows, SHARES, wanted * DAY)
        assert (four.gap_s, four.forward) == (found * DAY, True)
        if found != wanted:
            assert f"gaps of {wanted} days between periods; they are {found} days" in four.notes[0].en
            assert f"{wanted} jours" in four.notes[0].fr
            assert f"{found} jours" in four.notes[0].fr


def test_a_step_forward_learns_from_all_before_its_gap_and_shared_leads_are_dealt_to_both_sides():
    rows = pd.DataFrame({"lead_id": np.tile(np.arange(300), 2), "label": np.tile(np.arange(300) % 2, 2)})
    cutoff = np.concatenate([np.arange(300), np.arange(300) + 60]) * DAY
    rows = rows.assign(cutoff=cutoff)
    four = split(rows, SHARES, 20 * DAY)
    lead = rows["lead_id"].to_numpy()
    for fold, start, end in zip(forward_folds(rows, four), four.starts[2:], four.ends[2:], strict=True):
        before, inside = cutoff <= start - 20 * DAY, (cutoff >= start) & (cutoff <= end)
        both = np.isin(lead, np.intersect1d(lead[before], lead[inside]))
        assert both.any()
        assert not np.intersect1d(lead[fold.train], lead[fold.block]).size
        for at, weight, there in ((fold.train, fold.train_weight, before), (fold.block, fold.block_weight, inside)):
            assert set(at) <= set(np.flatnonzero(there))
            assert set(np.flatnonzero(there & ~both)) <= set(at)
            assert weight.tolist() == np.where(both[at], 2.0, 1.0).tolist()
            assert 0.3 < np.isin(np.unique(lead[there & both]), lead[at]).mean() < 0.7
    again, other = forward_folds(rows, four, seed=0), forward_folds(rows, four, seed=1)
    assert again[0].train.tolist() == forward_folds(rows, four)[0].train.tolist()
    assert again[0].train.tolist() != other[0].train.tolist()


def test_without_dates_as_many_folds_as_asked_for_have_their_share_of_won_leads():
    rows = pd.DataFrame({"lead_id": np.arange(300) // 2, "cutoff": 7, "label": np.arange(300) // 2 % 5 == 0})
    four = split(rows, SHARES, DAY)
    assert (four.starts, four.ends, four.gap_s) == ((7,) * 4, (7,) * 4, 0)
    assert set(four.weight) == {1.0}
    folds = forward_folds(rows, four, n_random=5)
    for fold in folds:
        assert sorted([*fold.train, *fold.block]) == list(range(300))
        assert (len(fold.block), int(rows["label"].iloc[fold.block].sum())) == (60, 12)
        assert set(fold.train_weight) == set(fold.block_weight) == {1.0}
        assert rows["lead_id"].iloc[fold.block].nunique() == 30
    assert len(folds) == 5
