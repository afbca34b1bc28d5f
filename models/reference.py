"""The average lead, and what the leads of a training looked like."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.matrix import MatrixSchema
from models.expected import expect
from models.shift import reference, stretches


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
    watched : mapping
        What the monitor holds new leads against: ``columns`` and ``propensity`` as `models.shift.Bins`, ``expected``
        as `models.expected.Expected` with the least AUC of a month (``usual_auc``); empty in models that were trained
        before there was a monitor.
    """

    margin: float
    propensity: float
    columns: Mapping[str, Mapping[str, Any]]
    watched: Mapping[str, Any] = field(default_factory=dict)

    def checked(self) -> Self:
        """Give a reference that was read, once its figures are known to be numbers.

        Raises
        ------
        ValueError
            One is none.

        Examples
        --------
        >>> Reference(-0.5, 3.0, {}).checked()
        Traceback (most recent call last):
            ...
        ValueError: the reference is -0.5 and 3.0, which are no margin and no propensity
        """
        if not (np.isfinite(float(self.margin)) and 0 <= float(self.propensity) <= 1):
            raise ValueError(
                f"the reference is {self.margin!r} and {self.propensity!r}, which are no margin and no propensity"
            )
        return self


class Scored(NamedTuple):
    """Rows with propensities that were given before their outcome was known.

    Attributes
    ----------
    lead : ndarray of object of shape (n,)
    cutoff : ndarray of int64 of shape (n,)
        UTC seconds.
    propensity : ndarray of shape (n,)
        0 to 1.
    threshold : float, optional
        From which they are handed over.
    """

    lead: npt.NDArray[Any]
    cutoff: npt.NDArray[np.int64]
    propensity: npt.NDArray[np.float64]
    threshold: float | None


def watch(frame: pd.DataFrame, rows: pd.DataFrame, schema: MatrixSchema, unseen: Scored) -> dict[str, Any]:
    """Say what the monitor will hold new leads against.

    Parameters
    ----------
    frame, rows : pandas.DataFrame of n rows
        Raw features; ``lead_id``, ``cutoff`` (UTC seconds).
    schema : MatrixSchema
        Columns that are used.
    unseen : Scored
        The newest leads that the procedure had not learnt from.

    Returns
    -------
    dict
        As `Reference.watched`; JSON-able.
    """
    month = stretches(rows["cutoff"].to_numpy(dtype=np.int64))
    # Of numbers the different ones are counted ten times as fast as of texts, and every month of every column counts.
    lead, _ = pd.factorize(rows["lead_id"])
    columns = {
        column.feature.name: reference(
            frame[column.feature.name], month, lead, is_category=column.levels is not None
        ).to_dict()
        for column in schema.columns
    }
    return {"columns": columns, **watch_scores(unseen)}


def watch_scores(unseen: Scored) -> dict[str, Any]:
    """Say what the monitor will hold new propensities against: the part of `watch` that a recalibration changes."""
    then = stretches(unseen.cutoff)
    propensity = reference(pd.Series(unseen.propensity), then, unseen.lead, is_category=False)
    handed_over = unseen.propensity >= (np.inf if unseen.threshold is None else unseen.threshold)
    months = [expect(unseen.propensity[then == k], handed_over[then == k], n_draws=1) for k in np.unique(then)]
    expected = {key: _or_none(value) for key, value in asdict(expect(unseen.propensity, handed_over)).items()}
    return {
        "propensity": propensity.to_dict(),
        "expected": {**expected, "usual_auc": _or_none(min(month.auc for month in months))},
    }


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None


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
