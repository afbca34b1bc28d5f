"""HubSpot's shape: our requests and the mock's answers beside a specification written for these tests.

Everything that passes through the mock is held to it (`tests.crm.worlds.hubspot`); here the specification itself is
tried, and the adapter is run against Prism, which reads the same file, where Prism is installed.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.crm.conftest import API_KEY
from tests.crm.worlds.hubspot import OBJECTS, PROPERTIES, SPECIFICATION, HubSpotMock
from tests.crm.worlds.openapi import Contract
from tests.crm.worlds.runs import publish, row

PRISM = os.environ.get("TAMIS_PRISM") or shutil.which("prism")
JSON = "application/json"


def update(**values: Any) -> dict[str, Any]:
    return {"inputs": [{"id": "1000", "properties": values}]}


def made(kind: str) -> dict[str, Any]:
    return {"name": "band", "label": "Band", "type": kind, "fieldType": "select", "groupName": "tamis"}


UPDATE = f"{OBJECTS}/batch/update"
NUMBERED = {"inputs": [{"id": 1000, "properties": {"band": "A"}}]}


@pytest.mark.parametrize(
    ("path", "kind", "body", "fault"),
    [
        (UPDATE, JSON, update(band="A"), ""),
        (UPDATE, JSON, update(propensity=0.5), "0.5 is not of type 'string'"),
        (UPDATE, JSON, {"inputs": update(band="A")["inputs"] * 101}, "is too long"),
        (UPDATE, JSON, NUMBERED, "1000 is not of type 'string'"),
        (UPDATE, JSON, {**update(band="A"), "more": 1}, "Additional properties are not allowed"),
        (UPDATE, "text/plain", update(band="A"), "content of type 'text/plain'"),
        (f"{OBJECTS}/batch/upsert", JSON, update(band="A"), "no such operation"),
        (PROPERTIES, JSON, made("enumeration"), "'options' is a required property"),
        (PROPERTIES, JSON, made("enum"), "'enum' is not one of"),
    ],
)
def test_the_specification_refuses_what_hubspot_refuses(path: str, kind: str, body: Any, fault: str) -> None:
    found = Contract(SPECIFICATION).request_faults("POST", path, kind, body)
    assert any(fault in one for one in found) if fault else found == []


def test_an_answer_of_the_mock_that_breaks_the_contract_fails_its_test() -> None:
    world = HubSpotMock(API_KEY)
    world.add("L1")
    world.records["1000"]["modified"] = None
    body = {"inputs": [{"id": "1000"}], "properties": []}
    httpx.post(f"{world.url}{OBJECTS}/batch/read", json=body, headers={"Authorization": f"Bearer {API_KEY}"})
    with pytest.raises(AssertionError, match="updatedAt: None is not of type 'string'"):
        world.close()


@pytest.fixture
def prism() -> Iterator[str]:
    if not PRISM:
        pytest.skip("Prism is not installed: npm install --global @stoplight/prism-cli, or name it in TAMIS_PRISM.")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [PRISM, "mock", "--host", "127.0.0.1", "--port", str(port), str(SPECIFICATION)]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.2)
    raise AssertionError("Prism did not start.")


def test_prism_takes_every_request_of_the_adapter(
    prism: str, pushing: Callable[..., Any], hubspot_world: HubSpotMock
) -> None:
    """Prism keeps no state: it proves the shape of what we send, the mock lives with it."""
    refused: list[tuple[str, Any]] = []
    passed = hubspot_world.answer

    def answer(request: Any) -> Any:
        # What the mock gets goes to Prism too, which names what breaks the specification.
        kept = ("authorization", "content-type")
        headers = {name: value for name, value in request.headers.items() if name in kept}
        told = httpx.request(request.method, f"{prism}{request.path}", content=request.body, headers=headers)
        # Prism finds fault with the answers that it makes up itself, too.
        faults = [one for one in json.loads(told.headers.get("sl-violations", "[]")) if "request" in one["location"]]
        if not told.is_success or faults:
            refused.append((request.path, faults or told.text))
        return passed(request)

    hubspot_world.answer = answer  # type: ignore[method-assign]
    leads = [f"L{number:03d}" for number in range(250)]
    hubspot_world.add(*leads)
    job = pushing(hubspot_world)
    job.set(fields={**job.crm["fields"], "trend": "tamis_trend"})
    assert job.push("--prepare")[1]["created"] == ["tamis_trend"]
    publish(job.workspace, [row(lead, qualification=None) for lead in leads])
    assert job.push()[1]["states"] == {"ok": 250}
    assert {request.path for request in hubspot_world.requests} == set(Contract(SPECIFICATION).document["paths"])
    assert refused == []
