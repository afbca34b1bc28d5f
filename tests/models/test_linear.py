import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from models import linear
from models.linear import LinearPart, Prior

LEVELS = (None, None, ("a", "b", "c"))
FREE = (0, 0, 0)


def _rows(n=600, seed=0):
    rng = np.random.default_rng(seed)
    matrix = np.column_stack([rng.normal(5, 3, n), rng.exponential(1, n), rng.integers(0, 3, n)]).astype(float)
    z = 0.4 * (matrix[:, 0] - 5) - 0.7 * matrix[:, 1] + np.array([0.0, 0.5, -0.5])[matrix[:, 2].astype(int)]
    return matrix, (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float), np.arange(n) % 5


def _fit(matrix, y, fold, directions=FREE, w=None):
    return LinearPart.fit(matrix, LEVELS, y, np.ones(len(y)) if w is None else w, fold, directions)


def test_margins_are_those_of_scikit_learn():
    matrix, y, fold = _rows()
    part, _ = _fit(matrix, y, fold)
    numbers = (matrix[:, :2] - matrix[:, :2].mean(axis=0)) / matrix[:, :2].std(axis=0)
    design = np.column_stack([numbers, np.eye(3)[matrix[:, 2].astype(int)]])
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(design, y).decision_function(design)
    assert np.allclose(part.margin(matrix), theirs, atol=2e-3)


def test_contributions_are_the_shapley_values_of_independent_columns():
    matrix, y, fold = _rows()
    part, _ = _fit(matrix, y, fold)
    lead = matrix[:1]

    def value(known):
        mixed = matrix.copy()
        mixed[:, known] = lead[:, known]
        return part.margin(mixed).mean()

    weights = {0: 1 / 3, 1: 1 / 6, 2: 1 / 3}
    for j in range(3):
        others = [k for k in range(3) if k != j]
        coalitions = [list(c) for size in range(3) for c in itertools.combinations(others, size)]
        phi = sum(weights[len(c)] * (value([*c, j]) - value(c)) for c in coalitions)
        assert part.contributions(lead)[0, j] == pytest.approx(phi, abs=1e-10)


def test_contributions_and_base_sum_to_the_margin_whatever_the_values():
    matrix, y, fold = _rows()
    matrix[::7, 0] = np.nan
    matrix[::11, 2] = np.nan
    part, _ = _fit(matrix, y, fold)
    strange = np.array([[np.nan, np.inf, np.nan], [-np.inf, -9.0, 1.0], [1e300, 0.0, 0.0]])
    assert np.isfinite(part.margin(strange)).all()
    assert np.allclose(part.base + part.contributions(strange).sum(axis=1), part.margin(strange), rtol=1e-12)
    assert part.base == pytest.approx(part.margin(matrix).mean())


def test_a_number_counts_for_one_range_beyond_what_was_seen_and_no_further():
    matrix, y, fold = _rows()
    part, _ = _fit(matrix, y, fold)
    low, high = matrix[:, 0].min(), matrix[:, 0].max()
    lead = np.repeat(matrix[:1], 4, axis=0)
    lead[:, 0] = [high, high + (high - low) / 2, 2 * high - low, high + 9 * (high - low)]
    margin = part.margin(lead)
    assert margin[0] < margin[1] < margin[2] == margin[3]


def test_a_declared_direction_holds_against_the_data():
    matrix, y, fold = _rows()
    part, _ = _fit(matrix, y, fold, directions=(-1, 1, 0))
    assert part.terms[0].slope == part.terms[1].slope == 0.0
    assert _fit(matrix, y, fold, directions=(1, -1, 0))[0].terms[0].slope > 0


def test_unseen_margins_know_nothing_of_their_own_labels():
    rng = np.random.default_rng(1)
    matrix, y, fold = rng.normal(size=(200, 40)), (rng.random(200) < 0.5).astype(float), np.arange(200) % 5
    part, unseen = LinearPart.fit(matrix, (None,) * 40, y, np.ones(200), fold, (0,) * 40)
    assert roc_auc_score(y, part.margin(matrix)) > 0.75
    assert roc_auc_score(y, unseen()) < 0.6


