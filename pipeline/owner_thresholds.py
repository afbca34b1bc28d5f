"""Thresholds by owner: names and capacities from the settings, codes into the model, and no name out of here."""

from dataclasses import dataclass, field
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import UseError
from models.lead_model import LeadModel
from models.owners import FEW, NOBODY, owner_thresholds
from pipeline.decision_settings import ThresholdSettings
from pipeline.describe import Described, collect
from pipeline.settings import Settings
from pipeline.source import Opened

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Owners:
    """Who follows each lead, as codes, and what each can treat.

    Attributes
    ----------
    code : pandas.Series of int
        By lead; -1 where nobody follows it.
    capacities : tuple of float
        Leads a week, by code; NaN for an owner without a capacity of the own.
    """

    code: "pd.Series[int]"
    capacities: tuple[float, ...]


@dataclass(frozen=True)
class LeadThresholds:
    """Thresholds of leads whose owner has an own capacity.

    Attributes
    ----------
    least : pandas.Series of float
        Least propensity handed over, by lead; 1, which nobody reaches, where the owner can treat none.
    told : mapping, optional
        For the manifest: how many owners have a threshold of their own and between which they lie (null where nobody is
        handed over), how many have too few leads to know their own flow. None where capacities are not by owner.
    """

    least: "pd.Series[float]" = field(default_factory=lambda: pd.Series(dtype="float64"))
    told: dict[str, Any] | None = None

    def of(self, lead_ids: "pd.Series[str]", team: Floats) -> Floats:
        """Least propensity of each lead; the team's where its owner has no own capacity."""
        if self.least.empty:
            return team
        own = self.least.reindex(lead_ids).to_numpy(dtype=np.float64)
        return np.where(np.isnan(own) | np.isnan(team), team, own)


TEAM_ONLY = LeadThresholds()


def read_owners(opened: Opened, chosen: ThresholdSettings) -> Owners | None:
    """Read who follows each lead today.

    Returns
    -------
    Owners, optional
        None where the settings give no capacity by owner, or no lead has an owner.
    """
    if not (chosen.capacity_per_owner or chosen.capacity_per_owner_per_week):
        return None
    leads = collect(opened.tables.frames["leads"].select("lead_id", owner=nw.col("owner")))
    code, names = pd.factorize(leads["owner"], sort=True)
    usual = chosen.capacity_per_owner_per_week or np.nan
    capacities = tuple(float(chosen.capacity_per_owner.get(str(name), usual)) for name in names)
    if np.isnan(capacities).all():
        return None
    return Owners(pd.Series(code, index=leads["lead_id"].astype("str")), capacities)


def lead_thresholds(opened: Opened, described: Described, model: LeadModel, settings: Settings) -> LeadThresholds:
    """Find the threshold of every owner from tonight's open leads.

    Raises
    ------
    UseError
        The model was not trained for capacities.
    """
    owners = read_owners(opened, settings.threshold)
    if owners is None or described.rows.empty:
        return TEAM_ONLY
    if model.threshold.rule != "capacity":
        raise UseError(
            "threshold: expected a model trained with rule = capacity for capacities by owner, found one trained with "
            f"{model.threshold.rule}. Train again, or take the capacities by owner out."
        )
    propensity = np.concatenate(
        [
            model.propensity(block.to_pandas(), settings.limits.threads)
            for block in described.blocks(settings.limits.rows_per_block)
        ]
    )
    lead_ids = described.rows["lead_id"].astype("str")
    code = owners.code.reindex(lead_ids).fillna(-1).to_numpy().astype(np.int64)
    found = owner_thresholds(model.threshold.curve, propensity, code, np.array(owners.capacities))
    own = pd.Series(found.of(code, np.nan), index=lead_ids).dropna()
    active = (found.n_leads > 0) & ~np.isnan(found.least)
    limits = found.least[active & (found.least < NOBODY)]
    told = {
        "n": int(active.sum()),
        "low": float(limits.min()) if len(limits) else None,
        "high": float(limits.max()) if len(limits) else None,
        "few_leads": int((active & (found.n_leads < FEW)).sum()),
        "without_owner": int((code < 0).sum()),
    }
    return LeadThresholds(own, told)
