"""What is read of a booster's text, and what is refused."""

import lightgbm as lgb
import numpy as np
import pytest

from features.errors import DataError
from models.booster_text import read_booster

PARAMS = {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 8, "min_data_in_leaf": 5}


def grown(**params):
    rng = np.random.default_rng(0)
    matrix = np.column_stack([rng.normal(size=300), rng.integers(0, 70, 300)])
    label = rng.integers(0, params.get("num_class", 2), 300)
    data = lgb.Dataset(matrix, label, categorical_feature=[] if "linear_tree" in params else [1])
    return lgb.train({**PARAMS, **params}, data, num_boost_round=3)


@pytest.fixture(scope="module")
def booster():
    return grown(cat_smooth=0.1, min_data_per_group=1)


@pytest.fixture(scope="module")
def text(booster):
    return booster.model_to_string()


def test_trees_are_those_of_lightgbms_own_reading(booster, text):
    n_features, trees = read_booster(text)
    assert n_features == 2
    table = booster.trees_to_dataframe()
    for k, tree in enumerate(trees):
        nodes = table[table.tree_index == k].set_index("node_index")
        for i, split in enumerate(tree.splits):
            node = nodes.loc[f"{k}-S{i}"]
            assert node.split_feature == f"Column_{split.feature}"
            assert node["count"] == tree.split_cover[i] == tree.cover(tree.left[i]) + tree.cover(tree.right[i])
            if split.left_levels is None:
                assert node.threshold == split.threshold
                assert node.missing_direction == ("left" if split.default_left else "right")
            else:
                assert node.threshold == "||".join(map(str, split.left_levels))
        for i, (value, cover) in enumerate(zip(tree.leaf_value, tree.leaf_cover, strict=True)):
            leaf = nodes.loc[f"{k}-L{i}"]
            assert leaf.value == value
            assert leaf["count"] == cover
    assert any(split.left_levels and max(split.left_levels) > 63 for tree in trees for split in tree.splits)


def test_boosters_that_are_not_one_sum_of_plain_trees_are_refused():
    with pytest.raises(DataError, match="expected num_class 1, found 3"):
        read_booster(grown(objective="multiclass", num_class=3).model_to_string())
    with pytest.raises(DataError, match="a random forest averages its trees"):
        read_booster(grown(boosting="rf", bagging_freq=1, bagging_fraction=0.5).model_to_string())
    with pytest.raises(DataError, match="tree 0 has linear leaves"):
        read_booster(grown(linear_tree=True).model_to_string())


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        ("end of trees", "", "expected 3 trees and an end, found 3"),
        ("\nTree=1\n", "\nTree 1\n", "expected 3 trees and an end, found 2"),
        ("max_feature_idx=1", "max_feature_idx=", "expected max_feature_idx, found none"),
        ("\nleaf_count=", "\nleaf_size=", "tree 0 is not readable"),
        ("\nthreshold=", "\nthreshold=x", "tree 0 is not readable"),
        ("\nnum_leaves=", "\nnum_leaves=\0", "tree 0 is not readable"),
        ("\nleaf_count=", "\nleaf_count=7 ", "tree 0 does not hang together"),
        ("\ninternal_count=", "\ninternal_count=7 ", "tree 0 does not hang together"),
        ("max_feature_idx=1", "max_feature_idx=0", "tree 0 does not hang together"),
    ],
)
def test_altered_text_is_refused(text, pattern, replacement, message):
    assert pattern in text
    altered = text.replace(pattern, replacement, 1)
    with pytest.raises(DataError, match=message):
        read_booster(altered)


def test_a_tree_that_bites_its_tail_is_refused(text):
    head, _, rest = text.partition("\nleft_child=")
    children, _, tail = rest.partition("\n")
    looped = " ".join(["0", *children.split()[1:]])
    with pytest.raises(DataError, match="does not hang together"):
        read_booster(f"{head}\nleft_child={looped}\n{tail}")


def test_a_tree_that_found_no_split_is_one_leaf_of_whatever_it_says():
    n_features, trees = read_booster(grown(min_data_in_leaf=300).model_to_string())
    assert n_features == 2
    for tree in trees:
        assert (tree.splits, tree.left, tree.right, tree.split_cover, tree.leaf_cover) == ((), (), (), (), (1,))
        assert len(tree.leaf_value) == 1
