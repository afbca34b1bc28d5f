"""The demo of a small company, made once for all tests."""

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from models.lead_model import LeadModel
from pipeline import demo
from pipeline.console import Console
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.simulator.plan import SimulationPlan
from pipeline.simulator.simulate import Simulation, simulate
from pipeline.tracking import Registry
from pipeline.train import Trained, train
from pipeline.workspace import Workspace
from tests.sharing import made_once

DEMO_NOW = 1_791_000_000  # 2026-10-03, two days after the simulated data end
DEMO_LEADS = 2500
QUICK = {
    "TAMIS_MODEL__BOOTSTRAP": "50",
    "TAMIS_MODEL__FOLDS": "2",
    "TAMIS_LIMITS__THREADS": "1",
    # So few leads certify percentages only with a wide tolerance.
    "TAMIS_CERTIFICATE__TOLERANCE": "2",
}
SHOWN, FOLDER = "shown.json", "{folder}"


@dataclass(frozen=True)
class Demo:
    """A demo that stands on the disk, and what it printed."""

    root: Path
    shown: dict[str, Any]
    simulation: Simulation
    training: Callable[[], Trained]

    @property
    def settings(self) -> Settings:
        return load(self.root)

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root)

    @property
    def trained(self) -> Trained:
        """What its training gave; of the model alone, `model` is faster where another process made the demo."""
        return self.training()

    @property
    def model(self) -> LeadModel:
        """Its champion."""
        return LeadModel.load(Registry(self.workspace, self.settings.registry).load("champion")[1])


@pytest.fixture(scope="session")
def demo_made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo of a small company, made once; no test may change it."""
    here: list[Trained] = []

    def make(folder: Path) -> None:
        printed = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
            for name, value in QUICK.items():
                patch.setenv(name, value)
            patch.setattr(demo, "train", lambda *given, **named: here.append(train(*given, **named)) or here[0])
            console = Console(as_json=True)
            demo.run(
                folder / "demo", leads=DEMO_LEADS, seed=7, force=False, language=None, now=DEMO_NOW, console=console
            )
        said = printed.getvalue().replace(str(folder), FOLDER)
        (folder / SHOWN).write_text(said, encoding="utf-8")

    def again() -> Trained:
        """The same data and seed give the same model: where another process has trained, this one does too."""
        copy = tmp_path_factory.mktemp("trained") / "demo"
        shutil.copytree(made / "demo", copy, ignore=shutil.ignore_patterns(".tamis"))
        return train(Workspace(copy), load(copy), now=DEMO_NOW, by="demo", console=Console(as_json=True))

    made = made_once(tmp_path_factory, "demos", make)
    shown = json.loads((made / SHOWN).read_text(encoding="utf-8").replace(FOLDER, str(made)))
    simulation = simulate(SimulationPlan(n_leads=DEMO_LEADS, seed=7))
    return Demo(made / "demo", shown, simulation, cache(lambda: here[0] if here else again()))
