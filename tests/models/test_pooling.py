"""Segments that are like the whole stay with it, those that are not move; explanations stay exact."""

from dataclasses import replace
from functools import cache

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from features.specification import Feature
from models.classifier import LeadClassifier
from models.evidence import Evidence
from models.lead_model import LeadModel
from models.linear import LinearPart
from models.plan import TrainingPlan
from models.pooling import SegmentChoice
from models.segment_models import Correction, SegmentModels
from models.segment_trees import pooled_levels
from models.segment_words import note_of, segments_told
from models.segments import Segment, Wanted, resolve
from models.training import TrainingResult, train
from tests.prose import faults_of

DIRECTION = Feature("fit__direction", "fit", "category", "direction", "not known")
EFFECT = {"web": 0.0, "fair": 0.6, "partner": 1.2, "ads": -0.8}


def divided(made, n, share, *, contrary, seed=0, dated=True):
    """A world of which a share is prospected, and won for the contrary reasons where asked; with its truth."""
    world = made(n, seed, dated=dated)
    inside = (np.random.default_rng((seed, 9)).random(n) < share)[pd.factorize(world.rows["lead_id"])[0]]
    frame = world.frame.assign(fit__direction=np.where(inside, "outbound", "inbound"))
    z = logit(world.truth)
    if contrary:
        reasons = frame["fit__source"].map(EFFECT).fillna(0.0) + 0.3 * (np.log(frame["fit__employees"]) - 4).fillna(0.0)
        z = np.where(inside, z - 2 * reasons, z)
    label = np.random.default_rng((seed, 8)).random(len(z)) < expit(z)
    rows = world.rows.assign(label=label.astype("int64"))
    return frame, rows, (*world.features, DIRECTION), expit(z), inside


def outbound(features):
    return resolve({"outbound": {"fit__direction": Wanted(("outbound",))}}, features)


def distance(truth, propensity):
    return float(np.abs(truth - propensity).mean())


@pytest.fixture(scope="module")
def contrary(world_maker, plan) -> TrainingResult:
    frame, rows, features, _, _ = divided(world_maker, 1500, 0.3, contrary=True)
    return train(frame, rows, features, replace(plan, segments=outbound(features)))


def test_a_contrary_segment_moves_towards_its_truth_and_the_rest_does_not(contrary, world_maker):
    frame, _, _, truth, inside = divided(world_maker, 1500, 0.5, contrary=True, seed=5)
    alone = replace(contrary.model, by_segment=SegmentModels())
    pooled, whole = contrary.model.propensity(frame), alone.propensity(frame)
    assert distance(truth[inside], pooled[inside]) < 0.6 * distance(truth[inside], whole[inside])
    assert np.array_equal(pooled[~inside], whole[~inside])
    assert contrary.model.segments_of(frame).tolist() == np.where(inside, "outbound", "all").tolist()
    assert contrary.model.by_segment.made_by(frame).tolist() == contrary.model.segments_of(frame).tolist()


def test_the_evidence_says_what_was_done_and_the_segment_of_every_test_row(contrary):
    (choice,) = contrary.evidence.deployed["segments"]
    assert choice["used"] in {"linear", "trees"}
    assert 0 < choice["share"] <= 1
    assert choice["whole"] - choice["own"] > choice["noise"] > 0
    assert 0 < choice["n_unseen"] <= choice["n_leads"] < 1500
    (note,) = [note for note in contrary.evidence.notes if note.code.startswith("segment_")]
    assert note.code == "segment_own"
    assert set(contrary.evidence.test["segment"]) == {"outbound", "all"}
    assert contrary.evidence.plan["segments"] == ["outbound"]


def test_a_segment_like_the_whole_stays_with_it_to_the_bit(world_maker, plan):
    frame, rows, features, _, _ = divided(world_maker, 1000, 0.2, contrary=False)
    whole = train(frame, rows, features, plan)
    pooled = train(frame, rows, features, replace(plan, segments=outbound(features)))
    assert pooled.model.by_segment.corrections == {}
    assert np.array_equal(pooled.model.propensity(frame), whole.model.propensity(frame))
    assert set(pooled.model.by_segment.made_by(frame)) == {"all"}
    assert set(pooled.model.segments_of(frame)) == {"all", "outbound"}
    codes = [note.code for note in pooled.evidence.notes if note.code.startswith("segment_")]
    assert codes in (["segment_like_all"], ["segment_too_few"])
    assert pooled.evidence.figures == whole.evidence.figures


