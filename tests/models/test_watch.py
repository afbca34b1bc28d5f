"""What the monitor measures: against libraries of the field, by hand, and by how often it rings for nothing."""

import json
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, ks_2samp

from features.specification import Feature, Recipe
from models.arrivals import share_moved, silence, volume
from models.expected import expect
from models.promises import Promises
from models.realised import realised
from models.reference import Reference, Scored, watch
from models.shift import REST, Bins, chi_square, holm, ks_p_value, measure, psi, reference, stretches
from models.watching import Limits, watch_columns, watch_expected

DAY = 86_400


def test_chi_square_and_ks_are_those_of_scipy():
    before, now = np.array([120.0, 40, 7]), np.array([90, 70, 1])
    assert chi_square(before, now) == pytest.approx(chi2_contingency([before, now], correction=False).pvalue)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=700), rng.normal(0.15, 1, 500)
    exact = ks_2samp(a, b, method="asymp")
    assert ks_p_value(exact.statistic, 700, 500) == pytest.approx(exact.pvalue)
    fine = Bins(tuple(np.unique(a).tolist()), (), (), 0, 0.0)
    shares = fine.count(pd.Series(a)) / 700
    bins = Bins(fine.edges, (), tuple(shares), 700, 0.0)
    assert measure(bins, pd.Series(b)).ks == pytest.approx(exact.statistic, abs=1e-12)


def test_psi_is_that_of_evidently_and_expected_figures_are_those_of_nannyml():
    """Numbers of evidently 0.7.23 (its ``_psi``) and nannyml 0.13.1 (its ``estimate_roc_auc``, ``estimate_precision``).

    Their functions were run once, out of their wheels, on what this generator draws.
    """
    rng = np.random.default_rng(11)
    before = pd.Series(rng.choice(["web", "fair", "ads"], 2000, p=[0.6, 0.3, 0.1]))
    now = pd.Series(rng.choice(["web", "fair", "ads", "new"], 800, p=[0.4, 0.4, 0.15, 0.05]))
    bins = Bins.of(before, np.arange(2000), is_category=True)
    assert measure(bins, now).psi == pytest.approx(0.4593068964873924, rel=1e-12)
    counted, later = (pd.Series(rng.poisson(rate, n).clip(0, 4)) for rate, n in ((1.0, 3000), (1.6, 900)))
    shares = tuple((np.bincount(counted, minlength=5) / 3000).tolist())
    assert measure(Bins((0.0, 1.0, 2.0, 3.0), (), shares, 3000, 0.0), later).psi == pytest.approx(0.26859472163044373)
    p = rng.beta(1, 8, 2000).round(6)
    found = expect(p, p >= 0.2)
    assert found.auc == pytest.approx(0.7673586998516839, abs=1e-6)  # nannyml rounds to five decimals on its way
    assert found.precision == pytest.approx(0.29609602469135804)


@given(st.lists(st.integers(1, 500), min_size=2, max_size=12))
def test_psi_is_0_for_the_same_shares_and_symmetric(counts):
    shares = np.array(counts) / sum(counts)
    other = shares[::-1]
    assert psi(shares, shares) == pytest.approx(0.0)
    assert psi(shares, other) == pytest.approx(psi(other, shares))
    assert psi(shares, other) >= 0


def test_bins_keep_levels_and_nulls_and_come_back_from_json():
    values = pd.Series(["a"] * 50 + ["b"] * 30 + [None] * 20)
    bins = Bins.of(values, np.arange(100), is_category=True)
    assert (bins.levels, round(bins.null, 9), bins.names) == (("a", "b"), 0.2, ("a", "b", REST))
    assert Bins.from_dict(json.loads(json.dumps(bins.to_dict()))) == bins
    found = measure(bins, pd.Series(["new"] * 90 + [None] * 10))
    assert found.psi > 5
    assert found.null == pytest.approx(0.1)
    empty = Bins.of(pd.Series([None, None], dtype=object), [0, 1], is_category=True)
    assert measure(empty, pd.Series(["a", None])).psi == 0.0
    assert measure(bins, pd.Series([None] * 9)).psi == 0.0


def test_of_a_steady_column_nothing_is_usual_and_of_one_with_seasons_much_is():
    rng = np.random.default_rng(1)
    month = np.repeat(np.arange(18), 300)
    leads = np.arange(len(month))
    steady = reference(pd.Series(rng.normal(size=len(month))), month, leads, is_category=False)
    seasons = reference(pd.Series(rng.normal(size=len(month)) + np.sin(month)), month, leads, is_category=False)
    assert steady.usual < 0.05
    assert seasons.usual > 0.3
    assert len(np.unique(stretches(np.arange(40) * DAY))) == 12


