"""What a notebook looks at: a workspace with its champion, its tables, and the rows that it learnt from."""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.specification import Feature
from models.lead_model import LeadModel
from models.learning import Learnt, learn, part
from models.periods import FourPeriods, split
from models.plan import TrainingPlan
from pipeline.describe import collect, describe_rows, training_rows
from pipeline.opening import open_tables
from pipeline.prepare import training_plan
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.source import Opened
from pipeline.tracking import Registry
from pipeline.workspace import Workspace

ROOT = "TAMIS_NOTEBOOKS"
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Study:
    """A workspace, read once.

    Attributes
    ----------
    workspace, settings : Workspace, Settings
    opened : Opened
        Its tables, as they stood when the champion was trained.
    model : LeadModel
        The champion.
    evidence : mapping
        Of it, see `models.evidence.Evidence`.
    snapshots : pandas.DataFrame
        Every training snapshot, mature or not (`features.snapshots.training_snapshots`).
    rows : pandas.DataFrame of n rows
        Those that are mature: ``lead_id``, ``cutoff``, ``label``, ``weight`` ...
    frame : pandas.DataFrame of n rows
        Their raw features, as the champion reads them.
    """

    workspace: Workspace
    settings: Settings
    opened: Opened
    model: LeadModel
    evidence: dict[str, Any]
    snapshots: pd.DataFrame
    rows: pd.DataFrame
    frame: pd.DataFrame

    @property
    def features(self) -> tuple[Feature, ...]:
        """What the champion learnt from."""
        return self.model.features

    @property
    def plan(self) -> TrainingPlan:
        """All knobs of a training."""
        return training_plan(self.settings, self.features)

    def table(self, name: str) -> pd.DataFrame:
        """Give a checked table."""
        return collect(self.opened.tables.frames[name])

    def periods(self) -> FourPeriods:
        """Fit, calibrate, choose the threshold, test: oldest first, a horizon apart."""
        return split(self.rows, self.plan.shares, self.plan.horizon_s, self.plan.seed)

    def compute(self, features: tuple[Feature, ...]) -> pd.DataFrame:
        """Compute more features for the same snapshots."""
        with self.workspace.scratch() as scratch:
            return describe_rows(self.opened, self.rows, features, scratch)

    def learn(
        self, at: Ints, stands_for: npt.NDArray[np.float64], features: tuple[Feature, ...], frame: pd.DataFrame
    ) -> Learnt:
        """Learn from some of the rows."""
        return learn(frame, part(self.rows, at, stands_for), features, self.plan)


def study(root: Path | None = None) -> Study:
    """Read a workspace for a notebook, once in a session.

    Parameters
    ----------
    root : Path, optional
        By default the folder that ``TAMIS_NOTEBOOKS`` names, else the demo (``make demo``) beside the notebooks.

    Raises
    ------
    UseError
        There is no workspace, or it has no champion.

    Examples
    --------
    >>> study(Path("nowhere"))
    Traceback (most recent call last):
    ...
    features.errors.UseError: No tamis.toml in nowhere. Run 'tamis init nowhere' first, or name another --workspace.
    """
    return _read(root or Path(os.environ.get(ROOT) or Path(__file__).parents[1] / "demo"))


@lru_cache(maxsize=1)
def _read(root: Path) -> Study:
    settings, workspace = load(root), Workspace(root)
    registry = Registry(workspace, settings.registry)
    version, files = registry.load("champion")
    model = LeadModel.load(files)
    opened = open_tables(workspace, settings, now=int(model.metadata["trained_at"]))
    snapshots = training_rows(opened, settings)
    rows = snapshots[snapshots["is_mature"] == 1].reset_index(drop=True)
    with workspace.scratch() as scratch:
        frame = describe_rows(opened, rows, model.features, scratch)
    evidence = json.loads(registry.artifact(version, "evidence.json"))
    return Study(workspace, settings, opened, model, evidence, snapshots, rows, frame)
