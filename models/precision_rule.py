"""The rule ``precision``: the loosest threshold whose conversion is at least the target, with the stated confidence."""

from collections.abc import Sequence

import numpy as np

from features.language import percent
from models.plan import TrainingPlan
from models.sample import Sample
from models.threshold import ThresholdChoice, candidates, decided


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
    walk = [(at, sample.above(at)) for at in candidates(sample.propensity, plan.min_selected)]
    walk = [(at, chosen) for at, chosen in walk if chosen.n_effective >= plan.min_selected]
    if not walk:
        n = sample.above(-np.inf).n
        return decided(
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
        return decided(
            "precision",
            None,
            sample,
            plan,
            f"No threshold keeps a conversion of {percent(target, 'en')} with {confidence:.0%} confidence: the best "
            f"that was found is {rate['en']}, among {best.n} leads.",
            f"Aucun seuil ne garantit une conversion de {percent(target, 'fr')} avec {100 * confidence:.0f}\u202f% de "
            f"confiance : le mieux que l'on trouve est {rate['fr']}, parmi {best.n} leads.",
        )
    return decided(
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


def _starts(sizes: Sequence[float], ratio: int = 4) -> frozenset[int]:
    """Steps at which a walk may begin: the first, and each whose size is a multiple of the start before."""
    found, last = [0], sizes[0]
    for step, size in enumerate(sizes):
        if size >= ratio * last:
            found.append(step)
            last = size
    return frozenset(found)
