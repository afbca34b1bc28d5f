"""Train: evaluate the procedure on the four periods, then deploy what it gives on everything.

Evidence is about the procedure; the deployed model learns from all mature rows, its trees also from young ones that
are weighed. Its calibration and its threshold come from margins that the same procedure gave, forward in time, to
mature rows that it had not seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import DataError
from features.matrix import to_matrix
from features.specification import Feature
from models.bands import Bands
from models.evaluation import Evaluated, evaluate
from models.evidence import Evidence, Note
from models.folds import encode
from models.gates import count_leads, require_enough
from models.lead_model import LeadModel, Reference
from models.learning import Learnt, Part, learn, part
from models.pattern_tables import PatternTables
from models.periods import FourPeriods, forward_folds, split
from models.plan import TrainingPlan
from models.shared_facts import SharedFacts
from models.threshold import ThresholdChoice, choose
from models.young import FACTS, Young, teachers

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Progress = Callable[[str, float], None]
# The newest rows calibrate: as many periods as it takes to have these.
_ENOUGH_WON = _ENOUGH_LOST = 200
_ENOUGH_S = 28 * 86_400


@dataclass(frozen=True)
class TrainingResult:
    """What a training gives.

    Attributes
    ----------
    model : LeadModel
        Ready to be kept; ``model.threshold.threshold`` is None when no threshold is valid.
    evidence : Evidence
        About the procedure.
    """

    model: LeadModel
    evidence: Evidence


@dataclass(frozen=True)
class _OutOfFold:
    """Margins of rows from models that have not seen their leads."""

    at: Ints
    margin: Floats
    weight: Floats


def train(
    frame: pd.DataFrame,
    rows: pd.DataFrame,
    features: Sequence[Feature],
    plan: TrainingPlan,
    progress: Progress | None = None,
) -> TrainingResult:
    """Evaluate the procedure, then fit the model to deploy.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
        Raw features, one column each; others are ignored.
    rows : pandas.DataFrame of n rows, in the same order
        ``lead_id``, ``cutoff`` (UTC seconds; all equal where leads have no dates), ``label`` (0 or 1; null where
        immature), ``weight`` (optional). Immature rows teach the deployed trees, weighed, where ``followed_days``,
        ``won_after_days`` and ``is_open`` are there (see `models.censoring`); else they are left out. The order of
        rows changes nothing.
    features : sequence of Feature
        Those that may serve.
    plan : TrainingPlan
        All knobs.
    progress : callable, optional
        Called with the name of the step that begins and the share done, 0 to 1.

    Returns
    -------
    TrainingResult

    Raises
    ------
    GateError
        Too few mature won or lost leads.
    DataError
        ``frame`` and ``rows`` do not match, or a column is missing.
    """
    say = progress or (lambda _step, _done: None)
    frame, rows, waiting = _prepare(frame, rows)
    require_enough(rows, plan)
    four = split(rows, plan.shares, plan.horizon_s, plan.seed)
    say("evaluate", 0.0)
    fit_at = four.rows("fit")
    first = learn(frame, part(rows, fit_at, four.weight[fit_at]), features, plan)
    say("baselines", 0.2)
    evaluated = evaluate(frame, rows, four, first, plan)
    say("calibrate", 0.35)
    recent = _recent(frame, rows, features, plan, four, evaluated)
    say("deploy", 0.75)
    everything = part(rows, np.arange(len(rows)), np.ones(len(rows)))
    final = learn(frame, everything, features, plan)
    young = None if waiting is None else teachers(final, rows, *waiting)
    if young is not None:
        final = learn(frame, everything, features, plan, young.taught)
    model = _deploy(frame, rows, final, recent, plan, forward=four.forward)
    say("done", 1.0)
    return TrainingResult(model, _evidence(four, evaluated, final, young, model, plan, len(recent.at)))


def _prepare(
    frame: pd.DataFrame, rows: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[pd.DataFrame, pd.DataFrame] | None]:
    """Mature rows, and beside them those that may teach, in an order of their own: the caller's changes nothing."""
    missing = [name for name in ("lead_id", "cutoff", "label") if name not in rows.columns]
    if missing or len(frame) != len(rows):
        raise DataError(
            "training rows: expected lead_id, cutoff and label and one row per row of features, found "
            f"{len(rows)} rows for {len(frame)} of features, missing columns: {', '.join(missing) or 'none'}."
        )
    weight = rows["weight"] if "weight" in rows.columns else pd.Series(1.0, index=rows.index)
    facts = [name for name in FACTS if name in rows.columns]
    clean = rows[["lead_id", "cutoff", "label", *facts]].assign(weight=weight).reset_index(drop=True)
    clean = clean.assign(lead_id=clean["lead_id"].astype("str")).sort_values(["lead_id", "cutoff"], kind="stable")
    known = clean["label"].notna()
    mature, waiting = clean[known].astype({"label": "int64"}), clean[~known]
    followed = len(facts) == len(FACTS) and len(waiting)
    return (
        frame.iloc[mature.index].reset_index(drop=True),
        mature.reset_index(drop=True),
        (frame.iloc[waiting.index], waiting) if followed else None,
    )


