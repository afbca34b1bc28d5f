"""Salesforce as its documentation describes SOQL and Bulk API 2.0 ingest jobs."""

import csv
import io
import re
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.crm.worlds.mock import Answer, MockWorld, Request

API = "/services/data/v64.0"
EMPTY = "#N/A"


class SalesforceMock(MockWorld):
    """A job runs when its state is asked for the second time; rows succeed or fail one by one."""

    name = "salesforce"
    key = "External_Id__c"
    true = True
    flags: ClassVar[dict[str, str]] = {"override": "Keep__c", "opted_out": "HasOptedOutOfEmail"}
    fields: ClassVar[dict[str, str]] = {
        "propensity": "Tamis_Propensity__c",
        "band": "Tamis_Band__c",
        "qualification": "Tamis_Stage__c",
        "decision": "Tamis_Decision__c",
        "scored_at": "Tamis_Scored_At__c",
        "run_id": "Tamis_Run__c",
    }

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self.jobs: dict[str, dict[str, Any]] = {}
        self.locked: dict[str, int] = {}
        self.session = "00D-session"

    @property
    def settings(self) -> dict[str, Any]:
        return {**super().settings, "user": "3MVG-consumer-key"}

    def answer(self, request: Request) -> Answer:
        path = urlsplit(request.path)
        if path.path == "/services/oauth2/token":
            form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
            if (form["client_id"], form["client_secret"]) != ("3MVG-consumer-key", self.token):
                return Answer(400, {"error": "invalid_client"})
            return Answer(200, {"access_token": self.session})
        if request.headers.get("authorization") != f"Bearer {self.session}":
            return Answer(401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])
        if path.path == f"{API}/query":
            return self._query(parse_qs(path.query)["q"][0])
        if path.path == f"{API}/sobjects/Lead/describe":
            return Answer(200, {"fields": [{"name": name} for name in self.defined]})
        if path.path == f"{API}/tooling/sobjects/CustomField":
            self.defined.add(request.json["FullName"].removeprefix("Lead."))
            return Answer(201, {"id": "00N", "success": True})
        return self._jobs(request, path.path.removeprefix(f"{API}/jobs/ingest").strip("/").split("/"))

    def _query(self, query: str) -> Answer:
        found = re.fullmatch(r"SELECT (.+) FROM Lead WHERE (\w+) IN \((.+)\)", query)
        assert found, query
        names, key = found[1].split(", "), found[2]
        wanted = {
            text.replace("\\'", "'").replace("\\\\", "\\") for text in re.findall(r"'((?:[^'\\]|\\.)*)'", found[3])
        }
        rows = []
        for number, record in self.records.items():
            shown = {"IsConverted": False, **record, "Id": number, "SystemModstamp": record["modified"]}
            if shown.get(key) in wanted:
                rows.append({name: shown.get(name) for name in names})
        return Answer(200, {"done": True, "records": rows, "totalSize": len(rows)})

    def _jobs(self, request: Request, parts: list[str]) -> Answer:
        if parts == [""]:
            assert request.json["operation"] == "update", "an upsert creates leads"
            job = f"750{len(self.jobs):04d}"
            self.jobs[job] = {"state": "Open", "rows": [], "asked": 0, "ok": [], "failed": []}
            return Answer(200, {"id": job, "state": "Open"})
        job = self.jobs[parts[0]]
        if request.method == "PUT":
            job["rows"] = list(csv.DictReader(io.StringIO(request.body.decode(), newline="")))
            return Answer(201)
        if request.method == "PATCH":
            job["state"] = request.json["state"]
            return Answer(200, {"id": parts[0], "state": job["state"]})
        if len(parts) == 1:
            job["asked"] += 1
            if job["state"] == "UploadComplete" and job["asked"] > 1:
                self._work(job)
            return Answer(200, {"id": parts[0], "state": job["state"]})
        return Answer(200, _as_csv(job["ok"] if parts[1] == "successfulResults" else job["failed"]))

    def _work(self, job: dict[str, Any]) -> None:
        job["state"] = "JobComplete"
        for row in job["rows"]:
            values = {name: value for name, value in row.items() if name != "Id" and value != ""}
            if self.locked.get(row["Id"], 0) > 0:
                self.locked[row["Id"]] -= 1
                error = "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"
            elif row["Id"] not in self.records:
                error = "ENTITY_IS_DELETED:entity is deleted:--"
            elif refused := self.refusal(values):
                error = f"FIELD_CUSTOM_VALIDATION_EXCEPTION:{refused[0]} {refused[1]}:{refused[0]} --"
            else:
                self.update(row["Id"], {name: None if value == EMPTY else value for name, value in values.items()})
                job["ok"].append({"sf__Id": row["Id"], "sf__Created": "false", **row})
                continue
            job["failed"].append({"sf__Id": row["Id"], "sf__Error": error, **row})


def _as_csv(rows: list[dict[str, str]]) -> str:
    if not rows:
        return ""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
