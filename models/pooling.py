"""Partial pooling: a segment's model is that of all leads plus a correction that starts at zero.

The correction is grown from the margins that the model of all leads gives to leads it has not seen, so it learns only
what that model does not know of the segment. How much of it is applied is measured on leads that neither has seen:
out of fold, where there are most of them, and forward in time where leads have dates. What is not better by more than
its noise is not applied at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.calibration import BetaCalibration
from models.learning import Learnt, Part
from models.plan import TrainingPlan
from models.segment_models import SegmentModels
from models.segment_trees import USED, Grown, Used, grow, pooled_levels
from models.segments import Names, assign

Floats = npt.NDArray[np.float64]
# Shares of a correction that are tried.
SHARES = (0.25, 0.5, 0.75, 1.0)
# Won, and lost, leads below which nothing is learnt of a segment: not even the noise of a gain can be measured.
FEWEST_LEADS = 10


@dataclass(frozen=True)
class Trial:
    """A model, and rows that it has not seen.

    Attributes
    ----------
    learnt : Learnt
        From other leads, older ones where leads have dates.
    rows : Part
        The unseen rows.
    margin : ndarray of shape (k,)
        Of these rows, log-odds.
    """

    learnt: Learnt
    rows: Part
    margin: Floats


@dataclass(frozen=True)
class SegmentChoice:
    """What is done for a segment, and the figures that decided it.

    Attributes
    ----------
    name : str
        Of the segment.
    n_leads, n_won : int
        Leads in the training rows, and those won within the horizon.
    used : {"all", "level", "linear", "trees"}
        Nothing of its own, a level alone, a regression too, or trees too.
    share : float
        Of its own correction that is applied, 0 to 1.
    n_unseen : int
        Leads of the segment on which that was measured, each by models that had not seen it.
    whole, own : float
        Log loss on these with the model of all leads, and with the best correction that was tried; NaN without any.
    noise : float
        Standard error of the difference, leads taken as independent.
    """

    name: str
    n_leads: int
    n_won: int
    used: Used | Literal["all"] = "all"
    share: float = 0.0
    n_unseen: int = 0
    whole: float = float("nan")
    own: float = float("nan")
    noise: float = float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Pooled:
    """Corrections of the segments of a model.

    Attributes
    ----------
    learnt : Learnt
        The model, with the corrections.
    choices : tuple of SegmentChoice
        By segment, in their order.
    added : tuple of ndarray
        By trial: what the same procedure, on the model of that trial, adds to the margins of its unseen rows.
    """

    learnt: Learnt
    choices: tuple[SegmentChoice, ...]
    added: tuple[Floats, ...]


def pool(frame: pd.DataFrame, learnt: Learnt, trials: Sequence[Trial], plan: TrainingPlan) -> Pooled:
    """Learn what each segment adds to a model, and how much of that unseen leads bear out.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
        Raw features of all rows.
    learnt : Learnt
        The model of all leads.
    trials : sequence of Trial
        One per period.
    plan : TrainingPlan
        Segments, seed, threads.

    Returns
    -------
    Pooled

    References
    ----------
    Partial pooling: Gelman and Hill, Data analysis using regression and multilevel models, 2007, chapter 12. Levels are
    shrunk by empirical Bayes: Efron and Morris, Stein's estimation rule and its competitors, JASA 1973.
    """
    mine = _grown(frame, learnt, plan)
    tried = [_Tried.of(frame, trial, _grown(frame, trial.learnt, plan), plan) for trial in trials]
    names = assign(plan.segments, frame.iloc[learnt.rows.at])
    own = _Tried.out_of_fold(learnt, names, mine)
    choices = tuple(_choose(s.name, names == s.name, learnt.rows, [own, *tried]) for s in plan.segments)
    corrections = {c.name: mine[c.name].correction(c.share, c.used) for c in choices if c.used != "all"}
    unseen = np.zeros(len(names))
    for choice in choices:
        if choice.used != "all":
            grown = mine[choice.name]
            unseen[names == choice.name] = choice.share * grown.added(grown.unseen, choice.used)
    together = replace(learnt, by_segment=SegmentModels(plan.segments, corrections), added_unseen=unseen)
    return Pooled(together, choices, tuple(t.chosen(choices) for t in tried))


def _grown(frame: pd.DataFrame, learnt: Learnt, plan: TrainingPlan) -> dict[str, Grown]:
    """Grow the correction of every segment that has leads enough, from margins that have not seen them."""
    taken, rows = frame.iloc[learnt.rows.at], learnt.rows
    names, margin = assign(plan.segments, taken), learnt.unseen_margin()
    offset = BetaCalibration.fit(margin, rows.y, rows.w).logit(margin)
    inside = {s.name: np.flatnonzero(names == s.name) for s in plan.segments}
    inside = {name: at for name, at in inside.items() if min(_leads(rows, at)) >= FEWEST_LEADS}
    levels = pooled_levels([(offset[at], rows.y[at], rows.w[at], rows.lead[at]) for at in inside.values()])
    fold = learnt.trees.fold_[: len(rows.at)]
    return {
        name: grow(learnt, taken.iloc[at], (rows.y[at], rows.w[at], fold[at]), offset[at], level, plan)
        for (name, at), level in zip(inside.items(), levels, strict=True)
    }


def _leads(rows: Part, at: npt.NDArray[np.int64]) -> tuple[int, int]:
    won = np.unique(rows.lead[at][rows.y[at] == 1])
    return len(won), len(np.unique(rows.lead[at])) - len(won)


@dataclass(frozen=True)
class _Tried:
    """One trial: segments of its unseen rows, and what each segment's regression and trees would add to them."""

    trial: Trial
    names: Names
    grown: Mapping[str, Grown]
    members: Mapping[str, Floats]
    calibration: BetaCalibration

    @classmethod
    def of(cls, frame: pd.DataFrame, trial: Trial, grown: Mapping[str, Grown], plan: TrainingPlan) -> "_Tried":
        rows = trial.rows
        taken = frame.iloc[rows.at]
        names = assign(plan.segments, taken)
        members = {name: g.members(trial.learnt.encode(taken[names == name])) for name, g in grown.items()}
        # The slope of later leads is a matter of calibration; here the question is what the segment adds.
        return cls(trial, names, grown, members, BetaCalibration.fit_slope(trial.margin, rows.y, rows.w))

    @classmethod
    def out_of_fold(cls, learnt: Learnt, names: Names, grown: Mapping[str, Grown]) -> "_Tried":
        """The model's own rows: neither it nor a correction has seen the leads of a fold that it answers for."""
        rows, margin = learnt.rows, learnt.unseen_margin()
        members = {name: g.unseen for name, g in grown.items()}
        calibration = BetaCalibration.fit(margin, rows.y, rows.w)
        return cls(Trial(learnt, rows, margin), names, grown, members, calibration)

    def added(self, name: str, used: Used | Literal["all"], share: float) -> Floats:
        """What is added to the rows of one segment."""
        if used == "all" or name not in self.grown:
            return np.zeros(int((self.names == name).sum()))
        return share * self.grown[name].added(self.members[name], used)

    def losses(self, name: str, used: Used | Literal["all"], share: float) -> Floats:
        inside = self.names == name
        p = self.calibration(self.trial.margin[inside] + self.added(name, used, share))
        return np.asarray(-np.where(self.trial.rows.y[inside] == 1, np.log(p), np.log1p(-p)))

    def chosen(self, choices: Sequence[SegmentChoice]) -> Floats:
        """What is added to every row."""
        total = np.zeros(len(self.names))
        for choice in choices:
            total[self.names == choice.name] = self.added(choice.name, choice.used, choice.share)
        return total


