"""``python -m tests.bad_input``: try every case, say which do not hold, print the table."""

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bad_input import templates
from tests.bad_input.corpus import Tried, attempt, tally
from tests.bad_input.every_case import CASES


def everything() -> list[Tried]:
    """Try every case, the many alike included: some minutes."""
    with tempfile.TemporaryDirectory() as name:
        made = {kind: getattr(templates, kind)(Path(name) / kind) for kind in ("bare", "worked")}
        tried = []
        for number, case in enumerate(CASES):
            folder = Path(name) / f"case-{number}"
            folder.mkdir()
            tried.append(attempt(case, made[case.template], folder))
        return tried


def main() -> int:
    """Say what does not hold, print the table, give the exit code."""
    results = everything()
    for one in results:
        for fault in one.faults:
            sys.stderr.write(f"{one.case.name}: {fault}\n")
    table = Table("Bad input", "Cases", "Held", "Mended")
    for row in tally(results):
        table.add_row(row.group, *map(str, row[1:]))
    Console().print(table)
    return int(any(one.faults for one in results))


if __name__ == "__main__":
    sys.exit(main())
