"""A Postgres table as CRM: COPY to a staging table, then one UPDATE of the rows that are as they were read.

A row's version is its ``xmin``, which every edit changes. Rows that hold the wanted values already are left alone.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeEngine

from pipeline.crm.adapter import EDITED, OK, Change, Limits, Outcome, Record, Refused, Uncertain, bisect, patiently
from pipeline.crm.connect import Link
from pipeline.crm.fields import Field, Value
from pipeline.crm.sql import SqlTable
from pipeline.language import iso
from pipeline.settings import Settings

STAGING = sql.Identifier("tamis_batch")
# Another transaction holds the row: serialisation failure, deadlock, lock not available.
LOCKED = ("40001", "40P01", "55P03")
# A value that its column does not take, a constraint, a trigger that says no.
BAD_ROW = ("22", "23", "P0")
COPY_SPECIAL = re.compile(r"[\\\t\n\r]")
COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class PostgresTable(SqlTable):
    """A Postgres table, through psycopg."""

    limits = Limits(read=20_000, write=20_000, text=10_000_000)

    def __init__(self, settings: Settings, link: Link) -> None:
        super().__init__(settings, link)
        self._connection: psycopg.Connection[Any] | None = None
        self._names = [sql.Identifier(one.theirs) for one in self.fields]
        parts = [part for part in (self.schema, self.table_name) if part]
        self._target, self._key_name = sql.Identifier(*parts), sql.Identifier(self.crm.key)

    def read(self, keys: Sequence[str]) -> Sequence[Record]:
        """Read rows by key, with their version."""
        flags = [sql.Identifier(column.name) for column in self._barriers()]
        shown = [sql.SQL("{}::text").format(self._key_name), *(self._shown(one) for one in self.fields), *flags]
        # As text, a type that psycopg does not know comes as the database shows it.
        is_cast = self._is_plain and not flags
        is_text = self.table.columns[self.crm.key].type.python_type is str
        query = sql.SQL("SELECT xmin::text, {} FROM {} WHERE {} = ANY(%s{})").format(
            sql.SQL(", ").join(shown), self._target, self._key_name, sql.SQL("::text[]" if is_text else "")
        )
        wanted = _text_array(keys) if is_text else [key for key in map(self._key, keys) if key is not None]
        try:
            for attempt in patiently((_Locked, _Lost), self.crm.patience_seconds):
                with attempt, self._transaction() as connection:
                    rows = connection.execute(query, (wanted,), binary=is_cast).fetchall()
        except (psycopg.Error, _Locked, _Lost) as error:
            raise self.link.failure(error) from None
        if is_cast:
            return [Record(row[1], row[1], row[0], row[2:]) for row in rows]
        return [self._record(row[1:], row[0]) for row in rows]

    @cached_property
    def _is_plain(self) -> bool:
        """Whether every column has the type of its field, so that the database itself can give our units."""
        return all(_matches(one, self.table.columns[one.theirs].type) for one in self.fields)

    def _shown(self, one: Field) -> sql.Composable:
        name = sql.Identifier(one.theirs)
        if not self._is_plain:
            return name
        if one.kind == "instant":
            return sql.SQL("extract(epoch FROM {})::bigint").format(name)
        return sql.SQL("{}::float8" if one.is_number else "{}::text").format(name)

    def ahead(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Write what COPY takes."""
        return _Lined(changes, self._lines(changes))

    def write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        """Update rows by key, all or nothing; the bad ones are found by halves."""
        return bisect(changes, self._write)

    def _write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        outcomes: Sequence[Outcome] = ()
        try:
            for attempt in patiently(_Locked, self.crm.patience_seconds):
                with attempt:
                    outcomes = self._update(changes)
        except _Lost:
            raise Uncertain from None
        except (psycopg.Error, _Locked) as error:
            state = getattr(error, "sqlstate", None) or ""
            if state[:2] in BAD_ROW:
                raise Refused(Outcome("rejected", state, error.diag.message_primary or "")) from None  # type: ignore[union-attr]
            raise self.link.failure(error) from None
        return outcomes

    def _update(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        with self._transaction() as connection:
            self._stage(connection, changes)
            sets = sql.SQL(", ").join(sql.SQL("{0} = s.{0}").format(name) for name in self._names)
            done = connection.execute(
                sql.SQL(
                    "UPDATE {} t SET {} FROM {} s WHERE t.{key} = s.{key} AND t.{key} BETWEEN %s AND %s "
                    "AND t.xmin = s.tamis_version AND {}"
                ).format(self._target, sets, STAGING, self._distinct(), key=self._key_name),
                self._ends(connection),
            )
            if done.rowcount == len(changes):
                return [OK] * len(changes)
            left = connection.execute(
                sql.SQL(
                    "SELECT s.tamis_seq, t.{0} IS NULL FROM {1} s LEFT JOIN {2} t ON t.{0} = s.{0} "
                    "WHERE t.{0} IS NULL OR {3}"
                ).format(self._key_name, STAGING, self._target, self._distinct())
            ).fetchall()
        not_written = {seq: Outcome("missing") if is_gone else EDITED for seq, is_gone in left}
        return [not_written.get(seq, OK) for seq in range(len(changes))]

    def _stage(self, connection: psycopg.Connection[Any], changes: Sequence[Change]) -> None:
        columns = sql.SQL(", ").join([self._key_name, *self._names])
        connection.execute(
            sql.SQL(
                "CREATE TEMP TABLE IF NOT EXISTS {} ON COMMIT DELETE ROWS AS "
                "SELECT 0 AS tamis_seq, xmin AS tamis_version, {} FROM {} WITH NO DATA"
            ).format(STAGING, columns, self._target)
        )
        with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(STAGING)) as copy:
            copy.write(changes.lines if isinstance(changes, _Lined) else self._lines(changes))
        connection.execute(sql.SQL("ANALYZE {} ({})").format(STAGING, self._key_name))

    def _lines(self, changes: Sequence[Change]) -> str:
        keys, _, versions, values, _ = zip(*changes, strict=True)
        columns = zip(*values, strict=True)
        cells = [_cells(column, one.kind == "instant") for column, one in zip(columns, self.fields, strict=True)]
        if COPY_SPECIAL.search("".join(keys)):
            keys = tuple(key.translate(COPY_ESCAPES) for key in keys)
        lines = zip(map(str, range(len(changes))), versions, keys, *cells, strict=True)
        return "\n".join(map("\t".join, lines)) + "\n"

    def _ends(self, connection: psycopg.Connection[Any]) -> list[str]:
        """First and last key of the batch: without them a large table is read from its start for every batch."""
        query = "SELECT {0}::text FROM {1} ORDER BY {0} {2} LIMIT 1"
        ends = [sql.SQL(query).format(self._key_name, STAGING, sql.SQL(order)) for order in ("ASC", "DESC")]
        return [row[0] for end in ends for row in connection.execute(end)]

    def _distinct(self) -> sql.Composed:
        theirs, mine = (
            sql.SQL(", ").join(sql.SQL("{}.{}").format(sql.SQL(side), name) for name in self._names) for side in "ts"
        )
        return sql.SQL("({}) IS DISTINCT FROM ({})").format(theirs, mine)

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            connection = self._open()
            with connection.transaction():
                yield connection
        except psycopg.Error as error:
            if error.sqlstate in LOCKED:
                raise _Locked(self.link.words(error)) from None
            if (error.sqlstate or "08")[:2] in ("08", "57"):
                self._connection = None
                raise _Lost(self.link.words(error)) from None
            raise

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            _ = self.table
            try:
                pooled = self.link.engine.raw_connection()
            except OperationalError as error:
                raise _Lost(self.link.words(error)) from None
            made: psycopg.Connection[Any] = pooled.driver_connection  # type: ignore[assignment]
            pooled.detach()
            limit = round(self.crm.timeout_seconds * 1000)
            for setting in ("statement_timeout", "lock_timeout"):
                made.execute(sql.SQL("SET {} = {}").format(sql.Identifier(setting), limit))
            made.execute("SET TIME ZONE 'UTC'")
            made.commit()
            self._connection = made
        return self._connection

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()
        super().close()


