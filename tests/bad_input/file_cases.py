"""Bad files of tables: files that are none, bombs, Parquet that no export writes."""

import gzip

import numpy as np
import pyarrow as pa

from features.tables import SCHEMA
from tests.bad_input.corpus import widen
from tests.bad_input.spoilt_tables import (
    MEGABYTE,
    REFUSED,
    both,
    case,
    fifo,
    folder,
    frame,
    gzip_bomb,
    link,
    parquet_bomb,
    parquet_bytes,
    raw_file,
    table_of,
    wide,
    zipped,
)

FILES = [
    case("leads of no bytes", raw_file("leads.csv", b""), "leads: no row", "[empty_table]"),
    case("leads of a mark alone", raw_file("leads.csv", b"\xef\xbb\xbf"), "leads: no row"),
    case("leads of blank lines", raw_file("leads.csv", b"\n\n\r\n\n"), "leads: no row"),
    case("leads with a header alone", raw_file("leads.csv", b"lead_id,created_at\n"), "leads: no row"),
    case(
        "Windows-1252",
        raw_file("leads.csv", "lead_id,ville\na,Orléans\n".encode("cp1252")),
        "is not utf-8: line 2 holds the byte 0xE9",
    ),
    case(
        "UTF-16 with its mark",
        raw_file("leads.csv", "lead_id\na\n".encode("utf-16")),
        "the mark of UTF-16",
        'encoding = "utf-16"',
    ),
    case("UTF-16 without a mark", raw_file("leads.csv", "lead_id\na\n".encode("utf-16-le")), REFUSED),
    case("UTF-32", raw_file("leads.csv", "lead_id\na\n".encode("utf-32")), REFUSED),
    case("NULs alone", raw_file("leads.csv", b"\0" * 5000), REFUSED),
    case(
        "random bytes",
        raw_file("leads.csv", bytes(np.random.default_rng(1).integers(0, 256, 5000, dtype=np.uint8))),
        REFUSED,
    ),
    case("a quote that stays open", table_of("leads", "lead_id,note", 'a,"never', "b,closed"), "never closed"),
    case("a line of nine megabytes", raw_file("leads.csv", b"lead_id\n" + b"x" * (20 * MEGABYTE)), REFUSED),
    case("rows of another width", table_of("leads", "lead_id,city", "a,b,c,d", "b"), "[wrong_fields]"),
    case("a workbook called CSV", raw_file("leads.csv", zipped), REFUSED),
    case(
        "a web page called CSV", raw_file("leads.csv", b"<!doctype html><title>Sign in</title>\n"), "no column lead_id"
    ),
    case("a gzip that is none", raw_file("leads.csv.gz", b"lead_id\na\n"), "leads.csv.gz"),
    case(
        "a gzip that is cut",
        raw_file("leads.csv.gz", lambda: gzip.compress(b"lead_id\n" + bytes(range(97, 123)) * 99)[:-20]),
        "leads.csv.gz",
    ),
    case(
        "a gzip that is altered",
        raw_file("leads.csv.gz", lambda: gzip.compress(b"lead_id\na\n" * 99)[:30] + b"xxxxxxxxxxxxxxxx"),
        "leads.csv.gz",
    ),
    case("a gzip bomb", raw_file("leads.csv.gz", gzip_bomb), "leads.csv.gz unpacks to more than 250 times its size"),
    case("a Parquet bomb", frame("leads", parquet_bomb), "leads.parquet says 30,000,000 rows"),
    case("a folder called leads.csv", folder, "expected leads.csv or leads.parquet"),
    case("a pipe called leads.csv", fifo, "expected leads.csv or leads.parquet"),
    case("a link to itself", link("leads.csv", "leads.csv"), "expected leads.csv or leads.parquet"),
    case("a link to nothing", link("leads.csv", "nowhere.csv"), "expected leads.csv or leads.parquet"),
    case("a link to a device", link("leads.csv", "/dev/zero"), "expected leads.csv or leads.parquet"),
    case("a link to a file of the system", link("leads.csv", "/etc/passwd"), REFUSED),
    case("leads twice", both, "[several_files]"),
    case("ten thousand columns", wide(10_000), "leads: expected at most 2,000 columns, found 10,001"),
    # Its footer can be read, and it is met by another reader than the one that reads footers.
    case(
        "Parquet whose pages are altered",
        raw_file("leads.parquet", lambda: parquet_bytes()[:4] + b"\xff" * 60 + parquet_bytes()[64:]),
        "leads.parquet is a Parquet file that cannot be read to its end",
    ),
]

PARQUET = [
    *widen(
        (
            case(
                f"{table}: a Parquet file that is cut",
                raw_file(f"{table}.parquet", lambda: parquet_bytes()[:-30]),
                f"{table}: {table}.parquet is no Parquet file",
            )
            for table in SCHEMA
        ),
        3,
    ),
    case("text called Parquet", raw_file("leads.parquet", b"lead_id\na\n"), "leads.parquet is no Parquet file"),
    case("Parquet of no bytes", raw_file("leads.parquet", b""), "leads.parquet is no Parquet file"),
    case("Parquet without columns", frame("leads", lambda: pa.table({})), "leads"),
    case(
        "Parquet without rows",
        frame("leads", lambda: pa.table({"lead_id": pa.array([], pa.string())})),
        "leads: no row",
    ),
    case(
        "Parquet with a column twice",
        frame("leads", lambda: pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["lead_id", "lead_id"])),
        "[duplicate_header]",
    ),
    case("a list for an identifier", frame("leads", lambda: pa.table({"lead_id": [["a"], ["b"]]})), "leads.lead_id"),
    case(
        "a record for an identifier",
        frame("leads", lambda: pa.table({"lead_id": [{"x": 1}, {"x": 2}]})),
        "leads.lead_id",
    ),
    case(
        "a list for a time",
        frame("leads", lambda: pa.table({"lead_id": ["a", "b"], "created_at": [[1], [2]]})),
        "leads.created_at",
    ),
    case(
        "bytes for an identifier",
        frame("leads", lambda: pa.table({"lead_id": [b"\xff\xfe", b"\x00"]})),
        "leads.lead_id",
    ),
    case("truth for an identifier", frame("leads", lambda: pa.table({"lead_id": [True, False, True]})), REFUSED),
    case(
        "infinity for an identifier",
        frame("leads", lambda: pa.table({"lead_id": [float("inf"), float("nan"), 1.0]})),
        "[missing_value]",
    ),
    case(
        "truth for a time",
        frame("leads", lambda: pa.table({"lead_id": ["a", "b"], "created_at": [True, False]})),
        "leads.created_at",
    ),
    case(
        "a duration for a time",
        frame("leads", lambda: pa.table({"lead_id": ["a", "b"], "created_at": pa.array([1, 2], pa.duration("s"))})),
        "leads.created_at",
    ),
    case(
        "an instant beyond the calendar",
        frame(
            "leads",
            lambda: pa.table({"lead_id": ["a", "b"], "created_at": pa.array([2**62, -(2**62)], pa.timestamp("us"))}),
        ),
        "leads.created_at",
    ),
    case(
        "an integer beyond all",
        frame(
            "leads",
            lambda: pa.table({"lead_id": ["a", "b"], "created_at": pa.array([2**63 - 1, -(2**63)], pa.int64())}),
        ),
        "leads.created_at",
    ),
]

CASES = [*FILES, *widen(PARQUET, 8)]
