"""Bad tables: files that are none, cells that say nothing true, columns that cannot be told apart."""

import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import SCHEMA
from tests.bad_input.corpus import Case, widen
from tests.bad_input.templates import lines, parquet, raw

T = "2025-03-01T10:00:00Z"
LEADS = ("lead_id,created_at", f"a,{T}", f"b,{T}")
CELLS = {"id": "a", "time": T, "number": "1", "text": "won", "flag": "0"}
REFUSED = "The data cannot be used"
UNTAUGHT = 2  # what sound leads without outcomes end with
PASSES = 4  # and what leads with too few of them do
MEGABYTE = 1 << 20


def _case(what: str, spoil: Callable[[Path], object], *says: str, code: int = 3, verb: str = "check") -> Case:
    return Case(f"tables: {what}", (verb,), code, says, spoil)


def _raw(name: str, content: bytes | Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda root: raw(root, name, content if isinstance(content, bytes) else content())


def _rows(table: str, *rows: str) -> Callable[[Path], object]:
    """Two leads, and a table of these lines."""

    def spoil(root: Path) -> None:
        if table != "outcomes":
            (root / "data" / "outcomes.csv").unlink()
        lines(root, "leads", *LEADS)
        lines(root, table, *rows)

    return spoil


def _told(table: str, *rows: str) -> Callable[[Path], object]:
    """The same with an outcome, so that the tables are worked on and told."""

    def spoil(root: Path) -> None:
        _rows(table, *rows)(root)
        lines(root, "outcomes", "lead_id,decided_at,outcome", f"a,{T},lost")

    return spoil


def _cell(table: str, column: str, value: str) -> Callable[[Path], object]:
    """Two leads, and a row with one bad cell."""
    names = list(dict.fromkeys([*(name for name, kind in SCHEMA[table].items() if kind.required), column]))
    cells = {name: value if name == column else CELLS[SCHEMA[table][name].kind] for name in names}
    return _rows(table, ",".join(names), ",".join(cells.values()))


def _frame(table: str, make: Callable[[], Any]) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        table_ = make()
        parquet(root, table, pd.DataFrame({"lead_id": ["a"]}))
        pq.write_table(table_, root / "data" / f"{table}.parquet")

    return spoil


def _parquet_bytes(rows: int = 50) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"lead_id": [f"L{row}" for row in range(rows)]}), out)
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("leads.csv", "lead_id\n" + "a\n" * 10)
    return out.getvalue()


def _gzip_bomb() -> bytes:
    """A megabyte that unpacks to a gigabyte."""
    line = b"a," + b" " * (MEGABYTE - 3) + b"\n"
    return gzip.compress(b"lead_id,created_at\n") + 1024 * gzip.compress(line)


def _parquet_bomb() -> Any:
    """Some kilobytes that say thirty million rows."""
    return pa.table({"lead_id": pa.array(["a"]).take(pa.array(np.zeros(30_000_000, dtype=np.int8)))})


def _link(name: str, target: str) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        (root / "data" / name).unlink(missing_ok=True)
        (root / "data" / name).symlink_to(target)

    return spoil


def _folder(root: Path) -> None:
    (root / "data" / "leads.csv").unlink()
    (root / "data" / "leads.csv").mkdir()


def _both(root: Path) -> None:
    (root / "data" / "leads.parquet").write_bytes(_parquet_bytes())


def _fifo(root: Path) -> None:
    import os  # noqa: PLC0415 (only here)

    (root / "data" / "leads.csv").unlink()
    os.mkfifo(root / "data" / "leads.csv")


def _wide(columns: int) -> Callable[[Path], object]:
    head = ",".join(["lead_id", *(f"c{k}" for k in range(columns))])
    return lambda root: lines(root, "leads", head, *(f"L{row}," + ",".join("1" * columns) for row in range(3)))


def _one_table(outcome: str) -> Callable[[Path], object]:
    return _rows("leads", "lead_id,budget,outcome", *(f"L{row},{row},{outcome}" for row in range(40)))


