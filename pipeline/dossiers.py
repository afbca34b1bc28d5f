"""What is known of leads in one score run, gathered for the terminal, the HTML file and the page."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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
from pipeline.history import History, histories
from pipeline.report.dossier import Dossier
from pipeline.score_runs import ScoreRun
from pipeline.settings import Settings
from pipeline.workspace import Workspace

REASONS_FOR, REASONS_AGAINST = 8, 4
EXACT = 1e-9


class AtHand(NamedTuple):
    """What is known of some leads before anything is read.

    Attributes
    ----------
    ranks : sequence of int, optional
        Their places in the run.
    who : mapping of str to mapping, optional
        As for `pipeline.history.histories`.
    """

    ranks: Sequence[int] | None = None
    who: Mapping[str, Mapping[str, Any]] | None = None


NOTHING = AtHand()


def dossiers(
    workspace: Workspace,
    settings: Settings,
    found: ScoreRun,
    rows: Sequence[Mapping[str, Any]],
    model: LeadModel,
    language: Language,
    *,
    earlier: ScoreRun | None,
    at_hand: AtHand = NOTHING,
) -> list[Dossier]:
    """Explain some leads of one run as they were scored, each table read once.

    Parameters
    ----------
    workspace, settings : Workspace, Settings
        Where the tables of the run are kept; zone and currency.
    found : ScoreRun
        That holds them.
    rows : sequence of mapping
        Their score rows, of one cutoff.
    model : LeadModel
        That scored them.
    language : {"en", "fr"}
        Of the sentences.
    earlier : ScoreRun, optional
        The run of the portfolio before, of which it is told what moved the leads since.
    at_hand : AtHand
        What need not be read.

    Returns
    -------
    list of Dossier
        In the order of ``rows``.

    Raises
    ------
    DataError
        The model no longer gives the propensities that were published.
    """
    lead_ids = [row["lead_id"] for row in rows]
    frame = found.features(lead_ids)
    if frame["lead_id"].tolist() != lead_ids:
        frame = frame.set_index("lead_id", drop=False).reindex(lead_ids).reset_index(drop=True)
    explained = model.contributions(frame)
    for row, again, lead_id in zip(rows, explained.propensity.tolist(), frame["lead_id"].tolist(), strict=True):
        if not abs(again - row["propensity"]) <= EXACT or lead_id != row["lead_id"]:
            shown = f"{again:.6f}" if lead_id == row["lead_id"] else "no features"
            raise DataError(
                f"Lead {row['lead_id']}: expected the published propensity {row['propensity']:.6f}, found {shown}. "
                "The run or the model was altered: score again."
            )
    table = top_reasons(model.features, explained.on_propensity, frame, n_up=REASONS_FOR, n_down=REASONS_AGAINST)
    certified = [model.certified(row.get("segment") or ALL) for row in rows]
    worded = {
        one: Narrator(model, language, certified=one).reasons(table, frame, explained.matrix) for one in set(certified)
    }
    known = histories(workspace, found, lead_ids, int(found.manifest["cutoff"]), settings.zone, at_hand.who)
    ranks = found.ranks([row["propensity"] for row in rows]) if at_hand.ranks is None else at_hand.ranks
    made = []
    for place, row in enumerate(rows):
        reasons, past = worded[certified[place]][place], None if known is None else known[row["lead_id"]]
        alone = explained if len(rows) == 1 else None
        now = frame.iloc[[place]].reset_index(drop=True) if alone is None else frame
        made.append(
            Dossier(
                row={**row, "due_at": None if row["due_at"] is None else int(row["due_at"].timestamp())},
                model_version=str(row["model_version"]),
                scored_at=int(row["scored_at"].timestamp()),
                cutoff=int(row["cutoff"].timestamp()),
                zone=settings.zone,
                horizon_days=model.metadata.get("horizon_days"),
                amount=None if model.amount is None else _interval(model.amount, row["expected_amount"]),
                currency=settings.output.currency,
                band_measured=(model.bands.measured or {}).get(row["band"]),
                reasons=reasons,
                others=100 * (row["propensity"] - row["reference_propensity"]) - math.fsum(r.points for r in reasons),
                moves=moved_since(earlier, model, row["lead_id"], now, language, alone),
                who=None if past is None else past.who,
                timeline=None if past is None else _timeline(past, model, language),
                questions=None if past is None else open_questions(past.said, past.tracked, model.features, language),
                certified=certified[place],
                rank=ranks[place],
                n_ranked=found.manifest["n_leads"],
                kind=found.manifest["kind"],
                has_segments=bool(model.by_segment.segments),
                policy_version=found.manifest.get("policy", {}).get("version"),
            )
        )
    return made


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
