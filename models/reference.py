"""The average lead, and what the leads of a training looked like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.matrix import MatrixSchema


@dataclass(frozen=True)
class Reference:
    """The average lead, against which contributions are measured, and what training data looked like.

    Attributes
    ----------
    margin, propensity : float
        Of the average lead.
    columns : mapping of str to mapping
        By feature: ``share_null`` and, for numbers, ``mean`` and ``median`` (None without values), for
        categories ``top`` (the commonest level) and ``top_share``.
    """

    margin: float
    propensity: float
    columns: Mapping[str, Mapping[str, Any]]


def statistics(frame: pd.DataFrame, schema: MatrixSchema) -> dict[str, dict[str, float | str | None]]:
    """Say what training data looked like, by feature: for sentences that compare, and for drift.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
        Raw features.
    schema : MatrixSchema
        Columns that are used.

    Returns
    -------
    dict of str to dict
        As `Reference.columns`.
    """
    out: dict[str, dict[str, float | str | None]] = {}
    for column in schema.columns:
        name = column.feature.name
        values = frame[name]
        known = values.dropna()
        stats: dict[str, float | str | None] = {"share_null": float(values.isna().mean())}
        if column.levels is None:
            numbers = known.to_numpy(dtype=np.float64)
            numbers = numbers[np.isfinite(numbers)]
            stats["mean"] = float(numbers.mean()) if len(numbers) else None
            stats["median"] = float(np.median(numbers)) if len(numbers) else None
        else:
            shares = known.astype("str").value_counts(normalize=True).sort_index(kind="stable")
            stats["top"] = str(shares.idxmax()) if len(shares) else None
            stats["top_share"] = float(shares.max()) if len(shares) else None
        out[name] = stats
    return out