FILES = [
    _case("leads of no bytes", _raw("leads.csv", b""), "leads: no row", "[empty_table]"),
    _case("leads of a mark alone", _raw("leads.csv", b"\xef\xbb\xbf"), "leads: no row"),
    _case("leads of blank lines", _raw("leads.csv", b"\n\n\r\n\n"), "leads: no row"),
    _case("leads with a header alone", _raw("leads.csv", b"lead_id,created_at\n"), "leads: no row"),
    _case(
        "Windows-1252",
        _raw("leads.csv", "lead_id,ville\na,Orléans\n".encode("cp1252")),
        "is not utf-8: line 2 holds the byte 0xE9",
    ),
    _case(
        "UTF-16 with its mark",
        _raw("leads.csv", "lead_id\na\n".encode("utf-16")),
        "the mark of UTF-16",
        'encoding = "utf-16"',
    ),
    _case("UTF-16 without a mark", _raw("leads.csv", "lead_id\na\n".encode("utf-16-le")), REFUSED),
    _case("UTF-32", _raw("leads.csv", "lead_id\na\n".encode("utf-32")), REFUSED),
    _case("NULs alone", _raw("leads.csv", b"\0" * 5000), REFUSED),
    _case(
        "random bytes",
        _raw("leads.csv", bytes(np.random.default_rng(1).integers(0, 256, 5000, dtype=np.uint8))),
        REFUSED,
    ),
    _case("a quote that stays open", _rows("leads", "lead_id,note", 'a,"never', "b,closed"), "never closed"),
    _case("a line of nine megabytes", _raw("leads.csv", b"lead_id\n" + b"x" * (20 * MEGABYTE)), REFUSED),
    _case("rows of another width", _rows("leads", "lead_id,city", "a,b,c,d", "b"), "[wrong_fields]"),
    _case("a workbook called CSV", _raw("leads.csv", _zip), REFUSED),
    _case("a web page called CSV", _raw("leads.csv", b"<!doctype html><title>Sign in</title>\n"), "no column lead_id"),
    _case("a gzip that is none", _raw("leads.csv.gz", b"lead_id\na\n"), "leads.csv.gz"),
    _case(
        "a gzip that is cut",
        _raw("leads.csv.gz", lambda: gzip.compress(b"lead_id\n" + bytes(range(97, 123)) * 99)[:-20]),
        "leads.csv.gz",
    ),
    _case(
        "a gzip that is altered",
        _raw("leads.csv.gz", lambda: gzip.compress(b"lead_id\na\n" * 99)[:30] + b"xxxxxxxxxxxxxxxx"),
        "leads.csv.gz",
    ),
    _case("a gzip bomb", _raw("leads.csv.gz", _gzip_bomb), "leads.csv.gz unpacks to more than 250 times its size"),
    _case("a Parquet bomb", _frame("leads", _parquet_bomb), "leads.parquet says 30,000,000 rows"),
    _case("a folder called leads.csv", _folder, "expected leads.csv or leads.parquet"),
    _case("a pipe called leads.csv", _fifo, "expected leads.csv or leads.parquet"),
    _case("a link to itself", _link("leads.csv", "leads.csv"), "expected leads.csv or leads.parquet"),
    _case("a link to nothing", _link("leads.csv", "nowhere.csv"), "expected leads.csv or leads.parquet"),
    _case("a link to a device", _link("leads.csv", "/dev/zero"), "expected leads.csv or leads.parquet"),
    _case("a link to a file of the system", _link("leads.csv", "/etc/passwd"), REFUSED),
    _case("leads twice", _both, "[several_files]"),
    _case("ten thousand columns", _wide(10_000), "leads: expected at most 2,000 columns, found 10,001"),
]

