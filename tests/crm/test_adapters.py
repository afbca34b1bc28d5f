"""What single adapters do beyond the contract."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.crm.fields import Field
from pipeline.crm.salesforce_fields import custom_field
from pipeline.crm.sql import ours
from tests.crm.worlds.files import SqliteWorld
from tests.crm.worlds.hubspot import HubSpotMock
from tests.crm.worlds.odoo import OldOdooMock
from tests.crm.worlds.runs import publish, row
from tests.crm.worlds.salesforce import SalesforceMock

LEADS = ["L1", "L2", "L3"]


def test_a_hubspot_record_that_was_merged_away_is_recorded_and_its_heir_left_alone(
    hubspot_world: HubSpotMock, pushing: Callable[..., Any]
) -> None:
    hubspot_world.add(*LEADS)
    original = hubspot_world._read

    def read(body: dict[str, Any]) -> Any:
        heirs = {"1001": "1002"}
        inputs = [{"id": heirs.get(one["id"], one["id"])} for one in body["inputs"]]
        return original({**body, "inputs": inputs})

    hubspot_world._read = read  # type: ignore[method-assign]
    job = pushing(hubspot_world, key="", override="", opted_out="")
    publish(job.workspace, [row(number) for number in ("1000", "1001")])
    code, said = job.push()
    assert (code, said["states"]) == (0, {"merged": 1, "ok": 1})
    assert hubspot_world.held()["L3"]["band"] is None


def test_hubspots_own_properties_are_never_mapped(hubspot_world: HubSpotMock, pushing: Callable[..., Any]) -> None:
    job = pushing(hubspot_world, fields={"propensity": "hs_predictivecontactscore_v2"})
    assert "belongs to the CRM and is never written" in job.push()[1]["error"]


def test_converted_and_archived_leads_are_closed(
    salesforce_world: SalesforceMock, old_odoo_world: OldOdooMock, pushing: Callable[..., Any]
) -> None:
    worlds: list[tuple[Any, dict[str, Any]]] = [
        (salesforce_world, {"IsConverted": True}),
        (old_odoo_world, {"active": False}),
    ]
    for night, (world, closed) in enumerate(worlds):
        world.add(*LEADS)
        world.by_key("L2").update(closed)
        job = pushing(world)
        publish(job.workspace, [row(lead) for lead in LEADS], night=night)
        assert job.push()[1]["states"] == {"closed": 1, "ok": 2}


def test_wrong_credentials_are_told(
    salesforce_world: SalesforceMock,
    old_odoo_world: OldOdooMock,
    pushing: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for night, (world, sentence) in enumerate(
        [
            (salesforce_world, "did not let the app in (status 400)"),
            (old_odoo_world, "did not let 'scoring@example.com'"),
        ]
    ):
        world.add(*LEADS)
        job = pushing(world)
        monkeypatch.setenv("TAMIS_CRM__TOKEN", "wrong")
        publish(job.workspace, [row(lead) for lead in LEADS], night=night)
        code, said = job.push()
        assert (code, sentence in said["error"]) == (5, True)


def test_a_session_of_salesforce_that_ended_is_renewed_and_a_given_one_is_used(
    salesforce_world: SalesforceMock, pushing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    salesforce_world.add(*LEADS)
    job = pushing(salesforce_world)
    publish(job.workspace, [row(lead) for lead in LEADS])
    original = salesforce_world._query

    def query(text: str) -> Any:
        salesforce_world.session = "renewed"
        return original(text)

    salesforce_world._query = query  # type: ignore[method-assign]
    assert job.push()[1]["states"] == {"ok": 3}
    monkeypatch.setenv("TAMIS_CRM__TOKEN", "renewed")
    job.set(user="")
    assert job.push()[1]["unchanged"] == 3


@pytest.mark.parametrize("kind", ["odoo", "salesforce"])
def test_names_that_a_system_does_not_take_are_told(
    kind: str, pushing: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    job = pushing(request.getfixturevalue(f"{kind}_world"), fields={"band": "plain"})
    code, said = job.push("--prepare")
    assert (code, "found plain" in said["error"]) == (2, True)


def test_every_kind_of_field_has_its_type_in_salesforce() -> None:
    kinds = {"choice": "Picklist", "reasons": "LongTextArea", "instant": "DateTime", "rate": "Number", "text": "Text"}
    ours_ = {"choice": "band", "reasons": "reasons", "instant": "due_at", "rate": "propensity", "text": "run_id"}
    for kind, wanted in kinds.items():
        made = custom_field("Lead", Field(ours_[kind], "X__c", kind))  # type: ignore[arg-type]
        assert made["Metadata"]["type"] == wanted


def test_values_typed_by_hand_into_a_text_column_are_read_as_they_are_and_replaced(
    sqlite_world: SqliteWorld, pushing: Callable[..., Any]
) -> None:
    assert ours(Field("propensity", "p", "rate"), "about half") == "about half"
    assert ours(Field("due_at", "d", "instant"), "soon") == "soon"
    sqlite_world.run('ALTER TABLE "the leads" ADD COLUMN words TEXT')
    sqlite_world.run('ALTER TABLE "the leads" ADD COLUMN number INTEGER')
    sqlite_world.add(*LEADS)
    sqlite_world.run("UPDATE \"the leads\" SET words = 'soon', number = rowid")
    job = pushing(sqlite_world, key="number", fields={"due_at": "words", "band": "our band"})
    publish(job.workspace, [row("1", due_at=0), row("2"), row("x")])
    assert job.push()[1]["states"] == {"missing": 1, "ok": 2}
    assert sqlite_world.run('SELECT words FROM "the leads"') == [("1970-01-01T00:00:00Z",), (None,), ("soon",)]


def test_a_folder_that_cannot_be_written_is_told(pushing: Callable[..., Any], csv_world: Any) -> None:
    job = pushing(csv_world)
    csv_world.folder.write_text("a file stands here", "utf-8")
    publish(job.workspace, [row(lead) for lead in LEADS])
    code, said = job.push()
    assert (code, "could not be written" in said["error"]) == (5, True)


def test_a_formula_in_a_csv_file_is_harmless(pushing: Callable[..., Any], csv_world: Any) -> None:
    csv_world.add("=L1")
    job = pushing(csv_world)
    assert job.push("--prepare")[0] == 0
    publish(job.workspace, [row("=L1", decision="=cmd|' /C calc'!A0")])
    assert job.push()[1]["states"] == {"ok": 1}
    (file,) = csv_world.files()
    assert "'=L1" in file.read_text("utf-8-sig")
    assert "'=cmd" in file.read_text("utf-8-sig")
