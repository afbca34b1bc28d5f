"""The points grids of the settings: the company's own or a known one, and those that are shown beside it."""

from collections.abc import Sequence

from models.points import Condition, PointsGrid, PointsRule
from models.points_presets import PRESETS, preset
from pipeline import decision_settings
from pipeline.settings import Settings


def points_grids(settings: Settings) -> tuple[PointsGrid, dict[str, PointsGrid]]:
    """Read the grids off the settings.

    Returns
    -------
    tuple of PointsGrid and dict
        The one in use today, then the known ones by name.

    Examples
    --------
    >>> grid, others = points_grids(Settings(points={"preset": "saas40"}))
    >>> grid.threshold, grid == others["saas40"], sorted(others)
    (40.0, True, ['icp60', 'saas40'])
    """
    points = settings.points
    icp, territory = _conditions(points.icp), _conditions(points.territory)
    known = {name: preset(name, icp, territory) for name in PRESETS}
    if points.preset:
        return known[points.preset], {str(name): grid for name, grid in known.items()}
    own = (
        PointsRule(rule.column, rule.points, rule.at_least, rule.equals, rule.at_most, _conditions(rule.also))
        for rule in points.rules
    )
    return PointsGrid(tuple(own), points.threshold), {str(name): grid for name, grid in known.items()}


def _conditions(given: Sequence[decision_settings.Condition]) -> tuple[Condition, ...]:
    return tuple(Condition(test.column, test.at_least, test.at_most, test.equals) for test in given)
