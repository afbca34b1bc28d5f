"""One run of the learning procedure on some rows, and the margins that it gives to others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import DataError
from features.matrix import Dropped, MatrixSchema, fit_schema, to_matrix
from features.specification import Feature
from models.blend import BLEND, RECENT, SHRUNK, TREES, Mix, mixed
from models.calibration import BetaCalibration
from models.classifier import LeadClassifier
from models.drift import Margins, calibrate
from models.folds import average_margin, encode
from models.linear import LinearPart, Prior
from models.plan import TrainingPlan
from models.recency import recency
from models.sample import Sample
from models.segment_models import NO_SEGMENTS, SegmentModels
from models.time_telling import MOSTLY, tells_time

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# The regressions, by the mix in which each has a share: what a standard deviation of a column does to the log-odds is
# believed to be about 1, or a seventeenth (decision 15).
_REGRESSIONS = {BLEND: Prior(), RECENT: Prior(), SHRUNK: Prior(ridge=300.0)}


@dataclass(frozen=True)
class Part:
    """Some of the rows, as arrays.

    Attributes
    ----------
    at : ndarray of int64 of shape (k,)
        Their positions.
    lead : ndarray of object
    cutoff : ndarray of int64
        UTC seconds.
    y, w : ndarray
        Labels 0 or 1; weights, the part's multiplier included: how many leads each row's lead stands for.
    """

    at: Ints
    lead: npt.NDArray[Any]
    cutoff: Ints
    y: Floats
    w: Floats

    def margins(self, margin: Floats) -> Margins:
        """Join the rows with their margins, for calibration.

        Parameters
        ----------
        margin : ndarray of shape (k,)
            Log-odds.

        Returns
        -------
        Margins
        """
        return Margins(margin, self.y, self.w, self.cutoff)

    def sample(self, propensity: Floats) -> Sample:
        """Join the rows with their propensities, to choose a threshold.

        Parameters
        ----------
        propensity : ndarray of shape (k,)
            0 to 1.

        Returns
        -------
        Sample
        """
        return Sample(self.lead, self.cutoff, propensity, self.y, self.w)


def part(rows: pd.DataFrame, at: Ints, stands_for: Floats) -> Part:
    """Take some of the rows.

    Parameters
    ----------
    rows : pandas.DataFrame of n rows
        ``lead_id``, ``cutoff``, ``label``, ``weight``.
    at : ndarray of int64 of shape (k,)
        Positions.
    stands_for : ndarray of shape (k,)
        By which the rows' own weights are multiplied.

    Returns
    -------
    Part
    """
    who = rows.iloc[at]
    return Part(
        at=at,
        lead=who["lead_id"].to_numpy(dtype=object),
        cutoff=who["cutoff"].to_numpy(dtype=np.int64),
        y=who["label"].to_numpy(dtype=np.float64),
        w=who["weight"].to_numpy(dtype=np.float64) * stands_for,
    )


@dataclass(frozen=True)
class Taught:
    """Rows that only teach: nothing is measured on them.

    Attributes
    ----------
    frame : pandas.DataFrame of k rows
        Raw features.
    lead : ndarray of object of shape (k,)
    y, w : ndarray of shape (k,)
        Labels 0 or 1; weights.
    """

    frame: pd.DataFrame
    lead: npt.NDArray[Any]
    y: Floats
    w: Floats


class Regression(NamedTuple):
    """A fitted regression.

    Attributes
    ----------
    part : LinearPart
        What was fitted.
    unseen : callable
        Gives its out-of-fold margins of the rows that it was fitted on.
    """

    part: LinearPart
    unseen: Callable[[], Floats]


@dataclass(frozen=True)
class Learnt:
    """Columns, trees and regression learnt from some rows.

    Attributes
    ----------
    schema : MatrixSchema
        Columns kept, with their levels.
    dropped : tuple of Dropped
        Columns left out, and why.
    trees : LeadClassifier
        Fitted.
    regressions : tuple of 3 Regression
        Fitted on all rows alike, with newer rows counting more, and with shrunk weights; None where it was known to
        have no share, or where there is no time.
    telling : tuple of Feature
        Columns that mostly tell when a lead came.
    rows : Part
        What they were fitted on, less what only taught.
    mix : tuple of 4 floats
        Shares of trees and regressions in the margin.
    by_segment : SegmentModels
        What segments add to the margin.
    added_unseen : ndarray of shape (k,), optional
        What they add to each of ``rows``, from trees that have not seen its lead.
    """

    schema: MatrixSchema
    dropped: tuple[Dropped, ...]
    trees: LeadClassifier
    regressions: tuple[Regression | None, ...]
    telling: tuple[Feature, ...]
    rows: Part
    mix: Mix = TREES
    by_segment: SegmentModels = NO_SEGMENTS
    added_unseen: Floats | None = None

    @property
    def regression(self) -> Regression | None:
        """The one that has a share in the margin."""
        return dict(zip(_REGRESSIONS, self.regressions, strict=True)).get(self.mix)

    @property
    def linear(self) -> LinearPart | None:
        """What `regression` was fitted to."""
        return None if self.regression is None else self.regression.part

    def calibrate(self, unseen: Margins, *, forward: bool) -> BetaCalibration:
        """Calibrate on margins of unseen rows.

        Parameters
        ----------
        unseen : Margins
            Out of fold.
        forward : bool
            Whether they are later than what was learnt from.

        Returns
        -------
        BetaCalibration
        """
        if not forward:
            return BetaCalibration.fit(unseen.margin, unseen.y, unseen.w)
        return calibrate(unseen, self.rows.margins(self.unseen_margin()))

    def unseen_margin(self) -> Floats:
        """Out-of-fold margins of ``rows``.

        Returns
        -------
        ndarray of shape (k,)
            Log-odds.
        """
        own = self.trees.oof_margin_[: len(self.rows.at)]
        if self.regression is not None:
            unseen = self.regression.unseen()
            own = mixed(np.column_stack([own, *[unseen] * len(self.regressions)]), self.mix)
        return own if self.added_unseen is None else own + self.added_unseen

    def members(self, frame: pd.DataFrame) -> Floats:
        """Margins of trees and regressions for rows that they were not fitted on.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features.

        Returns
        -------
        ndarray of shape (n, 4)
            Log-odds; those of a regression that is not there are those of the first that is, or 0.
        """
        if not len(frame):
            return np.empty((0, 1 + len(self.regressions)))
        encoded = self.encode(frame)
        trees = average_margin(self.trees.boosters_, encoded, self.trees.num_threads)
        said = [None if one is None else one.part.margin(encoded) for one in self.regressions]
        first = next((margin for margin in said if margin is not None), np.zeros(len(frame)))
        return np.column_stack([trees, *(first if margin is None else margin for margin in said)])

    def encode(self, frame: pd.DataFrame) -> Floats:
        """Make the matrix that trees read: numbers, positions of levels, NaN for null.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features.

        Returns
        -------
        ndarray of shape (n, m)
        """
        return encode(to_matrix(frame, self.schema), [column.levels for column in self.schema.columns])

    def margin(self, frame: pd.DataFrame) -> Floats:
        """Raw scores of rows that were not learnt from.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features.

        Returns
        -------
        ndarray of shape (n,)
            Log-odds.
        """
        margin = mixed(self.members(frame), self.mix)
        if not self.by_segment.corrections:
            return margin
        return margin + self.by_segment.added(self.encode(frame), frame)


def learn(
    frame: pd.DataFrame,
    rows: Part,
    features: Sequence[Feature],
    plan: TrainingPlan,
    mix: Mix | None = None,
    beside: Taught | None = None,
) -> Learnt:
    """Choose the columns, grow the trees and fit the regression, on some of the rows alone.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
        Raw features.
    rows : Part
        Those to learn from.
    features : sequence of Feature
        Those that may serve.
    plan : TrainingPlan
        Seed, threads, settings of the classifier.
    mix : tuple of 4 floats, optional
        Shares of trees and regressions, where they are known; a regression without a share is not fitted.
    beside : Taught, optional
        Rows that teach the trees too.

    Returns
    -------
    Learnt
        Without a mix, of trees alone until `blend.choose` says otherwise.

    Raises
    ------
    DataError
        When no column varies.
    """
    taken, lead, y, w = frame.iloc[rows.at], rows.lead, rows.y, rows.w
    if beside is not None:
        taken = pd.concat([taken, beside.frame], ignore_index=True)
        lead, y, w = (np.concatenate(pair) for pair in ((lead, beside.lead), (y, beside.y), (w, beside.w)))
    schema, dropped = fit_schema(
        taken, features, groups=lead, max_levels=plan.max_levels, min_level_rows=plan.min_level_rows
    )
    if not schema.columns:
        raise DataError(
            f"features: expected at least one column that varies, found none among {len(features)}: "
            f"{', '.join(f'{d.name} ({d.reason})' for d in dropped[:10])}. Bring columns that differ between leads."
        )
    matrix = to_matrix(taken, schema)
    directions = [column.feature.direction for column in schema.columns]
    trees = LeadClassifier(monotone=directions, seed=plan.seed, num_threads=plan.num_threads, **(plan.classifier or {}))
    trees.fit(matrix, y.astype(np.int64), groups=lead, sample_weight=w)
    encoded = encode(matrix[: len(rows.at)], trees.levels_)
    fold, newer = trees.fold_[: len(rows.at)], recency(rows.cutoff)
    counts = {BLEND: rows.w, RECENT: None if newer is None else rows.w * newer, SHRUNK: rows.w}
    regressions = tuple(
        None
        if (count := counts[share]) is None or mix not in (None, share)
        else Regression(*LinearPart.fit(encoded, trees.levels_, rows.y, count, fold, directions, plan.seed, prior))
        for share, prior in _REGRESSIONS.items()
    )
    return Learnt(
        schema,
        tuple(dropped),
        trees,
        regressions,
        tuple(
            column.feature
            for j, column in enumerate(schema.columns)
            if tells_time(encoded[:, j], rows.cutoff, column.levels) > MOSTLY
        ),
        rows,
        mix or TREES,
    )
