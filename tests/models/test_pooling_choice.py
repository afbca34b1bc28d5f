"""What is done for a segment, on unseen rows whose losses can be worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from features.specification import Feature
from models.blend import TREES
from models.calibration import BetaCalibration
from models.learning import Part, learn, part
from models.pooling import SegmentChoice, Trial, _choose, _grown, _leads, _Tried, pool
from models.segment_trees import Grown, grow, pooled_levels
from models.segments import Wanted, resolve

NO_TREES = Grown(0.0, None, (), np.empty((0, 2)), 1)


def rows_of(y, lead, w=None):
    n = len(y)
    return Part(
        np.arange(n), np.array(lead), np.zeros(n, dtype=int), np.array(y, float), np.ones(n) if w is None else w
    )


def tried(y, level, members=(0.0, 0.0), *, w=None, lead=None, names=None):
    """A trial whose model says one half to all; a segment's correction of this level and these members."""
    n = len(y)
    rows = rows_of(y, np.arange(n) if lead is None else lead, w)
    of = np.full(n, "out", dtype=object) if names is None else np.array(names, dtype=object)
    grown = {} if level is None else {"out": replace(NO_TREES, level=level)}
    margins = {"out": np.tile(members, (int((of == "out").sum()), 1))}
    return _Tried(Trial(None, rows, np.zeros(n)), of, grown, margins, BetaCalibration())


def chosen(first, *others, inside=None, rows=None):
    rows = first.trial.rows if rows is None else rows
    inside = np.ones(len(rows.y), bool) if inside is None else inside
    return _choose("out", inside, rows, [first, *others])


WON = np.tile([1.0, 1, 1, 0], 100)


def loss(p):
    """Of a promise to all, where three of four are won."""
    return -0.75 * np.log(p) - 0.25 * np.log1p(-p)


def test_the_correction_of_least_loss_is_used_where_it_gains_more_than_its_noise():
    # Log-odds of 3 are right: 4 log(3) / 3 times three quarters.
    found = chosen(tried(WON, 4 / 3 * np.log(3)), tried(WON, 4 / 3 * np.log(3), lead=np.arange(400) + 1000))
    assert (found.name, found.used, found.share) == ("out", "level", 0.75)
    assert (found.n_leads, found.n_won, found.n_unseen) == (400, 300, 800)
    assert (found.whole, found.own) == (pytest.approx(loss(0.5)), pytest.approx(loss(0.75)))
    # A won row gains log(1.5), a lost one loses log(2).
    each = np.where(np.tile(WON, 2) == 1, np.log(1.5), -np.log(2))
    assert found.noise == pytest.approx(each.std() / np.sqrt(800))


def test_regression_and_trees_are_used_where_they_gain_more():
    right = np.log(3)
    linear, trees = (chosen(*[tried(WON, 0.0, members)] * 2) for members in ((right, -9.0), (right / 2, right / 2)))
    assert (linear.used, linear.share, linear.own) == ("linear", 1.0, pytest.approx(loss(0.75)))
    assert (trees.used, trees.share, trees.own) == ("trees", 1.0, pytest.approx(loss(0.75)))


def test_what_does_not_gain_is_measured_and_not_used():
    wrong = chosen(tried(WON, -1.0), tried(WON, -1.0))
    assert (wrong.used, wrong.share, wrong.n_unseen) == ("all", 0.0, 400)
    assert wrong.own > wrong.whole == pytest.approx(loss(0.5))
    # The same gain, on so few leads that it is within its noise.
    few = chosen(*[tried(WON, np.log(3), lead=np.arange(400) % 8)] * 2)
    many = chosen(*[tried(WON, np.log(3))] * 2)
    assert many.used == "level"
    assert (few.own, few.whole) == (pytest.approx(many.own), pytest.approx(many.whole))
    assert few.n_unseen == 8


def test_rows_of_one_lead_err_together_and_rows_count_by_their_weights():
    # Each lead of the trial is there twice; the gain is the same, the noise that of half as many.
    lead = np.arange(400) // 4
    pairs = chosen(*[tried(WON, np.log(3) / 2, lead=lead)] * 2)
    assert pairs.n_unseen == 100
    gain = np.where(WON == 1, np.log(2 * 3**0.5 / (1 + 3**0.5)), np.log(2 / (1 + 3**0.5)))
    gone = gain - gain.mean()
    by_lead = 2 * np.bincount(lead, gone)
    assert pairs.noise == pytest.approx(np.sqrt((by_lead**2).sum()) / 800, abs=1e-12)
    heavy = chosen(*[tried(WON, np.log(3), w=np.where(WON == 1, 1.0, 3.0))] * 2)
    assert heavy.whole == pytest.approx(-np.log(0.5))
    assert heavy.used == "all"


