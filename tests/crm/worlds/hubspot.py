"""HubSpot as its documentation describes the batch endpoints: strict where the real one is."""

from typing import Any, ClassVar

from tests.crm.worlds.mock import Answer, MockWorld, Request

OBJECTS, PROPERTIES = "/crm/v3/objects/contacts", "/crm/v3/properties/contacts"
MOST = 100


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

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401, {"status": "error", "category": "INVALID_AUTHENTICATION", "message": "no such token"})
        if request.path.startswith(PROPERTIES):
            return self._properties(request)
        if request.headers.get("content-type") != "application/json":
            return Answer(415, {"message": "Unsupported Media Type"})
        inputs = request.json["inputs"]
        if not inputs or len(inputs) > MOST or any(not isinstance(one["id"], str) for one in inputs):
            return Answer(400, {"category": "VALIDATION_ERROR", "message": "1 to 100 inputs with a string as id"})
        if request.path == f"{OBJECTS}/batch/read":
            return self._read(request.json)
        if request.path == f"{OBJECTS}/batch/update":
            return self._update(inputs)
        return Answer(404, {"message": "no such path"})

    def _read(self, body: dict[str, Any]) -> Answer:
        asked = {one["id"] for one in body["inputs"]}
        by = body.get("idProperty")
        found = [
            {
                "id": number,
                "properties": {name: record.get(name) for name in {*body["properties"], self.key}},
                "updatedAt": record["modified"],
                "archived": False,
            }
            for number, record in self.records.items()
            if (record[by] if by else number) in asked
        ]
        lost = len(asked) - len(found)
        errors = [{"category": "OBJECT_NOT_FOUND", "message": "not found", "context": {}}] if lost else []
        return Answer(207 if lost else 200, {"status": "COMPLETE", "results": found, "errors": errors})

    def _update(self, inputs: list[dict[str, Any]]) -> Answer:
        for one in inputs:
            if any(not isinstance(value, str) for value in one["properties"].values()):
                return Answer(400, {"category": "VALIDATION_ERROR", "message": "property values must be strings"})
            if refused := self.refusal(one["properties"]):
                return Answer(400, {"category": "VALIDATION_ERROR", "message": f"Property {refused[0]} {refused[1]}"})
        results, errors = [], []
        for one in inputs:
            if one["id"] in self.records:
                self.update(one["id"], one["properties"])
                results.append({"id": one["id"], "properties": one["properties"]})
            else:
                context = {"ids": [one["id"]]}
                errors.append({"category": "OBJECT_NOT_FOUND", "message": "not found", "context": context})
        body = {"status": "COMPLETE", "results": results, "numErrors": len(errors), "errors": errors}
        return Answer(207 if errors else 200, body)

    def _properties(self, request: Request) -> Answer:
        if request.method == "GET":
            return Answer(200, {"results": [{"name": name} for name in self.defined]})
        body = request.json
        if request.path.endswith("/groups"):
            return Answer(201, body)
        if body["type"] == "enumeration" and not body.get("options"):
            return Answer(400, {"message": "an enumeration needs options"})
        self.defined.add(body["name"])
        return Answer(201, body)
