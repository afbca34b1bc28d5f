"""`tamis` in processes that die when they are told to: the face of `tests.crm.worlds.dying`."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

KILL = 9


class Fates:
    """Runs verbs in children of one process that has imported everything; a context that ends it.

    Parameters
    ----------
    *modules : str
        What is imported once beside the push.
    """

    def __init__(self, *modules: str) -> None:
        root = Path(__file__).parents[1]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crm.worlds.dying", *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
        )

    def __enter__(self) -> "Fates":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(
        self,
        words: Sequence[str],
        *,
        die_at: int | None = None,
        after: float | None = None,
        clock: int | None = None,
        most_bytes: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Run a verb (or ``index WORKSPACE``) and tell what became of it.

        Parameters
        ----------
        words : sequence of str
            Of the command line.
        die_at : int, optional
            Killed at that stake.
        after : float, optional
            Killed after so many seconds.
        clock : int, optional
            UTC seconds that the command line takes for now.
        most_bytes : int, optional
            No file may become larger: a disk that is full.
        environment : mapping, optional
            Added to that of the process.

        Returns
        -------
        dict
            ``signal`` (9 where it was killed), ``seconds``, ``said``; where it ended by itself ``code`` and ``events``.
        """
        task = {
            "words": list(words),
            "die_at": die_at,
            "after": after,
            "clock": clock,
            "most_bytes": most_bytes,
            "environment": dict(environment or {}),
        }
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told