PARQUET = [
    *widen(
        (
            _case(
                f"{table}: a Parquet file that is cut",
                _raw(f"{table}.parquet", lambda: _parquet_bytes()[:-30]),
                f"{table}: {table}.parquet is no Parquet file",
            )
            for table in SCHEMA
        ),
        3,
    ),
    _case("text called Parquet", _raw("leads.parquet", b"lead_id\na\n"), "leads.parquet is no Parquet file"),
    _case("Parquet of no bytes", _raw("leads.parquet", b""), "leads.parquet is no Parquet file"),
    _case(
        "Parquet whose pages are altered",
        _raw("leads.parquet", lambda: _parquet_bytes()[:4] + b"\xff" * 60 + _parquet_bytes()[64:]),
        "leads.parquet",
    ),
    _case("Parquet without columns", _frame("leads", lambda: pa.table({})), "leads"),
    _case(
        "Parquet without rows",
        _frame("leads", lambda: pa.table({"lead_id": pa.array([], pa.string())})),
        "leads: no row",
    ),
    _case(
        "Parquet with a column twice",
        _frame("leads", lambda: pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["lead_id", "lead_id"])),
        "[duplicate_header]",
    ),
    _case("a list for an identifier", _frame("leads", lambda: pa.table({"lead_id": [["a"], ["b"]]})), "leads.lead_id"),
    _case(
        "a record for an identifier",
        _frame("leads", lambda: pa.table({"lead_id": [{"x": 1}, {"x": 2}]})),
        "leads.lead_id",
    ),
    _case(
        "a list for a time",
        _frame("leads", lambda: pa.table({"lead_id": ["a", "b"], "created_at": [[1], [2]]})),
        "leads.created_at",
    ),
    _case(
        "bytes for an identifier",
        _frame("leads", lambda: pa.table({"lead_id": [b"\xff\xfe", b"\x00"]})),
        "leads.lead_id",
    ),
    _case("truth for an identifier", _frame("leads", lambda: pa.table({"lead_id": [True, False, True]})), REFUSED),
    _case(
        "infinity for an identifier",
        _frame("leads", lambda: pa.table({"lead_id": [float("inf"), float("nan"), 1.0]})),
        "[missing_value]",
    ),
    _case(
        "truth for a time",
        _frame("leads", lambda: pa.table({"lead_id": ["a", "b"], "created_at": [True, False]})),
        "leads.created_at",
    ),
    _case(
        "a duration for a time",
        _frame("leads", lambda: pa.table({"lead_id": ["a", "b"], "created_at": pa.array([1, 2], pa.duration("s"))})),
        "leads.created_at",
    ),
    _case(
        "an instant beyond the calendar",
        _frame(
            "leads",
            lambda: pa.table({"lead_id": ["a", "b"], "created_at": pa.array([2**62, -(2**62)], pa.timestamp("us"))}),
        ),
        "leads.created_at",
    ),
    _case(
        "an integer beyond all",
        _frame(
            "leads",
            lambda: pa.table({"lead_id": ["a", "b"], "created_at": pa.array([2**63 - 1, -(2**63)], pa.int64())}),
        ),
        "leads.created_at",
    ),
]

HEADERS = [
    _case("no column of ours", _rows("leads", "nom,prix", "a,1"), "no column lead_id"),
    _case("headers that differ in case", _rows("leads", "lead_id,City,CITY", "a,b,c"), "[duplicate_header]"),
    _case("a header that is empty", _rows("leads", "lead_id,,x", "a,b,c"), "column 2 has no name"),
    _case("a header of ours with an @", _rows("leads", "lead_id,@row", "a,1"), "[reserved_header]"),
    _case(
        "headers called as we call cells",
        _rows("leads", "lead_id,row,c0,c1,number,t0", "a,1,2,3,4,5", "b,1,2,3,4,5"),
        "Found neither",
        code=UNTAUGHT,
    ),
    _case(
        "a header that is SQL",
        _rows("leads", 'lead_id,"x""); DROP TABLE leads; --",y', "a,1,2", "b,2,3"),
        "Found neither",
        code=UNTAUGHT,
    ),
    _case(
        "a header that is markup",
        _told("leads", "lead_id,[bold red]x[/],<script>alert(1)</script>", "a,1,2", "b,1,3"),
        "leads",
        code=PASSES,
    ),
    _case("a header that moves the cursor", _told("leads", "lead_id,\x1b[2Jx\x07", "a,1", "b,2"), "leads", code=PASSES),
    _case(
        "a header of ten thousand characters",
        _rows("leads", "lead_id," + "x" * 10_000, "a,1", "b,2"),
        "Found neither",
        code=UNTAUGHT,
    ),
    _case("a header over two lines", _told("leads", 'lead_id,"Montant\n(EUR)"', "a,1", "b,2"), "leads", code=PASSES),
    _case(
        "a header that is a formula",
        _rows("leads", "lead_id,=cmd|' /C calc'!A0", "a,1", "b,2"),
        "Found neither",
        code=UNTAUGHT,
    ),
]