def test_a_cell_that_is_no_number_stands_at_the_median_of_those_that_are():
    column = linear._Column.read(np.array([1.0, 3.0, np.inf, 8.0, np.nan]), None)
    # 1, 3, 3, 8, 3: their mean is 3.6, their variance (6.76 + 3 * 0.36 + 19.36) / 5 = 5.44.
    assert (column.median, column.scale) == (3.0, pytest.approx(5.44**0.5))
    assert column.design[:, 0] == pytest.approx(np.array([-2.6, -0.6, -0.6, 4.4, -0.6]) / 5.44**0.5)
    assert column.design[:, 1].tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_the_scale_of_the_weights_does_not_matter_and_rare_levels_share_one():
    matrix, y, fold = _rows()
    matrix[:4, 2] = 2.0
    matrix[4:, 2] = np.minimum(matrix[4:, 2], 1.0)
    one, _ = _fit(matrix, y, fold)
    many, _ = _fit(matrix, y, fold, w=np.full(len(y), 7.0))
    assert np.allclose(one.margin(matrix), many.margin(matrix))


def test_numbers_survive_json_to_the_last_bit():
    part, _ = _fit(*_rows())
    assert LinearPart.from_dict(json.loads(json.dumps(part.to_dict()))) == part


def test_of_many_rows_those_drawn_give_the_weights_of_all(monkeypatch):
    rng = np.random.default_rng(3)
    n = 40_000
    matrix = np.column_stack([rng.normal(size=n), rng.integers(0, 3, n)])
    y = (rng.random(n) < 1 / (1 + np.exp(4 - matrix[:, 0] - (matrix[:, 1] == 2)))).astype(float)
    fold = np.arange(n) % 4
    given = (matrix, (None, ("a", "b", "c")), y, rng.uniform(0.5, 2, n), fold, (0, 0))
    drawn, unseen = LinearPart.fit(*given)
    monkeypatch.setattr(linear, "_MOST_ROWS", n)
    everything, unseen_of_all = LinearPart.fit(*given)
    assert drawn.terms[0].slope == pytest.approx(everything.terms[0].slope, abs=0.05)
    assert np.abs(drawn.margin(matrix) - everything.margin(matrix)).mean() < 0.05
    assert np.abs(unseen() - unseen_of_all()).mean() < 0.06


def least(design, y, w, offset, ridge, free):
    """Weights of least penalised loss, by another hand; the intercept is free, or absent."""
    columns = np.column_stack([np.ones(len(y)), design]) if free else design
    penalty = np.full(columns.shape[1], ridge)
    penalty[0] = 0.0 if free else ridge

    def loss(b):
        z = offset + columns @ b
        return float(w @ (np.logaddexp(0, z) - y * z) + 0.5 * penalty @ b**2)

    found = minimize(loss, np.zeros(columns.shape[1]), method="BFGS", options={"gtol": 1e-8})
    return columns @ found.x


@pytest.mark.parametrize(("known", "ridge"), [(None, 1.0), (None, 100.0), (0.5, 1.0), (0.5, 30.0)])
def test_rows_count_by_weight_and_what_is_known_beforehand_is_left_to_itself(known, ridge):
    matrix, y, fold = _rows(400)
    w = np.random.default_rng(2).choice([1.0, 5.0], 400)
    offset = None if known is None else known * (matrix[:, 0] - 5) - 0.3
    part, _ = LinearPart.fit(matrix, LEVELS, y, w, fold, FREE, prior=Prior(ridge, offset))
    numbers = (matrix[:, :2] - matrix[:, :2].mean(axis=0)) / matrix[:, :2].std(axis=0)
    design = np.column_stack([numbers, np.eye(3)[matrix[:, 2].astype(int)]])
    expected = least(design, y, w / w.mean(), 0.0 if offset is None else offset, ridge, free=known is None)
    assert np.allclose(part.margin(matrix), expected, atol=2e-3)
    assert part.base == pytest.approx(np.average(part.margin(matrix), weights=w))
    for j, term in enumerate(part.terms):
        assert np.average(term(matrix[:, j]), weights=w) == pytest.approx(0.0, abs=1e-9)


