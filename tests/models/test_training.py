import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from features.errors import DataError, GateError, UseError
from features.specification import Feature
from models.gates import require_enough
from models.lead_model import LeadModel
from models.plan import TrainingPlan
from models.training import train

DAY = 86_400
QUICK = {"n_folds": 2, "max_rounds": 40}


def test_propensities_come_near_the_true_probabilities(trained, world_maker):
    fresh = world_maker(seed=99)
    propensity = trained.model.propensity(fresh.frame)
    assert np.abs(propensity - fresh.truth).mean() < 0.06
    assert abs(propensity.mean() - fresh.truth.mean()) < 0.02
    assert roc_auc_score(fresh.rows["label"], propensity) > roc_auc_score(fresh.rows["label"], fresh.truth) - 0.03


def test_the_evidence_is_complete_forward_and_plain_json(trained, plan):
    evidence = trained.evidence
    assert evidence.forward
    assert evidence.gap_days == 30
    assert set(evidence.figures) == {"tamis", "constant", "points", "naive_bayes", "logistic"}
    for figures in evidence.figures.values():
        assert set(figures) == {"log_loss", "brier", "auc", "ece", "lift10"}
    ours = evidence.figures["tamis"]
    assert ours["log_loss"]["value"] < evidence.figures["constant"]["log_loss"]["value"]
    assert ours["auc"]["low"] < ours["auc"]["value"] < ours["auc"]["high"]
    assert [period["name"] for period in evidence.periods] == ["fit", "calibrate", "threshold", "test"]
    for earlier, later in zip(evidence.periods[:-1], evidence.periods[1:], strict=True):
        assert earlier["last_cutoff"] + plan.horizon_s <= later["first_cutoff"]
    assert evidence.swap_set["model"]["conversion"] > evidence.swap_set["points"]["conversion"]
    assert sum(evidence.importance.values()) == pytest.approx(1)
    assert sum(evidence.importance_by_family.values()) == pytest.approx(1)
    assert len(evidence.test["propensity"]) == evidence.periods[3]["n_rows"]
    assert evidence.gain_curve[-1]["gain"] == pytest.approx(1)
    text = json.dumps(evidence.to_dict(), allow_nan=False)
    assert "L00" not in text
    assert "lead_id" in json.dumps(evidence.to_dict(with_rows=True))


def test_the_deployed_model_uses_everything(trained, world):
    tables = trained.evidence.deployed["tables"]
    assert tables == {"bytes": trained.model.tables.nbytes, "fallback_trees": 0}
    assert trained.evidence.deployed["n_rows"] == len(world.rows)
    assert trained.model.metadata["n_leads"] == world.rows["lead_id"].nunique()
    assert trained.model.reference.columns["fit__employees"]["median"] == pytest.approx(
        world.frame["fit__employees"].median()
    )
    assert trained.model.reference.columns["fit__source"]["top"] == "web"


def test_the_order_of_rows_changes_nothing(world, plan):
    quick = replace(plan, n_bootstrap=2, classifier=QUICK)
    order = np.random.default_rng(0).permutation(len(world.rows))
    one = train(world.frame, world.rows, world.features, quick)
    two = train(world.frame.iloc[order], world.rows.iloc[order], world.features, quick)
    assert two.model.dump() == one.model.dump()
    assert two.evidence.to_dict(with_rows=True) == one.evidence.to_dict(with_rows=True)


def test_immature_rows_teach_nothing(world, plan):
    quick = replace(plan, n_bootstrap=2, classifier=QUICK)
    immature = world.rows[:100].assign(label=pd.NA, lead_id="young")
    frame = pd.concat([world.frame[:100], world.frame])
    rows = pd.concat([immature, world.rows])
    assert (
        train(frame, rows, world.features, quick).model.dump()
        == train(world.frame, world.rows, world.features, quick).model.dump()
    )


