"""How tables are spoilt."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import SCHEMA
from tests.bad_input.corpus import Case
from tests.bad_input.templates import lines, parquet, raw

T = "2025-03-01T10:00:00Z"
LEADS = ("lead_id,created_at", f"a,{T}", f"b,{T}")
CELLS = {"id": "a", "time": T, "number": "1", "text": "won", "flag": "0"}
REFUSED = "The data cannot be used"
UNTAUGHT = 2  # what sound leads without outcomes end with
PASSES = 4  # and what leads with too few of them do
MEGABYTE = 1 << 20


def case(what: str, spoil: Callable[[Path], object], *says: str, code: int = 3, verb: str = "check") -> Case:
    return Case(f"tables: {what}", (verb,), code, says, spoil)


def raw_file(name: str, content: bytes | Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda root: raw(root, name, content if isinstance(content, bytes) else content())


def table_of(table: str, *rows: str) -> Callable[[Path], object]:
    """Two leads, and a table of these lines."""

    def spoil(root: Path) -> None:
        if table != "outcomes":
            (root / "data" / "outcomes.csv").unlink()
        lines(root, "leads", *LEADS)
        lines(root, table, *rows)

    return spoil


def told(table: str, *rows: str) -> Callable[[Path], object]:
    """The same with an outcome, so that the tables are worked on and told."""

    def spoil(root: Path) -> None:
        table_of(table, *rows)(root)
        lines(root, "outcomes", "lead_id,decided_at,outcome", f"a,{T},lost")

    return spoil


def cell(table: str, column: str, value: str) -> Callable[[Path], object]:
    """Two leads, and a row with one bad cell."""
    names = list(dict.fromkeys([*(name for name, kind in SCHEMA[table].items() if kind.required), column]))
    cells = {name: value if name == column else CELLS[SCHEMA[table][name].kind] for name in names}
    return table_of(table, ",".join(names), ",".join(cells.values()))


def frame(table: str, make: Callable[[], Any]) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        table_ = make()
        parquet(root, table, pd.DataFrame({"lead_id": ["a"]}))
        pq.write_table(table_, root / "data" / f"{table}.parquet")

    return spoil


def parquet_bytes(rows: int = 50) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"lead_id": [f"L{row}" for row in range(rows)]}), out)
    return out.getvalue()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("leads.csv", "lead_id\n" + "a\n" * 10)
    return out.getvalue()


def gzip_bomb() -> bytes:
    """A megabyte that unpacks to a gigabyte."""
    line = b"a," + b" " * (MEGABYTE - 3) + b"\n"
    return gzip.compress(b"lead_id,created_at\n") + 1024 * gzip.compress(line)


def parquet_bomb() -> Any:
    """Some kilobytes that say thirty million rows."""
    return pa.table({"lead_id": pa.array(["a"]).take(pa.array(np.zeros(30_000_000, dtype=np.int8)))})


def link(name: str, target: str) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        (root / "data" / name).unlink(missing_ok=True)
        (root / "data" / name).symlink_to(target)

    return spoil


def folder(root: Path) -> None:
    (root / "data" / "leads.csv").unlink()
    (root / "data" / "leads.csv").mkdir()


def both(root: Path) -> None:
    (root / "data" / "leads.parquet").write_bytes(parquet_bytes())


def fifo(root: Path) -> None:
    import os  # noqa: PLC0415 (only here)

    (root / "data" / "leads.csv").unlink()
    os.mkfifo(root / "data" / "leads.csv")


def wide(columns: int) -> Callable[[Path], object]:
    head = ",".join(["lead_id", *(f"c{k}" for k in range(columns))])
    return lambda root: lines(root, "leads", head, *(f"L{row}," + ",".join("1" * columns) for row in range(3)))


def one_table(outcome: str) -> Callable[[Path], object]:
    return table_of("leads", "lead_id,budget,outcome", *(f"L{row},{row},{outcome}" for row in range(40)))
