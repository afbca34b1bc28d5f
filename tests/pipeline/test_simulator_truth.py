"""The true probability of the simulated company: exact, honoured by fresh futures, and the best prediction."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm
from sklearn.metrics import roc_auc_score

from features.errors import UseError
from pipeline.simulator.chain import win_probability
from pipeline.simulator.journeys import Drivers
from pipeline.simulator.plan import DAY_S, SimulationPlan
from pipeline.simulator.simulate import Simulation, simulate


@pytest.fixture(scope="module")
def company() -> Simulation:
    return simulate(SimulationPlan(n_leads=12_000, seed=11))


@pytest.fixture(scope="module")
def snapshots(company: Simulation) -> pd.DataFrame:
    """Open leads at cutoffs one horizon apart, so that outcomes are independent given the truth."""
    outcomes = company.tables["outcomes"].set_index("lead_id")
    parts = []
    for back in range(1, 8):
        cutoff = company.plan.end - 90 * DAY_S * back
        propensity = company.truth.propensity(company.truth.lead_ids, cutoff)
        rows = pd.DataFrame({"lead_id": company.truth.lead_ids, "cutoff": cutoff, "truth": propensity}).dropna()
        decided = outcomes["decided_at"].reindex(rows["lead_id"]).to_numpy()
        won = (outcomes["outcome"].reindex(rows["lead_id"]) == "won").to_numpy()
        assert not (decided < cutoff).any()
        parts.append(rows.assign(won=won & (decided < cutoff + 90 * DAY_S)))
    return pd.concat(parts, ignore_index=True)


def _deviation(won: NDArray[np.bool_], truth: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Standard normal if the truth is the probability of winning given all that `weight` tells."""
    return float(((won - truth) * weight).sum() / np.sqrt((truth * (1 - truth) * weight**2).sum()))


def test_the_probability_equals_the_exponential_of_the_generator_written_out_in_full(company: Simulation) -> None:
    drivers, quarters = company.truth.drivers, company.truth.quarters
    rng = np.random.default_rng(1)
    for lead in rng.integers(0, 12_000, 12):
        begin, stop = 100.0, 290.0  # three quarters
        expected = _dense(drivers, int(lead), begin, stop, quarters)
        state = np.arange(16)
        found = win_probability(drivers, np.full(16, lead), state, np.full(16, begin), np.full(16, stop), quarters)
        np.testing.assert_allclose(found, expected, atol=1e-11)


