"""What is dear and never changed is made once for all processes of a session; each has a copy of its own."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

READY = "ready"


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Give a copy of a folder that the first process to ask for it makes, and that the others wait for.

    Parameters
    ----------
    factory : pytest.TempPathFactory
        Of this process.
    name : str
        Of the folder.
    make : callable
        Given a folder that does not exist yet, makes it.
    """
    base = factory.getbasetemp()
    # Beside those of the other processes.
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    shared = base / "shared" / name
    shared.mkdir(parents=True, exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / READY).exists():
            shutil.rmtree(shared / name, ignore_errors=True)
            make(shared / name)
            (shared / READY).touch()
    return Path(shutil.copytree(shared / name, factory.mktemp(name) / name))