def _choose(name: str, inside: npt.NDArray[np.bool_], rows: Part, tried: Sequence[_Tried]) -> SegmentChoice:
    n_won, n_lost = _leads(rows, np.flatnonzero(inside))
    whole_only = SegmentChoice(name, n_won + n_lost, n_won)
    usable = [t for t in tried if name in t.grown and (t.names == name).any()]
    if len(usable) < 2 or usable[0] is not tried[0]:
        return whole_only
    w = np.concatenate([t.trial.rows.w[t.names == name] for t in usable])
    codes, leads = pd.factorize(np.concatenate([t.trial.rows.lead[t.names == name] for t in usable]))
    whole = np.concatenate([t.losses(name, "all", 0.0) for t in usable])
    tries = {
        (used, share): np.concatenate([t.losses(name, used, share) for t in usable])
        for used in USED
        for share in SHARES
    }
    (used, share), own = min(tries.items(), key=lambda found: float(w @ found[1]))
    gain = float(w @ (whole - own) / w.sum())
    noise = float(np.sqrt(np.sum(np.bincount(codes, weights=w * (whole - own - gain)) ** 2)) / w.sum())
    measured = replace(
        whole_only,
        n_unseen=len(leads),
        whole=float(w @ whole / w.sum()),
        own=float(w @ own / w.sum()),
        noise=noise,
    )
    return replace(measured, used=used, share=share) if gain > noise else measured