def _recent(
    frame: pd.DataFrame,
    rows: pd.DataFrame,
    features: Sequence[Feature],
    plan: TrainingPlan,
    four: FourPeriods,
    evaluated: Evaluated,
) -> _OutOfFold:
    """Out-of-fold margins of the newest rows; of all rows where there is no time."""
    blocks = []
    if four.forward:
        at = four.rows("calibrate")
        blocks.append(_OutOfFold(at, evaluated.margin["calibrate"], four.weight[at]))
    for fold in forward_folds(rows, four, plan.seed):
        learnt = learn(frame, part(rows, fold.train, fold.train_weight), features, plan)
        blocks.append(_OutOfFold(fold.block, learnt.margin(frame.iloc[fold.block]), fold.block_weight))
    taken = _join(blocks) if not four.forward else blocks[-1]
    for k in range(2, len(blocks) + 1):
        if not four.forward or _suffices(rows.iloc[taken.at]):
            break
        taken = _join(blocks[-k:])
    return taken


def _suffices(rows: pd.DataFrame) -> bool:
    won, lost = count_leads(rows)
    return won >= _ENOUGH_WON and lost >= _ENOUGH_LOST and int(np.ptp(rows["cutoff"])) >= _ENOUGH_S


def _join(blocks: Sequence[_OutOfFold]) -> _OutOfFold:
    return _OutOfFold(
        np.concatenate([block.at for block in blocks]),
        np.concatenate([block.margin for block in blocks]),
        np.concatenate([block.weight for block in blocks]),
    )


def _deploy(
    frame: pd.DataFrame,
    rows: pd.DataFrame,
    final: Learnt,
    recent: _OutOfFold,
    plan: TrainingPlan,
    *,
    forward: bool,
) -> LeadModel:
    unseen = part(rows, recent.at, recent.weight)
    calibration = final.calibrate(unseen.margins(recent.margin), forward=forward)
    propensity = calibration(recent.margin)
    choice = choose(unseen.sample(propensity), plan)
    tables = PatternTables.from_boosters([booster.model_to_string() for booster in final.classifier.boosters_])
    levels = [column.levels for column in final.schema.columns]
    matrix, everything = encode(to_matrix(frame, final.schema), levels), final.rows
    won, lost = count_leads(rows)
    return LeadModel(
        tables=tables,
        schema=final.schema,
        calibration=calibration,
        threshold=choice,
        bands=_bands(plan, choice, propensity, unseen),
        reference=Reference(tables.base, float(calibration([tables.base])[0]), _statistics(frame, final)),
        shared=SharedFacts.measure(matrix, levels, everything.lead, everything.y, everything.w),
        metadata={
            "n_rows": len(rows),
            "n_leads": won + lost,
            "n_won": won,
            "base_rate": float(np.average(rows["label"], weights=rows["weight"])),
            "n_calibration_rows": len(recent.at),
            "first_cutoff": int(rows["cutoff"].min()),
            "last_cutoff": int(rows["cutoff"].max()),
            "horizon_s": plan.horizon_s,
            "seed": plan.seed,
        },
    )


