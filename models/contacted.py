"""What may be learnt from leads that a score run decided on: those it left aside say nothing of what contact brings.

A snapshot is decided by the first run at or after its cutoff, within its label window, that holds the lead; a lead that
was handed over before stays with sales, with the largest probability that it was handed over with until then::

    before        no run decided on it, or sales were at it already    1        chosen by people, nobody knows how
    above         handed over with probability 1                       1
    explored      drawn with probability p                             1 / p    at most 10; stands for those not drawn
    left_aside    not drawn                                            0
    closed        could not be drawn: that run had no exploration      0        once enough explored leads teach
    spared        never drawn: opted out, or band D where spared       1        nothing can be known

What later runs say is left out on purpose: they follow from the work. A lead that was drawn and warms up crosses the
threshold before it is won; whoever took its largest probability within the window would count it once and its cold
companions in the draw 1 / p times. (Inverse probability weights condition on what was known when the treatment began:
Robins, Hernan and Brumback, 2000.) The weights of the explored are scaled to sum to the snapshots that they stand for
(Hajek, 1971) and then clipped. Who is handed over follows from what the model reads, so that the drawn teach what
contact brings to their like with any weight; more than 10 lets the luck of 50 leads decide about thousands, above the
threshold too. In three simulated companies with a share of 0.02, the log loss in excess of the truth's was 0.132 where
the left aside count as lost, and 0.039, 0.033, 0.033, 0.034, 0.041 with weights of at most 1, 5, 10, 20 and all; with
0.05 it was 0.117, and 0.034, 0.027, 0.029, 0.031, 0.032. The clipping is paid where leads are counted: below the
threshold there are more of them than the weights say. Fewer than 30 leads cannot stand for thousands: until there are
as many, all weights stay 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.metrics import wilson

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

KINDS = ("before", "above", "explored", "left_aside", "closed", "spared")
ENOUGH_LEADS = 30
MOST = 10.0


@dataclass(frozen=True)
class Decided:
    """What the score runs decided on some snapshots.

    Attributes
    ----------
    at : ndarray of shape (n,)
        UTC seconds of the run that decided; NaN where none did.
    handed_over : ndarray of bool, shape (n,)
        By that run or by one before it.
    probability : ndarray of shape (n,)
        With which it was or could have been handed over until then: the largest of its runs.
    could_draw : ndarray of bool, shape (n,)
        Whether the run that decided had exploration.
    contacted_at : ndarray of shape (n,)
        UTC seconds of the first contact that sales recorded; NaN where there is none or none is recorded.
    until : ndarray of shape (n,)
        UTC seconds at which the label window ends.
    """

    at: Floats
    handed_over: Flags
    probability: Floats
    could_draw: Flags
    contacted_at: Floats
    until: Floats


@dataclass(frozen=True)
class Contacted:
    """Who teaches, with what weight, and what that leaves unknown.

    Attributes
    ----------
    weight : ndarray of shape (n,)
        By which each snapshot's own weight is multiplied; 0 where it does not teach.
    facts : mapping
        Plain data for the evidence: see `weigh`.
    """

    weight: Floats
    facts: Mapping[str, Any]


def kinds(decided: Decided) -> npt.NDArray[np.str_]:
    """Name what each snapshot is, as in the table above.

    Examples
    --------
    >>> never = np.full(5, np.nan)
    >>> runs = Decided(np.array([np.nan, 9, 9, 9, 9]), np.array([0, 1, 1, 0, 0], bool), np.array([0, 1, 0.1, 0.1, 0.0]),
    ...                np.ones(5, bool), never, np.full(5, 20.0))
    >>> kinds(runs).tolist()
    ['before', 'above', 'explored', 'left_aside', 'spared']
    """
    p = decided.probability
    with_sales = ~decided.handed_over & (decided.contacted_at <= decided.at)
    choices = [
        np.isnan(decided.at) | with_sales,
        decided.handed_over & (p >= 1),
        decided.handed_over,
        p > 0,
        ~decided.could_draw,
    ]
    return np.select(choices, KINDS[:5], default=KINDS[5])


def weigh(rows: pd.DataFrame, decided: Decided) -> Contacted:
    """Weigh snapshots so that those that were worked stand for all.

    Parameters
    ----------
    rows : pandas.DataFrame of n rows
        ``lead_id``, ``label`` (null where immature).
    decided : Decided
        Of these rows.

    Returns
    -------
    Contacted
        Facts, all of mature snapshots: ``by_kind``, with ``n_rows``, ``n_leads`` and ``n_won`` (leads); ``corrects``,
        whether explored leads stand for the others; their weighted ``conversion`` with ``low`` and ``high``;
        ``n_contacted_anyway``, snapshots left aside or closed whose lead sales contacted all the same;
        ``largest_weight``; ``n_clipped``, snapshots that would weigh more; ``n_effective``, how many equally weighted
        snapshots those that teach are worth (Kish).

    Examples
    --------
    One lead in ten is drawn, 60 of 600, and stands for ten; the others do not teach:

    >>> n = 600
    >>> drawn, label = np.arange(n) < 60, (np.arange(n) < 6).astype(int)
    >>> rows = pd.DataFrame({"lead_id": np.arange(n).astype(str), "label": label})
    >>> tenth, never = np.full(n, 0.1), np.full(n, np.nan)
    >>> found = weigh(rows, Decided(np.zeros(n), drawn, tenth, np.ones(n, bool), never, np.ones(n)))
    >>> found.weight[[0, 59, 60]].round(9).tolist(), round(found.facts["conversion"], 9), found.facts["n_effective"]
    ([10.0, 10.0, 0.0], 0.1, 60.0)
    """
    kind = kinds(decided)
    mature = rows["label"].notna().to_numpy()
    won = (rows["label"].fillna(0).to_numpy(dtype=np.float64) == 1) & mature
    lead = rows["lead_id"].astype("str").to_numpy(dtype=object)
    explored, left = kind == "explored", kind == "left_aside"
    corrects = len(np.unique(lead[explored & mature])) >= ENOUGH_LEADS
    weight, full = np.ones(len(rows)), np.ones(len(rows))
    if corrects:
        full = np.where(explored, 1.0 / np.where(explored, decided.probability, 1.0), 0.0)
        full *= (explored | left).sum() / full.sum()
        weight = np.where(explored, np.minimum(full, MOST), np.where(left | (kind == "closed"), 0.0, 1.0))
    anyway = (left | (kind == "closed")) & (decided.contacted_at > decided.at) & (decided.contacted_at < decided.until)
    counts = {
        name: {
            "n_rows": int((here := (kind == name) & mature).sum()),
            "n_leads": len(np.unique(lead[here])),
            "n_won": len(np.unique(lead[here & won])),
        }
        for name in KINDS
    }
    taught = weight[mature]
    facts = {
        "corrects": corrects,
        "by_kind": counts,
        **_conversion(explored & mature, won, full, counts["explored"]["n_leads"]),
        "n_contacted_anyway": int((anyway & mature).sum()),
        "largest_weight": float(weight.max(initial=1.0)),
        "n_clipped": int((explored & mature & (full > MOST)).sum()),
        "n_effective": float(taught.sum() ** 2 / max(float((taught**2).sum()), 1e-300)),
    }
    return Contacted(weight, facts)


def _conversion(explored: Flags, won: Flags, weight: Floats, n_leads: int) -> dict[str, float | None]:
    """Share won of explored leads, with the interval that as many leads leave."""
    if not explored.any():
        return {"conversion": None, "low": None, "high": None}
    share = float(weight[explored] @ won[explored] / weight[explored].sum())
    low, high = wilson(share * n_leads, n_leads)
    return {"conversion": share, "low": low, "high": high}