def _times() -> Iterator[Case]:
    homes = [
        (table, column) for table, columns in SCHEMA.items() for column, of in columns.items() if of.kind == "time"
    ]
    for table, column in homes:
        if table == "leads":
            continue
        late = UNTAUGHT if table == "costs" else 3
        for value, reason in (
            ("1899-12-31", "[before_1990]"),
            ("2999-01-01", "[after_extraction]"),
            ("soon", "[unreadable_time]"),
        ):
            code = late if value.startswith("2999") else 3
            says = (f"{table}.{column}", reason) if code == 3 else ("Found neither",)
            yield _case(f"{table}.{column} is {value}", _cell(table, column, value), *says, code=code)


def _odd_times() -> Iterator[Case]:
    for value in (
        *("0000-00-00", "2025-02-30", "2025-13-01", "2025-01-01T25:00:00Z", "2025-01-01T10:00:00+99:00", "10000-01-01"),
        *(
            "45678",
            "-1",
            "1e18",
            "99999999999999999999",
            "31/31/2025",
            "٢٠٢٥-٠١-٠١",
            "=NOW()",
            "'; DROP TABLE leads; --",
        ),
    ):
        yield _case(
            f"leads.created_at is {value}", _rows("leads", "lead_id,created_at", f"a,{value}"), "leads.created_at"
        )


def _numbers() -> Iterator[Case]:
    for table, columns in SCHEMA.items():
        for column, of in columns.items():
            if of.kind == "number":
                for value in ("much", "1e999", "inf", "0x1F") if column == "value" else ("1.2.3",):
                    yield _case(
                        f"{table}.{column} is {value}",
                        _cell(table, column, value),
                        f"{table}.{column}",
                        "[unreadable_number]",
                    )
    yield _case(
        "leads.opted_out is perhaps",
        _rows("leads", "lead_id,opted_out", "a,perhaps"),
        "leads.opted_out",
        "[unreadable_flag]",
    )


def _identifiers() -> Iterator[Case]:
    for table, columns in SCHEMA.items():
        for column, of in columns.items():
            if of.required and (table, column) != ("outcomes", "outcome") and table != "leads":
                yield _case(
                    f"{table}.{column} is empty", _cell(table, column, "  "), f"{table}.{column}", "[missing_value]"
                )
            if of.required and table not in ("leads", "accounts"):
                rest = [name for name, other in columns.items() if other.required and name != column]
                yield _case(
                    f"{table} has no {column}",
                    _rows(table, ",".join(rest), ",".join(CELLS[columns[name].kind] for name in rest)),
                    f"{table}.{column}",
                    "[missing_column]",
                )


