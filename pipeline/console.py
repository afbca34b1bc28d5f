"""What the command line prints: a result for people or one JSON object, steps and logs on stderr."""

import json
import os
import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType


class Console:
    """One run's voice.

    Parameters
    ----------
    as_json : bool
        Print the result as one JSON object instead of for people.
    log_json : bool
        Log each step as a JSON line on stderr instead of showing a spinner.
    """

    def __init__(self, *, as_json: bool = False, log_json: bool = False) -> None:
        self.as_json = as_json
        self.log_json = log_json
        self._shown = False

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show that a step is running; log when it ended and how long it took."""
        began = time.perf_counter()
        if self.log_json or self.as_json or not sys.stderr.isatty():
            yield
        else:
            from rich.console import Console as Rich  # noqa: PLC0415 (start-up time)

            with Rich(stderr=True).status(text):
                yield
        self.log("step", text=text, seconds=round(time.perf_counter() - began, 3))

    def log(self, event: str, **facts: Any) -> None:
        """Write one JSON line on stderr, where logging was asked for."""
        if self.log_json:
            line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
            sys.stderr.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")

    def show(self, result: Mapping[str, Any], *views: "RenderableType") -> None:
        """Print a result once: as JSON, or as its views."""
        if self.as_json:
            self._object(result)
            return
        from rich.console import Console as Rich  # noqa: PLC0415 (start-up time)
        from rich.table import Table  # noqa: PLC0415 (start-up time)

        screen = Rich(soft_wrap=not sys.stdout.isatty(), highlight=False)
        with _reader_may_leave():
            for view in views:
                if isinstance(view, Table):
                    for column in view.columns:
                        column.overflow = "fold"  # rich would cut a long word and show three dots
                screen.print(view)
            sys.stdout.flush()

    def fail(self, message: str, exit_code: int) -> None:
        """Say why a run ended early: to people on stderr, as JSON on stdout unless a result stands there."""
        self.log("error", message=message, exit_code=exit_code)
        if self.as_json and not self._shown:
            self._object({"error": message, "exit_code": exit_code})
        elif not self.log_json:
            sys.stderr.write(f"tamis: {visible(message)}\n")

    def _object(self, result: Mapping[str, Any]) -> None:
        text = json.dumps(result, ensure_ascii=False, allow_nan=False, default=str)
        self._shown = True
        with _reader_may_leave():
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


def visible(text: str) -> str:
    r"""Write control characters as what they are: a name of a file must not move a terminal's cursor.

    Examples
    --------
    >>> print(visible("leads\x1b[2J.csv: no row.\n  Export it again."))
    leads\x1b[2J.csv: no row.
      Export it again.
    """
    return "".join(
        mark if mark in "\n\t" or unicodedata.category(mark) not in ("Cc", "Cs") else repr(mark)[1:-1] for mark in text
    )


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """Let the reader of a pipe stop reading (``| head``): what is left to print goes nowhere, and the run goes on."""
    try:
        yield
    except (BrokenPipeError, SystemExit):  # rich makes the second of the first
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
