"""The ledger on disk: leads packed into rows and read back, a former layout taken over, a lead erased."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.crm import outbox
from pipeline.crm.adapters import open_ledger
from pipeline.crm.outbox import Planned, batches, packed, unpacked
from pipeline.settings import Settings
from tests.crm.worlds.files import SqliteWorld
from tests.crm.worlds.runs import publish, row

LEADS = [f"L{number:02d}" for number in range(30)]
# As it was written until the outbox was packed.
FORMER = """
CREATE TABLE tamis_outbox (
    push INTEGER NOT NULL, parent TEXT NOT NULL, seq INTEGER NOT NULL, lead_id TEXT NOT NULL, crm_id TEXT NOT NULL,
    version TEXT NOT NULL, seen TEXT, before TEXT, before_push INTEGER, after TEXT, after_push INTEGER NOT NULL,
    fingerprint BIGINT, state VARCHAR(12) NOT NULL, code TEXT, message TEXT, PRIMARY KEY (push, parent, seq)
) WITHOUT ROWID
"""
json_lines = st.one_of(st.none(), st.text().map(lambda text: json.dumps([text, 0.5], ensure_ascii=False)))
texts, numbers = st.text(), st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
one_lead = st.tuples(
    *(st.sampled_from(["", "p"]), st.none(), texts, texts, texts, json_lines, json_lines, numbers, json_lines),
    *(st.integers(0, 9), numbers, st.sampled_from(["pending", "already"]), st.one_of(st.none(), texts), texts),
)


@pytest.fixture
def job(sqlite_world: SqliteWorld, pushing: Callable[..., Any]) -> Any:
    sqlite_world.add(*LEADS)
    return pushing(sqlite_world)


def columns_of(rows: list[Any]) -> Planned:
    return Planned(*map(list, zip(*rows, strict=True)))._replace(seq=list(range(7, 7 + len(rows))))


def joined(parts: list[Planned]) -> Planned:
    return Planned._make(list(chain.from_iterable(columns)) for columns in zip(*parts, strict=True))


@given(st.lists(one_lead, min_size=1, max_size=9), st.integers(1, 4), st.integers(1, 5))
def test_leads_are_read_back_as_planned_and_sent_in_batches_of_one_size(rows: list[Any], most: int, size: int) -> None:
    leads = columns_of(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "PARCEL", most)
        parts = list(map(unpacked, packed(1, leads)))
    assert all(len({*part.parent}) == len({*part.state}) == 1 and len(part.seq) <= most for part in parts)
    assert joined(parts) == leads
    sent = list(batches(iter(parts), size))
    assert [len(batch.seq) for batch in sent[:-1]] == [size] * (len(sent) - 1)
    assert joined(sent) == leads


def engine_of(job: Any) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{job.workspace.home / 'ledger.db'}")


def per_lead(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """The outbox as a former version wrote it: everything that was pending was accepted."""
    for parcel in connection.execute(sa.text("SELECT * FROM tamis_parcel")).mappings().all():
        for one in zip(*unpacked(parcel), strict=True):
            named = dict(zip(Planned._fields, one, strict=True))
            yield named | {"push": parcel["push"], "state": "ok" if named["state"] == "pending" else named["state"]}


def test_the_ledger_of_a_former_version_is_taken_over_and_its_pushes_can_be_rolled_back(
    job: Any, sqlite_world: SqliteWorld
) -> None:
    publish(job.workspace, [row(lead, propensity=0.1) for lead in LEADS])
    job.push()
    first = sqlite_world.held()
    publish(job.workspace, [row(lead, propensity=n / 100 if n else 0.1) for n, lead in enumerate(LEADS)], night=1)
    assert job.push()[1]["states"] == {"ok": 28}
    engine = engine_of(job)
    with engine.begin() as connection:
        connection.execute(sa.text(FORMER))
        rows = list(per_lead(connection))
        # A push that died: one lead in flight, one not sent.
        rows += [{**rows[0], "push": 3, "seq": k, "state": state} for k, state in enumerate(("sent", "pending"))]
        names = [*Planned._fields, "push"]
        marks = ", ".join(f":{name}" for name in names)
        connection.execute(sa.text(f"INSERT INTO tamis_outbox ({', '.join(names)}) VALUES ({marks})"), rows)
        for name in ("parcel", "outcome", "undone"):
            connection.execute(sa.text(f"DROP TABLE tamis_{name}"))
        names = ["target", "score_run", "cutoff", "scored_at", "fields", "mode", "started_at", "state", "flight"]
        died = f"SELECT {', '.join(names[:-2])}, 'running', '[[\"\", 0], [\"\", 0]]' FROM tamis_push WHERE id = 2"
        connection.execute(sa.text(f"INSERT INTO tamis_push ({', '.join(names)}) {died}"))
    assert job.push()[1]["states"] == {}
    code, said = job.push("--rollback", "run-001")
    assert (code, said["states"]) == (0, {"ok": 28})
    assert sqlite_world.held() == first
    with engine.connect() as connection:
        assert not sa.inspect(connection).has_table("tamis_outbox")
        states = connection.execute(sa.text("SELECT id, state FROM tamis_push ORDER BY id")).all()
    assert [tuple(one) for one in states][1:3] == [(2, "rolled_back"), (3, "rolled_back")]
    engine.dispose()


def test_a_lead_that_is_erased_leaves_the_ledger_and_a_rollback_leaves_it_alone(
    job: Any, sqlite_world: SqliteWorld
) -> None:
    for night in range(2):
        rows = [row(lead, propensity=0.1 + night / 10 + n / 1000) for n, lead in enumerate(LEADS)]
        publish(job.workspace, rows, night=night)
        job.push()
    with closing(open_ledger(Settings(crm=job.crm), job.root)) as ledger:
        ledger.forget("L07")
    engine = engine_of(job)
    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        kept = [str(connection.execute(sa.text(f"SELECT * FROM {name}")).all()) for name in tables]
    engine.dispose()
    assert "L07" not in "".join(kept)
    assert "0.207" not in "".join(kept)
    before = sqlite_world.held()
    assert job.push("--rollback", "run-001")[1]["states"] == {"ok": 29}
    after = sqlite_world.held()
    assert after["L07"] == before["L07"]
    assert (before["L08"]["propensity"], after["L08"]["propensity"]) == (0.208, 0.108)


def test_a_rollback_over_several_pushes_gives_back_what_stood_before_the_first(
    job: Any, sqlite_world: SqliteWorld
) -> None:
    held = []
    for night in range(3):
        rows = [row(lead, propensity=0.2 * night + n / 1000) for n, lead in enumerate(LEADS[night * 5 :])]
        publish(job.workspace, rows, night=night)
        job.push()
        held.append(sqlite_world.held())
    assert job.push("--rollback", "run-001")[1]["states"] == {"ok": 25}
    assert sqlite_world.held() == held[0]