def test_only_rows_of_the_segment_are_looked_at():
    y, names = np.concatenate([WON, 1 - WON]), ["out"] * 400 + ["all"] * 400
    one = tried(y, np.log(3), names=names)
    found = chosen(one, one, inside=np.arange(800) < 400)
    assert (found.n_leads, found.n_won, found.used, found.own) == (400, 300, "level", pytest.approx(loss(0.75)))


@pytest.mark.parametrize(
    "trials",
    [
        # Nothing was learnt of it, on the model's own rows or in all trials but one.
        [tried(WON, None), tried(WON, 1.1), tried(WON, 1.1)],
        [tried(WON, 1.1)],
        [tried(WON, 1.1), tried(WON, None)],
        [tried(WON, 1.1), tried(WON, 1.1, names=["all"] * 400)],
    ],
)
def test_without_two_trials_the_whole_is_used_and_nothing_measured(trials):
    found = chosen(*trials)
    assert (found.n_leads, found.n_won, found.used, found.share, found.n_unseen) == (400, 300, "all", 0.0, 0)
    assert np.isnan([found.whole, found.own, found.noise]).all()


def test_what_is_added_is_the_correction_by_its_share_in_the_rows_of_its_segment():
    one = tried([1, 0, 1], 0.5, (1.0, 10.0), names=["out", "all", "out"])
    assert one.added("out", "all", 0.0).tolist() == [0.0, 0.0]
    assert one.added("out", "level", 1.0).tolist() == [0.5, 0.5]
    assert one.added("out", "linear", 0.5).tolist() == [0.75, 0.75]
    assert one.added("out", "trees", 1.0).tolist() == [11.5, 11.5]
    assert tried([1, 0], None).added("out", "level", 1.0).tolist() == [0.0, 0.0]
    choices = [SegmentChoice("out", 2, 2, "linear", 0.5), SegmentChoice("other", 0, 0)]
    assert one.chosen(choices).tolist() == [0.75, 0.0, 0.75]


def test_a_lead_is_won_where_one_of_its_rows_is():
    rows = rows_of([0, 1, 0, 0, 1], ["a", "a", "b", "b", "c"])
    assert _leads(rows, np.arange(5)) == (2, 1)
    assert _leads(rows, np.array([0, 2, 3])) == (0, 2)


def test_a_choice_is_plain_data():
    assert SegmentChoice("out", 4, 3, "level", 0.5, 2, 0.7, 0.6, 0.01).to_dict() == {
        "name": "out",
        "n_leads": 4,
        "n_won": 3,
        "used": "level",
        "share": 0.5,
        "n_unseen": 2,
        "whole": 0.7,
        "own": 0.6,
        "noise": 0.01,
    }


@pytest.fixture(scope="module")
def company(world_maker, plan):
    """A company of which half is prospected and won for the contrary reasons, and a handful came from a fair."""
    world = world_maker(n=900, snapshots=1)
    n = len(world.rows)
    rng = np.random.default_rng(4)
    kind = np.where(np.arange(n) % 2, "out", np.where(np.arange(n) % 100 == 0, "few", "in"))
    size = np.log(world.frame["fit__employees"]).fillna(4.0).to_numpy() - 4
    z = np.where(kind == "out", -1 - 2 * size, -1 + 2 * size)
    label = (rng.random(n) < 1 / (1 + np.exp(-z))).astype("int64")
    frame = world.frame.assign(fit__direction=kind)
    rows = world.rows.assign(label=label, weight=rng.choice([1.0, 2.0], n))
    direction = Feature("fit__direction", "fit", "category", "direction", "not known")
    filters = {"few": {"fit__direction": Wanted(("few",))}, "out": {"fit__direction": Wanted(("out",))}}
    features = (*world.features, direction)
    chosen = replace(plan, classifier={"n_folds": 4, "max_rounds": 10}, segments=resolve(filters, features))
    # Without the direction, so that only a segment can tell.
    learnt = learn(frame, part(rows, np.arange(0, 600), np.ones(600)), world.features, chosen, TREES)
    later = part(rows, np.arange(600, n), np.full(n - 600, 2.0))
    trial = Trial(learnt, later, learnt.margin(frame.iloc[later.at]))
    return frame, rows, kind, chosen, learnt, trial, pool(frame, learnt, [trial], chosen)


