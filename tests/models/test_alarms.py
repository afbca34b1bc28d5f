"""Alarms about the reasons of a run: loud when they are uniform or contrary, quiet otherwise."""

import numpy as np
import pandas as pd

from features.specification import Feature
from models.alarms import ReasonTally, alarms
from models.reasons import top_reasons
from models.shared_facts import SharedFacts

FEATURES = [Feature(f"fit__{name}", "fit", "number", name, "not known") for name in ("size", "growth")]


def tallied(contributions, matrix, shared):
    frame = pd.DataFrame(matrix, columns=[feature.name for feature in FEATURES])
    return ReasonTally.count(top_reasons(FEATURES, contributions, frame), FEATURES, matrix, shared)


def world(n=400):
    """Size 1 was won half of the time, size 0 never; growth says nothing."""
    matrix = np.column_stack([np.tile([0.0, 1.0], n // 2), np.tile([0.0, 0.0, 1.0, 1.0], n // 4)])
    won = np.tile([0.0, 1.0, 0.0, 0.0], n // 4)
    return matrix, SharedFacts.measure(matrix, [None, None], np.arange(n), won, np.ones(n))


def test_reasons_that_agree_with_what_was_measured_raise_no_alarm():
    matrix, shared = world()
    sign = np.where(matrix[:, 0] == 1, 1.0, -1.0)
    contributions = np.column_stack([0.03 * sign, np.where(np.arange(400) % 3, 0.05, 0.0)])
    contributions[::2, 1] = 0.0
    tally = tallied(contributions, matrix, shared)
    assert tally.agrees["FIT.SIZE"] == 400
    assert tally.contradicts.get("FIT.SIZE", 0) == 0
    assert [alarm for alarm in alarms(tally, FEATURES) if alarm.kind == "contrary_reason"] == []


def test_one_first_reason_for_most_leads_is_an_alarm_in_both_languages():
    matrix, shared = world()
    contributions = np.column_stack([np.full(400, 0.03), np.zeros(400)])
    (alarm, *_) = alarms(tallied(contributions, matrix, shared), FEATURES)
    assert (alarm.kind, alarm.code, alarm.n_leads, alarm.share) == ("same_first_reason", "FIT.SIZE", 400, 1.0)
    assert alarm.en.startswith("100% of the leads have the same first reason, “Size”")
    assert alarm.fr.startswith("100\u00a0% des leads ont la même première raison, «\u00a0Size\u00a0»")


def test_a_reason_that_counts_against_what_was_measured_is_an_alarm():
    matrix, shared = world()
    sign = np.where(matrix[:, 0] == 1, -1.0, 1.0)
    tally = tallied(np.column_stack([0.03 * sign, 0.05 * np.tile([1, -1], 200)]), matrix, shared)
    assert tally.contradicts["FIT.SIZE"] == 400
    found = [alarm for alarm in alarms(tally, FEATURES) if alarm.kind == "contrary_reason"]
    assert [(alarm.code, alarm.n_leads) for alarm in found] == [("FIT.SIZE", 400)]
    assert "_" not in found[0].en + found[0].fr


def test_of_a_handful_of_leads_nothing_is_said():
    matrix, shared = world()
    assert alarms(tallied(np.full((29, 2), 0.03), matrix[:29], shared), FEATURES) == []


def test_blocks_add_up_to_the_run_and_leads_without_reason_count_as_leads():
    matrix, shared = world()
    contributions = np.random.default_rng(0).normal(0, 0.01, (400, 2))
    contributions[:7] = 0.0
    parts = [tallied(contributions[a : a + 90], matrix[a : a + 90], shared) for a in range(0, 400, 90)]
    whole = tallied(contributions, matrix, shared)
    assert sum(parts, ReasonTally()) == whole == ReasonTally(**whole.to_dict())
    assert whole.n_leads == 400
    assert sum(whole.first.values()) == 393
