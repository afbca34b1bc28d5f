"""A database by URL: read once, read only, and nothing secret in a message."""

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from features.errors import DataError, OutsideError, UseError
from pipeline import database
from pipeline.database import Database
from pipeline.limit_settings import LimitSettings
from pipeline.settings import SourceSettings
from pipeline.source import Opened, open_source


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "crm.db")
    connection.executescript(
        '''
        CREATE TABLE people ("Id é" INTEGER, created TEXT, "100% ""sûr""" REAL, opted_out BOOLEAN);
        INSERT INTO people VALUES (1, '2025-03-01T10:00:00Z', 1.5, 1), (2, '01/04/2025', NULL, 0),
            (3, 'soon', 2.5, NULL);
        CREATE TABLE raw_events (lead_id, occurred_at, type);
        INSERT INTO raw_events VALUES (1, 1740823200, 'view'), ('2', '1740823200000', 'click');
        CREATE VIEW events AS SELECT * FROM raw_events;
        '''
    )
    connection.commit()
    yield connection
    connection.close()


COLUMNS = {"lead_id": "Id é", "created_at": "created"}


def opened(root: Path, **more: Any) -> Opened:
    tables = {"leads": {"path": "people", "columns": COLUMNS}}
    source = {"url": "sqlite:///crm.db", "max_faulty_rate": 0.5, "tables": tables, "time_zone": "Europe/Paris", **more}
    places: dict[str, Any] = {"root": root, "staging": root / "staging", "quarantine": None, "now": 1_767_225_600}
    return open_source(SourceSettings.model_validate(source), LimitSettings(threads=1), **places)


def test_tables_and_views_of_a_database_are_read(crm: sqlite3.Connection, tmp_path: Path) -> None:
    found = opened(tmp_path)
    leads = found.tables.frames["leads"].to_native().to_arrow_table().to_pylist()
    assert [(row["lead_id"], row["created_at"], row['100% "sûr"'], row["opted_out"]) for row in leads] == [
        ("1", 1_740_823_200, 1.5, 1),
        ("2", 1_743_458_400, None, 0),
    ]
    events = found.tables.frames["events"].to_native().to_arrow_table().to_pylist()
    assert [(row["lead_id"], row["occurred_at"]) for row in events] == [("1", 1_740_823_200), ("2", 1_740_823_200)]
    (told,) = (str(item) for item in found.faults if item.reason == "unreadable_time")
    assert told.startswith("leads.created_at: 1 row with a time that cannot be read (row 3: 'soon')")
    assert opened(tmp_path).stamp == found.stamp
    crm.execute('DELETE FROM people WHERE "Id é" = 3')
    crm.commit()
    assert opened(tmp_path).stamp != found.stamp


def test_extraction_goes_in_batches(crm: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BATCH", 10)
    crm.executemany("INSERT INTO raw_events VALUES (?, '2025-01-01', 'x')", [(n,) for n in range(28)])
    crm.commit()
    found = Database("sqlite:///crm.db", None, tmp_path).extract({"events": "events"}, [], tmp_path)
    path, columns = found.found["events"]
    assert columns == ("lead_id", "occurred_at", "type")
    assert pyarrow.parquet.ParquetFile(path).num_row_groups == 3 + 1
    assert pyarrow.parquet.read_table(path)["row"].to_pylist() == list(range(1, 31))


def test_the_database_is_never_written(crm: sqlite3.Connection, tmp_path: Path) -> None:
    source = Database("sqlite:///crm.db", None, tmp_path)
    with source._engine.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM people")


def test_a_missing_table_lists_what_is_there(crm: sqlite3.Connection, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        opened(tmp_path, tables={"leads": {"path": "peopel"}})
    assert "expected peopel, found these tables and views: events, people, raw_events." in str(caught.value)
    assert "Did you mean 'people'?" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("sqlite:///none.db", "source.url: expected a SQLite file, found none at 'none.db'"),
        ("oracle9://x", "source.url: expected a folder or a database URL such as .*NoSuchModuleError"),
    ],
)
def test_a_url_that_cannot_be_used_is_told(tmp_path: Path, url: str, found: str) -> None:
    with pytest.raises(UseError, match=found):
        Database(url, None, tmp_path)


def test_what_the_driver_says_holds_no_password(tmp_path: Path) -> None:
    source = Database("postgresql://me@127.0.0.1:1/crm", "p@ss/wörd", tmp_path)
    with pytest.raises(OutsideError, match=r"source.url: the database .*me:\*\*\*@127.0.0.1:1/crm failed:") as caught:
        source.extract({"leads": "leads"}, [], tmp_path)
    assert caught.value.__cause__ is None
    assert "p@ss" not in str(caught.value)
    assert source._short(ValueError("cannot log in with p@ss/wörd\nDETAIL: x")) == "ValueError: cannot log in with ***"


def test_a_broken_database_file_is_an_outside_fault(tmp_path: Path) -> None:
    (tmp_path / "crm.db").write_bytes(b"no database at all, but long enough to look like one" * 40)
    with pytest.raises(OutsideError, match="file is not a database"):
        Database("sqlite:///crm.db", None, tmp_path).extract({"leads": "leads"}, [], tmp_path)


def test_postgres_goes_through_adbc_where_it_is_installed(
    crm: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Cursor:
        def __enter__(self) -> "Cursor":
            return self

        def __exit__(self, *_: object) -> None: ...

        def cursor(self) -> "Cursor":
            return self

        def execute(self, query: str) -> None:
            asked.append(query)

        def fetch_record_batch(self) -> pa.RecordBatchReader:
            kind = pa.opaque(pa.string(), "numeric", "PostgreSQL")
            numeric = pa.ExtensionArray.from_storage(kind, pa.array(["1.50"]))
            return pa.table({"lead_id": [7], "score": numeric}).to_reader()

    def connect(uri: str) -> Cursor:
        asked.append(uri)
        return Cursor()

    fake: Any = ModuleType("adbc_driver_postgresql.dbapi")
    fake.connect, fake.Error = connect, ZeroDivisionError
    parent: Any = ModuleType("adbc_driver_postgresql")
    parent.__spec__ = SimpleNamespace(name="adbc_driver_postgresql")
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", parent)
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", fake)
    source = Database("postgresql+psycopg://me@host/crm", "secret", tmp_path)
    batches = list(source._adbc(("sales", 'le"ads'), ["lead_id", "score"]))
    assert asked == ["postgresql://me:secret@host/crm", 'SELECT "lead_id", "score" FROM "sales"."le""ads"']
    assert pa.Table.from_batches(batches).to_pylist() == [{"c0": 7, "c1": "1.50"}]
    assert batches[0].num_rows == 0, "an empty table still has a schema"
