"""Whether a model treats kinds of companies alike: promised, happened and handed over by size, region and channel.

A slice is not a segment: nothing is learnt or decided by it. It is looked at so that somebody notices where percentages
hold for the whole and not for a part, or where a part is hardly ever handed over although it converts.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.certificate import judge
from models.promises import Promises

Floats = npt.NDArray[np.float64]
# By which columns, in the order of preference; the first that is there.
BY: Mapping[str, tuple[str, ...]] = {
    "size": ("employees", "employee_band"),
    "region": ("region", "country"),
    "channel": ("source", "channel"),
}
_SIZES = ((0.0, "1-9"), (10.0, "10-49"), (50.0, "50-249"), (250.0, "250+"))
_MOST, _FEWEST = 8, 20
UNKNOWN = ""


def slices(
    frame: pd.DataFrame,
    promises: Promises,
    handed_over: npt.NDArray[np.bool_],
    tolerance: float,
    confidence: float,
) -> list[dict[str, Any]]:
    """Describe what a model does to parts of the leads.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
        Raw features of leads that it had not seen.
    promises : Promises
        Their propensities and outcomes.
    handed_over : ndarray of bool of shape (n,)
        Whom the threshold hands over.
    tolerance, confidence : float
        See `models.certificate.certify`.

    Returns
    -------
    list of dict
        ``by`` (``size``, ``region``, ``channel``), ``name`` (``''`` where it is not known), ``n_leads``, ``promised``,
        ``happened``, ``low``, ``high``, ``handed_over`` (share of its rows) and ``found`` (share of its wins that are
        handed over; null without wins), ``word`` of its verdict. The eight largest parts of each kind with 20 leads.

    Examples
    --------
    >>> y, size = np.tile([1.0, 0.0, 0.0, 0.0], 100), np.repeat([5.0, 500.0], 200)
    >>> promises = Promises(y, np.full(400, 0.25), np.ones(400), np.arange(400))
    >>> found = slices(pd.DataFrame({"fit__employees": size}), promises, size > 50, 0.3, 0.9)
    >>> [(part["name"], part["happened"], part["handed_over"], part["found"]) for part in found]
    [('1-9', 0.25, 0.0, 0.0), ('250+', 0.25, 1.0, 1.0)]
    """
    found = []
    for by, names in BY.items():
        wanted = (column for name in names for column in frame.columns if column.rpartition("__")[2] == name)
        column = next(wanted, None)
        if column is None:
            continue
        groups = _named(frame[column], sizes=by == "size").reset_index(drop=True)
        counts = groups.value_counts()
        largest = sorted(counts.index, key=lambda name: (-counts[name], name))[:_MOST]
        parts = [_part(by, name, (groups == name).to_numpy(), promises, handed_over) for name in sorted(largest)]
        found += [
            {**part, "word": judge(promises.take((groups == part["name"]).to_numpy()), tolerance, confidence).word}
            for part in parts
            if part["n_leads"] >= _FEWEST
        ]
    return found


def _named(values: "pd.Series[Any]", *, sizes: bool) -> "pd.Series[str]":
    if sizes and pd.api.types.is_numeric_dtype(values):
        place = np.searchsorted([least for least, _ in _SIZES], values.to_numpy(dtype=np.float64), side="right") - 1
        names = np.array([name for _, name in _SIZES], dtype=object)[np.maximum(place, 0)]
        return pd.Series(np.where(values.isna(), UNKNOWN, names), dtype="str")
    return values.astype("object").where(values.notna(), UNKNOWN).astype("str")


def _part(
    by: str, name: str, at: npt.NDArray[np.bool_], promises: Promises, handed_over: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    part = promises.take(at)
    chosen, won = part.w * handed_over[at], part.w @ part.y
    level = part.level(1.96)
    return {
        "by": by,
        "name": name,
        "n_leads": part.n_leads,
        "promised": part.promised,
        "happened": part.happened,
        "low": level.low,
        "high": level.high,
        "handed_over": float(chosen.sum() / part.w.sum()),
        "found": float(chosen @ part.y / won) if won > 0 else None,
    }
