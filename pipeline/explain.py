"""``tamis explain``: the dossier of one lead, from the newest score run that holds it."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from features.catalogue import DECLARED
from features.discovery import open_questions
from features.errors import DataError, UseError
from features.happenings import happening
from features.language import Language
from models.amount import AmountModel
from models.lead_model import LeadModel
from models.moves import Moves, moves
from models.narrator import Narrator
from models.reasons import top_reasons
from models.segments import ALL
from pipeline.console import Console
from pipeline.dossier_views import dossier_views
from pipeline.history import History, histories
from pipeline.report.dossier import Dossier, render
from pipeline.score_runs import ScoreRun, newest, published
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.tracking import Registry
from pipeline.workspace import Workspace, write_text

REASONS_FOR, REASONS_AGAINST = 8, 4
EXACT = 1e-9


def run(root: Path, lead_id: str, *, language: str | None, html: Path | None, console: Console) -> None:
    """Show a dossier, and write it where asked.

    Raises
    ------
    UseError
        No score run, an unknown lead or language.
    """
    settings = load(root)
    chosen = chosen_language(language, settings)
    result = dossier(Workspace(root), settings, lead_id, chosen)
    if html is not None:
        write_text(html, render(result, chosen))
    console.show({**result.to_dict(), "html": str(html) if html else None}, *dossier_views(result, chosen))


def chosen_language(asked: str | None, settings: Settings) -> Language:
    """The language that was asked for, else that of the settings.

    Raises
    ------
    UseError
        Neither en nor fr.
    """
    if asked is None:
        return settings.output.language
    if asked == "en":
        return "en"
    if asked == "fr":
        return "fr"
    raise UseError(f"--lang: expected en or fr, found {asked!r}.")


def dossier(workspace: Workspace, settings: Settings, lead_id: str, language: Language) -> Dossier:
    """Explain a lead as it was scored, whatever happened since.

    Raises
    ------
    UseError
        No score run yet, or none that holds this lead.
    DataError
        The model in the registry no longer gives the propensity that was published.
    """
    found, row = _find(workspace, lead_id)
    _, files = Registry(workspace, settings.registry).load(int(row["model_version"]))
    return dossiers(workspace, settings, found, [row], LeadModel.load(files), language)[0]


def dossiers(
    workspace: Workspace,
    settings: Settings,
    found: ScoreRun,
    rows: Sequence[Mapping[str, Any]],
    model: LeadModel,
    language: Language,
) -> list[Dossier]:
    """Make the dossiers of some leads of one run, each table read once.

    Parameters
    ----------
    found : ScoreRun
        That holds them.
    rows : sequence of mapping
        Their score rows, of one cutoff.
    model : LeadModel
        That scored them.

    Raises
    ------
    DataError
        The model no longer gives the propensities that were published.
    """
    lead_ids = [row["lead_id"] for row in rows]
    frame = found.features(lead_ids).set_index("lead_id", drop=False).reindex(lead_ids).reset_index(drop=True)
    explained = model.contributions(frame)
    for row, again in zip(rows, explained.propensity.tolist(), strict=True):
        if not abs(again - row["propensity"]) <= EXACT or frame["lead_id"].isna().any():
            raise DataError(
                f"Lead {row['lead_id']}: expected the published propensity {row['propensity']:.6f}, found "
                f"{again:.6f}. The run or the model was altered: score again."
            )
    table = top_reasons(model.features, explained.on_propensity, frame, n_up=REASONS_FOR, n_down=REASONS_AGAINST)
    worded = {
        certified: Narrator(model, language, certified=certified).reasons(table, frame) for certified in (True, False)
    }
    cutoff = int(found.manifest["cutoff"])
    known = histories(workspace, found, lead_ids, cutoff, settings.zone)
    earlier = newest(workspace, "portfolio", before=found.manifest["cutoff"])
    ranks = found.ranks([row["propensity"] for row in rows])
    made = []
    for place, row in enumerate(rows):
        certified = model.certified(row.get("segment") or ALL)
        reasons, past = worded[certified][place], None if known is None else known[row["lead_id"]]
        amount = None if model.amount is None else _interval(model.amount, row["expected_amount"])
        made.append(
            Dossier(
                row={**row, "due_at": None if row["due_at"] is None else int(row["due_at"].timestamp())},
                model_version=str(row["model_version"]),
                scored_at=int(row["scored_at"].timestamp()),
                cutoff=int(row["cutoff"].timestamp()),
                zone=settings.zone,
                horizon_days=model.metadata.get("horizon_days"),
                amount=amount,
                currency=settings.output.currency,
                band_measured=(model.bands.measured or {}).get(row["band"]),
                reasons=reasons,
                others=100 * (row["propensity"] - row["reference_propensity"]) - sum(r.points for r in reasons),
                moves=_moves(earlier, found, model, row["lead_id"], language),
                who=None if past is None else past.who,
                timeline=None if past is None else _timeline(past, model, language),
                questions=None if past is None else open_questions(past.said, past.tracked, model.features, language),
                certified=certified,
                rank=ranks[place],
                n_ranked=found.manifest["n_leads"],
                kind=found.manifest["kind"],
                has_segments=bool(model.by_segment.segments),
                policy_version=found.manifest.get("policy", {}).get("version"),
            )
        )
    return made


def _interval(amount: AmountModel, expected: float) -> tuple[float, float]:
    low, high = amount.interval(np.array([expected]))
    return float(low[0]), float(high[0])


def _find(workspace: Workspace, lead_id: str) -> tuple[ScoreRun, dict[str, Any]]:
    """The newest run that holds a lead, and its row there."""
    runs = published(workspace)
    if not runs:
        raise UseError("There is no score run yet. Run 'tamis score' first.")
    for run_ in runs:
        if lead_id in run_.opted_out():
            raise UseError(
                f"Lead {lead_id!r} asked not to be contacted: it is not scored and has no dossier. "
                f"What was decided before stays: tamis decisions {lead_id}"
            )
        if row := run_.lead(lead_id):
            return run_, row
    known = runs[0].rows(["lead_id"]).column(0).to_pylist()
    near = difflib.get_close_matches(lead_id, known[:50_000], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UseError(
        f"Lead {lead_id!r} is in no score run: expected a lead that was open when it was scored.{hint} "
        "A lead that is won, lost or new since has no score."
    )


def _moves(
    earlier: ScoreRun | None, found: ScoreRun, model: LeadModel, lead_id: str, language: Language
) -> tuple[int, Moves] | None:
    """What moved the lead since the portfolio was scored before, and when that was; None where it was not in it."""
    row = earlier.lead(lead_id) if earlier else None
    if earlier is None or row is None:
        return None
    then, now = earlier.features([lead_id]), found.features([lead_id])
    return int(row["cutoff"].timestamp()), moves(model, then, now, row["propensity"], language)


def _timeline(past: History, model: LeadModel, language: Language) -> list[tuple[int, str]]:
    features = (*model.features, *DECLARED)
    return [(line.at, happening(line.type, line.source, line.n, features, language)) for line in past.timeline]
