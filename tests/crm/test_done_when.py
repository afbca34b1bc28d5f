"""What issue 5 calls done, each on a real system: Postgres and Tryton."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipeline.crm import push as job_module
from pipeline.crm.outbox import unpacked
from pipeline.language import iso
from tests.crm.worlds.face import World
from tests.crm.worlds.postgres import PostgresWorld
from tests.crm.worlds.runs import publish, row
from tests.crm.worlds.tryton import TrytonWorld

LEADS = [f"L{number:04d}" for number in range(30)]
HOSTILE = {
    "accents": "Éléonore à l'œuvre, Straße, ñandú",
    "emoji": "🙂🧑‍🚀🏳️‍🌈",
    "long": "é" * 65_000,
    "formula": "=cmd|' /C calc'!A0",
    "lines": "un\ndeux\n\ttrois \\N \\. 'quatre' \"cinq\"",
}


@pytest.fixture(params=["postgres", "tryton"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Let something happen after the records were read and before the first one is written."""

    def happens(what: Callable[[], Any]) -> None:
        original = job_module.send

        def send(*given: Any, **named: Any) -> None:
            what()
            original(*given, **named)

        monkeypatch.setattr(job_module, "send", send)

    return happens


def test_a_second_identical_run_writes_nothing_and_adds_no_revision_to_the_history(
    world: World, pushing: Callable[..., Any]
) -> None:
    job = pushing(world)
    world.add(*LEADS)
    publish(job.workspace, [row(lead) for lead in LEADS])
    code, first = job.push()
    assert (code, first["states"]) == (0, {"ok": 30})
    held, revisions = world.held(), world.revisions()
    assert job.push()[1]["states"] == {}
    publish(job.workspace, [row(lead) for lead in LEADS], night=1)
    code, again = job.push()
    assert (code, again["states"], again["unchanged"]) == (0, {}, 30)
    assert (world.held(), world.revisions()) == (held, revisions)
    assert held["L0007"] == {
        "propensity": 0.1235,
        "band": "C",
        "qualification": None,
        "decision": "nurture",
        "scored_at": 1_795_000_060,
        "run_id": "run-000",
    }


def test_a_lost_ledger_writes_nothing_twice(world: World, pushing: Callable[..., Any]) -> None:
    job = pushing(world)
    world.add(*LEADS)
    publish(job.workspace, [row(lead) for lead in LEADS])
    job.push()
    revisions = world.revisions()
    for path in job.workspace.home.glob("ledger.db*"):
        path.unlink()
    assert job.push()[1]["states"] == {"already": 30}
    assert world.revisions() == revisions


def test_one_poisoned_record_among_1000_leaves_999_written_and_one_kept_with_the_crms_own_message(
    world: World, pushing: Callable[..., Any]
) -> None:
    job = pushing(world)
    leads = [f"L{number:04d}" for number in range(1000)]
    world.add(*leads)
    publish(job.workspace, [row(lead, propensity=1.7 if lead == "L0613" else 0.25) for lead in leads])
    code, said = job.push()
    assert (code, said["states"]) == (6, {"ok": 999, "rejected": 1})
    (refused,) = said["refused"]
    assert refused["lead_id"] == "L0613"
    assert "violates check constraint" in refused["message"] or "not valid" in refused["message"]
    held = world.held()
    assert held.pop("L0613")["propensity"] is None
    assert {values["propensity"] for values in held.values()} == {0.25}
    (kept,) = ledger(job, "SELECT lead_id, attempts, message FROM tamis_refused")
    assert kept == ("L0613", 1, refused["message"])
    assert job.push()[1]["states"] == {"rejected": 1}
    (kept,) = ledger(job, "SELECT lead_id, attempts FROM tamis_refused")
    assert kept == ("L0613", 2)
    publish(job.workspace, [row(lead, propensity=0.25) for lead in leads], night=1)
    assert job.push()[1]["states"] == {"ok": 1}
    assert ledger(job, "SELECT * FROM tamis_refused") == []