def test_leads_without_dates_and_segments_that_are_nearly_empty(world_maker, plan):
    frame, rows, features, _, _ = divided(world_maker, 600, 0.4, contrary=True, dated=False)
    nobody = resolve(
        {"nobody": {"fit__direction": Wanted(("x",))}, "giants": {"fit__employees": Wanted((), 1e3)}}, features
    )
    result = train(frame, rows, features, replace(plan, segments=(*nobody, *outbound(features))))
    codes = [note.code for note in result.evidence.notes if note.code.startswith("segment_")]
    assert codes[:2] == ["segment_empty", "segment_too_few"]
    assert set(result.model.by_segment.corrections) <= {"outbound"}


def test_the_model_says_the_same_once_it_is_kept_and_read_back(contrary, world_maker):
    frame = divided(world_maker, 100, 0.5, contrary=True, seed=6)[0]
    model, files = contrary.model, contrary.model.dump()
    loaded = LeadModel.load(files)
    assert loaded.by_segment == model.by_segment
    assert np.array_equal(loaded.propensity(frame), model.propensity(frame))
    assert np.array_equal(loaded.contributions(frame).on_propensity, model.contributions(frame).on_propensity)
    assert all(not name.endswith((".pkl", ".pickle")) for name in files)


def test_a_model_needs_the_columns_of_its_segments_though_no_tree_asks_for_them(contrary):
    segment = Segment.from_dict(outbound((DIRECTION,))[0].to_dict())
    columns = tuple(c for c in contrary.model.schema.columns if c.feature.name != DIRECTION.name)
    bare = replace(contrary.model, schema=replace(contrary.model.schema, columns=columns))
    assert DIRECTION in bare.inputs
    assert DIRECTION not in bare.features
    assert replace(bare, by_segment=SegmentModels((segment,))).inputs[-1] == DIRECTION
    assert contrary.model.inputs == contrary.model.features


