"""Are the reasons of a score run worth believing? Two checks that nobody makes by reading one lead at a time.

Where most leads share their first reason, the reasons tell nobody apart. And where a fact counts in favour of leads
although those that shared it were won less often than others (or the other way round), somebody should look at it
before sales does.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from features.language import Language, number, percent, quoted
from features.specification import Feature
from features.words import label
from models.positions import by_value
from models.reasons import ReasonTable
from models.shared_facts import SharedFacts

MOST_SHARED = 0.5  # of the leads of a run
FEWEST_LEADS = 30  # of a run, and of the leads that contradict
_SAME = {
    "en": "{share} of the leads have the same first reason, {fact}: the reasons hardly tell them apart. Look at "
    "whether this column still says what it did when the model was trained.",
    "fr": "{share} des leads ont la même première raison, {fact}\u00a0: les raisons ne les distinguent guère. "
    "Vérifiez que cette colonne dit toujours ce qu'elle disait à l'entraînement du modèle.",
}
_CONTRARY = {
    "en": "{fact} is a reason of {n} leads against what was measured: leads that shared it fared the other way. "
    "It may stand in for something else; look at it before sales reads it.",
    "fr": "{fact} est une raison de {n} leads à l'inverse de ce qui a été mesuré\u00a0: les leads dans ce cas ont "
    "évolué en sens contraire. Elle peut en cacher une autre\u202f; à vérifier avant que les commerciaux ne la lisent.",
}


@dataclass(frozen=True)
class Alarm:
    """Something about the reasons of a run that somebody should look at.

    Attributes
    ----------
    kind : {"same_first_reason", "contrary_reason"}
        What was found.
    code : str
        Of the reason.
    n_leads : int
        Leads that it concerns.
    share : float
        Of the run's leads, 0 to 1.
    en, fr : str
        As a sentence, with what to do.
    """

    kind: Literal["same_first_reason", "contrary_reason"]
    code: str
    n_leads: int
    share: float
    en: str
    fr: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class ReasonTally:
    """How often each reason is given in a run.

    Attributes
    ----------
    n_leads : int
        Leads counted.
    first : mapping of str to int
        Leads by the code of their strongest reason.
    agrees, contradicts : mapping of str to int
        Reasons by code whose sign is that of the measured conversion, and those whose sign is not; reasons of which
        the measurement tells nothing are in neither.

    Examples
    --------
    >>> one = ReasonTally(2, {"FIT.SIZE": 2})
    >>> one + ReasonTally(1, {"FIT.SIZE": 1})
    ReasonTally(n_leads=3, first={'FIT.SIZE': 3}, agrees={}, contradicts={})
    """

    n_leads: int = 0
    first: Mapping[str, int] = field(default_factory=dict)
    agrees: Mapping[str, int] = field(default_factory=dict)
    contradicts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def count(
        cls, table: ReasonTable, features: Sequence[Feature], matrix: npt.NDArray[np.float64], shared: SharedFacts
    ) -> Self:
        """Count the reasons of some rows.

        Parameters
        ----------
        table : ReasonTable
            Their reasons.
        features : sequence of Feature
            In the order of the columns.
        matrix : ndarray of shape (n, m)
            The rows as the trees read them.
        shared : SharedFacts
            What became of leads that shared a fact.
        """
        names = [feature.code for feature in features]
        first = table.column[table.start[:-1][np.diff(table.start) > 0]]
        row, sign = table.row, np.sign(table.points)
        agrees, contradicts = np.zeros(len(names), dtype=np.int64), np.zeros(len(names), dtype=np.int64)
        for at in by_value(table.column):
            column = int(table.column[at[0]])
            side = shared.side(column, matrix[row[at], column]) * sign[at]
            agrees[column], contradicts[column] = (side > 0).sum(), (side < 0).sum()
        counts = (np.bincount(first, minlength=len(names)), agrees, contradicts)
        by_code = [{names[k]: int(of[k]) for k in np.flatnonzero(of)} for of in counts]
        return cls(len(table.start) - 1, *by_code)

    def __add__(self, other: "ReasonTally") -> "ReasonTally":
        sums = [
            dict(Counter(getattr(self, name)) + Counter(getattr(other, name)))
            for name in ("first", "agrees", "contradicts")
        ]
        return ReasonTally(self.n_leads + other.n_leads, *sums)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``ReasonTally(**data)`` reads it back."""
        return asdict(self)


def alarms(tally: ReasonTally, features: Iterable[Feature]) -> list[Alarm]:
    """Say what is wrong with the reasons of a run.

    Parameters
    ----------
    tally : ReasonTally
        Of all its leads.
    features : iterable of Feature
        Of the model, for the words.

    Returns
    -------
    list of Alarm
        Empty where nothing is; under 30 leads nothing can be said.

    Examples
    --------
    >>> size = Feature("fit__size", "fit", "number", "size", "not known")
    >>> [alarm.kind for alarm in alarms(ReasonTally(100, {"FIT.SIZE": 51}), [size])]
    ['same_first_reason']
    >>> alarms(ReasonTally(100, {"FIT.SIZE": 50}, {"FIT.SIZE": 40}, {"FIT.SIZE": 39}), [size])
    []
    """
    by_code = {feature.code: feature for feature in features}
    if tally.n_leads < FEWEST_LEADS:
        return []
    same = [(code, n) for code, n in tally.first.items() if n > MOST_SHARED * tally.n_leads]
    contrary = [
        (code, n)
        for code, n in tally.contradicts.items()
        if n >= max(FEWEST_LEADS, 0.01 * tally.n_leads) and n > tally.agrees.get(code, 0)
    ]

    def alarm(kind: Literal["same_first_reason", "contrary_reason"], code: str, n: int) -> Alarm:
        share, words = n / tally.n_leads, _SAME if kind == "same_first_reason" else _CONTRARY

        def told(language: Language) -> str:
            fact = quoted(label(by_code[code], language), language)
            return words[language].format(share=percent(round(share, 2), language), fact=fact, n=number(n, language))

        return Alarm(kind, code, n, share, told("en"), told("fr"))

    found = [alarm("same_first_reason", *one) for one in same]
    return [*found, *(alarm("contrary_reason", *one) for one in sorted(contrary, key=lambda pair: -pair[1]))]
