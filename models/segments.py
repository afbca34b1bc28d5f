"""Segments: parts of the leads, named by filters, that may differ from the whole.

The condition of a segment is data and is kept with the model, so that scoring assigns a lead as training did.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import UseError
from features.specification import Feature

Names = npt.NDArray[np.object_]
Flags = npt.NDArray[np.bool_]
# The leads of no segment, and what made a score without any correction.
ALL = "all"


@dataclass(frozen=True)
class Wanted:
    """What the settings ask of one column.

    Attributes
    ----------
    values : tuple of str
        Any of these texts; empty for a number.
    at_least, below : float, optional
        Limits of a number, half-open: ``at_least <= number < below``.
    """

    values: tuple[str, ...] = ()
    at_least: float | None = None
    below: float | None = None


@dataclass(frozen=True)
class Condition:
    """What one feature must be; null never is.

    Attributes
    ----------
    feature : Feature
        With its recipe: it is computed for scoring although no tree may ask for it.
    wanted : Wanted
        Its values or limits.

    Examples
    --------
    >>> size = Condition(Feature("fit__employees", "fit", "number", "size", "not known"), Wanted((), 50, 250))
    >>> size.holds(pd.DataFrame({"fit__employees": [49, 50, 250, None]})).tolist()
    [False, True, False, False]
    """

    feature: Feature
    wanted: Wanted

    def holds(self, frame: pd.DataFrame) -> Flags:
        """Say which rows fulfil it.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features; a missing column is all null.

        Returns
        -------
        ndarray of bool of shape (n,)
        """
        if self.feature.name not in frame.columns:
            return np.zeros(len(frame), dtype=np.bool_)
        values, wanted = frame[self.feature.name], self.wanted
        if self.feature.dtype == "category":
            return np.asarray(values.isin(list(wanted.values)).to_numpy(dtype=np.bool_))
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        low = -np.inf if wanted.at_least is None else wanted.at_least
        high = np.inf if wanted.below is None else wanted.below
        return np.asarray((numbers >= low) & (numbers < high))


@dataclass(frozen=True)
class Segment:
    """Leads that fulfil every condition.

    Attributes
    ----------
    name : str
        Stands in score rows.
    conditions : tuple of Condition
        At least one.

    Examples
    --------
    >>> direction = Feature("fit__direction", "fit", "category", "direction", "not known")
    >>> outbound = Segment("outbound", (Condition(direction, Wanted(("outbound",))),))
    >>> assign([outbound], pd.DataFrame({"fit__direction": ["outbound", "inbound", None]})).tolist()
    ['outbound', 'all', 'all']
    >>> Segment.from_dict(outbound.to_dict()) == outbound
    True
    """

    name: str
    conditions: tuple[Condition, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON.

        Returns
        -------
        dict
            Keys ``name`` and ``conditions``, each with ``feature``, ``values``, ``at_least``, ``below``.
        """
        conditions = [{"feature": c.feature.to_dict(), **_plain(c.wanted)} for c in self.conditions]
        return {"name": self.name, "conditions": conditions}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote, straight or through JSON."""
        conditions = (
            Condition(Feature.from_dict(c["feature"]), Wanted(tuple(c["values"]), c["at_least"], c["below"]))
            for c in data["conditions"]
        )
        return cls(data["name"], tuple(conditions))


def assign(segments: Sequence[Segment], frame: pd.DataFrame) -> Names:
    """Give every row the first segment whose conditions it fulfils.

    Parameters
    ----------
    segments : sequence of Segment
        In order.
    frame : pandas.DataFrame of n rows
        Raw features.

    Returns
    -------
    ndarray of str of shape (n,)
        ``all`` where there is none.
    """
    names = np.full(len(frame), ALL, dtype=object)
    for segment in reversed(segments):
        inside = np.logical_and.reduce([condition.holds(frame) for condition in segment.conditions])
        names[inside] = segment.name
    return names


def resolve(filters: Mapping[str, Mapping[str, Wanted]], features: Sequence[Feature]) -> tuple[Segment, ...]:
    """Find the features that the filters of the settings name.

    Parameters
    ----------
    filters : mapping of str to mapping of str to Wanted
        By segment and by feature, or column of leads or accounts.
    features : sequence of Feature
        Those at hand.

    Returns
    -------
    tuple of Segment
        In the order of the filters.

    Raises
    ------
    UseError
        A column that does not exist, texts for a number or limits for a text: all of them at once.

    Examples
    --------
    >>> size = Feature("fit__employees", "fit", "number", "size", "not known")
    >>> resolve({"large": {"fit__employees": Wanted((), 250)}}, [size])[0].conditions[0].feature.name
    'fit__employees'
    >>> resolve({"large": {"fit__employes": Wanted((), 250)}, "abroad": {"fit__employees": Wanted(("9",))}}, [size])
    Traceback (most recent call last):
        ...
    features.errors.UseError: segments: 2 faults in tamis.toml:
    - [segments.large] fit__employes: expected a feature, or a column of leads or accounts that is read, not excluded
    and no leak. Did you mean 'fit__employees'?
    - [segments.abroad] fit__employees: expected limits such as { at_least = 250 }, for it is a number; found texts.
    """
    found = {**_columns(features), **{feature.name: feature for feature in features}}
    faults, segments = [], []
    for name, wanted_of in filters.items():
        faults += [
            f"- [segments.{name}] {column}: {fault}"
            for column, wanted in wanted_of.items()
            if (fault := _fault(column, wanted, found))
        ]
        known = [Condition(found[column], wanted) for column, wanted in wanted_of.items() if column in found]
        segments.append(Segment(name, tuple(known)))
    if faults:
        noun = "fault" if len(faults) == 1 else "faults"
        raise UseError(f"segments: {len(faults)} {noun} in tamis.toml:\n" + "\n".join(faults))
    return tuple(segments)


def _columns(features: Sequence[Feature]) -> dict[str, Feature]:
    """The feature that gives each column of leads or accounts as it is; leads win over accounts."""
    found: dict[str, Feature] = {}
    for table in ("accounts", "leads"):
        for feature in features:
            recipe = feature.recipe
            if recipe is not None and recipe.source == "attributes" and recipe.measure == "value":
                found |= {x.partition(".")[2]: feature for x in recipe.columns if x.startswith(f"{table}.")}
    return found


def _fault(column: str, wanted: Wanted, found: Mapping[str, Feature]) -> str:
    if column not in found:
        near = difflib.get_close_matches(column, list(found), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"expected a feature, or a column of leads or accounts that is read, not excluded and no leak.{hint}"
    if found[column].dtype == "number" and wanted.values:
        return "expected limits such as { at_least = 250 }, for it is a number; found texts."
    if found[column].dtype == "category" and not wanted.values:
        return 'expected texts such as "outbound" or ["DE", "AT"], for it is no number; found limits.'
    return ""


def _plain(wanted: Wanted) -> dict[str, Any]:
    return {"values": list(wanted.values), "at_least": wanted.at_least, "below": wanted.below}
