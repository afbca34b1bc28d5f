"""A real Chromium and a real server."""

import os
import shutil
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.console import Console
from pipeline.page.serve import configure
from tests.demos import DEMO_NOW
from tests.served import HOUR_S, Served, Site, copied, site

NAMES = ("chromium", "chromium-browser", "google-chrome")


# Of a module, not of the session: its event loop must be gone when other tests of this thread start theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this machine; without one the tests are skipped, or fail where a browser is required."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        reason = f"expected one of {', '.join(NAMES)} on the PATH, found none: apt-get install chromium"
        if os.environ.get("TAMIS_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        # A container's root has no sandbox to give.
        arguments = ["--no-sandbox"] if os.getuid() == 0 else []
        started = playwright.chromium.launch(executable_path=found, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="module")
def served(page_made: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A copy of the workspace, served on a port of its own, eight hours after it was scored."""
    made = copied(page_made, tmp_path_factory.mktemp("served"))
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    here = site(made.workspace, made.settings, now=lambda: DEMO_NOW + 8 * HOUR_S, port=port)
    server = uvicorn.Server(configure(here.page, here.page.access, here.settings, Console(log_json=True)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield here
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def page(browser: Browser, served: Site) -> Iterator[Page]:
    """A signed-in page in English; it fails on any word that the browser complains with."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    opened, complaints = context.new_page(), []
    opened.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(f"a script ran: {dialog.message}"))
    opened.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    origin = f"http://127.0.0.1:{served.settings.page.port}"
    opened.goto(f"{origin}/enter?token={served.page.access.new_token()}")
    yield opened
    context.close()
    assert complaints == []