ROWS = [
    _case("one lead", _rows("leads", "lead_id,created_at", f"a,{T}"), "Found neither", code=UNTAUGHT),
    _case("every lead twice", _rows("leads", *LEADS, *LEADS[1:]), "[duplicate_id]"),
    _case(
        "identifiers that differ by spaces",
        _rows("leads", "lead_id", "a", " a", "a\u00a0", "\ufeffa"),
        "[duplicate_id]",
    ),
    _case(
        "identifiers that differ by case are two", _rows("leads", "lead_id", "a", "A"), "Found neither", code=UNTAUGHT
    ),
    _case("identifiers of control characters", _rows("leads", "lead_id", '"\x01\x02"', '"\x7f"'), "[missing_value]"),
    _case(
        "identifiers that are paths, formulas, scripts, SQL",
        _rows(
            "leads",
            "lead_id,created_at",
            *(
                f'"{one}",{T}'
                for one in (
                    "../../etc/passwd",
                    "=1+1",
                    "<script>alert(1)</script>",
                    "'; DROP TABLE leads; --",
                    "%00",
                    "a/b\\c",
                    "-rf",
                    "[red]x[/]",
                )
            ),
        ),
        "Found neither",
        code=UNTAUGHT,
    ),
    _case(
        "an identifier of 100,000 characters",
        _rows("leads", "lead_id", "x" * 100_000, "y"),
        "Found neither",
        code=UNTAUGHT,
    ),
    _case("events of nobody", _rows("events", "lead_id,occurred_at,type", f"x,{T},open"), "[orphan]"),
    _case(
        "a delivery three times counts once",
        _told("events", "event_id,lead_id,occurred_at,type", *[f"e,a,{T},open"] * 3),
        "[duplicate_event]",
        code=PASSES,
    ),
    _case(
        "known before it occurred",
        _told("events", "lead_id,occurred_at,type,known_at", f"a,{T},open,2025-01-01"),
        "[known_before_occurred]",
        code=PASSES,
    ),
    _case(
        "known years after it occurred",
        _rows("events", "lead_id,occurred_at,type,known_at", f"a,{T},open,2031-01-01T00:00:00Z"),
        "events.known_at",
        "[after_extraction]",
    ),
    _case(
        "an hour that the clocks skipped",
        _rows("leads", "lead_id,created_at", "a,2025-03-30T02:30:00"),
        "Found neither",
        code=UNTAUGHT,
    ),
    _case(
        "an hour that the clocks had twice",
        _rows("leads", "lead_id,created_at", "a,2025-10-26T02:30:00"),
        "Found neither",
        code=UNTAUGHT,
    ),
    _case(
        "won and lost", _rows("outcomes", "lead_id,decided_at,outcome", f"a,{T},won", f"a,{T},lost"), "[won_and_lost]"
    ),
    _case(
        "an outcome in a word of its own",
        _rows("outcomes", "lead_id,decided_at,outcome", f"a,{T},perhaps"),
        "[unknown_outcome]",
    ),
    _case(
        "decided before it was created",
        _rows("outcomes", "lead_id,decided_at,outcome", "a,2024-01-01,won"),
        "[decided_before_created]",
    ),
    _case("all outcomes are won", _one_table("won"), "10 lost, found 40 won and 0 lost", code=PASSES, verb="train"),
    _case("all outcomes are lost", _one_table("lost"), "found 0 won and 40 lost", code=PASSES, verb="train"),
    _case("all outcomes are empty", _one_table(""), "None of 40 leads has an outcome", verb="train"),
    _case(
        "nothing but an identifier",
        _rows("leads", "lead_id", "a", "b", "c"),
        "Found neither",
        code=UNTAUGHT,
        verb="train",
    ),
    _case(
        "no table at all", lambda root: [path.unlink() for path in (root / "data").iterdir()], "found no files at all"
    ),
    _case(
        "a name of a file that moves the cursor",
        lambda root: (root / "data" / "leads.csv").rename(root / "data" / "\x1b[2Jleads.csv"),
        "expected leads.csv",
    ),
]

CASES = [
    *FILES,
    *widen(PARQUET, 8),
    *widen(HEADERS, 5),
    *widen(_times(), 6),
    *widen(_odd_times(), 5),
    *widen(_numbers(), 3),
    *widen(_identifiers(), 6),
    *widen(ROWS, 16),
]
