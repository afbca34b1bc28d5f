"""Steps of a training by hand, and whether what it deploys and tells is made of the rows that it was given."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from features.errors import DataError
from features.specification import Feature
from models.blend import BLEND
from models.evidence import Evidence
from models.learning import learn, part
from models.linear import LinearPart, Term
from models.periods import NAMES, forward_folds, split
from models.reference import statistics
from models.training import _importance, _join, _OutOfFold, _prepare, _recent, train
from models.young import FACTS

DAY = 86_400
QUICK = {"n_folds": 2, "max_rounds": 15}


@pytest.fixture(scope="module")
def kept(world_maker, plan):
    """Rows of unlike weights, and what a quick training makes of them."""
    world = world_maker(n=800, seed=7)
    rows = world.rows.assign(weight=np.random.default_rng(1).choice([1.0, 4.0], 1600))
    knobs = {"n_bootstrap": 2, "classifier": QUICK, "bands": (0.6, 0.3, 0.1), "seed": 3, "shares": (5, 2, 2, 1)}
    country = Feature("fit__country", "fit", "category", "country", "not known")
    frame = world.frame.assign(fit__country="FR")
    return world, rows, train(frame, rows, [*world.features, country], replace(plan, **knobs))


def test_periods_and_calibration_rows_are_those_of_the_shares_the_horizon_and_the_seed_of_the_plan(kept, plan):
    _, rows, result = kept
    ordered = rows.sort_values(["lead_id", "cutoff"]).reset_index(drop=True)
    four = split(ordered, (5, 2, 2, 1), plan.horizon_s, 3)
    assert [period["n_rows"] for period in result.evidence.periods] == [len(four.rows(name)) for name in NAMES]
    assert [period["first_cutoff"] for period in result.evidence.periods] == list(four.starts)
    assert (result.evidence.gap_days, result.evidence.forward) == (four.gap_s / DAY, True)
    at = four.rows("test")
    assert result.evidence.test["lead_id"] == ordered["lead_id"].iloc[at].tolist()
    assert result.evidence.test["weight"] == (ordered["weight"].to_numpy()[at] * four.weight[at]).tolist()
    # Rows that nobody had seen: the second period, and what two steps forward predict.
    blocks = [four.rows("calibrate"), *(fold.block for fold in forward_folds(ordered, four, 3))]
    sizes = [sum(len(one) for one in blocks[-k:]) for k in (1, 2, 3)]
    assert result.model.metadata["n_calibration_rows"] in sizes
    other = [len(fold.block) for fold in forward_folds(ordered, four, 0)]
    assert other != [len(one) for one in blocks[1:]]


def test_the_model_says_of_what_rows_it_is_made(kept):
    world, rows, result = kept
    model, last = result.model, int(rows["cutoff"].max())
    n_won = rows.loc[rows["label"] == 1, "lead_id"].nunique()
    assert dict(model.metadata) == {
        "n_rows": 1600,
        "n_leads": 800,
        "n_won": n_won,
        "base_rate": pytest.approx(np.average(rows["label"], weights=rows["weight"])),
        "n_calibration_rows": result.evidence.deployed["n_calibration_rows"],
        "first_cutoff": int(rows["cutoff"].min()),
        "last_cutoff": last,
        "horizon_s": 30 * DAY,
        "seed": 3,
        "taught_to": last,
    }
    # The newest two periods, at least.
    assert 0.2 * 1600 < model.metadata["n_calibration_rows"] < 0.6 * 1600
    assert model.reference.columns == statistics(world.frame, model.schema)
    assert set(model.reference.watched["columns"]) == set(model.names)
    assert model.reference.propensity == pytest.approx(float(model.calibration([model.reference.margin])[0]))
    everybody = model.shared.everybody
    assert everybody == (800, pytest.approx(model.metadata["base_rate"]))
    assert (model.bands.a, model.bands.b, model.bands.c) == (0.6, 0.3, 0.1)
    assert model.bands.measured["D"]["n"] > 0


def test_the_evidence_describes_what_is_deployed(kept, plan):
    _, rows, result = kept
    evidence, model = result.evidence, result.model
    assert isinstance(evidence, Evidence)
    told = dict(evidence.deployed)
    n_trees = told.pop("n_trees")
    assert 0 < n_trees <= 2 * QUICK["max_rounds"]
    assert told == {
        **{key: model.metadata[key] for key in ("n_rows", "n_leads", "n_won", "base_rate", "n_calibration_rows")},
        "young": None,
        "tables": {"bytes": model.tables.nbytes, "fallback_trees": 0},
        "calibration": model.calibration.to_dict(),
        "threshold": model.threshold.to_dict(),
        "bands": model.bands.to_dict(),
        "reference_propensity": model.reference.propensity,
    }
    assert set(evidence.importance) == set(model.names)
    assert list(evidence.importance.values()) == sorted(evidence.importance.values(), reverse=True)
    families = {name: name.partition("__")[0] for name in model.names}
    for family, share in evidence.importance_by_family.items():
        of = [evidence.importance[name] for name, own in families.items() if own == family]
        assert share == pytest.approx(sum(of)), family
    assert evidence.dropped == [{"name": "fit__country", "reason": "constant", "detail": "one level in all 1600 rows"}]
    assert evidence.learner["used"] in {"trees", "blend", "recent"}
    assert evidence.learner["tells_time"] == []
    assert evidence.plan["n_bootstrap"] == 2
    assert evidence.certificate == model.certificate.to_dict()
    assert model.certificate.first_cutoff == evidence.periods[3]["first_cutoff"]
    assert (model.certificate.tolerance, model.certificate.confidence) == (plan.tolerance, plan.certificate_confidence)
    # Of the deployed model, on rows in order of lead and cutoff, from parts that had not seen them.
    assert len(result.unseen) == len(rows)
    assert np.average(result.unseen, weights=rows["weight"]) == pytest.approx(model.metadata["base_rate"], abs=0.05)
    w, y = rows["weight"], rows["label"]
    assert np.average(result.unseen, weights=w * y) > np.average(result.unseen, weights=w * (1 - y)) + 0.1


def test_mature_rows_are_put_in_order_and_the_others_kept_beside_where_they_may_teach():
    rows = pd.DataFrame({"lead_id": [2, 1, 1, 3], "cutoff": [5, 9, 4, 1], "label": [1, 0, None, 1]})
    frame = pd.DataFrame({"x": [20.0, 19.0, 14.0, 31.0]}, index=[7, 7, 8, 9])
    taken, mature, waiting = _prepare(frame, rows)
    assert mature.to_dict("list") == {
        "lead_id": ["1", "2", "3"],
        "cutoff": [9, 5, 1],
        "label": [0, 1, 1],
        "weight": [1.0] * 3,
        "amount": pytest.approx([np.nan] * 3, nan_ok=True),
        "owner": [-1] * 3,
    }
    assert taken["x"].tolist() == [19.0, 20.0, 31.0]
    assert waiting is None
    given = {"weight": [2.0, 3, 4, 5], "amount": [1.0, 2, 3, 4], "owner": [0, 1, 2, 3], "opportunity": [1, 0, 1, 0]}
    followed = rows.assign(**dict.fromkeys(FACTS, 1.0), **given, unused="x")
    taken, mature, waiting = _prepare(frame, followed)
    assert mature["weight"].tolist() == [3, 2, 5]
    assert mature["amount"].tolist() == [2, 1, 4]
    assert mature["owner"].tolist() == [1, 0, 3]
    assert mature["opportunity"].tolist() == [0, 1, 0]
    assert "unused" not in mature
    young, about = waiting
    assert young["x"].tolist() == [14.0]
    assert about["lead_id"].tolist() == ["1"]
    assert set(FACTS) <= set(about)
    assert _prepare(frame[:2], followed[:2])[2] is None
    assert _prepare(frame, followed.drop(columns=FACTS[0]))[2] is None


@pytest.mark.parametrize("column", ["lead_id", "cutoff", "label"])
def test_rows_without_what_training_needs_are_refused_by_name(column):
    rows = pd.DataFrame({"lead_id": [1], "cutoff": [1], "label": [1]})
    with pytest.raises(DataError, match=f"found 1 rows for 1 of features, missing columns: {column}"):
        _prepare(pd.DataFrame({"x": [1.0]}), rows.drop(columns=column))
    with pytest.raises(DataError, match="found 1 rows for 2 of features, missing columns: none"):
        _prepare(pd.DataFrame({"x": [1.0, 2.0]}), rows)


def block(first, n, *, added=None):
    at = np.arange(first, first + n)
    return _OutOfFold(at, np.column_stack([at, 2.0 * at, 3.0 * at, 4.0 * at]), at + 0.5, added=added)


def test_blocks_are_joined_in_their_order_with_what_segments_add():
    joined = _join([block(0, 2), block(5, 1)])
    assert joined.at.tolist() == [0, 1, 5]
    assert joined.members.tolist() == [[0, 0, 0, 0], [1, 2, 3, 4], [5, 10, 15, 20]]
    assert joined.weight.tolist() == [0.5, 1.5, 5.5]
    assert joined.added is None
    assert joined.margin(BLEND).tolist() == [0.0, 1.5, 7.5]
    moved = _join([block(0, 2, added=np.array([0.1, 0.2])), block(5, 1, added=np.array([0.3]))])
    assert moved.margin(BLEND) == pytest.approx([0.1, 1.7, 7.8])


def rows_of(won_per_block, lost_per_block=200, days=28, n_blocks=3):
    """Blocks one after the other, each so long, with so many leads of one row."""
    label = np.tile(np.repeat([1, 0], [won_per_block, lost_per_block]), n_blocks)
    n = won_per_block + lost_per_block
    time = np.concatenate([np.linspace(0, days * DAY, n).astype(int) + k * days * DAY for k in range(n_blocks)])
    rows = pd.DataFrame({"lead_id": np.arange(len(label)), "cutoff": time, "label": label, "weight": 1.0})
    return rows, [block(k * n, n) for k in range(n_blocks)]


@pytest.mark.parametrize(
    ("made", "n_blocks"),
    [
        ({"won_per_block": 200}, 1),
        ({"won_per_block": 199}, 2),
        ({"won_per_block": 100}, 2),
        ({"won_per_block": 99}, 3),
        ({"won_per_block": 200, "lost_per_block": 199}, 2),
        ({"won_per_block": 200, "days": 27}, 2),
        ({"won_per_block": 10}, 3),
    ],
)
def test_the_newest_blocks_calibrate_as_few_as_have_200_won_and_lost_in_four_weeks(made, n_blocks):
    rows, blocks = rows_of(**made)
    found = _recent(blocks, rows, forward=True)
    assert found.at.tolist() == np.concatenate([one.at for one in blocks[-n_blocks:]]).tolist()


def test_without_time_all_blocks_calibrate():
    rows, blocks = rows_of(200)
    assert _recent(blocks, rows, forward=False).at.tolist() == list(range(1200))


def test_importance_is_the_gain_of_the_trees_and_by_its_share_what_the_regression_says(world_maker, plan):
    world = world_maker(n=400)
    n = len(world.rows)
    learnt = learn(
        world.frame, part(world.rows, np.arange(n), np.ones(n)), world.features, replace(plan, classifier=QUICK)
    )
    names = list(learnt.schema.names)
    gain = sum(booster.feature_importance("gain") for booster in learnt.trees.boosters_)
    by_feature, by_family = _importance(world.frame, learnt)
    assert by_feature == pytest.approx(dict(zip(names, gain / gain.sum(), strict=True)))
    assert set(by_family) == {"fit", "engagement", "intent"}
    assert by_family["intent"] == 0.0
    assert by_family["engagement"] == pytest.approx(sum(by_feature[name] for name in names if "engagement" in name))
    # Terms that give 1 to everybody on the first column and 3 on the second: a quarter, three quarters, half blended.
    terms = tuple(Term(0.0, 0.0, 0.0, None, 0.0, -size) for size in (1.0, 3.0, *[0.0] * (len(names) - 2)))
    regression = learnt.regressions[0]._replace(part=LinearPart(logit(0.2), terms))
    blended = replace(learnt, regressions=(regression, None, None), mix=BLEND)
    said = np.array([0.25, 0.75, *[0.0] * (len(names) - 2)])
    assert _importance(world.frame, blended)[0] == pytest.approx(
        dict(zip(names, 0.5 * gain / gain.sum() + 0.5 * said, strict=True))
    )
