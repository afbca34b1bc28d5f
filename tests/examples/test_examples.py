"""The examples on public data: prepare, train, score, and compare with how the leads kept aside ended."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from features.errors import GateError
from pipeline.console import Console
from pipeline.score import Request, score
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.train import run, train
from pipeline.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_791_000_000
pytestmark = pytest.mark.datasets


@dataclass(frozen=True)
class Example:
    """A public data set as a workspace, and what its test must reach."""

    name: str
    lead_id: str
    outcome: str
    won: str
    least_auc: float
    most_log_loss: float
    from_file: bool = True


EXAMPLES = (
    Example("bank_marketing", "call_id", "y", "yes", 0.812, 0.2736),
    Example("olist_funnel", "mql_id", "outcome", "won", 0.70, 0.2795),
    Example("bpic2012", "case_id", "outcome", "won", 0.70, 0.70, from_file=False),
)
CONTROL = "maven_crm"


@pytest.fixture
def datasets() -> Path:
    """The folder of the public data sets; only where it is absent, and nobody insists, is the test skipped."""
    path = Path(os.environ.get("TAMIS_DATASETS", ROOT.parent / "shared" / "datasets"))
    absent = [name for name in (*(example.name for example in EXAMPLES), CONTROL) if not (path / name).is_dir()]
    if absent and os.environ.get("TAMIS_REQUIRE_DATASETS") != "1":
        pytest.skip(f"the public data sets {', '.join(absent)} are not here: set TAMIS_DATASETS")
    assert absent == []
    return path


def prepare(name: str, datasets: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Make the tables and the settings of an example in a workspace of its own."""
    folder = ROOT / "examples" / name
    environment = {**os.environ, "TAMIS_EXAMPLE_DATA": str(workspace.root / "data"), "TAMIS_DATASETS": str(datasets)}
    subprocess.run([sys.executable, folder / "prepare.py"], env=environment, check=True, capture_output=True)
    shutil.copyfile(folder / "tamis.toml", workspace.root / "tamis.toml")
    for key, value in {"MODEL__BOOTSTRAP": "50", "LIMITS__THREADS": "1"}.items():
        monkeypatch.setenv(f"TAMIS_{key}", value)
    return load(workspace.root)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_example_reaches_its_figures_on_leads_that_the_model_never_saw(example, datasets, workspace, monkeypatch):
    data = workspace.root / "data"
    settings = prepare(example.name, datasets, workspace, monkeypatch)

    trained = train(workspace, settings, now=NOW, by="test", console=Console())
    request = Request(leads=data / "new_leads.csv" if example.from_file else None)
    run_ = score(workspace, settings, request, now=NOW, console=Console()).run

    assert trained.promoted
    assert [item for item in trained.facts.evidence["dropped"] if item["reason"] == "leak"] == []
    endings = pd.read_csv(data / "endings.csv", dtype={example.lead_id: "str"})
    rows = run_.rows(["lead_id", "propensity"]).to_pandas()
    both = endings.merge(rows, left_on=example.lead_id, right_on="lead_id", validate="one_to_one")
    assert len(both) == len(endings) == len(rows)
    won = both[example.outcome] == example.won
    assert roc_auc_score(won, both["propensity"]) >= example.least_auc
    assert log_loss(won, both["propensity"]) <= example.most_log_loss


def test_columns_that_predict_nothing_are_refused_in_two_sentences(datasets, workspace, monkeypatch):
    prepare(CONTROL, datasets, workspace, monkeypatch)
    with pytest.raises(GateError) as refused:
        run(workspace.root, now=NOW, by="test", console=Console())
    assert refused.value.exit_code == 4
    said = str(refused.value).partition("is kept but not used. ")[2]
    assert said.startswith("These columns do not predict the outcome: on ")
    assert len(re.findall(r"\.(?:\s|$)", said)) == 2


def test_the_examples_of_the_folder_are_those_that_are_tested():
    folders = {path.parent.name for path in (ROOT / "examples").glob("*/tamis.toml")}
    assert folders == {*(example.name for example in EXAMPLES), CONTROL}
    told = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in told for name in folders)
