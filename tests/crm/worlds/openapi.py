"""Requests and answers held to an OpenAPI 3.1 file, whose schemas are JSON Schema 2020-12."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = "urn:contract"


class Contract:
    """What a specification says of each request and each answer."""

    def __init__(self, file: Path) -> None:
        self.document: dict[str, Any] = json.loads(file.read_text("utf-8"))
        resource = Resource(contents=self.document, specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(ROOT, resource)
        self._validators: dict[str, Draft202012Validator] = {}

    def request_faults(self, method: str, path: str, kind: str, body: Any) -> list[str]:
        """Why a request breaks the contract; empty where it keeps it."""
        operation = self.document["paths"].get(path, {}).get(method.lower())
        if operation is None:
            return [f"{method} {path}: no such operation"]
        if "requestBody" not in operation:
            return []
        place = [path, method.lower(), "requestBody"]
        return self._faults(operation["requestBody"], ["paths", *place], kind, body)

    def answer_faults(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """Why an answer breaks the contract."""
        answers = self.document["paths"][path][method.lower()]["responses"]
        if str(status) not in answers:
            return [f"{method} {path}: status {status} is not documented"]
        found = answers[str(status)]
        place = ["paths", path, method.lower(), "responses", str(status)]
        if "$ref" in found:
            place = found["$ref"].removeprefix("#/").split("/")
            found = self.document["components"]["responses"][place[-1]]
        return self._faults(found, place, "application/json", body)

    def _faults(self, part: dict[str, Any], place: list[str], kind: str, body: Any) -> list[str]:
        if kind not in part["content"]:
            return [f"{place}: content of type {kind!r}"]
        steps = [*place, "content", kind, "schema"]
        pointer = "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
        if pointer not in self._validators:
            schema = {"$ref": f"{ROOT}#/{pointer}"}
            self._validators[pointer] = Draft202012Validator(schema, registry=self._registry)
        return [f"{place}: {error.json_path}: {error.message}" for error in self._validators[pointer].iter_errors(body)]
