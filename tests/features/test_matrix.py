"""The matrix: what is kept, what is dropped and why, and the same columns for ever after."""

import json

import numpy as np
import pandas as pd
import pytest

from features.matrix import ColumnSchema, Dropped, MatrixSchema, fit_schema, to_matrix
from features.specification import Feature, Recipe


def number(name, **recipe):
    made = Recipe("attributes", "value", columns=(f"leads.{name}",)) if not recipe else Recipe(**recipe)
    return Feature(f"fit__{name}", "fit", "number", name, "not known", recipe=made)


def category(name):
    return Feature(f"fit__{name}", "fit", "category", name, "not known")


def fitted(columns, features, **options):
    frame = pd.DataFrame({f"fit__{k}": v for k, v in columns.items()})
    return fit_schema(frame, features, **options)


def test_order_types_and_levels_are_those_of_the_schema():
    frame = pd.DataFrame(
        {"fit__b": [1.0, np.inf, None], "fit__a": ["x", "never", None], "ignored": [1, 2, 3]}, index=[7, 8, 9]
    )
    schema = MatrixSchema(
        (ColumnSchema(category("a"), ("x", "y")), ColumnSchema(number("b"), None), ColumnSchema(number("c"), None))
    )
    matrix = to_matrix(frame, schema)
    assert list(matrix) == ["fit__a", "fit__b", "fit__c"]
    assert matrix.index.to_list() == [7, 8, 9]
    assert list(matrix["fit__a"].cat.categories) == ["x", "y"]
    assert matrix["fit__a"].cat.codes.to_list() == [0, -1, -1]
    assert (matrix.dtypes[["fit__b", "fit__c"]] == np.float64).all()
    assert np.isnan(matrix["fit__b"].to_numpy()).tolist() == [False, True, True]
    assert matrix["fit__c"].isna().all()


@pytest.mark.parametrize(
    "values", [["x", None, "y"], pd.array(["x", None, "y"], dtype="string"), pd.Categorical(["x", None, "y"])]
)
def test_texts_of_every_engine_give_the_same_codes(values):
    schema = MatrixSchema((ColumnSchema(category("a"), ("(other)", "x")),))
    assert to_matrix(pd.DataFrame({"fit__a": values}), schema)["fit__a"].cat.codes.to_list() == [1, -1, 0]


@pytest.mark.parametrize("values", [[1, None, 3], pd.array([1, None, 3], dtype="Int64"), [True, None, False]])
def test_numbers_of_every_engine_become_floats(values):
    schema = MatrixSchema((ColumnSchema(number("a"), None),))
    read = to_matrix(pd.DataFrame({"fit__a": values}), schema)["fit__a"]
    assert read.to_list() == pytest.approx([1.0, np.nan, float(values[2])], nan_ok=True)


def test_a_level_of_just_enough_rows_is_kept_and_one_of_fewer_is_another():
    schema, _ = fitted({"a": ["x"] * 3 + ["y"] * 2 + ["z"] * 2}, [category("a")], min_level_rows=3)
    (column,) = schema.columns
    assert column.levels == ("(other)", "x")


def test_a_missing_category_is_all_null_even_where_other_exists():
    schema = MatrixSchema((ColumnSchema(category("a"), ("(other)", "x")),))
    assert to_matrix(pd.DataFrame({"z": [1, 2]}), schema)["fit__a"].isna().all()


def test_rare_levels_become_other_only_where_they_are_enough():
    values = ["a"] * 10 + ["b"] * 10
    assert fitted({"x": [*values, "c", "d", "e"]}, [category("x")])[0].columns[0].levels == ("a", "b")
    many = [f"r{i}" for i in range(5)]
    assert fitted({"x": [*values, *many]}, [category("x")])[0].columns[0].levels == ("(other)", "a", "b")


