"""Salesforce: records found by SOQL, written by Bulk API 2.0 as updates by Id.

The number of a job is kept before its data are uploaded: a push that died settles the job before it plans anew, so no
late job can overwrite newer values. Salesforce has no lock; what was not read within the last seconds is read again
first. Never run against a live org by this project's tests: see the README.
"""

import contextlib
import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from features.errors import OutsideError, UseError
from pipeline.crm.adapter import OK, Barrier, Change, Limits, Memory, Outcome, Record, State, Uncertain, patiently
from pipeline.crm.fields import DIGITS, Field, Value, resolve
from pipeline.crm.http import Wire, denied, secret_of
from pipeline.crm.recheck import Recheck, merge
from pipeline.crm.salesforce_fields import custom_field
from pipeline.crm.sql import barrier, ours
from pipeline.language import iso
from pipeline.settings import Settings

API = "/services/data/v64.0"
RESERVED = ("Id", "OwnerId", "Status", "IsConverted", "SystemModstamp")
JOB_S = 3600.0
TRIES = 3
# Children of one account locked each other: these rows alone are sent again.
AGAIN = ("UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT")
GONE = ("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID")
EMPTY = "#N/A"
ENDED = ("JobComplete", "Failed", "Aborted")


class Salesforce:
    """Leads, or the object of ``crm.object``.

    ``crm.user`` is the consumer key of a connected app and the token its secret; without a user the token is an access
    token.
    """

    name = "salesforce"
    limits = Limits(read=200, write=10_000, text=32_000)

    def __init__(self, settings: Settings, root: Path) -> None:  # noqa: ARG002 (nothing stands on the disk)
        self.crm = crm = settings.crm
        self.fields = resolve(crm.fields, crm.key, RESERVED)
        self.object, self.key = crm.object or "Lead", crm.key or "Id"
        self.api = (crm.api or API).rstrip("/")
        self._wire = Wire(crm)
        self._token = "" if crm.user else secret_of(crm)
        self._recheck = Recheck()
        self._memory: Memory | None = None

    def recover(self, memory: Memory) -> None:
        """Settle jobs of a push that died: what was uploaded ends first, what was not is aborted."""
        self._memory = memory
        for name, job in memory.kept().items():
            if not name.startswith("job "):
                continue
            answer = self._send("GET", f"{self.api}/jobs/ingest/{job}")
            state = answer.json().get("state") if answer.is_success else "Failed"
            if state == "Open":
                self._send("PATCH", f"{self.api}/jobs/ingest/{job}", json={"state": "Aborted"})
            elif state not in ENDED:
                self._wait(job)
            memory.keep(name, None)

    def read(self, keys: Sequence[str]) -> Sequence[Record]:
        """Search by key; deleted records are not found."""
        names = {"Id", self.key, "SystemModstamp", *(one.theirs for one in self.fields)}
        names |= {name for name in (self.crm.override, self.crm.opted_out, self.crm.parent) if name}
        if self.object == "Lead":
            names.add("IsConverted")
        quoted = ", ".join("'" + key.replace("\\", "\\\\").replace("'", "\\'") + "'" for key in keys)
        if not quoted:
            return []
        query = f"SELECT {', '.join(sorted(names))} FROM {self.object} WHERE {self.key} IN ({quoted})"  # noqa: S608 (quoted above; the names are settings)
        answer = self._get(f"{self.api}/query", {"q": query})
        found = list(answer["records"])
        while not answer["done"]:
            answer = self._get(answer["nextRecordsUrl"])
            found += answer["records"]
        self._recheck.saw(keys)
        return [self._record(row) for row in found]

    def _record(self, row: Mapping[str, Any]) -> Record:
        values = tuple(ours(one, row.get(one.theirs)) for one in self.fields)
        kept_off: Barrier = barrier(row.get(self.crm.override), row.get(self.crm.opted_out))
        if row.get("IsConverted"):
            kept_off = "closed"
        parent = str(row.get(self.crm.parent) or "") if self.crm.parent else ""
        return Record(str(row[self.key]), str(row["Id"]), str(row["SystemModstamp"]), values, kept_off, parent)

    def write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        """Update by Id in one job; rows that lost a lock are sent again alone."""
        refused = self._recheck.refusals(changes, self._read_all)
        left = [i for i in range(len(changes)) if i not in refused]
        written: dict[int, Outcome] = {}
        for _ in range(TRIES):
            if not left:
                break
            outcomes = self._job([changes[i] for i in left])
            written.update(zip(left, outcomes, strict=True))
            left = [i for i in left if written[i].code in AGAIN or written[i].state == "unknown"]
        return merge(len(changes), refused, [written[i] for i in sorted(written)])

    def _read_all(self, keys: Sequence[str]) -> Sequence[Record]:
        parts = range(0, len(keys), self.limits.read)
        return [record for start in parts for record in self.read(keys[start : start + self.limits.read])]

    def _job(self, changes: Sequence[Change]) -> list[Outcome]:
        head = {"object": self.object, "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
        answer = self._send("POST", f"{self.api}/jobs/ingest", json=head)
        if not answer.is_success:
            raise denied(answer)
        job = str(answer.json()["id"])
        place, note = f"{self.api}/jobs/ingest/{job}", f"job {job}"
        if self._memory:
            self._memory.keep(note, job)
        content, kind = self._csv(changes).encode(), {"Content-Type": "text/csv"}
        answer = self._send("PUT", f"{place}/batches", content=content, headers=kind)
        if not answer.is_success:
            raise denied(answer)
        with contextlib.suppress(Uncertain):  # the job itself says whether it began
            self._begin(place)
        ended = self._wait(job)
        if ended["state"] != "JobComplete":
            raise OutsideError(
                f"crm.url: the Salesforce job {job} ended as {ended['state']}: {ended.get('errorMessage', '')}. "
                "Check the names in crm.fields and the rights of the job's user."
            )
        outcomes = self._outcomes(place)
        if self._memory:
            self._memory.keep(note, None)
        lost = Outcome("unknown", "unprocessed", "Salesforce did not process the record.")
        return [outcomes.get(change.crm_id, lost) for change in changes]

    def _begin(self, place: str) -> None:
        answer = self._send("PATCH", place, json={"state": "UploadComplete"})
        if not answer.is_success:
            raise denied(answer)

    def _wait(self, job: str) -> dict[str, Any]:
        try:
            for attempt in patiently(_NotEnded, JOB_S):
                with attempt:
                    return self._ended(job)
        except _NotEnded:
            pass
        raise OutsideError(
            f"crm.url: the Salesforce job {job} did not end within an hour. The next push waits for it first."
        )

    def _ended(self, job: str) -> dict[str, Any]:
        place = f"{self.api}/jobs/ingest/{job}"
        told = self._get(place)
        if told["state"] == "Open":
            self._begin(place)
        if told["state"] not in ENDED:
            raise _NotEnded
        return told

    def _outcomes(self, place: str) -> dict[str, Outcome]:
        outcomes = {row["sf__Id"]: OK for row in self._rows(f"{place}/successfulResults")}
        for row in self._rows(f"{place}/failedResults"):
            code, _, message = row["sf__Error"].partition(":")
            state: State = "missing" if code in GONE else "rejected"
            outcomes[row["Id"]] = Outcome(state, code, message.strip())
        return outcomes

    def _rows(self, path: str) -> list[dict[str, str]]:
        answer = self._send("GET", path)
        if not answer.is_success:
            raise denied(answer)
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))

    def _csv(self, changes: Sequence[Change]) -> str:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["Id", *(one.theirs for one in self.fields)])
        for change in changes:
            cells = (_text(one, value) for one, value in zip(self.fields, change.values, strict=True))
            writer.writerow([change.crm_id, *cells])
        return text.getvalue()

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = self._send("GET", path, **({"params": params} if params else {}))
        if not answer.is_success:
            raise denied(answer)
        told: dict[str, Any] = answer.json()
        return told

    def _send(self, method: str, path: str, **how: Any) -> httpx.Response:
        """Send with an access token; a new one is asked for once where the old one ended."""
        for _ in range(2):
            if not self._token:
                self._token = self._login()
            headers = {**how.get("headers", {}), "Authorization": f"Bearer {self._token}"}
            # A job is found again by its number, and never started twice: no request of it needs to be repeated.
            answer = self._wire.send(method, path, is_write=method != "GET", **{**how, "headers": headers})
            if answer.status_code != httpx.codes.UNAUTHORIZED or not self.crm.user:
                break
            self._token = ""
        return answer

    def _login(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": self.crm.user, "client_secret": secret_of(self.crm)}
        answer = self._wire.send("POST", "/services/oauth2/token", data=form)
        if not answer.is_success:
            raise OutsideError(
                f"crm.user: Salesforce did not let the app in (status {answer.status_code}). "
                "Check the consumer key and TAMIS_CRM__TOKEN."
            )
        return str(answer.json()["access_token"])

    def prepare(self) -> Sequence[str]:
        """Create missing custom fields; an administrator grants the job's user access to them."""
        described = self._get(f"{self.api}/sobjects/{self.object}/describe")
        there = {row["name"] for row in described["fields"]}
        missing = [one for one in self.fields if one.theirs not in there]
        if wrong := [one.theirs for one in missing if not one.theirs.endswith("__c")]:
            raise UseError(
                f"crm.fields: in Salesforce the name of a custom field ends in __c, found {', '.join(wrong)}."
            )
        for one in missing:
            body = custom_field(self.object, one)
            answer = self._send("POST", f"{self.api}/tooling/sobjects/CustomField", json=body)
            if not answer.is_success:
                raise denied(answer)
        return [one.theirs for one in missing]

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()


class _NotEnded(Exception):  # noqa: N818 (it is waited for)
    """A job is still at work."""


def _text(one: Field, value: Value) -> str:
    """An empty cell would leave the field as it is."""
    if value is None or value == "":
        return EMPTY
    if one.kind == "instant":
        return iso(int(value))
    return f"{value:.{DIGITS[one.kind]}f}" if one.is_number else str(value)
