"""What a training learns from: the snapshots that teach, their columns without leaks, and the plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import narwhals.stable.v2 as nw
import pandas as pd

from features.errors import DataError
from features.snapshots import maturity
from features.specification import Feature
from models.plan import TrainingPlan
from models.segments import resolve
from models.training import TrainingResult
from models.training import train as fit
from pipeline.console import Console
from pipeline.describe import snapshot_plan
from pipeline.handovers import Worked, opportunities, worked
from pipeline.language import day, iso
from pipeline.leaks import Probed, describe_without_leaks
from pipeline.owner_thresholds import read_owners
from pipeline.points_grids import points_grids
from pipeline.segment_settings import filters
from pipeline.settings import Settings
from pipeline.source import Opened
from pipeline.workspace import Workspace

DAY_S = 86_400


@dataclass(frozen=True)
class Prepared:
    """What a training learns from.

    Attributes
    ----------
    probed : Probed
        Snapshots, and the columns that are no leak.
    taught : Worked
        The snapshots that teach, and their raw features.
    rows : pandas.DataFrame
        ``lead_id``, ``cutoff``, ``label``, ``weight``, ``amount`` and, where they are known or asked for,
        ``opportunity`` and ``owner`` of each.
    plan : TrainingPlan
        All knobs.
    """

    probed: Probed
    taught: Worked
    rows: pd.DataFrame
    plan: TrainingPlan

    def train(self, console: Console) -> TrainingResult:
        """Learn from all of it; the evidence tells of leaks and of who was worked."""
        with console.step("Training, calibrating, choosing the threshold, testing"):
            result = fit(self.taught.frame, self.rows, self.probed.features, self.plan)
        return replace(result, evidence=self.taught.told_in(self.probed.told_in(result.evidence)))


def prepare(workspace: Workspace, settings: Settings, opened: Opened, scratch: Path, console: Console) -> Prepared:
    """Describe the leads that teach.

    Raises
    ------
    DataError
        Nothing is mature, or every column is a leak.
    UseError
        A segment names a column that is not at hand.
    """
    with console.step("Computing and probing the features"):
        probed = describe_without_leaks(opened, settings, scratch)
    if probed.rows.empty:
        raise DataError(_nothing_mature(probed.described.rows, settings, opened))
    probed.require_columns()
    taught = worked(workspace, opened, probed.teaching, probed.teaching_frame, settings.snapshots.horizon_days)
    rows = taught.rows.assign(amount=taught.rows["lead_id"].map(amounts(opened)).astype("float64"))
    if (became := opportunities(opened, rows, settings.snapshots.horizon_days)) is not None:
        rows["opportunity"] = became
    owners = read_owners(opened, settings.threshold)
    if owners is not None:
        rows["owner"] = rows["lead_id"].map(owners.code).fillna(-1).astype("int64")
    plan = training_plan(settings, probed.features, () if owners is None else owners.capacities)
    return Prepared(probed, taught, rows, plan)


def training_plan(
    settings: Settings, features: Sequence[Feature] = (), owner_capacities: tuple[float, ...] = ()
) -> TrainingPlan:
    """Read the plan of the training off the settings; segments ask for the features at hand.

    Capacities by owner have no names here.

    Raises
    ------
    UseError
        A segment names a column that is not at hand, or asks for what it cannot be.
    """
    model, threshold, periods = settings.model, settings.threshold, settings.periods
    grid, others = points_grids(settings)
    return TrainingPlan(
        seed=model.seed,
        shares=(periods.fit, periods.calibrate, periods.threshold, periods.test),
        horizon_s=settings.snapshots.horizon_days * DAY_S,
        rule=threshold.rule,
        win_value=threshold.win_value,
        contact_cost=threshold.contact_cost,
        per_lead=threshold.per_lead,
        margin_rate=threshold.margin_rate,
        contact_costs=threshold.contact_costs,
        capacity_per_week=threshold.capacity_per_week,
        owner_capacities=owner_capacities,
        capacity_per_salesperson=threshold.capacity_per_salesperson,
        target_precision=threshold.target_precision,
        confidence=threshold.confidence,
        tolerance=settings.certificate.tolerance,
        certificate_confidence=settings.certificate.confidence,
        points_grid=grid.rules,
        points_threshold=grid.threshold,
        other_grids=others,
        min_won=model.min_won,
        min_lost=model.min_lost,
        max_levels=settings.features.max_levels,
        min_level_rows=settings.features.min_level_rows,
        n_bootstrap=model.bootstrap,
        num_threads=settings.limits.threads,
        classifier={
            "n_folds": model.folds or None,
            "learning_rate": model.learning_rate or None,
            "num_leaves": model.num_leaves,
            "max_depth": model.max_depth,
        },
        segments=resolve(filters(settings.segments), features),
    )


def _nothing_mature(rows: pd.DataFrame, settings: Settings, opened: Opened) -> str:
    chosen = settings.snapshots
    if rows.empty:
        return (
            "No snapshot to learn from: expected leads with created_at and outcomes with decided_at, or an outcome "
            "column in leads. Run 'tamis check' to see what was read."
        )
    if opened.tables.one_table:
        return (
            f"None of {len(rows):,} leads has an outcome: expected won or lost in the outcome column of most, found it "
            "empty or open. Export leads that are decided too, or correct [source.outcome]."
        )
    wait = chosen.horizon_days + chosen.reporting_lag_days
    first = int(maturity(rows, snapshot_plan(settings), opened.tables.extracted_at)["matures_at"].min())
    return (
        f"None of {len(rows):,} snapshots is mature: expected cutoff + {wait} days <= "
        f"{iso(opened.tables.extracted_at)}, when the data end. The oldest will be on {day(first, 'en')}: come back "
        "then, add older leads, or shorten snapshots.horizon_days."
    )


def amounts(opened: Opened) -> "pd.Series[float]":
    """Amount of each won deal, by lead; empty where the source knows none."""
    outcomes = opened.tables.frames.get("outcomes")
    if outcomes is None:
        return pd.Series(dtype="float64")
    won = outcomes.filter((nw.col("outcome") == "won") & (nw.col("amount") > 0))
    deals: pd.DataFrame = won.select("lead_id", "amount").collect(backend="pyarrow").to_native().to_pandas()
    return deals.groupby("lead_id")["amount"].max()
