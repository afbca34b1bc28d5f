"""Who opts out is not pushed, and what was pushed before is taken back."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.crm.fields import NOTE, resolve
from pipeline.score_runs import OPTED_OUT
from tests.crm.worlds.files import SqliteWorld
from tests.crm.worlds.runs import publish, row

LEADS = [f"L{number:02d}" for number in range(10)]


def opt_out(run_: Any, *lead_ids: str) -> None:
    pq.write_table(pa.table({"lead_id": pa.array(sorted(lead_ids), pa.string())}), run_.path / OPTED_OUT)


@pytest.mark.parametrize("flagged", [True, False], ids=["the CRM says so too", "only our tables say so"])
def test_what_was_pushed_of_who_opts_out_is_taken_back_once_and_nothing_else_is_touched(
    flagged: bool, sqlite_world: SqliteWorld, pushing: Callable[..., Any]
) -> None:
    sqlite_world.add(*LEADS)
    job = pushing(sqlite_world)
    publish(job.workspace, [row(lead, qualification="mql") for lead in LEADS])
    job.push()
    others, before = sqlite_world.others(), sqlite_world.held()
    assert before["L03"]["band"] == "C"
    if flagged:
        sqlite_world.flag("L03", "opted_out")
        others = sqlite_world.others()
    left = [lead for lead in LEADS if lead != "L03"]
    second = publish(job.workspace, [row(lead, qualification="mql") for lead in left], night=1)
    # One of them was never pushed: nothing is said of it to the CRM.
    opt_out(second, "L03", "NEVER")
    code, said = job.push()
    assert (code, said["states"]) == (0, {"ok": 1})
    held = sqlite_world.held()
    assert set(held["L03"].values()) == {None}
    assert {lead: held[lead] for lead in left} == {lead: before[lead] for lead in left}
    assert sqlite_world.others() == others
    revisions = sqlite_world.revisions()
    third = publish(job.workspace, [row(lead, qualification="mql") for lead in left], night=2)
    opt_out(third, "L03", "NEVER")
    assert job.push()[1]["states"] == {}
    assert sqlite_world.revisions() == revisions


def test_a_lead_that_is_flagged_in_the_crm_alone_is_left_alone(
    sqlite_world: SqliteWorld, pushing: Callable[..., Any]
) -> None:
    sqlite_world.add(*LEADS)
    sqlite_world.flag("L03", "opted_out")
    job = pushing(sqlite_world)
    publish(job.workspace, [row(lead) for lead in LEADS])
    assert job.push()[1]["states"] == {"ok": 9, "opted_out": 1}


def test_the_note_is_a_text_of_ours_like_the_reasons() -> None:
    assert resolve({NOTE: "note"})[0].kind == "reasons"
