"""The funnel's formulas beside hand calculations, oracles and simulated companies whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.funnel import DAY_S, STAGES, group_steps, orderly, second_looks, step
from models.incidence import incidence
from models.lateness import cost_of_being_late, in_time
from models.sales_moves import answered, sales_standing

NEVER = float("nan")
instants = st.none() | st.integers(0, 50)
stage_rows = st.lists(
    st.tuples(*[instants] * (len(STAGES) - 1), st.integers(0, 40), st.booleans()), min_size=1, max_size=15
)


@settings(max_examples=50)
@given(stage_rows)
def test_the_stages_of_a_lead_never_go_back_in_time_and_none_is_invented_or_lost(rows):
    frame = pd.DataFrame([(row[-2], *row[:-2]) for row in rows], columns=list(STAGES), dtype="float64")
    first_call = np.array([row[-1] for row in rows])
    found = orderly(frame, first_call)
    for at in range(len(rows)):
        given_, got = frame.iloc[at].to_numpy(), found.iloc[at].to_numpy()
        known = got[~np.isnan(got)]
        assert (np.diff(known) >= 0).all()
        assert known[0] == given_[0]
        furthest = max((k for k in range(len(STAGES)) if not np.isnan(given_[k])), default=0)
        # Who never qualifies by scoring is no MQL; beside that, all is reached up to the furthest, nothing beyond.
        expected = [k <= furthest and not (first_call[at] and k == 1) for k in range(len(STAGES))]
        if not (first_call[at] and furthest == 1):
            assert (~np.isnan(got)).tolist() == expected


@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["passes", "lost", "waits"])), min_size=1, max_size=25),
    st.integers(1, 25),
)
def test_incidence_is_that_of_the_product_written_out(rows, within):
    follow = np.array([days for days, _ in rows], dtype=float)
    passes, lost = (np.array([end == how for _, end in rows]) for how in ("passes", "lost"))
    free, passed = 1.0, 0.0
    for at in sorted({days for days, end in rows if end != "waits"}):
        if at >= within:
            break
        there = sum(days >= at for days, _ in rows)
        gone, through = (
            sum(days == at and end in how for days, end in rows) for how in (("passes", "lost"), ("passes",))
        )
        passed += free * through / there
        free *= 1 - gone / there
    found = incidence(follow, passes, lost)
    share = found.share(within)
    if share.value is not None:
        assert share.value == pytest.approx(passed, abs=1e-12)
        assert 0.0 <= share.low <= share.value + 1e-9
        assert share.value - 1e-9 <= share.high <= 1.0
    else:
        assert follow.max() < within


def test_without_waiting_leads_share_variance_and_median_are_the_plain_ones():
    rng = np.random.default_rng(3)
    days = rng.integers(1, 80, 400).astype(float)
    passes = rng.random(400) < 0.3
    found = incidence(np.where(passes, days, 90.0), passes, ~passes)
    assert found.passed[-1] == pytest.approx(passes.mean())
    assert found.variance[-1] == pytest.approx(passes.mean() * (1 - passes.mean()) / 400)
    delay = found.delay(90.5)
    assert delay.n == passes.sum()
    assert delay.median == np.sort(days[passes])[(passes.sum() - 1) // 2]
    assert delay.low <= delay.median <= delay.high


def test_a_young_cohort_looks_as_good_as_an_old_one_and_the_interval_holds_the_truth():
    rng = np.random.default_rng(11)
    truth, covered, plain = 0.4, 0, []
    for _ in range(200):
        n = 300
        passes, days = rng.random(n) < truth, rng.exponential(20.0, n)
        passes &= days < 60
        leaves = np.where(passes, np.inf, rng.exponential(60.0, n))
        followed = rng.uniform(5, 90, n)
        ends = np.minimum(np.minimum(np.where(passes, days, np.inf), leaves), followed)
        seen, lost = passes & (days <= followed), ~passes & (leaves < followed)
        share = incidence(ends, seen, lost, followed).share(60.0)
        expected = truth * (1 - np.exp(-3.0))
        covered += share.low <= expected <= share.high
        plain.append(seen.mean())
    assert covered >= 182
    assert np.mean(plain) < 0.9 * truth


def cohort(created, mql, lost, end=100.0, within=30.0):
    times = pd.DataFrame({"lead": created, "mql": mql}, dtype="float64").mul(DAY_S).reindex(columns=list(STAGES))
    return group_steps(
        "cohort", "c", times, np.array(lost, dtype=float) * DAY_S, end * DAY_S, within, [("lead", "mql")]
    )[0]


def test_three_cohorts_by_hand():
    # All of the old one were followed for 30 days: two of five passed within them, one later.
    old = cohort([0, 1, 2, 3, 4], [10, 20, NEVER, 50, NEVER], [NEVER, NEVER, 40, NEVER, NEVER])
    assert (old.n, old.n_passed, old.share, old.known_at) == (5, 3, 0.4, None)
    assert (old.days, old.days_low) == (10.0, None)
    # Day 60: four leads. One passes after 5 days (1 of 4). Two of day 80 are seen for 20 days, one of them passes after
    # 10 (three at risk: 3/4 * 1/3 = 1/4 more). The last of day 60 is lost after 25 days. 1/4 + 1/4.
    newer = cohort([60, 60, 80, 80], [65, NEVER, 90, NEVER], [NEVER, 85, NEVER, NEVER])
    assert (newer.n, newer.n_passed) == (4, 2)
    assert newer.share == pytest.approx(0.5)
    # Of the youngest nobody who waits will have been followed for 30 days before day 127.
    young = cohort([95, 97], [96, NEVER], [NEVER, NEVER])
    assert (young.n, young.n_passed, young.share, young.known_at) == (2, 1, None, 127 * DAY_S)


def test_a_step_counts_only_who_came_to_its_first_stage_and_leaves_out_what_is_after_the_end():
    times = pd.DataFrame(
        {"lead": [0.0, 0.0, 0.0], "mql": [5.0, 200.0, NEVER], "sal": [150.0, NEVER, NEVER]}, dtype="float64"
    ).mul(DAY_S)
    found = step(times, np.full(3, NEVER), ("mql", "sal"), 100 * DAY_S)
    assert (found.n, found.count.sum(), found.followed) == (1, 0, 95.0)


def test_channels_that_are_all_alike_are_hardly_ever_called_bad_and_a_bad_one_is_found():
    rng = np.random.default_rng(5)
    channel = pd.Series(np.repeat([f"c{k}" for k in range(10)], 60))
    everyone, alarms = np.ones(600, dtype=bool), 0
    for _ in range(40):
        passed = {kind: rng.random(600) < 0.5 for kind in ("sql", "handed")}
        alarms += bool(second_looks(channel, {"sql": everyone, "handed": everyone}, passed))
    assert alarms <= 3
    passed["sql"] = np.where(channel == "c3", np.arange(600) % 60 < 6, passed["sql"])
    looks = second_looks(channel, {"sql": everyone, "handed": everyone}, passed)
    assert {(look["channel"], look["question"]) for look in looks} == {("c3", "sql"), ("c3", "dead_sqls")}
    # 6 of its 60 passed; the others are those of the last draw.
    elsewhere = float(passed["sql"][(channel != "c3").to_numpy()].mean())
    told = {look["question"]: {k: look[k] for k in look if k != "p"} for look in looks}
    alone = {"channel": "c3", "question": "dead_sqls", "n": 60, "share": 0.1, "others": None}
    assert told == {"dead_sqls": alone, "sql": alone | {"question": "sql", "others": elsewhere}}
    assert second_looks(channel, {"sql": ~everyone, "handed": ~everyone}, passed) == []


def test_the_cost_of_being_late_is_found_where_hot_leads_are_called_first():
    rng = np.random.default_rng(2)
    n, found = 3000, []
    for effect in (0.0, 0.15):
        propensity = rng.random(n)
        late = rng.random(n) < 0.8 - 0.6 * propensity
        reached = rng.random(n) < 0.2 + 0.5 * propensity - effect * late
        cost = cost_of_being_late(reached, late, np.digitize(propensity, [0.2, 0.4, 0.6, 0.8]))
        found.append(cost)
        assert cost["low"] < effect + 0.02 < cost["high"] + 0.02
        assert cost["share_in_time"] - cost["share_late"] > effect + 0.03
    assert found[1]["low"] > 0.05
    nobody = cost_of_being_late(reached[:5], np.ones(5, dtype=bool), np.zeros(5, dtype=int))
    assert (nobody["share_in_time"], nobody["difference"], nobody["lost_high"]) == (None, None, None)


def test_a_contact_at_the_due_instant_is_late_and_what_is_not_due_counts_for_nobody():
    found = in_time(np.array([10.0, 10.0, 60.0]), np.array([10.0, 9.9, NEVER]), 50.0)
    assert found.to_dict()["n"] == 2
    assert found.to_dict()["share"] == 0.5
    assert in_time(np.array([]), np.array([]), 5.0).to_dict()["share"] is None


moves = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["sal", "sql", "opportunity"]), st.integers(0, 6), st.booleans()),
    max_size=12,
)


@settings(max_examples=30)
@given(moves)
def test_the_last_word_of_sales_counts(rows):
    frame = pd.DataFrame(rows, columns=["lead_id", "stage", "at", "refused"]).astype({"lead_id": "str", "at": "int64"})
    frame = frame.astype({"refused": bool}).assign(reason=[f"r{k}" for k in range(len(rows))])
    found = sales_standing(frame)
    assert set(found.index) == {row[0] for row in rows}
    for lead, of in found.iterrows():
        mine = [row for row in rows if row[0] == lead]
        refused = max((at for _, _, at, no in mine if no), default=-1)
        after = [(stage, at) for _, stage, at, no in mine if not no and at >= refused]
        if not after:
            assert (of["stage"], of["refused_at"]) == (None, refused)
            assert of["reason"] in {f"r{k}" for k, row in enumerate(rows) if row[0] == lead and row[3]}
        else:
            assert of["stage"] == ("sql" if any(stage != "sal" for stage, _ in after) else "sal")
            assert np.isnan(of["refused_at"])


def test_criteria_are_counted_once_each_and_an_empty_table_makes_no_sql():
    said = pd.DataFrame(
        [("a", "need", "yes"), ("a", "budget", "no"), ("b", "need", "unclear"), ("c", "own", "yes")],
        columns=["lead_id", "criterion", "answer"],
    )
    assert list(answered(said, ["need", "budget"], 1, clear=False)) == ["a"]
    assert list(answered(said, ["need", "budget"], 0, clear=True)) == ["a"]
    assert list(answered(said.iloc[:0], ["need"], 0, clear=True)) == []
