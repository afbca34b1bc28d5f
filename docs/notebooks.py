"""Run the notebooks and keep them with their plots: ``make notebooks`` writes notebooks/out/*.ipynb."""

import sys
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"


def run(path: Path) -> NotebookNode:
    """Run a percent script from its first cell to its last.

    Parameters
    ----------
    path : Path
        The script.

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
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=900, kernel_name="python3", resources=where).execute()
    return notebook


def main(names: list[str]) -> None:
    """Run some notebooks, or all, and write them with their outputs."""
    out = FOLDER / "out"
    out.mkdir(exist_ok=True)
    for path in sorted(FOLDER.glob("*.py")):
        if not names or path.stem in names:
            jupytext.write(run(path), out / f"{path.stem}.ipynb")
            print(f"{path.name} -> {(out / path.stem).relative_to(FOLDER.parent)}.ipynb")


if __name__ == "__main__":
    main(sys.argv[1:])
