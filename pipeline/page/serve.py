"""``tamis serve``: make the index where it is missing, say where the page is, and serve it until it is stopped."""

import contextlib
import hashlib
import json
import logging
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import uvicorn

from features.errors import OutsideError, TamisError
from pipeline import score_runs
from pipeline.console import Console
from pipeline.page.access import LOOPBACK, Access, check_binding
from pipeline.page.app import create_app
from pipeline.page.guard import Log
from pipeline.page.page_words import say
from pipeline.page.places import home, is_current, secret
from pipeline.page.shared import Page
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.workspace import Workspace, ensure_writable

LOOK_SECONDS = 30.0
LARGEST_HEAD = 16_384
SERVER_ERROR = 500


class _Builder:
    """Makes indexes in a process of its own: what reads the registry and a million rows never weighs on the page."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stop = threading.Event()
        self._failed = ""

    def build(self) -> None:
        """Index the newest run where that is missing; a failure is told once, and the page shows what it has."""
        newest = score_runs.newest(self._workspace, "portfolio")
        if newest is None or is_current(home(self._workspace) / newest.run_id) or newest.run_id == self._failed:
            return
        words = [sys.executable, "-m", "pipeline.page.build", str(self._workspace.root.resolve())]
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 (our own interpreter)
        if done.returncode:
            self._failed = newest.run_id
            sys.stderr.write(f"tamis: the index of run {newest.run_id} failed: {done.stderr.strip()}\n")

    def follow(self) -> None:
        """Look from time to time; where the score run makes the index itself, this one waits for it."""
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.build()
            except TamisError as error:
                sys.stderr.write(f"tamis: {error}\n")

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()


def run(
    root: Path, *, host: str | None, port: int | None, user: str, now: Callable[[], float], console: Console
) -> None:
    """Serve the page.

    Raises
    ------
    UseError
        Settings that would show leads to anybody.
    OutsideError
        The port is taken.
    """
    settings = _settings(load(root), host, port)
    check_binding(settings.page)
    workspace = Workspace(root)
    ensure_writable(workspace)
    builder = _Builder(workspace)
    with console.step("Looking at the page's index"):
        builder.build()
    access = Access(settings.page, user, now)
    page = Page(workspace, settings, access, now)
    if (index := page.library.current()) is not None:
        # The first reader does not wait for the model.
        _ = index.model
    # Its own pool keeps what it once had for good; the page would hold tens of megabytes for nothing.
    pa.set_memory_pool(pa.system_memory_pool())
    # Rows are read one by one: to hand each piece to a thread takes longer than to read it.
    pa.set_io_thread_count(1)
    listening = _listen(settings)
    settings = _settings(settings, None, listening.getsockname()[1])
    server = uvicorn.Server(configure(page, access, settings, console))
    link = _link(access, settings, settings.page.url or f"http://{_named(settings.page.host)}:{settings.page.port}")
    console.show(
        {"link": link, "sign_in": settings.page.sign_in}, say("open_link", settings.output.language, link=link)
    )
    threading.Thread(target=builder.follow, daemon=True).start()
    try:
        # Ctrl-C is how the page is stopped; uvicorn ends in order and raises it again.
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
    finally:
        builder.stop()
        listening.close()


def _settings(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings, with what the command line says over them."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return settings.model_copy(update={"page": settings.page.model_copy(update=given)})


def configure(page: Page, access: Access, settings: Settings, console: Console) -> uvicorn.Config:
    """The server: nothing of it speaks but our own log."""
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    by_link = settings.page.sign_in == "token"
    # Whoever holds a one-time link signs in anew when the page starts anew; others keep their session.
    key = secrets.token_bytes(32) if by_link else hashlib.blake2b(b"session", key=secret(page.workspace)).digest()
    name = urlsplit(settings.page.url).hostname
    hosts = tuple({*LOOPBACK, *([name] if name else [])}) if by_link or name else None

    def again() -> None:
        address = settings.page.url or f"http://{_named(settings.page.host)}:{settings.page.port}"
        sys.stderr.write(f"tamis: {_link(access, settings, address)}\n")

    return uvicorn.Config(
        create_app(page, key=key, log=_log(console), hosts=hosts, announce=again),
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        timeout_keep_alive=15,
        limit_concurrency=200,
    )


def _log(console: Console) -> Log:
    """One line a request: on stderr as JSON where that was asked for, else only what went wrong."""

    def log(facts: Mapping[str, Any]) -> None:
        if console.log_json:
            console.log("request", **facts)
        elif facts["status"] >= SERVER_ERROR:
            sys.stderr.write(f"tamis: {json.dumps(facts)}\n")

    return log


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.page.host, settings.page.port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise OutsideError(
            f"page: expected to listen on {host}:{port}, found: {error.strerror}. Free it, or choose another --port."
        ) from error


def _named(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _link(access: Access, settings: Settings, address: str) -> str:
    """What to open: with a one-time token, or the address alone."""
    return f"{address}/enter?token={access.new_token()}" if settings.page.sign_in == "token" else address
