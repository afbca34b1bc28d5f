"""What of a night's run somebody should look at: few findings, each with its size and the limit that it passed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.specification import Feature
from models.expected import Expected, expect
from models.reference import Reference
from models.shift import Bins, Shift, holm, measure

Floats = npt.NDArray[np.float64]
FEWEST = 30
_NAMED = 3


@dataclass(frozen=True)
class Limits:
    """From where on something is told.

    Attributes
    ----------
    level : float
        Chance of a finding in a night when nothing has changed, over all columns together.
    psi : float
        Least population stability index.
    nulls : float
        Least change of the share of rows without a value, 0 to 1.
    auc : float
        Least fall of the AUC that is expected.
    """

    level: float = 0.01
    psi: float = 0.25
    nulls: float = 0.2
    auc: float = 0.05


@dataclass(frozen=True)
class Finding:
    """Something that passed its limit.

    Attributes
    ----------
    kind : str
        ``feature_drift``, ``empty_column`` ...: which words tell it.
    about : str
        Table, column or band.
    value, limit : float
        How large it is, and from where on it is told.
    facts : mapping
        What the words need; JSON-able.
    """

    kind: str
    about: str
    value: float
    limit: float
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Moved:
    """How every column of a run has moved, and what of that is told.

    Attributes
    ----------
    shifts : mapping of str to Shift
        By feature, and ``propensity``.
    findings : tuple of Finding
        Features of one table are one finding.
    """

    shifts: Mapping[str, Shift]
    findings: tuple[Finding, ...]


def table_of(feature: Feature) -> str:
    """Table that a feature is computed from, as far as its recipe says."""
    recipe = feature.recipe
    if recipe is None:
        return "leads"
    if recipe.columns:
        return recipe.columns[0].split(".")[0]
    return "events" if recipe.source == "colleagues" else recipe.source


def watch_columns(
    frame: pd.DataFrame, propensity: Floats, features: Sequence[Feature], reference: Reference, limits: Limits
) -> Moved:
    """Hold the features and propensities of a run against those of the training.

    A shift is told where it is larger than the limit *and* than twice what months showed when nothing was wrong, and
    significant over all columns together (Holm). One broken table moves many features, so they are one finding.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
        Raw features, one lead each.
    propensity : ndarray of shape (n,)
        0 to 1.
    features : sequence of Feature
        Of the model.
    reference : Reference
        Of the model; of one that knows nothing to hold against, nothing moves.
    limits : Limits
        From where on.

    Returns
    -------
    Moved
        Nothing is told of fewer than 30 leads.
    """
    if len(frame) < FEWEST or not reference.watched:
        return Moved({}, ())
    bins = {name: Bins.from_dict(data) for name, data in reference.watched["columns"].items()}
    values = {name: frame[name] for name in bins if name in frame.columns}
    values["propensity"] = pd.Series(propensity)
    bins["propensity"] = Bins.from_dict(reference.watched["propensity"])
    shifts = {name: measure(bins[name], column) for name, column in values.items()}
    sure = holm([p for shift in shifts.values() for p in (shift.p_value, shift.null_p_value)], limits.level)
    moved: dict[tuple[str, str], list[tuple[float, float, str]]] = {}
    place = {feature.name: table_of(feature) for feature in features}
    for k, (name, shift) in enumerate(shifts.items()):
        least, most = bins[name].usual_null
        if sure[2 * k + 1] and shift.null > most + limits.nulls:
            moved.setdefault(("empty_column", place[name]), []).append((shift.null, most, name))
        elif sure[2 * k + 1] and shift.null < least - limits.nulls:
            moved.setdefault(("filled_column", place[name]), []).append((shift.null, least, name))
        limit = max(limits.psi, 2 * bins[name].usual)
        if sure[2 * k] and shift.psi > limit:
            kind = "propensity_drift" if name == "propensity" else "feature_drift"
            moved.setdefault((kind, place.get(name, "")), []).append((shift.psi, limit, name))
    return Moved(shifts, tuple(_finding(kind, table, found) for (kind, table), found in moved.items()))


def _finding(kind: str, table: str, found: list[tuple[float, float, str]]) -> Finding:
    worst = sorted(found, reverse=kind != "filled_column")
    value, limit, _ = worst[0]
    facts = {"columns": [name for _, _, name in worst[:_NAMED]], "n_columns": len(found)}
    return Finding(kind, table, value, limit, facts)


def watch_expected(
    propensity: Floats, selected: npt.NDArray[np.bool_], reference: Reference, limits: Limits
) -> tuple[Expected, tuple[Finding, ...]]:
    """Say how well the model should be doing on these leads, and whether that is less than it was.

    Parameters
    ----------
    propensity : ndarray of shape (n,)
        0 to 1.
    selected : ndarray of bool of shape (n,)
        Leads handed over.
    reference, limits
        As in `watch_columns`.

    Returns
    -------
    Expected and tuple of Finding
        Told only where even the upper end of what these propensities allow is below the worst month of the training,
        less the limit.
    """
    found = expect(propensity, selected)
    usual = reference.watched.get("expected", {}).get("usual_auc")
    if usual is None or len(propensity) < FEWEST or not found.auc_high < usual - limits.auc:
        return found, ()
    return found, (Finding("expected_performance", "auc", found.auc, usual - limits.auc, {"usual": usual}),)
