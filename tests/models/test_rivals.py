"""Fair rows and paired figures: what neither model has learnt from, and whether intervals cover what is true."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from models.calibration import BetaCalibration
from models.drift import Margins
from models.fair_rows import Learnt, as_of
from models.metrics import ece
from models.promises import Promises
from models.recalibration import newest_rows, refit, try_out
from models.rivals import by_segment, new_leaders, paired, stability, weights_of_facts

DAY = 86_400
DATASETS = Path(os.environ.get("TAMIS_DATASETS", Path(__file__).resolve().parents[2].parent / "shared" / "datasets"))


@given(st.integers(0, 40), st.integers(0, 30), st.integers(0, 2**31))
def test_no_fair_row_tells_what_a_model_knew(taught_to, wait, seed):
    """A lead is won at one instant; its rows before that within the horizon say so. No fair row says what was known."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"lead_id": rng.integers(0, 12, 60).astype("str"), "cutoff": rng.integers(0, 80, 60)})
    known_to = taught_to + wait
    fair = Learnt(taught_to, known_to).fair(rows)
    won_at = pd.Series(rng.integers(0, 110, 12), index=np.arange(12).astype("str"))
    taught = rows[rows["cutoff"] <= taught_to]
    for lead, cutoff in rows[fair].itertuples(index=False):
        assert cutoff > taught_to
        seen = taught[taught["lead_id"] == lead]
        told = any(row <= won_at[lead] < row + wait for row in seen["cutoff"])
        assert not (told and cutoff <= won_at[lead] < known_to)


def test_the_copy_learns_only_what_had_matured_and_as_late_as_rows_suffice():
    rng = np.random.default_rng(0)
    lead = np.repeat(np.arange(3000), 3)
    cutoff = np.repeat(rng.integers(0, 40, 3000), 3) * 30 + np.tile([0, 30, 60], 3000)
    rows = pd.DataFrame({"lead_id": lead, "cutoff": cutoff, "label": (rng.random(9000) < 0.2).astype(int)})
    champion = Learnt(taught_to=600, known_to=690)
    found = as_of(rows, champion, wait_s=90)
    assert found.at > champion.known_to
    assert found.n_won >= 100
    assert rows["cutoff"][found.past].max() + 90 <= found.at
    assert not (found.past & found.rows).any()
    assert (champion.fair(rows) >= found.rows).all()
    met = set(rows["lead_id"][found.past])
    young = rows[found.rows & (rows["cutoff"] < found.at)]
    assert not met & set(young["lead_id"])


def test_paired_intervals_cover_the_truth_and_know_a_better_model():
    rng = np.random.default_rng(1)
    p = rng.beta(1, 7, 1500)
    other = expit(logit(p) + rng.normal(0, 0.3, 1500))
    true = float((p * np.log(p / other) + (1 - p) * np.log((1 - p) / (1 - other))).mean())
    inside = 0
    for k in range(60):
        y = np.random.default_rng(k).random(1500) < p
        said = [Promises(y, q, np.ones(1500), np.arange(1500)) for q in (p, other)]
        gap = paired(*said, 0.2, n_bootstrap=100, seed=k)["log_loss"].difference
        inside += gap.low <= true <= gap.high
    assert inside / 60 > 0.75
    y = rng.random(1500) < p
    bad = [Promises(y, q, np.ones(1500), np.arange(1500)) for q in (p, np.full(1500, p.mean()))]
    found = paired(*bad, 0.2)
    assert found["log_loss"].difference.low > 0 > found["auc"].difference.high
    assert found["gain"].difference.high < 0
    same = paired(bad[0], bad[0], 0.2)
    assert all(pair.difference.low == pair.difference.high == 0.0 for pair in same.values())


