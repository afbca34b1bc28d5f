"""The same registry on a server: a real one on the loopback, a dead one, one that refuses."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from features.errors import OutsideError
from pipeline.settings import RegistrySettings
from pipeline.tracking import Registry
from pipeline.workspace import Workspace
from tests.mlflow_server import MlflowServer, free_port


@pytest.fixture
def server(tmp_path: Path, mlflow_template: Path) -> Iterator[str]:
    """A real MLflow server on the loopback, killed with everything it started."""
    running = MlflowServer(tmp_path / "server", mlflow_template)
    running.start()
    yield running.url
    running.kill()


def test_a_server_keeps_versions_evidence_and_history_as_the_embedded_store_does(server, tmp_path, small_model):
    here = Registry(Workspace(tmp_path / "here"), RegistrySettings(url=server, name="leads"))
    for _ in range(2):
        here.save(
            small_model.dump(),
            parameters={"seed": 7},
            figures={"auc": 0.8},
            artifacts={"plots/gain.png": b"\x89PNG", "evidence.json": "{}"},
            card="# Card",
            lineage={"source": "a1"},
            tags={"gates": "passed"},
        )
    here.promote(1, by="ana", why="first", at=1)
    here.promote(2, by="ana", why="better", at=2)

    there = Registry(Workspace(tmp_path / "there"), RegistrySettings(url=server, name="leads"))
    version, files = there.load("champion")

    assert (version.number, version.figures, version.card) == (2, {"auc": 0.8}, "# Card")
    assert files == small_model.dump()
    assert there.artifact(version, "plots/gain.png") == b"\x89PNG"
    assert there.rollback(by="luc", why="complaints", at=3).number == 1
    assert [move.number for move in here.history()] == [1, 2, 1]
    assert not (tmp_path / "here" / ".tamis" / "mlflow.db").exists()


def test_a_server_that_is_down_is_told_in_one_sentence_and_without_its_password(workspace):
    url = f"http://ana:secret@127.0.0.1:{free_port()}"
    with pytest.raises(OutsideError) as caught:
        Registry(workspace, RegistrySettings(url=url)).versions()
    where = url.replace("ana:secret@", "").removeprefix("http://")
    assert str(caught.value) == (
        f"No answer from the MLflow server {where}. Check registry.url, the network and the server, then try again."
    )


def test_a_token_is_sent_and_a_refusal_names_the_setting(workspace, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "")
    seen = []

    class Refusal(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_error(401)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.HTTPServer(("127.0.0.1", 0), Refusal) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{listener.server_port}"
        with pytest.raises(OutsideError, match=r"Access refused by .* valid token in TAMIS_REGISTRY__TOKEN"):
            Registry(workspace, RegistrySettings(url=url, token=SecretStr("t0ken"))).versions()
        listener.shutdown()
    assert seen == ["Bearer t0ken"]
