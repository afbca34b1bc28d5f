"""A network that fails before a real Tryton, and servers that are busy: nothing is lost, nothing is written twice."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.crm.conftest import SECRET
from tests.crm.worlds.hubspot import HubSpotMock
from tests.crm.worlds.mock import Answer, Request
from tests.crm.worlds.proxy import FaultProxy
from tests.crm.worlds.runs import publish, row
from tests.crm.worlds.salesforce import SalesforceMock
from tests.crm.worlds.tryton import MODEL, TrytonServer, TrytonWorld

LEADS = [f"L{number:02d}" for number in range(40)]
WRITE = f'"model.{MODEL}.write"'.encode()


@pytest.fixture
def faulty(tryton: TrytonServer) -> Iterator[Callable[[list[str]], tuple[FaultProxy, TrytonWorld]]]:
    made: list[FaultProxy] = []

    def plan(faults: list[str]) -> tuple[FaultProxy, TrytonWorld]:
        made.append(FaultProxy(tryton.port, WRITE, faults))
        return made[0], TrytonWorld(tryton, SECRET, made[0].url)

    yield plan
    for proxy in made:
        proxy.close()


def test_every_fault_of_a_network_ends_as_if_undisturbed(faulty: Any, pushing: Callable[..., Any]) -> None:
    faults = ["429", "503", "502", "cut before", "cut after", "slow", "silent"]
    proxy, world = faulty(faults)
    job = pushing(world, batch=10, timeout_seconds=2.0, patience_seconds=20.0)
    world.add(*LEADS)
    before = world.revisions()
    publish(job.workspace, [row(lead, propensity=n / 100) for n, lead in enumerate(LEADS)])
    code, said = job.push()
    assert (code, said["states"]) == (0, {"ok": 40})
    assert {lead: one["propensity"] for lead, one in world.held().items()} == {
        lead: n / 100 for n, lead in enumerate(LEADS)
    }
    assert world.revisions() - before == 40
    assert proxy.done[: len(faults)] == faults


def test_a_crm_that_stays_busy_is_told_in_one_sentence(faulty: Any, pushing: Callable[..., Any]) -> None:
    _, world = faulty(["503"] * 100)
    job = pushing(world, patience_seconds=0.3)
    world.add(*LEADS)
    publish(job.workspace, [row(lead) for lead in LEADS])
    code, said = job.push()
    assert code == 5
    assert said["error"].startswith("crm.url: the CRM was busy (status 503) for 0 seconds. Try again later")


def test_a_connection_that_breaks_again_and_again_leaves_the_outcome_open_and_the_next_push_settles_it(
    faulty: Any, pushing: Callable[..., Any]
) -> None:
    _, world = faulty(["cut before"] * 4)
    job = pushing(world)
    world.add(*LEADS)
    publish(job.workspace, [row(lead) for lead in LEADS])
    assert job.push()[1]["states"] == {"unknown": 40}
    assert job.push()[1]["states"] == {"ok": 40}


def test_a_server_that_is_not_there_is_named(pushing: Callable[..., Any], tryton_world: TrytonWorld) -> None:
    job = pushing(tryton_world, patience_seconds=0.1, url="http://127.0.0.1:1")
    publish(job.workspace, [row(lead) for lead in LEADS])
    code, said = job.push()
    assert (code, "could not be reached" in said["error"]) == (5, True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"user": "nobody"}, "Tryton did not let 'nobody' in (status 401)"),
        ({"fields": {"band": "lead_bnad"}}, "Tryton failed"),
        ({"url": "ftp://crm"}, "expected an address such as https://"),
        ({"database": ""}, "expected the database and the user"),
    ],
)
def test_wrong_settings_of_tryton_are_told(
    change: dict[str, Any], sentence: str, pushing: Callable[..., Any], tryton_world: TrytonWorld
) -> None:
    tryton_world.add(*LEADS)
    job = pushing(tryton_world)
    job.set(**change)
    publish(job.workspace, [row(lead) for lead in LEADS])
    code, said = job.push()
    assert code in (2, 5)
    assert sentence in said["error"]


def busy_once(world: HubSpotMock, answer: Answer) -> None:
    original = world.answer
    left = [answer]

    def answered(request: Request) -> Answer:
        return left.pop() if left and "batch/update" in request.path else original(request)

    world.answer = answered  # type: ignore[method-assign]


def test_hubspots_rate_limit_is_waited_out_as_long_as_it_asks(
    hubspot_world: HubSpotMock, pushing: Callable[..., Any]
) -> None:
    busy_once(hubspot_world, Answer(429, {"policyName": "TEN_SECONDLY_ROLLING"}, {"Retry-After": "0.2"}))
    hubspot_world.add(*LEADS)
    job = pushing(hubspot_world)
    publish(job.workspace, [row(lead) for lead in LEADS])
    assert job.push()[1]["states"] == {"ok": 40}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(429, {"policyName": "DAILY"}), "quota of the day"),
        (Answer(429, {}, {"Retry-After": "9000"}), "asks to wait 9,000 seconds"),
        (Answer(429, {}, {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}), "asks to wait"),
        (Answer(403, {"message": "missing scopes"}), "answered 403 to POST"),
        (Answer(500, "<html>oops</html>"), "answered 500"),
    ],
)
def test_what_waiting_does_not_mend_ends_the_push(
    answer: Answer, sentence: str, hubspot_world: HubSpotMock, pushing: Callable[..., Any]
) -> None:
    busy_once(hubspot_world, answer)
    hubspot_world.add(*LEADS)
    job = pushing(hubspot_world)
    publish(job.workspace, [row(lead) for lead in LEADS])
    code, said = job.push()
    assert (code, sentence in said["error"]) == (5, True)
    assert job.push()[1]["states"] == {"ok": 40}


def test_salesforce_rows_that_lost_a_lock_are_sent_again_alone(
    salesforce_world: SalesforceMock, pushing: Callable[..., Any]
) -> None:
    salesforce_world.add(*LEADS)
    salesforce_world.locked = {"1003": 1, "1004": 9}
    job = pushing(salesforce_world)
    publish(job.workspace, [row(lead) for lead in LEADS])
    code, said = job.push()
    assert (code, said["states"]) == (6, {"ok": 39, "rejected": 1})
    assert said["refused"][0]["code"] == "UNABLE_TO_LOCK_ROW"
    assert [len(one["rows"]) for one in salesforce_world.jobs.values()] == [40, 2, 1]


def test_a_salesforce_job_that_a_dead_push_left_is_settled_before_anything_is_planned(
    salesforce_world: SalesforceMock, pushing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    salesforce_world.add(*LEADS)
    job = pushing(salesforce_world)
    publish(job.workspace, [row(lead) for lead in LEADS])

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pipeline.crm.salesforce.Salesforce._wait", die)
        assert job.said().code == 130
    assert {one["run_id"] for one in salesforce_world.held().values()} == {None}
    code, said = job.push()
    assert (code, said["states"], len(salesforce_world.jobs)) == (0, {"already": 40}, 1)


def test_salesforce_children_of_one_account_are_sent_together(
    salesforce_world: SalesforceMock, pushing: Callable[..., Any]
) -> None:
    salesforce_world.add(*LEADS)
    for number, record in salesforce_world.records.items():
        record["AccountId"] = f"A{int(number) % 3}"
    job = pushing(salesforce_world, parent="AccountId", batch=20)
    publish(job.workspace, [row(lead) for lead in LEADS])
    assert job.push()[1]["states"] == {"ok": 40}
    sent = [int(one["Id"]) % 3 for done in salesforce_world.jobs.values() for one in done["rows"]]
    assert sent == sorted(sent)
