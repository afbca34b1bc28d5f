"""What is known of one lead in one score run, gathered for the terminal, the HTML file and the page."""

import math

import numpy as np
import pandas as pd

from features.catalogue import DECLARED
from features.discovery import open_questions
from features.errors import DataError
from features.happenings import happening
from features.language import Language
from models.amount import AmountModel
from models.explain import Contributions
from models.lead_model import LeadModel
from models.moves import Moves, moves
from models.narrator import Narrator
from models.reasons import top_reasons
from models.segments import ALL
from pipeline.history import History, history
from pipeline.report.dossier import Dossier
from pipeline.score_runs import SCHEMA, ScoreRun
from pipeline.settings import Settings
from pipeline.workspace import Workspace

REASONS_FOR, REASONS_AGAINST = 8, 4
EXACT = 1e-9


def describe_lead(
    workspace: Workspace,
    settings: Settings,
    model: LeadModel,
    found: ScoreRun,
    lead_id: str,
    language: Language,
    *,
    earlier: ScoreRun | None,
    rank: int | None = None,
) -> Dossier:
    """Explain a lead as it was scored, whatever happened since.

    Parameters
    ----------
    workspace, settings : Workspace, Settings
        Where the tables of the run are kept; zone and currency.
    model : LeadModel
        What scored the run.
    found : ScoreRun
        A run that holds the lead.
    lead_id : str
        Which lead.
    language : {"en", "fr"}
        Of its sentences.
    earlier : ScoreRun, optional
        The run of the portfolio before, of which it is told what moved the lead since.
    rank : int, optional
        Its place in the run, where it is at hand.

    Returns
    -------
    Dossier

    Raises
    ------
    DataError
        The model no longer gives the propensity that was published, or the lead is not in the run.
    """
    # Not the reasons that were kept: they are made anew, and more of them.
    row = found.lead(lead_id, [name for name in SCHEMA.names if name != "reasons"])
    if row is None:
        raise DataError(f"Score run {found.run_id}: expected lead {lead_id}, found none. Score again.")
    frame = found.features([lead_id])
    explained = model.contributions(frame)
    again = [float(value) for value in explained.propensity]
    if len(again) != 1 or abs(again[0] - row["propensity"]) > EXACT:
        shown = ", ".join(f"{value:.6f}" for value in again) or "no features"
        raise DataError(
            f"Lead {lead_id}: expected the published propensity {row['propensity']:.6f}, found {shown}. "
            "The run or the model was altered: score again."
        )
    table = top_reasons(model.features, explained.on_propensity, frame, n_up=REASONS_FOR, n_down=REASONS_AGAINST)
    certified = model.certified(row.get("segment") or ALL)
    (reasons,) = Narrator(model, language, certified=certified).reasons(table, frame, explained.matrix)
    cutoff = int(row["cutoff"].timestamp())
    past = history(workspace, found, lead_id, cutoff, settings.zone)
    return Dossier(
        row={**row, "due_at": None if row["due_at"] is None else int(row["due_at"].timestamp())},
        model_version=row["model_version"],
        scored_at=int(row["scored_at"].timestamp()),
        cutoff=cutoff,
        zone=settings.zone,
        horizon_days=model.metadata.get("horizon_days"),
        amount=None if model.amount is None else _interval(model.amount, row["expected_amount"]),
        currency=settings.output.currency,
        band_measured=(model.bands.measured or {}).get(row["band"]),
        reasons=reasons,
        others=100 * (row["propensity"] - row["reference_propensity"]) - math.fsum(r.points for r in reasons),
        moves=moved_since(earlier, model, lead_id, frame, language, explained),
        who=None if past is None else past.who,
        timeline=None if past is None else _timeline(past, model, language),
        questions=None if past is None else open_questions(past.said, past.tracked, model.features, language),
        certified=certified,
        rank=found.rank(row["propensity"]) if rank is None else rank,
        n_ranked=found.manifest["n_leads"],
        kind=found.manifest["kind"],
        has_segments=bool(model.by_segment.segments),
    )


def moved_since(
    earlier: ScoreRun | None,
    model: LeadModel,
    lead_id: str,
    now: pd.DataFrame,
    language: Language,
    explained: Contributions | None = None,
) -> tuple[int, Moves] | None:
    """What moved a lead since a run.

    Parameters
    ----------
    earlier : ScoreRun, optional
        The run before.
    model : LeadModel
        What scores the lead now.
    lead_id : str
        Which lead.
    now : pandas.DataFrame of 1 row
        Its raw features now.
    language : {"en", "fr"}
        Of the sentences.
    explained : Contributions, optional
        Of ``now``, where they are at hand.

    Returns
    -------
    tuple of (int, Moves), optional
        Cutoff of the run before, UTC seconds; None where the lead was not in it.
    """
    row = earlier.lead(lead_id, ["cutoff", "propensity"]) if earlier else None
    if earlier is None or row is None:
        return None
    then = earlier.features([lead_id])
    return int(row["cutoff"].timestamp()), moves(model, then, now, row["propensity"], language, explained=explained)


def _interval(amount: AmountModel, expected: float) -> tuple[float, float]:
    low, high = amount.interval(np.array([expected]))
    return float(low[0]), float(high[0])


def _timeline(past: History, model: LeadModel, language: Language) -> list[tuple[int, str]]:
    features = (*model.features, *DECLARED)
    return [(line.at, happening(line.type, line.source, line.n, features, language)) for line in past.timeline]
