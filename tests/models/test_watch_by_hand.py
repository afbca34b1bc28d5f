"""What the monitor says of columns, arrivals and matured scores so few that everything can be counted by hand."""

import numpy as np
import pandas as pd
import pytest

from features.matrix import ColumnSchema, MatrixSchema
from features.specification import Feature, Recipe
from models.arrivals import share_moved, silence, volume
from models.expected import expect
from models.metrics import wilson
from models.promises import Promises
from models.realised import realised
from models.reference import Reference, Scored, statistics, watch_scores
from models.shift import FLOOR, MOST_LEVELS, REST, Bins, chi_square, ks_p_value, measure, reference, stretches
from models.watching import Finding, Limits, table_of, watch_columns, watch_expected

DAY = 86_400


def category(name, recipe=None):
    return Feature(name, "fit", "category", name, "not known", recipe=recipe)


def number(name, recipe=None):
    return Feature(name, "fit", "number", name, "not known", recipe=recipe)


def shift_of(bins, values):
    return measure(bins, pd.Series(values))


def test_the_most_frequent_levels_have_a_bin_each_and_all_others_one():
    many = [f"L{k:02d}" for k in range(MOST_LEVELS + 2) for _ in range(MOST_LEVELS + 2 - k)]
    bins = Bins.of(pd.Series(many), np.arange(len(many)) // 2, is_category=True)
    assert bins.levels == tuple(f"L{k:02d}" for k in range(MOST_LEVELS))
    assert bins.names[-1] == REST
    # Of 32 + 31 + ... + 1 values three are of the last two levels.
    assert bins.shares[0] == 32 / 528
    assert bins.shares[-1] == 3 / 528
    assert (bins.n, bins.null) == (264, 0.0)
    # Equally frequent levels stand in the order of the alphabet.
    assert Bins.of(pd.Series(["b", "a", "c", "c"]), range(4), is_category=True).levels == ("c", "a", "b")


def test_numbers_are_cut_into_tenths_that_hold_their_upper_end_and_what_is_no_number_counts_as_null():
    values = pd.Series([*np.arange(1.0, 101.0), np.nan, np.inf])
    bins = Bins.of(values, np.arange(102), is_category=False)
    assert bins.edges == tuple(np.arange(10.0, 100.0, 10.0))
    assert bins.shares == (0.1,) * 10
    assert bins.null == pytest.approx(2 / 102)
    assert bins.count(pd.Series([10.0, 10.5, 1e9, np.nan])).tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    nothing = Bins.of(pd.Series([np.nan] * 4), np.arange(4), is_category=False)
    assert (nothing.edges, nothing.shares, nothing.null, nothing.names) == ((), (0.0,), 1.0, ())


def test_a_shift_is_that_of_the_counts():
    bins = Bins((1.0, 2.0), (), (0.5, 0.3, 0.2), 100, 0.2)
    found = shift_of(bins, [1.0] * 10 + [2.0] * 10 + [3.0] * 20 + [None] * 10)
    now, before = np.array([0.25, 0.25, 0.5]), np.array([0.5, 0.3, 0.2])
    assert found.psi == pytest.approx(float(((now - before) * np.log(now / before)).sum()))
    assert found.ks == pytest.approx(0.3)
    # 80 leads had a value, 40 have one; 20 of 100 had none, 10 of 50 have none.
    assert found.p_value == pytest.approx(ks_p_value(0.3, 80, 40))
    assert (found.null, found.null_p_value) == (pytest.approx(0.2), pytest.approx(1.0))


def test_a_shift_of_levels_is_tested_by_their_counts_and_an_empty_bin_has_a_floor():
    bins = Bins((), ("a", "b"), (0.6, 0.4, 0.0), 50, 0.0)
    found = shift_of(bins, ["a"] * 10 + ["new"] * 10)
    now, before = np.array([0.5, FLOOR, 0.5]), np.array([0.6, 0.4, FLOOR])
    assert found.psi == pytest.approx(float(((now - before) * np.log(now / before)).sum()))
    assert found.ks == 0.0
    assert found.p_value == pytest.approx(chi_square(np.array([30.0, 20, 0]), [10, 0, 10]))
    assert found.null_p_value == 1.0
    gone = shift_of(bins, [None] * 20)
    assert (gone.psi, gone.ks, gone.p_value, gone.null) == (0.0, 0.0, 1.0, 1.0)
    assert gone.null_p_value == pytest.approx(chi_square(np.array([0.0, 50.0]), [20, 0]))
    assert chi_square(np.array([0.0, 0.0]), [3, 4]) == 1.0
    assert chi_square(np.array([7.0, 0.0]), [3, 0]) == 1.0


def test_the_reference_is_the_newest_half_year_and_usual_is_what_its_months_showed_beside_the_half_year_before():
    # Seven months of 40 leads; the share of "a" was 3/4, and 1/2 in the last.
    month = np.repeat(np.arange(7), 40)
    values = np.where(np.tile(np.arange(40), 7) < np.where(month == 6, 20, 30), "a", "b").astype(object)
    values[month == 3] = np.where(np.arange(40) < 30, values[month == 3], None)
    bins = reference(pd.Series(values), month, np.arange(280), is_category=True)
    assert bins.levels == ("a", "b")
    # Months 1 to 6 hold 30 * 5 + 20 of "a" and 10 * 4 + 20 of "b".
    assert bins.shares == (pytest.approx(170 / 230), pytest.approx(60 / 230), 0.0)
    assert (bins.n, bins.null, bins.usual_null) == (240, pytest.approx(10 / 240), (0.0, 0.25))
    # Month 6 beside month 0, less what chance brings to two bins more than the first.
    size = (0.5 - 0.75) * np.log(0.5 / 0.75) + (0.5 - 0.25) * np.log(0.5 / 0.25)
    only_a = shift_of(Bins((), ("a", "b"), (170 / 230, 60 / 230, 0.0), 240, 0.0), ["a"] * 30).psi
    assert bins.usual == pytest.approx(max(size - 2 * (1 / 40 + 1 / 40), only_a - 2 * (1 / 40 + 1 / 240)))


def test_months_are_counted_without_holes_and_a_short_history_is_cut_into_twelfths():
    days = np.array([0, 35, 36, 100, 400])
    assert stretches(days * DAY).tolist() == [0, 1, 1, 2, 3]
    assert np.bincount(stretches(np.arange(24) * DAY)).tolist() == [3, *[2] * 10, 1]


def test_what_training_data_looked_like_is_counted_of_known_finite_values():
    frame = pd.DataFrame(
        {
            "n": [1.0, 2.0, 6.0, np.nan, np.inf],
            "c": pd.Series(["web", "fair", "web", None, "web"], dtype=object),
            "void": [np.nan] * 5,
            "none": pd.Series([None] * 5, dtype=object),
        }
    )
    columns = (
        ColumnSchema(number("n"), None),
        ColumnSchema(category("c"), ("fair", "web")),
        ColumnSchema(number("void"), None),
        ColumnSchema(category("none"), ("x",)),
    )
    assert statistics(frame, MatrixSchema(columns)) == {
        "n": {"share_null": 0.2, "mean": 3.0, "median": 2.0},
        "c": {"share_null": 0.2, "top": "web", "top_share": 0.75},
        "void": {"share_null": 1.0, "mean": None, "median": None},
        "none": {"share_null": 1.0, "top": None, "top_share": None},
    }


def test_propensities_are_watched_with_what_they_promise_and_the_worst_month():
    sharp, flat = np.tile([0.9, 0.1], 20), np.tile([0.6, 0.4], 20)
    lead, cutoff = np.arange(120).astype(str).astype(object), np.repeat([0, 40, 80], 40) * DAY
    p = np.concatenate([sharp, flat, sharp])
    found = watch_scores(Scored(lead, cutoff, p, 0.9))
    whole = expect(p, p >= 0.9)
    assert found["expected"] == {
        "auc": whole.auc,
        "auc_low": whole.auc_low,
        "auc_high": whole.auc_high,
        "n_won": pytest.approx(60.0),
        "precision": pytest.approx(0.9),
        "n_selected": 40,
        # Of a month of 0.6 and 0.4: (0.36 + 0.48 / 2) of pairs, ties counted half.
        "usual_auc": pytest.approx(0.6),
    }
    assert found["propensity"]["n"] == 120
    nobody = watch_scores(Scored(lead, cutoff, p, None))["expected"]
    assert (nobody["n_selected"], nobody["precision"]) == (0, None)
    lost = watch_scores(Scored(lead, cutoff, np.zeros(120), None))["expected"]
    assert (lost["auc"], lost["usual_auc"]) == (None, None)


@pytest.mark.parametrize(
    ("recipe", "table"),
    [
        (None, "leads"),
        (Recipe("attributes", "value", columns=("accounts.size", "leads.size")), "accounts"),
        (Recipe("colleagues", "count"), "events"),
        (Recipe("events", "count"), "events"),
    ],
)
def test_a_feature_is_of_the_table_that_its_recipe_reads(recipe, table):
    assert table_of(number("x", recipe)) == table


def watched(**columns):
    """A reference of 1000 leads: half "a", half "b", a tenth null, months between 5 and 20%, and what is changed."""
    half = {"edges": (), "levels": ("a", "b"), "shares": (0.5, 0.5, 0.0), "n": 1000, "null": 0.1}
    given = {name: {**half, "usual": 0.0, "usual_null": (0.05, 0.2), **change} for name, change in columns.items()}
    spread = {"edges": (0.1,), "levels": (), "shares": (0.5, 0.5), "n": 1000, "null": 0.0, "usual": 0.0}
    return Reference(0.0, 0.1, {}, {"columns": given, "propensity": spread, "expected": {"usual_auc": 0.8}})


def column(n_a, n_b, n_null):
    return pd.Series(["a"] * n_a + ["b"] * n_b + [None] * n_null, dtype=object)


STEADY = np.tile([0.05, 0.2], 500)


def psi_of(share):
    """Beside two halves."""
    return (share - 0.5) * np.log(share / (1 - share))


def test_findings_carry_the_size_the_limit_and_the_worst_columns_of_one_table():
    features = [category(name, Recipe("attributes", "value", columns=(f"accounts.{name}",))) for name in "vwxyz"]
    frame = pd.DataFrame(
        {
            "v": column(800, 200, 0),
            "w": column(900, 100, 0),
            "x": column(850, 150, 0),
            "y": column(870, 130, 0),
            "z": column(500, 500, 0),
        }
    )
    moved = watch_columns(frame, STEADY, features, watched(v={}, w={}, x={}, y={}, z={}), Limits())
    assert list(moved.shifts) == [*"vwxyz", "propensity"]
    assert moved.shifts["z"].psi == pytest.approx(0.0)
    assert moved.shifts["propensity"].psi == pytest.approx(0.0)
    (finding,) = moved.findings
    assert finding.to_dict() == {
        "kind": "feature_drift",
        "about": "accounts",
        "value": pytest.approx(psi_of(0.9)),
        "limit": 0.25,
        "facts": {"columns": ["w", "y", "x"], "n_columns": 4},
    }


@pytest.mark.parametrize(
    ("change", "told"),
    [
        # A share of 0.8 is a PSI of 0.416.
        ({}, True),
        ({"usual": 0.2}, True),
        ({"usual": 0.21}, False),
        # The same size, and no more than chance of ten leads.
        ({"n": 10}, False),
    ],
)
def test_a_move_is_told_beyond_the_limit_and_beyond_twice_what_is_usual_where_it_is_no_chance(change, told):
    frame = pd.DataFrame({"x": column(800, 200, 111)})
    found = watch_columns(frame, STEADY, [category("x")], watched(x=change), Limits()).findings
    assert [one.kind for one in found] == ["feature_drift"] * told


@pytest.mark.parametrize(
    ("n_null", "usual", "kind", "value", "limit"),
    [
        (410, (0.05, 0.2), "empty_column", 0.41, 0.2),
        (390, (0.05, 0.2), None, 0, 0),
        (410, (0.05, 0.25), None, 0, 0),
        (90, (0.3, 0.4), "filled_column", 0.09, 0.3),
        (110, (0.3, 0.4), None, 0, 0),
    ],
)
def test_a_column_is_empty_or_filled_where_its_nulls_leave_what_months_showed_by_the_limit(
    n_null, usual, kind, value, limit
):
    known = (1000 - n_null) // 2
    frame = pd.DataFrame({"x": column(known, known, n_null)})
    null = 0.1 if kind != "filled_column" else 0.35
    found = watch_columns(frame, STEADY, [category("x")], watched(x={"usual_null": usual, "null": null}), Limits())
    facts = {"columns": ["x"], "n_columns": 1}
    assert list(found.findings) == ([Finding(kind, "leads", pytest.approx(value), limit, facts)] if kind else [])


def test_of_filled_columns_the_fullest_is_the_worst():
    frame = pd.DataFrame({"x": column(400, 400, 200), "y": column(450, 450, 100)})
    gaps = {"null": 0.5, "usual_null": (0.5, 0.6)}
    (found,) = watch_columns(frame, STEADY, [category("x"), category("y")], watched(x=gaps, y=gaps), Limits()).findings
    assert (found.value, found.limit, found.facts["columns"]) == (pytest.approx(0.1), 0.5, ["y", "x"])


def test_thirty_leads_are_told_of_and_a_column_that_is_not_there_is_passed_over():
    empty = pd.DataFrame({"x": column(0, 0, 30)})
    features, known = [category("x"), category("y")], watched(x={}, y={})
    assert [one.kind for one in watch_columns(empty, STEADY[:30], features, known, Limits()).findings] == [
        "empty_column"
    ]
    assert watch_columns(empty[:29], STEADY[:29], features, known, Limits()).findings == ()
    assert list(watch_columns(empty, STEADY[:30], features, known, Limits()).shifts) == ["x", "propensity"]


def test_a_ranking_is_expected_to_be_worth_less_where_its_best_case_is_below_the_worst_month_less_the_limit():
    flat = np.linspace(0.09, 0.11, 800)
    found, (fallen,) = watch_expected(flat, flat > 0.1, watched(), Limits(auc=0.1))
    assert found == expect(flat, flat > 0.1)
    assert fallen == Finding("expected_performance", "auc", found.auc, pytest.approx(0.7), {"usual": 0.8})
    assert found.auc_high < 0.7
    assert watch_expected(flat, flat > 0.1, watched(), Limits(auc=0.8 - found.auc_high))[1] == ()
    assert watch_expected(flat[:29], flat[:29] > 0.1, watched(), Limits())[1] == ()
    assert watch_expected(flat, flat > 0.1, Reference(0.0, 0.1, {}, {}), Limits())[1] == ()


def test_silence_is_twice_the_longest_gap_of_a_year_and_four_days_at_least():
    days = np.delete(np.arange(100), [50, 51])
    # From day 49 to day 52 are three days.
    assert silence("events", days, 105.0) is None
    assert silence("events", days, 105.1) == Finding("silent_table", "events", pytest.approx(6.1), 6.0)
    long_ago = np.concatenate([[0, 100], 600 + np.arange(40)])
    assert silence("events", long_ago, 643.1).limit == 4.0
    assert silence("events", np.arange(29), 60.0) is None
    assert silence("events", np.arange(30), 60.0).value == 31.0


@pytest.mark.parametrize(
    ("newest", "limit"), [(300, 2.0), (210, 2.0), (195, None), (52, None), (49, 0.5), (10, 0.5), (0, 0.5)]
)
def test_a_volume_is_the_newest_four_weeks_beside_the_median_of_those_before(newest, limit):
    # Blocks of four weeks, the oldest first, one row of counts each.
    days, counts = np.arange(6) * 28 + 1, np.array([98, 100, 102, 100, 100, newest])
    found = volume("leads", days, counts, 168.0, {"source": "fair"})
    facts = {"n": newest, "usual": 100, "source": "fair"}
    assert found == (Finding("volume", "leads", newest / 100, limit, facts) if limit else None)


def test_a_volume_needs_three_blocks_before_the_newest_and_must_leave_what_they_showed():
    days, flood = np.arange(4) * 28, np.array([100, 100, 100, 500])
    assert volume("leads", days, flood, 112.0).value == 5.0
    assert volume("leads", days[1:], flood[1:], 112.0) is None
    # Two and a half times the median, and less than five quarters of the largest before.
    assert volume("leads", days, np.array([100, 100, 210, 250]), 112.0) is None
    assert volume("leads", days, np.array([0, 0, 100, 500]), 112.0) is None
    # Of few rows chance makes twice as many.
    assert volume("leads", days, np.array([4, 4, 4, 11]), 112.0) is None
    # A year of blocks is looked at, not more.
    year = np.arange(20) * 28
    assert volume("leads", year, np.array([900] * 7 + [100] * 12 + [300]), 560.0).facts["usual"] == 100


def test_a_share_moves_by_the_least_move_and_by_five_standard_errors_of_thirty_rows():
    assert share_moved(0, 30, 20, 30, 0.5)
    assert not share_moved(0, 29, 20, 30, 0.5)
    assert not share_moved(0, 30, 19, 29, 0.5)
    # 10% of 1000 beside 20%: an error of 0.0160, moved by 6.3 of them; 15% is 3.4.
    assert share_moved(100, 1000, 200, 1000, 0.1)
    assert not share_moved(100, 1000, 200, 1000, 0.11)
    assert not share_moved(100, 1000, 150, 1000, 0.01)


def test_matured_scores_stand_beside_what_was_promised_by_band_and_by_kind():
    # 400 leads of A were promised 40% and 15% were won; 3600 of D were promised 5% and kept it.
    p, y = np.repeat([0.4, 0.05], [400, 3600]), np.concatenate([np.arange(400) < 60, np.arange(3600) % 20 == 0])
    band = np.repeat(["A", "D"], [400, 3600])
    source = np.concatenate([np.repeat("fair", 400), np.repeat([None, "web"], 1800)]).astype(object)
    promises = Promises(y, p, np.ones(4000), np.arange(4000))
    found = realised(promises, band, 0.3, 0.99, {"fit__source": source, "fit__few": np.repeat(["x", None], [29, 3971])})
    assert (found.n_leads, found.n_won, found.off) == (4000, 240, False)
    assert (found.promised, found.happened) == (pytest.approx(340 / 4000), 240 / 4000)
    # Three verdicts share half of the 1% of doubt, and so do the two kinds with leads enough.
    each, of_kind = 1 - 0.005 / 3, 1 - 0.005 / 2
    low, high = wilson(60, 400, each)
    a, d = found.bands
    assert a == {
        "band": "A",
        "n_leads": 400,
        "promised": pytest.approx(0.4),
        "happened": 0.15,
        "low": pytest.approx(low, abs=1e-9),
        "high": pytest.approx(high, abs=1e-9),
        "off": True,
    }
    assert (d["band"], d["n_leads"], d["happened"], d["off"]) == ("D", 3600, 0.05, False)
    (kind,) = found.kinds
    low, high = wilson(60, 400, of_kind)
    assert {key: kind[key] for key in ("column", "level", "n_leads", "happened", "off")} == {
        "column": "fit__source",
        "level": "fair",
        "n_leads": 400,
        "happened": 0.15,
        "off": True,
    }
    assert (kind["low"], kind["high"]) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))
    assert realised(promises, band, 0.3, 0.99).kinds == []
