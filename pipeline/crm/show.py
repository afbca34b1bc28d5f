"""What a push shows of its outbox: the diff by field, and every lead that was not written."""

import json
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from pipeline.crm.fields import Field
from pipeline.crm.ledger import Ledger
from pipeline.language import iso

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
    kinds = {one.ours: one for one in fields}
    for leads in ledger.leads(push, ["pending"]):
        named = (leads.lead_id, leads.crm_id, leads.before, leads.before_push, leads.after)
        for lead_id, crm_id, before, before_push, after in zip(*named, strict=True):
            old, then = pushes.get(before_push or 0), None
            if old is not None and before:
                then = {
                    theirs: _shown(kinds.get(ours), value)
                    for (ours, theirs), value in zip(old.fields, json.loads(before)[:-2], strict=True)
                }
            values = json.loads(after)[:-2] if after else [None] * len(fields)
            now = {one.theirs: _shown(one, value) for one, value in zip(fields, values, strict=True)}
            yield {"lead_id": lead_id, "crm_id": crm_id, "before": then, "after": now}


def refusals(ledger: Ledger, push: int) -> list[dict[str, Any]]:
    """Every lead that was not written, and why, in the order of sending."""
    found: list[Any] = list(ledger.outcomes(push))
    for leads in ledger.leads(push, NOT_WRITTEN):
        found += zip(leads.parent, leads.seq, leads.lead_id, leads.state, leads.code, leads.message, strict=True)
    return [
        {"lead_id": lead_id, "state": state, "code": code or state, "message": message or SAID.get(state, "")}
        for _, _, lead_id, state, code, message in sorted(found, key=itemgetter(0, 1))
    ]


def _shown(one: Field | None, value: Any) -> Any:
    return iso(value) if one is not None and one.kind == "instant" and value is not None else value
