"""Words for score rows: made for those that are shown, pushed or exported, and for no other."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from features.errors import DataError
from features.language import Language
from models.lead_model import LeadModel
from models.narrator import Narrator, plain
from models.segments import ALL
from pipeline.score_runs import ScoreRun


def tell(
    rows: Sequence[Mapping[str, Any]], features: pd.DataFrame, model: LeadModel, language: Language
) -> list[dict[str, Any]]:
    """Put the sentence of each reason into score rows.

    Parameters
    ----------
    rows : sequence of mapping
        Score rows, whose reasons have codes and points.
    features : pandas.DataFrame
        What the model read of these leads; ``lead_id`` and one column per feature.
    model : LeadModel
        What scored them.
    language : {"en", "fr"}
        Language of the sentences.

    Returns
    -------
    list of dict
        Copies, in the order of ``rows``.

    Raises
    ------
    DataError
        A reason is not one of the model's, or a lead has no features: run and model do not belong together.
    """
    column = {feature.code: j for j, feature in enumerate(model.features)}
    frame = features.set_index("lead_id").reindex([row["lead_id"] for row in rows])
    known = set(features["lead_id"])
    if any(row["lead_id"] not in known or any(r["code"] not in column for r in row["reasons"]) for row in rows):
        raise DataError(
            "Score run: expected reasons of the model that scored it and the features of every lead, found others. "
            "The run or the model was altered: score again."
        )
    narrator = Narrator(model, language)
    # Few facts have many different values: most sentences were made for another lead before.
    said: dict[tuple[int, bool, float | str | None], str] = {}
    cells = {place: frame[model.names[place]].tolist() for place in column.values() if model.names[place] in frame}

    def text(i: int, reason: Mapping[str, Any]) -> str:
        place = column[reason["code"]]
        value = plain(cells[place][i]) if place in cells else None
        key = place, reason["points"] > 0, value
        if key not in said:
            said[key] = narrator.text(place, reason["points"], value)
        return said[key]

    return [
        {**row, "reasons": [{**reason, "text": text(i, reason)} for reason in row["reasons"]]}
        for i, row in enumerate(rows)
    ]


def hottest(run_: ScoreRun, model: LeadModel, number: int, language: Language) -> list[dict[str, Any]]:
    """Give the rows with the highest propensities, their rank, whether percentages are certified, reasons in words."""
    rows = run_.hottest(number)
    known = {
        row["lead_id"]: {
            "rank": 1 + sum(other["propensity"] > row["propensity"] for other in rows),
            "certified": model.certified(row.get("segment") or ALL),
        }
        for row in rows
    }
    told = tell(rows, run_.features([row["lead_id"] for row in rows]), model, language)
    return [{**row, **known[row["lead_id"]]} for row in told]