def test_fields_that_we_do_not_own_are_byte_equal_and_the_job_may_not_write_them(
    world: World, pushing: Callable[..., Any]
) -> None:
    job = pushing(world)
    world.add(*LEADS)
    others = world.others()
    publish(job.workspace, [row(lead) for lead in LEADS])
    assert job.push()[1]["states"] == {"ok": 30}
    assert world.others() == others
    job.set(fields={**job.crm["fields"], "qualification": "comment"})
    publish(job.workspace, [row(lead, qualification="mine now", propensity=0.9) for lead in LEADS], night=1)
    held = world.held()
    code, said = job.push()
    assert code == 5
    assert "permission denied" in said["error"] or "not allowed to access" in said["error"]
    assert (world.others(), world.held()) == (others, held)


def test_a_record_edited_between_read_and_write_is_not_overwritten_and_is_named(
    world: World, pushing: Callable[..., Any], meanwhile: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = pushing(world)
    world.add(*LEADS)
    publish(job.workspace, [row(lead) for lead in LEADS])
    with monkeypatch.context():
        meanwhile(lambda: (world.edit("L0004"), world.delete("L0005")))
        code, said = job.push()
    assert code == 6
    assert (said["refused"][0]["lead_id"], said["refused"][0]["state"]) == ("L0004", "edited")
    assert said["states"]["ok"] == 28
    held = world.held()
    assert held["L0004"]["propensity"] is None
    assert "L0005" not in held
    assert "(edited)" in world.others()["L0004"]


def test_of_two_jobs_at_once_one_refuses(world: World, pushing: Callable[..., Any], meanwhile: Any) -> None:
    job = pushing(world)
    world.add(*LEADS)
    publish(job.workspace, [row(lead) for lead in LEADS])
    second = []
    meanwhile(lambda: second.append(job.push()))
    code, said = job.push()
    ((refused, told),) = second
    assert (code, said["states"]) == (0, {"ok": 30})
    assert refused == 5
    assert "found another one running" in told["error"]


def test_a_dry_run_writes_nothing_and_its_diff_equals_the_later_live_diff(
    world: World, pushing: Callable[..., Any]
) -> None:
    job = pushing(world)
    world.add(*LEADS)
    publish(job.workspace, [row(lead) for lead in LEADS])
    job.push()
    new = [row(lead, propensity=0.5 if n % 3 else 0.1234567, qualification="mql") for n, lead in enumerate(LEADS)]
    publish(job.workspace, new, night=1)
    before, revisions, logged = world.held(), world.revisions(), writes_logged(world)
    code, dry = job.push("--dry-run")
    assert (code, dry["states"]) == (0, {"pending": 30})
    assert (world.held(), world.revisions(), writes_logged(world)) == (before, revisions, logged)
    code, live = job.push()
    assert (code, live["states"], live["bands_changed"]) == (0, {"ok": 30}, dry["bands_changed"])
    assert writes_logged(world) > logged
    names = {theirs: ours for ours, theirs in job.crm["fields"].items()}
    after = world.held()
    sent = sent_by_the_live_run(job)
    assert [(one["lead_id"], one["before"], one["after"]) for one in dry["changes"]] == sent
    for one in dry["changes"]:
        for theirs, ours in names.items():
            if ours != "scored_at":
                assert one["before"][theirs] == before[one["lead_id"]][ours]
                assert one["after"][theirs] == after[one["lead_id"]][ours]


def sent_by_the_live_run(job: Any) -> list[Any]:
    """Lead, before and after by field, as the ledger kept them when they were sent."""
    mapped = list(job.crm["fields"].items())

    def by_field(text: str) -> dict[str, Any]:
        values = json.loads(text)[: len(mapped)]
        return {theirs: told(ours, value) for (ours, theirs), value in zip(mapped, values, strict=True)}

    def told(ours: str, value: Any) -> Any:
        return iso(value) if ours == "scored_at" else value

    engine = sa.create_engine(f"sqlite:///{job.workspace.home / 'ledger.db'}")
    last = "SELECT * FROM tamis_parcel WHERE push = (SELECT max(id) FROM tamis_push) ORDER BY seq"
    with engine.connect() as connection:
        parcels = [unpacked(row) for row in connection.execute(sa.text(last)).mappings()]
    engine.dispose()
    rows = [row for leads in parcels for row in zip(leads.lead_id, leads.before, leads.after, strict=True)]
    return [(lead, by_field(str(before)), by_field(str(after))) for lead, before, after in rows]


def writes_logged(world: World) -> int:
    """Writes in the server's own log."""
    if isinstance(world, TrytonWorld):
        return world.server.log.read_text("utf-8").count("sale.opportunity.write")
    assert isinstance(world, PostgresWorld)
    return world.statements_logged()


def test_hostile_values_round_trip_or_are_refused_by_name_before_anything_is_sent(
    world: World, pushing: Callable[..., Any]
) -> None:
    job = pushing(world)
    bad = {
        "infinity": row("infinity", propensity=float("inf")),
        "nul": row("nul", decision="a\x00b"),
        "escape": row("escape", decision="a\x1b[2Jb"),
        "enormous": row("enormous", decision="é" * 1_000_001),
    }
    good = {name: row(name, decision=text) for name, text in HOSTILE.items()}
    good["none"] = row("none", decision=None, propensity=None, qualification=None, expected_amount=float("nan"))
    world.add(*bad, *good)
    logged = writes_logged(world)
    if isinstance(world, PostgresWorld):
        bad.pop("enormous")
        good["enormous"] = row("enormous", decision="é" * 1_000_001)
    publish(job.workspace, [*bad.values(), *good.values()])
    code, said = job.push("--dry-run")
    assert code == 6
    assert writes_logged(world) == logged
    told = {one["lead_id"]: one["message"] for one in said["refused"]}
    assert set(told) == set(bad)
    assert told["infinity"] == "propensity: expected a number, found infinity."
    assert told["nul"] == "decision: expected text, found a control character that no CRM stores."
    assert job.push()[0] == 6
    held = world.held()
    assert {name: held[name]["decision"] for name in HOSTILE} == HOSTILE
    assert (held["none"]["decision"], held["none"]["propensity"]) == (None, None)
    assert all(held[name]["run_id"] is None for name in bad)
    assert job.push()[1]["states"] == {"invalid": len(bad)}


def test_secrets_appear_in_no_log_ledger_error_or_traceback(
    world: World, pushing: Callable[..., Any], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(1)
    job = pushing(world, patience_seconds=0.2)
    world.add(*LEADS)
    publish(job.workspace, [row(lead, propensity=1.7 if lead == "L0003" else 0.2) for lead in LEADS])
    told = [job.said("--log-json"), job.said("--json", "--dry-run")]
    url = job.crm["url"]
    for wrong in (url.replace("5432", "1").replace("?host=", "?host=/nowhere"), "http://127.0.0.1:1/"):
        job.set(url=wrong)
        told.append(job.said())
    job.set(url=url, **({"user": "nobody"} if job.crm["adapter"] == "tryton" else {"object": "nothing"}))
    told.append(job.said("--json"))
    assert [one.code for one in told][:2] == [6, 0]
    everything = [one.out + one.err for one in told] + [caplog.text]
    everything += [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    token = str(world.token)
    for secret in (token, token.encode().decode("latin-1"), "s3cr3t", "T%C3%B6k"):
        assert [text for text in everything if secret in text] == []


def ledger(job: Any, query: str) -> list[Any]:
    engine = sa.create_engine(f"sqlite:///{job.workspace.home / 'ledger.db'}")
    with closing(engine.raw_connection()) as connection:
        found = connection.cursor().execute(query).fetchall()
    engine.dispose()
    return list(found)
