"""What every engine can do for the pipeline, and the embedded one: DuckDB."""

from pathlib import Path
from typing import Any, Protocol

import duckdb
import narwhals.stable.v2 as nw
import pyarrow as pa

from features.frames import Frame


class Engine(Protocol):
    """A place that computes features: the same expressions, compiled by narwhals to what it speaks.

    Attributes
    ----------
    distributed : bool
        Whether it is many machines, so that scores too are made there.
    """

    distributed: bool

    def put(self, rows: pa.Table) -> Frame:
        """Make rows of ours usable beside its tables; gone when the engine is closed."""
        ...

    def save(self, frame: Frame, path: Path) -> None:
        """Run a query into Parquet: a file at that path or a folder of files, in any order."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Embedded:
    """DuckDB in this process, over Parquet.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the limits of the settings.

    Examples
    --------
    >>> engine = Embedded(duckdb.connect())
    >>> engine.put(pa.table({"lead_id": ["a"]})).collect().to_native().to_pylist()
    [{'lead_id': 'a'}]
    >>> engine.close()
    """

    distributed = False

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def put(self, rows: pa.Table) -> Frame:
        """See `Engine`."""
        return nw.from_native(self._connection.from_arrow(rows)).lazy()

    def save(self, frame: Frame, path: Path) -> None:
        """See `Engine`."""
        frame.sink_parquet(str(path))

    def close(self) -> None:
        """See `Engine`."""
        self._connection.close()


class Place(Engine, Protocol):
    """An engine that holds the tables itself, so that they are worked on in place."""

    name: str

    def there(self) -> list[str]:
        """Names of its tables and views, sorted, for messages."""
        ...

    def table(self, path: str) -> Any | None:
        """A table or view as the engine's own lazy frame; None where there is none."""
        ...

    def seconds(self, table: Any, columns: list[str], zone: str) -> Any:
        """Turn dates and times of a table into UTC seconds, cut off towards the past; naive ones are of ``zone``."""
        ...
