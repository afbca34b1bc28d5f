"""Points grids: several conditions, what lies outside, columns by their own names, and the two known grids by hand."""

import numpy as np
import pandas as pd
import pytest

from features.errors import UseError
from features.specification import Feature, Recipe
from models.points import Condition, PointsGrid, PointsRule, absent
from models.points_presets import ICP, PRESETS, TERRITORY, preset

ICP_60 = [Condition("fit__employees", at_least=50, at_most=500)]
AREA = [Condition("fit__country", equals=("FR", "BE")), Condition("fit__region", equals="Bretagne")]


def test_several_conditions_must_all_hold():
    rule = PointsRule("opens", 15, at_least=3, also=(Condition("clicks", at_least=1), Condition("role", equals="CEO")))
    frame = pd.DataFrame({"opens": [3, 3, 2, 3], "clicks": [1, 1, 1, np.nan], "role": ["CEO", "CFO", "CEO", "CEO"]})
    assert rule.fires(frame).tolist() == [True, False, False, False]
    assert rule.columns == ("opens", "clicks", "role")


def test_outside_fires_where_it_is_known_not_to_hold():
    rule = PointsRule("country", -10, equals=("FR", "BE"), outside=True)
    assert rule.fires(pd.DataFrame({"country": ["FR", "DE", None, "BE"]})).tolist() == [False, True, False, False]


def test_a_rule_may_name_the_column_that_a_feature_stands_for():
    feature = Feature(
        "fit__crm", "fit", "category", "crm", "", recipe=Recipe("attributes", "value", columns=("leads.crm_used",))
    )
    read = Feature(
        "fit__level", "fit", "category", "x", "", recipe=Recipe("attributes", "seniority", columns=("leads.job",))
    )
    rules = [PointsRule("crm_used", 5, equals="odoo"), PointsRule("job", 5, equals="CEO")]
    columns = ["fit__crm", "fit__level"]
    grid = PointsGrid.applicable(rules, 0, columns, [feature, read])
    assert [rule.column for rule in grid.rules] == ["fit__crm"]
    assert absent(rules, columns, [feature, read]) == ("job",)
    assert grid.points(pd.DataFrame({"fit__crm": ["odoo", "other"]})).tolist() == [5, 0]


@pytest.mark.parametrize("wrong", [{}, {"at_most": 1, "equals": "a"}])
def test_a_condition_has_one_kind_of_test(wrong):
    with pytest.raises(UseError, match="expected either at_least, at_most or both, or equals"):
        Condition("x", **wrong)


def _leads(**columns):
    n = max(len(values) for values in columns.values())
    names = {column for name in PRESETS for rule in preset(name, ICP_60, AREA).rules for column in rule.columns}
    return pd.DataFrame({name: columns.get(name, [None] * n) for name in names})


def test_icp60_by_hand():
    frame = _leads(
        fit__employees=[100, 100, 5],
        engagement__webinar_count_365d=[1, 0, 2],
        intent__timing_answer=["yes", "no", "yes"],
        fit__seniority=["c_level", "director", "staff"],
        intent__budget_answer=["no", "yes", None],
    )
    grid = preset("icp60", ICP_60)
    assert grid.threshold == 60
    assert grid.points(frame).tolist() == [20 + 15 + 25 + 10 - 10, 20 + 10, 15 + 25]


def test_saas40_by_hand():
    frame = _leads(
        fit__seniority=["c_level", "c_level", "c_level", "staff"],
        fit__job_function=["general_management", "general_management", "finance", None],
        fit__industry_division=["58", None, "62", None],
        fit__industry=[None, "SaaS", None, None],
        engagement__email_open_count_90d=[3, 2, 5, 0],
        engagement__email_click_count_90d=[1, 4, 0, 0],
        engagement__webinar_count_365d=[1, 1, 0, 0],
        fit__country=["FR", "FR", "DE", None],
        fit__region=["Bretagne", "Normandie", "Bretagne", "Bretagne"],
    )
    assert preset("saas40", territory=AREA).points(frame).tolist() == [10 + 15 + 20, 10 + 20 - 10, -10, 0]


def test_what_the_company_has_not_said_never_fires_and_is_named():
    columns = list(_leads(fit__employees=[1]).columns)
    assert absent(preset("icp60").rules, columns) == (ICP,)
    assert absent(preset("saas40").rules, columns) == (TERRITORY,)
    assert absent(preset("saas40", territory=AREA).rules, columns) == ()


@pytest.mark.parametrize(
    ("test", "passes"),
    [
        ({"at_least": 3}, [False, True, True, False]),
        ({"at_most": 3}, [True, True, False, False]),
        ({"at_least": 3, "at_most": 3}, [False, True, False, False]),
        ({"at_least": -1}, [True, True, True, False]),
    ],
)
def test_ends_of_a_number_are_included_and_null_never_passes(test, passes):
    condition = Condition("opens", **test)
    assert condition.holds(pd.DataFrame({"opens": [2.0, 3.0, 1e12, np.nan]})).tolist() == passes
    texts = pd.DataFrame({"opens": ["2", "3", "1e12", "many"]})
    assert condition.holds(texts).tolist() == passes


def test_a_category_equals_one_of_several_texts_and_no_number():
    frame = pd.DataFrame({"role": ["CEO", "CFO", "ceo", None, 5]})
    assert Condition("role", equals="CEO").holds(frame).tolist() == [True, False, False, False, False]
    assert Condition("role", equals=("CEO", "CFO")).holds(frame).tolist() == [True, True, False, False, False]
