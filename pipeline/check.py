"""``tamis check``: what the tables hold, what is wrong with them, and what a training would use."""

import contextlib
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import GateError
from features.faults import Faults
from features.matrix import Dropped, MatrixSchema, fit_schema
from features.specification import Feature
from models.gates import count_leads, require_enough
from models.leakage import Suspect
from models.plan import TrainingPlan
from pipeline.console import Console
from pipeline.leaks import describe_without_leaks
from pipeline.policy_facts import columns_of_rule
from pipeline.prepare import training_plan
from pipeline.settings import Settings
from pipeline.settings_file import load
from pipeline.source import open_source
from pipeline.train import cohorts, table_counts
from pipeline.training_views import check_views
from pipeline.workspace import Workspace


@dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes
    ----------
    counts : mapping
        Rows read, kept and set aside, by table.
    faults : Faults
        All of them, and notices.
    n_won, n_lost : int
        Mature leads.
    maturity : sequence of mapping
        By cohort.
    schema : MatrixSchema
        The columns that a model would use.
    dropped : sequence of Dropped
        The others, and why.
    suspects : sequence of Suspect
        Possible leaks, those that are refused first.
    features : mapping of str to Feature
        All that were computed, by name.
    too_few : str
        Why a training would be refused; empty where there is enough to learn from.
    """

    counts: dict[str, dict[str, int]]
    faults: Faults
    n_won: int
    n_lost: int
    maturity: list[dict[str, Any]]
    schema: MatrixSchema
    dropped: tuple[Dropped, ...]
    suspects: tuple[Suspect, ...]
    features: dict[str, Feature]
    too_few: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "tables": self.counts,
            "faults": self.faults.to_dict(),
            "mature_won": self.n_won,
            "mature_lost": self.n_lost,
            "maturity": self.maturity,
            "features": [column.feature.name for column in self.schema.columns],
            "dropped": [asdict(item) for item in self.dropped],
            "suspects": [asdict(item) for item in self.suspects],
            "too_few": self.too_few,
        }


def run(root: Path, *, now: int, console: Console) -> None:
    """Check and say what was found; nothing is written.

    Raises
    ------
    DataError
        A table is refused.
    GateError
        Too few won or lost leads to train on.
    """
    settings = load(root)
    found = check(Workspace(root), settings, now=now, console=console)
    console.show(found.to_dict(), *check_views(found, settings.output.language))
    if found.too_few:
        raise GateError(found.too_few)


def check(workspace: Workspace, settings: Settings, *, now: int, console: Console) -> Checked:
    """Read, describe and probe, in a folder that is gone afterwards.

    Raises
    ------
    DataError
        A table is refused.
    UseError
        A rule of the policy names a column that is not there.
    """
    with tempfile.TemporaryDirectory(prefix="tamis-") as name, contextlib.ExitStack() as open_things:
        scratch = Path(name)
        with console.step("Reading the tables"):
            opened = open_source(
                settings.source,
                settings.limits,
                root=workspace.root,
                staging=scratch / "staging",
                quarantine=None,
                now=now,
                enrichment=settings.enrichment,
            )
        open_things.callback(opened.close)
        for rule in settings.policy.disqualify:
            columns_of_rule(opened, rule.column)
        with console.step("Computing and probing the features"):
            probed = describe_without_leaks(opened, settings, scratch)
        rows, learnt = probed.described.rows, probed.rows
        n_won, n_lost = count_leads(learnt)
        schema, dropped = fit_schema(
            probed.frame,
            probed.features,
            groups=learnt["lead_id"],
            max_levels=settings.features.max_levels,
            min_level_rows=settings.features.min_level_rows,
        )
        return Checked(
            counts=table_counts(opened),
            faults=opened.faults,
            n_won=n_won,
            n_lost=n_lost,
            maturity=list(cohorts(rows, opened, settings)),
            schema=schema,
            dropped=(*probed.dropped, *dropped),
            suspects=probed.suspects,
            features=probed.by_name,
            too_few=_too_few(learnt, training_plan(settings, probed.features)),
        )


def _too_few(learnt: pd.DataFrame, plan: TrainingPlan) -> str:
    try:
        require_enough(learnt, plan)
    except GateError as error:
        return str(error)
    return ""
