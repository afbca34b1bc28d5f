"""Turn a block of described leads into score rows: propensity, decision, points, reasons."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.specification import Feature
from models.alarms import ReasonTally
from models.calendar import HOUR_S, WorkCalendar
from models.exploration import Lottery, drawn, probabilities
from models.lead_model import LeadModel
from models.policy import WITH_SALES, Scores, qualify
from models.reasons import ReasonTable, top_reasons
from models.sums import row_sums
from pipeline.by_lead import places
from pipeline.owner_thresholds import TEAM_ONLY, LeadThresholds
from pipeline.policy_facts import PolicyFacts, policy_of
from pipeline.score_runs import EXPLORATION, REASON, SCHEMA, TALLY, write_part
from pipeline.settings import Settings
from pipeline.tracking import Version

STABLE = 0.02  # a smaller move of the propensity is no trend
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Previous:
    """What the run before said of its leads.

    Attributes
    ----------
    lead_ids : pandas.Index of n str
        In order, each once.
    propensity, due_at : ndarray of shape (n,)
        0 to 1; UTC seconds, NaN where nothing was due.
    """

    lead_ids: "pd.Index[str]"
    propensity: Floats
    due_at: Floats

    def of(self, lead_ids: "pd.Series[str]") -> tuple[Floats, Floats]:
        """Propensity and due time of each lead in the run before, NaN where it was not in it."""
        # An absent lead has place -1: the NaN at the end.
        place = places(self.lead_ids, lead_ids)
        return np.append(self.propensity, np.nan)[place], np.append(self.due_at, np.nan)[place]


NONE_BEFORE = Previous(pd.Index([], dtype="str"), np.empty(0), np.empty(0))


@dataclass(frozen=True)
class RunFacts:
    """What all blocks of a run share.

    Attributes
    ----------
    run_id : str
        Name of the run.
    scored_at, cutoff : int
        UTC seconds, of the run.
    model : LeadModel
        What scores.
    version : Version
        Where it comes from.
    settings : Settings
        Number of reasons, delay of the first contact, threads.
    policy : PolicyFacts
        What is known of the leads beside their scores.
    calendar : WorkCalendar
        When sales works.
    previous : Previous
        The run before.
    owner_thresholds : LeadThresholds
        Those of leads whose owner has an own capacity.
    """

    run_id: str
    scored_at: int
    cutoff: int
    model: LeadModel
    version: Version
    settings: Settings
    policy: PolicyFacts
    calendar: WorkCalendar
    previous: Previous
    owner_thresholds: LeadThresholds = TEAM_ONLY


def score_block(block: pd.DataFrame, run_: RunFacts) -> pa.Table:
    """Turn keys and raw features into score rows.

    Reasons are codes and points: texts are made when somebody will read them (`pipeline.telling`). How often each
    reason is given stands in the metadata of the table.
    """
    settings, model = run_.settings, run_.model
    explained = model.contributions(block, settings.limits.threads)
    lead_ids = block["lead_id"].astype("str")
    n = len(block)
    amount = np.full(n, settings.threshold.win_value)
    if model.amount is not None:
        amount = model.amount.expected(explained.matrix, settings.limits.threads)
    least = run_.owner_thresholds.of(lead_ids, model.thresholds(block, amount))
    decided = model.decide(explained.propensity, least)
    points = explained.family_points(model.families)
    segments = model.by_segment.of(block)
    standing = run_.policy.of(lead_ids, segments)
    scores = Scores(
        explained.propensity,
        np.broadcast_to(explained.reference_propensity, n),
        least,
        points,
        100.0 * row_sums(explained.on_propensity[:, product_columns(model.features, settings.policy.product_events)]),
        decided["decision"].to_numpy(dtype="U10"),
    )
    found = qualify(scores, standing, policy_of(settings.policy))
    lottery = Lottery(**settings.exploration.model_dump())
    passed = found.decision == "hand_over"
    # Nobody is below the threshold where none is valid; who is held back by the policy can be drawn as well.
    below = ~passed & ~np.isnan(least)
    probability = probabilities(passed, below, decided["band"], ~found.open_to_lottery, lottery)
    explored = drawn(lead_ids.tolist(), probability, lottery.salt)
    decision = np.where(explored, "hand_over", found.decision)
    handed_over = decision == "hand_over"
    number = settings.output.reasons
    reasons = top_reasons(model.features, explained.on_propensity, block, n_up=number, n_down=number)
    tally = ReasonTally.count(reasons, model.features, explained.matrix, model.shared)
    previous, due_before = run_.previous.of(lead_ids)
    # A lead that stays handed over keeps its day: the delay runs from the passage, not from last night.
    due = run_.calendar.after(run_.cutoff, settings.policy.contact_within_hours * HOUR_S)
    waits = handed_over & ~np.isin(found.qualification.astype(str), WITH_SALES)
    due_at = np.where(waits, np.where(np.isnan(due_before), np.floor(due), due_before), np.nan)
    columns: dict[str, Any] = {
        "lead_id": lead_ids,
        "cutoff": block["cutoff"],
        "scored_at": np.full(n, run_.scored_at),
        "run_id": pa.repeat(run_.run_id, n),
        "model_version": pa.repeat(str(run_.version.number), n),
        "segment": segments,
        "scored_by": model.by_segment.made_by(block),
        "propensity": explained.propensity,
        "raw_score": explained.margin,
        "reference_propensity": explained.reference_propensity,
        "threshold": pd.Series(least),
        "band": decided["band"],
        "decision": decision,
        "qualification": np.where(explored, EXPLORATION, found.qualification),
        "rule": np.where(explored, "lottery", found.rule),
        "handover_probability": probability,
        **{f"{family}_points": points[family] for family in points},
        "expected_amount": amount,
        "expected_value": explained.propensity * amount,
        "previous_propensity": pd.Series(previous),
        "trend": _trend(explained.propensity, previous),
        "due_at": pd.Series(due_at),
    }
    arrays = [
        reason_column(reasons, model.features)
        if field.name == "reasons"
        else pa.array(columns[field.name], _stored(field), from_pandas=True).cast(field.type)
        for field in SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA.with_metadata({TALLY: json.dumps(tally.to_dict())}))


def write_block(building: Path, name: str, block: pa.Table, run_: RunFacts, attempt: str = "") -> None:
    """Score one block into a file of rows and one of features, unless an interrupted run has done so already.

    Parameters
    ----------
    building : Path
        Folder of a run that is not published yet, with ``rows`` and ``features``.
    name : str
        Of both files.
    block : pyarrow.Table
        Keys and features, in the order of leads.
    run_ : RunFacts
        What all blocks share.
    attempt : str
        Tells apart those who may write the same file at a time; both write the same.
    """
    path = building / "rows" / name
    if path.is_file():
        return
    write_part(block.drop_columns("cutoff"), building / "features" / name, attempt)
    write_part(score_block(block.to_pandas(), run_), path, attempt)


def product_columns(features: Sequence[Feature], types: Sequence[str]) -> list[int]:
    """Places of the features that tell of nothing but the use of the product."""
    wanted = set(types)
    return [
        j
        for j, feature in enumerate(features)
        if (recipe := feature.recipe) is not None
        and recipe.source == "events"
        and recipe.types
        and wanted.issuperset(recipe.types)
    ]


def reason_column(reasons: ReasonTable, features: Sequence[Feature]) -> pa.ListArray:
    """Write reasons as Arrow lists of code, family and points, the text left null."""
    codes, families = (
        pa.array([getattr(feature, name) for feature in features], pa.string()).take(pa.array(reasons.column))
        for name in ("code", "family")
    )
    parts = [codes, families, pa.array(reasons.points), pa.nulls(len(reasons.points), pa.string())]
    return pa.ListArray.from_arrays(
        pa.array(reasons.start, pa.int32()), pa.StructArray.from_arrays(parts, fields=list(REASON))
    )


def _stored(field: pa.Field) -> pa.DataType:
    return pa.int64() if pa.types.is_timestamp(field.type) else field.type


def _trend(now: Floats, previous: Floats) -> pa.StringArray:
    move = now - previous
    place = np.select([np.isnan(move), move > STABLE, move < -STABLE], [0, 1, 2], default=3)
    return pa.array(["new", "up", "down", "stable"]).take(pa.array(place))