@pytest.mark.parametrize(
    ("values", "kind", "reason"),
    [
        ([1.0] * 40, number, "constant"),
        ([np.nan] * 40, number, "constant"),
        ([np.inf] * 40, number, "constant"),
        (["a"] * 40, category, "constant"),
        ([None] * 40, category, "constant"),
        (["a", "b", "c", "d"] * 1 + [None] * 36, category, "constant"),
        ([f"id{i}" for i in range(40)], category, "identifier"),
        ([float(i) for i in range(100)], number, "identifier"),
    ],
)
def test_what_teaches_nothing_is_dropped_with_its_reason(values, kind, reason):
    schema, dropped = fitted({"x": values}, [kind("x")])
    assert schema.columns == ()
    assert [(d.name, d.reason) for d in dropped] == [("fit__x", reason)]
    assert dropped[0].detail


def test_a_value_or_nothing_is_kept_for_null_may_speak():
    schema, dropped = fitted({"x": [1.0, None] * 20, "y": ["a", None] * 20}, [number("x"), category("y")])
    assert (len(schema.columns), dropped) == (2, ())


def test_too_many_levels_are_dropped():
    values = [f"l{i}" for i in range(50)] * 6
    _, dropped = fitted({"x": values}, [category("x")], max_levels=49)
    assert dropped == (Dropped("fit__x", "too_many_levels", "50 levels; at most 49"),)
    assert len(fitted({"x": values}, [category("x")], max_levels=50)[0].columns) == 1


def test_ten_thousand_categories_are_never_kept():
    values = [f"l{i % 10_000}" for i in range(60_000)]
    assert fitted({"x": values}, [category("x")])[1][0].reason == "too_many_levels"


def test_an_identifier_repeated_in_the_snapshots_of_each_lead_is_still_one():
    leads = np.repeat([f"L{i}" for i in range(40)], 6)
    refs = np.repeat([f"ref {i}" for i in range(40)], 6)
    numbers = np.repeat(np.arange(60.0), 6)
    assert fitted({"x": refs}, [category("x")])[1] == ()
    assert fitted({"x": refs}, [category("x")], groups=leads)[1][0].reason == "identifier"
    owners = np.repeat([f"L{i}" for i in range(60)], 6)
    assert fitted({"x": numbers}, [number("x")], groups=owners)[1][0].reason == "identifier"


def test_measures_that_look_like_identifiers_are_kept():
    rng = np.random.default_rng(0)
    revenue = rng.permutation(np.arange(200.0) * 1013 + 50_000)
    amounts = rng.integers(0, 1000, 200).astype(float)
    counts = np.arange(200.0)
    event_count = number("n", source="events", measure="count")
    schema, dropped = fitted(
        {"revenue": revenue, "amount": amounts, "n": counts}, [number("revenue"), number("amount"), event_count]
    )
    assert dropped == ()
    assert len(schema.columns) == 3


def test_whole_numbers_named_like_identifiers_are_dropped():
    phones = np.random.default_rng(0).integers(10**8, 10**9, 200).astype(float)
    assert fitted({"contact_phone": phones}, [number("contact_phone")])[1][0].reason == "identifier"


def test_a_schema_survives_json_and_its_hash_sees_levels_but_not_words():
    schema, _ = fitted({"x": ["a", "b"] * 20, "y": [1.0, 2.0] * 20}, [category("x"), number("y")])
    back = MatrixSchema.from_dict(json.loads(json.dumps(schema.to_dict())))
    assert back == schema
    assert back.hash == schema.hash
    assert len(schema.hash) == 64
    spoken = Feature("fit__x", "fit", "category", "x", "not known", words={"form": "attribute"})
    assert MatrixSchema((ColumnSchema(spoken, ("a", "b")), *schema.columns[1:])).hash == schema.hash
    assert MatrixSchema((ColumnSchema(category("x"), ("a", "c")), *schema.columns[1:])).hash != schema.hash
    assert MatrixSchema(schema.columns[::-1]).hash != schema.hash


def test_names_and_features_follow_the_columns():
    schema = MatrixSchema((ColumnSchema(number("a"), None), ColumnSchema(category("b"), ("x",))))
    assert schema.names == ("fit__a", "fit__b") == tuple(f.name for f in schema.features)


@pytest.mark.parametrize(("n", "dropped"), [(50, ["identifier"]), (49, [])])
def test_numbers_that_count_rows_are_identifiers_from_fifty_leads_on(n, dropped):
    _, found = fitted({"x": np.arange(float(n))}, [number("x")])
    assert [one.reason for one in found] == dropped