@cache
def _forest() -> tuple[LeadModel, SegmentModels, list[lgb.Booster]]:
    """A model, and corrections with trees and regression, with trees, with a level alone."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"fit__x": rng.normal(size=500), "fit__direction": rng.choice(["a", "b", "c", "d"], 500).astype(object)}
    )
    features = (Feature("fit__x", "fit", "number", "x", ""), DIRECTION)
    label = (rng.random(500) < expit(frame["fit__x"] - 0.5)).astype("int64")
    rows = pd.DataFrame({"lead_id": np.arange(500), "cutoff": 0, "label": label})
    model = train(frame, rows, features, TrainingPlan(n_bootstrap=2, classifier={"n_folds": 2})).model
    matrix = model.encode(frame)
    grown = (
        LeadClassifier(n_folds=2, max_depth=3, seed=4).fit(matrix, (matrix[:, 0] < 0.3) ^ (matrix[:, 1] > 1)).boosters_
    )
    texts = tuple(booster.model_to_string() for booster in grown)
    linear = model.linear or _regression(matrix, label.to_numpy(), model)
    corrections = {
        "a": Correction(0.75, 0.4, texts, linear),
        "b": Correction(1.0, -0.2, texts),
        "c": Correction(0.5, 0.3),
    }
    segments = resolve({name: {"fit__direction": Wanted((name,))} for name in "abcd"}, features)
    return model, SegmentModels(segments, corrections), list(grown)


def _regression(matrix, y, model):
    levels = [column.levels for column in model.schema.columns]
    return LinearPart.fit(matrix, levels, y.astype(float), np.ones(len(y)), np.arange(len(y)) % 3, (0, 0))[0]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(allow_nan=True, allow_infinity=True),
            st.none() | st.sampled_from(["a", "b", "c", "d", "é"]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_contributions_are_those_of_lightgbm_and_sum_to_the_propensity_of_every_row(rows):
    model, by_segment, grown = _forest()
    pooled = replace(model, by_segment=by_segment)
    frame = pd.DataFrame(
        {
            "fit__x": pd.Series([x for x, _ in rows], dtype="float64"),
            "fit__direction": pd.Series([d for _, d in rows], dtype=object),
        }
    )
    found, whole, matrix = pooled.contributions(frame), model.contributions(frame), model.encode(frame)
    oracle = np.mean([booster.predict(matrix, pred_contrib=True) for booster in grown], axis=0)
    expected, base = whole.on_margin.copy(), whole.base.copy()
    for name, correction in by_segment.corrections.items():
        at = pooled.segments_of(frame) == name
        own, start = np.zeros(matrix.shape), np.full(len(matrix), correction.level)
        if correction.booster_texts:
            own, start = own + oracle[:, :-1], start + oracle[:, -1]
        if correction.linear is not None:
            own, start = own + correction.linear.contributions(matrix), start + correction.linear.base
        expected[at] += correction.share * own[at]
        base[at] += correction.share * start[at]
    assert np.abs(found.on_margin - expected).max() < 1e-12
    assert np.abs(found.base - base).max() < 1e-12
    assert np.abs(found.reference_propensity + found.on_propensity.sum(axis=1) - found.propensity).max() < 1e-9
    assert np.array_equal(found.propensity, pooled.propensity(frame, num_threads=2))
    assert np.array_equal(pooled.contributions(frame[:1]).on_propensity, found.on_propensity[:1])
    loaded = LeadModel.load(pooled.dump())
    assert np.array_equal(loaded.contributions(frame).on_propensity, found.on_propensity)


@pytest.mark.parametrize(
    ("choice", "code", "en", "fr"),
    [
        (SegmentChoice("out", 0, 0), "segment_empty", "no lead that was learnt from", "aucun lead de l'apprentissage"),
        (SegmentChoice("out", 40, 3), "segment_too_few", "40 leads, 3 won: too few", "dont 3 gagnés. C'est trop peu"),
        (
            SegmentChoice("out", 412, 38, "all", 0.0, 120, 0.31, 0.3, 0.02),
            "segment_too_few",
            "too few to differ from the whole; the model of all leads is used",
            "le modèle de tous les leads s'applique",
        ),
        (
            SegmentChoice("out", 5000, 380, "all", 0.0, 2000, 0.31, 0.32, 0.002),
            "segment_like_all",
            "nothing shows that it differs from the whole (log loss 0.3200 with",
            "(log loss de 0,3200 avec",
        ),
        (
            SegmentChoice("out", 5000, 380, "linear", 0.5, 2000, 0.31, 0.29, 0.002),
            "segment_own",
            "50% of its own correction is added",
            "sa propre correction s'ajoute au modèle de tous les leads (log loss de 0,2900 au lieu de 0,3100",
        ),
    ],
)
def test_the_reason_is_told_in_both_languages(choice, code, en, fr):
    note = note_of(choice)
    assert note.code == code
    assert en in note.en
    assert fr in note.fr
    assert faults_of(note.en) + faults_of(note.fr) == []


def test_without_segments_the_evidence_is_untouched(trained):
    evidence: Evidence = trained.evidence
    assert segments_told(evidence, ()) is evidence
    assert "segments" not in evidence.deployed


@pytest.mark.parametrize(("won", "sign"), [(300, 1), (100, -1)])
def test_the_level_of_a_segment_is_its_own_log_odds_over_those_expected_and_shrunk(won, sign):
    # 400 leads expected at one half: log(3) up or down, its error has the variance 1 / (400 * 3/4 * 1/4).
    y = (np.arange(400) < won).astype(float)
    full, variance = np.log(3.0), 1 / 75
    (level,) = pooled_levels([(np.zeros(400), y, np.ones(400), np.arange(400))])
    assert level == pytest.approx(sign * full * (full**2 - variance) / full**2)
