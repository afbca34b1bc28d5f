"""Least propensity handed over to sales, by one of three rules, with the whole curve behind it.

No valid threshold is a legal answer: ``threshold`` is then None and the reason says why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from features.language import percent
from models.plan import Rule, TrainingPlan
from models.sample import Flow, Sample

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ThresholdPoint:
    """One point of the curve, over all rows, as a night's open leads would be.

    Attributes
    ----------
    threshold : float
        Propensity.
    n : int
        Leads at or above it.
    share, precision, recall : float
        Of the rows; conversion of those selected; share of the wins selected.
    precision_low : float
        Exact one-sided lower bound of the precision at the plan's confidence (Clopper-Pearson), for this
        point alone.
    value_per_lead : float
        (wins x win value - selected x contact cost) / all open leads.
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

    @property
    def share(self) -> float:
        """Share of the leads at or above the threshold, where its curve passes it; 0 without a threshold."""
        least = float("inf") if self.threshold is None else self.threshold
        return max((point.share for point in self.curve if point.threshold >= least), default=0.0)

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
        Rows that nobody fitted trees on.
    plan : TrainingPlan
        ``target_precision``, ``confidence``, ``min_selected``.

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
    target, confidence = plan.target_precision, plan.confidence
    walk = [(at, sample.above(at)) for at in _candidates(sample.propensity, plan.min_selected)]
    walk = [(at, chosen) for at, chosen in walk if chosen.n_effective >= plan.min_selected]
    if not walk:
        n = sample.above(-np.inf).n
        return _choice(
            "precision",
            None,
            sample,
            plan,
            f"Only {n} leads to test a threshold on; {plan.min_selected} are needed.",
            f"Seulement {n} leads pour éprouver un seuil ; il en faut {plan.min_selected}.",
        )
    starts = _starts([chosen.n_effective for _, chosen in walk])
    threshold, allowed = None, 0.0
    for step, (at, chosen) in enumerate(walk):
        allowed += (1 - confidence) / len(starts) if step in starts else 0.0
        if chosen.p_value(target) <= allowed:
            threshold = at
        else:
            allowed = 0.0
    if threshold is None:
        best = max((chosen for _, chosen in walk), key=lambda chosen: chosen.lower_bound(confidence))
        rate = {language: percent(best.precision, language) for language in ("en", "fr")}
        return _choice(
            "precision",
            None,
            sample,
            plan,
            f"No threshold keeps a conversion of {percent(target, 'en')} with {confidence:.0%} confidence: the best "
            f"that was found is {rate['en']}, among {best.n} leads.",
            f"Aucun seuil ne garantit une conversion de {percent(target, 'fr')} avec {100 * confidence:.0f}\u202f% de "
            f"confiance : le mieux que l'on trouve est {rate['fr']}, parmi {best.n} leads.",
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


def _candidates(propensity: Floats, least: int, ratio: float = 1.08) -> list[float]:
    """Thresholds to try, strict to loose: the propensities at numbers of rows that grow by a ratio."""
    ordered = np.sort(propensity)[::-1]
    n = len(ordered)
    least = min(least, n)
    steps = int(np.ceil(np.log(n / least) / np.log(ratio)))
    wanted = np.unique(np.minimum(np.round(least * ratio ** np.arange(steps + 1)), n).astype(np.int64))
    return [float(at) for at in np.unique(ordered[wanted - 1])[::-1]]


def _starts(sizes: Sequence[float], ratio: int = 4) -> frozenset[int]:
    """Steps at which a walk may begin: the first, and each whose size is a multiple of the start before."""
    found, last = [0], sizes[0]
    for step, size in enumerate(sizes):
        if size >= ratio * last:
            found.append(step)
            last = size
    return frozenset(found)


def _choice(
    rule: Rule, threshold: float | None, sample: Sample, plan: TrainingPlan, en: str, fr: str
) -> ThresholdChoice:
    flow, everything = Flow(sample), sample.above(-np.inf)
    curve = []
    for at in _candidates(sample.propensity, plan.min_selected):
        chosen = sample.above(at)
        value = (chosen.won * plan.win_value - chosen.mass * plan.contact_cost) / everything.mass
        weekly = float(flow.per_week(np.array([at]))[0]) if flow.weeks > 0 else None
        recall = chosen.won / everything.won if everything.won else 0.0
        low = chosen.lower_bound(plan.confidence)
        share = chosen.mass / everything.mass
        curve.append(ThresholdPoint(at, chosen.n, share, chosen.precision, recall, low, value, weekly))
    return ThresholdChoice(rule, threshold, tuple(curve), everything.n, en, fr)
