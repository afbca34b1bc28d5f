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
