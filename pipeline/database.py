"""A database by URL: each table is read once, in batches, into Parquet that the rest of the pipeline works on.

Nothing is ever written there. Postgres is read through ADBC where its driver is installed; everything else, and
Postgres without it, through SQLAlchemy with values as text: one path for drivers that disagree on types.
"""

import datetime
import importlib
import importlib.util
import itertools
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet
from sqlalchemy import URL, Connection, Engine, create_engine, inspect, make_url, text
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from features.errors import OutsideError, UseError
from pipeline.cells import identifier, select

BATCH = 50_000


def is_database(url: str) -> bool:
    """Tell a database URL from a folder.

    Examples
    --------
    >>> is_database("postgresql://crm.example/sales"), is_database("data"), is_database("C:/data")
    (True, False, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+_.-]*://", url) is not None


class Database:
    """A database that is only read.

    Parameters
    ----------
    url : str
        As SQLAlchemy writes it, without password.
    password : str or None
        Put into the URL; never shown.
    root : Path
        What a relative SQLite path is relative to.

    Raises
    ------
    UseError
        When the URL is none, or names a driver that is not installed.
    OutsideError
        When the database does not answer.
    """

    def __init__(self, url: str, password: str | None, root: Path) -> None:
        self._secrets = [password] if password else []
        try:
            parsed = make_url(url)
            self.url = parsed.set(password=password) if password else parsed
            if self.url.password:
                self._secrets.append(str(self.url.password))
            self.name = self.url.render_as_string(hide_password=True)
            self._engine = self._create(root)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:  # ValueError: of the port
            raise UseError(
                f"source.url: expected a folder or a database URL such as postgresql+psycopg://user@host/name, "
                f"found one that cannot be used: {self._short(error)}."
            ) from None

    def _create(self, root: Path) -> Engine:
        if self.url.get_backend_name() != "sqlite":
            return create_engine(with_driver(self.url), hide_parameters=True)
        file = root / (self.url.database or "")
        if not file.is_file():
            raise UseError(f"source.url: expected a SQLite file, found none at {self.url.database!r}.")
        return create_engine(
            "sqlite://",
            # The mode belongs to the driver: SQLAlchemy would create a missing file.
            creator=lambda: sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True),
            hide_parameters=True,
        )

    def extract(self, wanted: Mapping[str, str], named: Sequence[str], folder: Path) -> "Extraction":
        """Read tables into one Parquet file each, all as they stood at one instant where the database can do that.

        Parameters
        ----------
        wanted : mapping of str to str
            Canonical table to table or view, which may be ``schema.name``.
        named : sequence of str
            Canonical tables that the settings name: they must exist; the others may be absent.
        folder : Path
            Where the files go, an existing folder.

        Raises
        ------
        OutsideError
            When the database fails; the message holds no password and no value.
        """
        try:
            with self._engine.connect() as connection, connection.begin():
                self._read_only(connection)
                inspector = inspect(connection)
                found: dict[str, tuple[Path, tuple[str, ...]]] = {}
                missing: list[str] = []
                for table, path in wanted.items():
                    place = _place(inspector, path)
                    if place is None:
                        missing += [table] * (table in named or table == "leads")
                        continue
                    columns = tuple(str(column["name"]) for column in inspector.get_columns(place[1], schema=place[0]))
                    self._save(connection, place, columns, folder / f"{table}.parquet")
                    found[table] = (folder / f"{table}.parquet", columns)
                there = tuple(sorted({*inspector.get_table_names(), *inspector.get_view_names()}))
                return Extraction(found, tuple(missing), there)
        except SQLAlchemyError as error:
            raise OutsideError(f"source.url: the database {self.name} failed: {self._short(error)}.") from None
        except (pa.ArrowException, OSError, sqlite3.Error) as error:
            raise OutsideError(f"source.url: reading {self.name} failed: {self._short(error)}.") from None
        finally:
            self._engine.dispose()

    def _read_only(self, connection: Connection) -> None:
        if self.url.get_backend_name() == "postgresql":
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))

    def _save(
        self, connection: Connection, place: tuple[str | None, str], columns: Sequence[str], target: Path
    ) -> None:
        if self.url.get_backend_name() == "postgresql" and importlib.util.find_spec("adbc_driver_postgresql"):
            batches = self._adbc(place, columns)
        else:
            batches = _driver(connection, place, columns)
        first = next(batches)
        names = [f"c{position}" for position in range(len(columns))]
        schema = pa.schema([("row", pa.int64()), *zip(names, first.schema.types, strict=True)])
        with pa.parquet.ParquetWriter(target, schema, compression="lz4") as writer:
            start = 1
            for batch in itertools.chain([first], batches):
                rows = pa.array(range(start, start + batch.num_rows), pa.int64())
                start += batch.num_rows
                writer.write_batch(pa.record_batch([rows, *batch.columns], schema=schema))

    def _adbc(self, place: tuple[str | None, str], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        dbapi = importlib.import_module("adbc_driver_postgresql.dbapi")
        uri = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        source = ".".join(identifier(part) for part in place if part)
        try:
            with dbapi.connect(uri) as connection, connection.cursor() as cursor:
                cursor.execute(select(map(identifier, columns), source))
                reader = cursor.fetch_record_batch()
                yield _plain(pa.RecordBatch.from_pylist([], schema=reader.schema))
                yield from map(_plain, reader)
        except dbapi.Error as error:
            raise OutsideError(f"source.url: the database {self.name} failed: {self._short(error)}.") from None

    def _short(self, error: BaseException) -> str:
        return first_line(error, self._secrets)


def first_line(error: BaseException, secrets: Iterable[str]) -> str:
    """Give a driver's own first line, without password, statement or values.

    Examples
    --------
    >>> first_line(ValueError("no p4ss here; try again"), ["p4ss"])
    'ValueError: no *** here; try again'
    """
    origin = getattr(error, "orig", None) or error
    line = str(origin).strip().splitlines()[0] if str(origin).strip() else ""
    for secret in secrets:
        line = line.replace(secret, "***").replace(quote(secret, safe=""), "***")
    return f"{type(origin).__name__}: {line}".rstrip(". ")


def with_driver(url: URL) -> URL:
    """Name the driver that Tamis installs for Postgres, where the address names none."""
    if url.drivername == "postgresql" and importlib.util.find_spec("psycopg"):
        return url.set(drivername="postgresql+psycopg")
    return url


@dataclass(frozen=True)
class Extraction:
    """What was read of a database.

    Attributes
    ----------
    found : mapping of str to (Path, tuple of str)
        Canonical table -> its Parquet file (``row``, ``c0``, ``c1`` ...) and the names of the columns.
    missing : tuple of str
        Canonical tables that must be there and are not.
    there : tuple of str
        Every table and view of the default schema, sorted.
    """

    found: Mapping[str, tuple[Path, tuple[str, ...]]]
    missing: tuple[str, ...]
    there: tuple[str, ...]


def _place(inspector: Inspector, path: str) -> tuple[str | None, str] | None:
    """Find a table or view: the name as it is, else as ``schema.name``."""
    if inspector.has_table(path):
        return None, path
    schema, _, name = path.partition(".")
    if name and inspector.has_table(name, schema=schema):
        return schema, name
    return None


def _driver(connection: Connection, place: tuple[str | None, str], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    quoted = connection.dialect.identifier_preparer.quote_identifier
    query = select(map(quoted, columns), ".".join(quoted(part) for part in place if part))
    names = [f"c{position}" for position in range(len(columns))]
    streamed = connection.execution_options(stream_results=True, max_row_buffer=BATCH)
    with streamed.exec_driver_sql(query) as result:
        while True:
            rows = result.fetchmany(BATCH)
            cells = zip(*rows, strict=True) if rows else ([] for _ in names)
            yield pa.record_batch([pa.array(map(as_text, cell), pa.string()) for cell in cells], names=names)
            if len(rows) < BATCH:
                return


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Give the storage of extension types, such as the numerics that ADBC passes on as text."""
    columns = [column.storage if isinstance(column.type, pa.BaseExtensionType) else column for column in batch.columns]
    return pa.record_batch(columns, names=[f"c{position}" for position in range(len(columns))])


def as_text(value: Any) -> str | None:
    """Write a driver's value as text that staging reads back: no loss, no locale.

    Examples
    --------
    >>> as_text(None), as_text(True), as_text(1.5), as_text(datetime.datetime(2026, 11, 21, 14, 30))
    (None, 'true', '1.5', '2026-11-21 14:30:00')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)
