"""What winning a lead brings and what contacting it costs, lead by lead, and the least propensity that follows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.specification import Feature
from models.amount import AmountModel
from models.plan import TrainingPlan

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Worth:
    """What some rows are worth.

    Attributes
    ----------
    brought, cost : ndarray of shape (n,)
        Margin of the deal should it be won, its real amount where that is known; cost of the contact.
    factor : ndarray of shape (n,)
        By how much the row's propensity counts more than that of a lead of average margin and cost.
    """

    brought: Floats
    cost: Floats
    factor: Floats


@dataclass(frozen=True)
class Economics:
    """Margins and costs of leads, in the currency of the settings.

    Attributes
    ----------
    win_value, contact_cost : float
        Margin of an average won deal, and cost of an average contact.
    margin_rate : float, optional
        Share of a deal's expected amount that is margin; None where every deal counts as an average one.
    contact_costs : mapping of str to float
        Cost of the contact by channel, where it differs.

    Examples
    --------
    >>> economics = Economics(1000.0, 100.0, margin_rate=0.5, contact_costs={"fair": 200.0})
    >>> economics.least(np.array([2000.0, 400.0, 2000.0, 100.0]), ["web", None, "fair", "web"]).tolist()
    [0.1, 0.5, 0.2, 1.0]
    """

    win_value: float
    contact_cost: float
    margin_rate: float | None = None
    contact_costs: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: TrainingPlan, amount: AmountModel | None, *, per_lead: bool) -> Self:
        """Take the plan's margins and costs.

        Parameters
        ----------
        plan : TrainingPlan
            ``win_value``, ``contact_cost``, ``margin_rate``, ``contact_costs``.
        amount : AmountModel, optional
            What deals bring; one that does not tell deals apart is no reason to tell leads apart.
        per_lead : bool
            Whether the margin of each lead's own deal counts.

        Returns
        -------
        Economics
            Without a margin rate in the plan: that at which an average won deal brings ``win_value``.
        """
        rate = None
        if per_lead and amount is not None and amount.booster_texts:
            rate = plan.margin_rate or plan.win_value / amount.figures["mean"]
        return cls(plan.win_value, plan.contact_cost, rate, dict(plan.contact_costs))

    @property
    def differs(self) -> bool:
        """Whether leads differ in anything."""
        return self.margin_rate is not None or bool(self.contact_costs)

    def margins(self, amount: Floats) -> Floats:
        """Margin of each deal from its amount, of shape (n,)."""
        if self.margin_rate is None:
            return np.full(len(amount), self.win_value)
        return self.margin_rate * amount

    def costs(self, channel: Sequence[Any] | npt.NDArray[Any]) -> Floats:
        """Cost of contacting each lead from its channel, null where that is not known; of shape (n,)."""
        return np.array([self.contact_costs.get(name, self.contact_cost) for name in channel], dtype=np.float64)

    def least(self, amount: Floats, channel: Sequence[Any] | npt.NDArray[Any]) -> Floats:
        """Least propensity at which each lead is worth its contact.

        Parameters
        ----------
        amount : ndarray of shape (n,)
            Expected amount of each deal, above 0.
        channel : sequence of str of length n
            Where each lead came from; null where that is not known.

        Returns
        -------
        ndarray of shape (n,)
            ``cost / margin``, at most 1: no propensity reaches that.
        """
        return np.minimum(self.costs(channel) / self.margins(amount), 1.0)

    def worth(
        self, expected: Floats, actual: Floats, channel: Sequence[Any] | npt.NDArray[Any], *, ranks: bool
    ) -> Worth:
        """Say what past rows were worth.

        Parameters
        ----------
        expected, actual : ndarray of shape (n,)
            Amount foreseen; amount of the deal, NaN where it is not known.
        channel : sequence of str of length n
            Where each lead came from.
        ranks : bool
            Whether the decision follows it; else every propensity counts the same.

        Returns
        -------
        Worth
        """
        cost = self.costs(channel)
        factor = np.ones(len(cost))
        if ranks and self.differs:
            factor = self.margins(expected) / self.win_value * (self.contact_cost / cost)
        return Worth(self.margins(np.where(np.isnan(actual), expected, actual)), cost, factor)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def channel_of(frame: pd.DataFrame, features: Sequence[Feature]) -> npt.NDArray[Any]:
    """Where each lead came from, as the company writes it.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
        Raw features.
    features : sequence of Feature
        Those of a model.

    Returns
    -------
    ndarray of object of shape (n,)
        None where it is not known, or no feature of the model.

    Examples
    --------
    >>> source = Feature("fit__source", "fit", "category", "source", "not known")
    >>> channel_of(pd.DataFrame({"fit__source": ["web", None]}), [source]).tolist()
    ['web', None]
    """
    names = [feature.name for feature in features if feature.fact == "source" and feature.dtype == "category"]
    if not names or names[0] not in frame.columns:
        return np.full(len(frame), None, dtype=object)
    column = frame[names[0]].astype("object")
    return column.where(column.notna(), None).to_numpy(dtype=object)
