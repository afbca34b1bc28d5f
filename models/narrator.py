"""Reasons in words: the fact, the average lead beside it, and what became of the leads that shared it.

Words are made for the rows that somebody will read, never for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.language import Language, number, percent, upper_first
from features.words import comparison, sentence, with_remark
from models.lead_model import LeadModel
from models.reasons import Reason, ReasonTable

Floats = npt.NDArray[np.float64]
_EVIDENCE = {
    "en": "of {n} such leads, {rate} were won{within}; all leads: {base}",
    "fr": "sur {n} leads dans ce cas, {rate} ont été gagnés{within} (moyenne\u00a0: {base})",
}
_CONTRARY = {
    "en": "taken alone it looks otherwise: {evidence}",
    "fr": "pris seul, il dit l'inverse\u00a0: {evidence}",
}
# Beside a percentage that is not certified, another would be taken for it.
_RELATIVE = {
    "en": "{n} such leads were won {how} the average lead{within}",
    "fr": "{n} leads dans ce cas ont été gagnés {how} que la moyenne{within}",
}
_HOW = {
    "en": ("{times} times as often as", "as often as", "{times} times as often as"),
    "fr": ("{times} fois plus souvent", "aussi souvent", "{times} fois moins souvent"),
}
_WITHIN = {"en": " within {days} days", "fr": " sous {days} jours"}


@dataclass(frozen=True)
class Narrator:
    """Tells the reasons of a model's leads in one language.

    Attributes
    ----------
    model : LeadModel
        What scored them; it carries the words of its features.
    language : {"en", "fr"}
        Language of the sentences.
    certified : bool
        Whether percentages may be shown; else what became of leads is told beside the average.
    """

    model: LeadModel
    language: Language
    certified: bool = True

    def reasons(
        self, table: ReasonTable, frame: pd.DataFrame, matrix: Floats | None = None
    ) -> list[tuple[Reason, ...]]:
        """Word the reasons of some rows.

        Parameters
        ----------
        table : ReasonTable
            From `top_reasons`.
        frame : pandas.DataFrame of n rows
            Raw features of the same rows.
        matrix : ndarray of shape (n, m), optional
            The same as the trees read them, where they are at hand.

        Returns
        -------
        list of n tuples of Reason
        """
        return self.tell([table.of(i) for i in range(len(frame))], frame, matrix)

    def tell(
        self, rows: Sequence[Sequence[tuple[int, float]]], frame: pd.DataFrame, matrix: Floats | None = None
    ) -> list[tuple[Reason, ...]]:
        """Word reasons given as columns and points.

        Parameters
        ----------
        rows : sequence of n sequences of (int, float)
            Column of the feature and percentage points of each reason.
        frame : pandas.DataFrame of n rows
            Raw features of the same rows; a missing column is null.
        matrix : ndarray of shape (n, m), optional
            As for `reasons`.

        Returns
        -------
        list of n tuples of Reason
        """
        if matrix is None:
            matrix = self.model.encode(frame)
        names, told = self.model.names, []
        for i, reasons in enumerate(rows):
            values = [value_of(frame, names[column], i) for column, _ in reasons]
            told.append(
                tuple(
                    self._reason(column, points, value, matrix[i, column])
                    for (column, points), value in zip(reasons, values, strict=True)
                )
            )
        return told

    def _reason(self, column: int, points: float, value: float | str | None, code: float) -> Reason:
        feature = self.model.features[column]
        text = self.text(column, points, value)
        return Reason(feature.code, feature.family, points, text, self.evidence(column, points, code))

    def text(self, column: int, points: float, value: float | str | None) -> str:
        """Say the fact, with the average lead beside it.

        Parameters
        ----------
        column : int
            Position of the feature.
        points : float
            Of the reason.
        value : float, str or None
            As computed; None is null.

        Returns
        -------
        str
            Under 120 characters.
        """
        feature = self.model.features[column]
        statistics = self.model.reference.columns.get(feature.name, {})
        remark = comparison(feature, statistics.get("mean"), self.language)
        return with_remark(sentence(feature, value, self.language, in_favour=points > 0), remark)

    def evidence(self, column: int, points: float, code: float) -> str:
        """Say what became of the leads that shared a fact.

        A fact may count in favour of this lead beside its other facts although leads that share it were won less often
        than others; then the sentence says so itself.

        Parameters
        ----------
        column : int
            Position of the feature.
        points : float
            Of the reason.
        code : float
            Its value as the trees read it.

        Returns
        -------
        str
            Under 120 characters; empty where fewer than 30 leads shared the fact.
        """
        shared, language = self.model.shared, self.language
        found = shared.conversion(column, code)
        if found is None:
            return ""
        # None where the outcome has no date.
        days = self.model.metadata.get("horizon_days")
        within, n = _WITHIN[language].format(days=days) if days else "", number(found.n_leads, language)
        if self.certified:
            text = _EVIDENCE[language].format(
                n=n,
                rate=percent(round(found.rate, _digits(found.rate)), language),
                within=within,
                base=percent(round(shared.everybody.rate, _digits(shared.everybody.rate)), language),
            )
        else:
            how = often(found.rate, shared.everybody.rate, language)
            text = _RELATIVE[language].format(n=n, how=how, within=within)
        contrary = int(shared.side(column, np.array([code]))[0]) * points < 0
        return upper_first(_CONTRARY[language].format(evidence=text) if contrary else text)


def often(rate: float, average: float, language: Language) -> str:
    """Compare a share won with the average without naming either.

    Examples
    --------
    >>> often(0.12, 0.04, "en"), often(0.02, 0.04, "en"), often(0.02, 0.04, "fr"), often(0.04, 0.0401, "fr")
    ('3 times as often as', '0.5 times as often as', '2 fois moins souvent', 'aussi souvent')
    >>> often(0.0, 0.04, "en"), often(0.0, 0.04, "fr")
    ('far less often than', 'bien moins souvent')
    """
    if rate < average / 10:
        return {"en": "far less often than", "fr": "bien moins souvent"}[language]
    times = rate / average if average > 0 else 1.0
    place = 1 if abs(np.log(times)) < 0.05 else 0 if times > 1 else 2
    shown = 1 / times if language == "fr" and times < 1 else times
    return _HOW[language][place].format(times=number(round(shown, 1), language))


def value_of(frame: pd.DataFrame, name: str, i: int) -> float | str | None:
    """Read a raw feature of one row.

    Examples
    --------
    >>> frame = pd.DataFrame({"n": [1, None], "c": ["web", None]})
    >>> value_of(frame, "n", 0), value_of(frame, "c", 0), value_of(frame, "n", 1), value_of(frame, "absent", 0)
    (1.0, 'web', None, None)
    """
    # A cell, not a cell of a column: to make the column takes pandas longer than all the rest.
    return plain(frame.iat[i, cast("int", frame.columns.get_loc(name))]) if name in frame.columns else None


def plain(value: Any) -> float | str | None:
    """Give a raw feature as a plain value.

    Examples
    --------
    >>> plain(np.float64(1)), plain("web"), plain(np.nan), plain(pd.NA)
    (1.0, 'web', None, None)
    """
    if pd.isna(value):
        return None
    return str(value) if isinstance(value, str) else float(value)


def _digits(rate: float) -> int:
    """A share in whole percent, with one decimal where it is small."""
    return 3 if rate < 0.1 else 2
