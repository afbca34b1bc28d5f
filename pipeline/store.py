"""The embedded MLflow store of a workspace: made once and whole, and still found after the folder moved.

``.tamis/mlflow.db`` (SQLite) and ``.tamis/artifacts/``. MLflow itself is imported by ``pipeline.tracking``.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from features.errors import OutsideError
from pipeline.workspace import Workspace

# Every place where MLflow 3.17 writes an absolute location; `source` of a version holds models:/m-..., no path.
LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)
BUSY_SECONDS = 20.0


def database(workspace: Workspace) -> Path:
    """Path of the workspace's MLflow database, absolute."""
    return workspace.home.resolve() / "mlflow.db"


def artifacts_uri(workspace: Workspace) -> str:
    """``file:`` address of the workspace's artifacts, present or future."""
    return (workspace.home.resolve() / "artifacts").as_uri()


def sqlite_uri(path: Path) -> str:
    """Address of a SQLite file as SQLAlchemy and MLflow read it, whatever characters the path holds.

    Examples
    --------
    >>> sqlite_uri(Path("/data/clients 50% #1/mlflow.db"))
    'sqlite:////data/clients 50%25 %231/mlflow.db'
    """
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def ensure(workspace: Workspace, migrate: Callable[[str], None]) -> str:
    """Make the store where there is none, mend its locations where the workspace moved, return its address.

    Parameters
    ----------
    workspace : Workspace
        Where ``.tamis/`` stands.
    migrate : callable
        Given the address of a database that does not exist, makes MLflow create it.

    Returns
    -------
    str
        SQLAlchemy address of a complete store.

    Raises
    ------
    OutsideError
        The file is not a database, or cannot be written.
    """
    path = database(workspace)
    with _database_errors(path):
        if _absent(path):
            with workspace.lock("mlflow", wait=True):
                if _absent(path):
                    _create(workspace, path, migrate)
        if _misplaced(path, workspace):
            with workspace.lock("mlflow", wait=True):
                relocate(path, workspace)
    return sqlite_uri(path)


def relocate(path: Path, workspace: Workspace) -> int:
    """Point every location that lay in some ``.tamis/artifacts`` at this workspace's own, in one transaction.

    Returns
    -------
    int
        Number of rows rewritten.
    """
    rewritten = 0
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        for table, column in LOCATIONS:
            found = connection.execute(f'SELECT DISTINCT "{column}" FROM "{table}"').fetchall()  # noqa: S608 (names from the constant above)
            for (old,) in found:
                if (new := _present(old, workspace)) != old:
                    cursor = connection.execute(
                        f'UPDATE "{table}" SET "{column}" = ? WHERE "{column}" = ?',  # noqa: S608 (as above)
                        (new, old),
                    )
                    rewritten += cursor.rowcount
    return rewritten


def _absent(path: Path) -> bool:
    # SQLite leaves an empty file behind when a process dies before its first page.
    return not path.exists() or path.stat().st_size == 0


def _create(workspace: Workspace, path: Path, migrate: Callable[[str], None]) -> None:
    with workspace.scratch() as folder:
        fresh = folder / "mlflow.db"
        with _without_sync():
            migrate(sqlite_uri(fresh.resolve()))
        descriptor = os.open(fresh, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(path)


@contextlib.contextmanager
def _without_sync() -> Iterator[None]:
    """Let SQLite write without waiting for the disk, which a new store would do 1,084 times.

    Safe because the file gets its name only once it is whole and synchronised.
    """

    def switch_off(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.close()

    event.listen(Engine, "connect", switch_off)
    try:
        yield
    finally:
        event.remove(Engine, "connect", switch_off)


def _misplaced(path: Path, workspace: Workspace) -> bool:
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
        found = connection.execute("SELECT artifact_location FROM experiments").fetchall()
    return any(_present(location, workspace) != location for (location,) in found)


def _present(location: str | None, workspace: Workspace) -> str | None:
    """Where that location is today: unchanged unless it lay in a workspace's artifacts."""
    if location is None or not location.startswith("file:"):
        return location
    _, marker, tail = location.rpartition(f"/{workspace.home.name}/artifacts")
    if not marker or not (tail == "" or tail.startswith("/")):
        return location
    return artifacts_uri(workspace) + tail


@contextlib.contextmanager
def _database_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise OutsideError(
            f"{path.parent.name}/{path.name}: expected an MLflow database that can be read and written, "
            f"found: {error}. Correct its rights or restore it from a backup; where there is none, one is made."
        ) from error
