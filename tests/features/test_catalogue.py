"""What becomes a feature, under which name and family, and how one is added."""

import json
import math

import narwhals.stable.v2 as nw
import polars as pl
import pytest

from features.catalogue import DECLARED, MOST_UNDECLARED_TYPES, FeatureOptions, catalogue, slug_of
from features.compiler import describe
from features.declare import count, trend
from features.errors import UseError
from features.specification import Did, Feature, Level, Recipe
from features.tables import NOT_FEATURES, Attribute, Tables
from features.words import sentence

DAY = 86_400


def lazy(columns, **types):
    return nw.from_native(pl.LazyFrame(columns, schema_overrides=types))


def flat(attributes, **columns):
    frame = lazy({"lead_id": ["a"], "account_id": [None], **columns}, account_id=pl.String)
    return Tables({"leads": frame}, tuple(attributes), extracted_at=10 * DAY)


def names(tables, **options):
    return [f.name for f in catalogue(tables, FeatureOptions(**options))]


def test_a_feature_is_added_in_three_lines():
    added = count("calculator_use", "intent", days=(30, 90),
                  en=Did("Used the price calculator", "Uses of the price calculator"),
                  fr=Did("A utilisé le calculateur", "Utilisations du calculateur"))  # fmt: skip
    events = lazy(
        {"lead_id": ["a"] * 2, "occurred_at": [0, 50 * DAY], "known_at": [0, 50 * DAY], "type": ["calculator_use"] * 2}
    )
    tables = Tables({"leads": lazy({"lead_id": ["a"]}), "events": events}, (), extracted_at=60 * DAY)
    snapshots = lazy({"lead_id": ["a"], "cutoff": [60 * DAY]})
    row = describe(snapshots, tables, added, 60 * DAY, 60 * DAY).collect().to_native().to_dicts()[0]
    assert [row[f.name] for f in added] == [1.0, 2.0]
    assert sentence(added[0], 1.0, "en") == "Used the price calculator once in the last 30 days"
    assert sentence(added[1], 0.0, "fr") == "N'a pas utilisé le calculateur ces 90 derniers jours"


def test_declared_names_follow_the_rule_and_are_unique():
    assert len({f.name for f in DECLARED}) == len(DECLARED)
    for feature in DECLARED:
        family, _, rest = feature.name.partition("__")
        assert family == feature.family
        assert slug_of(rest) == rest
        assert feature.code == f"{family}.{rest}".upper()
        assert feature.null
        assert feature.direction in {-1, 0, 1}


def test_windows_and_recency_of_one_fact_share_it():
    facts = {f.fact for f in DECLARED if "__pricing_view_" in f.name}
    assert facts == {"pricing_view"}


def test_identities_never_become_features():
    columns = {column.partition(".")[2] for f in DECLARED if f.recipe for column in f.recipe.columns}
    assert columns & NOT_FEATURES == {"email"}
    assert [f.recipe.measure for f in DECLARED if f.recipe and "leads.email" in f.recipe.columns] == ["email_kind"]


def test_attributes_get_safe_names_by_kind_and_family():
    attributes = [
        Attribute("leads", "emp.var.rate", "number"),
        Attribute("leads", "Chiffre d'affaires (k€)", "number"),
        Attribute("leads", "trial at", "date"),
        Attribute("leads", "Plan", "category"),
        Attribute("leads", "plan!", "category"),
        Attribute("leads", "visits", "number"),
    ]
    tables = flat(attributes, **{a.name: [None] for a in attributes})
    assert names(tables, families={"visits": "engagement"}) == [
        "fit__emp_var_rate",
        "fit__chiffre_d_affaires_k",
        "fit__trial_at_days",
        "fit__plan",
        "fit__lead_plan",
        "engagement__visits",
    ]


def test_a_flat_file_feeds_the_declared_company_features():
    attributes = [Attribute("leads", "employees", "number"), Attribute("leads", "industry", "category")]
    tables = flat(attributes, employees=[120.0], industry=["62.01Z"])
    features = catalogue(tables)
    assert {f.name for f in features} == {
        "fit__employees",
        "fit__employees_band",
        "fit__industry_section",
        "fit__industry_division",
        "fit__industry",
    }
    snapshots = lazy({"lead_id": ["a"], "cutoff": [DAY]})
    row = describe(snapshots, tables, features, DAY, DAY).collect().to_native().to_dicts()[0]
    assert (row["fit__employees_band"], row["fit__industry_section"]) == ("50_249", "J")


def test_a_text_called_employees_stays_an_attribute_of_its_own():
    tables = flat([Attribute("leads", "employees", "category")], employees=["50-249"])
    (feature,) = catalogue(tables)
    assert (feature.name, feature.dtype) == ("fit__employees", "category")