def test_without_dates_the_evidence_says_loudly_that_the_future_was_not_tested(world_maker, plan):
    world = world_maker(400, dated=False, snapshots=1)
    result = train(world.frame, world.rows, world.features, replace(plan, n_bootstrap=5))
    assert not result.evidence.forward
    note = next(note for note in result.evidence.notes if note.code == "no_dates")
    assert "nothing was tested on the future" in note.en
    assert "rien n'a été testé sur l'avenir" in note.fr
    assert result.evidence.deployed["n_calibration_rows"] == 400


def test_noise_is_called_noise(world_maker, plan):
    world = world_maker(500, strength=0.0)
    shuffled = world.rows.assign(label=np.random.default_rng(1).permutation(world.rows["label"]))
    result = train(world.frame, shuffled, world.features, replace(plan, n_bootstrap=50, points_grid=()))
    codes = {note.code for note in result.evidence.notes}
    assert {"no_signal", "no_threshold"} <= codes
    assert result.model.threshold.threshold is None
    why = next(note for note in result.evidence.notes if note.code == "no_threshold")
    assert (why.en, why.fr) == (result.model.threshold.reason_en, result.model.threshold.reason_fr)
    assert "points" not in result.evidence.figures
    spread = result.model.propensity(world.frame)
    assert np.quantile(spread, 0.99) - np.quantile(spread, 0.01) < 0.2


def test_drift_of_the_base_rate_is_said(world_maker, plan):
    world = world_maker(800)
    late = (world.rows["cutoff"] > world.rows["cutoff"].quantile(0.7)).to_numpy()
    chance = np.random.default_rng(5).random(len(late))
    drifted = world.rows.assign(label=(chance < np.where(late, 0.5, 0.1)).astype(int))
    result = train(world.frame, drifted, world.features, replace(plan, n_bootstrap=2, classifier=QUICK))
    assert "drift" in {note.code for note in result.evidence.notes}


def test_the_least_that_is_allowed_trains(world_maker, plan):
    world = world_maker(400, dated=False, snapshots=1)
    won, lost = (world.rows.index[world.rows["label"] == label][:40] for label in (1, 0))
    keep = won.append(lost)
    result = train(world.frame.loc[keep], world.rows.loc[keep], world.features, replace(plan, n_bootstrap=5))
    propensity = result.model.propensity(world.frame)
    assert 0.02 < propensity.min() < propensity.max() < 0.98
    with pytest.raises(GateError, match="found 39 won and 40 lost"):
        train(world.frame.loc[keep[1:]], world.rows.loc[keep[1:]], world.features, plan)


def _rows(won, lost, days):
    n = won + lost
    cutoff = np.linspace(0, days * DAY, n).astype(int)
    return pd.DataFrame({"lead_id": range(n), "cutoff": cutoff, "label": [1] * won + [0] * lost})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (_rows(20, 60, 100), r"20 won are missing; at the present pace \(1.4 won a week\) .* in about 100 days"),
        (_rows(50, 30, 90), r"10 lost are missing; .* in about 30 days"),
        (_rows(0, 60, 90), "none in 90 days"),
        (_rows(20, 60, 0), "without dates nobody can say"),
    ],
)
def test_too_few_leads_are_refused_with_what_is_missing_and_for_how_long(rows, message):
    with pytest.raises(GateError, match=message):
        require_enough(rows, TrainingPlan())


def test_all_that_is_missing_is_told_in_sentences_and_enough_is_enough():
    with pytest.raises(GateError) as refused:
        require_enough(_rows(20, 30, 70), TrainingPlan())
    assert str(refused.value) == (
        "Too few mature leads to learn from: expected at least 40 won and 40 lost, found 20 won and 30 lost. "
        "20 won are missing; at the present pace (2.0 won a week) they will be there in about 70 days. "
        "10 lost are missing; at the present pace (3.0 lost a week) they will be there in about 24 days. "
        "Add older leads with their outcome, or come back then; until then score by hand."
    )
    require_enough(_rows(40, 40, 70), TrainingPlan())
    require_enough(_rows(3, 4, 70), TrainingPlan(min_won=3, min_lost=4))
    with pytest.raises(GateError, match="found 0 won and 0 lost"):
        require_enough(_rows(0, 0, 0), TrainingPlan())


