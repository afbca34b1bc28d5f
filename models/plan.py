"""Everything that decides how a model is trained, in one frozen object."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from features.errors import UseError
from models.segments import Segment

Rule = Literal["value", "capacity", "precision"]
_DAY = 86_400


@dataclass(frozen=True)
class PointsRule:
    """One line of a points grid.

    Attributes
    ----------
    column : str
        A feature.
    points : float
        Given when the condition holds; may be negative.
    at_least : float, optional
        Condition on a number; null never satisfies it.
    equals : str, optional
        Condition on a category.

    Examples
    --------
    >>> PointsRule("fit__employees", 10)
    Traceback (most recent call last):
        ...
    features.errors.UseError: points grid, fit__employees: expected exactly one of at_least and equals, found
    none; ...
    """

    column: str
    points: float
    at_least: float | None = None
    equals: str | None = None

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.equals is None):
            found = "none" if self.at_least is None else "both"
            raise UseError(
                f"points grid, {self.column}: expected exactly one of at_least and equals, found {found}; "
                "write e.g. at_least = 50."
            )


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
    capacity_per_week : float
        Leads that sales can treat (rule ``capacity``).
    target_precision, confidence : float
        Least conversion of what is handed over, and how sure (rule ``precision``).
    min_selected : int
        Fewest leads on which a precision is tested.
    bands : tuple of 3 floats, optional
        Least propensity of A, B and C, strictly decreasing; by default measured.
    points_grid, points_threshold : tuple of PointsRule, float
        The grid that the company uses today, and the points from which it hands over.
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
    capacity_per_week: float = 50.0
    target_precision: float = 0.2
    confidence: float = 0.9
    min_selected: int = 30
    bands: tuple[float, float, float] | None = None
    points_grid: tuple[PointsRule, ...] = ()
    points_threshold: float = 0.0
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
        if self.rule not in ("value", "capacity", "precision"):
            raise UseError(f"rule: expected value, capacity or precision, found {self.rule!r}.")
        if not (self.win_value > 0 and self.contact_cost >= 0 and self.capacity_per_week > 0):
            raise UseError(
                "threshold: expected win_value > 0, contact_cost >= 0 and capacity_per_week > 0, found "
                f"{self.win_value}, {self.contact_cost} and {self.capacity_per_week}."
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
