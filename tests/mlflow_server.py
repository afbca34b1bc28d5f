"""A real MLflow server on the loopback, that can be killed and come back."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from pipeline.store import sqlite_uri


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class MlflowServer:
    """One server with a store of its own.

    Parameters
    ----------
    folder : Path
        For store, artifacts and log; made here.
    template : Path
        An MLflow database with every migration, to begin with.
    """

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        folder.mkdir()
        shutil.copyfile(template, folder / "mlflow.db")
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        database = sqlite_uri(self._folder / "mlflow.db")
        options = ["--backend-store-uri", database, "--artifacts-destination", self._folder / "artifacts"]
        address = ["--host", "127.0.0.1", "--port", str(self._port), "--workers", "1"]
        with (self._folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "server", *options, *address],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(self.url + "/health", timeout=5).close()  # noqa: S310 (the loopback)
            except OSError:
                if time.monotonic() > deadline:
                    self.kill()
                    raise TimeoutError((self._folder / "log").read_text()) from None
                time.sleep(0.2)
            else:
                return

    def kill(self) -> None:
        """Kill it with everything it started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=30)
