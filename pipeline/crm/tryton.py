"""Tryton by JSON-RPC: many records in one call, each with the timestamp at which it was read.

A batch is all or nothing; the server refuses a record that somebody edited since. Its fields come from a module: the
job cannot create them.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from features.errors import OutsideError, UseError
from pipeline.crm.adapter import EDITED, OK, Change, Limits, Memory, Outcome, Record, Refused, bisect
from pipeline.crm.fields import Field, Value, resolve
from pipeline.crm.http import Wire, denied, secret_of
from pipeline.crm.sql import barrier, ours
from pipeline.settings import Settings

RESERVED = ("conversion_probability", "state", "create_date", "write_date")
# Workflow states of an opportunity after which nobody works on it as a lead.
CLOSED = ("converted", "won", "lost", "cancelled")
TOO_LARGE = 413


class Tryton:
    """A model of a Tryton database, ``sale.opportunity`` where nothing is named."""

    name = "tryton"
    limits = Limits(read=1000, write=500, text=1_000_000)

    def __init__(self, settings: Settings, root: Path) -> None:  # noqa: ARG002 (nothing stands on the disk)
        self.crm = crm = settings.crm
        self.fields = resolve(crm.fields, crm.key, RESERVED)
        if not (crm.database and crm.user):
            raise UseError("crm.database and crm.user: expected the database and the user of the job, found nothing.")
        self.model = crm.object or "sale.opportunity"
        self.key = crm.key or "id"
        self._wire = Wire(crm)
        self._session = ""

    def recover(self, memory: Memory) -> None:
        """A call is one transaction: nothing is ever left open."""

    def read(self, keys: Sequence[str]) -> Sequence[Record]:
        """Search by key, archived records too."""
        wanted: list[Any] = [int(key) for key in keys if key.isdigit()] if self.key == "id" else list(keys)
        names = {"id", self.key, *(one.theirs for one in self.fields), "_timestamp"}
        names |= {name for name in (self.crm.override, self.crm.opted_out) if name}
        if self.model == "sale.opportunity":
            names.add("state")
        domain = [[self.key, "in", wanted]]
        found = self._call("search_read", domain, 0, None, None, sorted(names), {"active_test": False})
        return [self._record(row) for row in found]

    def _record(self, row: Mapping[str, Any]) -> Record:
        values = tuple(ours(one, _plain(row[one.theirs])) for one in self.fields)
        kept_off = barrier(row.get(self.crm.override), row.get(self.crm.opted_out))
        if not kept_off and row.get("state") in CLOSED:
            kept_off = "closed"
        return Record(str(row[self.key]), str(row["id"]), str(row["_timestamp"]), values, kept_off)

    def write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        """Write many records in one call; the bad ones are found by halves."""
        return bisect(changes, self._write)

    def _write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        arguments: list[Any] = []
        for change in changes:
            values = {one.theirs: _theirs(one, value) for one, value in zip(self.fields, change.values, strict=True)}
            arguments += [[int(change.crm_id)], values]
        seen = {f"{self.model},{change.crm_id}": change.version for change in changes}
        self._call("write", *arguments, {"_timestamp": seen}, is_write=True)
        return [OK] * len(changes)

    def _call(self, method: str, *arguments: Any, is_write: bool = False) -> Any:
        body = {"id": 1, "method": f"model.{self.model}.{method}", "params": list(arguments)}
        answer = self._post(body, is_write=is_write)
        if answer.status_code in (401, 403):  # the session ended
            self._session = ""
            answer = self._post(body, is_write=is_write)
        if is_write and answer.status_code == TOO_LARGE:
            raise Refused(Outcome("rejected", str(TOO_LARGE), "The record is larger than the server takes."))
        return self._result(answer, is_write=is_write)

    def _post(self, body: Mapping[str, Any], *, is_write: bool) -> httpx.Response:
        if not self._session:
            self._session = self._login()
        headers = {"Authorization": f"Session {self._session}"}
        return self._wire.send("POST", f"/{self.crm.database}/rpc/", json=body, headers=headers, is_write=is_write)

    def _login(self) -> str:
        params = [self.crm.user, {"password": secret_of(self.crm)}, "en"]
        body = {"id": 1, "method": "common.db.login", "params": params}
        answer = self._wire.send("POST", f"/{self.crm.database}/rpc/", json=body)
        session = self._result(answer, is_write=False) if answer.status_code == httpx.codes.OK else None
        if not session:
            raise OutsideError(
                f"crm.user: Tryton did not let {self.crm.user!r} in (status {answer.status_code}). "
                "Check crm.database, crm.user and TAMIS_CRM__TOKEN."
            )
        return base64.b64encode(f"{self.crm.user}:{session[0]}:{session[1]}".encode()).decode()

    def _result(self, answer: httpx.Response, *, is_write: bool) -> Any:
        if answer.status_code != httpx.codes.OK:
            raise denied(answer)
        body = answer.json()
        if not isinstance(body, dict) or not body.get("error"):
            return body["result"] if isinstance(body, dict) else body
        kind, detail = (*body["error"], "")[:2]
        if is_write and kind == "ConcurrencyException":
            raise Refused(EDITED)
        message = str(detail[0] if isinstance(detail, list) and detail else detail).strip()
        if is_write and kind in ("UserError", "UserWarning"):
            raise Refused(Outcome("rejected", kind, message))
        raise OutsideError(f"crm.url: Tryton failed: {kind}: {message[:300]}. Check the settings in [crm].")

    def prepare(self) -> Sequence[str]:
        """Look whether the fields are there.

        Raises
        ------
        UseError
            Some are missing: in Tryton they come with a module.
        """
        wanted = [one.theirs for one in self.fields]
        there = self._call("fields_get", [], {})
        missing = [name for name in wanted if name not in there]
        if missing:
            raise UseError(
                f"crm.fields: {self.model} has no field {', '.join(map(repr, missing))}: in Tryton a field comes "
                "with a module. Add them to yours (a Float with digits (1, 4) for the propensity, a Char for the band, "
                "a Text for the reasons, a DateTime for instants), then push again."
            )
        return []

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()


def _theirs(one: Field, value: Value) -> Any:
    if one.kind == "instant" and value is not None:
        at = datetime.fromtimestamp(int(value), UTC)
        parts = ("year", "month", "day", "hour", "minute", "second")
        return {"__class__": "datetime", **{part: getattr(at, part) for part in parts}, "microsecond": 0}
    return value


def _plain(value: Any) -> Any:
    """Read what JSON has no word for."""
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    if kind == "datetime":
        year, month, day, hour, minute, second = (
            int(value[part]) for part in ("year", "month", "day", "hour", "minute", "second")
        )
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return value.get("decimal") if kind == "Decimal" else str(value)
