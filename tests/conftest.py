"""What the tests share: an isolated environment, one MLflow database made once, and a small model."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pandas as pd
import pytest

from models.lead_model import LeadModel
from pipeline.cli import run_verb
from pipeline.settings import RegistrySettings
from pipeline.tracking import Registry
from pipeline.workspace import Workspace
from tests.databases import postgres
from tests.demos import demo_made
from tests.served import page_made
from tests.small_models import small_rows, two_boosters

__all__ = ["demo_made", "page_made", "postgres"]

# Nothing of the developer's own settings reaches a test. MLflow and matplotlib are imported later, on first use.
SHARING = ("crm", "browser", "engines")
# They look into the demo's training itself, which only the process that made it has at hand.
TRAINED = [
    Path(__file__).parent / "pipeline" / f"test_{name}.py"
    for name in ("exploration", "certificate", "demo", "leaks", "train")
]
# What takes long begins first, so that no process waits at the end for the other.
LONGEST = (
    *("pipeline/test_exploration.py", "engines", "benchmarks/test_exploration.py", "crm", "pipeline/test_presets.py"),
    *("test_docs.py", "test_notebooks.py", "examples/test_examples.py", "soak/test_soak.py", "pipeline/test_score.py"),
    *("pipeline/test_explain.py", "privacy/test_canaries.py", "bad_input/test_bad_input.py", "browser"),
    *("pipeline/test_owner_thresholds.py", "models/test_training.py", "models/test_young.py"),
)
TURNS = {Path(__file__).parent / name: turn for turn, name in enumerate(LONGEST)}
assert all(path.exists() for path in (*TURNS, *TRAINED)), "a file that tests/conftest.py names has another name now"
REQUIRED = ("TAMIS_REQUIRE_DATASETS", "TAMIS_REQUIRE_BROWSER", "TAMIS_REQUIRE_ENGINES")
KEPT = ("TAMIS_FUZZ", "TAMIS_POSTGRES", "TAMIS_PRISM", "TAMIS_DATASETS", *REQUIRED)
for variable in [name for name in os.environ if name.startswith(("TAMIS_", "MLFLOW_")) and name not in KEPT]:
    del os.environ[variable]
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
os.environ["MPLBACKEND"] = "Agg"
# A test is never timed: a busy machine proves nothing about the code.
hypothesis.settings.register_profile("tamis", deadline=None)
hypothesis.settings.load_profile("tamis")


# Before pytest-xdist reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, and those that start the same servers: what they share is made once."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(str(_group(item))))
    items.sort(key=_turn)


def _group(item: pytest.Item) -> Path:
    folder = item.path.parent
    if item.path in TRAINED:
        return TRAINED[0]
    return folder if folder.name in SHARING else item.path


def _turn(item: pytest.Item) -> int:
    """The longest begin, and examples of docstrings, which take no time, fill the end."""
    return TURNS.get(_group(item), len(TURNS) + isinstance(item, pytest.DoctestItem))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Groups that are lost in silence cost half an hour and start two servers where one is meant."""
    grouped = all("@" in item.nodeid for item in session.items)
    assert grouped or not getattr(session.config.option, "loadgroup", False), "pytest-xdist did not read the groups"


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
    return small_rows()


@pytest.fixture(scope="session")
def small_model(small_frame: pd.DataFrame) -> LeadModel:
    """Two short boosters on two features, with a calibration that is not the identity."""
    return two_boosters(small_frame)


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
