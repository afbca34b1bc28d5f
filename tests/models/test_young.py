"""Young cohorts teach the trees of the deployed model, and nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.training import train

DAY = 86_400
QUICK = {"n_folds": 2, "max_rounds": 40}
HORIZON, END = 30.0, 700 * DAY


@pytest.fixture(scope="module")
def company(world_maker):
    """The made-up company as it stands on day 700: snapshots of the last 30 days are immature."""
    world = world_maker(3000, seed=4)
    rng = np.random.default_rng(4)
    days = np.clip((END - world.rows["cutoff"]) / DAY, 0, HORIZON)
    after = np.where(world.rows["label"] == 1, HORIZON * rng.random(len(days)), np.nan)
    won_after = np.where(after < days, after, np.nan)
    rows = world.rows.assign(
        label=world.rows["label"].where(days == HORIZON).astype("Int64"),
        followed_days=days,
        won_after_days=won_after,
        is_open=(np.isnan(won_after) & (rng.random(len(days)) < 0.9)).astype(int),
    )
    return replace(world, rows=rows)


@pytest.fixture(scope="module")
def quick(plan):
    return replace(plan, n_bootstrap=2, classifier=QUICK)


@pytest.fixture(scope="module")
def taught(company, quick):
    return train(company.frame, company.rows, company.features, quick)


@pytest.fixture(scope="module")
def dropped(company, quick):
    mature = company.rows["label"].notna()
    return train(company.frame[mature], company.rows[mature], company.features, quick)


def test_the_evidence_says_how_many_taught_and_with_what_weight(taught, dropped, company):
    young = taught.evidence.deployed["young"]
    immature = company.rows["label"].isna()
    assert young["n_rows"] + young["n_left_out"] == immature.sum()
    assert young["weight"] == pytest.approx(young["n_rows"])
    won_so_far = (immature & company.rows["won_after_days"].notna()).sum()
    assert 0 < young["n_won"] < min(young["weight_won"], won_so_far + 1)
    assert sum(band["n_rows"] for band in young["curve"]) == young["n_rows"]
    assert all(10 < band["half_days"] < 20 for band in young["curve"])
    note = taught.evidence.notes[-1]
    assert note.code == "young_taught"
    assert f"{young['n_rows']} snapshots that are not mature taught" in note.en
    assert f"{young['n_rows']} observations encore immatures" in note.fr
    assert dropped.evidence.deployed["young"] is None
    assert note.code not in {other.code for other in dropped.evidence.notes}


def test_everything_measured_is_measured_on_mature_rows(taught, dropped, company):
    for part in ("periods", "figures", "reliability", "gain_curves", "decision", "swap_set", "test"):
        assert getattr(taught.evidence, part) == getattr(dropped.evidence, part)
    known, more = dropped.model.metadata, taught.model.metadata
    assert more["taught_to"] > known["taught_to"]
    assert {**more, "taught_to": 0} == {**known, "taught_to": 0}
    assert taught.model.reference.columns == dropped.model.reference.columns
    assert taught.evidence.deployed["n_calibration_rows"] == dropped.evidence.deployed["n_calibration_rows"]
    assert not np.array_equal(taught.model.margin(company.frame), dropped.model.margin(company.frame))


def test_the_order_of_rows_changes_nothing(taught, company, quick):
    order = np.random.default_rng(0).permutation(len(company.rows))
    again = train(company.frame.iloc[order], company.rows.iloc[order], company.features, quick)
    assert again.model.dump() == taught.model.dump()
    assert again.evidence == taught.evidence


def test_nobody_old_enough_teaches_nothing(company, quick, dropped):
    youngest = company.rows.assign(
        followed_days=company.rows["followed_days"].where(company.rows["label"].notna(), 1.0)
    )
    result = train(company.frame, youngest, company.features, quick)
    assert result.evidence.deployed["young"] is None
    assert result.model.dump() == dropped.model.dump()


def test_without_what_became_of_them_young_rows_are_left_out(company, quick, dropped):
    bare = company.rows[["lead_id", "cutoff", "label", "weight"]]
    assert train(company.frame, bare, company.features, quick).model.dump() == dropped.model.dump()


def test_propensities_stay_near_the_true_probabilities(taught, world_maker):
    fresh = world_maker(seed=99)
    propensity = taught.model.propensity(fresh.frame)
    assert abs(propensity.mean() - fresh.truth.mean()) < 0.02
    assert pd.Series(propensity).corr(pd.Series(fresh.truth), method="spearman") > 0.9
