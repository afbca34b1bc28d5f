"""Where a points grid is right: whether the leads of each rule convert as its points say."""

from typing import Any, Literal

import numpy as np
import pandas as pd

from models.comparison import conversion
from models.points import PointsGrid
from models.sample import Sample

Verdict = Literal["right", "wrong", "unproven"]


def judge_rules(grid: PointsGrid, frame: pd.DataFrame, sample: Sample) -> list[dict[str, Any]]:
    """Set the conversion of the leads of each rule beside that of all others.

    A rule is right where its leads convert more, if its points are positive, or less, if they are negative, and the
    two 95% intervals (Wilson, at the effective number of leads) do not meet; wrong where it is the other way round.

    Parameters
    ----------
    grid : PointsGrid
        Its rules' columns are in the frame.
    frame : pandas.DataFrame of n rows
        Raw features.
    sample : Sample of n rows

    Returns
    -------
    list of dict
        ``columns``, ``points``, ``outside``, ``n`` leads, ``conversion``, ``others`` (null where there are none),
        ``verdict``, in the order of the rules.

    Examples
    --------
    >>> from models.points import PointsRule
    >>> n = 400
    >>> frame = pd.DataFrame({"demo": [1.0, 0.0] * 200, "size": [9.0] * n})
    >>> sample = Sample(np.arange(n), np.zeros(n), np.zeros(n), (np.arange(n) % 4 == 0) * 1.0, np.ones(n))
    >>> rules = PointsRule("demo", 20, at_least=1), PointsRule("demo", -5, at_least=1), PointsRule("size", 5, at_most=1)
    >>> [(one["n"], one["conversion"], one["others"], one["verdict"])
    ...  for one in judge_rules(PointsGrid(rules, 20), frame, sample)]
    [(200, 0.5, 0.0, 'right'), (200, 0.5, 0.0, 'wrong'), (0, None, 0.25, 'unproven')]
    """
    found = []
    for rule in grid.rules:
        fires = rule.fires(frame)
        own, others = (
            conversion(sample.y[rows], sample.weight[rows], np.asarray(sample.lead)[rows]) for rows in (fires, ~fires)
        )
        more, less = own["low"] > others["high"], own["high"] < others["low"]
        proven = own["n"] > 0 and others["n"] > 0 and (more or less)
        verdict: Verdict = "unproven" if not proven else "right" if more == (rule.points > 0) else "wrong"
        found.append(
            {
                "columns": list(rule.columns),
                "points": rule.points,
                "outside": rule.outside,
                "n": own["n"],
                "conversion": own["conversion"],
                "others": others["conversion"],
                "verdict": verdict,
            }
        )
    return found
