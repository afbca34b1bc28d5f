"""A process that runs `tamis` in children and kills them with SIGKILL at the n-th point where something was at stake.

Reads one JSON object a line (``words``, ``die_at``), answers with one (``signal``, ``events``). It imports once and
forks for each job: twenty deaths take seconds.
"""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

from pipeline.cli import run_verb
from pipeline.crm import postgres, push, tryton
from pipeline.crm.http import Wire
from pipeline.crm.ledger import Ledger

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


def live(words: list[str], die_at: int | None, report: int) -> None:
    fate = Fate(die_at)
    fate.transactions()
    fate.around(Wire, "send")
    fate.around(postgres.PostgresTable, "_stage")
    fate.around(postgres.PostgresTable, "write")
    fate.around(tryton.Tryton, "write")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    code = run_verb(words)
    os.write(report, json.dumps({"events": fate.events, "code": code}).encode())
    os._exit(0)


def main() -> None:
    for line in sys.stdin:
        task = json.loads(line)
        reading, writing = os.pipe()
        if not (child := os.fork()):
            os.environ.update(task["environment"])
            live(task["words"], task["die_at"], writing)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reading) as told:
            text = told.read()
        sys.stdout.write(json.dumps({"signal": os.WTERMSIG(status), **json.loads(text or "{}")}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
