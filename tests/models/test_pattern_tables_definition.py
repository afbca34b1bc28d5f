"""Pattern tables against the definition: the Shapley value as a sum over all sets of players.

Nothing here is shared with the tables: trees come from LightGBM's JSON, and the game is played out.
"""

from dataclasses import replace
from itertools import combinations
from math import factorial

import lightgbm as lgb
import numpy as np
import pytest

from features.errors import UseError
from models.pattern_tables import PatternTables

FAMILIES = ("fit", "engagement", "fit", "intent", "engagement")


def expectation(node, row, known):
    """Mean of the leaves, following the row at features of ``known`` and the training rows elsewhere."""
    if "leaf_value" in node:
        return node["leaf_value"]
    left, right = node["left_child"], node["right_child"]
    if node["split_feature"] in known:
        return expectation(left if goes_left(node, row[node["split_feature"]]) else right, row, known)
    n_left, n_right = (child.get("internal_count", child.get("leaf_count")) for child in (left, right))
    total = n_left * expectation(left, row, known) + n_right * expectation(right, row, known)
    return total / (n_left + n_right)


def goes_left(node, value):
    if node["decision_type"] == "==":
        return str(int(value)) in node["threshold"].split("||") if value >= 0 else False
    if np.isnan(value):
        return node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0
    return value <= node["threshold"]


def shapley(tree, row, players):
    """Shapley values of players, each a set of features."""
    n = len(players)
    values = np.zeros(n)
    for i in range(n):
        others = [j for j in range(n) if j != i]
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            for joined in combinations(others, size):
                known = set().union(*(players[j] for j in joined))
                values[i] += weight * (expectation(tree, row, known | players[i]) - expectation(tree, row, known))
    return values


@pytest.fixture(scope="module")
def boosters():
    rng = np.random.default_rng(5)
    n = 600
    matrix = np.column_stack([rng.normal(size=(n, 4)), rng.integers(0, 6, n)])
    matrix[rng.random(n) < 0.3, 1] = np.nan
    signal = matrix[:, 0] * np.nan_to_num(matrix[:, 1], nan=-2) + matrix[:, 2] + 3 * (matrix[:, 4] % 2) * matrix[:, 3]
    params = {"objective": "binary", "num_leaves": 16, "verbosity": -1, "num_threads": 1}
    params |= {"min_data_in_leaf": 3, "min_data_per_group": 3, "cat_smooth": 1, "cat_l2": 0}
    grown = []
    for half in (slice(0, 300), slice(300, 600)):
        data = lgb.Dataset(matrix[half], signal[half] > 0, categorical_feature=[4], params=params)
        grown.append(lgb.train(params, data, num_boost_round=3))
    return grown


@pytest.fixture(scope="module")
def trees(boosters):
    return [info["tree_structure"] for booster in boosters for info in booster.dump_model()["tree_info"]]


@pytest.fixture(scope="module")
def tables(boosters):
    return PatternTables.from_boosters([booster.model_to_string() for booster in boosters])


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(6)
    matrix = np.column_stack([rng.normal(size=(12, 4)), rng.integers(-1, 8, 12)])
    matrix[::3, 1] = np.nan
    return matrix


def test_the_trees_are_worth_testing(trees):
    text = str(trees)
    assert "'=='" in text
    assert "'missing_type': 'NaN'" in text
    assert any(tree["left_child"].get("left_child", {}).get("left_child") for tree in trees)


def test_contributions_are_shapley_values_of_the_features(trees, tables, rows):
    players = [{f} for f in range(5)]
    expected = [np.sum([shapley(tree, row, players) for tree in trees], axis=0) / 2 for row in rows]
    for explained in (tables, replace(tables, few_rows=True)):
        contributions, base = explained.contributions(rows)
        assert contributions == pytest.approx(np.array(expected), abs=1e-13)
    assert base == pytest.approx(sum(expectation(tree, rows[0], set()) for tree in trees) / 2, abs=1e-13)


def test_families_are_the_players_of_their_own_game(trees, tables, rows):
    players = [{0, 2}, {1, 4}, {3}]
    expected = np.array([np.sum([shapley(tree, row, players) for tree in trees], axis=0) / 2 for row in rows])
    values = tables.family_contributions(rows, FAMILIES)
    assert list(values) == ["fit", "engagement", "intent"]
    assert np.column_stack(list(values.values())) == pytest.approx(expected, abs=1e-13)


def test_families_differ_from_the_sums_of_their_members_but_add_up_to_the_same(tables, rows):
    contributions, base = tables.contributions(rows)
    values = tables.family_contributions(rows, FAMILIES)
    members = {name: contributions[:, [f == name for f in FAMILIES]].sum(axis=1) for name in values}
    assert max(np.abs(values[name] - members[name]).max() for name in values) > 1e-3
    assert sum(values.values()) == pytest.approx(sum(members.values()), abs=1e-13)
    assert base + sum(values.values()) == pytest.approx(tables.margin(rows), abs=1e-13)


def test_one_family_explains_all_and_families_of_one_are_the_features(tables, rows):
    contributions, base = tables.contributions(rows)
    assert tables.family_contributions(rows, ["all"] * 5)["all"] + base == pytest.approx(tables.margin(rows), abs=1e-13)
    alone = tables.family_contributions(rows, list("abcde"))
    assert (np.column_stack(list(alone.values())) == contributions).all()


def test_every_column_needs_a_family(tables, rows):
    with pytest.raises(UseError, match="expected one for each of 5 columns, found 4"):
        tables.family_contributions(rows, FAMILIES[:4])
