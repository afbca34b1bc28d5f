"""What a test period says of a procedure, beside the same figures worked out from its rows by other hands."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from features.language import percent
from features.matrix import to_matrix
from features.specification import Feature
from models import baselines, comparison
from models.drift import calibrate
from models.evaluation import evaluate
from models.learning import learn, part
from models.metrics import gain_curve
from models.periods import NAMES, split
from models.points import PointsRule
from models.pricing import Pricing
from models.promises import Promises
from models.segments import Wanted, resolve
from models.slices import slices
from tests.prose import faults_of

QUICK = {"n_folds": 2, "max_rounds": 20}


class Trial:
    """A company of which everything is at hand: rows of unlike weights, and what was learnt from the oldest.

    Its country says nothing to a model but may stand in a grid; nothing is known of its size in words.
    """

    def __init__(self, world, plan, **columns):
        silent = [Feature(name, "fit", "category", name, "not known") for name in ("fit__country", "fit__void")]
        rng = np.random.default_rng(1)
        n = len(world.rows)
        self.plan = plan
        self.frame = world.frame.assign(fit__country="FR", fit__void=None)
        self.rows = world.rows.assign(weight=rng.choice([1.0, 3.0], n), amount=np.nan, owner=-1, **columns)
        self.four = split(self.rows, plan.shares, plan.horizon_s, plan.seed)
        at = self.four.rows("fit")
        self.learnt = learn(self.frame, part(self.rows, at, self.four.weight[at]), [*world.features, *silent], plan)
        self.pricing = Pricing(self.frame, self.rows, self.learnt, None, plan)
        self.found = evaluate(self.frame, self.rows, self.four, self.learnt, self.pricing)

    def of(self, name):
        """Positions, labels and weights of a period."""
        at = self.four.rows(name)
        here = self.rows.iloc[at]
        return at, here["label"].to_numpy(), (here["weight"] * self.four.weight[at]).to_numpy()


@pytest.fixture(scope="module")
def trial(world_maker, plan) -> Trial:
    world = world_maker(n=700)
    segments = resolve({"web": {"fit__source": Wanted(("web",))}}, world.features)
    rules = (PointsRule("fit__country", 5, equals="FR"), PointsRule("fit__void", 5, equals="small"))
    chosen = replace(
        plan,
        classifier=QUICK,
        n_bootstrap=5,
        segments=segments,
        points_grid=(*plan.points_grid, *rules),
        points_threshold=25,
    )
    return Trial(world, chosen, opportunity=(np.arange(1400) % 3 == 0).astype(float))


def test_propensities_are_calibrated_on_the_second_period_and_stand_beside_what_happened(trial):
    at, y, w = trial.of("test")
    margin = {name: trial.learnt.margin(trial.frame.iloc[trial.four.rows(name)]) for name in NAMES[1:]}
    assert {name: values.tolist() for name, values in trial.found.margin.items()} == {
        name: values.tolist() for name, values in margin.items()
    }
    second = trial.four.rows("calibrate")
    unseen = part(trial.rows, second, trial.four.weight[second]).margins(margin["calibrate"])
    first = trial.learnt.rows.margins(trial.learnt.unseen_margin())
    expected = calibrate(unseen, first)(margin["test"])
    test, rows = trial.found.test, trial.rows.iloc[at]
    assert set(test) == {"lead_id", "cutoff", "label", "weight", "propensity", "segment"}
    assert test["propensity"] == pytest.approx(expected)
    assert test["lead_id"] == rows["lead_id"].tolist()
    assert test["cutoff"] == rows["cutoff"].tolist()
    assert test["label"] == y.tolist()
    assert test["weight"] == w.tolist()
    assert test["segment"] == np.where(trial.frame["fit__source"].iloc[at] == "web", "web", "all").tolist()


def test_every_period_is_described_by_its_rows_leads_and_weighted_conversion(trial):
    assert [found["name"] for found in trial.found.periods] == list(NAMES)
    for found in trial.found.periods:
        at, y, w = trial.of(found["name"])
        rows = trial.rows.iloc[at]
        assert found == {
            "name": found["name"],
            "first_cutoff": found["first_cutoff"],
            "last_cutoff": found["last_cutoff"],
            "n_rows": len(rows),
            "n_leads": rows["lead_id"].nunique(),
            "n_won": rows.loc[rows["label"] == 1, "lead_id"].nunique(),
            "base_rate": pytest.approx(np.average(y, weights=w)),
        }
        assert found["first_cutoff"] <= rows["cutoff"].min() <= rows["cutoff"].max() <= found["last_cutoff"]


def test_figures_of_every_system_are_those_of_scikit_learn_on_weighted_rows(trial):
    at, y, w = trial.of("test")
    taught = np.concatenate([trial.four.rows(name) for name in NAMES[:2]])
    y0, w0 = (np.concatenate([trial.of(name)[k] for name in NAMES[:2]]) for k in (1, 2))
    frame, now = trial.frame.iloc[taught], trial.frame.iloc[at]
    views = "engagement__views_count_30d"
    points, points_now = (
        5.0 + 10.0 * (one[views] >= 2) + 20.0 * (one["fit__source"] == "partner") for one in (frame, now)
    )
    rates = baselines.rates_of_points(points.to_numpy(), y0, w0)
    regression = baselines.fit_logistic(to_matrix(frame, trial.learnt.schema), y0, w0, trial.plan.seed)
    scores = {
        "tamis": np.array(trial.found.test["propensity"]),
        "constant": np.full(len(y), np.average(y0, weights=w0)),
        "naive_bayes": baselines.OdooNaiveBayes().fit(frame[["fit__source"]], y0).predict(now[["fit__source"]]),
        "logistic": baselines.predict_logistic(regression, to_matrix(now, trial.learnt.schema)),
        "points": rates.predict_proba(points_now.to_numpy()[:, None])[:, 1],
    }
    assert set(trial.found.figures) == set(trial.found.gain_curves) == set(scores)
    for system, p in scores.items():
        found = trial.found.figures[system]
        assert found["log_loss"]["value"] == pytest.approx(log_loss(y, p, sample_weight=w)), system
        assert found["brier"]["value"] == pytest.approx(brier_score_loss(y, p, sample_weight=w)), system
        assert found["auc"]["value"] == pytest.approx(roc_auc_score(y, p, sample_weight=w)), system
        rank = {"points": points_now.to_numpy()}.get(system, p)
        assert trial.found.gain_curves[system] == gain_curve(y.astype(float), rank, w), system
    ranked = {name: (p, {"points": points_now.to_numpy()}.get(name, p)) for name, p in scores.items()}
    who = trial.rows["lead_id"].to_numpy()[at]
    resampled = comparison.figures(y.astype(float), ranked, w, who, trial.plan.n_bootstrap, trial.plan.seed)
    for system, figures in resampled.items():
        for name, figure in figures.items():
            assert trial.found.figures[system][name] == pytest.approx(asdict(figure)), (system, name)


def test_the_rows_of_the_test_are_shown_whole_by_bins_parts_and_bands(trial):
    at, y, w = trial.of("test")
    p = np.array(trial.found.test["propensity"])
    shown = trial.found.reliability
    assert sum(one["n"] for one in shown) == len(y)
    top = p >= np.sort(p)[-shown[-1]["n"]]
    assert shown[-1]["stated"] == pytest.approx(np.average(p[top], weights=w[top]))
    assert shown[-1]["observed"] == pytest.approx(np.average(y[top], weights=w[top]))

    promises = Promises(y, p, w, trial.rows["lead_id"].to_numpy()[at])
    handed = p >= trial.found.decision["choice"]["threshold"]
    assert 0 < handed.mean() < 1
    assert trial.found.slices == slices(trial.frame.iloc[at], promises, handed, 0.3, 0.9)

    decided = trial.of("threshold")
    bands, who = trial.found.decision["bands"], trial.rows["lead_id"].to_numpy()[decided[0]]
    assert bands["b"] == trial.found.decision["choice"]["threshold"]
    assert {letter: set(found) for letter, found in bands["measured"].items()} == {
        letter: {"n", "conversion", "low", "high"} for letter in "ABCD"
    }
    shares = [found["conversion"] for found in bands["measured"].values()]
    assert shares == sorted(shares, reverse=True)
    assert max(found["n"] for found in bands["measured"].values()) <= len(set(who))
    assert trial.found.decision["choice"]["n_leads"] == len(set(who))


def test_the_grid_of_the_company_is_compared_on_the_leads_and_opportunities_of_the_test(trial):
    at, _, _ = trial.of("test")
    (grid,) = trial.found.points_grids
    first = trial.frame.iloc[at].groupby(trial.rows["lead_id"].to_numpy()[at])
    reached = first.apply(lambda one: bool((one["fit__source"] == "partner").any()))
    assert (grid["name"], grid["threshold"], grid["n_rules"], grid["absent"]) == ("settings", 25, 4, ["fit__void"])
    assert grid["swap_set"]["n_selected"] == int(reached.sum())
    assert grid["swap_set"]["opportunities"]["points"] > 0
    without = evaluate(
        trial.frame, trial.rows.drop(columns="opportunity"), trial.four, trial.learnt, trial.pricing
    ).points_grids[0]
    assert without == {**grid, "swap_set": {**grid["swap_set"], "opportunities": None}}


def codes(trial):
    return {note.code: note for note in trial.found.notes}


def test_a_ranking_that_ranks_has_no_remark(trial):
    assert codes(trial) == {}


def test_what_is_no_better_than_chance_or_than_one_number_for_all_is_called_so(world_maker, plan):
    world = world_maker(n=300, seed=3)
    drawn = np.random.default_rng(2).random(len(world.rows)) < 0.4
    blind = replace(world, rows=world.rows.assign(label=drawn.astype("int64")))
    told = Trial(
        blind, replace(plan, classifier=QUICK, n_bootstrap=20, points_grid=(PointsRule("gone", 5, equals="x"),))
    )
    found = codes(told)
    assert {"no_signal", "points_grid_absent"} <= set(found)
    ours, flat = told.found.figures["tamis"], told.found.figures["constant"]
    assert ("not_better_than_constant" in found) == (ours["log_loss"]["value"] >= flat["log_loss"]["value"])
    auc = [ours["auc"][key] for key in ("value", "low", "high")]
    assert "chance (AUC {:.2f}, interval {:.2f} to {:.2f})".format(*auc) in found["no_signal"].en
    assert "(AUC {:.2f}, intervalle de {:.2f} à {:.2f})".format(*auc).replace(".", ",") in found["no_signal"].fr
    assert "points" not in told.found.figures
    assert [fault for note in told.found.notes for fault in faults_of(note.en) + faults_of(note.fr)] == []


def test_a_ranking_too_good_to_be_true_and_a_conversion_that_has_moved_are_told(world_maker, plan):
    world = world_maker(n=400, seed=4)
    late = (world.rows["cutoff"] > world.rows["cutoff"].quantile(0.7)).to_numpy()
    won = np.random.default_rng(5).random(len(late)) < np.where(late, 0.5, 0.1)
    leaked = world.frame.assign(fit__noise=won + 0.0)
    told = Trial(
        replace(world, frame=leaked, rows=world.rows.assign(label=won.astype("int64"))),
        replace(plan, classifier=QUICK, n_bootstrap=5),
    )
    found = codes(told)
    assert set(found) == {"too_good", "drift"}
    old, new = (told.found.periods[k]["base_rate"] for k in (0, 3))
    assert f"from {percent(old, 'en')} in the oldest period to {percent(new, 'en')} in the newest" in found["drift"].en
    assert f"de {percent(old, 'fr')} sur la période la plus ancienne à {percent(new, 'fr')} sur" in found["drift"].fr
    assert [fault for note in told.found.notes for fault in faults_of(note.en) + faults_of(note.fr)] == []
