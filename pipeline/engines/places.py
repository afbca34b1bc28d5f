"""Which engine a source asks for, by its address."""

import importlib.util

from features.errors import UseError
from pipeline.engines.engine import Place
from pipeline.settings import SourceSettings

SPARK = "spark://"
WAREHOUSES = ("postgresql", "snowflake", "bigquery")


def is_in_place(source: SourceSettings) -> bool:
    """Tell whether the tables of a source stay where they are.

    Examples
    --------
    >>> [is_in_place(SourceSettings(url=url)) for url in ("data", "spark://", "postgresql://crm.example/sales")]
    [False, True, False]
    >>> is_in_place(SourceSettings(url="postgresql://crm.example/sales", in_place=True))
    True
    """
    return source.in_place or source.url.startswith(SPARK)


def connect_place(source: SourceSettings) -> Place:
    """Connect to the engine that holds the tables.

    Raises
    ------
    UseError
        When its driver is not installed, or no engine of that address can work in place.
    OutsideError
        When it does not answer.

    Examples
    --------
    >>> connect_place(SourceSettings(url="data", in_place=True))
    Traceback (most recent call last):
    ...
    features.errors.UseError: source.in_place: expected source.url of a Postgres (postgresql://...), found 'data'.
    Correct it, or set source.in_place = false.
    """
    if source.url.startswith(SPARK):
        _require("pyspark", "spark", "Spark")
        from pipeline.engines.spark import connect_spark  # noqa: PLC0415 (an extra)

        return connect_spark(source.url)
    scheme = source.url.partition("://")[0].partition("+")[0]
    if scheme not in WAREHOUSES or "://" not in source.url:
        shown = source.url.rpartition("@")[2]
        raise UseError(
            f"source.in_place: expected source.url of a Postgres (postgresql://...), found {shown!r}. Correct it, or "
            "set source.in_place = false."
        )
    _require("ibis", "warehouse", "a database that computes in place")
    from pipeline.engines.warehouse import connect_warehouse  # noqa: PLC0415 (an extra)

    return connect_warehouse(source.url, source.password.get_secret_value() if source.password else None)


def _require(module: str, extra: str, what: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise UseError(
            f"source.url: expected the extra '{extra}' for {what}, found it not installed. "
            f"Run: pip install --constraint constraints.txt --editable '.[{extra}]'"
        )
