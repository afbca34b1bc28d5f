"""Servers started once, a CRM of its own for each test, and a workspace that pushes to it."""

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.settings import Settings
from pipeline.settings_file import FILE_NAME
from pipeline.settings_template import render
from pipeline.workspace import Workspace
from tests.crm.worlds.face import World
from tests.crm.worlds.files import CsvWorld, SqliteWorld
from tests.crm.worlds.hubspot import HubSpotMock
from tests.crm.worlds.mock import MockWorld
from tests.crm.worlds.odoo import OdooMock, OldOdooMock
from tests.crm.worlds.postgres import PostgresWorld
from tests.crm.worlds.salesforce import SalesforceMock
from tests.crm.worlds.tryton import TrytonServer, TrytonWorld, template

collect_ignore = ["tryton_addon"]
SECRET = "s3cr3t-Tök€n!"  # noqa: S105 (of servers that live as long as the tests)
API_KEY = "s3cr3t-k3y"  # goes into a header, where only plain characters may stand


@pytest.fixture
def postgres_world(postgres: str) -> PostgresWorld:
    return PostgresWorld(postgres, f"crm_{secrets.token_hex(4)}", SECRET)


@pytest.fixture(scope="session")
def tryton_template(request: pytest.FixtureRequest) -> Path:
    """Tryton's database, made once for this machine (a minute) and kept by pytest's cache."""
    cache = getattr(request.config, "cache", None)
    folder = cache.mkdir("tryton") if cache else request.getfixturevalue("tmp_path_factory").mktemp("tryton")
    return template(folder, SECRET)


@pytest.fixture(scope="session")
def tryton(tryton_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    """One running Tryton for the session."""
    server = TrytonServer(tmp_path_factory.mktemp("tryton"), tryton_template)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def tryton_world(tryton: TrytonServer) -> TrytonWorld:
    return TrytonWorld(tryton, SECRET)


@pytest.fixture
def sqlite_world(tmp_path: Path) -> SqliteWorld:
    return SqliteWorld(tmp_path)


@pytest.fixture
def csv_world(tmp_path: Path) -> CsvWorld:
    return CsvWorld(tmp_path)


def mocked(kind: type[MockWorld]) -> Any:
    @pytest.fixture
    def world() -> Iterator[MockWorld]:
        made = kind(API_KEY)
        yield made
        made.close()

    return world


hubspot_world = mocked(HubSpotMock)
odoo_world = mocked(OdooMock)
old_odoo_world = mocked(OldOdooMock)
salesforce_world = mocked(SalesforceMock)


@pytest.fixture
def pushing(tmp_path: Path, tamis: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Give a CRM a workspace; the result has ``root``, ``workspace`` and ``push(*words)`` -> (code, JSON)."""

    def make(world: World, **crm: Any) -> Pushing:
        monkeypatch.setenv("TAMIS_DEBUG", "1")  # a bug shows where it is
        settings = {**world.settings, "patience_seconds": 5.0, **crm}
        if world.token:
            monkeypatch.setenv("TAMIS_CRM__TOKEN", world.token)
        return Pushing(tmp_path, settings, tamis, world.token)

    return make


class Pushing:
    """A workspace whose settings reach a CRM."""

    def __init__(self, root: Path, crm: dict[str, Any], tamis: Callable[..., Any], token: str | None) -> None:
        self.root, self.crm, self._tamis, self.token = root, crm, tamis, token
        self.workspace = Workspace(root)
        self.set()

    def set(self, **crm: Any) -> None:
        self.crm.update(crm)
        (self.root / FILE_NAME).write_text(render(Settings(crm=self.crm)), encoding="utf-8")  # type: ignore[arg-type]

    def said(self, *words: str) -> Any:
        return self._tamis("push", *words, "--workspace", self.root)

    def push(self, *words: str) -> tuple[int, dict[str, Any]]:
        said = self.said(*words, "--json")
        return said.code, json.loads(said.out)
