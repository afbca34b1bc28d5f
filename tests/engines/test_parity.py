"""The same features on every engine: DuckDB here, Postgres in place, Spark on two executors."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from features.snapshots import KEYS
from pipeline.describe import declared_features, describe_scoring, describe_training
from pipeline.source import Opened


def scoring(opened: Opened, company: Any, scratch: Path) -> pd.DataFrame:
    """Keys and features of the open leads."""
    scratch.mkdir()
    features = declared_features(opened, company.settings)
    described = describe_scoring(opened, company.settings, opened.tables.extracted_at + 1, features, scratch)
    frame = pa.concat_tables(described.blocks(100)).to_pandas()
    assert frame[KEYS].equals(described.rows[KEYS])
    assert_frame_equal(frame.drop(columns=KEYS), described.frame(), check_dtype=False)
    assert described.missing == () or company.name == "bpic2012"
    return frame


def told(opened: Opened) -> list[tuple[str, str, str, int]]:
    return [(item.table, item.column, item.reason, item.rows) for item in opened.faults if item.reason != "personal"]


def same_tables(there: Opened, here: Opened) -> None:
    assert there.tables.counts == here.tables.counts
    assert there.tables.attributes == here.tables.attributes
    assert there.tables.extracted_at == here.tables.extracted_at
    assert there.tables.one_table == here.tables.one_table
    assert sorted(told(there)) == sorted(told(here))


def same(there: pd.DataFrame, here: pd.DataFrame) -> None:
    assert len(here) > 50
    assert here.notna().to_numpy().mean() > 0.3
    assert_frame_equal(there, here, rtol=0, atol=1e-9, check_dtype=False)


def test_postgres_in_place_equals_duckdb_on_every_column(any_company: Any, in_postgres: Any, tmp_path: Path) -> None:
    url = in_postgres(any_company.name, any_company.tables)
    source = any_company.source(any_company.name + ".{}", url=url, in_place=True)
    with closing(any_company.here()) as here, closing(any_company.open(source)) as there:
        same_tables(there, here)
        assert declared_features(there, any_company.settings) == declared_features(here, any_company.settings)
        same(scoring(there, any_company, tmp_path / "there"), scoring(here, any_company, tmp_path / "here"))
        for name in ("train there", "train here"):
            (tmp_path / name).mkdir()
        taught = describe_training(there, any_company.settings, tmp_path / "train there")
        expected = describe_training(here, any_company.settings, tmp_path / "train here")
        assert_frame_equal(taught.rows, expected.rows, check_dtype=False)
        same(taught.frame(), expected.frame())


def test_postgres_read_through_adbc_equals_files(simulated: Any, in_postgres: Any, tmp_path: Path) -> None:
    source = simulated.source("simulated.{}", url=in_postgres("simulated", simulated.tables))
    with closing(simulated.here()) as here, closing(simulated.open(source)) as there:
        same_tables(there, here)
        same(scoring(there, simulated, tmp_path / "there"), scoring(here, simulated, tmp_path / "here"))


@pytest.mark.usefixtures("spark")
def test_spark_equals_duckdb_on_every_column(any_company: Any, tmp_path: Path) -> None:
    source = any_company.source(f"{any_company.root}/data/{{}}.parquet", url="spark://")
    with closing(any_company.here()) as here, closing(any_company.open(source)) as there:
        same_tables(there, here)
        assert declared_features(there, any_company.settings) == declared_features(here, any_company.settings)
        same(scoring(there, any_company, tmp_path / "there"), scoring(here, any_company, tmp_path / "here"))
