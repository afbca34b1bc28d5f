"""Trees alone, or trees and a logistic regression half and half: what leads that nobody had seen say.

Trees find what belongs together but repeat the past; a regression carries on beyond it, from all of the past or, if
unseen leads say so, mostly from its newest part. Where that does not help, a regression whose weights are shrunk
may: with many columns and few won leads, a free one learns mostly noise. The shares are not fitted: a mean of
equal shares beats estimated ones whenever little is known, and a handful of periods is little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.calibration import BetaCalibration

Floats = npt.NDArray[np.float64]
# Shares of the members in the margin: trees, regression, one to which newer rows count more, one with shrunk weights.
Mix = tuple[float, float, float, float]
TREES: Mix = (1.0, 0.0, 0.0, 0.0)
LOGISTIC: Mix = (0.0, 1.0, 0.0, 0.0)
BLEND: Mix = (0.5, 0.5, 0.0, 0.0)
RECENT: Mix = (0.5, 0.0, 0.5, 0.0)
SHRUNK: Mix = (0.5, 0.0, 0.0, 0.5)
_NAMES = {"trees": TREES, "logistic": LOGISTIC, "blend": BLEND, "recent": RECENT, "shrunk": SHRUNK}


@dataclass(frozen=True)
class Unseen:
    """Margins of the members for rows that none of them had seen.

    Attributes
    ----------
    members : ndarray of shape (n, 4)
        Log-odds from the trees and from the three regressions.
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
    mix : tuple of 4 floats
        `TREES`, `BLEND`, `RECENT` or `SHRUNK`.
    trees, logistic, blend, recent, shrunk : float
        Log loss on unseen rows once the level of conversion is right.
    noise : float
        Standard error of the difference between trees and the blend of `best_blend`, leads taken as independent.
    """

    mix: Mix
    trees: float
    logistic: float
    blend: float
    recent: float
    shrunk: float
    noise: float

    @property
    def blended(self) -> bool:
        """Whether a regression has a share."""
        return self.mix != TREES

    @property
    def best_blend(self) -> float:
        """Log loss of the blend that is used; where none is, of the best."""
        used = {BLEND: self.blend, RECENT: self.recent, SHRUNK: self.shrunk}
        return used.get(self.mix, min(used.values()))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON.

        Returns
        -------
        dict
            Keys ``used`` (trees, blend, recent or shrunk), ``trees``, ``logistic``, ``blend``, ``recent``, ``shrunk``,
            ``noise``.
        """
        used = next(name for name, mix in _NAMES.items() if mix == self.mix)
        return {"used": used, **{name: getattr(self, name) for name in (*_NAMES, "noise")}}


def mixed(members: Floats, mix: Mix) -> Floats:
    """Margin of a mix.

    Parameters
    ----------
    members : ndarray of shape (n, 4)
        Log-odds.
    mix : tuple of 4 floats
        Shares; their sum is 1.

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> mixed(np.array([[1.0, 4.0, 8.0, 2.0]]), BLEND).tolist()
    [2.5]
    """
    total = np.zeros(len(members))
    for share, margin in zip(mix, members.T, strict=True):
        total += share * margin
    return total


def choose(blocks: Sequence[Unseen]) -> Choice:
    """Blend if a blend is better by more than one standard error, else keep the trees alone.

    The better blend with a free regression is looked at first, the one with a shrunk regression only where that is not
    better: what carries on beyond the past is worth most where time moves, and blocks of the past cannot show that.
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
    >>> said = lambda *members: [Unseen(np.column_stack(members), np.arange(400), y, np.ones(400))]
    >>> choose(said(wrong, right, right, right)).mix == BLEND, choose(said(right, wrong, wrong, wrong)).blended
    (True, False)
    >>> choose(said(wrong, wrong, wrong, right)).to_dict()["used"]
    'shrunk'
    """
    w = np.concatenate([block.w for block in blocks])
    codes, _ = pd.factorize(np.concatenate([block.lead for block in blocks]))
    rows = {name: np.concatenate([_losses(block, mix) for block in blocks]) for name, mix in _NAMES.items()}
    losses = {name: float(w @ row / w.sum()) for name, row in rows.items()}

    def noise(name: str) -> float:
        apart = rows["trees"] - rows[name] - (losses["trees"] - losses[name])
        return float(np.sqrt(np.sum(np.bincount(codes, weights=w * apart) ** 2)) / w.sum())

    free = min("blend", "recent", key=losses.__getitem__)
    best = min(free, "shrunk", key=losses.__getitem__)
    taken = next((name for name in (free, "shrunk") if losses["trees"] - losses[name] > noise(name)), None)
    return Choice(_NAMES[taken or "trees"], **losses, noise=noise(taken or best))


def _losses(block: Unseen, mix: Mix) -> Floats:
    margin = mixed(block.members, mix)
    p = BetaCalibration().with_level(margin, block.y, block.w)(margin)
    return -np.where(block.y == 1, np.log(p), np.log1p(-p))
