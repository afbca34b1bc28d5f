"""``tamis serve``: it says where it is, makes what is missing, and never imports MLflow."""

import json
import shutil
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from features.errors import OutsideError
from pipeline.console import Console
from pipeline.page import serve
from pipeline.page.places import home
from tests.demos import DEMO_NOW
from tests.served import copied

PROGRAM = """
import sys
from pathlib import Path
import uvicorn
from pipeline.console import Console
from pipeline.page import serve

def stopped(self, *given, **named):
    try:
        run(self, *given, **named)
    finally:
        told()

def told():
    heavy = [name for name in ("mlflow", "numba", "matplotlib", "shap", "duckdb", "sqlalchemy") if name in sys.modules]
    print(heavy, flush=True)

run, uvicorn.Server.run = uvicorn.Server.run, stopped
console = Console(as_json=True, log_json=True)
serve.run(Path(sys.argv[1]), host=None, port=0, user="ana", now=lambda: float(sys.argv[2]), console=console)
"""


def test_it_serves_pages_without_what_only_the_nights_need(page_made, tmp_path):
    made = copied(page_made, tmp_path)
    shutil.rmtree(home(made.workspace))
    words = [sys.executable, "-c", PROGRAM, str(made.root), str(DEMO_NOW)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    link = json.loads(process.stdout.readline())["link"]
    with httpx.Client(follow_redirects=True, timeout=60) as client:
        assert "Leads to call" in client.get(link).text
        origin = link.partition("/enter")[0]
        key = client.get(origin).text.partition('href="/lead/')[2][:32]
        assert client.get(f"{origin}/lead/{key}").status_code == 200
        assert client.get(f"{origin}/model").status_code == 200
        with socket.create_connection(("127.0.0.1", int(origin.rpartition(":")[2]))) as raw:
            raw.sendall(b"GET /?q=" + b"a" * 200_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert raw.recv(64).startswith(b"HTTP/1.1 400")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out.strip() == "[]"
    assert "Traceback" not in err
    assert "aaaa" not in err
    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    routes = [line["route"] for line in lines if line["event"] == "request"]
    assert {"/", "/lead/{key}", "/model", "/enter"} <= set(routes)
    assert "tamis: http://127.0.0.1" in err  # the next one-time link
    assert key not in err


def test_a_port_that_is_taken_and_an_open_door_are_told(page_made, tamis):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = tamis("serve", "--workspace", page_made.root, "--port", port)
    assert said.code == OutsideError.exit_code
    assert f"127.0.0.1:{port}" in said.err
    said = tamis("serve", "--workspace", page_made.root, "--host", "0.0.0.0")  # noqa: S104 (to be refused)
    assert said.code == 2
    assert "everybody could read your leads" in said.err


def test_an_index_that_cannot_be_made_is_told_once_and_a_later_run_is_tried(page_made, tmp_path, capsys, monkeypatch):
    made = copied(page_made, tmp_path)
    shutil.rmtree(home(made.workspace))
    calls = []

    def failing(words, **_named):
        calls.append(words)
        return subprocess.CompletedProcess(words, 5, "", "the disk is full")

    monkeypatch.setattr(serve.subprocess, "run", failing)
    builder = serve._Builder(made.workspace)
    builder.build()
    builder.build()
    assert len(calls) == 1
    assert "the disk is full" in capsys.readouterr().err
    monkeypatch.setattr(serve, "LOOK_SECONDS", 0.0)
    builder._failed = ""
    looks = []
    monkeypatch.setattr(builder, "build", lambda: (looks.append(1), builder.stop() if len(looks) > 2 else None))
    builder.follow()
    assert len(looks) == 3


def test_a_log_for_people_tells_errors_only(capsys):
    log = serve._log(Console())
    log({"status": 200, "route": "/"})
    log({"status": 500, "route": "/", "error": "ValueError"})
    assert capsys.readouterr().err == 'tamis: {"status": 500, "route": "/", "error": "ValueError"}\n'


@pytest.mark.parametrize(
    ("sign_in", "url", "expected"), [("proxy", "", None), ("proxy", "https://a.example", "a.example")]
)
def test_names_of_hosts_follow_the_way_of_signing_in(page_made, monkeypatch, sign_in, url, expected):
    seen = {}
    monkeypatch.setattr(serve, "create_app", lambda _page, **named: seen.update(named))
    page = page_made.settings.page.model_copy(update={"sign_in": sign_in, "url": url})
    settings = page_made.settings.model_copy(update={"page": page})

    class Shared:
        workspace = page_made.workspace

    serve.configure(Shared, None, settings, Console())
    first = seen["key"]
    serve.configure(Shared, None, settings, Console())
    assert seen["key"] == first  # sessions outlive a restart
    assert (seen["hosts"] is None) == (expected is None)
    assert expected is None or expected in seen["hosts"]
