"""Weights of snapshots that score runs decided on, by hand and against what everybody's work would have shown."""

import numpy as np
import pandas as pd
import pytest

from models.contacted import ENOUGH_LEADS, Decided, kinds, weigh
from models.metrics import wilson

NEVER = np.nan


def decided(rows):
    """Rows of (at, handed over, probability, could draw, contacted at)."""
    at, handed, p, could, contacted = (np.array(column) for column in zip(*rows, strict=True))
    return Decided(
        at.astype(float), handed.astype(bool), p.astype(float), could.astype(bool), contacted.astype(float),
        np.full(len(rows), 100.0),
    )  # fmt: skip


def explored(n_drawn, n, share):
    """So many leads below the threshold, of whom the first were drawn."""
    return [(10, place < n_drawn, share, 1, NEVER) for place in range(n)]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ((NEVER, 0, 0.0, 0, NEVER), "before"),
        ((10, 1, 1.0, 1, NEVER), "above"),
        ((10, 1, 1.0, 0, NEVER), "above"),
        ((10, 1, 0.02, 1, NEVER), "explored"),
        ((10, 1, 0.02, 0, 20), "explored"),
        ((10, 0, 0.02, 1, NEVER), "left_aside"),
        ((10, 0, 0.02, 1, 20), "left_aside"),
        ((10, 0, 0.0, 0, NEVER), "closed"),
        ((10, 0, 0.0, 1, NEVER), "spared"),
        # Sales was at it when the run came: people had chosen it.
        ((10, 0, 0.02, 1, 10), "before"),
        ((10, 0, 0.0, 0, 5), "before"),
    ],
)
def test_each_snapshot_is_of_one_kind(row, kind):
    assert kinds(decided([row])).tolist() == [kind]


def test_weights_are_those_worked_out_by_hand():
    log = [*explored(100, 900, 0.1), (NEVER, 0, 0.0, 0, NEVER), (10, 1, 1.0, 1, NEVER), (10, 0, 0.0, 1, NEVER)]
    log += [(10, 0, 0.0, 0, NEVER), (10, 0, 0.0, 0, 50), (10, 0, 0.0, 0, 100)]
    n = len(log)
    label = np.zeros(n)
    label[[0, 1, 150, 900]] = 1
    rows = pd.DataFrame({"lead_id": [f"L{place}" for place in range(n)], "label": label})
    found = weigh(rows, decided(log))

    # 100 drawn leads stand for 900, so each for 9; what could not be drawn in a closed run does not teach.
    assert found.weight[:100] == pytest.approx(9.0)
    assert found.weight[100:900].tolist() == [0.0] * 800
    assert found.weight[900:].tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    facts = found.facts
    assert {kind: tuple(of.values()) for kind, of in facts["by_kind"].items()} == {
        "before": (1, 1, 1),
        "above": (1, 1, 0),
        "explored": (100, 100, 2),
        "left_aside": (800, 800, 1),
        "closed": (3, 3, 0),
        "spared": (1, 1, 0),
    }
    # A contact at the end of the label window is outside.
    assert facts["n_contacted_anyway"] == 1
    assert facts["conversion"] == pytest.approx(2 / 100)
    assert facts["low"] < 2 / 100 < facts["high"]
    assert (facts["largest_weight"], facts["n_clipped"]) == (pytest.approx(9.0), 0)
    assert facts["n_effective"] == pytest.approx(903**2 / (100 * 9.0**2 + 3))


def test_too_few_drawn_leads_leave_everything_as_it_is():
    few = [*explored(ENOUGH_LEADS - 1, 600, 0.05), (10, 0, 0.0, 0, NEVER)]
    rows = pd.DataFrame({"lead_id": [f"L{place}" for place in range(601)], "label": 0})
    found = weigh(rows, decided(few))
    assert not found.facts["corrects"]
    assert (found.weight == 1).all()
    # Many snapshots of few leads are few: and those that are not mature do not count.
    rows["lead_id"] = [f"L{place % 7}" for place in range(601)]
    assert not weigh(rows, decided([*explored(200, 600, 0.05), few[-1]])).facts["corrects"]
    young = rows.assign(lead_id=range(601), label=pd.array([None] * 601, dtype="Int64"))
    assert not weigh(young, decided([*explored(200, 600, 0.05), few[-1]])).facts["corrects"]


