"""Trees alone, or trees and a logistic regression half and half: what leads that nobody had seen say.

Trees find what belongs together but repeat the past; a regression carries on beyond it, from all of the past or, if
unseen leads say so, mostly from its newest part. The shares are not fitted: a mean of equal shares beats estimated ones
whenever little is known, and a handful of periods is little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.calibration import BetaCalibration

Floats = npt.NDArray[np.float64]
_LOSSES = ("trees", "logistic", "blend", "recent")
# Shares of the members in the margin: trees, regression, regression to which newer rows count more.
Mix = tuple[float, float, float]
TREES: Mix = (1.0, 0.0, 0.0)
LOGISTIC: Mix = (0.0, 1.0, 0.0)
BLEND: Mix = (0.5, 0.5, 0.0)
RECENT: Mix = (0.5, 0.0, 0.5)


@dataclass(frozen=True)
class Unseen:
    """Margins of the members for rows that none of them had seen.

    Attributes
    ----------
    members : ndarray of shape (n, 3)
        Log-odds from the trees and from both regressions.
    lead : ndarray of shape (n,)
        Lead of each row: its rows err together.
    y, w : ndarray of shape (n,)
        Labels 0 or 1, weights.
    """

    members: Floats
    lead: npt.NDArray[Any]
    y: Floats
    w: Floats


@dataclass(frozen=True)
class Choice:
    """What is used, and the losses that decided it.

    Attributes
    ----------
    mix : tuple of 3 floats
        `TREES`, `BLEND` or `RECENT`.
    trees, logistic, blend, recent : float
        Log loss on unseen rows once the level of conversion is right.
    noise : float
        Standard error of the difference between trees and the better blend, leads taken as independent.
    """

    mix: Mix
    trees: float
    logistic: float
    blend: float
    recent: float
    noise: float

    @property
    def blended(self) -> bool:
        """Whether a regression has a share."""
        return self.mix != TREES

    @property
    def best_blend(self) -> float:
        """Log loss of the better blend."""
        return min(self.blend, self.recent)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON.

        Returns
        -------
        dict
            Keys ``used`` (trees, blend or recent), ``trees``, ``logistic``, ``blend``, ``recent``, ``noise``.
        """
        used = {TREES: "trees", BLEND: "blend", RECENT: "recent"}[self.mix]
        return {"used": used, **{name: getattr(self, name) for name in (*_LOSSES, "noise")}}


def mixed(members: Floats, mix: Mix) -> Floats:
    """Margin of a mix.

    Parameters
    ----------
    members : ndarray of shape (n, 3)
        Log-odds.
    mix : tuple of 3 floats
        Shares; their sum is 1.

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> mixed(np.array([[1.0, 4.0, 8.0]]), BLEND).tolist()
    [2.5]
    """
    total = np.zeros(len(members))
    for share, margin in zip(mix, members.T, strict=True):
        total += share * margin
    return total


def choose(blocks: Sequence[Unseen]) -> Choice:
    """Blend if the better blend is so by more than one standard error, else keep the trees alone.

    Each block's level is made right before the losses are compared: the level is a matter of calibration, here the
    question is who ranks and spreads leads better.

    Parameters
    ----------
    blocks : sequence of Unseen
        One per period, each from models that saw only older rows (other rows, where there are no dates).

    Returns
    -------
    Choice

    References
    ----------
    Equal shares: Smith and Wallis, A simple explanation of the forecast combination puzzle, Oxford Bulletin 2009. The
    simplest within one standard error: Breiman et al., Classification and regression trees, 1984.

    Examples
    --------
    >>> y = np.tile([0.0, 1.0], 200)
    >>> right, wrong = 2 * y - 1, np.zeros(400)
    >>> choose([Unseen(np.column_stack([wrong, right, right]), np.arange(400), y, np.ones(400))]).blended
    True
    >>> choose([Unseen(np.column_stack([right, wrong, wrong]), np.arange(400), y, np.ones(400))]).blended
    False
    """
    w = np.concatenate([block.w for block in blocks])
    trees, logistic, blend, recent = (
        np.concatenate([_losses(block, mix) for block in blocks]) for mix in (TREES, LOGISTIC, BLEND, RECENT)
    )
    total = w.sum()
    better, mix = (recent, RECENT) if w @ recent < w @ blend else (blend, BLEND)
    gain = float(w @ (trees - better) / total)
    codes, _ = pd.factorize(np.concatenate([block.lead for block in blocks]))
    noise = float(np.sqrt(np.sum(np.bincount(codes, weights=w * (trees - better - gain)) ** 2)) / total)
    return Choice(
        mix if gain > noise else TREES,
        trees=float(w @ trees / total),
        logistic=float(w @ logistic / total),
        blend=float(w @ blend / total),
        recent=float(w @ recent / total),
        noise=noise,
    )


def _losses(block: Unseen, mix: Mix) -> Floats:
    margin = mixed(block.members, mix)
    p = BetaCalibration().with_level(margin, block.y, block.w)(margin)
    return -np.where(block.y == 1, np.log(p), np.log1p(-p))