def test_holm_rings_for_nothing_as_rarely_as_it_says():
    rng = np.random.default_rng(2)
    nights = sum(any(holm(rng.random(60).tolist(), 0.05)) for _ in range(400))
    assert nights / 400 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_expected_auc_is_what_comes_true_where_propensities_are_right():
    rng = np.random.default_rng(3)
    p = rng.beta(1, 6, 4000)
    found = expect(p, p > 0.3)
    drawn = [expect(p, p > 0.3, n_draws=1, seed=k).auc_low for k in range(40)]
    assert found.auc == pytest.approx(np.mean(drawn), abs=0.01)
    inside = np.mean([found.auc_low <= auc <= found.auc_high for auc in drawn])
    assert inside > 0.8
    assert found.n_won == pytest.approx(p.sum())
    assert found.precision == pytest.approx(p[p > 0.3].mean())
    assert np.isnan(expect(np.full(5, 0.1), np.zeros(5, dtype=bool)).precision)


def test_promises_that_hold_are_hardly_ever_called_broken_and_broken_ones_are():
    rng = np.random.default_rng(4)
    p = rng.beta(1, 8, 2000)
    bands = np.where(p > 0.25, "A", np.where(p > 0.15, "B", np.where(p > 0.05, "C", "D")))

    def rang(happened):
        found = realised(Promises(rng.random(2000) < happened, p, np.ones(2000), np.arange(2000)), bands, 0.3, 0.99)
        return found.off or any(one["off"] for one in found.bands)

    assert sum(rang(p) for _ in range(100)) == 0
    assert sum(rang(0.5 * p) for _ in range(20)) == 20


def test_a_kind_of_lead_that_fares_otherwise_than_the_rest_is_named_and_a_market_that_moves_as_one_is_not():
    rng = np.random.default_rng(5)
    p = rng.beta(1, 8, 4000)
    source = np.where(np.arange(4000) % 5 == 0, "reseller", np.where(np.arange(4000) % 5 == 1, None, "search"))
    size = np.where(np.arange(4000) % 3 == 0, "small", "large")

    def told(chance):
        y = rng.random(4000) < np.minimum(chance, 1)
        promises = Promises(y, p, np.ones(4000), np.arange(4000))
        found = realised(promises, np.full(4000, "B"), 0.3, 0.999, {"fit__source": source, "fit__size": size})
        return [(kind["column"], kind["level"]) for kind in found.kinds]

    assert sum(told(p) != [] for _ in range(100)) == 0
    assert sum(told(0.5 * p) != [] for _ in range(20)) == 0
    better = [told(np.where(source == "reseller", 2.5 * p, p)) for _ in range(20)]
    assert sum(kinds[:1] == [("fit__source", "reseller")] for kinds in better) == 20
    worse = [told(np.where(source == "reseller", 0.2 * p, p)) for _ in range(20)]
    assert sum(kinds == [("fit__source", "reseller")] for kinds in worse) >= 18


def test_few_leads_of_a_kind_prove_nothing_and_where_all_fare_alike_nobody_fares_otherwise():
    p = np.full(400, 0.2)
    source = np.where(np.arange(400) < 20, "fair", "search")
    alone = Promises(np.arange(400) < 20, p, np.ones(400), np.arange(400))
    assert realised(alone, np.full(400, "B"), 0.3, 0.999, {"source": source}).kinds[0]["level"] == "search"
    for y in (np.zeros(400), np.ones(400)):
        found = realised(Promises(y, p, np.ones(400), np.arange(400)), np.full(400, "B"), 0.3, 0.999, {"s": source})
        assert found.off


def columns():
    names = {"fit__size": "accounts.employees", "fit__growth": "accounts.growth", "fit__source": "leads.source"}
    made = [
        Feature(
            name,
            "fit",
            "category" if "source" in name else "number",
            name,
            "none",
            recipe=Recipe("attributes", "value", columns=(column,)),
        )
        for name, column in names.items()
    ]
    return [*made, Feature("engagement__views", "engagement", "number", "views", "0", recipe=Recipe("events", "count"))]


def frame(rng, n):
    return pd.DataFrame(
        {
            "fit__size": rng.lognormal(4, 1, n),
            "fit__growth": rng.normal(size=n),
            "fit__source": rng.choice(np.array(["web", "fair"], dtype=object), n),
            "engagement__views": rng.poisson(1.0, n).astype(float),
        }
    )