def test_order_reasons_and_segments_are_compared():
    rng = np.random.default_rng(2)
    score = rng.random(30_000)
    steady = stability(score, score * 2, 0.1)
    assert (steady.spearman, steady.overlap) == (pytest.approx(1.0), 1.0)
    assert stability(score, np.zeros(30_000), 0.1).kendall == 1.0
    weights = weights_of_facts([f"f{k}" for k in range(12)], np.diag(np.arange(12.0)))
    assert next(iter(weights)) == "f11"
    assert new_leaders(weights, {"f0": 0.9, "f11": 0.1}) == ["f0"]
    y = rng.random(30_000) < 0.2
    said = [Promises(y, np.full(30_000, q), np.ones(30_000), np.arange(30_000)) for q in (0.2, 0.4)]
    found = by_segment(*said, np.where(score > 0.5, "high", "all"), 0.3, 0.9)
    assert list(found) == ["all", "high"]
    assert {name: found["high"][name]["word"] for name in ("champion", "challenger")} == {
        "champion": "pass",
        "challenger": "fail",
    }


def test_a_recalibration_stays_near_the_champion_with_few_rows_and_follows_many():
    rng = np.random.default_rng(3)
    champion = BetaCalibration(0.8, 0.9, -0.4)
    m = rng.normal(-2, 1, 20_000)
    y = (rng.random(20_000) < expit(0.7 * champion.logit(m) + 0.6)).astype(float)
    rows = Margins(m, y, np.ones(20_000), np.arange(20_000))
    learnt = refit(champion, rows)
    grid = np.linspace(-4, 1, 9)
    assert np.abs(learnt(grid) - expit(0.7 * champion.logit(grid) + 0.6)).max() < 0.05
    few = Margins(m[:6], y[:6], np.ones(6), np.arange(6))
    assert np.abs(refit(champion, few)(grid) - champion(grid)).max() < 0.15
    assert len(newest_rows(rows).y) < 20_000
    assert (np.diff(learnt(np.linspace(-9, 9, 200))) > 0).all()


def test_a_trial_never_learns_from_a_lead_that_judges_it():
    rng = np.random.default_rng(4)
    lead, cutoff = np.repeat(np.arange(800), 2), np.tile([0, 1], 800)
    # What happened is the lead's own affair: only a trial that peeks can know it.
    y = np.repeat((rng.random(800) < 0.3).astype(float), 2)
    rows = Margins(np.zeros(1600), y, np.ones(1600), cutoff)
    found = try_out(BetaCalibration(), rows, lead, cutoff == 1, 50)
    assert not found.forward
    assert len(np.unique(found.propensity.round(12))) == 2
    assert abs(found.propensity.mean() - 0.3) < 0.05


@pytest.mark.datasets
def test_on_bank_marketing_recalibration_alone_follows_a_market_that_jumps():
    """A plain regression on the oldest 70 %, then 275 days: its percentages learnt anew whenever 30 sales are new."""
    table = pd.read_csv(next((DATASETS / "bank_marketing").rglob("bank-additional-full.csv")), sep=";")
    y = (table["y"] == "yes").to_numpy(dtype=float)
    columns = ["job", "marital", "education", "contact", "month", "day_of_week", "poutcome"]
    old = len(table) - round(0.3 * len(table))
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=400))
    model.fit(table[columns][:old], y[:old])
    margin = np.clip(model.decision_function(table[columns][old:]), -12, 12)
    y, day = y[old:], np.arange(len(y) - old) // 45
    trained, present, since = BetaCalibration(), BetaCalibration(), -1
    said, untouched = np.empty(len(y)), expit(margin)
    for today in range(day.max() + 1):
        now, known = day == today, day <= today
        said[now] = present(margin[now])
        rows = Margins(margin[known], y[known], np.ones(known.sum()), day[known])
        if try_out(trained, rows, np.arange(known.sum()), day[known] > since, 30) is not None:
            present, since = refit(trained, rows), today
    before, after = (ece(y, p, np.ones(len(y))) for p in (untouched, said))
    assert before > 0.12
    assert after < 0.05
    newest = np.array_split(np.arange(len(y)), 4)[-1]
    old, new = (ece(y[newest], p[newest], np.ones(len(newest))) for p in (untouched, said))
    assert new < old / 3
