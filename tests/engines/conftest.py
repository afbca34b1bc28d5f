"""One small company and one public log as tables of each engine: Parquet, Postgres, Spark. Servers start once."""

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.limit_settings import LimitSettings
from pipeline.settings import Settings, SourceSettings
from pipeline.simulator.plan import SimulationPlan
from pipeline.simulator.simulate import simulate
from pipeline.simulator.write import write_tables
from pipeline.source import Opened, open_source

NOW = 1_791_000_000
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Company:
    """Typed tables in Parquet, and the settings that read them."""

    name: str
    root: Path
    settings: Settings

    @property
    def tables(self) -> dict[str, pa.Table]:
        return {path.stem: pq.read_table(path) for path in sorted((self.root / "data").glob("*.parquet"))}

    def source(self, paths: str = "{}", **source: Any) -> SourceSettings:
        """Settings of the source, with the tables at other paths."""
        tables = {}
        for name in self.tables:
            before = self.settings.source.tables.get(name)
            tables[name] = {"path": paths.format(name), "columns": before.columns if before else {}}
        return SourceSettings.model_validate({"tables": tables, **source})

    def open(self, source: SourceSettings) -> Opened:
        places: dict[str, Any] = {"root": self.root, "staging": self.root / "staging", "quarantine": None, "now": NOW}
        return open_source(source, LimitSettings(threads=1), **places)

    def here(self) -> Opened:
        return self.open(self.source("{}.parquet"))


def typed(files: Sequence[Path], folder: Path, rest: str = "") -> None:
    """Give the columns of CSV files the types that a database would have."""
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for path in files:
            rows = f"SELECT * FROM read_csv('{path}', sample_size = -1) {rest}"
            connection.execute(f"COPY ({rows}) TO '{folder / path.stem}.parquet'")


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Company:
    root = tmp_path_factory.mktemp("simulated")
    typed(write_tables(simulate(SimulationPlan(n_leads=300, seed=11)), root / "csv"), root / "data")
    return Company("simulated", root, Settings())


@pytest.fixture(scope="session")
def bpic2012(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Every eighth application of the log."""
    folder = Path(os.environ.get("TAMIS_DATASETS", ROOT.parent / "shared" / "datasets"))
    if not (folder / "bpic2012").is_dir():
        if os.environ.get("TAMIS_REQUIRE_DATASETS") == "1":
            pytest.fail(f"bpic2012 is not in {folder}")
        pytest.skip("the public data set bpic2012 is not here: set TAMIS_DATASETS")
    root = tmp_path_factory.mktemp("bpic2012")
    csv = root / "csv"
    environment = {**os.environ, "TAMIS_EXAMPLE_DATA": str(csv), "TAMIS_DATASETS": str(folder)}
    example = ROOT / "examples" / "bpic2012"
    subprocess.run([sys.executable, example / "prepare.py"], env=environment, check=True, capture_output=True)
    typed([csv / "leads.csv", csv / "events.csv"], root / "data", "WHERE case_id % 8 = 0")
    shutil.copyfile(example / "tamis.toml", root / "tamis.toml")
    from pipeline.settings_file import load  # noqa: PLC0415 (after the environment is ours)

    return Company("bpic2012", root, load(root))


@pytest.fixture(params=["simulated", "bpic2012"])
def any_company(request: pytest.FixtureRequest) -> Company:
    made: Company = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="session")
def in_postgres(postgres: str) -> Any:
    """Put tables into a schema of their own; gives the address of the server."""
    from adbc_driver_postgresql import dbapi  # noqa: PLC0415 (an extra)

    done = set()

    def put(name: str, tables: dict[str, pa.Table]) -> str:
        if name not in done:
            with dbapi.connect(postgres) as connection, connection.cursor() as cursor:
                cursor.execute(f'CREATE SCHEMA "{name}"')
                for table, rows in tables.items():
                    cursor.adbc_ingest(table, rows, mode="create", db_schema_name=name)
                connection.commit()
            done.add(name)
        return postgres

    return put


def java_or_skip() -> None:
    """Spark needs Java; only where it is absent, and nobody insists, is a test skipped."""
    lacking = shutil.which("java") is None and "JAVA_HOME" not in os.environ
    try:
        import pyspark  # noqa: F401, PLC0415 (an extra)
    except ImportError:
        lacking = True
    if lacking and os.environ.get("TAMIS_REQUIRE_ENGINES") == "1":
        pytest.fail("expected Java 17 on the PATH and the extra 'spark', found them missing")
    if lacking:
        pytest.skip("Spark needs Java 17 on the PATH and the extra 'spark'")


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A cluster of two executors, each a process of its own."""
    java_or_skip()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.sql import SparkSession  # noqa: PLC0415 (an extra)

        folder = tmp_path_factory.mktemp("spark")
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        os.environ["OMP_NUM_THREADS"] = "1"
        # Small data: compiling plans and methods to the last would cost more than it saves.
        java = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        settings = {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.log.level": "ERROR",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "1g",
            "spark.driver.extraJavaOptions": java,
            "spark.executor.extraJavaOptions": java,
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.sql.session.timeZone": "America/New_York",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.local.dir": str(folder / "local"),
            "spark.worker.cleanup.enabled": "true",
        }
        builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("tests")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        yield session
        session.stop()
