"""Train: evaluate the procedure on the four periods, then deploy what it gives on everything.

Evidence is about the procedure; the deployed model learns from all mature rows, its trees also from young ones that
are weighed. Its calibration and its threshold come from margins that the same procedure gave, forward in time, to
mature rows that it had not seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import DataError
from features.specification import Feature
from models.bands import Bands
from models.blend import Choice, Mix, Unseen, mixed
from models.blend import choose as choose_mix
from models.certificate import Certificate, certify
from models.evaluation import Evaluated, evaluate
from models.evidence import Evidence, Note
from models.gates import count_leads, require_enough
from models.lead_model import LeadModel
from models.learner_notes import learner_notes
from models.learning import Learnt, Part, learn, part
from models.pattern_tables import PatternTables
from models.periods import FourPeriods, forward_folds, split
from models.plan import TrainingPlan
from models.pooling import Pooled, SegmentChoice, Trial, pool
from models.pricing import Pricing
from models.promises import Promises
from models.reference import Reference, Scored, statistics, watch
from models.segment_words import segments_told
from models.shared_facts import SharedFacts
from models.threshold import ThresholdChoice
from models.threshold_rules import choose
from models.value import evaluate_value, learn_amounts
from models.worth import Economics
from models.young import FACTS, teachers

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
    unseen : ndarray of shape (k,)
        Propensities of the k mature rows, sorted by lead and cutoff, each from those parts of the deployed model that
        have not learnt from its lead; calibration and level know its time.
    """

    model: LeadModel
    evidence: Evidence
    unseen: Floats


@dataclass(frozen=True)
class _OutOfFold:
    """Margins of rows from members of a mix that have not seen their leads; what segments add to their mix."""

    at: Ints
    members: Floats
    weight: Floats
    learnt: Learnt | None = None
    added: Floats | None = None

    def margin(self, mix: Mix) -> Floats:
        """Of the mix, and what segments add to it."""
        margin = mixed(self.members, mix)
        return margin if self.added is None else margin + self.added

    def unseen(self, rows: pd.DataFrame) -> Unseen:
        here = part(rows, self.at, self.weight)
        return Unseen(self.members, here.lead, here.y, here.w)


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
        immature); optional: ``weight``, ``amount`` (of the deal, null where unknown), ``owner`` (a code, -1 for none),
        ``opportunity`` (0 or 1: was or became one within the horizon).
        Immature rows teach the deployed trees, weighed, where ``followed_days``, ``won_after_days`` and
        ``is_open`` are there (see `models.censoring`); else they are left out. The order of rows changes nothing.
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
    fit_at, next_at = four.rows("fit"), four.rows("calibrate")
    first = learn(frame, part(rows, fit_at, four.weight[fit_at]), features, plan)
    second = _OutOfFold(next_at, first.members(frame.iloc[next_at]), four.weight[next_at])
    first = replace(first, mix=choose_mix([second.unseen(rows)]).mix)
    second = replace(second, learnt=first)
    if plan.segments:
        first = _pool(frame, rows, first, [second], plan)[0].learnt
    say("baselines", 0.2)
    pricing = Pricing(frame, rows, first, learn_amounts(first, frame, rows, fit_at, plan), plan)
    evaluated = evaluate(frame, rows, four, first, pricing)
    say("calibrate", 0.35)
    blocks = _unseen_blocks(frame, rows, features, plan, four, second)
    choice = choose_mix([block.unseen(rows) for block in blocks])
    say("deploy", 0.75)
    everything = part(rows, np.arange(len(rows)), np.ones(len(rows)))
    final = learn(frame, everything, features, plan, choice.mix)
    young = None if waiting is None else teachers(final, rows, *waiting)
    if young is not None:
        final = learn(frame, everything, features, plan, choice.mix, young.taught)
    segments: tuple[SegmentChoice, ...] = ()
    if plan.segments:
        pooled, blocks = _pool(frame, rows, final, blocks, plan)
        final, segments = pooled.learnt, pooled.choices
    recent = _recent(blocks, rows, forward=four.forward)
    model = _deploy(frame, rows, final, recent, pricing, forward=four.forward)
    certificate = _certificate(evaluated, plan, forward=four.forward)
    taught_to = int(rows["cutoff"].max()) if young is None or waiting is None else int(waiting[1]["cutoff"].max())
    model = replace(model, certificate=certificate, metadata={**model.metadata, "taught_to": taught_to})
    say("done", 1.0)
    value = evaluate_value(rows, four, evaluated.test["propensity"], pricing)
    importance = _importance(frame, final)
    evidence = _evidence(four, evaluated, final, choice, model, plan, importance, len(recent.at))
    if young is not None:
        deployed = {**evidence.deployed, "young": young.to_dict()}
        evidence = replace(evidence, deployed=deployed, notes=[*evidence.notes, young.note()])
    evidence = segments_told(evidence, segments)
    evidence = replace(evidence, value=value, certificate=certificate.to_dict())
    return TrainingResult(model, evidence, model.calibration(final.unseen_margin()))


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
    optional = {"weight": 1.0, "amount": np.nan, "owner": -1}
    given = {name: rows.get(name, pd.Series(value, index=rows.index)) for name, value in optional.items()}
    facts = [name for name in (*FACTS, "opportunity") if name in rows.columns]
    clean = rows[["lead_id", "cutoff", "label", *facts]].assign(**given).reset_index(drop=True)
    clean = clean.assign(lead_id=clean["lead_id"].astype("str")).sort_values(["lead_id", "cutoff"], kind="stable")
    known = clean["label"].notna()
    mature, waiting = clean[known].astype({"label": "int64"}), clean[~known]
    followed = set(FACTS) <= set(facts) and len(waiting)
    return (
        frame.iloc[mature.index].reset_index(drop=True),
        mature.reset_index(drop=True),
        (frame.iloc[waiting.index], waiting) if followed else None,
    )


