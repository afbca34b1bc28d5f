"""What the tests share: an isolated environment, one MLflow database made once, and a small model."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import hypothesis
import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from features.matrix import ColumnSchema, MatrixSchema
from features.specification import Feature
from models.bands import Bands
from models.calibration import BetaCalibration
from models.lead_model import LeadModel
from models.pattern_tables import PatternTables
from models.reference import Reference
from models.shared_facts import SharedFacts
from models.threshold import ThresholdChoice
from pipeline.cli import run_verb
from pipeline.settings import RegistrySettings
from pipeline.tracking import Registry
from pipeline.workspace import Workspace
from tests.databases import postgres
from tests.demos import demo_made
from tests.served import page_made

__all__ = ["demo_made", "page_made", "postgres"]

# Nothing of the developer's own settings reaches a test. MLflow and matplotlib are imported later, on first use.
SHARING = ("crm", "browser", "engines")
REQUIRED = ("TAMIS_REQUIRE_DATASETS", "TAMIS_REQUIRE_BROWSER", "TAMIS_REQUIRE_ENGINES")
KEPT = ("TAMIS_POSTGRES", "TAMIS_PRISM", "TAMIS_DATASETS", *REQUIRED)
for variable in [name for name in os.environ if name.startswith(("TAMIS_", "MLFLOW_")) and name not in KEPT]:
    del os.environ[variable]
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
os.environ["MPLBACKEND"] = "Agg"
# A test is never timed: a busy machine proves nothing about the code.
hypothesis.settings.register_profile("tamis", deadline=None)
hypothesis.settings.load_profile("tamis")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, and those that start the same servers: what they share is made once."""
    for item in items:
        folder = item.path.parent
        group = folder if folder.name in SHARING else item.path
        item.add_marker(pytest.mark.xdist_group(str(group)))


@pytest.fixture(scope="session")
def mlflow_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database with every migration and no content: made once (1 s), copied by `workspace`."""
    made = Workspace(tmp_path_factory.mktemp("template"))
    assert Registry(made, RegistrySettings()).versions() == []
    return made.home / "mlflow.db"


@pytest.fixture
def workspace(tmp_path: Path, mlflow_template: Path) -> Workspace:
    """A workspace whose registry is ready and empty; it holds no ``tamis.toml``."""
    made = Workspace(tmp_path / "workspace")
    made.home.mkdir(parents=True)
    shutil.copyfile(mlflow_template, made.home / "mlflow.db")
    return made


@pytest.fixture(scope="session")
def small_frame() -> pd.DataFrame:
    """Raw features of 200 leads, with nulls, and a level that the small model never saw in the last row."""
    rng = np.random.default_rng(7)
    visits = rng.poisson(2.0, 200).astype(float)
    visits[::17] = np.nan
    source = rng.choice(np.array(["web", "salon", "référence"], dtype=object), 200)
    source[3], source[-1] = None, "never seen"
    return pd.DataFrame({"engagement__page_view_count_30d": visits, "fit__source": source})


@pytest.fixture(scope="session")
def small_model(small_frame: pd.DataFrame) -> LeadModel:
    """Two short boosters on two features, with a calibration that is not the identity."""
    visits, source = small_frame.columns
    levels = ("référence", "salon", "web")
    schema = MatrixSchema(
        (
            ColumnSchema(Feature(visits, "engagement", "number", "page_view", "none seen", 1), None),
            ColumnSchema(Feature(source, "fit", "category", "source", "unknown"), levels),
        )
    )
    codes = pd.Index(levels).get_indexer(small_frame[source]).astype(float)
    matrix = np.column_stack([small_frame[visits], np.where(codes < 0, np.nan, codes)])
    won = np.nan_to_num(matrix[:, 0]) + (codes == 0) > np.random.default_rng(8).normal(2.5, 1.0, 200)
    texts = []
    for seed in (1, 2):
        settings = {"objective": "binary", "max_depth": 3, "num_leaves": 6, "seed": seed, "verbosity": -1}
        data = lgb.Dataset(matrix, won.astype(float), categorical_feature=[1])
        texts.append(lgb.train({**settings, "num_threads": 1}, data, num_boost_round=5).model_to_string())
    return LeadModel(
        tables=PatternTables.from_boosters(texts),
        schema=schema,
        calibration=BetaCalibration(1.3, 0.9, -0.2),
        threshold=ThresholdChoice("value", 0.4, (), 200, "worth the contact", "vaut le contact"),
        bands=Bands(0.6, 0.4, 0.1),
        reference=Reference(-0.5, 0.3, {}),
        shared=SharedFacts.measure(matrix, [None, levels], np.arange(200), won.astype(float), np.ones(200)),
        amount=None,
        metadata={"seed": 7},
    )


class Said(NamedTuple):
    """What a verb exited with and printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def tamis(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run a verb of the command line inside this process."""

    def run(*words: object) -> Said:
        capsys.readouterr()
        code = run_verb([str(word) for word in words])
        said = Said(code, *capsys.readouterr())
        assert "Traceback" not in said.out + said.err
        return said

    return run
