"""What issue 5 calls done, each on a real system."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.crm.worlds.face import World
from tests.crm.worlds.runs import publish, row


@pytest.fixture(params=["postgres", "tryton"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found


def leads(n: int) -> list[str]:
    return [f"L{number:04d}" for number in range(n)]


def test_a_second_identical_run_writes_nothing_and_adds_no_revision(world: World, pushing: Callable[..., Any]) -> None:
    job = pushing(world)
    world.add(*leads(30))
    publish(job.workspace, [row(lead) for lead in leads(30)])
    code, first = job.push()
    assert (code, first.get("written")) == (0, 30), first
    held, revisions = world.held(), world.revisions()
    publish(job.workspace, [row(lead) for lead in leads(30)], night=1)
    code, again = job.push()
    assert (code, again["written"], again["unchanged"]) == (0, 0, 30)
    assert (world.held(), world.revisions()) == (held, revisions)
    assert held["L0007"]["propensity"] == 0.1235
    assert held["L0007"]["run_id"] == "run-000"
