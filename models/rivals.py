"""A challenger beside the champion on the same rows, which neither has learnt from: figures are paired differences.

Both models meet the same leads, so what is hard for one is hard for the other: the interval of their difference is much
narrower than either of theirs. Leads are resampled, not rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from models.certificate import judge
from models.comparison import Figure, figure_of, measures_of
from models.promises import Promises
from models.segments import ALL

Floats = npt.NDArray[np.float64]
# Above so many rows Kendall's tau is measured on a part of them.
_MOST_RANKED = 20_000
_LEADING = 5


@dataclass(frozen=True)
class Pair:
    """One figure of both models and its difference.

    Attributes
    ----------
    champion, challenger : float
        On the rows as they are.
    difference : Figure
        Challenger less champion, with its interval.
    """

    champion: float
    challenger: float
    difference: Figure


@dataclass(frozen=True)
class Stability:
    """How much the order of leads changes.

    Attributes
    ----------
    spearman, kendall : float
        Rank correlations, -1 to 1.
    overlap : float
        Share of the leads at the top of one order that are also at the top of the other, 0 to 1.
    top : float
        What share of the rows the top is.
    """

    spearman: float
    kendall: float
    overlap: float
    top: float


def paired(
    champion: Promises,
    challenger: Promises,
    share: float,
    *,
    confidence: float = 0.9,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> dict[str, Pair]:
    """Compare two models.

    Parameters
    ----------
    champion, challenger : Promises
        The same rows with the propensities of each.
    share : float
        Of the rows, that sales takes today, in (0, 1].
    confidence : float
        Of the intervals.
    n_bootstrap, seed : int
        Resamples of leads, and their seed.

    Returns
    -------
    dict of str to Pair
        ``log_loss``, ``brier``, ``ece`` (less is better), ``auc`` and ``gain`` (share of wins among the share that
        sales takes; more is better).

    Examples
    --------
    >>> y = np.tile([0.0, 0.0, 0.0, 1.0], 100)
    >>> old, new = (Promises(y, np.full(400, p), np.ones(400), np.arange(400)) for p in (0.5, 0.25))
    >>> found = paired(old, new, 0.2)["log_loss"].difference
    >>> round(found.value, 3), bool(found.high < 0)
    (-0.131, True)
    """
    y, w, codes = champion.y, champion.w, champion.lead
    both = [measures_of(y, said.p, said.p, share) for said in (champion, challenger)]
    n_leads = champion.n_leads
    called = {"log_loss": "log_loss", "brier": "brier", "ece": "ece", "auc": "auc", "lift10": "gain"}
    unit = {"gain": share}
    rng = np.random.default_rng(seed)
    samples: dict[str, list[float]] = {name: [] for name in called.values()}
    for _ in range(n_bootstrap):
        weight = w * np.bincount(rng.integers(0, n_leads, n_leads), minlength=n_leads)[codes]
        if weight.sum() > 0:
            for key, name in called.items():
                samples[name].append(unit.get(name, 1.0) * (both[1][key](weight) - both[0][key](weight)))
    pairs = {}
    for key, name in called.items():
        old, new = (unit.get(name, 1.0) * measures[key](w) for measures in both)
        pairs[name] = Pair(old, new, figure_of(new - old, samples[name], confidence))
    return pairs


def stability(champion: Floats, challenger: Floats, share: float, seed: int = 0) -> Stability:
    """Measure how much the order of leads changes.

    Parameters
    ----------
    champion, challenger : ndarray of shape (n,)
        Any ranking scores of the same leads, two at least.
    share : float
        Of the top, in (0, 1].
    seed : int
        Of the draw of the rows on which Kendall's tau is measured where there are many.

    Returns
    -------
    Stability
        1 where a score is the same for all: nothing changes places.

    References
    ----------
    Kendall, A new measure of rank correlation, Biometrika 1938.

    Examples
    --------
    >>> found = stability(np.arange(10.0), np.array([0.0, 1, 2, 3, 4, 5, 6, 7, 9, 8]), 0.2)
    >>> round(found.kendall, 3), found.overlap, stability(np.arange(10.0), -np.arange(10.0), 0.2).overlap
    (0.956, 1.0, 0.0)
    """
    if np.ptp(champion) == 0 or np.ptp(challenger) == 0:
        return Stability(1.0, 1.0, 1.0, share)
    some = np.random.default_rng(seed).permutation(len(champion))[:_MOST_RANKED]
    n_top = max(1, round(share * len(champion)))
    old, new = (set(np.argsort(-score, kind="stable")[:n_top].tolist()) for score in (champion, challenger))
    return Stability(
        float(scipy.stats.spearmanr(champion, challenger).statistic),
        float(scipy.stats.kendalltau(champion[some], challenger[some]).statistic),
        len(old & new) / n_top,
        share,
    )


def by_segment(
    champion: Promises, challenger: Promises, segment: npt.ArrayLike, tolerance: float, confidence: float
) -> dict[str, dict[str, Any]]:
    """Judge the percentages of both models by segment, as a certificate does.

    Parameters
    ----------
    champion, challenger : Promises
        The same rows with the propensities of each.
    segment : array-like of shape (n,)
        Name of the segment of each row.
    tolerance, confidence : float
        See `models.certificate.certify`.

    Returns
    -------
    dict of str to dict
        By segment, ``all`` first: ``n_leads``, ``happened`` and, for each model, ``promised`` and its ``word``.

    Examples
    --------
    >>> y = np.arange(4000) % 10 == 0
    >>> said = [Promises(y, np.full(4000, p), np.ones(4000), np.arange(4000)) for p in (0.3, 0.1)]
    >>> found = by_segment(*said, np.full(4000, "all"), 0.3, 0.9)["all"]
    >>> found["champion"]["word"], found["challenger"]["word"]
    ('fail', 'pass')
    """
    names = np.asarray(segment, dtype=object)
    parts = {ALL: np.ones(len(names), dtype=bool)}
    parts |= {str(name): names == name for name in sorted(set(names.tolist()) - {ALL})}
    found = {}
    for name, at in parts.items():
        verdicts = {
            who: judge(said.take(at), tolerance, confidence)
            for who, said in (("champion", champion), ("challenger", challenger))
        }
        first = verdicts["champion"]
        found[name] = {
            "n_leads": first.n_leads,
            "happened": first.happened,
            **{who: {"promised": v.promised, "word": v.word} for who, v in verdicts.items()},
        }
    return found


def weights_of_facts(names: Sequence[str], on_margin: Floats) -> dict[str, float]:
    """Share of each feature in what moves scores.

    Parameters
    ----------
    names : sequence of m str
        Of the features.
    on_margin : ndarray of shape (n, m)
        Contributions, log-odds.

    Returns
    -------
    dict of str to float
        Mean absolute contribution as a share of their sum, the largest first.

    Examples
    --------
    >>> weights_of_facts(["a", "b"], np.array([[1.0, -3.0], [-1.0, 3.0]]))
    {'b': 0.75, 'a': 0.25}
    """
    size = np.abs(on_margin).mean(axis=0)
    shares = size / max(float(size.sum()), 1e-300)
    return {names[k]: float(shares[k]) for k in np.argsort(-shares, kind="stable")}


def new_leaders(champion: Mapping[str, float], challenger: Mapping[str, float]) -> list[str]:
    """Name what leads the challenger's reasons and did not lead the champion's.

    Parameters
    ----------
    champion, challenger : mapping of str to float
        From `weights_of_facts`.

    Returns
    -------
    list of str
        Of the challenger's five heaviest, those that are not among the champion's ten heaviest.

    Examples
    --------
    >>> new_leaders({"a": 0.6, "b": 0.4}, {"c": 0.5, "a": 0.5})
    ['c']
    """
    old = sorted(champion, key=lambda name: -champion[name])[: 2 * _LEADING]
    return [name for name in sorted(challenger, key=lambda name: -challenger[name])[:_LEADING] if name not in old]


@dataclass(frozen=True)
class Comparison:
    """A challenger beside the champion.

    Attributes
    ----------
    champion : int
        Version that was champion.
    as_of : int
        Instant as of which the challenger's procedure was learnt to be judged, UTC seconds.
    first_cutoff, last_cutoff : int
        Of the rows, UTC seconds.
    n_rows, n_leads, n_won : int
        Rows that neither had learnt from, leads behind them, leads won.
    share : float
        Of the rows, that the champion's threshold hands over: where gain and overlap are measured.
    pairs : mapping of str to Pair
        From `paired`: the champion beside the challenger's procedure as of then.
    deployed : mapping of str to Pair
        From `paired`: the champion beside the challenger as deployed, each lead by those of its parts that have not
        learnt from it. It knows the time of these rows, the champion does not.
    segments : mapping of str to mapping
        From `by_segment`.
    stability : Stability
        Of the order that the two deployed models give these rows.
    leading : mapping of str to mapping
        Of ``champion`` and ``challenger``, as deployed: from `weights_of_facts`.
    leaders : sequence of str
        From `new_leaders`.
    """

    champion: int
    as_of: int
    first_cutoff: int
    last_cutoff: int
    n_rows: int
    n_leads: int
    n_won: int
    share: float
    pairs: Mapping[str, Pair]
    deployed: Mapping[str, Pair]
    segments: Mapping[str, Mapping[str, Any]]
    stability: Stability
    leading: Mapping[str, Mapping[str, float]]
    leaders: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)
