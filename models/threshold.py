"""Least propensity handed over to sales, by one of three rules, with the whole curve behind it.

No valid threshold is a legal answer: ``threshold`` is then None and the reason says why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.stats import beta, binomtest

from features.language import percent
from models.plan import Rule, TrainingPlan
from models.sample import Flow, Sample

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ThresholdPoint:
    """One point of the curve, over one random row of each lead.

    Attributes
    ----------
    threshold : float
        Propensity.
    n : int
        Leads at or above it.
    share, precision, recall : float
        Of the leads; conversion of those selected; share of the wins selected.
    precision_low : float
        Exact one-sided lower bound of the precision at the plan's confidence (Clopper-Pearson), for this
        point alone.
    value_per_lead : float
        (wins x win value - selected x contact cost) / all leads.
    per_week : float, optional
        Leads that newly reach it in a week; None without dates.
    """

    threshold: float
    n: int
    share: float
    precision: float
    recall: float
    precision_low: float
    value_per_lead: float
    per_week: float | None


@dataclass(frozen=True)
class ThresholdChoice:
    """The threshold and how it was found.

    Attributes
    ----------
    rule : {"value", "capacity", "precision"}
    threshold : float, optional
        Least propensity handed over; None when no threshold is valid.
    curve : tuple of ThresholdPoint
        Strict to loose.
    n_leads : int
        Leads behind the curve.
    reason_en, reason_fr : str
        Why this one, or why none.
    """

    rule: Rule
    threshold: float | None
    curve: tuple[ThresholdPoint, ...]
    n_leads: int
    reason_en: str
    reason_fr: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON.

        Returns
        -------
        dict
        """
        return asdict(self) | {"curve": [asdict(point) for point in self.curve]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote.

        Parameters
        ----------
        data : mapping

        Returns
        -------
        ThresholdChoice
        """
        return cls(**{**data, "curve": tuple(ThresholdPoint(**point) for point in data["curve"])})


def choose(sample: Sample, plan: TrainingPlan) -> ThresholdChoice:
    """Apply the plan's rule.

    Parameters
    ----------
    sample : Sample
        Rows that nobody fitted on.
    plan : TrainingPlan
        Rule and its settings.

    Returns
    -------
    ThresholdChoice
    """
    rules = {"value": value_rule, "capacity": capacity_rule, "precision": precision_rule}
    return rules[plan.rule](sample, plan)


def value_rule(sample: Sample, plan: TrainingPlan) -> ThresholdChoice:
    """Hand over when ``propensity x win_value > contact_cost``.

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
    >>> propensity, y = np.array([0.4, 0.3, 0.2, 0.1]), np.array([1.0, 0.0, 0.0, 0.0])
    >>> leads = Sample(np.arange(4), np.arange(4), propensity, y, np.ones(4))
    >>> value_rule(leads, TrainingPlan(win_value=1000, contact_cost=250)).threshold
    0.25
    >>> value_rule(leads, TrainingPlan(win_value=1000, contact_cost=500)).reason_en
    'No lead is worth its contact: that takes a propensity of 50%, the best lead has 40%.'
    """
    threshold = plan.contact_cost / plan.win_value
    best = float(sample.propensity.max())
    if threshold > best:
        return _choice(
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
    return _choice(
        "value",
        threshold,
        sample,
        plan,
        f"From {percent(threshold, 'en')} on, what a lead is expected to bring exceeds the cost of contacting it.",
        f"À partir de {percent(threshold, 'fr')}, ce qu'un lead devrait rapporter dépasse le coût de son contact.",
    )


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
        return _choice(
            "capacity",
            None,
            sample,
            plan,
            "Weekly arrivals cannot be measured: leads have no dates. Choose the rule value or precision.",
            "Les arrivées par semaine ne peuvent pas être mesurées : les leads n'ont pas de date. "
            "Choisissez la règle value "
            "ou precision.",
        )
    candidates = np.unique(sample.propensity)[::-1]
    fits = flow.per_week(candidates) <= plan.capacity_per_week
    n_fit = len(fits) if fits.all() else int(np.argmin(fits))
    if n_fit == 0:
        return _choice(
            "capacity",
            None,
            sample,
            plan,
            f"More leads share the highest propensity than the {plan.capacity_per_week:g} a week that sales can treat.",
            f"Plus de leads partagent la probabilité la plus haute que les {plan.capacity_per_week:g} par "
            "semaine que l'équipe "
            "commerciale peut traiter.",
        )
    threshold = float(candidates[n_fit - 1])
    rate = float(flow.per_week(candidates[n_fit - 1 : n_fit])[0])
    return _choice(
        "capacity",
        threshold,
        sample,
        plan,
        f"{rate:.1f} leads a week newly reach {percent(threshold, 'en')}; sales can treat {plan.capacity_per_week:g}.",
        f"{rate:.1f}".replace(".", ",")
        + f" leads par semaine atteignent {percent(threshold, 'fr')} ; l'équipe commerciale peut en traiter "
        f"{plan.capacity_per_week:g}.",
    )


def precision_rule(sample: Sample, plan: TrainingPlan) -> ThresholdChoice:
    """Loosest threshold whose conversion is at least the target, with the stated confidence.

    Exact one-sided binomial tests of "conversion <= target", in fixed sequence from strict to loose. The
    allowed error, 1 - confidence, is shared equally by several starts, each four times as many leads as the
    one before, as the few strictest leads alone are often too few to prove anything; a test that fails spends
    the error that arrived there, one that passes hands it on (the fallback procedure). So the chance that the
    threshold found breaks the promise is at most 1 - confidence, however many are tried. Thresholds follow
    from the propensities alone, never from the labels. The calibration changes no order (it is strictly
    increasing), so rows that served to calibrate may serve here. The promise holds for leads like those of
    the sample: drift voids it.

    Parameters
    ----------
    sample : Sample
        Rows that nobody fitted trees on; one random row of each lead is used.
    plan : TrainingPlan
        ``target_precision``, ``confidence``, ``min_selected``, ``seed``.

    Returns
    -------
    ThresholdChoice
        None when fewer than ``min_selected`` leads are there or no threshold passes.

    References
    ----------
    Angelopoulos, Bates, Candès, Jordan, Lei: Learn then test, 2021 (fixed sequence testing, several starts).
    Wiens: A fixed sequence Bonferroni procedure for testing multiple endpoints, 2003 (fallback).

    Examples
    --------
    >>> propensity, y = np.linspace(1, 0, 100), np.repeat([1.0, 0.0], 50)
    >>> leads = Sample(np.arange(100), np.zeros(100), propensity, y, np.ones(100))
    >>> choice = precision_rule(leads, TrainingPlan(rule="precision", target_precision=0.8))
    >>> round(choice.threshold, 2)
    0.44
    """
    propensity, y = sample.one_per_lead(plan.seed)
    target, confidence = plan.target_precision, plan.confidence
    if len(y) < plan.min_selected:
        return _choice(
            "precision",
            None,
            sample,
            plan,
            f"Only {len(y)} leads to test a threshold on; {plan.min_selected} are needed.",
            f"Seulement {len(y)} leads pour éprouver un seuil ; il en faut {plan.min_selected}.",
        )
    sizes = _selected(propensity, plan.min_selected)
    starts = _starts(sizes)
    threshold, allowed = None, 0.0
    for n in sizes:
        allowed += (1 - confidence) / len(starts) if n in starts else 0.0
        if allowed and binomtest(int(y[:n].sum()), n, target, alternative="greater").pvalue <= allowed:
            threshold = float(propensity[n - 1])
        else:
            allowed = 0.0
    if threshold is None:
        best = max(sizes[0], min(len(y), len(y) // 10))
        won = int(y[:best].sum())
        return _choice(
            "precision",
            None,
            sample,
            plan,
            f"No threshold keeps a conversion of {percent(target, 'en')} with {confidence:.0%} confidence: of the best "
            f"{best} leads, {won} were won.",
            f"Aucun seuil ne garantit une conversion de {percent(target, 'fr')} avec {100 * confidence:.0f}\u202f% de "
            f"confiance : sur les {best} meilleurs leads, {won} ont été gagnés.",
        )
    return _choice(
        "precision",
        threshold,
        sample,
        plan,
        f"From {percent(threshold, 'en')} on, at least {percent(target, 'en')} of the leads convert, with "
        f"{confidence:.0%} "
        "confidence.",
        f"À partir de {percent(threshold, 'fr')}, au moins {percent(target, 'fr')} des leads se "
        "convertissent, avec "
        f"{100 * confidence:.0f}\u202f% de confiance.",
    )


def _selected(propensity: Floats, least: int, ratio: float = 1.08) -> list[int]:
    """Numbers of selected leads at which thresholds are tried: growing, moved to the end of ties."""
    n = len(propensity)
    steps = int(np.ceil(np.log(max(n / least, 1.0)) / np.log(ratio)))
    wanted = np.unique(np.minimum(np.round(least * ratio ** np.arange(steps + 1)), n).astype(np.int64))
    through_ties = np.searchsorted(-propensity, -propensity[wanted - 1], side="right")
    return [int(k) for k in np.unique(through_ties)]


def _starts(sizes: Sequence[int], ratio: int = 4) -> frozenset[int]:
    """Sizes at which a walk may begin: the smallest, and each that is a multiple of the start before."""
    found = [sizes[0]]
    for n in sizes:
        if n >= ratio * found[-1]:
            found.append(n)
    return frozenset(found)


def _choice(
    rule: Rule, threshold: float | None, sample: Sample, plan: TrainingPlan, en: str, fr: str
) -> ThresholdChoice:
    propensity, y = sample.one_per_lead(plan.seed)
    flow = Flow(sample)
    curve = []
    for n in _selected(propensity, min(plan.min_selected, len(y))):
        won, at = float(y[:n].sum()), float(propensity[n - 1])
        low = float(beta.ppf(1 - plan.confidence, won, n - won + 1)) if won else 0.0
        value = (won * plan.win_value - n * plan.contact_cost) / len(y)
        weekly = float(flow.per_week(np.array([at]))[0]) if flow.weeks > 0 else None
        recall = won / max(float(y.sum()), 1.0)
        curve.append(ThresholdPoint(at, n, n / len(y), won / n, recall, low, value, weekly))
    return ThresholdChoice(rule, threshold, tuple(curve), len(y), en, fr)
