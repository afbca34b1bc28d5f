"""Whether the test period bears the decision out: the threshold, each lead's own, each owner's, one more person."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from models import metrics
from models.comparison import ratios_of_sums
from models.next_salesperson import next_salesperson
from models.owners import FEW, measured_flows, owner_thresholds
from models.pricing import Pricing
from models.sample import Flow, Sample
from models.threshold import ThresholdChoice
from models.worth import Worth

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def decision_evidence(
    choice: ThresholdChoice,
    decided: Sample,
    test: Sample,
    at: Mapping[str, Ints],
    pricing: Pricing,
) -> dict[str, Any]:
    """Measure on the test period what was decided on the one before.

    Parameters
    ----------
    choice : ThresholdChoice
        What the procedure chose.
    decided, test : Sample
        Rows of the periods ``threshold`` and ``test``.
    at : mapping of str to ndarray of int64
        Positions of the rows of both.
    pricing : Pricing
        What rows are worth; its plan and its rows, whose column ``owner`` has codes.

    Returns
    -------
    dict
        ``choice`` of the procedure; ``test``: what was handed over (``n`` leads, ``conversion``, ``low``,
        ``high``, ``recall``, ``value_per_lead``) among ``n_leads``; ``per_lead``, ``owners`` and ``next_salesperson``,
        each null where it does not apply.
    """
    plan = pricing.plan
    owners, handed = None, test.rank >= (np.inf if choice.threshold is None else choice.threshold)
    if plan.owner_capacities and choice.threshold is not None and Flow(test).weeks > 0:
        codes = {name: pricing.rows["owner"].iloc[rows].to_numpy(dtype=np.int64) for name, rows in at.items()}
        owners, least = _owners(choice, decided, test, codes, np.array(plan.owner_capacities))
        handed = test.propensity >= least
    everything = test.above(-np.inf)
    return {
        "choice": choice.to_dict(),
        "test": {
            **_measured(test, handed, test.net(plan)),
            "n_leads": everything.n,
            "recall": test.select(handed).won / everything.won if everything.won else None,
        },
        "per_lead": _per_lead(test, at["test"], pricing),
        "owners": owners,
        "next_salesperson": next_salesperson(test, choice.threshold, plan),
    }


def _measured(test: Sample, handed: Flags, net: Floats) -> dict[str, Any]:
    chosen = test.select(handed)
    low, high = metrics.wilson(chosen.precision * chosen.n_effective, chosen.n_effective) if chosen.n else (0.0, 1.0)
    return {
        "n": chosen.n,
        "conversion": chosen.precision if chosen.n else None,
        "low": low,
        "high": high,
        "value_per_lead": test.mean_over_all(net, handed),
    }


def _per_lead(test: Sample, at: Ints, pricing: Pricing) -> dict[str, Any] | None:
    """A threshold for each lead beside one for all or, where it is not used, beside the rule that is.

    Both are paid with the same margins and costs.
    """
    plan, economics = pricing.plan, pricing.if_per_lead
    if plan.rule != "value" or not economics.differs:
        return None
    used = economics == pricing.economics
    worth: Worth = pricing.worth(at, economics)
    same = plan.contact_cost / plan.win_value
    net = test.y * worth.brought - worth.cost
    own, other = test.propensity * worth.factor >= same, (test.propensity if used else test.rank) >= same
    gap = test.weight * net * (own.astype(np.float64) - other)
    by_lead = [np.bincount(test.codes, weights=values).astype(np.float64) for values in (gap, test.weight)]
    (difference,) = ratios_of_sums(by_lead[0][:, None], by_lead[1], plan.n_bootstrap, plan.seed)
    return {
        "used": used,
        "margin_rate": economics.margin_rate,
        "channels": sorted(plan.contact_costs),
        "own": _measured(test, own, net),
        "otherwise": _measured(test, other, net),
        "difference": asdict(difference),
    }


def _owners(
    choice: ThresholdChoice, decided: Sample, test: Sample, codes: Mapping[str, Ints], capacities: Floats
) -> tuple[list[dict[str, Any]], Floats]:
    """Every owner's threshold from one period and flow in the next; no names."""
    found = owner_thresholds(choice.curve, decided.propensity, codes["threshold"], capacities)
    flows = measured_flows(test, codes["test"], found)
    told = [
        {
            "capacity": float(capacity),
            "threshold": float(found.least[code]),
            "expected_per_week": float(found.per_week[code]),
            "per_week": float(flows[code]),
            "few_leads": bool(found.n_leads[code] < FEW),
        }
        for code, capacity in enumerate(capacities)
        if not np.isnan(capacity)
    ]
    return told, found.of(codes["test"], choice.threshold or np.inf)
