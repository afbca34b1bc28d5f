"""A simulated company as training and scoring read it: what its leads taught, and who is open the day its data end."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.specification import Feature
from pipeline.describe import describe_scoring, describe_training, teaching
from pipeline.settings import Settings
from pipeline.simulator.plan import SimulationPlan
from pipeline.simulator.simulate import Simulation, simulate
from pipeline.simulator.write import write_tables
from pipeline.source import open_source


@dataclass(frozen=True)
class Simulated:
    """A company, its features read.

    Attributes
    ----------
    simulation : Simulation
        The company, and its true probabilities.
    features : tuple of Feature
        What both frames hold.
    frame, rows : pandas.DataFrame of n rows
        Training rows, mature or not: raw features; ``lead_id``, ``cutoff``, ``label``, ``weight`` ...
    open_frame, open_rows : pandas.DataFrame of m rows
        The same of the leads that are open when the data end; ``lead_id``, ``cutoff``.
    """

    simulation: Simulation
    features: tuple[Feature, ...]
    frame: pd.DataFrame
    rows: pd.DataFrame
    open_frame: pd.DataFrame
    open_rows: pd.DataFrame


def read(plan: SimulationPlan, settings: Settings) -> Simulated:
    """Simulate a company, write its tables, and read them as ``tamis train`` and ``tamis score`` do."""
    simulation = simulate(plan)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write_tables(simulation, root / "data", format="parquet")
        opened = open_source(
            settings.source, settings.limits, root=root, staging=root / "staging", quarantine=None, now=plan.end
        )
        learnt = describe_training(opened, settings, root)
        (root / "scoring").mkdir()
        waiting = describe_scoring(opened, settings, plan.end, learnt.features, root / "scoring")
        rows = teaching(learnt.rows, settings)
        return Simulated(simulation, learnt.features, learnt.frame(), rows, waiting.frame(), waiting.rows)
