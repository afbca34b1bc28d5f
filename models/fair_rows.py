"""Rows on which two models can be compared honestly: neither has learnt from them.

A model learnt from every row up to some cutoff, and from outcomes up to the end of its data. A later row is fair to it
if its cutoff is not before the end of those data, or if its lead had no earlier row: a lead won in between tells its
outcome through each of its rows whose horizon reaches that day.

A challenger is trained on everything there is, so no row is fair to it. What can be judged is its *procedure*: the same
settings and columns, learnt as of an earlier instant from what had matured by then. That instant lies as late as the
rows after it suffice to tell models apart, so that the challenger has the advantage for which it was trained, newer
data, and never one that it would not have had.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Flags = npt.NDArray[np.bool_]
# With so many won leads two models are told apart; fewer are accepted only where there are no more.
_PLENTY = 100
_MOST_TRIED = 40


@dataclass(frozen=True)
class Learnt:
    """What a model has learnt from.

    Attributes
    ----------
    taught_to : int
        Newest cutoff of a row that it learnt from, UTC seconds.
    known_to : int
        End of its data: no later outcome was known, UTC seconds.
    """

    taught_to: int
    known_to: int

    def fair(self, rows: pd.DataFrame) -> Flags:
        """Say which rows are fair to it.

        Parameters
        ----------
        rows : pandas.DataFrame of n rows
            ``lead_id``, ``cutoff`` (UTC seconds), of the same leads at all times.

        Returns
        -------
        ndarray of bool of shape (n,)

        Examples
        --------
        Lead a was seen at 10; its row at 30 may tell what became of it by 50, that at 60 cannot.

        >>> rows = pd.DataFrame({"lead_id": ["a", "a", "a", "b"], "cutoff": [10, 30, 60, 30]})
        >>> Learnt(taught_to=20, known_to=50).fair(rows).tolist()
        [False, False, True, True]
        """
        cutoff = rows["cutoff"].to_numpy(dtype=np.int64)
        met = set(rows["lead_id"][cutoff <= self.taught_to])
        stranger = ~rows["lead_id"].isin(met).to_numpy()
        return np.asarray((cutoff > self.taught_to) & (stranger | (cutoff >= self.known_to)))


@dataclass(frozen=True)
class AsOf:
    """An instant at which a challenger would have been trained, and the rows that judge it and the champion.

    Attributes
    ----------
    at : int
        UTC seconds.
    past, rows : ndarray of bool of shape (n,)
        What had matured by then; what is fair to both.
    n_leads, n_won : int
        Leads behind the rows, and those won.
    """

    at: int
    past: Flags
    rows: Flags
    n_leads: int
    n_won: int


def as_of(rows: pd.DataFrame, champion: Learnt, wait_s: int) -> AsOf:
    """Find the instant as of which a challenger's procedure is judged.

    Parameters
    ----------
    rows : pandas.DataFrame of n rows
        Mature ones: ``lead_id``, ``cutoff`` (UTC seconds), ``label`` (0 or 1).
    champion : Learnt
        What the champion has learnt from.
    wait_s : int
        Seconds from a cutoff until its label is mature; 0 where an outcome is known with its row.

    Returns
    -------
    AsOf
        The latest with a hundred won leads after it; where there is none, the end of the champion's data.

    Examples
    --------
    >>> rows = pd.DataFrame({"lead_id": range(900), "cutoff": range(900), "label": [0, 1, 0] * 300})
    >>> found = as_of(rows, Learnt(taught_to=299, known_to=299), wait_s=0)
    >>> found.at, found.n_won, int(found.past.sum()), bool((found.past & found.rows).any())
    (591, 103, 592, False)
    >>> as_of(rows, Learnt(taught_to=850, known_to=850), wait_s=0).at
    850
    """
    cutoff = rows["cutoff"].to_numpy(dtype=np.int64)
    own = champion.fair(rows)
    later = np.unique(cutoff[cutoff > champion.known_to])
    if len(later) > _MOST_TRIED:
        later = later[np.linspace(0, len(later) - 1, _MOST_TRIED).astype(np.int64)]
    for at in (*later[::-1].tolist(), champion.known_to):
        past = cutoff + wait_s <= at
        fair = own.copy()
        if past.any():
            fair &= Learnt(int(cutoff[past].max()), int(at)).fair(rows)
        judged = rows[fair]
        n_won = judged.loc[judged["label"] == 1, "lead_id"].nunique()
        found = AsOf(int(at), past, fair, judged["lead_id"].nunique(), int(n_won))
        if n_won >= _PLENTY:
            break
    return found
