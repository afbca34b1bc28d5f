"""The page answers any request with a status of its own: schemathesis makes them from the routes."""

import os
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings

from tests.served import Served, Site, copied, site

TIMES = int(os.environ.get("TAMIS_FUZZ", "1"))


@pytest.fixture(scope="module")
def here(page_made: Served, tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = copied(page_made, tmp_path_factory.mktemp("fuzzed"))
    return site(made.workspace, made.settings)


def operations(here: Site) -> list[Any]:
    """What FastAPI would publish of its routes; the page itself publishes nothing."""
    app = here.app._app
    assert isinstance(app, FastAPI)
    schema = schemathesis.openapi.from_dict(app.openapi())
    return [result.ok() for result in schema.get_all_operations()]


def test_any_request_is_answered_and_no_answer_is_a_failure_of_ours(here: Site) -> None:
    client, statuses = here.manager(), set()
    found = operations(here)
    assert len(found) >= 12

    for operation in found:

        @settings(
            max_examples=8 * TIMES, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            path = case.formatted_path
            answer = client.request(case.method.upper(), path, params=case.query or None)
            statuses.add(answer.status_code)
            assert answer.status_code < 500, (case.method, path, case.query)
            assert "Traceback" not in answer.text
            assert answer.headers["x-content-type-options"] == "nosniff"

        ask()
    assert {200, 404} <= statuses
    assert not [line for line in here.log if "error" in line]
