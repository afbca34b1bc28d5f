"""A new calibration of an old model: from which rows, and what judges it before it is made."""

import numpy as np
import pytest
from scipy.special import expit

from models.calibration import BetaCalibration
from models.drift import Margins
from models.recalibration import newest_rows, refit, try_out


def rows_of(y, cutoff, margin=None, w=None):
    n = len(y)
    return Margins(
        np.zeros(n) if margin is None else margin, np.array(y, float), np.ones(n) if w is None else w, cutoff
    )


def test_the_newest_rows_are_whole_days_with_300_won_and_300_lost_in_the_order_of_time():
    # Three days of 400 rows, a quarter won: the newest two have 200 won, all three 300.
    day = np.tile([2, 0, 1], 400)
    y = (np.arange(1200) // 3 % 4 == 0).astype(float)
    rows = rows_of(y, day, margin=np.arange(1200.0), w=np.arange(1200.0) + 1)
    assert len(newest_rows(rows).y) == 1200
    more = rows_of(np.where(day == 2, np.arange(1200) // 3 % 2, y), day, rows.margin, rows.w)
    # Now the newest has 200 of each and the day before 100 won and 300 lost.
    found = newest_rows(more)
    assert found.cutoff.tolist() == [1] * 400 + [2] * 400
    assert found.margin[:3].tolist() == [2.0, 5.0, 8.0]
    assert (found.w - found.margin).tolist() == [1.0] * 800
    assert found.y.tolist() == more.y[np.concatenate([np.flatnonzero(day == k) for k in (1, 2)])].tolist()
    few = newest_rows(rows_of([1, 0, 1], np.array([3, 1, 2])))
    assert (few.cutoff.tolist(), few.y.tolist()) == ([1, 2, 3], [0, 1, 1])


def test_percentages_follow_a_market_and_keep_the_shape_that_the_champion_had():
    rng = np.random.default_rng(0)
    margin, n = rng.normal(-1, 1.5, 20_000), 20_000
    champion = BetaCalibration(0.8, 1.1, 0.3)
    # What happens is half as far apart as the champion says, and one and a half log-odds lower.
    truth = expit(0.5 * champion.logit(margin) - 1.5)
    rows = rows_of(rng.random(n) < truth, np.arange(n), margin)
    found = refit(champion, rows)
    newest = slice(n - 4000, n)
    assert np.abs(found(margin[newest]) - truth[newest]).mean() < 0.03
    assert found.a / found.b == pytest.approx(champion.a / champion.b)
    assert found.c != champion.c


def test_older_leads_teach_a_trial_and_the_newest_that_are_fresh_judge_it():
    n = 2000
    time, lead = np.arange(n), np.arange(n) // 2
    y = np.where(time < 1000, time % 2, time // 2 % 5 == 0).astype(float)
    rows = rows_of(y, time)
    found = try_out(BetaCalibration(), rows, lead, (time >= 1500) & (time % 4 < 2), 20)
    # Of the fresh leads one in five is won: 20 of them are the last 100 fresh ones, 200 rows in 400 seconds.
    assert found.forward
    assert found.at[0] >= 1500
    assert set(found.at % 4) == {0, 1}
    assert len(np.unique(lead[found.at][y[found.at] == 1])) >= 20
    older = (time < found.at[0]) & ~np.isin(lead, lead[found.at])
    learnt = refit(BetaCalibration(), rows_of(y[older], time[older]))
    assert found.propensity == pytest.approx(learnt(np.zeros(len(found.at))))


def test_without_older_rows_each_half_of_the_leads_judges_what_the_other_taught():
    n = 800
    lead = np.arange(n) // 4
    rows = rows_of((lead % 4 == 0).astype(float), np.full(n, 5))
    found = try_out(BetaCalibration(), rows, lead, np.ones(n, bool), 30)
    assert not found.forward
    assert found.at.tolist() == list(range(n))
    halves = np.unique(found.propensity.round(9))
    assert len(halves) == 2
    # Rows of one lead are judged by the same half.
    assert (found.propensity.reshape(-1, 4) == found.propensity[::4, None]).all()
    for p in halves:
        mine = np.isclose(found.propensity, p)
        assert 0.4 < mine.mean() < 0.6
        assert p == pytest.approx(refit(BetaCalibration(), rows_of(rows.y[~mine], rows.cutoff[~mine]))([0.0])[0])
    again, other = (try_out(BetaCalibration(), rows, lead, np.ones(n, bool), 30, seed=k) for k in (0, 1))
    assert again.propensity.tolist() == found.propensity.tolist() != other.propensity.tolist()


def test_with_too_few_won_leads_among_the_fresh_nothing_is_tried():
    n = 400
    rows = rows_of(np.arange(n) % 10 == 0, np.arange(n))
    lead, fresh = np.arange(n), np.arange(n) >= 200
    assert try_out(BetaCalibration(), rows, lead, fresh, 20) is not None
    assert try_out(BetaCalibration(), rows, lead, fresh, 21) is None
    # Two won rows of one lead are one.
    assert try_out(BetaCalibration(), rows, lead // 20, fresh, 20) is None
