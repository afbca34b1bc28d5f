"""Spark in place: narwhals writes its plans, its executors run them; features, and scores, never pass through here."""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, functions

from features.errors import OutsideError
from features.frames import Frame

FILES = re.compile(r"[/\\]")


def connect_spark(url: str) -> "Spark":
    """Take the session of this process, or start one.

    Parameters
    ----------
    url : str
        ``spark://host:7077`` of a standalone master; ``spark://`` alone is what ``spark-submit`` or its configuration
        say. A session that this process already has, as in a notebook, is used whatever the address says, and left
        running.

    Raises
    ------
    OutsideError
        No session can be started.
    """
    # Spark logs refused plans with their whole trees; what failed is told by the error.
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)
    if (handed_in := SparkSession.getActiveSession()) is not None:
        return Spark(handed_in, owned=False)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("tamis").config("spark.ui.showConsoleProgress", "false")
    if url != "spark://":
        builder = builder.master(url)
    with told(url):
        return Spark(builder.getOrCreate(), owned=True)


class Spark:
    """A session of Spark, whose catalogue or storage holds the tables.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
        Classic, as ``mapInPandas`` over the driver's broadcast needs.
    owned : bool
        Whether `close` stops it.
    """

    name, distributed = "Spark", True

    def __init__(self, session: SparkSession, *, owned: bool) -> None:
        self.session, self._owned = session, owned

    def there(self) -> list[str]:
        """See `Place`."""
        with told(self.name):
            return sorted(table.name for table in self.session.catalog.listTables())

    def table(self, path: str) -> DataFrame | None:
        """See `Place`; a path with a slash is Parquet, anything else a table of the catalogue."""
        with told(self.name):
            if FILES.search(path):
                return self.session.read.parquet(path)
            return self.session.table(path) if self.session.catalog.tableExists(path) else None

    def seconds(self, table: DataFrame, columns: list[str], zone: str) -> DataFrame:
        """See `Place`; the zone of the session does not matter."""
        changed = {}
        for name in columns:
            value, kind = functions.col(_quoted(name)), table.schema[name].dataType.typeName()
            if kind == "timestamp":
                changed[name] = functions.unix_seconds(value)
            else:
                utc = functions.convert_timezone(functions.lit(zone), functions.lit("UTC"), value.cast("timestamp_ntz"))
                start = functions.lit("1970-01-01 00:00:00").cast("timestamp_ntz")
                changed[name] = functions.floor(
                    functions.timestamp_diff("MICROSECOND", start, utc) / functions.lit(1_000_000)
                ).cast("long")
        return table.withColumns(changed) if changed else table

    def put(self, rows: pa.Table) -> Frame:
        """See `Engine`."""
        with told(self.name):
            return nw.from_native(self.session.createDataFrame(rows)).lazy()

    def save(self, frame: Frame, path: Path) -> None:
        """See `Engine`; the executors write, so that the workspace must stand where all of them see it."""
        with told(self.name):
            frame.to_native().write.parquet(str(path))
        if not any(path.glob("*.parquet")):
            raise unseen(path)

    def close(self) -> None:
        """See `Engine`; a session that was handed in goes on."""
        if self._owned:
            self.session.stop()


def unseen(path: Path) -> OutsideError:
    """Say that what the executors wrote is not here."""
    return OutsideError(
        f"Spark: expected the files that its executors wrote in {path.parent}, found none. Put the workspace on "
        "storage that this machine and every executor see under one path."
    )


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn what Spark raises into one sentence, without the plan."""
    try:
        yield
    except (PySparkException, Py4JError, OSError) as error:
        line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise OutsideError(f"source.url: {where} failed: {line[:300].rstrip('. ')}.") from None


def _quoted(name: str) -> Any:
    return "`" + name.replace("`", "``") + "`"
