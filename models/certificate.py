"""The certificate: whether percentages came true on the newest mature cohort, which nobody fitted on.

What is certified is the *procedure*: learnt and calibrated on older periods, judged on the newest. The deployed model
is the same procedure on all the data; its own calibration cannot be judged: no row is left that it has not learnt from.

A statistically sure miss need not matter, and no sure miss need not be a proof: with a million rows a tenth of a point
is sure, with sixty leads a doubling is not. Every miss is therefore measured with its interval and held against a
tolerance in odds. There are three verdicts, and only ``pass`` lets people see percentages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtri

from models.promises import Promises
from models.segments import ALL

Word = Literal["pass", "fail", "unproven"]
Cause = Literal["", "level", "spread", "bin", "off", "few"]
# Share of the misses as large as the tolerance that a pass without a proof must be able to find.
_POWER = 0.8
# Nobody acts on a smaller miss, whatever it is in odds.
_UNSEEN = 0.005
_MOST_BINS, _FEWEST_LEADS, _FEWEST_PROMISED = 10, 30, 5.0


@dataclass(frozen=True)
class Verdict:
    """What the newest mature cohort says of the percentages of a segment.

    Attributes
    ----------
    word : {"pass", "fail", "unproven"}
        Certified; proven to miss by more than the tolerance; neither.
    cause : str
        Empty for a pass. Of a fail: ``level`` (percentages are too high or too low as a whole), ``bin`` (somewhere
        along the scale) or ``spread`` (too extreme or too timid). Unproven: ``off`` (a miss is sure, its size is not)
        or ``few`` (too few leads to tell).
    n_rows, n_leads, n_won : int
        Rows, leads behind them, leads won.
    promised, happened, low, high : float
        Mean propensity, share won and its interval, 0 to 1, weighted.
    spread, spread_low, spread_high : float
        Log-odds by which a lead that is one standard deviation above the others is promised too little: below 0,
        percentages are too extreme; above, too timid.
    p_value : float
        Of all bins together, if propensities were right.
    bins : sequence of dict
        Reliability diagram: ``n`` rows, ``n_leads``, ``stated``, ``observed``, ``low``, ``high``, and ``off`` where a
        bin alone is proven to miss by more than the tolerance; ascending in ``stated``.
    """

    word: Word
    cause: Cause
    n_rows: int
    n_leads: int
    n_won: int
    promised: float
    happened: float
    low: float
    high: float
    spread: float
    spread_low: float
    spread_high: float
    p_value: float
    bins: Sequence[Mapping[str, Any]]

    @property
    def worst(self) -> Mapping[str, Any] | None:
        """The bin that was off most, in odds, among those proven off; None where none is."""
        off = [found for found in self.bins if found["off"]]
        return max(off, key=lambda found: abs(_shift(found["stated"], found["observed"])), default=None)


@dataclass(frozen=True)
class Certificate:
    """Verdicts on a model's percentages, for the whole and by segment.

    Attributes
    ----------
    verdicts : mapping of str to Verdict
        By segment; ``all`` is always there and comes first.
    forward : bool
        Whether the leads were newer than what was learnt from; else nothing was tested on the future.
    first_cutoff, last_cutoff : int
        Of the cohort, UTC seconds.
    tolerance : float
        Share by which odds may miss.
    confidence : float
        Of the intervals, inside (0, 1).
    """

    verdicts: Mapping[str, Verdict]
    forward: bool
    first_cutoff: int
    last_cutoff: int
    tolerance: float
    confidence: float

    @property
    def passed(self) -> bool:
        """Whether the percentages are certified for the whole."""
        return self.verdicts[ALL].word == "pass"

    @property
    def failed(self) -> bool:
        """Whether the percentages of the whole are proven to miss by more than the tolerance."""
        return self.verdicts[ALL].word == "fail"

    def verdict(self, segment: str = ALL) -> Verdict:
        """Give the verdict that holds for a segment.

        A segment too small to be judged, in which nothing speaks against the percentages, is judged with the whole; so
        is one that the cohort did not have.

        Parameters
        ----------
        segment : str
            Its name.

        Returns
        -------
        Verdict
        """
        own = self.verdicts.get(segment)
        return self.verdicts[ALL] if own is None or own.cause == "few" else own

    def certified(self, segment: str = ALL) -> bool:
        """Whether people see percentages of leads of a segment.

        Parameters
        ----------
        segment : str
            Its name.

        Returns
        -------
        bool
        """
        return self.verdict(segment).word == "pass"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON.

        Returns
        -------
        dict
            One key per attribute.
        """
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote.

        Parameters
        ----------
        data : mapping
            One key per attribute.

        Returns
        -------
        Certificate
        """
        # JSON is written with its keys sorted; the whole comes first.
        names = sorted(data["verdicts"], key=lambda name: (name != ALL, name))
        verdicts = {name: Verdict(**data["verdicts"][name]) for name in names}
        return cls(**{**data, "verdicts": verdicts})


def certify(
    promises: Promises,
    cutoff: npt.ArrayLike,
    segment: npt.ArrayLike,
    *,
    forward: bool,
    tolerance: float,
    confidence: float,
) -> Certificate:
    """Judge propensities by what happened.

    Parameters
    ----------
    promises : Promises
        Rows that nobody fitted on, of the newest mature cohort.
    cutoff : array-like of shape (n,)
        UTC seconds.
    segment : array-like of shape (n,)
        Name of the segment of each row; ``all`` everywhere where there are none.
    forward : bool
        Whether they are newer than what was learnt and calibrated on.
    tolerance : float
        Share by which odds may miss: with 0.3, where 8% were promised 6.3% to 10.2% may happen.
    confidence : float
        Of the intervals, inside (0, 1).

    Returns
    -------
    Certificate

    Examples
    --------
    >>> p = np.full(4000, 0.1)
    >>> def certificate(wins):
    ...     promises = Promises(np.arange(4000) < wins, p, np.ones(4000), np.arange(4000))
    ...     return certify(promises, [0], np.full(4000, "all"), forward=True, tolerance=0.3, confidence=0.9)
    >>> certificate(410).passed, certificate(600).verdicts["all"].cause
    (True, 'level')
    """
    names = np.asarray(segment, dtype=object)
    at = np.asarray(cutoff, dtype=np.int64)
    of = {ALL: np.ones(len(names), dtype=bool)}
    of |= {str(name): names == name for name in sorted(set(names.tolist()) - {ALL})}
    return Certificate(
        verdicts={name: judge(promises.take(rows), tolerance, confidence) for name, rows in of.items()},
        forward=forward,
        first_cutoff=int(at.min()),
        last_cutoff=int(at.max()),
        tolerance=tolerance,
        confidence=confidence,
    )


def judge(promises: Promises, tolerance: float, confidence: float) -> Verdict:
    """Judge the propensities of one segment.

    Level and spread are measured in log-odds, each with an interval. They pass where the interval lies within the
    tolerance, or where no miss is significant and there were leads enough to find one as large as the tolerance in 8 of
    10 cases. A miss whose interval lies wholly beyond the tolerance fails; so does that of a bin, its interval widened
    for the number of bins.

    Parameters
    ----------
    promises : Promises
        At least one row.
    tolerance, confidence : float
        See `certify`.

    Returns
    -------
    Verdict

    References
    ----------
    Cox, Two further applications of a model for binary regression, 1958 (level and slope); Hosmer, Lemeshow, 1980 (the
    bins); Schuirmann, 1987 (an interval within a tolerance as a proof of equivalence).
    """
    error = 1 - confidence
    # Two-sided: of an interval, of a significant miss, and of one among the three that are looked for.
    wide, significant, suspicious = (float(ndtri(1 - share)) for share in (error / 2, error / 4, error / 12))
    level, spread = promises.level(wide), promises.spread(wide)
    bins, p_value = _bins(promises, tolerance, wide, error)
    low, high = allowed(promises.promised, tolerance)
    margin = max(float(np.log1p(tolerance)), _UNSEEN / promises.slope)
    within = [low <= level.low and level.high <= high, -margin <= spread.low and spread.high <= margin]
    enough = [miss.error <= margin / (significant + float(ndtri(_POWER))) for miss in (level, spread)]
    surprise = max(abs(promises.surprise), abs(spread.value) / spread.error if spread.error else 0.0)
    quiet = surprise <= significant and p_value >= error / 2
    off = surprise > suspicious or p_value < error / 6
    word: Word = "unproven"
    cause: Cause = "off" if off else "few"
    if level.low > high or level.high < low:
        word, cause = "fail", "level"
    elif any(bin_["off"] for bin_ in bins):
        word, cause = "fail", "bin"
    elif spread.low > margin or spread.high < -margin:
        word, cause = "fail", "spread"
    elif all(within) or (quiet and all(is_in or is_found for is_in, is_found in zip(within, enough, strict=True))):
        word, cause = "pass", ""
    return Verdict(
        word,
        cause,
        n_rows=len(promises.y),
        n_leads=promises.n_leads,
        n_won=promises.n_won,
        promised=promises.promised,
        happened=promises.happened,
        low=level.low,
        high=level.high,
        spread=spread.value,
        spread_low=spread.low,
        spread_high=spread.high,
        p_value=p_value,
        bins=bins,
    )


def _bins(promises: Promises, tolerance: float, wide: float, error: float) -> tuple[list[dict[str, Any]], float]:
    """The reliability diagram, and the test of all its bins together."""
    place = promises.bins(_MOST_BINS, _FEWEST_LEADS, _FEWEST_PROMISED)
    n_bins = int(place.max()) + 1
    # Bonferroni: that none of right bins is called off.
    wider = float(ndtri(1 - error / 4 / n_bins))
    shown = []
    for k in range(n_bins):
        here = promises.take(place == k)
        interval, sure = here.level(wide), here.level(wider)
        low, high = allowed(here.promised, tolerance)
        shown.append(
            {
                "n": len(here.y),
                "n_leads": here.n_leads,
                "stated": here.promised,
                "observed": here.happened,
                "low": interval.low,
                "high": interval.high,
                "off": bool(sure.low > high or sure.high < low),
            }
        )
    return shown, promises.p_value(place)


def allowed(promised: float, tolerance: float) -> tuple[float, float]:
    """Say what may happen where a share was promised: odds within the tolerance, or a miss that nobody sees.

    Parameters
    ----------
    promised : float
        0 to 1.
    tolerance : float
        Share by which odds may miss.

    Returns
    -------
    tuple of float
        Least and greatest share; at least half a point away from what was promised.

    Examples
    --------
    >>> [round(share, 4) for promised in (0.5, 0.08, 0.01) for share in allowed(promised, 0.3)]
    [0.4348, 0.5652, 0.0627, 0.1016, 0.005, 0.015]
    """
    step = float(np.log1p(tolerance))
    middle = float(logit(np.clip(promised, 1e-9, 1 - 1e-9)))
    low, high = float(expit(middle - step)), float(expit(middle + step))
    return max(0.0, min(low, promised - _UNSEEN)), min(1.0, max(high, promised + _UNSEEN))


def _shift(stated: float, observed: float) -> float:
    clipped = np.clip([stated, observed], 1e-4, 1 - 1e-4)
    return float(np.diff(logit(clipped))[0])
