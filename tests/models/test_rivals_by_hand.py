"""A challenger beside a champion on rows whose figures can be worked out."""

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from models.certificate import judge
from models.metrics import auc, brier, ece, gain_at, log_loss
from models.promises import Promises
from models.rivals import by_segment, new_leaders, paired, stability, weights_of_facts

Y = np.array([1.0, 0, 0, 1, 0, 0, 0, 1, 0, 0])
OLD, NEW = np.linspace(0.9, 0.1, 10), np.array([0.8, 0.2, 0.1, 0.7, 0.3, 0.2, 0.1, 0.9, 0.3, 0.2])
W = np.tile([1.0, 3.0], 5)
LEAD = np.arange(10) // 2


def test_figures_are_those_of_each_model_and_the_difference_is_the_challenger_less_the_champion():
    old, new = Promises(Y, OLD, W, LEAD), Promises(Y, NEW, W, LEAD)
    found = paired(old, new, 0.3, confidence=0.8, n_bootstrap=50, seed=2)
    measures = {"log_loss": log_loss, "brier": brier, "ece": ece, "auc": auc}
    expected = {name: tuple(measure(Y, p, W) for p in (OLD, NEW)) for name, measure in measures.items()}
    expected["gain"] = tuple(gain_at(Y, p, W, 0.3) for p in (OLD, NEW))
    assert list(found) == ["log_loss", "brier", "ece", "auc", "gain"]
    for name, (champion, challenger) in expected.items():
        pair = found[name]
        assert (pair.champion, pair.challenger) == (pytest.approx(champion), pytest.approx(challenger)), name
        assert pair.difference.value == pytest.approx(challenger - champion), name
        assert pair.difference.low <= pair.difference.value <= pair.difference.high
    wider = paired(old, new, 0.3, confidence=0.99, n_bootstrap=50, seed=2)["brier"].difference
    assert wider.low < found["brier"].difference.low < found["brier"].difference.high < wider.high
    other = paired(old, new, 0.3, confidence=0.8, n_bootstrap=50, seed=3)["brier"].difference
    assert other != found["brier"].difference
    assert paired(old, new, 0.3, confidence=0.8, n_bootstrap=50, seed=2) == found


def test_leads_are_drawn_whole_and_each_may_be_drawn_alone():
    # Three leads of two rows; the challenger gains on the first alone, and loses on the last.
    y, lead = np.zeros(6), np.repeat([0, 1, 2], 2)
    old, new = (Promises(y, np.repeat(p, 2), np.ones(6), lead) for p in ([0.6, 0.5, 0.1], [0.1, 0.5, 0.4]))
    gap = paired(old, new, 0.5, confidence=0.95, n_bootstrap=2000)["brier"].difference
    assert gap.value == pytest.approx((0.01 - 0.36 + 0.16 - 0.01) / 3)
    assert (gap.low, gap.high) == (pytest.approx(-0.35), pytest.approx(0.15))


def test_the_order_is_compared_by_ranks_and_at_the_top():
    old, new = np.arange(10.0), np.array([9.0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    found = stability(old, new, 0.3)
    assert found.spearman == pytest.approx(spearmanr(old, new).statistic)
    assert found.kendall == pytest.approx(kendalltau(old, new).statistic)
    # At the top of both are two of three: the last ones, and not the first.
    assert (found.overlap, found.top) == (pytest.approx(2 / 3), 0.3)
    assert stability(old, new, 0.01).overlap == 0.0
    for flat in (stability(np.ones(4), np.arange(4.0), 0.5), stability(np.arange(4.0), np.ones(4), 0.5)):
        assert (flat.spearman, flat.kendall, flat.overlap, flat.top) == (1.0, 1.0, 1.0, 0.5)


def test_segments_are_judged_for_both_models_the_whole_first():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 8, 600)
    y, segment = (rng.random(600) < p).astype(float), np.where(np.arange(600) % 3, "z", "all").astype(object)
    segment[:90] = "a"
    old, new = (
        Promises(y, np.minimum(3 * p, 0.99), np.ones(600), np.arange(600)),
        Promises(y, p, np.ones(600), np.arange(600)),
    )
    found = by_segment(old, new, segment, 0.3, 0.9)
    assert list(found) == ["all", "a", "z"]
    for name, one in found.items():
        at = np.ones(600, bool) if name == "all" else segment == name
        first, second = (judge(said.take(at), 0.3, 0.9) for said in (old, new))
        assert one == {
            "n_leads": int(at.sum()),
            "happened": pytest.approx(y[at].mean()),
            "champion": {"promised": first.promised, "word": first.word},
            "challenger": {"promised": second.promised, "word": second.word},
        }
    assert found["all"]["champion"]["word"] == "fail"


def test_what_leads_the_reasons_and_did_not_before():
    assert weights_of_facts(["a", "b", "c"], np.array([[1.0, -2.0, 0.0], [3.0, 2.0, 0.0]])) == {
        "a": 0.5,
        "b": 0.5,
        "c": 0.0,
    }
    assert weights_of_facts(["a"], np.zeros((2, 1))) == {"a": 0.0}
    old = {f"old{k}": 1.0 - k / 100 for k in range(12)}
    new = {"n0": 0.9, "old9": 0.8, "old10": 0.7, "n1": 0.6, "old0": 0.5, "n2": 0.4}
    # The tenth heaviest of before is no news, the eleventh is; of the challenger five are looked at.
    assert new_leaders(old, new) == ["n0", "old10", "n1"]
