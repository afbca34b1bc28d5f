"""What changed since the CRM last accepted a lead: absolute values after normalisation, small moves left alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.crm.accepted import Accepted
from pipeline.crm.fields import Field
from pipeline.crm.ledger import Push
from pipeline.crm.values import Block, Integers

Mask = npt.NDArray[np.bool_]
# A move of exactly the minimum counts, whatever its last bit.
SLACK = 1e-9
NEVER = Accepted(0, None, "")


@dataclass(frozen=True)
class Diff:
    """Rows of a block by what is to be done with them.

    Attributes
    ----------
    changed : ndarray of int
        Rows to send.
    older : int
        Leads whose accepted values come from a newer score.
    known, moved : int
        Leads with an accepted band, and those among them whose band changed.
    """

    changed: Integers
    older: int
    known: int
    moved: int


def compare(
    block: Block,
    fields: Sequence[Field],
    accepted: Mapping[str, Accepted],
    pushes: Mapping[int, Push],
    scored: tuple[int, int],
    minimum: float,
) -> Diff:
    """Compare a block with what was accepted last.

    Parameters
    ----------
    accepted : mapping of str to Accepted
        By lead.
    pushes : mapping of int to Push
        What accepted values belong to.
    scored : (int, int)
        Cutoff and instant of the score run, UTC seconds.
    minimum : float
        Least move of a rate that is a change; 100 times that of points; relative to an amount.
    """
    found = [accepted.get(lead_id, NEVER) for lead_id in block.lead_ids.tolist()]
    number, fingerprint, payload = zip(*found, strict=True)
    sent_by, prints = np.array(number), np.array([one or 0 for one in fingerprint])
    now_mapped = tuple((field.ours, field.theirs) for field in fields)
    same_fields = [number for number, push in pushes.items() if push.fields == now_mapped]
    newer = [number for number, push in pushes.items() if (push.cutoff, push.scored_at) > scored]
    is_older, comparable = np.isin(sent_by, newer), np.isin(sent_by, same_fields)
    known = (sent_by != NEVER.push) & ~is_older
    equal = known & comparable & (prints == block.fingerprint)
    to_read = np.flatnonzero(known & ~equal)
    payloads: list[list[Any]] = json.loads(f"[{','.join([payload[i] for i in to_read.tolist()])}]")
    moved = np.array([row[-1] for row in payloads], dtype=object) != block.bands[to_read]
    changed = ~equal & ~is_older
    readable = comparable[to_read]
    old = payloads if readable.all() else [row for row, is_so in zip(payloads, readable, strict=True) if is_so]
    rows = to_read[readable]
    changed[rows] = _differs(block, fields, rows, old, minimum)
    return Diff(np.flatnonzero(changed), int(is_older.sum()), int(known.sum()), int(moved.sum()))


def _differs(
    block: Block, fields: Sequence[Field], rows: Integers, old: Sequence[Sequence[Any]], minimum: float
) -> Mask:
    differs = np.zeros(len(rows), dtype=bool)
    if not len(rows):
        return differs
    columns = list(zip(*old, strict=True))
    for place, field in enumerate(fields):
        if field.is_stamp:
            continue
        if field.kind == "reasons":
            differs |= np.array(columns[-2], dtype=np.int64) != block.reasons[rows]
        elif block.columns[place].dtype == np.float64:
            then = np.array([np.nan if value is None else value for value in columns[place]], dtype=np.float64)
            differs |= _moved(field, then, block.columns[place][rows], minimum)
        else:
            differs |= np.array(columns[place], dtype=object) != block.columns[place][rows]
    return differs


def _moved(field: Field, then: npt.NDArray[np.float64], now: npt.NDArray[np.float64], minimum: float) -> Mask:
    appeared: Mask = np.isnan(then) != np.isnan(now)
    move = np.nan_to_num(np.abs(now - then))
    if field.kind == "instant":
        return appeared | (move > 0)
    least = minimum
    if field.kind == "points":
        least = 100 * minimum
    elif field.kind == "amount":
        return appeared | (
            (move > 0) & (move >= minimum * np.nan_to_num(np.maximum(np.abs(then), np.abs(now))) - SLACK)
        )
    return appeared | ((move > 0) & (move >= least - SLACK))