def _unseen_blocks(
    frame: pd.DataFrame,
    rows: pd.DataFrame,
    features: Sequence[Feature],
    plan: TrainingPlan,
    four: FourPeriods,
    second: _OutOfFold,
) -> list[_OutOfFold]:
    """Margins of rows that had not been seen, block by block, oldest first."""
    blocks = [second] if four.forward else []
    for fold in forward_folds(rows, four, plan.seed):
        learnt = learn(frame, part(rows, fold.train, fold.train_weight), features, plan)
        members = learnt.members(frame.iloc[fold.block])
        # A model is kept only where segments are to be tried on it.
        blocks.append(_OutOfFold(fold.block, members, fold.block_weight, learnt if plan.segments else None))
    return blocks


def _pool(
    frame: pd.DataFrame, rows: pd.DataFrame, learnt: Learnt, blocks: Sequence[_OutOfFold], plan: TrainingPlan
) -> tuple[Pooled, list[_OutOfFold]]:
    """Add the segments to a model, and to the margins of the blocks."""
    trials = [
        Trial(replace(block.learnt, mix=learnt.mix), part(rows, block.at, block.weight), block.margin(learnt.mix))
        for block in blocks
        if block.learnt is not None
    ]
    pooled = pool(frame, learnt, trials, plan)
    return pooled, [replace(block, added=added) for block, added in zip(blocks, pooled.added, strict=True)]


def _recent(blocks: Sequence[_OutOfFold], rows: pd.DataFrame, *, forward: bool) -> _OutOfFold:
    """The newest blocks, as few as suffice; all of them where there is no time."""
    taken = _join(blocks) if not forward else blocks[-1]
    for k in range(2, len(blocks) + 1):
        if not forward or _suffices(rows.iloc[taken.at]):
            break
        taken = _join(blocks[-k:])
    return taken


def _suffices(rows: pd.DataFrame) -> bool:
    won, lost = count_leads(rows)
    return won >= _ENOUGH_WON and lost >= _ENOUGH_LOST and int(np.ptp(rows["cutoff"])) >= _ENOUGH_S


def _join(blocks: Sequence[_OutOfFold]) -> _OutOfFold:
    return _OutOfFold(
        np.concatenate([block.at for block in blocks]),
        np.concatenate([block.members for block in blocks]),
        np.concatenate([block.weight for block in blocks]),
        added=None
        if blocks[0].added is None
        else np.concatenate([block.added for block in blocks if block.added is not None]),
    )


