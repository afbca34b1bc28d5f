"""HubSpot as its documentation describes the batch endpoints: strict where the real one is."""

from pathlib import Path
from typing import Any, ClassVar

from tests.crm.worlds.mock import Answer, MockWorld, Request
from tests.crm.worlds.openapi import Contract

SPECIFICATION = Path(__file__).with_name("hubspot.openapi.json")
OBJECTS, PROPERTIES = "/crm/v3/objects/contacts", "/crm/v3/properties/contacts"
CORRELATION = "aeb5f871-7f07-4993-9211-075dc63e7cbf"
MOMENT = "2026-11-21T00:00:00Z"


class HubSpotMock(MockWorld):
    """Values are strings, batches hold at most 100, an unknown property refuses the whole batch."""

    name = "hubspot"
    true = "true"
    fields: ClassVar[dict[str, str]] = {
        "propensity": "tamis_propensity",
        "band": "tamis_band",
        "qualification": "tamis_stage",
        "decision": "tamis_decision",
        "scored_at": "tamis_scored_at",
        "run_id": "tamis_run",
    }

    def __init__(self, token: str, *, is_checked: bool = True) -> None:
        super().__init__(token)
        self.violations: list[str] = []
        self._contract = Contract(SPECIFICATION) if is_checked else None

    def answer(self, request: Request) -> Answer:
        if self._contract is None:
            return self._answer(request)
        kind, body = request.headers.get("content-type", ""), request.json if request.body else None
        faults = self._contract.request_faults(request.method, request.path, kind, body)
        told = _error(400, "VALIDATION_ERROR", "; ".join(faults)) if faults else self._answer(request)
        faults += self._contract.answer_faults(request.method, request.path, told.status, told.body)
        self.violations += faults
        return told

    def close(self) -> None:
        super().close()
        if self.violations:
            raise AssertionError("\n".join(self.violations))

    def _answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "INVALID_AUTHENTICATION", "no such token")
        if request.path.startswith(PROPERTIES):
            return self._properties(request)
        if request.path == f"{OBJECTS}/batch/read":
            return self._read(request.json)
        return self._update(request.json["inputs"])

    def _read(self, body: dict[str, Any]) -> Answer:
        by = body.get("idProperty")
        asked = list(dict.fromkeys(one["id"] for one in body["inputs"]))
        if by and len(self.numbers) < len(self.records):
            # Two records hold one value: the property was made without unique values.
            return _error(400, "VALIDATION_ERROR", f"Property {by} is not a unique identifier")
        numbers = [number for key in asked for number in self.numbers.get(key, ())] if by else asked
        found = [self._record(number, {*body["properties"], self.key}) for number in numbers if number in self.records]
        lost = len(asked) - len(found)
        return _batch(found, [_lost({})] if lost else [])

    def _record(self, number: str, names: set[str]) -> dict[str, Any]:
        record = self.records[number]
        return {
            "id": number,
            "properties": {name: record.get(name) for name in sorted(names)},
            "createdAt": MOMENT,
            "updatedAt": record["modified"],
            "archived": False,
        }

    def _update(self, inputs: list[dict[str, Any]]) -> Answer:
        for one in inputs:
            if refused := self.refusal(one["properties"]):
                return _error(400, "VALIDATION_ERROR", f"Property {refused[0]} {refused[1]}")
        results, errors = [], []
        for one in inputs:
            if one["id"] in self.records:
                self.update(one["id"], one["properties"])
                results.append(self._record(one["id"], set(one["properties"])))
            else:
                errors.append(_lost({"ids": [one["id"]]}))
        return _batch(results, errors)

    def _properties(self, request: Request) -> Answer:
        if request.method == "GET":
            shape = {"type": "string", "fieldType": "text", "groupName": "tamis", "options": []}
            return Answer(200, {"results": [{"name": name, "label": name, **shape} for name in sorted(self.defined)]})
        if not request.path.endswith("/groups"):
            self.defined.add(request.json["name"])
        return Answer(201, request.json)


def _batch(results: list[dict[str, Any]], errors: list[dict[str, Any]]) -> Answer:
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": MOMENT, "completedAt": MOMENT}
    return Answer(207, {**body, "numErrors": len(errors), "errors": errors}) if errors else Answer(200, body)


def _lost(context: dict[str, list[str]]) -> dict[str, Any]:
    told = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "not found"}
    return {**told, "context": context, "errors": []}


def _error(status: int, category: str, message: str) -> Answer:
    return Answer(status, {"status": "error", "category": category, "correlationId": CORRELATION, "message": message})
