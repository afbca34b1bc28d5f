"""Postgres and warehouses in place: narwhals over Ibis writes their SQL, they compute, only results come here.

Postgres is what the tests run. The queries for Snowflake and BigQuery are compiled and kept in the tests; they were
never executed there.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import narwhals.stable.v2 as nw
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.common.exceptions import IbisError
from sqlalchemy import make_url

from features.compiler import describe
from features.errors import OutsideError, UseError
from features.frames import Frame
from features.specification import Feature
from features.tables import Tables
from pipeline.database import first_line

BATCH = 20_000
KEYS = "tamis_keys_{}"
_POSTGRES = {pa.string(): "text", pa.large_string(): "text", pa.int64(): "bigint", pa.float64(): "double precision"}


def connect_warehouse(url: str, password: str | None) -> "Warehouse":
    """Connect by URL, as SQLAlchemy writes it, without password.

    Raises
    ------
    OutsideError
        It does not answer, or its driver is missing; the message holds no password.
    """
    parsed = make_url(url)
    full = parsed.set(drivername=parsed.get_backend_name(), password=password or parsed.password)
    secrets = [str(secret) for secret in (full.password,) if secret]
    name = full.render_as_string(hide_password=True)
    with _told(name, secrets):
        backend = ibis.connect(full.render_as_string(hide_password=False))
        if parsed.get_backend_name() == "postgresql":
            _at_one_instant(backend.con)
    return Warehouse(backend, name, secrets)


def _at_one_instant(connection: Any) -> None:
    """Read everything as it stood at one instant: one transaction, which the first statement begins."""
    from psycopg import IsolationLevel  # noqa: PLC0415 (with Postgres only)

    connection.autocommit = False
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.execute("SELECT 1")


class Warehouse:
    """A database that computes features where its tables stand; nothing is written but temporary tables of keys.

    Parameters
    ----------
    backend : ibis.BaseBackend
        Connected.
    name : str
        Its address without password, for messages.
    secrets : sequence of str
        What must not stand in a message.
    """

    distributed = False

    def __init__(self, backend: Any, name: str, secrets: Sequence[str] = ()) -> None:
        self._backend, self.name, self._secrets = backend, name, tuple(secrets)
        self._n_keys = 0

    def there(self) -> list[str]:
        """See `Place`."""
        with _told(self.name, self._secrets):
            return sorted(self._backend.list_tables())

    def table(self, path: str) -> Any | None:
        """See `Place`; a path is a table, or ``schema.table``."""
        schema, _, name = path.rpartition(".")
        with _told(self.name, self._secrets):
            if path in self._backend.list_tables():
                return self._backend.table(path)
            if schema and name in self._backend.list_tables(database=schema):
                return self._backend.table(name, database=schema)
        return None

    def seconds(self, table: Any, columns: list[str], zone: str) -> Any:
        """See `Place`."""
        changed = {}
        for name in columns:
            value, dtype = table[name], table[name].type()
            naive = dtype.is_date() or dtype.timezone is None
            if naive and zone != "UTC":
                if self._backend.name != "postgres":
                    raise UseError(
                        f"source.time_zone: expected UTC for times without a zone in {self.name}, found {zone!r}. "
                        f"Give {name!r} a zone in a view."
                    )
                # Its session is in UTC: what the clock showed is shifted by what the zone says of it.
                value = _at_zone(zone, value.cast("timestamp"))
            changed[name] = value.cast("timestamp").truncate("s").epoch_seconds().cast("int64")
        return table.mutate(**changed) if changed else table

    def put(self, rows: pa.Table) -> Frame:
        """See `Engine`."""
        native = self._copied(rows) if self._backend.name == "postgres" else ibis.memtable(rows)
        keys: Frame = nw.from_native(native).lazy()
        return keys

    def _copied(self, rows: pa.Table) -> Any:
        name = KEYS.format(self._n_keys)
        self._n_keys += 1
        columns = [f'"{field.name}" {_POSTGRES[field.type]}' for field in rows.schema]
        with _told(self.name, self._secrets), self._backend.con.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE {name} ({', '.join(columns)})")
            with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                for batch in rows.to_batches(BATCH):
                    for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        copy.write_row(row)
            cursor.execute(f"ANALYZE {name}")
            return self._backend.table(name)

    def save(self, frame: Frame, path: Path) -> None:
        """See `Engine`; in batches, so that memory does not grow with the rows."""
        expression = frame.to_native()
        with _told(self.name, self._secrets):
            schema = expression.schema().to_pyarrow()
            with pq.ParquetWriter(path, schema, compression="zstd") as writer:
                for batch in expression.to_pyarrow_batches(chunk_size=BATCH):
                    writer.write_batch(batch.cast(schema))

    def close(self) -> None:
        """See `Engine`."""
        self._backend.disconnect()


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]  # Ibis has no types
    name="timezone", signature=((dt.string, dt.Timestamp()), dt.Timestamp(timezone="UTC"))
)
def _at_zone(zone: Any, clock: Any) -> Any:
    """Postgres's own function behind AT TIME ZONE."""


@contextmanager
def _told(name: str, secrets: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except (UseError, OutsideError):
        raise
    except (IbisError, ImportError, OSError, pa.ArrowException) as error:
        raise OutsideError(f"source.url: the database {name} failed: {first_line(error, secrets)}.") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("psycopg", "snowflake", "google"):
            raise
        raise OutsideError(f"source.url: the database {name} failed: {first_line(error, secrets)}.") from None


def compiled(schemas: Mapping[str, Mapping[str, str]], features: Sequence[Feature], cutoff: int, dialect: str) -> str:
    """Write the query that describes every lead at an instant, for a warehouse that is not at hand.

    Parameters
    ----------
    schemas : mapping of str to mapping of str to str
        Canonical tables in their canonical types, as Ibis calls them: name -> column -> type.
    features : sequence of Feature
        With recipes.
    cutoff : int
        UTC seconds.
    dialect : {"snowflake", "bigquery", "postgres"}
        Whose SQL.

    Returns
    -------
    str
        One query: ``lead_id``, ``cutoff`` and the features. It was executed on Postgres only.

    Examples
    --------
    >>> from features.declare import count
    >>> from features.specification import Did
    >>> views = count("view", "engagement", days=(7,), en=Did("Viewed", "Views"), fr=Did("A vu", "Vues"))
    >>> events = {"lead_id": "string", "occurred_at": "int64", "known_at": "int64", "type": "string"}
    >>> sql = compiled({"leads": {"lead_id": "string"}, "events": events}, views, 1_700_000_000, "bigquery")
    >>> "SAFE_CAST" in sql or "CAST(" in sql
    True
    """
    frames: dict[str, Frame] = {
        name: nw.from_native(ibis.table(dict(schema), name=name)).lazy() for name, schema in schemas.items()
    }
    snapshots = frames["leads"].select("lead_id", cutoff=nw.lit(cutoff, nw.Int64))
    query = describe(snapshots, Tables(frames, (), cutoff), features, cutoff, cutoff)
    return str(ibis.to_sql(query.to_native(), dialect=dialect))
