"""Source tables -> checked canonical Parquet, through embedded DuckDB in bounded memory.

Per table: look at every cell to decide how cells are read, type them (into a file where that is dear), run the checks
of `features.checks`, and write what is sound, sorted by its key: the order of the source's rows never reaches the
result.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features import checks
from features.checks import CREATED, KEPT, REMOVING, ROW, SPENT, Check, Checked, flag
from features.faults import Count, Example, Fault, Level, fault
from features.tables import SCHEMA, Attribute
from pipeline.cells import identifier, literal, select
from pipeline.columns import Bound
from pipeline.forget.suppression import NOBODY, Suppressed
from pipeline.settings import SourceSettings
from pipeline.shown_cells import iso, shown
from pipeline.sorted_file import LEAD, Layout, few_words, write_sorted
from pipeline.typed_query import typed_query
from pipeline.typing_columns import Raw, look

EXAMPLES = 3
# Eight bytes each.
HASHES_AT_ONCE = 32_000_000
# Rows; fewer are sorted as they are before their words are found.
WORTH_LOOKING = 100_000

Frame = nw.LazyFrame[Any]


@dataclass
class Staged:
    """What staging found.

    Attributes
    ----------
    attributes : list of Attribute
        In the order of the source.
    faults : list of Fault
        Of every table.
    counts : dict of str to Count
        By table.
    headers : dict of str to tuple of str
        The source's own column names, for the quarantine.
    extracted_at : int
        UTC seconds.
    """

    attributes: list[Attribute] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    counts: dict[str, Count] = field(default_factory=dict)
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    extracted_at: int = 0


@dataclass(frozen=True)
class Marks:
    """The rows of a table that some check found, in a file of their own."""

    path: Path
    checks: tuple[Check, ...]
    hits: tuple[int, ...]

    def any(self, levels: Collection[str]) -> bool:
        """Tell whether a check of one of these levels found a row."""
        return any(hit and check.level in levels for check, hit in zip(self.checks, self.hits, strict=True))

    def flags(self, levels: Collection[str]) -> str:
        """Write the SQL condition of being found by a check of one of these levels."""
        wanted = [flag(place) for place, check in enumerate(self.checks) if check.level in levels]
        return " OR ".join(f"{identifier(name)} = 1" for name in wanted)


class Stager:
    """Stages the tables of one source: `type` each, settle the extraction, then `check` them all.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With its limits set and UTC as its zone.
    settings : SourceSettings
        How cells are read.
    work, target : Path
        Existing folders: for what is thrown away, and for the result (``TABLE.parquet``, ``TABLE.quarantine.parquet``).
    scoring_file : bool
        The leads come from a file to score: no outcome is read, and rows of other leads are no fault.
    suppressed : Suppressed
        Leads that were erased: their rows are left out as if they were not there.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        settings: SourceSettings,
        work: Path,
        target: Path,
        scoring_file: bool = False,
        suppressed: Suppressed = NOBODY,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._work, self._target = work, target
        self._scoring_file = scoring_file
        self._suppressed = suppressed
        self._raws: dict[str, Raw] = {}
        self._typed: dict[str, str] = {}
        self._marks: dict[str, list[Marks]] = {}
        self.result = Staged()

    def type(self, raw: Raw, columns: Sequence[Bound], imposed: Collection[Attribute] = ()) -> None:
        """Read every cell of a table into its typed file."""
        plan = look(self._connection, raw, columns, self._settings, imposed)
        query = typed_query(raw, columns, plan, self._settings, self._scoring_file and raw.table == "leads")
        if raw.is_cheap(plan.kinds_of(columns)):
            self._typed[raw.table] = f"({query})"
        else:
            path = self._work / f"{raw.table}.typed.parquet"
            self._copy(query, path)
            self._typed[raw.table] = scan(path)
        self._raws[raw.table] = raw
        self.result.faults += plan.faults
        self.result.headers[raw.table] = raw.headers
        left_out = self._leave_out(raw.table)
        for name, kind in plan.kinds.items():
            known: Any = (raw.table, name, "category" if kind == "yes_no" else kind)
            self.result.attributes.append(Attribute(*known))
        read = self._one("count(*)", raw.relation) - left_out
        typed = self._one("count(*)", self._typed[raw.table])
        if read > typed:
            self.result.faults.append(fault(raw.table, "", "blank_rows", "notice", read - typed))
        if raw.wrong.lines:
            examples = [Example(row) for row, _ in raw.wrong.first[:EXAMPLES]]
            self.result.faults.append(fault(raw.table, "", "wrong_fields", "row", raw.wrong.lines, examples))
        self.result.counts[raw.table] = Count(read=typed + raw.wrong.lines)

    def _leave_out(self, table: str) -> int:
        """Take the rows of erased leads out of a typed table; say how many."""
        if not self._suppressed.hashes or "lead_id" not in SCHEMA[table]:
            return 0
        source = self._typed[table]
        ids = self._connection.execute(select(["DISTINCT lead_id"], source, "WHERE lead_id IS NOT NULL")).fetchall()
        gone = self._suppressed.among(row[0] for row in ids)
        if not gone:
            return 0
        listed = f"lead_id IN ({', '.join(map(literal, gone))})"
        self._typed[table] = f"({select(['*'], source, f'WHERE {listed} IS NOT TRUE')})"
        return int(self._one("count(*)", source, f"WHERE {listed}"))

    def find_extraction(self, now: int) -> None:
        """Take the newest time of the tables that is not after ``now``, and say which."""
        found: list[tuple[int, str, str]] = []
        for table in self._raws:
            times = [name for name, column in SCHEMA[table].items() if column.kind == "time" and table != "costs"]
            if times:
                wanted = [f"max({name}) FILTER (WHERE {name} <= {now})" for name in times]
                latest = self._connection.execute(select(wanted, self._typed[table])).fetchall()[0]
                found += [(at, table, name) for at, name in zip(latest, times, strict=True) if at is not None]
        if found:
            newest = max(found)[0]
            table, name = next((table, name) for time, table, name in found if time == newest)
            self.result.extracted_at = newest
            what = f"the newest time found is {iso(newest)}, taken as the time of the extraction"
        else:
            self.result.extracted_at, table, name = now, "leads", ""
            what = "no time in any table: the extraction is taken to be now"
        remedy = "If this is wrong, set source.extracted_at."
        self.result.faults.append(Fault(table, name, "extraction_found", "notice", 0, what, remedy))

    def check(self) -> None:
        """Check every typed table, leads before what refers to them, and write what is sound."""
        for table in dict.fromkeys(("accounts", "leads", *SCHEMA)):
            if table not in self._raws:
                continue
            known = self._known(table)
            frame = self._frame(self._typed[table])
            alone = checks.check_rows(table, frame, self.result.extracted_at, known, self._scoring_file)
            marks = self._marks[table] = [self._mark(table, "rows", alone)]
            if self._repeats(table):
                marks.append(self._mark(table, "groups", checks.check_groups(table, self._without(frame, marks))))
            sound = checks.repair(table, self._without(frame, marks), known)
            self._write(table, sound)
            self._tell(table, marks)
            self._count(table, marks)
            self._quarantine(table, marks)

    def _repeats(self, table: str) -> bool:
        """Whether a key may stand on several rows: no two hashes alike are no two keys alike, and are quickly told."""
        key = checks.KEYS.get(table)
        if key is None:
            return False
        n = self._one(f"count({key})", self._typed[table])
        passes = max(1, -(-n // HASHES_AT_ONCE))
        every = select([f"hash({key}) AS h"], self._typed[table], f"WHERE {key} IS NOT NULL")
        for k in range(passes):
            query = select(["h"], f"({every})", f"WHERE h % {passes} = {k}")
            hashes = np.asarray(self._connection.execute(query).fetchnumpy()["h"])
            hashes.sort()
            if (hashes[1:] == hashes[:-1]).any():
                return True
        return False

    def _known(self, table: str) -> Frame | None:
        """Give what the rows of a table must refer to, or None where there is nothing to refer to."""
        if (
            table not in checks.HOMES
            or "leads" not in self._raws
            or (table == "leads" and "accounts" not in self._raws)
        ):
            return None
        key, _ = checks.HOMES[table]
        path = self._work / f"known.{key}.{table == 'leads'}.parquet"
        if not path.exists():
            self._copy(self._known_leads() if key == "lead_id" else self._known_accounts(table), path)
        return self._frame(scan(path))

    def _known_leads(self) -> str:
        aside = f"{identifier(ROW)} IN ({self._removed(self._marks['leads'])})"
        kept = f"max(CASE WHEN {aside} THEN 0 ELSE 1 END) AS {identifier(KEPT)}"
        columns = ["lead_id", kept, f"min(created_at) AS {identifier(CREATED)}"]
        return select(columns, self._typed["leads"], "WHERE lead_id IS NOT NULL GROUP BY lead_id")

    def _known_accounts(self, table: str) -> str:
        homes = ["accounts"] if table == "leads" else [home for home in ("leads", "accounts") if home in self._raws]
        ids = " UNION ALL ".join(select(["account_id"], self._typed[home]) for home in homes)
        columns = ["DISTINCT account_id", f"1 AS {identifier(KEPT)}", f"0 AS {identifier(CREATED)}"]
        return select(columns, f"({ids})", "WHERE account_id IS NOT NULL")

    def _mark(self, table: str, stage: str, checked: Checked) -> Marks:
        path = self._work / f"{table}.{stage}.parquet"
        if not checked.checks:
            return Marks(path, (), ())
        checked.frame.to_native().to_parquet(str(path))
        sums = [f"coalesce(sum({identifier(flag(place))}), 0)" for place in range(len(checked.checks))]
        hits = self._connection.execute(select(sums, scan(path))).fetchall()[0]
        return Marks(path, checked.checks, tuple(int(hit) for hit in hits))

    def _removed(self, marks: Sequence[Marks], levels: Collection[str] = REMOVING) -> str:
        """Write the SQL of the rows that checks of some levels found."""
        found = [
            select([identifier(ROW)], scan(mark.path), f"WHERE {mark.flags(levels)}")
            for mark in marks
            if mark.any(levels)
        ]
        return " UNION ".join(found) or f"SELECT 0 AS {identifier(ROW)} WHERE FALSE"

    def _without(self, frame: Frame, marks: Sequence[Marks]) -> Frame:
        if not any(mark.any(REMOVING) for mark in marks):
            return frame
        removed: Frame = nw.from_native(self._connection.sql(self._removed(marks))).lazy()
        return frame.join(removed, on=ROW, how="anti")

    def _tell(self, table: str, marks: Sequence[Marks]) -> None:
        """Report each check that found something, with its first rows."""
        for mark in marks:
            for place, (check, hits) in enumerate(zip(mark.checks, mark.hits, strict=True)):
                if not hits:
                    continue
                columns = [identifier(ROW), identifier(check.shown) if check.shown else "NULL"]
                rest = f"WHERE {identifier(flag(place))} = 1 ORDER BY 1 LIMIT {EXAMPLES}"
                rows = self._connection.execute(select(columns, scan(mark.path), rest)).fetchall()
                examples = [Example(row, shown(value)) for row, value in rows]
                _, home = checks.HOMES.get(table, ("", ""))
                details = {"extracted": iso(self.result.extracted_at), "home": home}
                self.result.faults.append(
                    fault(table, check.column, check.reason, check.level, hits, examples, **details)
                )

    def _count(self, table: str, marks: Sequence[Marks]) -> None:
        count = self.result.counts[table]
        wrong = self._raws[table].wrong.lines
        faulty, aside, gone = (
            self._one("count(*)", f"({self._removed(marks, levels)})")
            for levels in (("row", "cell"), ("row",), REMOVING)
        )
        kept = count.read - wrong - gone
        self.result.counts[table] = Count(count.read, kept, aside + wrong, gone - aside, faulty + wrong)
        if not kept and (table == "leads" or not count.read):
            level: Level = "refuse" if table == "leads" else "notice"
            self.result.faults.append(fault(table, "", "empty_table", level, 0))

    def _quarantine(self, table: str, marks: Sequence[Marks]) -> None:
        """Keep the rows that were set aside, with their cells as the source has them."""
        raw = self._raws[table]
        reasons = [
            select(
                [identifier(ROW), f"'{check.reason}' AS reason"],
                scan(mark.path),
                f"WHERE {identifier(flag(place))} = 1",
            )
            for mark in marks
            for place, (check, hits) in enumerate(zip(mark.checks, mark.hits, strict=True))
            if hits and check.level == "row"
        ]
        parts = []
        width = range(len(raw.headers))
        if reasons:
            rows = f"({' UNION ALL '.join(reasons)})"
            joined = select(
                [identifier(ROW), "string_agg(reason, ' ' ORDER BY reason) AS reason"],
                rows,
                f"GROUP BY {identifier(ROW)}",
            )
            cells = [f"CAST(s.c{place} AS VARCHAR) AS c{place}" for place in width]
            parts.append(
                select(
                    ["s.row", "r.reason", *cells], f"{raw.relation} s JOIN ({joined}) r ON s.row = r.{identifier(ROW)}"
                )
            )
        if raw.wrong.first:
            whole = pa.table(
                {"row": [row for row, _ in raw.wrong.first], "text": [text for _, text in raw.wrong.first]}
            )
            path = self._work / f"{table}.wrong.parquet"
            pq.write_table(whole, path)
            parts.append(select(["row", "'wrong_fields'", "text", *("NULL" for _ in width[1:])], scan(path)))
        if parts:
            query = select(["*"], f"({' UNION ALL '.join(parts)})", "ORDER BY row")
            self._copy(query, self._target / f"{table}.quarantine.parquet")

    def _write(self, table: str, sound: Frame) -> None:
        columns = [*SCHEMA[table], *(["number"] if table == "changes" else [])]
        columns += [attribute.name for attribute in self.result.attributes if attribute.table == table]
        relation = sound.select(columns).to_native()
        of_leads = table != "leads" and "lead_id" in columns and "leads" in self._raws
        # The key of every table is its first column.
        known = (columns[0], *SPENT)
        texts = [
            name for name, kind in zip(columns, relation.types, strict=True) if kind == "VARCHAR" and name not in known
        ]
        many = self.result.counts[table].read >= WORTH_LOOKING
        words = few_words(self._connection, self._typed[table], texts if many else ())
        layout = Layout(
            tuple(columns),
            (LEAD if of_leads else columns[0], *(["occurred_at"] if "occurred_at" in columns else [])),
            words | {name: ("",) for name in SPENT if name in columns},
            self._lead_ids if of_leads else None,
            table == "leads",
        )
        numbers = f"({select(['lead_id', identifier(LEAD)], scan(self._target / 'leads.parquet'))})" if of_leads else ""
        sorted_rows = relation.query("sound", layout.query("sound", numbers))
        write_sorted(sorted_rows, layout, self._target / f"{table}.parquet")

    @cached_property
    def _lead_ids(self) -> pa.StringArray:
        """Leads that were kept, by number."""
        return pq.read_table(self._target / "leads.parquet", columns=["lead_id"]).column(0).combine_chunks()

    def _frame(self, source: str) -> Frame:
        return nw.from_native(self._connection.sql(select(["*"], source))).lazy()

    def _copy(self, query: str, path: Path) -> None:
        self._connection.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet)").fetchall()

    def _one(self, value: str, source: str, rest: str = "") -> Any:
        # Every row is fetched: DuckDB 2 refuses other work on a connection with an unfinished result.
        return self._connection.execute(select([value], source, rest)).fetchall()[0][0]


def scan(path: Path) -> str:
    """Write a Parquet file as a SQL source."""
    return f"read_parquet({literal(str(path))})"