def test_excluded_columns_types_and_names_leave_nothing_behind():
    columns = {"country": ["FR"], "job_title": ["DSI"], "seniority": ["vp"], "phone": ["1"]}
    tables = flat([Attribute("leads", "phone", "category")], **columns)
    kept = names(tables, exclude=frozenset({"country", "phone", "job_title", "fit__email_kind"}))
    assert kept == ["fit__seniority"]
    assert catalogue(tables, FeatureOptions(exclude=frozenset({"job_title"})))[1].recipe.columns == ("leads.seniority",)
    with_events = Tables({**tables.frames, "events": lazy({"lead_id": ["a"]})}, (), 0)
    assert not [n for n in names(with_events, exclude=frozenset({"webinar"})) if "webinar" in n]


def test_a_column_given_to_another_family_takes_its_name():
    tables = flat([], source=["web"], country=["FR"])
    assert names(tables, families={"source": "intent"}) == ["fit__country", "intent__source"]


def test_types_that_nobody_declared_get_features_of_their_own():
    tables = Tables({"leads": lazy({"lead_id": ["a"]}), "events": lazy({"lead_id": ["a"]})}, (), 0)
    new = set(names(tables, event_types=("Demo call", "demo_call", "email_open"))) - set(names(tables))
    assert new == {
        f"engagement__event_demo_call{i}_{x}"
        for i in ("", "_2")
        for x in ("count_30d", "count_90d", "count_365d", "recency_days")
    }
    many = tuple(f"type {i}" for i in range(500))
    assert len(set(names(tables, event_types=many)) - set(names(tables))) == 4 * MOST_UNDECLARED_TYPES


def test_tables_that_are_absent_give_no_features():
    assert catalogue(flat([])) == ()
    sources = {
        f.recipe.source
        for f in catalogue(Tables({"leads": lazy({"lead_id": ["a"]}), "events": lazy({"lead_id": []})}, (), 0))
        if f.recipe
    }
    assert sources == {"events"}


def test_a_model_meets_tables_that_lack_what_it_was_trained_on():
    tables = flat([], score=["text where a number was"])
    number = Feature(
        "fit__score", "fit", "number", "score", "", recipe=Recipe("attributes", "value", columns=("leads.score",))
    )
    gone = Feature(
        "fit__gone", "fit", "category", "gone", "", recipe=Recipe("attributes", "value", columns=("leads.gone",))
    )
    features = [*DECLARED, number, gone]
    snapshots = lazy({"lead_id": ["a"], "cutoff": [DAY]})
    row = describe(snapshots, tables, features, DAY, DAY).collect().to_native().to_dicts()[0]
    assert set(row) == {"lead_id", "cutoff", *(f.name for f in features)}
    assert {k for k, v in row.items() if v is not None} == {"lead_id", "cutoff"}


def test_a_lead_in_no_table_is_described_all_the_same():
    tables = Tables({"leads": lazy({"lead_id": ["a"], "source": ["web"]})}, (), 0)
    row = (
        describe(lazy({"lead_id": ["new"], "cutoff": [DAY]}), tables, catalogue(tables), DAY, DAY).collect().to_native()
    )
    assert row.to_dicts() == [{"lead_id": "new", "cutoff": DAY, "fit__source": None}]


def test_features_without_recipe_are_refused_by_name():
    with pytest.raises(UseError, match="1 features have no recipe: fit__x"):
        describe(lazy({"lead_id": ["a"], "cutoff": [1]}), flat([]), [Feature("fit__x", "fit", "number", "x", "")], 1, 1)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"source": "events", "measure": "magic"}, "Train the model again"),
        ({"source": "events", "measure": "count", "days": 0}, "positive number of days"),
        ({"source": "events", "measure": "trend", "days": 30, "longer_days": 30}, "longer window"),
        ({"source": "events", "measure": "decay"}, "half-life"),
        ({"source": "attributes", "measure": "value"}, "Columns are for attributes"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(recipe, message):
    with pytest.raises(UseError, match=message):
        Recipe(**recipe)


def test_every_declared_feature_survives_json():
    for feature in DECLARED:
        assert Feature.from_dict(json.loads(json.dumps(feature.to_dict()))) == feature


def test_a_trend_over_unequal_windows_compares_levels():
    (feature,) = trend("activity", "engagement", days=7, against=28, types=(), en=Level("A", "N"), fr=Level("A", "N"))
    at = [27 * DAY] * 3 + [10 * DAY] * 6
    events = lazy({"lead_id": ["a"] * 9, "occurred_at": at, "known_at": at, "type": ["x"] * 9})
    tables = Tables({"leads": lazy({"lead_id": ["a"]}), "events": events}, (), 0)
    row = describe(lazy({"lead_id": ["a"], "cutoff": [28 * DAY]}), tables, [feature], 28 * DAY, 28 * DAY).collect()
    assert math.isclose(row[feature.name][0], (3 + 1) / (6 / 3 + 1))
