"""A small made-up company whose true probabilities are known."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from features.specification import Feature
from models.plan import TrainingPlan
from models.points import PointsRule
from models.training import TrainingResult, train

DAY = 86_400


@dataclass(frozen=True)
class World:
    frame: pd.DataFrame
    rows: pd.DataFrame
    features: tuple[Feature, ...]
    truth: np.ndarray


def make_world(n: int = 2000, seed: int = 0, *, dated: bool = True, snapshots: int = 2, strength: float = 1.0) -> World:
    rng = np.random.default_rng(seed)
    size = n * snapshots
    lead = np.repeat([f"L{i:05d}" for i in range(n)], snapshots)
    first = np.repeat(rng.integers(0, 720, n), snapshots)
    cutoff = (first + np.tile(np.arange(snapshots) * 30, n)) * DAY
    views = rng.poisson(1.5, size).astype(float)
    source = rng.choice(["web", "fair", "partner", "ads"], size, p=[0.5, 0.2, 0.2, 0.1]).astype(object)
    employees = np.where(rng.random(size) < 0.2, np.nan, rng.lognormal(4, 1, size))
    effect = pd.Series(source).map({"web": 0.0, "fair": 0.6, "partner": 1.2, "ads": -0.8}).to_numpy()
    z = -2.2 + strength * (0.5 * views + effect + 0.3 * np.nan_to_num(np.log(employees) - 4))
    truth = expit(z)
    label = (rng.random(size) < truth).astype("int64")
    frame = pd.DataFrame(
        {
            "engagement__views_count_30d": views,
            "engagement__views_count_90d": views + rng.poisson(1.0, size),
            "fit__source": pd.Series(source).where(rng.random(size) > 0.05, None),
            "fit__employees": employees,
            "fit__noise": rng.normal(size=size),
        }
    )
    rows = pd.DataFrame({"lead_id": lead, "cutoff": cutoff if dated else 0, "label": label, "weight": 1.0})
    features = (
        Feature("engagement__views_count_30d", "engagement", "number", "views", "0 if none", 1),
        Feature("engagement__views_count_90d", "engagement", "number", "views", "0 if none", 1),
        Feature("fit__source", "fit", "category", "source", "not known"),
        Feature("fit__employees", "fit", "number", "employees", "not known"),
        Feature("fit__noise", "fit", "number", "noise", "not known"),
    )
    return World(frame, rows, features, truth)


PLAN = TrainingPlan(
    rule="precision",
    target_precision=0.3,
    n_bootstrap=20,
    horizon_s=30 * DAY,
    points_grid=(
        PointsRule("engagement__views_count_30d", 10, at_least=2),
        PointsRule("fit__source", 20, equals="partner"),
    ),
    points_threshold=20,
)


@pytest.fixture(scope="session")
def world() -> World:
    return make_world()


@pytest.fixture(scope="session")
def plan() -> TrainingPlan:
    return PLAN


@pytest.fixture(scope="session")
def trained(world: World) -> TrainingResult:
    return train(world.frame, world.rows, world.features, PLAN)


@pytest.fixture(scope="session")
def world_maker():
    return make_world
