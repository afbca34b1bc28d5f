"""Bad tables: cells that say nothing true, columns that cannot be told apart."""

from collections.abc import Iterator

from features.tables import SCHEMA
from tests.bad_input.corpus import Case, widen
from tests.bad_input.spoilt_tables import (
    CELLS,
    LEADS,
    PASSES,
    UNTAUGHT,
    T,
    case,
    cell,
    one_table,
    table_of,
    told,
)

HEADERS = [
    case("no column of ours", table_of("leads", "nom,prix", "a,1"), "no column lead_id"),
    case("headers that differ in case", table_of("leads", "lead_id,City,CITY", "a,b,c"), "[duplicate_header]"),
    case("a header that is empty", table_of("leads", "lead_id,,x", "a,b,c"), "column 2 has no name"),
    case("a header of ours with an @", table_of("leads", "lead_id,@row", "a,1"), "[reserved_header]"),
    case(
        "headers called as we call cells",
        table_of("leads", "lead_id,row,c0,c1,number,t0", "a,1,2,3,4,5", "b,1,2,3,4,5"),
        "Found neither",
        code=UNTAUGHT,
    ),
    case(
        "a header that is SQL",
        table_of("leads", 'lead_id,"x""); DROP TABLE leads; --",y', "a,1,2", "b,2,3"),
        "Found neither",
        code=UNTAUGHT,
    ),
    case(
        "a header that is markup",
        told("leads", "lead_id,[bold red]x[/],<script>alert(1)</script>", "a,1,2", "b,1,3"),
        "leads",
        code=PASSES,
    ),
    case("a header that moves the cursor", told("leads", "lead_id,\x1b[2Jx\x07", "a,1", "b,2"), "leads", code=PASSES),
    case(
        "a header of ten thousand characters",
        table_of("leads", "lead_id," + "x" * 10_000, "a,1", "b,2"),
        "Found neither",
        code=UNTAUGHT,
    ),
    case("a header over two lines", told("leads", 'lead_id,"Montant\n(EUR)"', "a,1", "b,2"), "leads", code=PASSES),
    case(
        "a header that is a formula",
        table_of("leads", "lead_id,=cmd|' /C calc'!A0", "a,1", "b,2"),
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
            yield case(f"{table}.{column} is {value}", cell(table, column, value), *says, code=code)


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
        yield case(
            f"leads.created_at is {value}", table_of("leads", "lead_id,created_at", f"a,{value}"), "leads.created_at"
        )


def _numbers() -> Iterator[Case]:
    for table, columns in SCHEMA.items():
        for column, of in columns.items():
            if of.kind == "number":
                for value in ("much", "1e999", "inf", "0x1F") if column == "value" else ("1.2.3",):
                    yield case(
                        f"{table}.{column} is {value}",
                        cell(table, column, value),
                        f"{table}.{column}",
                        "[unreadable_number]",
                    )
    yield case(
        "leads.opted_out is perhaps",
        table_of("leads", "lead_id,opted_out", "a,perhaps"),
        "leads.opted_out",
        "[unreadable_flag]",
    )


def _identifiers() -> Iterator[Case]:
    for table, columns in SCHEMA.items():
        for column, of in columns.items():
            if of.required and (table, column) != ("outcomes", "outcome") and table != "leads":
                yield case(
                    f"{table}.{column} is empty", cell(table, column, "  "), f"{table}.{column}", "[missing_value]"
                )
            if of.required and table not in ("leads", "accounts"):
                rest = [name for name, other in columns.items() if other.required and name != column]
                yield case(
                    f"{table} has no {column}",
                    table_of(table, ",".join(rest), ",".join(CELLS[columns[name].kind] for name in rest)),
                    f"{table}.{column}",
                    "[missing_column]",
                )


ROWS = [
    case("one lead", table_of("leads", "lead_id,created_at", f"a,{T}"), "Found neither", code=UNTAUGHT),
    case("every lead twice", table_of("leads", *LEADS, *LEADS[1:]), "[duplicate_id]"),
    case(
        "identifiers that differ by spaces",
        table_of("leads", "lead_id", "a", " a", "a\u00a0", "\ufeffa"),
        "[duplicate_id]",
    ),
    case(
        "identifiers that differ by case are two",
        table_of("leads", "lead_id", "a", "A"),
        "Found neither",
        code=UNTAUGHT,
    ),
    case("identifiers of control characters", table_of("leads", "lead_id", '"\x01\x02"', '"\x7f"'), "[missing_value]"),
    case(
        "identifiers that are paths, formulas, scripts, SQL",
        table_of(
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
    case(
        "an identifier of 100,000 characters",
        table_of("leads", "lead_id", "x" * 100_000, "y"),
        "Found neither",
        code=UNTAUGHT,
    ),
    case("events of nobody", table_of("events", "lead_id,occurred_at,type", f"x,{T},open"), "[orphan]"),
    case(
        "a delivery three times counts once",
        told("events", "event_id,lead_id,occurred_at,type", *[f"e,a,{T},open"] * 3),
        "[duplicate_event]",
        code=PASSES,
    ),
    case(
        "known before it occurred",
        told("events", "lead_id,occurred_at,type,known_at", f"a,{T},open,2025-01-01"),
        "[known_before_occurred]",
        code=PASSES,
    ),
    case(
        "known years after it occurred",
        table_of("events", "lead_id,occurred_at,type,known_at", f"a,{T},open,2031-01-01T00:00:00Z"),
        "events.known_at",
        "[after_extraction]",
    ),
    case(
        "an hour that the clocks skipped",
        table_of("leads", "lead_id,created_at", "a,2025-03-30T02:30:00"),
        "Found neither",
        code=UNTAUGHT,
    ),
    case(
        "an hour that the clocks had twice",
        table_of("leads", "lead_id,created_at", "a,2025-10-26T02:30:00"),
        "Found neither",
        code=UNTAUGHT,
    ),
    case(
        "won and lost",
        table_of("outcomes", "lead_id,decided_at,outcome", f"a,{T},won", f"a,{T},lost"),
        "[won_and_lost]",
    ),
    case(
        "an outcome in a word of its own",
        table_of("outcomes", "lead_id,decided_at,outcome", f"a,{T},perhaps"),
        "[unknown_outcome]",
    ),
    case(
        "decided before it was created",
        table_of("outcomes", "lead_id,decided_at,outcome", "a,2024-01-01,won"),
        "[decided_before_created]",
    ),
    case("all outcomes are won", one_table("won"), "10 lost, found 40 won and 0 lost", code=PASSES, verb="train"),
    case("all outcomes are lost", one_table("lost"), "found 0 won and 40 lost", code=PASSES, verb="train"),
    case("all outcomes are empty", one_table(""), "None of 40 leads has an outcome", verb="train"),
    case(
        "nothing but an identifier",
        table_of("leads", "lead_id", "a", "b", "c"),
        "Found neither",
        code=UNTAUGHT,
        verb="train",
    ),
    case(
        "no table at all", lambda root: [path.unlink() for path in (root / "data").iterdir()], "found no files at all"
    ),
    case(
        "a name of a file that moves the cursor",
        lambda root: (root / "data" / "leads.csv").rename(root / "data" / "\x1b[2Jleads.csv"),
        "expected leads.csv",
    ),
]

CASES = [
    *widen(HEADERS, 5),
    *widen(_times(), 6),
    *widen(_odd_times(), 5),
    *widen(_numbers(), 3),
    *widen(_identifiers(), 6),
    *widen(ROWS, 16),
]
