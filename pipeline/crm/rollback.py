"""Undo a score run in the CRM: every lead gets back the values that were accepted before it."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from features.errors import UseError
from pipeline.crm.adapter import Adapter
from pipeline.crm.ledger import Ledger, Staged
from pipeline.crm.plan import Tally, standing


def plan_rollback(score_run: str, ledger: Ledger, adapter: Adapter, push: int) -> tuple[Tally, list[int]]:
    """Fill the outbox with the values before a score run; fields that were empty then are emptied.

    Whatever was pushed after that run is undone with it.

    Returns
    -------
    (Tally, list of int)
        What was found, and the pushes that are undone.

    Raises
    ------
    UseError
        Nothing of that run stands in the CRM, or the mapping is no longer the one it was pushed with.
    """
    live = [one for one in ledger.pushes().values() if one.mode == "live" and one.state != "rolled_back"]
    mine = [one.id for one in live if one.score_run == score_run]
    if not mine:
        known = sorted({one.score_run for one in live})
        hint = f"Known: {', '.join(known[-3:])}." if known else "Nothing was pushed yet."
        raise UseError(f"--rollback: expected a score run that was pushed, found {score_run!r}. {hint}")
    undone = [one for one in live if one.id >= min(mine)]
    mapped = tuple((one.ours, one.theirs) for one in adapter.fields)
    if any(one.fields != mapped for one in undone):
        raise UseError(
            "--rollback: crm.fields has changed since that run was pushed. Set it as it was, roll back, then change it."
        )
    tally, numbers = Tally(), [one.id for one in undone]
    rows, seq = ledger.first_written(numbers), 0
    while part := list(islice(rows, adapter.limits.read)):
        staged = list(_rows(part, ledger, adapter, push, seq))
        ledger.stage(staged)
        seq += len(staged)
        tally.compared += len(staged)
    return tally, numbers


def _rows(part: list[Any], ledger: Ledger, adapter: Adapter, push: int, seq: int) -> Iterator[Staged]:
    now = ledger.accepted(part[0].lead_id, part[-1].lead_id)
    found = {record.key: record for record in adapter.read([row.lead_id for row in part])}
    for row in part:
        seq += 1
        record, held = found.get(row.lead_id), now.get(row.lead_id)
        # Values of another mapping were never ours to undo: the fields are emptied, as before the first push.
        values = json.loads(row.before)[:-2] if row.before else [None] * len(adapter.fields)
        how = standing([record] if record else [], values, adapter.fields)
        old, old_push = (held.payload, held.push) if held else (None, None)
        yield Staged(
            push,
            how.parent,
            seq,
            row.lead_id,
            how.crm_id,
            how.version,
            how.seen,
            old,
            old_push,
            row.before,
            row.before_push or push,
            None,
            how.state,
            how.code,
            how.message,
        )