def test_rows_that_do_not_match_and_columns_that_do_not_vary_are_refused(world, plan):
    with pytest.raises(DataError, match="4000 rows for 3 of features"):
        train(world.frame[:3], world.rows, world.features, plan)
    with pytest.raises(DataError, match="missing columns: label"):
        train(world.frame, world.rows.drop(columns="label"), world.features, plan)
    with pytest.raises(DataError, match="at least one column that varies"):
        train(world.frame.assign(fit__noise=1.0), world.rows, world.features[-1:], plan)


def test_progress_is_told_in_order(world, plan):
    steps = []
    train(
        world.frame,
        world.rows,
        world.features,
        replace(plan, n_bootstrap=2, classifier=QUICK),
        lambda s, d: steps.append((s, d)),
    )
    assert [step for step, _ in steps] == ["evaluate", "baselines", "calibrate", "deploy", "done"]
    assert [done for _, done in steps] == sorted(done for _, done in steps)


@pytest.mark.parametrize(
    "knobs",
    [
        *({"rule": "magic"}, {"shares": (1, 1, 1)}, {"win_value": 0}, {"tolerance": 0}),
        *({name: edge} for name in ("confidence", "target_precision", "certificate_confidence") for edge in (0.0, 1.0)),
    ],
)
def test_impossible_knobs_are_refused(knobs):
    with pytest.raises(UseError, match="expected"):
        TrainingPlan(**knobs)


def _straight_world(n=700):
    """Everything is linear and rows are few: a regression knows, trees must guess."""
    rng = np.random.default_rng(5)
    numbers = rng.normal(size=(n, 8))
    z = -1 + numbers @ np.array([1.2, -1.0, 0.8, -0.8, 0.6, -0.6, 0.4, -0.4])
    label = (rng.random(n) < 1 / (1 + np.exp(-z))).astype("int64")
    names = [f"fit__number_{k}" for k in range(8)]
    rows = pd.DataFrame({"lead_id": [f"L{k:04d}" for k in range(n)], "cutoff": np.arange(n) * DAY, "label": label})
    features = tuple(Feature(name, "fit", "number", name, "not known") for name in names)
    return pd.DataFrame(numbers, columns=names), rows, features


def test_where_a_regression_is_ahead_it_has_its_share_and_is_explained(plan):
    frame, rows, features = _straight_world()
    result = train(frame, rows, features, replace(plan, n_bootstrap=2, horizon_s=DAY, points_grid=()))
    model = result.model
    assert model.linear is not None
    assert result.evidence.learner["used"] in {"blend", "recent"}
    assert result.evidence.learner["logistic"] < result.evidence.learner["trees"]
    assert result.evidence.notes[0].code == "logistic_ahead"
    assert sum(result.evidence.importance.values()) == pytest.approx(1)

    trees = replace(model, linear=None).margin(frame)
    blend = 0.5 * trees + 0.5 * model.linear.margin(model.encode(frame))
    assert np.allclose(model.margin(frame), blend, atol=1e-9)
    explained = model.contributions(frame)
    assert np.allclose(explained.base + explained.on_margin.sum(axis=1), blend, atol=1e-9)
    summed = explained.reference_propensity + explained.on_propensity.sum(axis=1)
    assert np.abs(summed - model.propensity(frame)).max() < 1e-9
    assert set(explained.reference_propensity) == {model.reference.propensity}

    loaded = LeadModel.load(model.dump())
    assert loaded.dump() == model.dump()
    assert np.array_equal(loaded.propensity(frame), model.propensity(frame))
    assert np.array_equal(loaded.propensity(frame[:3]), model.propensity(frame)[:3])
