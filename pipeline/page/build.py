"""``python -m pipeline.page.build WORKSPACE``: the index of the newest run, made outside the process of the page."""

import sys
from pathlib import Path

from features.errors import TamisError
from pipeline.console import Console
from pipeline.machine_errors import of_the_machine
from pipeline.page.index import build_newest
from pipeline.settings_file import load
from pipeline.workspace import Workspace


def main(root: Path) -> int:
    """Build, and give the exit code."""
    try:
        build_newest(Workspace(root), load(root), Console())
    except Exception as error:
        told = error if isinstance(error, TamisError) else of_the_machine(error)
        if told is None:
            raise
        sys.stderr.write(f"{told}\n")
        return told.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