def _dense(
    drivers: Drivers, lead: int, begin: float, stop: float, quarters: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Eighteen states, one matrix exponential by quarter: slow, plain and independent."""
    transition = np.eye(18)
    for quarter in range(len(quarters) - 1):
        stay = min(stop, quarters[quarter + 1]) - max(begin, quarters[quarter])
        if stay <= 0:
            continue
        generator = np.zeros((18, 18))
        for state in range(16):
            up, down, advance, lose = drivers.rates(np.array(lead), np.array(state // 4), np.array(state % 4), quarter)
            generator[state, 17] += lose
            generator[state, min(state + 4, 16)] += advance
            if state % 4 < 3:
                generator[state, state + 1] += up
            if state % 4 > 0:
                generator[state, state - 1] += down
            generator[state, state] -= generator[state].sum()
        transition = transition @ expm(generator * stay)
    return transition[:16, 16]


def test_fresh_futures_from_the_same_state_reproduce_the_probability_overall_and_in_every_decile(
    company: Simulation,
) -> None:
    cutoff, rng = company.plan.end - 123_456_7, np.random.default_rng(5)
    ids = company.truth.lead_ids
    truth = company.truth.propensity(ids, cutoff, 120)
    open_ = ~np.isnan(truth)
    won = np.mean([company.truth.redraw(rng, ids, cutoff, 120) for _ in range(60)], axis=0)
    assert not won[~open_].any()
    deciles = pd.qcut(truth[open_], 10, labels=False, duplicates="drop")
    for decile in np.unique(deciles):
        p, share = truth[open_][deciles == decile], won[open_][deciles == decile]
        assert abs(share.sum() - p.sum()) < 4 * np.sqrt((p * (1 - p)).sum() / 60), decile
    total = truth[open_]
    assert abs(won[open_].sum() - total.sum()) < 4 * np.sqrt((total * (1 - total)).sum() / 60)


def test_the_outcomes_in_the_tables_follow_the_truth_quarter_by_quarter_and_decile_by_decile(
    snapshots: pd.DataFrame,
) -> None:
    won, truth = snapshots["won"].to_numpy(), snapshots["truth"].to_numpy()
    for groups in (snapshots["cutoff"], pd.qcut(snapshots["truth"], 10, labels=False)):
        for group in np.unique(groups):
            assert abs(_deviation(won, truth, (groups == group).to_numpy(float))) < 4, group


@pytest.mark.parametrize("seen", ["pricing_view", "demo_request", "call", "sal", "sql", "opportunity", "yes", "signal"])
def test_given_the_truth_nothing_known_before_the_cutoff_tells_more(
    company: Simulation, snapshots: pd.DataFrame, seen: str
) -> None:
    weight = _count_before(company, snapshots, seen)
    assert (weight > 0).sum() > 100
    assert abs(_deviation(snapshots["won"].to_numpy(), snapshots["truth"].to_numpy(), weight)) < 4


@pytest.mark.parametrize(("stage", "hidden"), [("sal", 1), ("sql", 2), ("opportunity", 3)])
def test_a_stage_is_never_entered_before_the_hidden_move_that_causes_it(
    company: Simulation, stage: str, hidden: int
) -> None:
    truth = company.truth
    reached = (truth.runs.state // 4 >= hidden) & (truth.runs.state < 16)
    moved = pd.Series(truth.entered_at[reached]).groupby(truth.runs.lead[reached]).min()
    stages = company.tables["stages"].query("stage == @stage and decision != 'refused'")
    entered = stages.set_index(truth.lead_ids.get_indexer(stages["lead_id"]))["entered_at"]
    assert entered.index.is_unique
    assert (entered >= moved[entered.index]).all()
    late = entered - moved[entered.index]
    assert (late.median() == 0) if stage != "sal" else (3_600 < late.median() < 3 * DAY_S)


def _count_before(company: Simulation, snapshots: pd.DataFrame, seen: str) -> NDArray[np.float64]:
    """Rows of a kind known in the 10 days before each cutoff, at most 5."""
    tables = company.tables
    if seen == "signal":
        accounts = tables["leads"][["lead_id", "account_id"]]
        rows = tables["signals"].merge(accounts, on="account_id")[["lead_id", "known_at"]]
    elif seen == "yes":
        rows = tables["answers"].query("answer == 'yes'")[["lead_id", "known_at"]]
    elif seen in {"sal", "sql", "opportunity"}:
        rows = (
            tables["stages"]
            .query("stage == @seen")[["lead_id", "entered_at"]]
            .set_axis(["lead_id", "known_at"], axis=1)
        )
    else:
        rows = tables["events"].query("type == @seen")[["lead_id", "known_at"]]
    pairs = snapshots[["lead_id", "cutoff"]].reset_index().merge(rows, on="lead_id")
    age = pairs["cutoff"] - pairs["known_at"]
    recent = pairs[(age > 0) & (age <= 10 * DAY_S)]
    return np.minimum(recent.groupby("index").size().reindex(snapshots.index, fill_value=0), 5).to_numpy(float)


def test_the_truth_ranks_well_and_a_constant_does_not(snapshots: pd.DataFrame) -> None:
    won = snapshots["won"]
    assert 0.02 <= won.mean() <= 0.06
    assert roc_auc_score(won, snapshots["truth"]) > 0.9
    assert roc_auc_score(won, np.full(len(won), won.mean())) == 0.5


def test_those_who_keep_watch_are_as_active_as_the_others_and_hardly_ever_win(company: Simulation) -> None:
    watching = company.truth.drivers.kind == 1
    events = company.tables["events"].groupby("lead_id").size().reindex(company.truth.lead_ids, fill_value=0)
    outcomes = company.tables["outcomes"]
    won = company.truth.lead_ids.isin(outcomes.loc[outcomes["outcome"] == "won", "lead_id"])
    assert events[watching].mean() > events[~watching].mean()
    assert won[watching].mean() < 0.2 * won[~watching].mean()


def test_a_lead_has_no_probability_before_it_exists_nor_once_it_is_decided(company: Simulation) -> None:
    truth, outcomes = company.truth, company.tables["outcomes"]
    created = company.tables["leads"].set_index("lead_id")["created_at"]
    some = outcomes.iloc[::50]
    ids, decided = some["lead_id"], some["decided_at"].to_numpy()
    assert np.isnan(truth.propensity(ids, created[ids].to_numpy() - 1)).all()
    assert not np.isnan(truth.propensity(ids, created[ids].to_numpy())).any()
    assert not np.isnan(truth.propensity(ids, decided)).any()
    assert np.isnan(truth.propensity(ids, decided + 1)).all()


def test_the_probability_grows_with_the_horizon_and_does_not_depend_on_the_order_of_the_rows(
    company: Simulation,
) -> None:
    truth, end = company.truth, company.plan.end
    ids = np.asarray(truth.lead_ids)[::7]
    near, far = truth.propensity(ids, end, 30), truth.propensity(ids, end, 365)
    open_ = ~np.isnan(near)
    assert (near[open_] < far[open_]).all()
    np.testing.assert_allclose(truth.propensity(ids[::-1], end, 30)[::-1], near, rtol=0, atol=1e-12)


def test_a_slow_company_sells_in_12_to_18_months_and_its_truth_is_honoured_over_two_years() -> None:
    slow = simulate(SimulationPlan(n_leads=6_000, seed=11, months=84, slowness=3))
    created = slow.tables["leads"].set_index("lead_id")["created_at"]
    won = slow.tables["outcomes"].query("outcome == 'won'").set_index("lead_id")["decided_at"]
    followed = created.index[created < slow.plan.end - 48 * 30 * DAY_S]
    months = ((won - created).reindex(followed) / (30.4 * DAY_S)).dropna()
    assert 12 < months.median() < 18
    truth, ids, end = slow.truth, slow.truth.lead_ids, slow.plan.end
    propensity = truth.propensity(ids, end, 730)
    open_ = ~np.isnan(propensity)
    future = truth.redraw(np.random.default_rng(1), ids, end, 730)
    assert abs(_deviation(future[open_], propensity[open_], np.ones(open_.sum()))) < 4
    assert np.nanmean(propensity) > 1.2 * np.nanmean(truth.propensity(ids, end, 365))


def test_the_market_drifts_as_documented(company: Simulation) -> None:
    drivers = company.truth.drivers
    lead, opportunity, buying = np.arange(12_000), np.array(3), np.array(3)
    first, later = (drivers.rates(lead, opportunity, buying, quarter)[:, 2] for quarter in (0, 8))
    growth = np.unique(np.round(later / first, 6))
    np.testing.assert_allclose(growth, np.exp([8 * -0.02, 0, 8 * 0.015]), rtol=1e-5)


def test_an_unknown_lead_a_late_cutoff_and_an_endless_horizon_are_refused(company: Simulation) -> None:
    truth, end = company.truth, company.plan.end
    with pytest.raises(UseError, match="1 of 2 lead_ids are not in this simulation, the first at position 1"):
        truth.propensity([truth.lead_ids[0], "X"], end)
    with pytest.raises(UseError, match="cutoffs must be at most the end of the plan"):
        truth.propensity(truth.lead_ids, end + 1)
    for horizon in (0, 4_000):
        with pytest.raises(UseError, match="horizon_days must be above 0 and at most 800, got"):
            truth.propensity(truth.lead_ids, end, horizon)
