"""Kill -9, of the job and of the CRM: whatever dies, a rerun ends as if nothing had happened."""

import random
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crm.worlds.face import World
from tests.crm.worlds.postgres import FIELDS, PostgresWorld
from tests.crm.worlds.runs import publish, row
from tests.crm.worlds.tryton import TrytonServer, TrytonWorld
from tests.fates import KILL, Fates

LEADS = [f"L{number:03d}" for number in range(24)]


@pytest.fixture(scope="module")
def fates() -> Iterator[Callable[..., dict[str, Any]]]:
    """Run `tamis push` in a child that dies at a given point."""
    with Fates() as made:

        def run(job: Any, die_at: int | None) -> dict[str, Any]:
            environment = {"TAMIS_CRM__TOKEN": job.token, "TAMIS_DEBUG": "1"}
            words = ["push", "--workspace", str(job.root), "--json"]
            return made.run(words, die_at=die_at, environment=environment)

        yield run


def reset(world: World, job: Any) -> None:
    """As before the first push."""
    shutil.rmtree(job.root / ".tamis" / "locks", ignore_errors=True)
    for path in (job.root / ".tamis").glob("ledger.db*"):
        path.unlink()
    if isinstance(world, PostgresWorld):
        world.run("ALTER TABLE leads DISABLE TRIGGER remember")
        world.run("UPDATE leads SET " + ", ".join(f"{name} = NULL" for name in FIELDS.values()))
        world.run("ALTER TABLE leads ENABLE TRIGGER remember; TRUNCATE revisions")
    else:
        world.empty()


@pytest.mark.parametrize(("kind", "deaths"), [("postgres", 20), ("tryton", 20)])
def test_the_job_killed_at_20_random_points_and_run_again_ends_as_if_undisturbed(
    kind: str, deaths: int, fates: Callable[..., dict[str, Any]], pushing: Callable[..., Any], request: Any
) -> None:
    world: World = request.getfixturevalue(f"{kind}_world")
    job = pushing(world, batch=5)
    publish(job.workspace, [row(lead, propensity=n / 100) for n, lead in enumerate(LEADS)], parts=4)
    world.add(*LEADS)
    before = world.revisions()
    undisturbed = fates(job, None)
    assert (undisturbed["signal"], undisturbed["code"]) == (0, 0)
    wanted, once = world.held(), world.revisions() - before
    assert (len(wanted), once) == (len(LEADS), len(LEADS))
    points = random.Random(5).sample(range(1, undisturbed["events"] + 1), deaths)  # noqa: S311
    for point in points:
        reset(world, job)
        before = world.revisions()
        assert fates(job, point)["signal"] == KILL
        # What was written before the death is what the rerun would write.
        assert all(values in (wanted[lead], dict.fromkeys(values)) for lead, values in world.held().items())
        code, said = job.push()
        assert (code, said["refused"]) == (0, [])
        assert world.held() == wanted
        assert world.revisions() - before == once, f"written twice after a death at point {point}"
    assert job.push()[1]["written"] == 0


def test_the_crm_killed_while_it_writes_ends_as_if_undisturbed(
    tryton_template: Path, tmp_path: Path, pushing: Callable[..., Any]
) -> None:
    server = TrytonServer(tmp_path / "server", tryton_template)
    server.start()
    try:
        world = TrytonWorld(server, "s3cr3t-Tök€n!")
        job = pushing(world, batch=50, patience_seconds=60)
        leads = [f"L{number:03d}" for number in range(200)]
        world.add(*leads)
        publish(job.workspace, [row(lead, propensity=n / 1000) for n, lead in enumerate(leads)])
        before = world.revisions()

        def die_and_rise() -> None:
            server.killed_while("write", at=2)
            server.start()

        killer = threading.Thread(target=die_and_rise)
        killer.start()
        code, said = job.push()
        killer.join()
        assert (code, said["states"]) == (0, {"ok": 200})
        assert {lead: values["propensity"] for lead, values in world.held().items()} == {
            lead: n / 1000 for n, lead in enumerate(leads)
        }
        assert world.revisions() - before == 200
    finally:
        server.stop()
