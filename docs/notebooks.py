"""Run the notebooks and keep them with their plots: ``make notebooks`` writes notebooks/out/*.ipynb."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jupytext
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"


@contextmanager
def started() -> Iterator[KernelManager]:
    """Keep a kernel, in which what notebooks import is imported once."""
    manager = KernelManager(kernel_name="python3")
    # What draws progress bars asks for widgets that a kept notebook has no use for.
    manager.start_kernel(env={**os.environ, "PYTHONWARNINGS": "ignore:IProgress not found"})
    try:
        yield manager
    finally:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
        manager.context.destroy()


def run(path: Path, kernel: KernelManager) -> NotebookNode:
    """Run a percent script from its first cell to its last, with no variable of another one's.

    Parameters
    ----------
    path : Path
        The script.
    kernel : KernelManager
        Of `started`.

    Returns
    -------
    NotebookNode
        With its outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        A cell fails.
    """
    notebook = jupytext.read(path)
    notebook.cells.insert(0, new_code_cell("%reset -f"))
    where = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, km=kernel, timeout=900, resources=where)
    client.execute()
    client.kc.stop_channels()
    del notebook.cells[0]
    return notebook


def main(names: list[str]) -> None:
    """Run some notebooks, or all, and write them with their outputs."""
    out = FOLDER / "out"
    out.mkdir(exist_ok=True)
    with started() as kernel:
        for path in sorted(FOLDER.glob("*.py")):
            if not names or path.stem in names:
                jupytext.write(run(path, kernel), out / f"{path.stem}.ipynb")
                print(f"{path.name} -> notebooks/out/{path.stem}.ipynb")


if __name__ == "__main__":
    main(sys.argv[1:])
