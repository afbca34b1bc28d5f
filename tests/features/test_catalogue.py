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
from features.language import NARROW, NBSP
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


def test_columns_that_nobody_declared_are_spoken_of_by_their_label_and_unit():
    attributes = [
        Attribute("accounts", "arr", "number"),
        Attribute("leads", "churn_rate", "number"),
        Attribute("leads", "trial_at", "date"),
        Attribute("leads", "plan", "category"),
        Attribute("leads", "vendor__known_at", "date"),
    ]
    labels = {
        "arr": {"en": "recurring revenue", "fr": "revenu récurrent", "unit": "k€"},
        "churn_rate": {"fr": "attrition", "unit": "percent"},
    }
    tables = flat(attributes, **{a.name: [None] for a in attributes if a.table == "leads"})
    arr, churn, trial, plan = catalogue(tables, FeatureOptions(labels=labels))
    unit = {"unit": "k€", "unit_one": "k€"}
    assert arr.words == {
        "form": "attribute",
        "en": {"label": "Recurring revenue", "unknown": "Recurring revenue not known", **unit},
        "fr": {"label": "Revenu récurrent", "unknown": f"Revenu récurrent{NBSP}: information absente", **unit},
    }
    assert (arr.fact, arr.recipe, arr.null) == (
        "accounts.arr",
        Recipe("attributes", "value", columns=("accounts.arr",)),
        "not known",
    )
    # A label of one language serves both.
    assert churn.words == {
        "form": "attribute",
        "number": "percent",
        "en": {"label": "Attrition", "unknown": "Attrition not known"},
        "fr": {"label": "Attrition", "unknown": f"Attrition{NBSP}: information absente"},
    }
    assert (trial.words["form"], trial.recipe.measure, trial.dtype) == ("date", "date", "number")
    assert trial.null == "not known, or not before the cutoff"
    assert (plan.words["form"], plan.dtype, plan.null) == ("attribute", "category", "not known")
    assert plan.words["en"]["label"] == "Plan"


def test_types_that_nobody_declared_are_spoken_of_by_their_name():
    frames = {name: lazy({"lead_id": ["a"], "account_id": ["x"]}) for name in ("leads", "events", "signals", "answers")}
    tables = Tables(frames, (), 0)
    options = FeatureOptions(
        event_types=("Badge scan",),
        signal_types=("Fund raising",),
        criteria=(" Security ",),
        families={"Badge scan": "fit"},
    )
    known = {feature.name for feature in catalogue(tables)}
    new = {feature.name: feature for feature in catalogue(tables, options) if feature.name not in known}
    days = ("count_30d", "count_90d", "count_365d", "recency_days")
    assert set(new) == {
        *(f"fit__event_badge_scan_{of}" for of in days),
        *(f"intent__signal_fund_raising_{of}" for of in days),
        "intent__criterion_security_answer",
    }
    event, signal = new["fit__event_badge_scan_count_90d"], new["intent__signal_fund_raising_count_90d"]
    asked = new["intent__criterion_security_answer"]
    assert event.recipe == Recipe("events", "count", 90, ("Badge scan",))
    assert signal.recipe == Recipe("signals", "count", 90, ("Fund raising",))
    assert asked.recipe == Recipe("answers", "criterion", types=("security",))
    said = [
        (sentence(feature, value, "en"), sentence(feature, value, "fr"))
        for feature, value in ((event, 2.0), (event, 0.0), (signal, 1.0), (signal, 2.0), (signal, 0.0))
    ]
    of, en = f"«{NBSP}badge scan{NBSP}»", f"«{NBSP}fund raising{NBSP}»"
    assert said == [
        ("“badge scan” activity twice in the last 90 days", f"Activité {of} 2 fois ces 90 derniers jours"),
        ("No “badge scan” activity in the last 90 days", f"Aucune activité {of} ces 90 derniers jours"),
        (
            "1 “fund raising” signal at the company in the last 90 days",
            f"1 signal {en} dans l'entreprise ces 90 derniers jours",
        ),
        (
            "2 “fund raising” signals at the company in the last 90 days",
            f"2 signaux {en} dans l'entreprise ces 90 derniers jours",
        ),
        (
            "No “fund raising” signal at the company in the last 90 days",
            f"Aucun signal {en} dans l'entreprise ces 90 derniers jours",
        ),
    ]
    assert [sentence(asked, level, "en") for level in ("yes", "no", "unclear", None)] == [
        "Question “security”: yes",
        "Question “security”: no",
        "Question “security” discussed without a clear answer",
        "Question “security” not discussed yet",
    ]
    assert asked.words["en"]["ask"] == "What is the answer to “security”?"
    assert asked.words["fr"]["ask"] == f"Quelle est la réponse à «{NBSP}security{NBSP}»{NARROW}?"


def test_signals_and_colleagues_need_an_account_and_a_column_of_a_declared_feature_needs_to_be_there():
    leads = lazy({"lead_id": ["a"], "account_id": ["x"]})
    events, signals, answers = (lazy({"lead_id": ["a"]}) for _ in range(3))
    every = {"leads": leads, "events": events, "signals": signals, "answers": answers}

    def sources(frames):
        return {feature.recipe.source for feature in catalogue(Tables(frames, (), 0))}

    assert sources(every) == {"events", "signals", "colleagues", "answers"}
    bare = {**every, "leads": lazy({"lead_id": ["a"]})}
    assert sources(bare) == {"events", "answers"}
    new = FeatureOptions(event_types=("x",), signal_types=("x",), criteria=("x",))
    found = {feature.recipe.source for feature in catalogue(Tables(bare, (), 0), new)}
    assert found == {"events", "answers"}
    assert sources({name: frame for name, frame in every.items() if name != "events"}) == {"signals", "answers"}
    accounts = {"leads": leads, "accounts": lazy({"account_id": ["x"], "employees": [3.0]})}
    assert {feature.name for feature in catalogue(Tables(accounts, (), 0))} == {"fit__employees", "fit__employees_band"}
