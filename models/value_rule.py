"""The rule ``value``: hand over where what a lead is expected to bring exceeds the cost of contacting it."""

from features.language import percent
from models.plan import TrainingPlan
from models.sample import Sample
from models.threshold import ThresholdChoice, decided


def value_rule(sample: Sample, plan: TrainingPlan) -> ThresholdChoice:
    """Hand over when ``propensity x win_value > contact_cost``.

    Where leads differ in margin or cost (see `models.worth`), the threshold is that of a lead of average margin and
    cost, and rows are compared with it at the propensity of such a lead that would be worth as much.

    Parameters
    ----------
    sample : Sample
        Rows that nobody fitted on; they draw the curve, the threshold is the ratio of the two amounts.
    plan : TrainingPlan
        ``win_value``, ``contact_cost``.

    Returns
    -------
    ThresholdChoice
        None when contacting costs more than winning brings, or no lead is worth it.

    Examples
    --------
    >>> import numpy as np
    >>> propensity, y = np.array([0.4, 0.3, 0.2, 0.1]), np.array([1.0, 0.0, 0.0, 0.0])
    >>> leads = Sample(np.arange(4), np.arange(4), propensity, y, np.ones(4))
    >>> value_rule(leads, TrainingPlan(win_value=1000, contact_cost=250)).threshold
    0.25
    >>> value_rule(leads, TrainingPlan(win_value=1000, contact_cost=500)).reason_en
    'No lead is worth its contact: that takes a propensity of 50%, the best lead has 40%.'
    """
    threshold = plan.contact_cost / plan.win_value
    best = float(sample.rank.max())
    if threshold > best:
        return decided(
            "value",
            None,
            sample,
            plan,
            f"No lead is worth its contact: that takes a propensity of {percent(threshold, 'en')}, the best "
            "lead has "
            f"{percent(best, 'en')}.",
            f"Aucun lead ne vaut son contact : il faudrait une probabilité de {percent(threshold, 'fr')}, "
            "le meilleur lead a "
            f"{percent(best, 'fr')}.",
        )
    en = f"From {percent(threshold, 'en')} on, what a lead is expected to bring exceeds the cost of contacting it."
    fr = f"À partir de {percent(threshold, 'fr')}, ce qu'un lead devrait rapporter dépasse le coût de son contact."
    if sample.worth is not None:
        en += " That is for an average deal and contact: each lead has its own threshold."
        fr += " Ce seuil vaut pour une affaire et un contact moyens : chaque lead a le sien."
    return decided("value", threshold, sample, plan, en, fr)
