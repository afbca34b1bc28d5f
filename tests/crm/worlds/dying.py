"""A process that runs `tamis` in children and kills them with SIGKILL: at the n-th point where something was at stake,
or after so many seconds.

Reads one JSON object a line (see `tests.fates.Fates.run`), answers with one (``signal``, ``events``, ``code``,
``said``, ``seconds``). It imports once, what its arguments name too, and forks for each job.
"""

import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline import cli
from pipeline.crm import postgres, push, tryton
from pipeline.crm.http import Wire
from pipeline.crm.ledger import Ledger
from pipeline.page import build

assert push  # imported before the first fork


class Fate:
    """Counts what is at stake, and ends the process when the time has come."""

    def __init__(self, die_at: int | None) -> None:
        self.events, self.die_at = 0, die_at

    def stake(self) -> None:
        self.events += 1
        if self.events == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: type, name: str) -> None:
        """Before and after a call."""
        original: Callable[..., Any] = getattr(owner, name)

        def called(*given: Any, **named: Any) -> Any:
            self.stake()
            result = original(*given, **named)
            self.stake()
            return result

        setattr(owner, name, called)

    def transactions(self) -> None:
        """Before a transaction of the ledger, before its commit, and after it."""
        original = Ledger._transaction

        @contextlib.contextmanager
        def transaction(ledger: Ledger) -> Iterator[Any]:
            self.stake()
            with original(ledger) as connection:
                yield connection
                self.stake()
            self.stake()

        Ledger._transaction = transaction  # type: ignore[assignment, method-assign]


def live(task: dict[str, Any], report: int) -> None:
    os.environ.update(task["environment"])
    fate = Fate(task["die_at"])
    fate.transactions()
    fate.around(Wire, "send")
    fate.around(postgres.PostgresTable, "_stage")
    fate.around(postgres.PostgresTable, "write")
    fate.around(tryton.Tryton, "write")
    if task["clock"] is not None:
        cli._now = lambda: task["clock"]
    if task["most_bytes"] is not None:
        # The kernel answers a write beyond it by a signal, which Python ignores, and by an error.
        resource.setrlimit(resource.RLIMIT_FSIZE, (task["most_bytes"], task["most_bytes"]))
    words = task["words"]
    code = build.main(Path(words[1])) if words[0] == "index" else cli.run_verb(words)
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(report, json.dumps({"events": fate.events, "code": code}).encode())
    os._exit(0)


def wait(child: int, seconds: float | None) -> int:
    """The status of a child, which is killed after so many seconds."""
    if seconds is not None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return status
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def main() -> None:
    for name in sys.argv[1:]:
        importlib.import_module(name)
    for line in sys.stdin:
        task = json.loads(line)
        reading, writing = os.pipe()
        with tempfile.TemporaryFile() as said:
            start = time.monotonic()
            if not (child := os.fork()):
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                live(task, writing)
            os.close(writing)
            status = wait(child, task["after"])
            seconds = time.monotonic() - start
            with os.fdopen(reading) as told:
                text = told.read()
            said.seek(0)
            what = said.read().decode(errors="replace")
        answer = {"signal": os.WTERMSIG(status), "seconds": seconds, "said": what, **json.loads(text or "{}")}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
