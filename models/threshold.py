"""Least propensity handed over to sales, with the whole curve behind it; the rules stand in `models.threshold_rules`.

No valid threshold is a legal answer: ``threshold`` is then None and the reason says why.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.plan import Rule, TrainingPlan
from models.sample import Flow, Sample
from models.worth import Economics

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ThresholdPoint:
    """One point of the curve, over all rows, as a night's open leads would be.

    Attributes
    ----------
    threshold : float
        Propensity; where leads differ in margin or cost, that of a lead of average margin and cost.
    n : int
        Leads at or above it.
    share, precision, recall : float
        Of the rows; conversion of those selected; share of the wins selected.
    precision_low : float
        Exact one-sided lower bound of the precision at the plan's confidence (Clopper-Pearson), for this
        point alone.
    value_per_lead : float
        (margins of the wins - contact costs of those selected) / all open leads.
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
    own : Economics, optional
        Where leads differ in margin or cost (rule ``value``): each has its own least propensity, and ``threshold`` is
        that of a lead of average margin and cost.
    """

    rule: Rule
    threshold: float | None
    curve: tuple[ThresholdPoint, ...]
    n_leads: int
    reason_en: str
    reason_fr: str
    own: Economics | None = None

    def least(self, amount: Floats, channel: npt.NDArray[Any]) -> Floats:
        """Least propensity at which each lead is handed over.

        Parameters
        ----------
        amount : ndarray of shape (n,)
            Expected amount of each deal.
        channel : ndarray of object of shape (n,)
            Where each lead came from (see `models.worth.channel_of`).

        Returns
        -------
        ndarray of shape (n,)
            0 to 1; NaN without a valid threshold.
        """
        if self.threshold is None or self.own is None:
            return np.full(len(amount), np.nan if self.threshold is None else self.threshold)
        return self.own.least(amount, channel)

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

    def check(self) -> None:
        """Look at a threshold that was read: none, or a propensity.

        Raises
        ------
        ValueError
            It is neither.

        Examples
        --------
        >>> ThresholdChoice("value", 7.0, (), 200, "", "").check()
        Traceback (most recent call last):
            ...
        ValueError: the threshold is 7.0, which is no propensity
        """
        if self.threshold is not None and not 0 <= float(self.threshold) <= 1:
            raise ValueError(f"the threshold is {self.threshold!r}, which is no propensity")

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
        own = data.get("own")
        curve = tuple(ThresholdPoint(**point) for point in data["curve"])
        found = cls(**{**data, "curve": curve, "own": None if own is None else Economics(**own)})
        found.check()
        return found


def candidates(propensity: Floats, least: int, ratio: float = 1.08) -> list[float]:
    """Thresholds to try, strict to loose: the propensities at numbers of rows that grow by a ratio."""
    ordered = np.sort(propensity)[::-1]
    n = len(ordered)
    least = min(least, n)
    steps = int(np.ceil(np.log(n / least) / np.log(ratio)))
    wanted = np.unique(np.minimum(np.round(least * ratio ** np.arange(steps + 1)), n).astype(np.int64))
    return [float(at) for at in np.unique(ordered[wanted - 1])[::-1]]


def decided(
    rule: Rule, threshold: float | None, sample: Sample, plan: TrainingPlan, en: str, fr: str
) -> ThresholdChoice:
    """Draw the curve behind a choice.

    Parameters
    ----------
    rule : {"value", "capacity", "precision"}
    threshold : float, optional
        What the rule found.
    sample : Sample
        Rows that nobody fitted on.
    plan : TrainingPlan
        Margins and costs, fewest leads at a point, confidence.
    en, fr : str
        Why this threshold, or why none.

    Returns
    -------
    ThresholdChoice
    """
    flow, everything = Flow(sample), sample.above(-np.inf)
    net = sample.net(plan)
    curve = []
    for at in candidates(sample.rank, plan.min_selected):
        chosen = sample.above(at)
        value = sample.mean_over_all(net, sample.rank >= at)
        weekly = float(flow.per_week(np.array([at]))[0]) if flow.weeks > 0 else None
        recall = chosen.won / everything.won if everything.won else 0.0
        low = chosen.lower_bound(plan.confidence)
        share = chosen.mass / everything.mass
        curve.append(ThresholdPoint(at, chosen.n, share, chosen.precision, recall, low, value, weekly))
    return ThresholdChoice(rule, threshold, tuple(curve), everything.n, en, fr)
