"""Pattern tables against LightGBM where models get wide, deep or large, and what a table cannot hold."""

import re
from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest

from features.errors import DataError, UseError
from models import pattern_kernel
from models.pattern_groups import _distinct_columns
from models.pattern_tables import PatternTables

PARAMS = {
    "objective": "binary",
    "verbosity": -1,
    "num_threads": 1,
    "min_data_in_leaf": 1,
    "min_data_in_bin": 1,
    "min_data_per_group": 1,
    "cat_smooth": 1,
}


def grow(matrix, signal, rounds=5, categories=(), **params):
    params = {**PARAMS, **params}
    label = (signal > np.median(signal)).astype(float)
    data = lgb.Dataset(matrix, label, categorical_feature=list(categories), params=params)
    return lgb.train(params, data, num_boost_round=rounds)


def assert_as_lightgbm(tables, boosters, matrix):
    oracle = np.mean([booster.predict(matrix, pred_contrib=True, num_threads=1) for booster in boosters], axis=0)
    for explained in (tables, replace(tables, few_rows=True)):
        contributions, base = explained.contributions(matrix)
        assert np.abs(contributions - oracle[:, :-1]).max() <= 1e-10 * np.ptp(oracle.sum(axis=1))
        assert base == pytest.approx(oracle[0, -1], rel=1e-12)
        assert explained.margin(matrix) == pytest.approx(oracle.sum(axis=1), rel=0, abs=1e-12)


def switches(n=3000, m=16):
    """Switches that must all be on, and a tree that asks for one after the other: a path over many features."""
    rng = np.random.default_rng(3)
    matrix = (rng.random((n, m)) < 0.85).astype(float)
    return matrix, matrix.cumprod(axis=1).sum(axis=1) + rng.normal(size=n) * 1e-3


@pytest.fixture(scope="module")
def booster():
    rng = np.random.default_rng(0)
    matrix = np.column_stack([rng.normal(size=(400, 3)), rng.integers(0, 5, 400)])
    signal = matrix[:, 0] * matrix[:, 1] + np.sin(matrix[:, 2]) + (matrix[:, 3] == 2)
    return grow(matrix, signal, rounds=8, categories=[3], num_leaves=12)


@pytest.fixture(scope="module")
def tables(booster):
    return PatternTables.from_boosters([booster.model_to_string()])


@pytest.fixture
def matrix():
    rng = np.random.default_rng(1)
    return np.column_stack([rng.normal(size=(50, 3)), rng.integers(-1, 6, 50)])


def test_trees_of_many_leaves_on_features_of_many_bins():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(4000, 4))
    grown = grow(X, np.sin(5 * X).sum(axis=1), rounds=15, num_leaves=200, max_bin=2000, max_depth=-1)
    compiled = PatternTables.from_boosters([grown.model_to_string()])
    assert grown.trees_to_dataframe().query("left_child.isna()").groupby("tree_index").size().max() > 64
    assert compiled.bins.n_bins.max() > 300
    assert compiled.fallback_trees == ()
    assert_as_lightgbm(compiled, [grown], np.vstack([X[:200], np.full((1, 4), np.nan)]))


def test_a_thousand_levels_and_levels_never_seen():
    rng = np.random.default_rng(3)
    levels = rng.integers(0, 1000, 8000).astype(float)
    X = np.column_stack([levels, rng.normal(size=8000)])
    grown = grow(
        X, rng.normal(size=1000)[levels.astype(int)] + X[:, 1], categories=[0], max_cat_threshold=500, max_bin=1100
    )
    compiled = PatternTables.from_boosters([grown.model_to_string()])
    assert compiled.bins.n_bins[0] > 900
    everything = np.column_stack([np.r_[np.arange(-2.0, 1200.0), np.nan, np.inf], np.zeros(1204)])
    assert_as_lightgbm(compiled, [grown], everything)


def test_a_path_over_too_many_features_is_left_to_lightgbm_visibly():
    X, signal = switches()
    grown = grow(X, signal, rounds=4, num_leaves=31, max_depth=-1)
    few = grow(X * (np.arange(16) < 6), signal, rounds=2, num_leaves=4)
    compiled = PatternTables.from_boosters([few.model_to_string(), grown.model_to_string()])
    assert compiled.fallback_trees
    assert {b for b, _ in compiled.fallback_trees} == {1}
    assert_as_lightgbm(compiled, [few, grown], X[:100])
    with pytest.raises(UseError, match=r"families: \d trees are too deep for tables"):
        compiled.family_contributions(X[:2], ["fit"] * 16)


def test_trees_beyond_the_budget_are_left_to_lightgbm(booster, matrix):
    text = booster.model_to_string()
    whole = PatternTables.from_boosters([text])
    left_out = []
    for share in np.linspace(0, 1, 12):
        compiled = PatternTables.from_boosters([text], budget_bytes=int(share * whole.nbytes))
        left_out.append([t for _, t in compiled.fallback_trees])
        assert_as_lightgbm(compiled, [booster], matrix)
        kept = PatternTables.load(compiled.dump(), [text])
        assert kept.fallback_trees == compiled.fallback_trees
        assert (kept.contributions(matrix)[0] == compiled.contributions(matrix)[0]).all()
    assert left_out[0] == list(range(8))
    # Where a large tree did not fit and a smaller one after it did, LightGBM is asked for two runs of trees.
    assert any(0 < len(trees) < trees[-1] - trees[0] + 1 for trees in left_out if trees)


