"""The champion of the demo, and as many leads for it as asked: real features, repeated under other names."""

import contextlib
import io
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from models.lead_model import LeadModel
from pipeline import demo
from pipeline.console import Console
from pipeline.office import work_calendar
from pipeline.policy_facts import PolicyFacts
from pipeline.score_rows import NONE_BEFORE, RunFacts
from pipeline.score_runs import published
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.tracking import Registry, Version
from pipeline.workspace import Workspace


@dataclass(frozen=True)
class Champion:
    """What the demo trained, and what it read of the open leads."""

    model: LeadModel
    version: Version
    frame: pd.DataFrame
    settings: Settings

    def run(self) -> RunFacts:
        """Facts of a score run of it, on one thread."""
        limits = self.settings.limits.model_copy(update={"threads": 1})
        settings = self.settings.model_copy(update={"limits": limits})
        calendar = work_calendar(settings, 0, 0)
        return RunFacts("run", 0, 0, self.model, self.version, settings, PolicyFacts(), calendar, NONE_BEFORE)

    def blocks(self, n_leads: int, size: int) -> Iterator[pd.DataFrame]:
        """Leads, at most ``size`` at a time: keys and features."""
        for first in range(0, n_leads, size):
            which = np.arange(first, min(first + size, n_leads))
            block = self.frame.iloc[which % len(self.frame)].reset_index(drop=True)
            yield block.assign(lead_id=[f"L{k:08d}" for k in which], cutoff=0)


def champion() -> Champion:
    """Make the demo in a folder that is gone afterwards, and take its champion."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "demo"
        with contextlib.redirect_stdout(io.StringIO()):
            demo.run(root, leads=20_000, seed=7, force=False, language=None, now=int(time.time()), console=Console())
        workspace, settings = Workspace(root), load(root)
        version, files = Registry(workspace, settings.registry).load("champion")
        frames = [features for _, features in published(workspace)[0].parts()]
        return Champion(LeadModel.load(files), version, pd.concat(frames, ignore_index=True), settings)
