import itertools
import json
from functools import cache

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.specification import Feature
from models.bands import Bands
from models.calibration import BetaCalibration
from models.explain import probability_contributions
from models.lead_model import LeadModel
from models.metrics import auc
from models.periods import NAMES, split
from models.plan import TrainingPlan
from models.sample import Sample
from models.threshold import ThresholdChoice
from models.threshold_rules import choose
from models.training import train

numbers = st.floats(-8, 8)
calibrations = st.builds(BetaCalibration, a=st.floats(0.05, 5), b=st.floats(0.05, 5), c=st.floats(-5, 5))


@given(calibrations, st.lists(st.integers(-800, 800), min_size=2, max_size=30, unique=True))
def test_a_calibration_is_strictly_increasing_and_never_flat(g, hundredths):
    margin = np.sort(np.array(hundredths)) / 100
    assert (np.diff(g.logit(margin)) > 0).all()
    assert (g.derivative(margin) > 0).all()
    assert ((g(margin) >= 0) & (g(margin) <= 1)).all()


@given(
    calibrations,
    numbers,
    arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 8)), elements=st.floats(-2, 2)),
)
def test_contributions_sum_to_the_propensity_and_keep_their_signs(g, base, phi):
    margin = base + phi.sum(axis=1)
    found = probability_contributions(phi, base, margin, g)
    assert np.abs(g([base])[0] + found.sum(axis=1) - g(margin)).max() < 1e-9
    assert (found * phi >= 0).all()


@given(st.data())
def test_fitted_calibrations_change_no_ranking(data):
    n = data.draw(st.integers(5, 60))
    margin = data.draw(arrays(np.float64, n, elements=st.integers(-50, 50).map(lambda k: k / 10)))
    y = data.draw(arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0])))
    g = BetaCalibration.fit(margin, y)
    before, after = auc(y, margin, np.ones(n)), auc(y, g(margin), np.ones(n))
    assert before == after or (np.isnan(before) and np.isnan(after))


@given(st.data())
def test_no_lead_is_in_two_periods_and_forward_periods_keep_their_gap(data):
    n = data.draw(st.integers(30, 150))
    seed = data.draw(st.integers(0, 1000))
    gap = data.draw(st.integers(0, 30))
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {"lead_id": rng.integers(0, n // 2 + 2, n), "cutoff": rng.integers(0, 60, n), "label": rng.integers(0, 2, n)}
    )
    four = split(rows, (0.55, 0.15, 0.15, 0.15), gap, seed, min_leads=1)
    parts = [four.rows(name) for name in NAMES]
    leads = [set(rows["lead_id"].to_numpy()[part]) for part in parts]
    assert sum(map(len, leads)) == len(set.union(*leads))
    if four.forward:
        cutoff = rows["cutoff"].to_numpy()
        for before, after in itertools.pairwise(parts):
            assert cutoff[before].max() + max(four.gap_s, 1) <= cutoff[after].min()


@given(
    arrays(np.float64, st.integers(1, 120), elements=st.floats(0.001, 0.999)),
    st.sampled_from(["value", "capacity", "precision"]),
    st.integers(0, 99),
)
def test_every_rule_answers_and_its_answer_survives_json(propensity, rule, seed):
    rng = np.random.default_rng(seed)
    n = len(propensity)
    y = (rng.random(n) < propensity).astype(float)
    sample = Sample(np.arange(n), rng.integers(0, 10**7, n), propensity, y, np.ones(n))
    choice = choose(sample, TrainingPlan(rule=rule, capacity_per_week=2))
    assert choice.threshold is None or (propensity >= choice.threshold).any()
    assert ThresholdChoice.from_dict(json.loads(json.dumps(choice.to_dict(), allow_nan=False))) == choice
    counts = [point.n for point in choice.curve]
    assert counts == sorted(set(counts))
    bands = Bands.derive(propensity, y, np.ones(n), np.arange(n), choice.threshold)
    assert 1 > bands.a > bands.b > bands.c > 0


@cache
def _model() -> LeadModel:
    rng = np.random.default_rng(0)
    x, kind = rng.normal(size=600), rng.choice(["a", "b", "c"], 600)
    label = (rng.random(600) < 1 / (1 + np.exp(1 - x - (kind == "b")))).astype(int)
    features = (Feature("fit__x", "fit", "number", "x", ""), Feature("fit__kind", "fit", "category", "kind", ""))
    frame = pd.DataFrame({"fit__x": x, "fit__kind": kind.astype(object)})
    rows = pd.DataFrame({"lead_id": np.arange(600), "cutoff": 0, "label": label, "weight": 1.0})
    return train(frame, rows, features, TrainingPlan(n_bootstrap=2, classifier={"n_folds": 2})).model


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(allow_nan=True, allow_infinity=True),
            st.none() | st.sampled_from(["a", "b", "c", "é", ""]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_row_scores_alike_before_saving_after_loading_alone_or_in_company(rows):
    model = _model()
    frame = pd.DataFrame(
        {
            "fit__x": pd.Series([x for x, _ in rows], dtype="float64"),
            "fit__kind": pd.Series([k for _, k in rows], dtype=object),
        }
    )
    found, loaded = model.contributions(frame), LeadModel.load(model.dump()).contributions(frame)
    assert np.array_equal(found.propensity, loaded.propensity)
    assert np.array_equal(found.on_propensity, loaded.on_propensity)
    assert np.array_equal(found.propensity, model.propensity(frame, num_threads=2))
    assert np.array_equal(model.contributions(frame[:1]).on_propensity, found.on_propensity[:1])
    assert np.abs(found.reference_propensity + found.on_propensity.sum(axis=1) - found.propensity).max() < 1e-9
