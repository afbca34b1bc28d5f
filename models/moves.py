"""What changed since a lead was last scored, and the facts that moved its propensity."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.language import Language
from features.words import before, sentence, with_remark
from models.explain import Contributions
from models.lead_model import LeadModel
from models.narrator import value_of
from models.reasons import Reason, top_reasons

# Percentage points, and share of the strongest move: time alone moves every fact a little every night.
LEAST = 0.1


@dataclass(frozen=True)
class Moves:
    """The way from one score of a lead to the next.

    Attributes
    ----------
    propensity : float
        As it was published before.
    facts : tuple of Reason
        Facts whose value changed, with the percentage points by which each moved the propensity; strongest first.
    others : float
        Points of everything else: smaller changes, and what the changes do beside the facts that stayed.
    model_points : float
        Points that come from the model itself, where another one scored the lead before.
    """

    propensity: float
    facts: tuple[Reason, ...]
    others: float
    model_points: float


def moves(
    model: LeadModel,
    then: pd.DataFrame,
    now: pd.DataFrame,
    published: float,
    language: Language,
    n: int = 5,
    explained: Contributions | None = None,
) -> Moves:
    """Compare two nights of one lead under one model.

    Parameters
    ----------
    model : LeadModel
        What scores the lead now.
    then, now : pandas.DataFrame of 1 row
        Raw features of both nights.
    published : float
        Propensity that was published the first night.
    language : {"en", "fr"}
        Language of the sentences.
    n : int
        Most facts in each direction.
    explained : Contributions, optional
        Of ``now``, where they are at hand.

    Returns
    -------
    Moves
        ``published + (model_points + facts + others) / 100`` is the propensity now.
    """
    first, last = model.contributions(then), explained or model.contributions(now)
    difference = last.on_propensity - first.on_propensity
    same = (first.matrix == last.matrix) | (np.isnan(first.matrix) & np.isnan(last.matrix))
    table = top_reasons(
        model.features, np.where(same, 0.0, difference), now, n, n, least_points=LEAST, least_share=LEAST
    )
    facts = []
    for column, points in table.of(0):
        feature = model.features[column]
        was, value = (value_of(frame, feature.name, 0) for frame in (then, now))
        told = sentence(feature, value, language, in_favour=points > 0)
        remark = before(feature, was, language)
        # What looks the same once it is rounded is told once.
        text = told if remark == before(feature, value, language) else with_remark(told, remark)
        facts.append(Reason(feature.code, feature.family, points, text))
    moved = 100 * float(last.propensity[0] - first.propensity[0])
    return Moves(
        propensity=published,
        facts=tuple(facts),
        others=moved - sum(fact.points for fact in facts),
        model_points=100 * float(first.propensity[0] - published),
    )
