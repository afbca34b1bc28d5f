"""Where the public data sets stand: the folder named by TAMIS_DATASETS, else ../shared/datasets."""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def folder(name: str) -> Path:
    """Find the folder of one data set, or end with a sentence that says what to do."""
    root = Path(os.environ.get("TAMIS_DATASETS", PROJECT.parent / "shared" / "datasets"))
    path = root / name
    if not path.is_dir():
        sys.exit(f"{path} does not exist. Set TAMIS_DATASETS to the folder that holds {name}/.")
    return path


def output(script: str) -> Path:
    """Make the data folder beside a prepare.py; TAMIS_EXAMPLE_DATA names another."""
    path = Path(os.environ.get("TAMIS_EXAMPLE_DATA", Path(script).resolve().parent / "data"))
    path.mkdir(parents=True, exist_ok=True)
    return path
