"""The rule ``capacity``: the loosest threshold that hands over no more new leads a week than sales can treat."""

import numpy as np

from features.language import number, percent
from models.plan import TrainingPlan
from models.sample import Flow, Sample
from models.threshold import ThresholdChoice, decided


def capacity_rule(sample: Sample, plan: TrainingPlan) -> ThresholdChoice:
    """Loosest threshold that hands over no more new leads a week than sales can treat.

    A lead arrives at a threshold when its propensity first reaches it, after the first cutoff of the sample
    (what is above on that day is stock, not flow).

    Parameters
    ----------
    sample : Sample
        Rows that nobody fitted on.
    plan : TrainingPlan
        ``capacity_per_week``.

    Returns
    -------
    ThresholdChoice
        None without dates, or when even the best leads are too many.

    Examples
    --------
    >>> day = 86_400
    >>> leads = Sample(np.arange(71), np.arange(71) * day, np.linspace(0, 0.7, 71), np.zeros(71), np.ones(71))
    >>> round(capacity_rule(leads, TrainingPlan(capacity_per_week=3.5)).threshold, 2)
    0.36
    """
    flow = Flow(sample)
    if flow.weeks <= 0:
        return decided(
            "capacity",
            None,
            sample,
            plan,
            "Weekly arrivals cannot be measured: leads have no dates. Choose the rule value or precision.",
            "Les arrivées par semaine ne peuvent pas être mesurées : les leads n'ont pas de date. "
            "Choisissez la règle value "
            "ou precision.",
        )
    most = plan.capacity_per_week
    candidates = np.unique(sample.propensity)[::-1]
    fits = flow.per_week(candidates) <= most
    n_fit = len(fits) if fits.all() else int(np.argmin(fits))
    if n_fit == 0:
        return decided(
            "capacity",
            None,
            sample,
            plan,
            f"More leads share the highest propensity than the {number(most, 'en')} a week that sales can treat.",
            f"Plus de leads partagent la probabilité la plus haute que les {number(most, 'fr')} par semaine que "
            "l'équipe commerciale peut traiter.",
        )
    threshold = float(candidates[n_fit - 1])
    rate = round(float(flow.per_week(candidates[n_fit - 1 : n_fit])[0]), 1)
    en = (
        f"{number(rate, 'en')} leads a week newly reach {percent(threshold, 'en')}; sales can treat "
        f"{number(most, 'en')}."
    )
    fr = (
        f"{number(rate, 'fr')} leads par semaine atteignent {percent(threshold, 'fr')} ; l'équipe commerciale peut en "
        f"traiter {number(most, 'fr')}."
    )
    en += " Open leads that are above it on the first night come on top, once: spread them over several weeks."
    fr += " S'y ajoutent, une seule fois, les leads ouverts déjà au-dessus la première nuit : étalez-les."
    return decided("capacity", threshold, sample, plan, en, fr)
