"""What the history of a company shows of leaks: events that follow the decision, fields that move after it."""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.consequences import EVERYONE
from features.specification import Feature
from models.leak_probes import FEWEST, as_numbers, presence
from models.leakage import Suspect, in_order, status_of
from models.metrics import auc, wilson

LATE = 0.80  # of the leads, by the lower end of the interval
OFTEN_LATE = 0.50
COUNTS = ("n_won", "n_lost", "n_after", "n_day")
GAIN = 0.02  # of AUC
BINS = 10


def following(timing: pd.DataFrame, allowed: Collection[str] = ()) -> tuple[Suspect, ...]:
    """Find the types of events that the decision brings about.

    Parameters
    ----------
    timing : pandas.DataFrame
        From `features.consequences.event_timing`.
    allowed : collection of str
        Types that the settings keep.

    Returns
    -------
    tuple of Suspect
        ``follows``, proven: by the lower end of a 95% interval, four fifths of the leads that have the type had it
        first at the decision, later, or in the 24 hours before. ``won_only``, suspect: ten times as frequent for won
        leads as for lost ones, and for half of the leads that late. Types of fewer than 20 leads are not judged.

    Examples
    --------
    >>> timing = pd.DataFrame({"type": ["", "signature", "visit"], "n_won": [90, 88, 80], "n_lost": [300, 0, 150],
    ...                        "n_after": [0, 50, 2], "n_day": [0, 36, 5]})
    >>> [(s.name, s.code, s.status) for s in following(timing)]
    [('signature', 'follows', 'refused')]
    """
    counts = {str(row["type"]): {name: int(row[name]) for name in COUNTS} for row in timing.to_dict("records")}
    everyone = counts.get(EVERYONE, dict.fromkeys(COUNTS, 0))
    found = []
    for name, row in counts.items():
        n, n_late = row["n_won"] + row["n_lost"], row["n_after"] + row["n_day"]
        if name == EVERYONE or n < FEWEST:
            continue
        won, lost = ((row[outcome], max(everyone[outcome], 1)) for outcome in ("n_won", "n_lost"))
        is_proven, one_sided = wilson(n_late, n)[0] >= LATE, presence(won, lost)
        if is_proven or (one_sided and one_sided[0] == "filled_won" and n_late >= OFTEN_LATE * n):
            figures = {**row, "n": n, "won": won[0] / won[1], "lost": lost[0] / lost[1]}
            status = status_of({name}, is_proven=is_proven, allowed=allowed)
            found.append(Suspect(name, "follows" if is_proven else "won_only", status, figures))
    return in_order(found)


def moved(
    then: pd.DataFrame, today: pd.DataFrame, label: npt.ArrayLike, features: Sequence[Feature]
) -> tuple[Suspect, ...]:
    """Find the fields whose value of today says more of the outcome than the one that stood at the cutoff.

    Parameters
    ----------
    then, today : pandas.DataFrame of n rows
        Features as of the cutoff, and without any history; one row per lead.
    label : array-like of shape (n,)
        1 where the lead was ever won.
    features : sequence of Feature
        Those that read a field with a history.

    Returns
    -------
    tuple of Suspect
        ``moved``, protected: the AUC of today's value exceeds that of the cutoff's by 0.02 or more, and it differs for
        20 leads or more. A null counts as a value.

    Examples
    --------
    >>> from features.statements import attribute
    >>> plan = attribute("fit__plan", "fit", ["leads.plan"], "value", {})
    >>> label = np.repeat([1, 0], [100, 300])
    >>> today = pd.DataFrame({"fit__plan": np.where(label == 1, "pro", "trial")})
    >>> found = moved(pd.DataFrame({"fit__plan": ["trial"] * 400}), today, label, [plan])
    >>> found[0].name, found[0].figures["won"], found[0].figures["lost"]
    ('fit__plan', 1.0, 0.0)
    """
    y = np.asarray(label, dtype=np.float64)
    n_won, n_lost = int(y.sum()), int((1 - y).sum())
    if min(n_won, n_lost) < FEWEST:
        return ()
    found = []
    for feature in features:
        name = feature.name
        both_null = then[name].isna() & today[name].isna()
        differs = (then[name] != today[name]) & ~both_null
        says = {key: _says(frame[name], y, feature) for key, frame in (("auc", today), ("auc_then", then))}
        if differs.sum() >= FEWEST and says["auc"] - says["auc_then"] >= GAIN:
            shares = {"won": float(differs[y == 1].mean()), "lost": float(differs[y == 0].mean())}
            figures = {"n_won": n_won, "n_lost": n_lost, **shares, **says}
            found.append(Suspect(name, "moved", "protected", figures))
    return in_order(found)


def _says(column: pd.Series, y: npt.NDArray[np.float64], feature: Feature) -> float:
    """AUC of a column alone, 0.5 where it says nothing; numbers by tenths, and null as a level of its own."""
    if feature.dtype == "number":
        column = pd.Series(pd.qcut(column.astype(float), BINS, labels=False, duplicates="drop"))
    levels = column.astype(object).where(column.notna(), "null")
    return max(auc(y, as_numbers(levels, y), np.ones(len(y))), 0.5)
