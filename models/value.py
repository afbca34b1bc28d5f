"""The ranking by expected value beside the ranking by propensity: what each finds, and who moves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.amount import AmountModel
from models.learning import Learnt
from models.periods import FourPeriods
from models.plan import TrainingPlan
from models.pricing import Pricing

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TENTH = 0.1


def learn_amounts(
    learnt: Learnt, frame: pd.DataFrame, rows: pd.DataFrame, at: Ints, plan: TrainingPlan
) -> AmountModel | None:
    """Learn what deals bring from the won rows among some whose amount is known.

    Parameters
    ----------
    learnt : Learnt
        Whose columns are used.
    frame, rows : pandas.DataFrame of n rows
        Raw features; ``lead_id``, ``label``, ``amount``, ``weight``.
    at : ndarray of int64
        Positions that may teach.
    plan : TrainingPlan
        Seed and threads.

    Returns
    -------
    AmountModel, optional
        None where no amount is known.
    """
    of = rows.iloc[at]
    deals = at[(of["label"].to_numpy() == 1) & (of["amount"].to_numpy(dtype=np.float64, na_value=0.0) > 0)]
    if not len(deals):
        return None
    of = rows.iloc[deals]
    return AmountModel.fit(
        learnt.encode(frame.iloc[deals]),
        [j for j, column in enumerate(learnt.schema.columns) if column.levels is not None],
        of["lead_id"].to_numpy(dtype=object),
        of["amount"].to_numpy(dtype=np.float64),
        of["weight"].to_numpy(dtype=np.float64),
        seed=plan.seed,
        num_threads=plan.num_threads,
    )


def evaluate_value(
    rows: pd.DataFrame,
    four: FourPeriods,
    propensity: Sequence[float],
    pricing: Pricing,
) -> dict[str, Any] | None:
    """Say what the ranking by expected value would have brought on the test period.

    Parameters
    ----------
    rows : pandas.DataFrame of n rows
        ``lead_id``, ``label``, ``amount``, ``weight``.
    four : FourPeriods
        Of these rows.
    propensity : sequence of float
        Of the test rows.
    pricing : Pricing
        With amounts learnt from the first period.

    Returns
    -------
    dict, optional
        As `compare_rankings`, and ``amounts``: how well they were foreseen. None where no amount is known.
    """
    amount = pricing.amount
    if amount is None:
        return None
    at = four.rows("test")
    expected = pricing.expected(at)
    test = rows.iloc[at]
    # A deal of unknown amount counts as what it was expected to bring.
    brought = test["amount"].fillna(pd.Series(expected, index=test.index)).to_numpy(dtype=np.float64)
    revenue, w = test["label"].to_numpy() * brought, test["weight"].to_numpy() * four.weight[at]
    return {"amounts": amount.to_dict()} | compare_rankings(np.array(propensity), expected, revenue, w)


def compare_rankings(propensity: Floats, expected: Floats, revenue: Floats, w: Floats) -> dict[str, Any]:
    """Compare the best tenth of the leads by propensity and by expected value.

    Parameters
    ----------
    propensity, expected : ndarray of shape (n,)
        Probability to be won, and amount if won.
    revenue : ndarray of shape (n,)
        What each row really brought, 0 where it was not won; known in the currency.
    w : ndarray of shape (n,)
        Weights.

    Returns
    -------
    dict
        ``by_propensity`` and ``by_value``: share of all revenue that the best tenth of each ranking brought (None
        without any revenue); ``moved``: share of the tenth by value that is not in the tenth by propensity.

    Examples
    --------
    >>> p, amount = np.full(10, 0.1), np.arange(1.0, 11)
    >>> p[0] = 0.2
    >>> compare_rankings(p, amount, np.array([1.0, *[0] * 8, 9]), np.ones(10))
    {'by_propensity': 0.1, 'by_value': 0.9, 'moved': 1.0}
    """
    chances, values = _best(propensity, w), _best(propensity * expected, w)
    total = float(w @ revenue)
    found = [float(w[rows] @ revenue[rows]) / total if total > 0 else None for rows in (chances, values)]
    moved = float(w[values & ~chances].sum() / w[values].sum())
    return {"by_propensity": found[0], "by_value": found[1], "moved": moved}


def _best(score: Floats, w: Floats) -> npt.NDArray[np.bool_]:
    """The best rows that together weigh a tenth, one at least."""
    order = np.argsort(-score, kind="stable")
    mass = np.cumsum(w[order])
    n = max(1, int(np.searchsorted(mass, TENTH * mass[-1] * (1 + 1e-9), side="right")))
    best = np.zeros(len(score), dtype=np.bool_)
    best[order[:n]] = True
    return best
