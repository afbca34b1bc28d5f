"""Pattern tables give what LightGBM's own ``pred_contrib`` gives, on any model that LightGBM can grow for us."""

from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.pattern_tables import PatternTables
from models.sums import margin_of

COLUMNS = (
    "with_nan",
    "normal",
    "count",
    "with_nan",
    "category",
    "many_levels",
    "constant",
    "tiny",
    "huge",
    "zeros",
    "signed_zero",
)
STRANGE = (
    np.nan,
    0.0,
    -0.0,
    1e-36,
    -1e-36,
    1.1e-35,
    -0.5,
    -1.0,
    2.7,
    64.0,
    5000.0,
    2.0**31,
    1e20,
    -1e20,
    np.inf,
    -np.inf,
)


@dataclass(frozen=True)
class Case:
    boosters: list[lgb.Booster]
    matrix: np.ndarray
    longest_table: int


def column(kind: str, rng: np.random.Generator, n: int) -> np.ndarray:
    if kind == "count":
        return rng.poisson(0.7, n).astype(float)
    if kind == "with_nan":
        return np.where(rng.random(n) < 0.4, np.nan, rng.normal(size=n))
    if kind == "category":
        return np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 7, n).astype(float))
    if kind == "many_levels":
        return np.minimum(rng.geometric(0.01, n), 999).astype(float)
    scale = {"normal": 1.0, "constant": 0.0, "tiny": 1e-35, "huge": 1e300, "zeros": 1.0, "signed_zero": 1.0}[kind]
    values = rng.normal(size=n) * scale
    if kind == "zeros":
        return np.where(rng.random(n) < 0.8, 0.0, values)
    return np.where(rng.random(n) < 0.5, -0.0, values) if kind == "signed_zero" else values


@st.composite
def cases(draw: st.DrawFn) -> Case:
    kinds = draw(st.lists(st.sampled_from(COLUMNS), min_size=3, max_size=8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.sampled_from([1500, 300, 60]))
    matrix = np.column_stack([column(kind, rng, n) for kind in kinds])
    # Each value has a random effect of its own, so that every kind of column is worth a split.
    effect = np.column_stack([rng.normal(size=n)[np.unique(x, return_inverse=True)[1] // 3] for x in matrix.T])
    signal = effect.sum(axis=1) + effect[:, 0] * effect[:, 1] + rng.normal(size=n) * 0.1
    label = (signal > np.median(signal)).astype(float)
    params = {
        "objective": "binary",
        "boosting": draw(st.sampled_from(["gbdt", "dart"])),
        "num_leaves": draw(st.sampled_from([100, 31, 15, 7, 2])),
        "max_depth": draw(st.sampled_from([6, -1, 3])),
        "max_bin": draw(st.sampled_from([255, 600, 4])),
        "min_data_in_leaf": draw(st.sampled_from([1, 5, 20])),
        "min_data_per_group": draw(st.sampled_from([1, 20])),
        "min_data_in_bin": 1,
        "cat_smooth": draw(st.sampled_from([0.1, 10.0])),
        "max_cat_to_onehot": draw(st.sampled_from([1, 4])),
        "feature_fraction": 0.8,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "verbosity": -1,
        "num_threads": 1,
    }
    categories = [j for j, kind in enumerate(kinds) if kind in {"category", "many_levels"}]
    boosters = []
    # Boosters of one model may differ in what is missing: a fold without a null knows no null.
    for seed in range(draw(st.integers(1, 3))):
        params["seed"] = seed
        params["use_missing"] = draw(st.sampled_from([True, True, False]))
        params["zero_as_missing"] = draw(st.sampled_from([False, False, True]))
        data = lgb.Dataset(matrix, label, categorical_feature=categories, params=params)
        boosters.append(lgb.train(params, data, num_boost_round=draw(st.sampled_from([5, 1, 12]))))
    strange = rng.choice(np.array(STRANGE), size=(60, len(kinds)))
    mixed = np.where(rng.random((60, len(kinds))) < 0.5, strange, matrix[rng.integers(0, n, 60)])
    return Case(boosters, np.vstack([matrix[:80], strange, mixed]), draw(st.sampled_from([2, 16, 1024, 60_000])))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_contributions_are_those_of_lightgbm(case):
    tables = PatternTables.from_boosters(
        [booster.model_to_string() for booster in case.boosters], longest_table=case.longest_table
    )
    oracle = np.mean(
        [booster.predict(case.matrix, pred_contrib=True, num_threads=1) for booster in case.boosters], axis=0
    )
    raw = np.mean([booster.predict(case.matrix, raw_score=True, num_threads=1) for booster in case.boosters], axis=0)
    spread = max(np.ptp(raw), 1e-3)
    contributions, base = tables.contributions(case.matrix)
    assert np.abs(contributions - oracle[:, :-1]).max() <= 1e-10 * spread
    assert abs(base - oracle[0, -1]) <= 1e-10 * spread
    assert np.abs(tables.margin(case.matrix) - raw).max() <= 1e-12 * max(1.0, np.abs(raw).max())
    assert (margin_of(contributions, base) == tables.margin(case.matrix)).all()
    few = case.matrix[::6]
    one_by_one, same = replace(tables, few_rows=True).contributions(few)
    assert np.abs(one_by_one - contributions[::6]).max() <= 1e-12 * spread
    assert same == base


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(), st.integers(1, 4), st.data())
def test_a_row_gets_the_same_bits_in_any_block_and_thread_and_after_being_kept(case, num_threads, data):
    texts = [booster.model_to_string() for booster in case.boosters]
    tables = PatternTables.from_boosters(texts)
    kept = PatternTables.load(tables.dump(), texts)
    many = np.tile(case.matrix, (-(-9000 // len(case.matrix)), 1))
    whole, base = tables.contributions(many, num_threads)
    first = data.draw(st.integers(0, len(many) - 1))
    last = data.draw(st.integers(first, len(many)))
    part, base_again = kept.contributions(many[first:last])
    assert (part == whole[first:last]).all()
    assert base_again == base
    assert (whole == np.tile(whole[: len(case.matrix)], (len(many) // len(case.matrix), 1))).all()
