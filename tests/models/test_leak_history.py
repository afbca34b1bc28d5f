"""Events that follow a decision and fields that move after it, with leaks and honest habits made up for the purpose."""

import numpy as np
import pandas as pd
import pytest

from features.statements import attribute
from models.leak_history import following, moved


def timing(n_won, n_lost, n_after, n_day):
    rows = [("", 200, 800, 0, 0), ("deed", n_won, n_lost, n_after, n_day)]
    return pd.DataFrame(rows, columns=["type", "n_won", "n_lost", "n_after", "n_day"])


# By Wilson, 90 of 100 begins at 83%, 85 of 100 at 77%, 20 of 20 at 84%.
@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((100, 0, 0, 90), ("follows", "refused")),  # signed within hours before the decision
        ((100, 0, 100, 0), ("follows", "refused")),  # invoiced afterwards
        ((0, 300, 290, 5), ("follows", "refused")),  # a goodbye to lost leads
        ((20, 0, 20, 0), ("follows", "refused")),
        ((19, 0, 19, 0), None),
        ((100, 0, 0, 60), ("won_only", "suspect")),  # an order form some days before
        ((100, 2, 0, 20), None),  # a trial that always ends well, known weeks before
        ((150, 300, 20, 100), None),  # a meeting, often the last thing before a decision
        ((200, 800, 10, 60), None),  # what everybody does
    ],
)
def test_a_type_is_judged_by_when_it_first_happens(counts, expected):
    found = [(s.code, s.status) for s in following(timing(*counts))]
    assert found == ([expected] if expected else [])


def test_a_type_that_the_settings_name_is_kept():
    assert [s.status for s in following(timing(100, 0, 90, 0), allowed={"deed"})] == ["allowed"]


def test_no_event_at_all_is_no_suspect():
    assert following(timing(0, 0, 0, 0)[:0]) == ()


def test_a_field_learnt_late_says_more_today_than_it_did():
    rng = np.random.default_rng(2)
    won = (np.arange(600) % 3 == 0).astype(float)
    licences = attribute("fit__licences", "fit", ["leads.licences"], "value", {}, dtype="number")
    then = pd.DataFrame({"fit__licences": np.where(rng.random(600) < 0.3, 10.0, np.nan)})
    today = pd.DataFrame({"fit__licences": np.where(won == 1, 12.0, then["fit__licences"])})
    (found,) = moved(then, today, won, [licences])
    assert (found.code, found.status, found.figures["won"], found.figures["lost"]) == ("moved", "protected", 1.0, 0.0)
    assert found.figures["auc"] > 0.99
    assert found.figures["auc_then"] < 0.6


def test_a_field_that_changes_alike_for_all_is_not_worth_a_word():
    rng = np.random.default_rng(2)
    won = (np.arange(600) % 3 == 0).astype(float)
    owner = attribute("fit__tool", "fit", ["leads.tool"], "value", {})
    then, today = (pd.DataFrame({"fit__tool": rng.choice(["a", "b", None], 600)}) for _ in range(2))
    assert moved(then, today, won, [owner]) == ()
