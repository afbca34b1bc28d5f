"""The funnel: where each lead got, when, and what share passes each step, cohort by cohort and channel by channel."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest, false_discovery_control, fisher_exact

from models.incidence import Incidence, incidence

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
DAY_S = 86_400.0
STAGES = ("lead", "mql", "sal", "sql", "opportunity", "won")
STEPS = (("lead", "mql"), ("mql", "sal"), ("sal", "sql"), ("sql", "opportunity"), ("opportunity", "won"))
# Of leads that qualify at the first call.
FIRST_CALL_STEPS = (("lead", "sal"), *STEPS[2:])
# From the beginning: what a lead of a channel is worth.
WHOLE = (("lead", "sql"), ("lead", "opportunity"), ("lead", "won"))
# Where more than this share of the SQLs never become opportunities, the criteria are wrong.
DEAD_SQLS = 0.7
SURE = 0.05


def orderly(times: pd.DataFrame, first_call: Flags) -> pd.DataFrame:
    """Put the stages of each lead in order: who is further has passed what comes before.

    CRMs skip stages and date them late. A stage counts from the earliest of its own date and those of all later ones,
    and never before the lead existed, so that no lead goes back in time.

    Parameters
    ----------
    times : pandas.DataFrame of n rows
        ``lead`` (never null), ``mql``, ``sal``, ``sql``, ``opportunity``, ``won``: UTC seconds, NaN where not reached.
    first_call : ndarray of bool, shape (n,)
        Leads that are never MQL.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> times = pd.DataFrame({"lead": [5.0, 5.0], "mql": [np.nan, 9.0], "sal": [np.nan, 3.0], "sql": [20.0, np.nan],
    ...                       "opportunity": [12.0, np.nan], "won": [np.nan, np.nan]})
    >>> orderly(times, np.array([True, False]))
       lead  mql   sal   sql  opportunity  won
    0   5.0  NaN  12.0  12.0         12.0  NaN
    1   5.0  5.0   5.0   NaN          NaN  NaN
    """
    values = times[list(STAGES)].to_numpy(dtype=np.float64)
    later = np.where(np.isnan(values), np.inf, values)[:, ::-1]
    earliest = np.maximum(np.minimum.accumulate(later, axis=1)[:, ::-1], values[:, :1])
    earliest[:, 0] = values[:, 0]
    earliest[first_call, STAGES.index("mql")] = np.inf
    return pd.DataFrame(np.where(np.isinf(earliest), np.nan, earliest), columns=list(STAGES), index=times.index)


def step(times: pd.DataFrame, lost: Floats, step_: tuple[str, str], end: float) -> Incidence:
    """Estimate one step of some leads.

    Parameters
    ----------
    times : pandas.DataFrame of n rows
        From `orderly`.
    lost : ndarray of shape (n,)
        When each was lost, UTC seconds; NaN where it was not.
    step_ : tuple of two str
        From which stage to which.
    end : float
        When the data end, UTC seconds.

    Returns
    -------
    Incidence
        In days, of the leads that came to the first stage before the end.
    """
    start = times[step_[0]].to_numpy()
    there = start < end
    start, reached, gone = start[there], times[step_[1]].to_numpy()[there], lost[there]
    passes = reached < end
    is_lost = ~passes & (gone < end)
    until = np.where(passes, reached, np.where(is_lost, np.maximum(gone, start), end))
    return incidence((until - start) / DAY_S, passes, is_lost, (end - start) / DAY_S)


@dataclass(frozen=True)
class Step:
    """One step of one group.

    Attributes
    ----------
    group, name : str
        ``all``, ``cohort``, ``channel`` or ``segment``, and which.
    source, target : str
        Stages.
    n, n_passed : int
        Leads that came to the first, and those seen to come to the second.
    share, low, high : float, optional
        Share that comes to it within the delay, with a 95% interval; None where the group is too young.
    known_at : float, optional
        UTC seconds: when the oldest of a group that is too young has been followed for long enough.
    days, days_low, days_high : float, optional
        Median delay of those who do.
    """

    group: str
    name: str
    source: str
    target: str
    n: int
    n_passed: int
    share: float | None
    low: float | None
    high: float | None
    known_at: float | None
    days: float | None
    days_low: float | None
    days_high: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def group_steps(
    group: str,
    name: str,
    times: pd.DataFrame,
    lost: Floats,
    end: float,
    within: float,
    steps: Sequence[tuple[str, str]] = STEPS,
) -> list[Step]:
    """Estimate every step of a group of leads.

    Parameters
    ----------
    group, name : str
        What the group is called.
    times, lost, end
        As in `step`.
    within : float
        Days.
    steps : sequence of tuple of two str
        Which.

    Examples
    --------
    Three cohorts by hand: of four old leads two become MQL (half); of four newer ones one does, one is lost and two
    wait, one of them for less than 30 days (a quarter); the youngest cannot be judged before day 120:

    >>> day, none = 86_400.0, float("nan")
    >>> def cohort(created, mql, lost):
    ...     times = pd.DataFrame({"lead": created, "mql": mql}).mul(day).reindex(columns=list(STAGES))
    ...     return group_steps("cohort", "", times, np.array(lost) * day, 100 * day, 30, [("lead", "mql")])[0]
    >>> old = cohort([0, 0, 1, 2], [5, none, 9, none], [none, 50, none, none])
    >>> newer = cohort([60, 60, 60, 75], [70, none, none, none], [none, 80, none, none])
    >>> young = cohort([90, 95], [none, 96], [none, none])
    >>> [(found.n_passed, found.share) for found in (old, newer, young)], old.days, young.known_at / day
    ([(2, 0.5), (1, 0.25), (1, None)], 5.0, 120.0)
    """
    found = []
    for source, target in steps:
        curve = step(times, lost, (source, target), end)
        share, delay = curve.share(within), curve.delay(within)
        start = times[source].min()
        young = share.value is None and curve.n > 0 and start + within * DAY_S > end
        found.append(
            Step(
                *(group, name, source, target, curve.n, int(curve.count.sum()), share.value, share.low, share.high),
                float(start + within * DAY_S) if young else None,
                *(delay.median, delay.low, delay.high),
            )
        )
    return found


def second_looks(
    channel: pd.Series, mature: dict[str, Flags], passed: dict[str, Flags], fewest: int = 10
) -> list[dict[str, Any]]:
    """Say which channels' criteria need another look, and how sure that is.

    Three questions of each channel: do more than seven in ten of its SQLs never become opportunities (exact binomial
    test); do fewer of its SQLs become opportunities than those of the other channels; does sales refuse more of it than
    of the others (Fisher's exact test, one-sided). All p values together are adjusted so that at most 5% of what is
    told is told by chance, whatever their dependence (Benjamini and Yekutieli, 2001).

    Parameters
    ----------
    channel : pandas.Series of n str
        Of each lead.
    mature : dict of str to ndarray of bool
        ``sql``: leads whose time to become an opportunity is over; ``handed``: those that sales accepted or refused.
    passed : dict of str to ndarray of bool
        ``sql``: became opportunities in time; ``handed``: accepted.
    fewest : int
        A channel with fewer is not asked.

    Returns
    -------
    list of dict
        ``channel``, ``question`` (dead_sqls, sql, handed), ``n``, ``share`` (that passes), ``others`` (share of the
        other channels; None for dead_sqls), ``p`` (adjusted); those under 5%, the surest first.

    Examples
    --------
    >>> channel = pd.Series(["ads"] * 50 + ["web"] * 50)
    >>> became = np.arange(100) % 50 < np.where(channel == "ads", 4, 30)
    >>> none = np.zeros(100, dtype=bool)
    >>> looks = second_looks(channel, {"sql": ~none, "handed": none}, {"sql": became, "handed": none})
    >>> [(look["channel"], look["question"], look["share"]) for look in looks]
    [('ads', 'sql', 0.08), ('ads', 'dead_sqls', 0.08)]
    """
    asked: list[dict[str, Any]] = []
    for kind in ("sql", "handed"):
        for name in sorted(channel.dropna().unique()):
            own = mature[kind] & (channel == name).to_numpy()
            others = mature[kind] & ~own
            n, rest = int(own.sum()), int(others.sum())
            if n < fewest:
                continue
            yes, theirs = int((own & passed[kind]).sum()), int((others & passed[kind]).sum())
            if kind == "sql":
                p = binomtest(yes, n, 1 - DEAD_SQLS, alternative="less").pvalue
                asked.append(_asked(name, "dead_sqls", n, yes / n, None, p))
            if rest >= fewest:
                p = fisher_exact([[yes, n - yes], [theirs, rest - theirs]], alternative="less").pvalue
                asked.append(_asked(name, kind, n, yes / n, theirs / rest, p))
    if not asked:
        return []
    adjusted = false_discovery_control([one["p"] for one in asked], method="by")
    told = [{**one, "p": float(p)} for one, p in zip(asked, adjusted, strict=True)]
    return sorted((one for one in told if one["p"] < SURE), key=lambda one: (one["p"], one["channel"]))


def _asked(channel: str, question: str, n: int, share: float, others: float | None, p: float) -> dict[str, Any]:
    return {"channel": channel, "question": question, "n": n, "share": share, "others": others, "p": float(p)}
