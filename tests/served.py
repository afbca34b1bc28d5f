"""A workspace with a page: scored twice, one lead with a script in each of its texts, and its application."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pandas as pd
import pytest

from pipeline.console import Console
from pipeline.page.access import Access
from pipeline.page.app import create_app
from pipeline.page.guard import Guard
from pipeline.page.index import build_newest
from pipeline.page.library import Index
from pipeline.page.shared import Page
from pipeline.page_settings import PageSettings
from pipeline.score import Request, score
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.workspace import Workspace
from tests.demos import DEMO_NOW, Demo
from tests.sharing import made_once

HOUR_S = 3600
EARLIER = "2026-09-28"
SCRIPT = "<script>alert('{}')</script><img src=x onerror=alert(1)>"
KEY = b"k" * 32
ORIGIN = "http://127.0.0.1:8765"


@dataclass(frozen=True)
class Served:
    """A workspace that has an index; no test may change it but its reviews."""

    root: Path
    hostile: str

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root)

    @property
    def settings(self) -> Settings:
        return load(self.root)


class Client:
    """A browser without a screen: cookies, headers, the address that it comes from."""

    def __init__(self, app: Guard, peer: str, headers: Mapping[str, str]) -> None:
        transport = httpx.ASGITransport(app, client=(peer, 50_000))
        self._client = httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=dict(headers))

    @property
    def headers(self) -> httpx.Headers:
        return self._client.headers

    @property
    def cookies(self) -> httpx.Cookies:
        return self._client.cookies

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            return await self._client.request(method, path, **given)

        return anyio.run(ask)

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.request("POST", path, **given)


@dataclass
class Site:
    """An application on a workspace, and what it logged."""

    workspace: Workspace
    settings: Settings
    page: Page
    app: Guard
    log: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def index(self) -> Index:
        index = self.page.library.current()
        assert index is not None
        return index

    def client(self, peer: str = "127.0.0.1", **headers: str) -> Client:
        return Client(self.app, peer, headers)

    def asked_raw(self, query: bytes) -> int:
        """Status of a request that no client would make."""
        scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": query, "headers": []}
        sent: list[Any] = []

        async def ask() -> None:
            async def receive() -> dict[str, Any]:
                return {"type": "http.request"}

            async def send(message: Any) -> None:
                sent.append(message)

            await self.app({**scope, "client": ("127.0.0.1", 1)}, receive, send)

        anyio.run(ask)
        return int(sent[0]["status"])

    def manager(self) -> Client:
        """Somebody who opened the one-time link."""
        client = self.client()
        assert client.get(f"/enter?token={self.page.access.new_token()}").status_code == 303
        return client


def site(
    workspace: Workspace, settings: Settings, now: Callable[[], float] = lambda: DEMO_NOW + 8 * HOUR_S, **page: Any
) -> Site:
    """Put an application on a workspace; keywords change settings of the page."""
    chosen = PageSettings.model_validate({**settings.page.model_dump(), "requests_per_minute": 10_000, **page})
    settings = settings.model_copy(update={"page": chosen})
    shared = Page(workspace, settings, Access(chosen, "tester", now), now)
    log: list[Mapping[str, Any]] = []
    hosts = ("127.0.0.1", "localhost") if chosen.sign_in == "token" else None
    return Site(workspace, settings, shared, create_app(shared, key=KEY, log=log.append, hosts=hosts), log)


@pytest.fixture(scope="session")
def page_made(demo_made: Demo, tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A demo whose page is ready: made once."""
    hostile: str = demo_made.shown["hottest"][0]["lead_id"]

    def make(root: Path) -> None:
        shutil.copytree(demo_made.root, root)
        shutil.rmtree(root / ".tamis" / "scores")
        _spoil(root, hostile)
        made = Served(root, hostile)
        limits = made.settings.limits.model_copy(update={"threads": 1})
        settings = made.settings.model_copy(update={"limits": limits})
        for as_of, now in ((EARLIER, DEMO_NOW - HOUR_S), (None, DEMO_NOW)):
            score(made.workspace, settings, Request(as_of=as_of), now=now, console=Console(as_json=True))
        assert build_newest(made.workspace, settings, Console(as_json=True)) is not None

    return Served(made_once(tmp_path_factory, "page", make), hostile)


def _spoil(root: Path, best: str) -> None:
    """Put a script into every text of the lead that is worth most, and of its company."""
    leads = pd.read_csv(root / "data" / "leads.csv", dtype=str)
    at = leads.index[leads["lead_id"] == best]
    for name in ("display_name", "job_title", "source", "owner", "crm_used", "seniority"):
        leads.loc[at, name] = SCRIPT.format(name)
    accounts = pd.read_csv(root / "data" / "accounts.csv", dtype=str)
    of = accounts["account_id"] == leads.loc[at, "account_id"].iloc[0]
    for name in ("name", "industry", "region"):
        accounts.loc[of, name] = SCRIPT.format(name)
    leads.to_csv(root / "data" / "leads.csv", index=False)
    accounts.to_csv(root / "data" / "accounts.csv", index=False)
    answers = pd.read_csv(root / "data" / "answers.csv", dtype=str)
    said = pd.DataFrame(
        {"lead_id": [best], "known_at": ["2026-09-01T08:00:00Z"], "criterion": ["budget"], "answer": [SCRIPT]}
    )
    pd.concat([answers, said]).to_csv(root / "data" / "answers.csv", index=False)


def copied(made: Served, folder: Path) -> Served:
    """A copy that a test may change."""
    root = folder / "workspace"
    shutil.copytree(made.root, root)
    return replace(made, root=root)
