import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from features.errors import UseError
from models.baselines import OdooNaiveBayes, fit_logistic, predict_logistic, rates_of_points
from models.points import PointsGrid, PointsRule


def test_odoo_s_own_unit_test_case_gives_74_30_percent():
    leads = pd.DataFrame(
        {
            "country": ["X", "Y", "X", None, None],
            "state": ["A", "A", "B", None, None],
            "email": ["correct"] * 5,
            "phone": ["correct", "correct", "correct", "incorrect", "incorrect"],
            "source": ["T", None, "S", "S", None],
        }
    )
    bayes = OdooNaiveBayes().fit(leads, [1, 1, 0, 0, 0], stage=[0, 0, 1, 0, 0])
    assert bayes.prior == (2.1, 3.1)
    assert bayes.counts["country"]["X"] == (1.1, 1.1)
    assert bayes.counts["source"]["S"] == (0.1, 2.1)
    assert bayes.counts["stage"]["1"] == (2.1, 1.1)
    lead = pd.DataFrame({"country": ["X"], "state": ["A"], "email": ["correct"], "phone": ["correct"], "source": ["S"]})
    assert round(100 * bayes.predict(lead, stage=[1])[0], 2) == 74.30


@pytest.mark.parametrize(("outcome", "counts"), [(1, (2.1, 0.1)), (0, (0.1, 2.1))])
def test_odoo_counts_where_nobody_was_lost_or_nobody_won(outcome, counts):
    bayes = OdooNaiveBayes().fit(pd.DataFrame({"source": ["web", "web"]}), [outcome, outcome])
    assert bayes.counts == {"source": {"web": counts}}
    assert bayes.prior == counts


def test_odoo_skips_unset_and_unseen_values_and_clamps():
    leads = pd.DataFrame(
        {"source": pd.Categorical(["web"] * 5000 + ["fair"] * 5000), "size": pd.Categorical(["S"] * 10_000)}
    )
    bayes = OdooNaiveBayes().fit(leads, [1] * 5000 + [0] * 5000)
    found = bayes.predict(pd.DataFrame({"source": ["web", "fair", None, "new"], "size": ["S", "S", "S", None]}))
    assert found[:2].tolist() == [0.9999, 0.0001]
    assert found[2:] == pytest.approx([0.5, 0.5])


def test_points_add_up_and_null_earns_none():
    grid = PointsGrid(
        (
            PointsRule("visits", 10, at_least=3),
            PointsRule("visits", 5, at_least=10),
            PointsRule("area", -10, equals="out"),
        ),
        10,
    )
    frame = pd.DataFrame({"visits": [2.0, 3.0, 12.0, np.nan], "area": ["in", "out", None, "out"]})
    assert grid.points(frame).tolist() == [0, 0, 15, -10]


def test_a_grid_keeps_the_rules_whose_columns_exist_and_is_absent_when_none_does():
    rules = (PointsRule("visits", 10, at_least=3), PointsRule("gone", 5, at_least=1))
    assert PointsGrid.applicable(rules, 10, ["visits"]).rules == rules[:1]
    assert PointsGrid.applicable(rules, 10, ["other"]) is None


def test_a_points_rule_has_exactly_one_condition():
    with pytest.raises(UseError, match="found both"):
        PointsRule("x", 1, at_least=1, equals="a")


def test_more_points_read_as_a_higher_rate():
    points = np.repeat([0.0, 10.0, 30.0], 100)
    y = np.concatenate(
        [np.repeat([1.0, 0.0], [5, 95]), np.repeat([1.0, 0.0], [15, 85]), np.repeat([1.0, 0.0], [40, 60])]
    )
    p = rates_of_points(points, y, np.ones(300)).predict_proba([[0.0], [10.0], [30.0]])[:, 1]
    assert p == pytest.approx([0.06, 0.13, 0.40], abs=0.03)


