"""Undo a score run in the CRM: every lead gets back the values that were accepted before it."""

import json
from itertools import islice
from typing import Any

from features.errors import UseError
from pipeline.crm.adapter import Adapter
from pipeline.crm.ledger import Ledger
from pipeline.crm.outbox import Planned
from pipeline.crm.plan import Tally
from pipeline.crm.standing import standings


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
        ledger.stage(push, _planned(part, ledger, adapter, push, seq))
        seq += len(part)
        tally.compared += len(part)
    return tally, numbers


def _planned(part: list[Any], ledger: Ledger, adapter: Adapter, push: int, seq: int) -> Planned:
    now = ledger.accepted(part[0].lead_id, part[-1].lead_id)
    found = {record.key: record for record in adapter.read([row.lead_id for row in part])}
    # Values of another mapping were never ours to undo: the fields are emptied, as before the first push.
    values = [json.loads(row.before)[:-2] if row.before else [None] * len(adapter.fields) for row in part]
    how = standings([found.get(row.lead_id) for row in part], list(zip(*values, strict=True)), adapter.fields)
    held = [now.get(row.lead_id) for row in part]
    return Planned(
        **how._asdict(),
        seq=range(seq + 1, seq + len(part) + 1),
        lead_id=[row.lead_id for row in part],
        before=[one and one.payload for one in held],
        before_push=[one and one.push for one in held],
        after=[row.before for row in part],
        after_push=[row.before_push or push for row in part],
        fingerprint=[None] * len(part),
        code=[None] * len(part),
        message=[None] * len(part),
    )
