"""Everything that decides how a model is trained, in one frozen object."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from features.errors import UseError
from models.points import PointsGrid, PointsRule
from models.segments import Segment

Rule = Literal["value", "capacity", "precision"]
_DAY = 86_400


@dataclass(frozen=True)
class TrainingPlan:
    """The knobs of a training.

    Attributes
    ----------
    seed : int
        Of folds, trees, draws and resamples.
    shares : tuple of 4 floats
        Fit, calibrate, threshold, test.
    horizon_s : int
        Label window, seconds; the gap between periods.
    rule : {"value", "capacity", "precision"}
        How the threshold is chosen.
    win_value, contact_cost : float
        Margin of a won deal and cost of handing a lead over, same currency (rule ``value``; the curve's value
        column always).
    per_lead : bool
        Whether the rule ``value`` follows the margin of each lead's own deal, where amounts can be foreseen.
    margin_rate : float
        Share of a deal's amount that is margin; 0 for that at which an average won deal brings ``win_value``.
    contact_costs : mapping of str to float
        Cost of handing a lead over by channel, where it differs.
    capacity_per_week : float
        Leads that sales can treat (rule ``capacity``).
    owner_capacities : tuple of float
        Leads a week that each owner can treat, by the code that rows give as ``owner`` (rule ``capacity``).
    capacity_per_salesperson : float
        Leads a week that one more salesperson would treat.
    target_precision, confidence : float
        Least conversion of what is handed over, and how sure (rule ``precision``).
    min_selected : int
        Fewest leads on which a precision is tested.
    tolerance, certificate_confidence : float
        Share by which odds may miss, and how sure: when percentages are certified (see `models.certificate`).
    bands : tuple of 3 floats, optional
        Least propensity of A, B and C, strictly decreasing; by default measured.
    points_grid, points_threshold : tuple of PointsRule, float
        The grid that the company uses today, and the points from which it hands over.
    other_grids : mapping of str to PointsGrid
        Grids that are shown beside it, by name.
    min_won, min_lost : int
        Mature leads below which training is refused.
    max_levels, min_level_rows : int
        Categories with more values are not used; rarer values are pooled.
    n_bootstrap : int
        Resamples behind the intervals.
    num_threads : int
        Of LightGBM; changes no result.
    classifier : mapping, optional
        Settings of `LeadClassifier` other than its defaults.
    segments : tuple of Segment
        Parts of the leads that may differ from the whole, the first match wins.

    Examples
    --------
    >>> TrainingPlan(rule="precision", target_precision=0.2).confidence
    0.9
    >>> TrainingPlan(shares=(1, 0, 0, 0))
    Traceback (most recent call last):
        ...
    features.errors.UseError: shares: expected 4 positive numbers, found (1, 0, 0, 0); e.g. [0.55, 0.15, 0.15,
    0.15].
    """

    seed: int = 0
    shares: tuple[float, float, float, float] = (0.55, 0.15, 0.15, 0.15)
    horizon_s: int = 90 * _DAY
    rule: Rule = "value"
    win_value: float = 1000.0
    contact_cost: float = 100.0
    per_lead: bool = False
    margin_rate: float = 0.0
    contact_costs: Mapping[str, float] = field(default_factory=dict)
    capacity_per_week: float = 50.0
    owner_capacities: tuple[float, ...] = ()
    capacity_per_salesperson: float = 10.0
    target_precision: float = 0.2
    confidence: float = 0.9
    min_selected: int = 30
    tolerance: float = 0.3
    certificate_confidence: float = 0.9
    bands: tuple[float, float, float] | None = None
    points_grid: tuple[PointsRule, ...] = ()
    points_threshold: float = 0.0
    other_grids: Mapping[str, PointsGrid] = field(default_factory=dict)
    min_won: int = 40
    min_lost: int = 40
    max_levels: int = 1000
    min_level_rows: int = 5
    n_bootstrap: int = 200
    num_threads: int = 1
    classifier: Mapping[str, Any] | None = None
    segments: tuple[Segment, ...] = ()

    def __post_init__(self) -> None:
        if len(self.shares) != 4 or min(self.shares) <= 0:
            raise UseError(f"shares: expected 4 positive numbers, found {self.shares}; e.g. [0.55, 0.15, 0.15, 0.15].")
        if self.rule not in get_args(Rule):
            raise UseError(f"rule: expected {', '.join(get_args(Rule))}, found {self.rule!r}.")
        if not (self.win_value > 0 and self.contact_cost >= 0 and self.capacity_per_week > 0):
            raise UseError(
                "threshold: expected win_value > 0, contact_cost >= 0 and capacity_per_week > 0, found "
                f"{self.win_value}, {self.contact_cost} and {self.capacity_per_week}."
            )
        if self.per_lead and self.rule != "value":
            raise UseError(f"threshold: expected rule = value with per_lead, found {self.rule}; set per_lead = false.")
        if (self.per_lead or self.contact_costs) and min(self.contact_cost, *self.contact_costs.values(), np.inf) <= 0:
            raise UseError(
                "threshold: expected every contact cost above 0 where leads differ in worth, found 0; say what a "
                "contact costs."
            )
        if not (self.tolerance > 0 and 0 < self.certificate_confidence < 1):
            raise UseError(
                "certificate: expected tolerance > 0 and confidence between 0 and 1, found "
                f"{self.tolerance} and {self.certificate_confidence}."
            )
        if not (0 < self.target_precision < 1 and 0 < self.confidence < 1):
            raise UseError(
                "threshold: expected target_precision and confidence between 0 and 1, found "
                f"{self.target_precision} and {self.confidence}."
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON and for MLflow parameters.

        Returns
        -------
        dict
            One key per attribute.
        """
        return {**asdict(self), "segments": [segment.name for segment in self.segments]}
