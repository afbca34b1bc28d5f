"""The rows that were set aside, as CSV files that a person opens in a spreadsheet, corrects and puts back."""

import csv
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from pipeline.cells import select
from pipeline.spreadsheets import harmless
from pipeline.staging import scan

BATCH = 10_000
KEPT = 30


def write(
    connection: duckdb.DuckDBPyConnection, staged: Path, headers: Mapping[str, Sequence[str]], folder: Path
) -> None:
    """Write ``TABLE.csv`` for each table of which rows were set aside, unless it is there already.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Reads what staging kept.
    staged : Path
        The folder with ``TABLE.quarantine.parquet``.
    headers : mapping of str to sequence of str
        The source's own column names, by table.
    folder : Path
        ``quarantine/STAMP``; made where there is something to write.
    """
    for path in sorted(staged.glob("*.quarantine.parquet")):
        table = path.name.split(".")[0]
        target = folder / f"{table}.csv"
        if target.is_file():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        building = folder / f".{table}.{os.getpid()}.csv"
        cursor = connection.execute(select(["*"], scan(path)))
        # The mark makes Excel read accents as what they are.
        with building.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["row", "reason", *map(harmless, headers[table])])
            while rows := cursor.fetchmany(BATCH):
                writer.writerows([row[0], *map(harmless, row[1:])] for row in rows)
        building.rename(target)
    forget_oldest(folder.parent, KEPT)


def forget_oldest(folder: Path, kept: int) -> None:
    """Remove all but the folders that were touched last; those in the making begin with a dot and stay."""
    if not folder.is_dir():
        return
    stamps = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for path in sorted(stamps, key=lambda path: path.stat().st_mtime_ns, reverse=True)[kept:]:
        shutil.rmtree(path, ignore_errors=True)
