"""A table of a database as CRM: any that SQLAlchemy reaches; rows are updated by key, never inserted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError as BadValue
from sqlalchemy.exc import DBAPIError, IntegrityError, NoSuchTableError

from features.errors import UseError
from pipeline.crm.adapter import (
    EDITED,
    OK,
    Barrier,
    Change,
    Limits,
    Memory,
    Outcome,
    Record,
    Refused,
    Uncertain,
    bisect,
)
from pipeline.crm.connect import Link
from pipeline.crm.fields import Field, Value, resolve
from pipeline.language import iso
from pipeline.settings import Settings

TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "rate": sa.Double(),
    "points": sa.Double(),
    "amount": sa.Double(),
    "number": sa.Double(),
    "instant": sa.DateTime(timezone=True),
}


def open_sql(settings: Settings, root: Path) -> "SqlTable":
    """Choose the way of writing: COPY for Postgres through psycopg, batches for any other database."""
    link = Link("crm.url", settings.crm.url, settings.crm.token, root)
    if link.engine.dialect.name == "postgresql" and link.engine.dialect.driver == "psycopg":
        from pipeline.crm.postgres import PostgresTable  # noqa: PLC0415 (psycopg is an option)

        return PostgresTable(settings, link)
    return SqlTable(settings, link)


class SqlTable:
    """A table whose rows stand for leads.

    A batch is read again under its locks before it is written, so that an edit since the plan is seen.
    """

    name = "sql"
    limits = Limits(read=500, write=500, text=10_000_000)

    def __init__(self, settings: Settings, link: Link) -> None:
        crm = settings.crm
        if not crm.key:
            raise UseError("crm.key: expected the column that holds our lead_id, found nothing. Name it.")
        self.crm, self.link = crm, link
        self.fields = resolve(crm.fields, crm.key)
        self.schema, _, self.table_name = (crm.object or "leads").rpartition(".")

    @cached_property
    def _all(self) -> sa.Table:
        with self.link.told():
            try:
                return sa.Table(
                    self.table_name, sa.MetaData(), autoload_with=self.link.engine, schema=self.schema or None
                )
            except NoSuchTableError:
                raise UseError(
                    f"crm.object: the database {self.link.name} has no table {self.crm.object or 'leads'!r}. Name one."
                ) from None

    @cached_property
    def table(self) -> sa.Table:
        """The table, with every column that is needed.

        Raises
        ------
        UseError
            A column is missing.
        """
        named = [self.crm.key, self.crm.override, self.crm.opted_out, *(one.theirs for one in self.fields)]
        missing = [name for name in named if name and name not in self._all.columns]
        if missing:
            raise UseError(
                f"crm.fields: the table {self._all.fullname} has no column {', '.join(map(repr, missing))}. "
                "'tamis push --prepare' creates the mapped ones that are missing; or correct [crm]."
            )
        return self._all

    def recover(self, memory: Memory) -> None:
        """A transaction that was not committed left nothing behind."""

    def read(self, keys: Sequence[str]) -> Sequence[Record]:
        """Read rows by key."""
        with self.link.told(), self.link.engine.connect() as connection:
            return self._read(connection, keys)

    def _read(self, connection: sa.Connection, keys: Sequence[str], *, lock: bool = False) -> list[Record]:
        columns = self.table.columns
        wanted = sa.select(columns[self.crm.key], *(columns[one.theirs] for one in self.fields), *self._barriers())
        wanted = wanted.where(columns[self.crm.key].in_([*map(self._key, keys)]))
        rows = connection.execute(wanted.with_for_update() if lock else wanted)
        return [self._record(tuple(row)) for row in rows]

    def _barriers(self) -> list[sa.Column[Any]]:
        return [self.table.columns[name] for name in (self.crm.override, self.crm.opted_out) if name]

    def _key(self, key: str) -> Any:
        if self.table.columns[self.crm.key].type.python_type is int:
            # No row has a key that is no number.
            return int(key) if key.isascii() and key.isdigit() else None
        return key

    def _record(self, row: tuple[Any, ...], version: str = "") -> Record:
        """From the key, our columns, then those that keep us off."""
        end = 1 + len(self.fields)
        values = tuple(ours(one, value) for one, value in zip(self.fields, row[1:end], strict=True))
        key, flags = str(row[0]), iter(row[end:])
        override = next(flags) if self.crm.override else None
        opted_out = next(flags) if self.crm.opted_out else None
        return Record(key, key, version, values, barrier(override, opted_out))

    def write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        """Update rows by key, all or nothing; the bad ones are found by halves."""
        return bisect(changes, self._write)

    def _write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        key = self.table.columns[self.crm.key]
        statement = sa.update(self.table).where(key == sa.bindparam("tamis_key"))
        statement = statement.values({one.theirs: sa.bindparam(f"tamis_{n}") for n, one in enumerate(self.fields)})
        try:
            with self.link.engine.begin() as connection:
                found = {row.key: row for row in self._read(connection, [c.lead_id for c in changes], lock=True)}
                outcomes = [_outcome(found.get(change.lead_id), change) for change in changes]
                rows = [
                    {
                        "tamis_key": self._key(change.lead_id),
                        **{f"tamis_{n}": self._theirs(one, change.values[n]) for n, one in enumerate(self.fields)},
                    }
                    for change, outcome in zip(changes, outcomes, strict=True)
                    if outcome is OK
                ]
                if rows:
                    connection.execute(statement, rows)
        except (BadValue, IntegrityError) as error:
            raise Refused(Outcome("rejected", type(error.orig).__name__, self.link.words(error))) from None
        except DBAPIError as error:
            if error.connection_invalidated:
                raise Uncertain from None
            raise self.link.failure(error) from None
        return outcomes

    def _theirs(self, one: Field, value: Value) -> Any:
        if one.kind != "instant" or value is None:
            return value
        kind = self.table.columns[one.theirs].type
        if not isinstance(kind, sa.DateTime):
            return iso(int(value))
        at = datetime.fromtimestamp(int(value), UTC)
        return at if kind.timezone else at.replace(tzinfo=None)

    def prepare(self) -> Sequence[str]:
        """Add the mapped columns that are missing."""
        there = set(self._all.columns.keys())
        made = [one for one in self.fields if one.theirs not in there]
        quoted = self.link.engine.dialect.identifier_preparer
        with self.link.told(), self.link.engine.begin() as connection:
            for one in made:
                kind = self.link.engine.dialect.type_compiler_instance.process(TYPES.get(one.kind, sa.Text()))
                table, column = quoted.format_table(self._all), quoted.quote_identifier(one.theirs)
                connection.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN {column} {kind}"))
        self.__dict__.pop("_all", None)
        self.__dict__.pop("table", None)
        return [one.theirs for one in made]

    def close(self) -> None:
        """Let go of the database."""
        self.link.engine.dispose()


def _outcome(record: Record | None, change: Change) -> Outcome:
    if record is None:
        return Outcome("missing")
    return OK if record.values == change.before and not record.keeps_off(change.values) else EDITED


def ours(one: Field, value: Any) -> Value:
    """Read a value of the CRM in our units.

    Examples
    --------
    >>> rate, instant = Field("propensity", "score", "rate"), Field("scored_at", "at", "instant")
    >>> ours(rate, "0.25"), ours(instant, "1970-01-02T00:00:00Z"), ours(rate, "")
    (0.25, 86400, None)
    """
    if value is None or value == "":
        return None
    if one.kind == "instant":
        return seconds(value)
    if one.is_number:
        try:
            return float(value)
        except ValueError:
            return str(value)
    return str(value)


def seconds(value: Any) -> Value:
    """Read an instant as UTC seconds, whatever form the CRM gives it; one without zone is UTC."""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def barrier(override: Any, opted_out: Any) -> Barrier:
    """Why a record is left alone, from the fields that say so.

    Examples
    --------
    >>> barrier("false", None), barrier("Ana", True), barrier(None, 1)
    ('', 'override', 'opted_out')
    """
    if _is_set(override):
        return "override"
    return "opted_out" if _is_set(opted_out) else ""


def _is_set(value: Any) -> bool:
    return bool(value) and str(value).strip().lower() not in ("", "false", "0", "no", "f", "n")
