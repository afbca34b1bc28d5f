"""What a push shows of its outbox: the diff by field, and every lead that was not written."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.crm.fields import Field
from pipeline.crm.ledger import Ledger, Place
from pipeline.language import iso

PAGE = 5000
NOT_WRITTEN = (
    "rejected",
    "edited",
    "unknown",
    "invalid",
    "missing",
    "override",
    "opted_out",
    "closed",
    "merged",
    "older",
)
# What the states say that have no message of the CRM.
SAID = {
    "missing": "No record has this key: deleted or merged. It is not created again.",
    "override": "The field in crm.override keeps us off it.",
    "opted_out": "The CRM says that this person must not be contacted.",
    "closed": "Converted or closed in the CRM.",
    "merged": "Merged into another record.",
    "older": "The CRM holds a newer score.",
}


def changes(ledger: Ledger, push: int, fields: Sequence[Field]) -> Iterator[dict[str, Any]]:
    """What is to be written, by lead and field; ``before`` is what was accepted last, null for a new lead."""
    pushes = ledger.pushes()
    after: Place | None = None
    while rows := ledger.staged(push, ["pending"], after, PAGE):
        for row in rows:
            old = pushes.get(row.before_push) if row.before else None
            before = None
            if old is not None:
                kinds = {one.ours: one for one in fields}
                before = {
                    theirs: _shown(kinds.get(ours), value)
                    for (ours, theirs), value in zip(old.fields, json.loads(row.before)[:-2], strict=True)
                }
            values = json.loads(row.after)[:-2] if row.after else [None] * len(fields)
            now = {one.theirs: _shown(one, value) for one, value in zip(fields, values, strict=True)}
            yield {"lead_id": row.lead_id, "crm_id": row.crm_id, "before": before, "after": now}
        after = Place(rows[-1].parent, rows[-1].seq)


def refusals(ledger: Ledger, push: int) -> list[dict[str, Any]]:
    """Every lead that was not written, and why."""
    told: list[dict[str, Any]] = []
    after: Place | None = None
    while rows := ledger.staged(push, NOT_WRITTEN, after, PAGE):
        told += [
            {
                "lead_id": row.lead_id,
                "state": row.state,
                "code": row.code or row.state,
                "message": row.message or SAID.get(row.state, ""),
            }
            for row in rows
        ]
        after = Place(rows[-1].parent, rows[-1].seq)
    return told


def _shown(one: Field | None, value: Any) -> Any:
    return iso(value) if one is not None and one.kind == "instant" and value is not None else value
