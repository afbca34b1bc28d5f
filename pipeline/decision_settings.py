"""The settings of the decision: who is handed to sales, and the points grid that the model is compared with."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.points_presets import Preset
from pipeline.section import Section

OpenRate = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class ThresholdSettings(Section):
    """Who is handed to sales."""

    rule: Literal["value", "capacity", "precision"] = Field("value", description="value, capacity or precision")
    win_value: float = Field(5000.0, gt=0, description="margin of an average won deal, in your currency")
    contact_cost: float = Field(150.0, ge=0, description="cost of working one lead, same currency")
    per_lead: bool = Field(
        False, description="rule value: true: the expected amount of each lead's own deal counts, where it is foreseen"
    )
    margin_rate: float = Field(
        0.0, ge=0, le=1, description="share of an amount that is margin; 0: an average won deal brings win_value"
    )
    capacity_per_week: float = Field(50.0, gt=0, description="leads that all of sales can treat per week")
    capacity_per_owner_per_week: float = Field(
        0.0, ge=0, description="rule capacity: leads that each owner can treat per week; 0: not by owner"
    )
    capacity_per_salesperson: float = Field(
        10.0, gt=0, description="leads per week that one more salesperson would treat: the report says what it brings"
    )
    target_precision: OpenRate = Field(0.2, description="least share of handed-over leads that are won")
    confidence: OpenRate = Field(0.9, description="how sure the precision rule must be")
    contact_costs: dict[str, Positive] = Field(
        default_factory=dict, description="source = cost of working one lead of that source, where it differs"
    )
    capacity_per_owner: dict[str, NotNegative] = Field(
        default_factory=dict,
        description="owner = leads per week, where it differs; read every night, so that an absence is a 0 here",
    )

    @model_validator(mode="after")
    def _one_rule(self) -> "ThresholdSettings":
        by_owner = self.capacity_per_owner or self.capacity_per_owner_per_week
        for wanted, named, is_set in (
            ("value", "per_lead", self.per_lead),
            ("capacity", "capacities by owner", by_owner),
        ):
            if is_set and self.rule != wanted:
                raise ValueError(f'expected rule = "{wanted}" with {named}, found "{self.rule}"')
        if (self.per_lead or self.contact_costs) and self.contact_cost == 0:
            raise ValueError("expected contact_cost above 0 with per_lead or contact_costs, found 0")
        return self


class Condition(Section):
    """One test of a lead."""

    column: str = Field(description="a feature, or a column of leads or accounts")
    at_least: float | None = Field(None, description="true where the number is at least this")
    at_most: float | None = Field(None, description="true where the number is at most this")
    equals: str | tuple[str, ...] | None = Field(None, description="true where the text is this, or one of these")

    @model_validator(mode="after")
    def _one_test(self) -> "Condition":
        if (self.at_least is None and self.at_most is None) == (self.equals is None):
            raise ValueError("expected either at_least or equals")
        return self


class PointsRule(Condition):
    """One line of the hand-set points grid that the model is compared with."""

    points: float = Field(description="added when true")
    also: tuple[Condition, ...] = Field((), description="others that must be true as well")


DEFAULT_POINTS = (
    PointsRule(column="intent__demo_request_count_365d", at_least=1, points=20),
    PointsRule(column="intent__quote_request_count_365d", at_least=1, points=20),
    PointsRule(column="engagement__webinar_count_365d", at_least=1, points=15),
    PointsRule(column="engagement__download_count_365d", at_least=1, points=10),
    PointsRule(column="intent__pricing_view_count_90d", at_least=1, points=5),
    PointsRule(column="engagement__email_click_count_90d", at_least=1, points=5),
    PointsRule(column="fit__seniority", equals="c_level", points=10),
    PointsRule(column="fit__seniority", equals="director", points=10),
)
DEFAULT_THRESHOLD = 60.0


class PointsSettings(Section):
    """The points grid in use today; only to show what it is worth beside the model."""

    preset: Preset | Literal[""] = Field(
        "", description="a known grid instead of the rules: icp60 or saas40 (the report shows both anyway)"
    )
    threshold: float = Field(DEFAULT_THRESHOLD, description="handed over at or above")
    icp: tuple[Condition, ...] = Field(
        (), description='what all ideal customers share, such as { column = "employees", at_least = 50 }; for icp60'
    )
    territory: tuple[Condition, ...] = Field(
        (),
        description='what all leads of your area share, as { column = "country", equals = ["FR", "BE"] }; for saas40',
    )
    rules: tuple[PointsRule, ...] = Field(
        DEFAULT_POINTS, description="what earns points; also = [{ column = ... }] for what must be true as well"
    )

    @model_validator(mode="after")
    def _rules_or_preset(self) -> "PointsSettings":
        own = self.threshold != DEFAULT_THRESHOLD or self.rules not in ((), DEFAULT_POINTS)
        if self.preset and own:
            raise ValueError(
                f'expected a preset or rules of your own, found preset = "{self.preset}" beside a threshold or rules '
                'that are not the defaults; set preset = "" or take them out'
            )
        return self
