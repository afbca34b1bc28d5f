"""Two points grids that B2B teams know well, as data, on features that exist.

``icp60``: ideal customer +20, product webinar +15, project within six months +25, decision role +10, insufficient
budget -10, threshold 60. ``saas40``: chief executive of a software company +10, three opens and a click +15, webinar
+20, out of area -10, threshold 40.

Answers count from the instant they are known. They are yes, no or unclear: a date is a yes, whatever the date.
"""

from collections.abc import Sequence
from typing import Literal

from models.points import Condition, PointsGrid, PointsRule

Preset = Literal["icp60", "saas40"]
PRESETS: tuple[Preset, ...] = ("icp60", "saas40")
# Who is an ideal customer and where one sells is the company's to say; until it does, these never fire.
ICP, TERRITORY = "points.icp", "points.territory"
_WEBINAR = "engagement__webinar_count_365d"
_CEO = (Condition("fit__seniority", equals="c_level"), Condition("fit__job_function", equals="general_management"))
# Software publishers and programmers in the NAF; without NAF codes, an industry in words. No lead has both.
_SAAS = (
    Condition("fit__industry_division", equals=("58", "62")),
    Condition("fit__industry", equals=("SaaS", "saas", "Software", "software", "Logiciel", "logiciel", "Logiciels")),
)


def preset(name: Preset, icp: Sequence[Condition] = (), territory: Sequence[Condition] = ()) -> PointsGrid:
    """Build a grid.

    Parameters
    ----------
    name : {"icp60", "saas40"}
        Which.
    icp : sequence of Condition
        What all ideal customers share.
    territory : sequence of Condition
        What all leads in the area of sales share.

    Returns
    -------
    PointsGrid

    Examples
    --------
    >>> grid = preset("saas40", territory=[Condition("fit__country", equals=("FR", "BE"))])
    >>> grid.threshold, sum(rule.points for rule in grid.rules if rule.points > 0)
    (40.0, 55)
    """
    if name == "icp60":
        rules: tuple[PointsRule, ...] = (
            _of(icp, ICP, 20),
            PointsRule(_WEBINAR, 15, at_least=1),
            PointsRule("intent__timing_answer", 25, equals="yes"),
            PointsRule("fit__seniority", 10, equals=("c_level", "vp", "director")),
            PointsRule("intent__budget_answer", -10, equals="no"),
        )
        return PointsGrid(rules, 60.0)
    opens = "engagement__email_open_count_90d"
    rules = (
        *(_of([*_CEO, industry], "", 10) for industry in _SAAS),
        PointsRule(opens, 15, at_least=3, also=(Condition("engagement__email_click_count_90d", at_least=1),)),
        PointsRule(_WEBINAR, 20, at_least=1),
        _of(territory, TERRITORY, -10, outside=True),
    )
    return PointsGrid(rules, 40.0)


def _of(conditions: Sequence[Condition], unset: str, points: float, *, outside: bool = False) -> PointsRule:
    first, *also = conditions or [Condition(unset, equals="yes")]
    return PointsRule(first.column, points, first.at_least, first.equals, first.at_most, tuple(also), outside)
