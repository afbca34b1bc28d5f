"""What the leads of some rows are worth, foreseen by an amount model that has not seen them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.amount import AmountModel
from models.evidence import Note
from models.learning import Learnt
from models.plan import TrainingPlan
from models.sample import Sample
from models.worth import Economics, Worth, channel_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_APART = 2.0


@dataclass(frozen=True)
class Pricing:
    """Margins and costs of rows.

    Attributes
    ----------
    frame, rows : pandas.DataFrame of n rows
        Raw features; ``amount`` of the deal, null where it is not known.
    learnt : Learnt
        Whose columns the amount model reads.
    amount : AmountModel, optional
        What deals bring.
    plan : TrainingPlan
        All knobs.
    """

    frame: pd.DataFrame
    rows: pd.DataFrame
    learnt: Learnt
    amount: AmountModel | None
    plan: TrainingPlan

    @property
    def economics(self) -> Economics:
        """As the plan decides."""
        return Economics.of(self.plan, self.amount, per_lead=self.plan.per_lead)

    @property
    def if_per_lead(self) -> Economics:
        """As if the margin of each lead's own deal counted."""
        return Economics.of(self.plan, self.amount, per_lead=True)

    def expected(self, at: Ints) -> Floats:
        """Expected amount of the deals of rows; ``win_value`` where no amount is known."""
        if self.amount is None:
            return np.full(len(at), self.plan.win_value)
        return self.amount.expected(self.learnt.encode(self.frame.iloc[at]), self.plan.num_threads)

    def worth(self, at: Ints, economics: Economics) -> Worth:
        """What rows are worth, and by how much that changes their order under the rule ``value``."""
        actual = self.rows["amount"].iloc[at].to_numpy(dtype=np.float64, na_value=np.nan)
        channel = self._channels(at)
        return economics.worth(self.expected(at), actual, channel, ranks=self.plan.rule == "value")

    def priced(self, sample: Sample, at: Ints) -> Sample:
        """Join rows with what they are worth, where leads differ in that."""
        economics = self.economics
        return replace(sample, worth=self.worth(at, economics)) if economics.differs else sample

    def notes(self) -> list[Note]:
        """Say which settings of margins and costs cannot be right."""
        return [*self._unknown_channels(), *self._margins_apart(), *self._amounts_unforeseen()]

    def _channels(self, at: Ints) -> npt.NDArray[Any]:
        features = [column.feature for column in self.learnt.schema.columns]
        return channel_of(self.frame.iloc[at], features)

    def _unknown_channels(self) -> list[Note]:
        seen = {name for name in pd.unique(self._channels(np.arange(len(self.frame)))) if name is not None}
        unknown = ", ".join(sorted(set(self.plan.contact_costs) - seen))
        if not unknown:
            return []
        return [
            Note(
                "unknown_channel",
                f"threshold.contact_costs names channels that no lead comes from: {unknown}. Their costs are not used.",
                f"threshold.contact_costs nomme des canaux dont aucun lead ne provient : {unknown}. "
                "Ces coûts ne servent pas.",
            )
        ]

    def _margins_apart(self) -> list[Note]:
        amount, plan = self.amount, self.plan
        if not (plan.per_lead and plan.margin_rate and amount is not None):
            return []
        average = plan.margin_rate * amount.figures["mean"]
        if 1 / _APART <= average / plan.win_value <= _APART:
            return []
        return [
            Note(
                "margins_apart",
                f"Two settings disagree: at margin_rate an average won deal brings {average:.0f}, win_value says "
                f"{plan.win_value:.0f}. Correct one of them.",
                f"Deux réglages se contredisent : avec margin_rate, une affaire gagnée moyenne rapporte "
                f"{average:.0f} ; win_value dit {plan.win_value:.0f}. Corrigez l'un des deux.",
            )
        ]

    def _amounts_unforeseen(self) -> list[Note]:
        if not self.plan.per_lead or self.economics.margin_rate is not None:
            return []
        return [
            Note(
                "amounts_unforeseen",
                "threshold.per_lead is set, but past deals do not tell what a lead's deal will bring: each counts as "
                "win_value.",
                "threshold.per_lead est activé, mais les affaires passées ne disent pas ce que rapportera celle d'un "
                "lead : chacune compte pour win_value.",
            )
        ]