class _Lined(tuple[Change, ...]):
    """Changes with their lines for COPY."""

    lines: str

    def __new__(cls, changes: Sequence[Change], lines: str) -> "_Lined":
        made = super().__new__(cls, changes)
        made.lines = lines
        return made


class _Locked(Exception):  # noqa: N818 (it is tried again)
    """Somebody else holds a row."""


class _Lost(Exception):  # noqa: N818 (it is tried again)
    """The connection broke."""


def _text_array(texts: Sequence[str]) -> str:
    r"""Write an array as Postgres does; psycopg's own way costs more than the query.

    Examples
    --------
    >>> print(_text_array(["a", 'b"c', "d,e"]))
    {"a","b\"c","d,e"}
    >>> _text_array([])
    '{}'
    """
    # No text of Postgres holds a NUL.
    joined = "\0".join(texts).replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
    return f'{{"{joined}"}}' if texts else "{}"


def _matches(one: Field, kind: TypeEngine[Any]) -> bool:
    if one.kind == "instant":
        return kind.python_type is datetime
    return kind.python_type in ((float, Decimal) if one.is_number else (str,))


def _cells(column: Sequence[Value], is_instant: bool) -> list[str]:
    if {*map(type, column)} == {float}:
        return list(map(repr, column))
    known = {value: _cell(value, is_instant) for value in set(column)}
    return [known[value] for value in column]


def _cell(value: Value, is_instant: bool) -> str:
    if value is None:
        return "\\N"
    if is_instant:
        return iso(int(value))
    return value.translate(COPY_ESCAPES) if isinstance(value, str) else repr(value)