def _deploy(
    frame: pd.DataFrame,
    rows: pd.DataFrame,
    final: Learnt,
    recent: _OutOfFold,
    pricing: Pricing,
    *,
    forward: bool,
) -> LeadModel:
    unseen = part(rows, recent.at, recent.weight)
    margin = recent.margin(final.mix)
    calibration = final.calibrate(unseen.margins(margin), forward=forward)
    propensity = calibration(margin)
    plan = pricing.plan
    amount = learn_amounts(final, frame, rows, np.arange(len(rows)), plan)
    # Only what the evidence was about: amounts that could not be foreseen there are not trusted here.
    economics = Economics.of(plan, amount, per_lead=pricing.economics.margin_rate is not None)
    choice = choose(pricing.priced(unseen.sample(propensity), unseen.at), plan, economics)
    tables = PatternTables.from_boosters([booster.model_to_string() for booster in final.trees.boosters_])
    base = tables.base if final.linear is None else final.linear.blend_base(tables.base)
    levels = [column.levels for column in final.schema.columns]
    matrix, everything = final.encode(frame), final.rows
    won, lost = count_leads(rows)
    return LeadModel(
        tables=tables,
        schema=final.schema,
        calibration=calibration,
        threshold=choice,
        bands=_bands(plan, choice, propensity, unseen),
        reference=Reference(
            base,
            float(calibration([base])[0]),
            statistics(frame, final.schema),
            watch(frame, rows, final.schema, Scored(unseen.lead, unseen.cutoff, propensity, choice.threshold)),
        ),
        shared=SharedFacts.measure(matrix, levels, everything.lead, everything.y, everything.w),
        amount=amount,
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
        linear=final.linear,
        by_segment=final.by_segment,
    )


def _certificate(evaluated: Evaluated, plan: TrainingPlan, *, forward: bool) -> Certificate:
    """Judge the percentages of the procedure on the test period: on the deployed model's own rows nobody could."""
    test = evaluated.test
    return certify(
        Promises(test["label"], test["propensity"], test["weight"], test["lead_id"]),
        test["cutoff"],
        test["segment"],
        forward=forward,
        tolerance=plan.tolerance,
        confidence=plan.certificate_confidence,
    )


def _bands(plan: TrainingPlan, choice: ThresholdChoice, propensity: Floats, unseen: Part) -> Bands:
    if plan.bands is None:
        return Bands.derive(propensity, unseen.y, unseen.w, unseen.lead, choice.threshold)
    return Bands(*plan.bands).measure(propensity, unseen.y, unseen.w, unseen.lead)


def _importance(frame: pd.DataFrame, final: Learnt) -> tuple[dict[str, float], dict[str, float]]:
    """Share of each feature in the gain of the trees and, by its own share, in what the regression says."""
    gain = np.sum([booster.feature_importance("gain") for booster in final.trees.boosters_], axis=0)
    shares = np.asarray(gain, dtype=np.float64) / max(float(np.sum(gain)), 1e-300)
    if final.linear is not None:
        said = np.abs(final.linear.contributions(final.encode(frame))).mean(axis=0)
        own = final.linear.share
        shares = (1 - own) * shares + own * said / max(float(said.sum()), 1e-300)
    by_feature, by_family = {}, dict.fromkeys(("fit", "engagement", "intent"), 0.0)
    for column, share in zip(final.schema.columns, shares, strict=True):
        by_feature[column.feature.name] = float(share)
        by_family[column.feature.family] += float(share)
    return dict(sorted(by_feature.items(), key=lambda item: -item[1])), by_family


def _evidence(
    four: FourPeriods,
    evaluated: Evaluated,
    final: Learnt,
    choice: Choice,
    model: LeadModel,
    plan: TrainingPlan,
    importance: tuple[dict[str, float], dict[str, float]],
    n_calibration_rows: int,
) -> Evidence:
    return Evidence(
        forward=four.forward,
        gap_days=four.gap_s / 86_400,
        periods=evaluated.periods,
        figures=evaluated.figures,
        reliability=evaluated.reliability,
        gain_curves=evaluated.gain_curves,
        decision=evaluated.decision,
        points_grids=evaluated.points_grids,
        slices=evaluated.slices,
        deployed={
            **{key: model.metadata[key] for key in ("n_rows", "n_leads", "n_won", "base_rate")},
            "n_trees": sum(booster.num_trees() for booster in final.trees.boosters_),
            "n_calibration_rows": n_calibration_rows,
            "young": None,
            "tables": {"bytes": model.tables.nbytes, "fallback_trees": len(model.tables.fallback_trees)},
            "calibration": model.calibration.to_dict(),
            "threshold": model.threshold.to_dict(),
            "bands": model.bands.to_dict(),
            "reference_propensity": model.reference.propensity,
        },
        learner={**choice.to_dict(), "tells_time": [feature.name for feature in final.telling]},
        importance=importance[0],
        importance_by_family=importance[1],
        dropped=[{"name": d.name, "reason": d.reason, "detail": d.detail} for d in final.dropped],
        test=evaluated.test,
        plan=plan.to_dict(),
        notes=[
            *learner_notes(choice, final.telling, forward=four.forward),
            *four.notes,
            *evaluated.notes,
            *_no_threshold(model),
        ],
    )


def _no_threshold(model: LeadModel) -> list[Note]:
    choice = model.threshold
    return [] if choice.threshold is not None else [Note("no_threshold", choice.reason_en, choice.reason_fr)]
