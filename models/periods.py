"""Four ordered, disjoint periods: fit, calibrate, choose the threshold, test.

::

    cutoffs ->  |---- fit ----|  gap  |- calibrate -|  gap  |- threshold -|  gap  |--- test ---|

A label looks one horizon ahead of its cutoff, so a period ends at least one horizon before the next begins:
at the first cutoff of a period every label before it was known. Boundaries are found backwards from the
newest cutoff, before any label is looked at. A lead with snapshots in several periods is drawn into one of
them and its rows there weigh as many times more: dropping it always from the older (or newer) side would
leave only the leads that close fast (or only the young ones).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.evidence import Note

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NAMES = ("fit", "calibrate", "threshold", "test")
_MOST_IN_GAPS = 0.4


@dataclass(frozen=True)
class FourPeriods:
    """Which row belongs to which period.

    Attributes
    ----------
    period : ndarray of shape (n,), int64
        0 to 3 in the order of ``NAMES``; -1 for rows in a gap, or of a lead drawn into another period.
    weight : ndarray of shape (n,)
        By which the row's own weight is multiplied: number of periods that its lead has rows in.
    starts, ends : tuple of int
        First and last cutoff of each period, UTC seconds; all equal where rows have no dates.
    gap_s : int
        Seconds between a period's last cutoff and the next one's first, at least.
    forward : bool
        Whether later periods are later; False means a seeded random split by lead.
    notes : tuple of Note
        What had to be given up.
    """

    period: Ints
    weight: Floats
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    gap_s: int
    forward: bool
    notes: tuple[Note, ...] = ()

    def rows(self, name: str) -> Ints:
        """Positions of one period's rows.

        Parameters
        ----------
        name : {"fit", "calibrate", "threshold", "test"}
            The period.

        Returns
        -------
        ndarray of int64
        """
        return np.flatnonzero(self.period == NAMES.index(name)).astype(np.int64)


@dataclass(frozen=True)
class Fold:
    """One step forward: learn on ``train``, predict ``block``.

    Attributes
    ----------
    train, block : ndarray of int64
        Positions of rows; no lead in both.
    train_weight, block_weight : ndarray
        By which the rows' own weights are multiplied.
    """

    train: Ints
    block: Ints
    train_weight: Floats
    block_weight: Floats


def split(rows: pd.DataFrame, shares: Sequence[float], gap_s: int, seed: int = 0, min_leads: int = 5) -> FourPeriods:
    """Split rows into the four periods.

    The gap is halved, then dropped, when the history is too short for it; without dates, or when even that
    fails, the split is random by lead. Either is noted.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``lead_id``, ``cutoff`` (UTC seconds), ``label`` (0 or 1).
    shares : sequence of 4 floats
        Wanted shares of the kept rows, in the order of ``NAMES``.
    gap_s : int
        Wanted gap, seconds: the horizon.
    seed : int
        Of the draw of leads.
    min_leads : int
        Least number of won and of lost leads in each period for the forward split to be accepted.

    Returns
    -------
    FourPeriods

    Examples
    --------
    >>> rows = pd.DataFrame({"lead_id": range(200), "cutoff": range(200), "label": [0, 1] * 100})
    >>> four = split(rows, (0.55, 0.15, 0.15, 0.15), gap_s=10)
    >>> [len(four.rows(name)) for name in NAMES], four.gap_s, four.forward
    ([98, 25, 25, 25], 10, True)
    >>> split(rows.assign(cutoff=0), (0.55, 0.15, 0.15, 0.15), gap_s=10).notes[0].code
    'no_dates'
    """
    lead, _ = pd.factorize(rows["lead_id"], sort=True)
    cutoff = rows["cutoff"].to_numpy(dtype=np.int64)
    label = rows["label"].to_numpy(dtype=np.int64)
    draw = np.random.default_rng(seed).random(lead.max() + 1)
    share = np.asarray(shares, dtype=np.float64) / float(np.sum(shares))
    if cutoff.min() == cutoff.max():
        return _random(lead, cutoff, label, share, draw, _note_no_dates())
    for gap in dict.fromkeys([gap_s, gap_s // 2, gap_s // 4, 0]):
        starts = _boundaries(cutoff, share, gap)
        if starts is None:
            continue
        four = _draw_leads(lead, cutoff, starts, gap, draw)
        if _enough(four.period, lead, label, min_leads):
            notes = () if gap == gap_s else (_note_gap(gap, gap_s),)
            return FourPeriods(four.period, four.weight, four.starts, four.ends, gap, forward=True, notes=notes)
    return _random(lead, cutoff, label, share, draw, _note_short_history())


def forward_folds(rows: pd.DataFrame, four: FourPeriods, seed: int = 0, n_random: int = 3) -> list[Fold]:
    """Expanding steps over the two newest periods: everything before a period, less the gap, predicts it.

    The step that predicts the second period is the evaluation itself. Without dates: ordinary folds by lead.

    Parameters
    ----------
    rows : pandas.DataFrame
        As given to `split`.
    four : FourPeriods
        Its result.
    seed : int
        Of the draw of leads.
    n_random : int
        Folds where there are no dates.

    Returns
    -------
    list of Fold
        Oldest first.

    Examples
    --------
    >>> rows = pd.DataFrame({"lead_id": range(200), "cutoff": range(200), "label": [0, 1] * 100})
    >>> folds = forward_folds(rows, split(rows, (0.55, 0.15, 0.15, 0.15), gap_s=10))
    >>> [(len(fold.train), len(fold.block)) for fold in folds]
    [(132, 25), (166, 25)]
    """
    lead, _ = pd.factorize(rows["lead_id"], sort=True)
    rng = np.random.default_rng((seed, 1))
    if not four.forward:
        label = rows["label"].to_numpy(dtype=np.int64)
        part = _deal(lead, label, np.full(n_random, 1 / n_random), rng.random(lead.max() + 1))
        ones = np.ones(len(lead))
        return [
            Fold(train, block, ones[train], ones[block])
            for train, block in ((np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(n_random))
        ]
    cutoff = rows["cutoff"].to_numpy(dtype=np.int64)
    folds = []
    for start, end in zip(four.starts[2:], four.ends[2:], strict=True):
        before = cutoff <= start - max(four.gap_s, 1)
        inside = (cutoff >= start) & (cutoff <= end)
        both = np.zeros(lead.max() + 1, dtype=bool)
        both[np.intersect1d(lead[before], lead[inside])] = True
        stays = rng.random(lead.max() + 1) < 0.5
        train = np.flatnonzero(before & ~(both & stays)[lead])
        block = np.flatnonzero(inside & ~(both & ~stays)[lead])
        twice = 1.0 + both[lead]
        folds.append(Fold(train, block, twice[train], twice[block]))
    return folds


def _boundaries(cutoff: Ints, share: Floats, gap: int) -> tuple[int, ...] | None:
    """First cutoffs of the periods, for the wanted shares outside the gaps; None if gaps eat too much."""
    times, counts = np.unique(cutoff, return_counts=True)
    cumulated = np.concatenate([[0], np.cumsum(counts)])
    kept = len(cutoff)
    starts: tuple[int, ...] | None = None
    for _ in range(8):
        starts = _backwards(times, cumulated, kept * share, gap)
        if starts is None:
            kept = int(kept * 0.9)
            continue
        now = _kept(times, cumulated, starts, gap)
        if now == kept:
            break
        kept = now
    if starts is None or _kept(times, cumulated, starts, gap) < (1 - _MOST_IN_GAPS) * len(cutoff):
        return None
    return starts


def _backwards(times: Ints, cumulated: Ints, wanted: Floats, gap: int) -> tuple[int, ...] | None:
    """Starts of the periods, newest found first: each takes whole cutoffs for about the wanted rows."""
    stop = len(times)
    starts: list[int] = []
    for k in (3, 2, 1):
        first = int(np.searchsorted(cumulated, cumulated[stop] - wanted[k], side="left"))
        # Half a cutoff too much is better than half a cutoff too little.
        while first > 0 and cumulated[stop] - cumulated[first] < wanted[k] / 2:
            first -= 1
        first = min(first, stop - 1)
        stop = int(np.searchsorted(times, times[first] - max(gap, 1), side="right"))
        starts.append(int(times[first]))
        if stop == 0:
            return None
    return (int(times[0]), *reversed(starts))


def _kept(times: Ints, cumulated: Ints, starts: tuple[int, ...], gap: int) -> int:
    total = 0
    for k, start in enumerate(starts):
        stop = len(times) if k == 3 else int(np.searchsorted(times, starts[k + 1] - max(gap, 1), side="right"))
        total += int(cumulated[stop] - cumulated[np.searchsorted(times, start)])
    return total


def _draw_leads(lead: Ints, cutoff: Ints, starts: tuple[int, ...], gap: int, draw: Floats) -> FourPeriods:
    """Put every row in its period in time, then each lead in one of its periods."""
    natural = np.searchsorted(starts, cutoff, side="right") - 1
    follower = np.array([*starts[1:], np.iinfo(np.int64).max])
    ends_before = follower[natural] - max(gap, 1)
    natural[(natural < 3) & (cutoff > ends_before)] = -1
    present = np.zeros((len(draw), 4), dtype=bool)
    present[lead[natural >= 0], natural[natural >= 0]] = True
    n_periods = present.sum(axis=1)
    chosen_rank = np.floor(draw * n_periods).astype(np.int64)
    chosen = np.argmax(present & (np.cumsum(present, axis=1) == chosen_rank[:, None] + 1), axis=1)
    period = np.where(natural == chosen[lead], natural, -1)
    weight = np.where(period >= 0, n_periods[lead], 1).astype(np.float64)
    ends = tuple(int(cutoff[natural == k].max()) for k in range(4))
    return FourPeriods(period, weight, starts, ends, gap, forward=True)


def _enough(period: Ints, lead: Ints, label: Ints, min_leads: int) -> bool:
    for k in range(4):
        here = period == k
        won = np.unique(lead[here & (label == 1)])
        if len(won) < min_leads or len(np.unique(lead[here])) - len(won) < min_leads:
            return False
    return True


def _deal(lead: Ints, label: Ints, share: Floats, draw: Floats) -> Ints:
    """Deal leads into parts of the given shares, won and lost leads alike; returns the part of each row."""
    won = np.bincount(lead, weights=label, minlength=len(draw)) > 0
    part = np.empty(len(draw), dtype=np.int64)
    for kind in (won, ~won):
        members = np.flatnonzero(kind)
        ordered = members[np.argsort(draw[members], kind="stable")]
        bounds = np.round(np.cumsum(share)[:-1] * len(ordered)).astype(np.int64)
        part[ordered] = np.searchsorted(bounds, np.arange(len(ordered)), side="right")
    return part[lead]


def _random(lead: Ints, cutoff: Ints, label: Ints, share: Floats, draw: Floats, note: Note) -> FourPeriods:
    period = _deal(lead, label, share, draw)
    first, last = (int(cutoff.min()),) * 4, (int(cutoff.max()),) * 4
    return FourPeriods(period, np.ones(len(lead)), first, last, 0, forward=False, notes=(note,))


def _days(seconds: int) -> str:
    return f"{seconds / 86400:.0f}"


def _note_no_dates() -> Note:
    return Note(
        "no_dates",
        "Leads have no dates: the split is random and nothing was tested on the future.",
        "Les leads n'ont pas de date : le découpage est aléatoire et rien n'a été testé sur l'avenir.",
    )


def _note_short_history() -> Note:
    return Note(
        "history_too_short",
        "The history is too short for four periods in time: the split is random and nothing was tested on the future.",
        "L'historique est trop court pour quatre périodes successives : le découpage est aléatoire et rien "
        "n'a été "
        "testé sur l'avenir.",
    )


def _note_gap(gap: int, wanted: int) -> Note:
    return Note(
        "gap_shrunk",
        f"The history is too short for gaps of {_days(wanted)} days between periods; they are {_days(gap)} "
        "days, so part of "
        "what an older period learnt was not yet known when the next one began.",
        f"L'historique est trop court pour des écarts de {_days(wanted)} jours entre les périodes ; ils "
        f"sont de {_days(gap)} "
        "jours : une partie de ce qu'une période a appris n'était pas encore connue au début de la suivante.",
    )
