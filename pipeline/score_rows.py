"""Turn a block of described leads into score rows: propensity, decision, points, reasons."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from models.lead_model import LeadModel
from models.reasons import top_reasons
from pipeline.score_runs import SCHEMA
from pipeline.settings import Settings
from pipeline.tracking import Version

STABLE = 0.02  # a smaller move of the propensity is no trend
HOUR_S = 3600
Floats = npt.NDArray[np.float64]


class Before(NamedTuple):
    """What the run before said of a lead."""

    propensity: float
    due_at: int | None


NEVER = Before(np.nan, None)


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
        Language, number of reasons, delay of the first contact, threads.
    opted_out : frozenset of str
        Leads that must not be contacted, whatever their propensity.
    previous : mapping of str to Before
        Each lead in the run before.
    """

    run_id: str
    scored_at: int
    cutoff: int
    model: LeadModel
    version: Version
    settings: Settings
    opted_out: frozenset[str]
    previous: Mapping[str, Before]


def score_block(block: pd.DataFrame, run_: RunFacts) -> pa.Table:
    """Turn keys and raw features into score rows."""
    settings, model = run_.settings, run_.model
    explained = model.contributions(block, settings.limits.threads)
    decided = model.decide(explained.propensity)
    points = explained.family_points(model.families)
    lead_ids = block["lead_id"].astype(str)
    decision = np.where(lead_ids.isin(run_.opted_out), "disqualify", decided["decision"])
    handed_over = decision == "hand_over"
    language, number = settings.output.language, settings.output.reasons
    reasons = top_reasons(model.features, explained.on_propensity, block, language, n_up=number, n_down=number)
    amount = float(model.metadata.get("won_amount") or settings.threshold.win_value)
    before = [run_.previous.get(lead_id, NEVER) for lead_id in lead_ids]
    previous: Floats = np.array([row.propensity for row in before], dtype=np.float64)
    # A lead that stays handed over keeps its day: the delay runs from the passage, not from last night.
    due = run_.cutoff + settings.policy.contact_within_hours * HOUR_S
    due_at = [(row.due_at or due) if handed else None for row, handed in zip(before, handed_over, strict=True)]
    n = len(block)
    columns: dict[str, Any] = {
        "lead_id": lead_ids,
        "cutoff": block["cutoff"],
        "scored_at": np.full(n, run_.scored_at),
        "run_id": [run_.run_id] * n,
        "model_version": [str(run_.version.number)] * n,
        "propensity": explained.propensity,
        "raw_score": explained.margin,
        "reference_propensity": np.full(n, explained.reference_propensity),
        "threshold": [model.threshold.threshold] * n,
        "band": decided["band"],
        "decision": decision,
        "qualification": ["mql" if handed else None for handed in handed_over],
        **{f"{family}_points": points[family] for family in points},
        "expected_amount": np.full(n, amount),
        "expected_value": explained.propensity * amount,
        "reasons": [[asdict(reason) for reason in row] for row in reasons],
        "previous_propensity": _or_none(previous),
        "trend": _trend(explained.propensity, previous),
        "due_at": due_at,
    }
    arrays = [pa.array(columns[field.name], _stored(field)).cast(field.type) for field in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _stored(field: pa.Field) -> pa.DataType:
    return pa.int64() if pa.types.is_timestamp(field.type) else field.type


def _or_none(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def _trend(now: Floats, previous: Floats) -> npt.NDArray[np.str_]:
    move = now - previous
    choices = [np.isnan(move), move > STABLE, move < -STABLE]
    return np.select(choices, ["new", "up", "down"], default="stable")