def test_level_numbers_beyond_16_bits_and_nodes_without_rows_are_left_to_lightgbm():
    rng = np.random.default_rng(4)
    X = np.column_stack([rng.choice([3.0, 70_000.0, 70_001.0], 300), rng.normal(size=300)])
    grown = grow(X, X[:, 1] + (X[:, 0] == 70_000), rounds=3, categories=[0], num_leaves=6, cat_l2=0)
    assert PatternTables.from_boosters([grown.model_to_string()]).fallback_trees == ((0, 0), (0, 1), (0, 2))
    assert_as_lightgbm(PatternTables.from_boosters([grown.model_to_string()]), [grown], X[:50])
    numbers = grow(X[:, 1:], X[:, 1], rounds=3, num_leaves=6).model_to_string()
    emptied = re.sub(r"leaf_count=\d+", "leaf_count=0", numbers, count=1)
    assert PatternTables.from_boosters([emptied]).fallback_trees == ((0, 0),)


def test_a_model_without_a_split_says_the_same_of_everybody():
    grown = grow(np.zeros((20, 2)), np.arange(20.0), rounds=3)
    contributions, base = PatternTables.from_boosters([grown.model_to_string()]).contributions(np.ones((3, 2)))
    assert (contributions == 0).all()
    assert base == pytest.approx(grown.predict(np.ones((1, 2)), raw_score=True)[0], abs=1e-15)


def test_any_kind_of_matrix_gives_the_same_bits(tables, matrix):
    expected = tables.contributions(matrix)[0]
    frozen = matrix.copy()
    frozen.flags.writeable = False
    for other in (np.asfortranarray(matrix), frozen, matrix[::-1][::-1], np.repeat(matrix, 2, axis=0)[::2]):
        assert (tables.contributions(other)[0] == expected).all()
    assert tables.contributions(matrix[:0])[0].shape == (0, 4)
    assert tables.margin(matrix[:0]).shape == (0,)


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 5)])
def test_a_matrix_of_another_shape_is_refused(tables, shape):
    with pytest.raises(UseError, match="matrix: expected 4 columns"):
        tables.contributions(np.zeros(shape))


def test_tables_are_kept_and_found_again_bit_for_bit(booster, tables, matrix):
    text = booster.model_to_string()
    kept = PatternTables.load(tables.dump(), [text])
    assert (kept.contributions(matrix)[0] == tables.contributions(matrix)[0]).all()
    assert kept.base == tables.base
    assert kept.hash == tables.hash == PatternTables.from_boosters([text]).hash
    assert kept.nbytes == tables.nbytes > 1000


def test_tables_of_other_boosters_and_altered_bytes_are_refused(booster, tables):
    text, kept = booster.model_to_string(), tables.dump()
    with pytest.raises(DataError, match="compiled from other boosters"):
        PatternTables.load(kept, [text, text])
    with pytest.raises(DataError, match="expected format 'tamis pattern tables 1'"):
        PatternTables.load(kept.replace(b"pattern tables 1", b"pattern tables 9"), [text])
    with pytest.raises(DataError, match=r"'lines\.maps' is missing"):
        PatternTables.load(kept.replace(b'"lines.maps"', b'"lines.mops"'), [text])
    for cut in (b"", kept[:4], kept[:100], kept[:-1], b"\xff" * 64):
        with pytest.raises(DataError, match="the bytes are cut"):
            PatternTables.load(cut, [text])


def test_boosters_of_one_model_must_read_the_same_columns(booster, matrix):
    narrow = grow(matrix[:, :2], matrix[:, 0])
    number = grow(matrix, matrix[:, 3])
    text = booster.model_to_string()
    with pytest.raises(UseError, match="at least one booster"):
        PatternTables.from_boosters([])
    with pytest.raises(UseError, match="longest_table: expected 2 to 65536, found 65537"):
        PatternTables.from_boosters([text], longest_table=65_537)
    with pytest.raises(DataError, match=r"expected one number of columns, found \[2, 4\]"):
        PatternTables.from_boosters([text, narrow.model_to_string()])
    with pytest.raises(DataError, match="feature 3 is a number in one split and a category in another"):
        PatternTables.from_boosters([text, number.model_to_string()])


def test_where_no_folder_can_be_written_translations_are_made_anew(monkeypatch):
    def without_folder(*, nogil, cache=False):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: ("translated", nogil, function)

    monkeypatch.setattr(pattern_kernel.nb, "njit", without_folder)
    assert pattern_kernel._translated(len) == ("translated", True, len)


@pytest.mark.parametrize(("n_rows", "n_columns"), [(1, 5), (3, 200), (31, 255), (33, 90), (70, 300)])
def test_distinct_columns_are_numbered_as_numpy_does(n_rows: int, n_columns: int) -> None:
    rng = np.random.default_rng(n_rows)
    sides = (rng.random((n_rows, n_columns)) < rng.random((n_rows, 1)))[:, rng.integers(0, n_columns, n_columns)]
    kinds, number = np.unique(sides, axis=1, return_inverse=True)
    found, found_kinds = _distinct_columns(sides)
    assert np.array_equal(found, number.reshape(-1))
    assert np.array_equal(found_kinds, kinds)
