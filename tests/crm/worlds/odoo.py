"""Odoo as its documentation and source describe `load` and `search_read`, behind JSON-2 or JSON-RPC."""

import re
from typing import Any, ClassVar

from tests.crm.worlds.mock import Answer, MockWorld, Request

USER = "scoring@example.com"


class OdooMock(MockWorld):
    """`load` is all or nothing, names every bad row, and creates what has no database id."""

    name = "odoo"
    api = "json-2"
    key = "x_external_id"
    flags: ClassVar[dict[str, str]] = {"override": "x_keep", "opted_out": "x_no_contact"}
    fields: ClassVar[dict[str, str]] = {
        "propensity": "x_tamis_propensity",
        "band": "x_tamis_band",
        "qualification": "x_tamis_stage",
        "decision": "x_tamis_decision",
        "scored_at": "x_tamis_scored_at",
        "run_id": "x_tamis_run",
    }

    @property
    def settings(self) -> dict[str, Any]:
        return {**super().settings, "database": "crm", "user": USER, "api": self.api}

    def answer(self, request: Request) -> Answer:
        if found := re.fullmatch(r"/json/2/([\w.]+)/(\w+)", request.path):
            if self.api != "json-2" or request.headers.get("authorization") != f"bearer {self.token}":
                return Answer(401, {"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"})
            if request.headers.get("x-odoo-database") != "crm":
                return Answer(400, {"message": "which database?"})
            return Answer(200, self.call(found[1], found[2], request.json))
        if request.path == "/jsonrpc" and self.api == "json-rpc":
            return Answer(200, {"jsonrpc": "2.0", "id": 1, **self._rpc(request.json["params"])})
        return Answer(404, {"message": "no such path"})

    def _rpc(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["service"] == "common":
            database, login, password, _ = params["args"]
            return {"result": 7 if (database, login, password) == ("crm", USER, self.token) else False}
        database, user, password, model, method, given, named = params["args"]
        if (database, user, password, given) != ("crm", 7, self.token, []):
            return {"error": {"message": "Odoo Server Error", "data": {"message": "Access Denied"}}}
        return {"result": self.call(model, method, named)}

    def call(self, model: str, method: str, named: dict[str, Any]) -> Any:
        if model == "ir.model":
            return [{"id": 42}]
        if model == "ir.model.fields":
            self.defined.update(values["name"] for values in named["vals_list"])
            return [1]
        if method == "fields_get":
            return {name: {"type": "char"} for name in self.defined}
        if method == "search_read":
            ((name, operator, wanted),) = named["domain"]
            assert operator == "in"
            assert named["context"]["active_test"] is False
            return [
                {"id": int(number), **{one: self._shown(one, record) for one in named["fields"]}}
                for number, record in self.records.items()
                if record.get(name) in wanted
            ]
        assert method == "load"
        return self._load(named["fields"], named["data"])

    def _shown(self, name: str, record: dict[str, Any]) -> Any:
        if name == "write_date":
            return record["modified"].replace("T", " ").removesuffix("Z")
        return record.get("active", True) if name == "active" else record.get(name, False)

    def _load(self, names: list[str], rows: list[list[Any]]) -> dict[str, Any]:
        assert names[0] == ".id", "without a database id Odoo would create records"
        messages = []
        for place, row in enumerate(rows):
            if row[0] not in self.records:
                messages.append({"type": "error", "record": place, "field": ".id", "message": "No matching record"})
            elif refused := self.refusal(dict(zip(names[1:], row[1:], strict=True))):
                said = f"{refused[0]} {refused[1]}"
                messages.append({"type": "error", "record": place, "field": refused[0], "message": said})
        if messages:
            return {"ids": False, "messages": messages, "nextrow": 0}
        for row in rows:
            self.update(row[0], dict(zip(names[1:], row[1:], strict=True)))
        return {"ids": [int(row[0]) for row in rows], "messages": [], "nextrow": 0}


class OldOdooMock(OdooMock):
    """Odoo 18 and older."""

    api = "json-rpc"
