"""The demo of a small company, made once for all tests."""

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline import demo
from pipeline.console import Console
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.simulator.plan import SimulationPlan
from pipeline.simulator.simulate import Simulation, simulate
from pipeline.train import Trained, train
from pipeline.workspace import Workspace

DEMO_NOW = 1_791_000_000  # 2026-10-03, two days after the simulated data end
DEMO_LEADS = 2500


@dataclass(frozen=True)
class Demo:
    """A demo that stands on the disk, and what it printed."""

    root: Path
    shown: dict[str, Any]
    simulation: Simulation
    trained: Trained

    @property
    def settings(self) -> Settings:
        return load(self.root)

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root)


@pytest.fixture(scope="session")
def demo_made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo of a small company, made once; no test may change it."""
    root = tmp_path_factory.mktemp("demos") / "demo"
    printed, trained = io.StringIO(), []
    quick = {"TAMIS_MODEL__BOOTSTRAP": "50", "TAMIS_MODEL__FOLDS": "2", "TAMIS_LIMITS__THREADS": "1"}
    # So few leads certify percentages only with a wide tolerance.
    quick["TAMIS_CERTIFICATE__TOLERANCE"] = "2"
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        for name, value in quick.items():
            patch.setenv(name, value)
        patch.setattr(demo, "train", lambda *given, **named: trained.append(train(*given, **named)) or trained[0])
        console = Console(as_json=True)
        demo.run(root, leads=DEMO_LEADS, seed=7, force=False, language=None, now=DEMO_NOW, console=console)
    simulation = simulate(SimulationPlan(n_leads=DEMO_LEADS, seed=7))
    return Demo(root, json.loads(printed.getvalue()), simulation, trained[0])