def test_nobody_stands_for_more_than_ten_and_the_conversion_is_that_of_full_weights():
    log = [*explored(40, 200, 0.2), *explored(10, 500, 0.02)]
    label = np.zeros(700)
    label[[0, 200]] = 1
    rows = pd.DataFrame({"lead_id": [f"L{place}" for place in range(700)], "label": label})
    found = weigh(rows, decided(log))
    assert found.weight[[0, 200]].tolist() == [5.0, 10.0]
    assert (found.facts["n_clipped"], found.facts["largest_weight"]) == (10, 10.0)
    assert found.facts["conversion"] == pytest.approx((5 + 50) / 700)
    assert found.facts["n_effective"] == pytest.approx(300**2 / (40 * 25 + 10 * 100))


def test_drawn_leads_show_what_all_would_have_brought_whatever_the_model_says_of_them_later():
    """Whoever is drawn, worked and wins warms up before; that must not take the weight away from it."""
    rng = np.random.default_rng(3)
    n, share, truth = 200_000, 0.05, 0.12
    drawn, wins = rng.random(n) < share, rng.random(n) < truth
    rows = pd.DataFrame({"lead_id": np.arange(n), "label": (drawn & wins).astype(int)})
    log = Decided(np.full(n, 10.0), drawn, np.full(n, share), np.ones(n, bool), np.full(n, np.nan), np.full(n, 100.0))
    found = weigh(rows, log)
    assert found.weight @ rows["label"] / found.weight.sum() == pytest.approx(truth, abs=0.01)
    assert rows["label"].mean() < 0.01
    # The largest probability within the window would be 1 for all who win after they were worked.
    later = weigh(rows, Decided(log.at, drawn, np.where(drawn & wins, 1.0, share), *list(vars(log).values())[3:]))
    assert later.weight @ rows["label"] / later.weight.sum() < 0.02


def test_facts_count_mature_rows_and_the_leads_behind_them():
    # Two snapshots of each lead; the last lead of each kind has not matured.
    kinds_of = {
        "before": (NEVER, 0, 0.0, 0, NEVER),
        "above": (10, 1, 1.0, 1, NEVER),
        "left_aside": (10, 0, 0.5, 1, 50),
        "closed": (10, 0, 0.0, 0, 50),
        "spared": (10, 0, 0.0, 1, 50),
    }
    log = [row for row in kinds_of.values() for _ in range(6)] + explored(62, 62, 0.5)
    lead = np.repeat(np.arange(len(log) // 2), 2)
    label = np.zeros(len(log))
    label[[0, 1, 6, 12, 30, 31, 32]] = 1
    label[[4, 5, 10, 11, 16, 17, 22, 23, 28, 29]] = np.nan
    found = weigh(pd.DataFrame({"lead_id": lead, "label": label}), decided(log))
    assert {kind: tuple(of.values()) for kind, of in found.facts["by_kind"].items()} == {
        "before": (4, 2, 1),
        "above": (4, 2, 1),
        "explored": (62, 31, 2),
        "left_aside": (4, 2, 1),
        "closed": (4, 2, 0),
        "spared": (4, 2, 0),
    }
    # Whom nobody was to contact and sales did all the same; the spared are no part of it.
    assert found.facts["n_contacted_anyway"] == 8
    # 62 drawn snapshots stand for themselves and the 6 left aside, mature or not.
    each = 68 / 62
    assert found.weight[-62:] == pytest.approx(each)
    assert found.facts["conversion"] == pytest.approx(3 / 62)
    assert (found.facts["low"], found.facts["high"]) == pytest.approx(wilson(3 / 62 * 31, 31))
    assert found.facts["largest_weight"] == pytest.approx(each)
    assert found.facts["n_effective"] == pytest.approx((62 * each + 12) ** 2 / (62 * each**2 + 12))


def test_where_nothing_is_mature_or_nobody_was_drawn_no_conversion_is_claimed():
    log = [*explored(10, 20, 0.5), (10, 1, 1.0, 1, NEVER)]
    lead = [f"L{place}" for place in range(21)]
    young = weigh(pd.DataFrame({"lead_id": lead, "label": np.nan}), decided(log)).facts
    nobody = weigh(pd.DataFrame({"lead_id": lead[-1:], "label": 1}), decided(log[-1:])).facts
    for facts in (young, nobody):
        assert (facts["conversion"], facts["low"], facts["high"]) == (None, None, None)
        assert (facts["corrects"], facts["n_clipped"], facts["largest_weight"]) == (False, 0, 1.0)
    assert (young["n_effective"], nobody["n_effective"]) == (0.0, 1.0)
