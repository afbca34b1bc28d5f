"""Young cohorts as teachers: their snapshots, weighed by what a first model and the delay curves say."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.language import number
from models.censoring import Followed, bands, weigh
from models.evidence import Note
from models.learning import Learnt, Taught

Floats = npt.NDArray[np.float64]
FACTS = ("followed_days", "won_after_days", "is_open")


@dataclass(frozen=True)
class Young:
    """Immature snapshots that teach beside the mature ones.

    Attributes
    ----------
    taught : Taught
        Raw features, leads, labels and weights.
    curve : list of dict
        Measured delay by band of propensity, coldest first: ``n_won`` mature snapshots, ``half_days`` from the cutoff
        until half of the deals are in, ``n_rows`` taught in it.
    n_left_out : int
        Snapshots too young to teach.
    """

    taught: Taught
    curve: list[dict[str, Any]]
    n_left_out: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the evidence.

        Returns
        -------
        dict
            ``n_rows``, ``n_won``, ``weight``, ``weight_won``, ``n_left_out``, ``curve``.
        """
        y, w = self.taught.y, self.taught.w
        return {
            "n_rows": len(y),
            "n_won": int(y.sum()),
            "weight": float(w.sum()),
            "weight_won": float(w @ y),
            "n_left_out": self.n_left_out,
            "curve": self.curve,
        }

    def note(self) -> Note:
        """Say who taught beside the mature snapshots, and that the evidence is without them.

        Returns
        -------
        Note
        """
        facts = self.to_dict()
        n, weight, won, stands_for = (
            {language: number(round(facts[name]), language) for language in ("en", "fr")}
            for name in ("n_rows", "weight", "n_won", "weight_won")
        )
        return Note(
            "young_taught",
            f"{n['en']} snapshots that are not mature taught the deployed trees too, with a total weight of "
            f"{weight['en']}: the {won['en']} won so far stand for {stands_for['en']}. Calibration, threshold, bands "
            "and evidence are of mature snapshots only.",
            f"{n['fr']} observations encore immatures ont aussi servi à apprendre, pour un poids total de "
            f"{weight['fr']} : les {won['fr']} déjà gagnées comptent pour {stands_for['fr']}. Calibration, seuil, "
            "classes et preuves ne portent que sur les observations mûres.",
        )


def teachers(first: Learnt, rows: pd.DataFrame, frame: pd.DataFrame, waiting: pd.DataFrame) -> Young | None:
    """Weigh the immature snapshots with the delay curves of the mature ones.

    Parameters
    ----------
    first : Learnt
        From all mature rows: it says in which band of propensity every snapshot is.
    rows : pandas.DataFrame of n rows
        The mature ones, in the order in which ``first`` learnt: ``lead_id``, ``won_after_days``.
    frame : pandas.DataFrame of k rows
        Raw features of the immature ones.
    waiting : pandas.DataFrame of k rows
        ``lead_id``, ``weight``, ``followed_days``, ``won_after_days``, ``is_open``.

    Returns
    -------
    Young or None
        None where none is old enough to teach.
    """
    won = rows["won_after_days"].notna().to_numpy()
    unseen = first.unseen_margin()
    n_won_leads = rows.loc[won, "lead_id"].nunique()
    mature = _followed(rows, bands(unseen, unseen[won], n_won_leads))
    young = _followed(waiting, bands(first.margin(frame), unseen[won], n_won_leads))
    at, y, w = weigh(mature, young)
    if not len(at):
        return None
    delays = {band: mature.won_after[won & (mature.segment == band)] for band in np.unique(mature.segment[won])}
    curve = [
        {
            "n_won": len(inside),
            "half_days": float(np.median(inside)),
            "n_rows": int((young.segment[at] == band).sum()),
        }
        for band, inside in delays.items()
    ]
    lead = waiting["lead_id"].to_numpy(dtype=object)[at]
    return Young(Taught(frame.iloc[at], lead, y, w), curve, len(waiting) - len(at))


def _followed(rows: pd.DataFrame, segment: npt.NDArray[np.int64]) -> Followed:
    return Followed(
        segment=segment,
        days=rows["followed_days"].to_numpy(dtype=np.float64),
        won_after=rows["won_after_days"].to_numpy(dtype=np.float64),
        is_open=rows["is_open"].to_numpy(dtype=np.int64) == 1,
        w=rows["weight"].to_numpy(dtype=np.float64),
    )
