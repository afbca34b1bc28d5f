"""Rows that a champion's trees have not learnt from, and the champion with percentages learnt from them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import GateError
from models.bands import Bands
from models.calibration import BetaCalibration
from models.certificate import certify
from models.drift import Margins
from models.lead_model import LeadModel
from models.plan import TrainingPlan
from models.promises import Promises
from models.recalibration import Trial, newest_rows, refit
from models.reference import Scored, watch_scores
from models.sample import Sample
from models.threshold_rules import choose
from models.worth import Economics, channel_of
from pipeline.compare import learnt_by, trees_learnt
from pipeline.describe import describe_rows, training_rows
from pipeline.handovers import worked
from pipeline.prepare import amounts
from pipeline.retrain_words import nothing_new
from pipeline.settings import Settings
from pipeline.source import Opened
from pipeline.workspace import Workspace

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Unseen:
    """Rows that the champion's trees have not learnt from.

    Attributes
    ----------
    rows, frame : pandas.DataFrame of n rows
        ``lead_id``, ``cutoff``, ``label``, ``weight``, ``amount``; raw features of the champion.
    margins : Margins
        Of the champion.
    fresh : ndarray of bool of shape (n,)
        Those that its calibration has not learnt from either.
    """

    rows: pd.DataFrame
    frame: pd.DataFrame
    margins: Margins
    fresh: npt.NDArray[np.bool_]

    def promises(self, at: npt.NDArray[np.int64], propensity: Floats) -> Promises:
        """Some of the rows with propensities."""
        return Promises(self.margins.y[at], propensity, self.margins.w[at], self.rows["lead_id"].iloc[at])


def read_unseen(
    workspace: Workspace, settings: Settings, opened: Opened, model: LeadModel, number: int, scratch: Path
) -> Unseen:
    """Rows that the champion's trees have not learnt from, with their margins.

    Raises
    ------
    GateError
        There are none, or leads have no dates by which they could be told.
    """
    rows = training_rows(opened, settings)
    rows = rows[rows["is_mature"] == 1].reset_index(drop=True)
    learnt, language = trees_learnt(model), settings.output.language
    if opened.tables.one_table and rows["cutoff"].nunique() == 1:
        raise GateError(nothing_new("no_dates", language, champion=number))
    fresh = learnt_by(model).fair(rows)
    at = learnt.fair(rows)
    rows, fresh = rows[at].reset_index(drop=True), fresh[at]
    if rows.empty:
        least = settings.retrain.min_won
        raise GateError(nothing_new("few", language, champion=number, least=least, since=learnt.taught_to))
    frame = describe_rows(opened, rows, model.inputs, scratch)
    taught = worked(workspace, opened, rows.assign(fresh=fresh), frame, settings.snapshots.horizon_days)
    rows = taught.rows.assign(amount=taught.rows["lead_id"].map(amounts(opened)).astype("float64"))
    y, w = (rows[name].to_numpy(dtype=np.float64) for name in ("label", "weight"))
    margin = model.margin(taught.frame, settings.limits.threads)
    margins = Margins(margin, y, w, rows["cutoff"].to_numpy(dtype=np.int64))
    return Unseen(rows, taught.frame, margins, rows["fresh"].to_numpy(dtype=np.bool_))


def trained_calibration(model: LeadModel) -> BetaCalibration:
    """The calibration that a model was trained with: rows that one recalibration used must not count twice."""
    found = model.metadata.get("recalibrated")
    return model.calibration if found is None else BetaCalibration.from_dict(found["trained"])


def recalibrated(
    model: LeadModel, number: int, unseen: Unseen, trial: Trial, plan: TrainingPlan, opened: Opened, now: int
) -> LeadModel:
    """The model with a calibration, threshold, bands and certificate from unseen rows.

    Parameters
    ----------
    model, number : LeadModel, int
        The champion and its version.
    trial : Trial
        What the certificate judges.
    plan : TrainingPlan
        Rule of the threshold, tolerance of the certificate.

    Returns
    -------
    LeadModel
        Its metadata say from which version and which rows it comes.
    """
    before = trained_calibration(model)
    calibration = refit(before, unseen.margins)
    recent = unseen.margins.cutoff >= newest_rows(unseen.margins).cutoff.min()
    rows, frame = (table[recent].reset_index(drop=True) for table in (unseen.rows, unseen.frame))
    lead, cutoff = rows["lead_id"].to_numpy(dtype=object), unseen.margins.cutoff[recent]
    propensity, y, w = calibration(unseen.margins.margin[recent]), unseen.margins.y[recent], unseen.margins.w[recent]
    economics = Economics.of(plan, model.amount, per_lead=plan.per_lead)
    sample = Sample(lead, cutoff, propensity, y, w)
    if economics.differs:
        foreseen = np.full(len(rows), plan.win_value)
        if model.amount is not None:
            foreseen = model.amount.expected(model.encode(frame), plan.num_threads)
        actual = rows["amount"].to_numpy(dtype=np.float64, na_value=np.nan)
        worth = economics.worth(foreseen, actual, channel_of(frame, model.features), ranks=plan.rule == "value")
        sample = replace(sample, worth=worth)
    choice = choose(sample, plan, economics)
    judged = unseen.rows.iloc[trial.at]
    facts = {
        "parent": number,
        "trained": before.to_dict(),
        "at": now,
        "taught_to": int(unseen.margins.cutoff.max()),
        "extracted_at": opened.tables.extracted_at,
        "n_rows": len(rows),
        "n_won": int(rows.loc[rows["label"] == 1, "lead_id"].nunique()),
    }
    reference = replace(
        model.reference,
        propensity=float(calibration([model.reference.margin])[0]),
        watched={**model.reference.watched, **watch_scores(Scored(lead, cutoff, propensity, choice.threshold))},
    )
    return replace(
        model,
        calibration=calibration,
        threshold=choice,
        bands=Bands.derive(propensity, y, w, lead, choice.threshold),
        reference=reference,
        certificate=certify(
            unseen.promises(trial.at, trial.propensity),
            judged["cutoff"],
            model.segments_of(unseen.frame.iloc[trial.at]),
            forward=trial.forward,
            tolerance=plan.tolerance,
            confidence=plan.certificate_confidence,
        ),
        metadata={**model.metadata, "recalibrated": facts},
    )