def test_the_logistic_baseline_stands_missing_cells_new_levels_and_empty_columns():
    rng = np.random.default_rng(0)
    x, kind = rng.normal(size=600), rng.choice(["a", "b", "rare"], 600, p=[0.6, 0.395, 0.005])
    y = (rng.random(600) < 1 / (1 + np.exp(-x - (kind == "b")))).astype(float)
    matrix = pd.DataFrame(
        {"x": np.where(rng.random(600) < 0.2, np.nan, x), "kind": pd.Categorical(kind), "void": np.full(600, np.nan)}
    )
    matrix.loc[:50, "kind"] = None
    model = fit_logistic(matrix, y, np.ones(600), seed=0)
    later = pd.DataFrame({"x": [2.0, np.nan], "kind": pd.Categorical(["never seen", None]), "void": [np.nan, 1.0]})
    assert np.isfinite(predict_logistic(model, later)).all()
    assert roc_auc_score(y, predict_logistic(model, matrix)) > 0.65


def _cells(n=400, seed=1):
    rng = np.random.default_rng(seed)
    x, kind = rng.normal(size=n), rng.choice(["a", "b"], n)
    y = (rng.random(n) < 1 / (1 + np.exp(-x - (kind == "b")))).astype(float)
    return pd.DataFrame({"x": x, "kind": pd.Categorical(kind)}), y


def test_the_logistic_baseline_counts_rows_by_their_weights():
    matrix, y = _cells()
    times = np.random.default_rng(2).integers(1, 4, 400)
    repeated = np.repeat(np.arange(400), times)
    weighted = predict_logistic(fit_logistic(matrix, y, times.astype(float), seed=0), matrix)
    alone = predict_logistic(fit_logistic(matrix, y, np.ones(400), seed=0), matrix)
    again = predict_logistic(fit_logistic(matrix.iloc[repeated], y[repeated], np.ones(len(repeated)), seed=0), matrix)
    # The scaler sees each row once, which moves a penalised weight a little.
    assert np.abs(weighted - again).max() < 0.01
    assert np.abs(alone - again).max() > 0.02


def test_of_too_many_rows_some_are_drawn_by_the_seed(monkeypatch):
    matrix, y = _cells()
    monkeypatch.setattr("models.baselines._MOST_LOGISTIC_ROWS", 100)
    rows = np.sort(np.random.default_rng(5).choice(400, 100, replace=False))
    w = np.linspace(1, 2, 400)
    drawn = predict_logistic(fit_logistic(matrix, y, w, seed=5), matrix)
    assert (
        drawn.tolist() == predict_logistic(fit_logistic(matrix.iloc[rows], y[rows], w[rows], seed=0), matrix).tolist()
    )
    assert drawn.tolist() != predict_logistic(fit_logistic(matrix, y, w, seed=6), matrix).tolist()


def test_levels_of_under_ten_rows_are_one_and_null_is_a_level():
    kind = pd.Categorical(np.repeat(["a", "b", "c"], [30, 9, 9]).tolist() + [None] * 12)
    y = np.concatenate([np.arange(30) < 6, np.ones(18), np.arange(12) < 6]).astype(float)
    model = fit_logistic(pd.DataFrame({"kind": kind}), y, np.ones(60), seed=0)
    names = model[0].get_feature_names_out().tolist()
    assert names == ["categories__kind_(null)", "categories__kind_a", "categories__kind_infrequent_sklearn"]
    asked = pd.DataFrame({"kind": pd.Categorical(["b", "c", "new", "a", None])})
    rare, same, new, often, null = predict_logistic(model, asked)
    assert rare == same == new > null > often


def test_medians_stand_for_missing_numbers_beside_an_indicator():
    matrix = pd.DataFrame({"x": [0.0, 1.0, 2.0, 9.0, np.nan] * 20})
    y = np.tile([0.0, 0, 1, 1, 1], 20)
    model = fit_logistic(matrix, y, np.ones(100), seed=0)
    assert model[0].get_feature_names_out().tolist() == ["numbers__x", "numbers__missingindicator_x"]
    assert (
        model[0].transform(pd.DataFrame({"x": [np.nan]}))[0, 0] == model[0].transform(pd.DataFrame({"x": [1.5]}))[0, 0]
    )
    # What is missing was always won: it is more than its median.
    null, median = predict_logistic(model, pd.DataFrame({"x": [np.nan, 1.5]}))
    assert null > median


def test_weights_count_rows_when_points_become_rates():
    points, y = np.repeat([0.0, 10.0], 2), np.array([0.0, 1, 0, 1])
    p = rates_of_points(points, y, np.array([900.0, 100, 500, 500])).predict_proba([[0.0], [10.0]])[:, 1]
    assert p == pytest.approx([0.1, 0.5], abs=0.01)
