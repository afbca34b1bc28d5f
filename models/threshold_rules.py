"""The three rules by which a threshold is chosen, and the choice between them."""

from dataclasses import replace

from models.capacity_rule import capacity_rule
from models.plan import TrainingPlan
from models.precision_rule import precision_rule
from models.sample import Sample
from models.threshold import ThresholdChoice
from models.value_rule import value_rule
from models.worth import Economics


def choose(sample: Sample, plan: TrainingPlan, economics: Economics | None = None) -> ThresholdChoice:
    """Apply the plan's rule.

    Parameters
    ----------
    sample : Sample
        Rows that nobody fitted on.
    plan : TrainingPlan
        Rule and its settings.
    economics : Economics, optional
        Margins and costs lead by lead, which the rule ``value`` then follows.

    Returns
    -------
    ThresholdChoice
    """
    rules = {"value": value_rule, "capacity": capacity_rule, "precision": precision_rule}
    choice = rules[plan.rule](sample, plan)
    own = economics if plan.rule == "value" and economics is not None and economics.differs else None
    return replace(choice, own=own)