def test_levels_of_fewer_than_ten_rows_share_a_weight_and_one_that_was_never_there_has_none():
    # 20 of a, 9 of b, 10 of c, none of d, 3 of e, 12 of null; b and e are rare.
    codes = np.repeat([0.0, 1, 2, 4, np.nan], [20, 9, 10, 3, 12])
    column = linear._Column.read(codes, tuple("abcde"))
    assert column.design.sum(axis=0).tolist() == [20, 10, 12, 12]
    assert column.codes.tolist() == [0, 3, 1, 3, 3, 2]
    assert (column.n_levels, column.scale) == (5, 1.0)
    weights = np.array([0.5, -0.5, 2.0, 9.0])
    term = column.term(weights, np.ones(54))
    assert term.levels == (0.5, 9.0, -0.5, 9.0, 9.0)
    assert term.at_null == 2.0
    assert term.average == pytest.approx((20 * 0.5 + 12 * 9.0 - 10 * 0.5 + 12 * 2.0) / 54)
    assert column.bounds(1) == [(None, None)] * 4
    # Without a rare level the last column is the last frequent one, and what was never there weighs nothing.
    full = linear._Column.read(np.repeat([0.0, 1], 10), ("a", "b", "c"))
    assert full.design.shape == (20, 2)
    assert full.term(np.array([1.0, 2.0]), np.ones(20)).levels == (1.0, 2.0, 0.0)
    assert full.term(np.array([1.0, 2.0]), np.ones(20)).at_null == 0.0


def test_a_number_counts_per_unit_within_a_range_beyond_what_was_seen_and_null_beside_the_median():
    column = linear._Column.read(np.array([2.0, 4.0, 12.0, np.nan]), None)
    term = column.term(np.array([3.0, 0.25]), np.array([1.0, 1.0, 1.0, 3.0]))
    slope = 3.0 / column.scale
    assert (term.slope, term.low, term.high, term.levels) == (slope, -8.0, 22.0, None)
    assert term.at_null == pytest.approx(slope * 4.0 + 0.25)
    assert term.average == pytest.approx((slope * 18 + 3 * term.at_null) / 6)
    assert column.bounds(1) == [(0.0, None), (None, None)]
    assert column.bounds(-1) == [(None, 0.0), (None, None)]
    assert column.bounds(0) == [(None, None)] * 2
    void = linear._Column.read(np.array([np.nan, np.nan]), None).term(np.array([1.0, 0.5]), np.ones(2))
    assert (void.low, void.high, void.at_null) == (0.0, 0.0, 0.5)


def test_of_too_many_rows_the_rarer_outcome_comes_first_and_weights_undo_the_draw(monkeypatch):
    monkeypatch.setattr(linear, "_MOST_ROWS", 100)
    y, w = (np.arange(1000) % 20 == 0).astype(float), np.where(np.arange(1000) % 2, 1.0, 3.0)
    rows, weight = linear._drawn(y, w, seed=3)
    # All 50 won rows stay; 50 of 950 lost ones stand for 19 each.
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert (len(rows), y[rows].sum()) == (100, 50)
    assert weight == pytest.approx(w[rows] / 2 * np.where(y[rows] == 1, 1.0, 19.0))
    assert linear._drawn(y, w, seed=3)[0].tolist() == rows.tolist() != linear._drawn(y, w, seed=4)[0].tolist()
    # Of won and lost alike half each, whichever is rarer.
    even, even_weight = linear._drawn(1 - (np.arange(1000) % 4 == 0), np.ones(1000), seed=3)
    assert ((even % 4 == 0).sum(), even_weight.sum()) == (50, pytest.approx(1000))
    few, same = linear._drawn(y[:100], w[:100], seed=3)
    assert (few.tolist(), same.tolist()) == (list(range(100)), (w[:100] / 2).tolist())


def test_contributions_of_a_blend_are_the_weighted_means():
    matrix, y, fold = _rows(100)
    part = replace(_fit(matrix, y, fold)[0], share=0.25)
    phi, base = part.blend(np.ones((100, 3)), 2.0, matrix)
    assert phi == pytest.approx(0.75 + 0.25 * part.contributions(matrix))
    assert base == part.blend_base(2.0) == pytest.approx(1.5 + 0.25 * part.base)
