"""Odoo by JSON-2 (19 and later) or JSON-RPC (18 and older): batches by ``load`` with database ids, which only updates.

``load`` is all or nothing and names the bad rows itself. Odoo has no lock; a record that was not read within the last
seconds is read again before it is written. Never run against a live Odoo by this project's tests: see the README.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from features.errors import OutsideError, UseError
from pipeline.crm.adapter import OK, Barrier, Change, Limits, Memory, Outcome, Record
from pipeline.crm.fields import Field, Value, resolve
from pipeline.crm.http import Wire, denied, secret_of
from pipeline.crm.recheck import Recheck, merge
from pipeline.crm.sql import barrier, ours
from pipeline.language import iso
from pipeline.settings import Settings

# Writing it turns off Odoo's own prediction; the others decide where a lead stands.
RESERVED = ("probability", "automated_probability", "active", "stage_id", "type")
TYPES = {"choice": "selection", "text": "char", "reasons": "text", "instant": "datetime"}
CONTEXT = {"active_test": False, "tz": "UTC"}


class Odoo:
    """A model of an Odoo database, ``crm.lead`` where nothing is named."""

    name = "odoo"
    limits = Limits(read=1000, write=500, text=1_000_000)

    def __init__(self, settings: Settings, root: Path) -> None:  # noqa: ARG002 (nothing stands on the disk)
        self.crm = crm = settings.crm
        self.fields = resolve(crm.fields, crm.key, RESERVED)
        if crm.api not in ("", "json-2", "json-rpc"):
            raise UseError(f"crm.api: expected json-2 or json-rpc for odoo, found {crm.api!r}.")
        if not crm.database or (crm.api == "json-rpc" and not crm.user):
            raise UseError("crm.database (and crm.user for json-rpc): expected a name, found nothing.")
        self.model, self.key = crm.object or "crm.lead", crm.key or "id"
        headers = {"X-Odoo-Database": crm.database}
        if crm.api != "json-rpc":
            headers["Authorization"] = f"bearer {secret_of(crm)}"
        self._wire = Wire(crm, headers=headers)
        self._recheck, self._user = Recheck(), 0

    def recover(self, memory: Memory) -> None:
        """A call is one transaction: nothing is ever left open."""

    def read(self, keys: Sequence[str]) -> Sequence[Record]:
        """Search by key, archived records too."""
        wanted: list[Any] = [int(key) for key in keys if key.isdigit()] if self.key == "id" else list(keys)
        names = {self.key, "write_date", *(one.theirs for one in self.fields)}
        names |= {name for name in (self.crm.override, self.crm.opted_out) if name}
        if self.model == "crm.lead":
            names.add("active")
        domain = [[self.key, "in", wanted]]
        found = self._call(self.model, "search_read", domain=domain, fields=sorted(names), context=CONTEXT)
        self._recheck.saw(keys)
        return [self._record(row) for row in found]

    def _record(self, row: Mapping[str, Any]) -> Record:
        values = tuple(ours(one, _plain(row[one.theirs])) for one in self.fields)
        kept_off: Barrier = barrier(row.get(self.crm.override), row.get(self.crm.opted_out))
        if not kept_off and row.get("active") is False:
            kept_off = "closed"
        return Record(str(row[self.key]), str(row["id"]), str(row["write_date"]), values, kept_off)

    def write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        """Load by database id; the rows that Odoo names are left out and the others loaded again."""
        refused = self._recheck.refusals(changes, self.read)
        left = [i for i in range(len(changes)) if i not in refused]
        bad: dict[int, Outcome] = {}
        while left:
            named = self._load([changes[i] for i in left])
            if not named:
                break
            bad |= {left[place]: outcome for place, outcome in named.items()}
            left = [i for i in left if i not in bad]
        written = [bad.get(i, OK) for i in range(len(changes)) if i not in refused]
        return merge(len(changes), refused, written)

    def _load(self, changes: Sequence[Change]) -> dict[int, Outcome]:
        """Load all or nothing: the bad rows with what Odoo says of them."""
        rows = [
            [change.crm_id, *(_theirs(one, v) for one, v in zip(self.fields, change.values, strict=True))]
            for change in changes
        ]
        names = [".id", *(one.theirs for one in self.fields)]
        told = self._call(self.model, "load", is_write=True, fields=names, data=rows, context=CONTEXT)
        if told.get("ids"):
            return {}
        bad: dict[int, Outcome] = {}
        for message in told.get("messages", ()):
            if message.get("type", "error") == "error" and 0 <= int(message.get("record", -1)) < len(changes):
                said = Outcome("rejected", str(message.get("field", "")), str(message.get("message", "")))
                bad.setdefault(int(message["record"]), said)
        if not bad:
            said_all = "; ".join(str(message.get("message", "")) for message in told.get("messages", ()))[:300]
            raise OutsideError(f"crm.url: Odoo loaded nothing and named no row: {said_all}. Check crm.fields.")
        return bad

    def _call(self, model: str, method: str, *, is_write: bool = False, **named: Any) -> Any:
        if self.crm.api == "json-rpc":
            return self._rpc(model, method, named, is_write=is_write)
        answer = self._wire.send("POST", f"/json/2/{model}/{method}", json=named, is_write=is_write)
        if answer.status_code != httpx.codes.OK:
            raise denied(answer)
        return answer.json()

    def _rpc(self, model: str, method: str, named: Mapping[str, Any], *, is_write: bool) -> Any:
        database, secret = self.crm.database, secret_of(self.crm)
        if not self._user:
            self._user = int(self._service("common", "authenticate", [database, self.crm.user, secret, {}]) or 0)
            if not self._user:
                raise OutsideError(
                    f"crm.user: Odoo did not let {self.crm.user!r} in. Check the settings and the token."
                )
        arguments = [database, self._user, secret, model, method, [], dict(named)]
        return self._service("object", "execute_kw", arguments, is_write=is_write)

    def _service(self, service: str, method: str, arguments: Sequence[Any], *, is_write: bool = False) -> Any:
        params = {"service": service, "method": method, "args": arguments}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        answer = self._wire.send("POST", "/jsonrpc", json=body, is_write=is_write)
        if answer.status_code != httpx.codes.OK:
            raise denied(answer)
        told = answer.json()
        if error := told.get("error"):
            message = error.get("data", {}).get("message") or error.get("message", "")
            raise OutsideError(f"crm.url: Odoo failed: {str(message)[:300]}. Check the settings in [crm].")
        return told.get("result")

    def prepare(self) -> Sequence[str]:
        """Create missing custom fields; their names begin with x_."""
        there = self._call(self.model, "fields_get", allfields=[], attributes=["type"])
        missing = [one for one in self.fields if one.theirs not in there]
        if wrong := [one.theirs for one in missing if not one.theirs.startswith("x_")]:
            raise UseError(f"crm.fields: in Odoo the name of a custom field begins with x_, found {', '.join(wrong)}.")
        if not missing:
            return []
        (model,) = self._call("ir.model", "search_read", domain=[["model", "=", self.model]], fields=["id"])
        for one in missing:
            values: dict[str, Any] = {
                "name": one.theirs,
                "model_id": model["id"],
                "ttype": TYPES.get(one.kind, "float"),
                "field_description": one.theirs.removeprefix("x_").replace("_", " ").capitalize(),
            }
            if one.choices:
                values["selection_ids"] = [
                    [0, 0, {"value": choice, "name": choice, "sequence": place}]
                    for place, choice in enumerate(one.choices)
                ]
            self._call("ir.model.fields", "create", vals_list=[values])
        return [one.theirs for one in missing]

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()


def _plain(value: Any) -> Any:
    """Odoo writes false for nothing."""
    return None if value is False else value


def _theirs(one: Field, value: Value) -> Any:
    if value is None:
        return False
    return iso(int(value)).replace("T", " ").removesuffix("Z") if one.kind == "instant" else value
