"""Columns that know too much: what a single one of them should not be able to say.

A column of ``leads`` or ``accounts`` without history is seen as it stands today, whatever the cutoff: it is probed once
per lead, against whether the lead was ever won. What carries its own instants (events, signals, answers, dates, fields
with a history) is seen as it stood at each cutoff, and is probed on the rows that a model would learn from.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.specification import Feature, Recipe
from models.leak_probes import FEWEST, Code, Floats, alone, filled

Status = Literal["refused", "suspect", "allowed", "protected"]
LINK = "account_id"


@dataclass(frozen=True)
class Suspect:
    """What may have been learnt from the decision instead of before it.

    Attributes
    ----------
    name : str
        A feature, ``account_id``, or a type of event.
    code : {"filled_won", "filled_lost", "too_good", "follows", "won_only", "moved"}
        Filled for one outcome only; alone almost the outcome; an event that first happens with the decision or after
        it; an event of won leads only, close to the decision; a field whose value of today says more than that of the
        cutoff.
    status : {"refused", "suspect", "allowed", "protected"}
        Proven and left out; odd and kept; kept as the settings name it; harmless, as its history is used.
    figures : mapping of str to float
        ``n_won, n_lost`` (leads behind it), ``won, lost`` (share of them concerned, 0 to 1), and by code ``auc``,
        ``auc_then``, ``at_least`` or ``at_most`` or ``n_levels``, ``n``, ``n_after``, ``n_day`` (leads).
    features : tuple of str
        What falls with it.
    """

    name: str
    code: Code
    status: Status
    figures: Mapping[str, float] = field(default_factory=dict)
    features: tuple[str, ...] = ()


def suspects(
    frame: pd.DataFrame,
    rows: pd.DataFrame,
    features: Sequence[Feature],
    *,
    won: Collection[str] = (),
    tracked: Collection[str] = (),
    allowed: Collection[str] = (),
) -> tuple[Suspect, ...]:
    """Probe every feature by itself.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
        Raw features.
    rows : pandas.DataFrame of n rows, in the same order
        ``lead_id`` and ``label`` (0 or 1); the rows of a lead in the order of their cutoffs.
    features : sequence of Feature
        What to probe.
    won : collection of str
        Leads that were won at any time, within the horizon of a row or not; those with a label of 1 always are.
    tracked : collection of str
        Columns, as ``leads.x``, with a history: they are rebuilt as they stood at the cutoff.
    allowed : collection of str
        Features or columns that the settings keep by name.

    Returns
    -------
    tuple of Suspect
        Refused ones first, then by AUC or share. Empty where fewer than 20 leads were won, or lost: nothing can be
        said.

    Examples
    --------
    >>> from features.statements import attribute
    >>> paid = attribute("fit__paid", "fit", ["leads.paid"], "value", {}, dtype="number")
    >>> rows = pd.DataFrame({"lead_id": range(100), "label": np.repeat([1, 0], 50)})
    >>> frame = pd.DataFrame({"fit__paid": np.where(rows["label"] == 1, 5.0, np.nan)})
    >>> [(s.name, s.code, s.status) for s in suspects(frame, rows, [paid])]
    [('fit__paid', 'filled_won', 'refused')]
    >>> [s.status for s in suspects(frame, rows, [paid], allowed=["paid"])]
    ['allowed']
    """
    last = ~rows["lead_id"].duplicated(keep="last").to_numpy()
    y, ever = rows["label"].to_numpy(dtype=np.float64), ever_won(rows, won)
    n_won = int(ever[last].sum())
    leads = {"n_won": n_won, "n_lost": int(last.sum()) - n_won}
    if min(leads.values()) < FEWEST:
        return ()
    found = []
    for feature in features:
        columns = feature.recipe.columns if feature.recipe else ()
        if feature.name not in frame or columns == ("leads.created_at",):
            continue
        values = frame[feature.name]
        stands = bool(columns) and not set(columns) & set(tracked)
        per_lead = stands and feature.recipe is not None and feature.recipe.measure != "date"
        probe = filled(values[last].notna().to_numpy(), ever[last]) if stands else None
        # A date is null until it has come: how far it lies back is told by the rows, not by a lead's last one.
        if probe is None:
            probe = alone(values[last], ever[last], feature, leads) if per_lead else alone(values, y, feature, leads)
        if probe is not None:
            code, is_proven, figures = probe
            names = {feature.name, *columns, *(column.partition(".")[2] for column in columns)}
            status = status_of(names, is_proven=is_proven, allowed=allowed)
            found.append(Suspect(feature.name, code, status, {**leads, **figures}, (feature.name,)))
    return in_order(found)


def ever_won(rows: pd.DataFrame, won: Collection[str] = ()) -> Floats:
    """Say of each row whether its lead was won at any time.

    Parameters
    ----------
    rows : pandas.DataFrame of n rows
        ``lead_id``, ``label``.
    won : collection of str
        Leads known to be won beyond what the labels say.

    Returns
    -------
    ndarray of shape (n,)
        0 or 1.

    Examples
    --------
    >>> rows = pd.DataFrame({"lead_id": ["a", "a", "b", "c"], "label": [0, 1, 0, 0]})
    >>> ever_won(rows, {"c"}).tolist()
    [1.0, 1.0, 0.0, 1.0]
    """
    by_label = rows.groupby("lead_id", sort=False)["label"].transform("max") == 1
    return np.asarray(by_label | rows["lead_id"].isin(won), dtype=np.float64)


def link_suspect(
    is_linked: npt.ArrayLike,
    label: npt.ArrayLike,
    features: Sequence[Feature],
    *,
    found: Collection[str] = (),
    allowed: Collection[str] = (),
) -> Suspect | None:
    """Probe whether only won leads are linked to an account, as where a CRM makes the account at the conversion.

    Parameters
    ----------
    is_linked : array-like of bool of shape (n,)
        One entry per lead.
    label : array-like of shape (n,)
        1 where the lead was ever won.
    features : sequence of Feature
        All of them; those that are read through the link fall with it.
    found : collection of str
        Features that are themselves filled for won leads only. One that looks in ``leads`` first, and in ``accounts``
        where it finds nothing, falls only if it is among them.
    allowed : collection of str
        Names that the settings keep.

    Returns
    -------
    Suspect or None

    Examples
    --------
    >>> label = np.repeat([1, 0], 50)
    >>> link_suspect(label == 1, label, []).code
    'filled_won'
    """
    y = np.asarray(label, dtype=np.float64)
    n_won, n_lost = int(y.sum()), int((1 - y).sum())
    if min(n_won, n_lost) < FEWEST or (probe := filled(np.asarray(is_linked, dtype=np.bool_), y)) is None:
        return None
    code, is_proven, figures = probe
    through = tuple(f.name for f in features if f.recipe and _through_account(f.recipe, is_filled=f.name in found))
    status = status_of({LINK, f"leads.{LINK}"}, is_proven=is_proven, allowed=allowed)
    return Suspect(LINK, code, status, {"n_won": n_won, "n_lost": n_lost, **figures}, through)


def _through_account(recipe: Recipe, *, is_filled: bool) -> bool:
    theirs = [column.startswith("accounts.") for column in recipe.columns]
    return recipe.source in {"signals", "colleagues"} or (any(theirs) and (all(theirs) or is_filled))


def status_of(names: Collection[str], *, is_proven: bool, allowed: Collection[str]) -> Status:
    """What becomes of a suspect that has these names."""
    if set(names) & set(allowed):
        return "allowed"
    return "refused" if is_proven else "suspect"


def in_order(found: Iterable[Suspect]) -> tuple[Suspect, ...]:
    """Refused ones first, then what says most."""
    rank: dict[Status, int] = {"refused": 0, "suspect": 1, "allowed": 2, "protected": 3}
    return tuple(sorted(found, key=lambda s: (rank[s.status], -s.figures.get("auc", s.figures.get("won", 1.0)))))