def test_only_a_segment_of_enough_leads_is_corrected_and_only_there(company):
    frame, rows, kind, plan, learnt, _, pooled = company
    few, out = pooled.choices
    assert (few.name, few.used, few.n_unseen, few.n_leads) == ("few", "all", 0, int((kind[:600] == "few").sum()))
    inside = kind[:600] == "out"
    won = rows["label"].to_numpy()[:600] == 1
    assert (out.name, out.n_leads, out.n_won) == ("out", 300, int((inside & won).sum()))
    assert out.n_unseen == 300 + int((kind[600:] == "out").sum())
    assert out.used in {"linear", "trees"}
    assert out.whole - out.own > out.noise
    assert set(pooled.learnt.by_segment.corrections) == {"out"}
    correction = pooled.learnt.by_segment.corrections["out"]
    assert correction.share == out.share
    assert pooled.learnt.by_segment.segments == plan.segments
    assert (pooled.learnt.trees, pooled.learnt.rows) == (learnt.trees, learnt.rows)
    # What is added: nothing outside; inside, something that lifts unseen leads towards what happened to them.
    assert pooled.learnt.added_unseen[~inside].tolist() == [0.0] * int((~inside).sum())
    assert np.ptp(pooled.learnt.added_unseen[inside]) > 0.5
    (added,) = pooled.added
    later = kind[600:] == "out"
    assert added[~later].tolist() == [0.0] * int((~later).sum())
    y = rows["label"].to_numpy()[600:][later]
    assert np.corrcoef(added[later], y)[0, 1] > 0.2
    # As one model, on rows that it has not seen: the same as the trial, whose model is the same.
    now = pooled.learnt.margin(frame.iloc[600:]) - learnt.margin(frame.iloc[600:])
    assert now == pytest.approx(added)


def test_losses_of_a_trial_are_those_of_its_calibrated_margin_and_what_is_added(company):
    frame, rows, kind, plan, learnt, trial, _ = company
    grown = _grown(frame, learnt, plan)
    assert set(grown) == {"out"}
    tried = _Tried.of(frame, trial, grown, plan)
    later = kind[600:] == "out"
    y, w = rows["label"].to_numpy()[600:], trial.rows.w
    calibration = BetaCalibration.fit_slope(trial.margin, y, w)
    assert tried.calibration == calibration
    assert tried.names.tolist() == np.where(kind[600:] == "in", "all", kind[600:]).tolist()
    matrix = learnt.encode(frame.iloc[600:][later])
    assert tried.members["out"] == pytest.approx(grown["out"].members(matrix))
    for used, share in (("all", 0.0), ("level", 0.5), ("linear", 1.0), ("trees", 0.25)):
        margin = trial.margin[later] + (0 if used == "all" else share * grown["out"].added(tried.members["out"], used))
        p = calibration(margin)
        assert tried.losses("out", used, share) == pytest.approx(-np.log(np.where(y[later] == 1, p, 1 - p)))
    own = _Tried.out_of_fold(learnt, tried.names, grown)
    assert own.calibration == BetaCalibration.fit(learnt.unseen_margin(), learnt.rows.y, learnt.rows.w)
    assert own.members["out"] is grown["out"].unseen
    assert (own.trial.rows, own.trial.learnt) == (learnt.rows, learnt)
    assert own.trial.margin.tolist() == learnt.unseen_margin().tolist()


def test_a_correction_grows_from_calibrated_margins_that_have_not_seen_its_leads(company):
    frame, _, kind, plan, learnt, _, _ = company
    (grown,) = _grown(frame, learnt, plan).values()
    inside = np.flatnonzero(kind[:600] == "out")
    mine, margin = learnt.rows, learnt.unseen_margin()
    offset = BetaCalibration.fit(margin, mine.y, mine.w).logit(margin)[inside]
    (level,) = pooled_levels([(offset, mine.y[inside], mine.w[inside], mine.lead[inside])])
    assert grown.level == level
    fold = learnt.trees.fold_[:600][inside]
    again = grow(learnt, frame.iloc[inside], (mine.y[inside], mine.w[inside], fold), offset, level, plan)
    assert grown.unseen == pytest.approx(again.unseen)
    assert grown.linear == again.linear
