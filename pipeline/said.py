"""Small SQLite databases of what people said, beside the runs: one transaction at a time, many writers."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from features.errors import OutsideError

BUSY_SECONDS = 10.0


@contextlib.contextmanager
def transaction(path: Path, what: str) -> Iterator[sqlite3.Connection]:
    """Work on a database in one transaction; waits its turn where somebody else writes.

    Parameters
    ----------
    path : pathlib.Path
        Made where it is missing.
    what : str
        What it holds, for the message: ``reviews``.

    Raises
    ------
    OutsideError
        The database cannot be read or written.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection, connection:
            yield connection
    except sqlite3.Error as error:
        raise OutsideError(
            f"{path.parent.name}/{path.name}: expected a database of {what} that can be read and written, found: "
            f"{error}. Correct its rights or restore it from a backup."
        ) from error


def everything(path: Path, what: str, query: str) -> list[tuple[Any, ...]]:
    """Read a database; nothing where nobody has said anything yet.

    Raises
    ------
    OutsideError
        The database cannot be read.
    """
    if not path.is_file():
        return []
    with transaction(path, what) as connection:
        return connection.execute(query).fetchall()
