"""Features by kind and by range of leads: the same as all at once, in order, and within the memory that was given."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError
from features.snapshots import KEYS
from pipeline import compute as computing
from pipeline.describe import declared_features, describe_rows, training_rows
from pipeline.limit_settings import LimitSettings
from pipeline.opening import open_tables
from pipeline.source import Opened, connect
from tests.demos import DEMO_NOW, Demo


@pytest.fixture(scope="module")
def opened(demo_made: Demo):
    found = open_tables(demo_made.workspace, demo_made.settings, now=DEMO_NOW)
    with found.connection:
        yield found


@pytest.fixture(scope="module")
def keys(demo_made: Demo, opened: Opened) -> pd.DataFrame:
    return training_rows(opened, demo_made.settings)[KEYS].iloc[::20].reset_index(drop=True)


def test_ranges_of_leads_and_numbers_change_no_bit(
    demo_made: Demo, opened: Opened, keys: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = declared_features(opened, demo_made.settings)
    whole = describe_rows(opened, keys, features, tmp_path)
    assert list(whole) == [feature.name for feature in features]
    monkeypatch.setattr(computing, "AT_ONCE", 15 * len(keys))  # some kinds in several ranges, some in one
    pd.testing.assert_frame_equal(describe_rows(opened, keys, features, tmp_path), whole)
    by_text = replace(opened, numbered={})
    pd.testing.assert_frame_equal(describe_rows(by_text, keys, features, tmp_path), whole)


def test_blocks_are_the_frame_whatever_their_size(
    demo_made: Demo, opened: Opened, keys: pd.DataFrame, tmp_path: Path
) -> None:
    features = declared_features(opened, demo_made.settings)[:40]
    computed = computing.compute(opened, keys, features, tmp_path)
    whole = computed.frame()
    for size in (97, 1_000, len(keys), 10**6):
        blocks = list(computed.blocks(size))
        assert [block.num_rows for block in blocks[:-1]] == [min(size, len(keys))] * (len(blocks) - 1)
        together = pd.concat([block.to_pandas() for block in blocks], ignore_index=True)
        pd.testing.assert_frame_equal(together, whole)


def test_no_snapshots_give_no_rows(demo_made: Demo, opened: Opened, keys: pd.DataFrame, tmp_path: Path) -> None:
    features = declared_features(opened, demo_made.settings)
    assert describe_rows(opened, keys.head(0), features, tmp_path).shape == (0, len(features))


def test_rows_that_are_not_one_per_snapshot_are_told(
    demo_made: Demo, opened: Opened, keys: pd.DataFrame, tmp_path: Path
) -> None:
    features = [f for f in declared_features(opened, demo_made.settings) if f.recipe.source == "attributes"]
    twice = pd.concat([keys.head(3)] * 2).sort_values(KEYS, ignore_index=True)
    with pytest.raises(DataError, match="expected a row for each of 6 snapshots, found 12"):
        computing.compute(opened, twice, features, tmp_path)


def test_duckdb_obeys_the_memory_of_the_settings_and_spills(tmp_path: Path) -> None:
    """More than the limit holds is sorted all the same, through files that are there while it runs."""
    spill, n = tmp_path / "spill", 8_000_000
    limits = LimitSettings(threads=1, memory="200MB")
    connection = connect(limits, spill)
    with connection:
        connection.execute(f"CREATE TABLE t AS SELECT hash(i) AS h, i FROM range({n}) AS r(i)")
        used, spilled = connection.execute(
            "SELECT sum(memory_usage_bytes), sum(temporary_storage_bytes) FROM duckdb_memory()"
        ).fetchall()[0]
        assert used <= limits.tables_mb * 1e6 == 100e6
        assert spilled > 0
        assert any(spill.iterdir())
        ordered = connection.execute("SELECT h FROM t ORDER BY h").fetchnumpy()["h"]
    assert len(ordered) == n
    assert (np.diff(ordered.astype(np.float64)) >= 0).all()
