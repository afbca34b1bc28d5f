"""HubSpot by its batch endpoints: 100 records a request, every value a string, results and errors side by side (207).

Records are updated by their id, never upserted: that would create contacts. HubSpot has no lock; a record that was not
read within the last seconds is read again before it is written.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from features.errors import UseError
from pipeline.crm.adapter import OK, Barrier, Change, Limits, Memory, Outcome, Record, Refused, State, bisect
from pipeline.crm.fields import DIGITS, Field, Value, resolve
from pipeline.crm.http import Wire, denied, secret_of, words
from pipeline.crm.recheck import Recheck, merge
from pipeline.crm.sql import barrier, ours
from pipeline.language import iso
from pipeline.settings import Settings

# Pro and Enterprise: 190 requests in 10 seconds. A smaller portal answers 429, which is waited out.
RATES = ((190, 10.0),)
MULTI_STATUS = 207
TYPES = {
    "choice": ("enumeration", "select"),
    "text": ("string", "text"),
    "reasons": ("string", "textarea"),
    "instant": ("datetime", "date"),
}


class HubSpot:
    """Contacts, or the object of ``crm.object``; ``crm.key`` must be a property with unique values."""

    name = "hubspot"
    limits = Limits(read=100, write=100, text=65_536)

    def __init__(self, settings: Settings, root: Path) -> None:  # noqa: ARG002 (nothing stands on the disk)
        self.crm = crm = settings.crm
        # HubSpot's own properties, its scores among them, are read-only or filled by HubSpot.
        its_own = {name for name in crm.fields.values() if name.startswith("hs_") or name == "hubspotscore"}
        self.fields = resolve(crm.fields, crm.key, its_own)
        self.object = crm.object or "contacts"
        self._objects = f"{(crm.api or '/crm/v3/objects').rstrip('/')}/{self.object}"
        headers = {"Authorization": f"Bearer {secret_of(crm)}"}
        self._wire = Wire(crm, RATES, headers, spent=_is_spent)
        self._recheck = Recheck()

    def recover(self, memory: Memory) -> None:
        """A request is done or not: nothing is ever left open."""

    def read(self, keys: Sequence[str]) -> Sequence[Record]:
        """Read by id or by the unique property; those that are gone are among the errors of the answer."""
        flags = [name for name in (self.crm.override, self.crm.opted_out, self.crm.key) if name]
        body: dict[str, Any] = {
            "inputs": [{"id": key} for key in keys],
            "properties": [*(one.theirs for one in self.fields), *flags],
        }
        if self.crm.key:
            body["idProperty"] = self.crm.key
        if not keys:
            return []
        answer = self._wire.send("POST", f"{self._objects}/batch/read", json=body)
        if answer.status_code == httpx.codes.BAD_REQUEST and self.crm.key:
            raise UseError(
                f"crm.key: HubSpot does not look up {self.object} by {self.crm.key!r}: {words(answer)}. Expected a "
                "property with unique values, so that no lead stands on two records. Name one, or leave crm.key empty "
                "where lead_id is HubSpot's own record ID."
            )
        if answer.status_code not in (httpx.codes.OK, MULTI_STATUS):
            raise denied(answer)
        self._recheck.saw(keys)
        found = answer.json()["results"]
        records = [self._record(row) for row in found]
        if not self.crm.key:
            # Asked for an id that was merged away, HubSpot answers with the record that took it up.
            strangers = [record for record in records if record.key not in set(keys)]
            lost = [key for key in keys if key not in {record.key for record in records}]
            if len(strangers) == len(lost) == 1:
                return [
                    *(r for r in records if r not in strangers),
                    Record(lost[0], strangers[0].crm_id, barrier="merged"),
                ]
            records = [record for record in records if record not in strangers]
        return records

    def _record(self, row: Mapping[str, Any]) -> Record:
        held = row["properties"]
        kept_off: Barrier = barrier(held.get(self.crm.override), held.get(self.crm.opted_out))
        values = tuple(ours(one, held.get(one.theirs)) for one in self.fields)
        key = str(held[self.crm.key]) if self.crm.key else str(row["id"])
        return Record(key, str(row["id"]), str(row["updatedAt"]), values, kept_off)

    def write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        """Update by id; a batch that is refused as a whole is halved."""
        refused = self._recheck.refusals(changes, self.read)
        ready = [change for i, change in enumerate(changes) if i not in refused]
        return merge(len(changes), refused, bisect(ready, self._write))

    def _write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        inputs = [
            {
                "id": change.crm_id,
                "properties": {one.theirs: _text(one, v) for one, v in zip(self.fields, change.values, strict=True)},
            }
            for change in changes
        ]
        answer = self._wire.send("POST", f"{self._objects}/batch/update", json={"inputs": inputs}, is_write=True)
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise Refused(Outcome("rejected", _category(answer), words(answer)))
        if answer.status_code not in (httpx.codes.OK, httpx.codes.CREATED, MULTI_STATUS):
            raise denied(answer)
        body = answer.json()
        done = {str(row["id"]) for row in body.get("results", ())}
        failed: dict[str, Outcome] = {}
        for error in body.get("errors", ()):
            state: State = "missing" if error.get("category") == "OBJECT_NOT_FOUND" else "rejected"
            for crm_id in error.get("context", {}).get("ids", ()):
                failed[str(crm_id)] = Outcome(state, str(error.get("category", "")), str(error.get("message", "")))
        silent = Outcome("unknown", "no answer", "HubSpot named the record neither among results nor among errors.")
        return [OK if c.crm_id in done else failed.get(c.crm_id, silent) for c in changes]

    def prepare(self) -> Sequence[str]:
        """Create missing properties, in a group of their own."""
        place = self._objects.replace("/objects", "/properties", 1)
        answer = self._wire.send("GET", place)
        if answer.status_code != httpx.codes.OK:
            raise denied(answer)
        there = {row["name"] for row in answer.json()["results"]}
        missing = [one for one in self.fields if one.theirs not in there]
        if missing:
            group = {"name": "tamis", "label": "Tamis", "displayOrder": -1}
            self._create(f"{place}/groups", group, may_exist=True)
        for one in missing:
            kind, shown_as = TYPES.get(one.kind, ("number", "number"))
            body: dict[str, Any] = {
                "name": one.theirs,
                "label": one.theirs.replace("_", " ").capitalize(),
                "groupName": "tamis",
                "type": kind,
                "fieldType": shown_as,
            }
            if one.choices:
                body["options"] = [
                    {"label": choice, "value": choice, "displayOrder": place_, "hidden": False}
                    for place_, choice in enumerate(one.choices)
                ]
            self._create(place, body)
        return [one.theirs for one in missing]

    def _create(self, path: str, body: Mapping[str, Any], *, may_exist: bool = False) -> None:
        answer = self._wire.send("POST", path, json=body)
        if not answer.is_success and not (may_exist and answer.status_code == httpx.codes.CONFLICT):
            raise denied(answer)

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()


def _text(one: Field, value: Value) -> str:
    if value is None:
        return ""
    if one.kind == "instant":
        return iso(int(value))
    return f"{value:.{DIGITS[one.kind]}f}" if one.is_number else str(value)


def _category(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("category", answer.status_code))
    except ValueError:
        return str(answer.status_code)


def _is_spent(answer: httpx.Response) -> bool:
    """Whether the limit of the whole day is reached: waiting some seconds is no use then."""
    return answer.status_code == httpx.codes.TOO_MANY_REQUESTS and b"DAILY" in answer.content