def _bands(plan: TrainingPlan, choice: ThresholdChoice, propensity: Floats, unseen: Part) -> Bands:
    if plan.bands is None:
        return Bands.derive(propensity, unseen.y, unseen.w, unseen.lead, choice.threshold)
    return Bands(*plan.bands).measure(propensity, unseen.y, unseen.w, unseen.lead)


def _statistics(frame: pd.DataFrame, final: Learnt) -> dict[str, dict[str, float | str | None]]:
    """What training data looked like, by feature: for sentences that compare, and for drift."""
    out: dict[str, dict[str, float | str | None]] = {}
    for column in final.schema.columns:
        name = column.feature.name
        values = frame[name]
        known = values.dropna()
        stats: dict[str, float | str | None] = {"share_null": float(values.isna().mean())}
        if column.levels is None:
            numbers = known.to_numpy(dtype=np.float64)
            numbers = numbers[np.isfinite(numbers)]
            stats["mean"] = float(numbers.mean()) if len(numbers) else None
            stats["median"] = float(np.median(numbers)) if len(numbers) else None
        else:
            shares = known.astype("str").value_counts(normalize=True).sort_index(kind="stable")
            stats["top"] = str(shares.idxmax()) if len(shares) else None
            stats["top_share"] = float(shares.max()) if len(shares) else None
        out[name] = stats
    return out


def _importance(final: Learnt) -> tuple[dict[str, float], dict[str, float]]:
    gain = sum(booster.feature_importance("gain") for booster in final.classifier.boosters_)
    shares = np.asarray(gain, dtype=np.float64) / max(float(np.sum(gain)), 1e-300)
    by_feature, by_family = {}, dict.fromkeys(("fit", "engagement", "intent"), 0.0)
    for column, share in zip(final.schema.columns, shares, strict=True):
        by_feature[column.feature.name] = float(share)
        by_family[column.feature.family] += float(share)
    return dict(sorted(by_feature.items(), key=lambda item: -item[1])), by_family


def _evidence(
    four: FourPeriods,
    evaluated: Evaluated,
    final: Learnt,
    young: Young | None,
    model: LeadModel,
    plan: TrainingPlan,
    n_calibration_rows: int,
) -> Evidence:
    importance, by_family = _importance(final)
    return Evidence(
        forward=four.forward,
        gap_days=four.gap_s / 86_400,
        periods=evaluated.periods,
        figures=evaluated.figures,
        reliability=evaluated.reliability,
        gain_curves=evaluated.gain_curves,
        decision=evaluated.decision,
        swap_set=evaluated.swap_set,
        deployed={
            **{key: model.metadata[key] for key in ("n_rows", "n_leads", "n_won", "base_rate")},
            "n_trees": sum(booster.num_trees() for booster in final.classifier.boosters_),
            "n_calibration_rows": n_calibration_rows,
            "young": None if young is None else young.to_dict(),
            "tables": {"bytes": model.tables.nbytes, "fallback_trees": len(model.tables.fallback_trees)},
            "calibration": model.calibration.to_dict(),
            "threshold": model.threshold.to_dict(),
            "bands": model.bands.to_dict(),
            "reference_propensity": model.reference.propensity,
        },
        importance=importance,
        importance_by_family=by_family,
        dropped=[{"name": d.name, "reason": d.reason, "detail": d.detail} for d in final.dropped],
        test=evaluated.test,
        plan=plan.to_dict(),
        notes=[*four.notes, *evaluated.notes, *_no_threshold(model), *([] if young is None else [young.note()])],
    )


def _no_threshold(model: LeadModel) -> list[Note]:
    choice = model.threshold
    return [] if choice.threshold is not None else [Note("no_threshold", choice.reason_en, choice.reason_fr)]
