"""What sales should ask next: the criteria (BANT, MEDDIC, the company's own) that have no clear answer yet."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from features.answers import ANSWER_CODES, coarse_answer
from features.frames import plain_text
from features.intent import FEATURES as INTENT
from features.language import Language, plain
from features.specification import Feature

BANT = frozenset({"budget", "authority", "need", "timing"})


def open_questions(
    said: Mapping[str, str], tracked: Collection[str], features: Sequence[Feature], language: Language
) -> list[str]:
    """List the questions that still need a clear answer, in the order of BANT, then MEDDIC, then the company's own.

    Parameters
    ----------
    said : mapping of str to str
        Last answer by criterion, as the CRM has them.
    tracked : collection of str
        Criteria that the company asks about; where there are none, those of BANT are asked.
    features : sequence of Feature
        Those of the model: they hold the company's own criteria.
    language : {"en", "fr"}
        Language of the questions.

    Returns
    -------
    list of str
        A yes and a no are clear answers; anything else is asked again.

    Examples
    --------
    >>> open_questions({"budget": "50k", "need": "no", "Timing": "tbd"}, ["budget", "need", "Timing"], (), "en")
    ['By when should it be in place?']
    >>> len(open_questions({}, [], (), "fr"))
    4
    """
    asked = {name.strip().lower() for name in tracked} or BANT
    clear = _clear(said)
    criteria: dict[tuple[str, ...], Feature] = {}
    for feature in (*INTENT, *features):
        if feature.recipe is not None and feature.recipe.measure == "criterion":
            criteria.setdefault(feature.recipe.types, feature)
    return [
        plain(feature.words[language]["ask"])
        for types, feature in criteria.items()
        if asked.intersection(types) and not clear.intersection(types)
    ]


def _clear(said: Mapping[str, str]) -> set[str]:
    """Criteria with yes or no as their answer, folded as the features fold them."""
    return {_folded(name) for name, answer in said.items() if _is_clear(answer)}


# The same few words are said of most leads, and a frame of one value costs more than a thousand look-ups.
@lru_cache(maxsize=4096)
def _folded(criterion: str) -> str:
    return str(_one(criterion).select(plain_text(nw.col("said"))).item())


@lru_cache(maxsize=4096)
def _is_clear(answer: str) -> bool:
    code = _one(answer).select(coarse_answer(plain_text(nw.col("said")))).item()
    return bool(code != ANSWER_CODES["unclear"])


def _one(text: str) -> nw.DataFrame[Any]:
    return nw.from_native(pd.DataFrame({"said": [text]}, dtype="str"))