@pytest.fixture(scope="module")
def watched():
    from features.matrix import ColumnSchema, MatrixSchema  # noqa: PLC0415 (only here)

    rng = np.random.default_rng(5)
    features = columns()
    schema = MatrixSchema(tuple(ColumnSchema(f, ("fair", "web") if f.dtype == "category" else None) for f in features))
    table = frame(rng, 6000)
    rows = pd.DataFrame({"lead_id": np.arange(6000).astype("str"), "cutoff": np.repeat(np.arange(12) * 30 * DAY, 500)})
    p = rng.beta(1, 8, 6000)
    unseen = Scored(rows["lead_id"].to_numpy(dtype=object), rows["cutoff"].to_numpy(), p, 0.2)
    return Reference(0.0, 0.1, {}, json.loads(json.dumps(watch(table, rows, schema, unseen))))


def found_in(table, p, watched):
    return watch_columns(table, p, columns(), watched, Limits()).findings


def test_a_night_like_the_training_is_quiet_and_one_fault_is_one_finding(watched):
    rng = np.random.default_rng(6)
    rang = sum(bool(found_in(frame(rng, 600), rng.beta(1, 8, 600), watched)) for _ in range(50))
    assert rang == 0
    night, p = frame(rng, 600), rng.beta(1, 8, 600)
    (emptied,) = found_in(night.assign(fit__size=np.nan, fit__growth=np.nan), p, watched)
    assert (emptied.kind, emptied.about, emptied.facts["n_columns"]) == ("empty_column", "accounts", 2)
    (moved,) = found_in(night.assign(fit__source="fair", fit__size=night["fit__size"]), p, watched)
    assert (moved.kind, moved.about) == ("feature_drift", "leads")
    (drift,) = found_in(night, np.minimum(3 * p, 0.9), watched)
    assert drift.kind == "propensity_drift"
    assert found_in(night.head(20).assign(fit__size=np.nan), p[:20], watched) == ()
    assert found_in(night, p, Reference(0.0, 0.1, {})) == ()


def test_a_column_that_used_to_be_empty_and_is_not_is_told(watched):
    bins = Bins.from_dict(watched.watched["columns"]["fit__growth"])
    gaps = {**bins.to_dict(), "null": 0.9, "usual_null": (0.85, 0.95)}
    changed = {**watched.watched, "columns": {**watched.watched["columns"], "fit__growth": gaps}}
    rng = np.random.default_rng(7)
    (filled,) = found_in(frame(rng, 600), rng.beta(1, 8, 600), Reference(0.0, 0.1, {}, changed))
    assert (filled.kind, filled.about, filled.value) == ("filled_column", "accounts", 0.0)


def test_a_ranking_that_should_be_worth_less_is_told(watched):
    rng = np.random.default_rng(8)
    _, quiet = watch_expected(rng.beta(1, 8, 800), np.zeros(800, dtype=bool), watched, Limits())
    assert quiet == ()
    flat = rng.uniform(0.09, 0.11, 800)
    _, (fallen,) = watch_expected(flat, flat > 0.2, watched, Limits())
    assert fallen.kind == "expected_performance"
    assert fallen.value < fallen.limit < fallen.facts["usual"]


def test_arrivals_ring_for_silence_and_floods_and_not_for_weekends_or_growth():
    rng = np.random.default_rng(9)
    days = np.arange(400)
    office = days % 7 < 5
    rang = 0
    for k in range(100):
        counts = np.random.default_rng(k).poisson(np.where(office, 20, 0.2) * (1 + days / 800))
        there = counts > 0
        rang += volume("leads", days[there], counts[there], 400.0) is not None
        rang += silence("leads", days[there], 400.0) is not None
    assert rang == 0
    counts = rng.poisson(np.where(office, 20, 0.2))
    half = np.where(days >= 372, counts // 3, counts)
    fallen = volume("events", days[half > 0], half[half > 0], 400.0, {"source": "fair"})
    assert fallen.value < 0.5 == fallen.limit
    assert fallen.facts["source"] == "fair"
    assert silence("events", days[office][:250], 400.0).kind == "silent_table"
    assert silence("events", days[:20], 400.0) is None
    assert volume("events", days[:50], counts[:50], 50.0) is None
    assert volume("events", days[:0], counts[:0], 50.0) is None


def test_a_share_moves_by_chance_as_rarely_as_five_standard_errors_say():
    rng = np.random.default_rng(10)
    p = NormalDist().cdf(-5.0)
    rang = sum(share_moved(*(rng.binomial(200, 0.3), 200, rng.binomial(900, 0.3), 900), 0.05) for _ in range(500))
    assert rang <= 500 * 2 * p + 1
