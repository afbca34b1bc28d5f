"""The runs as a dossier reads them: what stands on a lead's sheet is taken from there, all else from the run itself."""

import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.page.sheets import ROWS, Column, Floats, codec
from pipeline.score_runs import NEVER_NULL, SCHEMA, ScoreRun, frame_of

LEADS_KEPT, TEXTS_KEPT = 16, 20_000


class Places(NamedTuple):
    """Where the columns of one run stand among the numbers of a lead.

    Attributes
    ----------
    scored : mapping of str to (int, Column)
        Columns of the score row.
    numbers, texts : list of int
        Of the features.
    names : Index
        Of the columns of a frame of features: numbers, ``lead_id``, texts.

    Examples
    --------
    >>> columns = [Column("r", "propensity", "number"), Column("r", "fit__a", "text"), Column("r", "fit__b", "number")]
    >>> places = Places.of(list(enumerate(columns)))
    >>> list(places.scored), places.numbers, places.texts, places.names.tolist()
    (['propensity'], [2], [1], ['fit__b', 'lead_id', 'fit__a'])
    """

    scored: Mapping[str, tuple[int, Column]]
    numbers: list[int]
    texts: list[int]
    names: "pd.Index[str]"

    @classmethod
    def of(cls, columns: Sequence[tuple[int, Column]]) -> Self:
        """Sort the columns of a run."""
        features = [(place, column) for place, column in columns if column.name not in SCHEMA.names]
        numbers, texts = (
            [(place, column.name) for place, column in features if (column.kind == "number") is wanted]
            for wanted in (True, False)
        )
        return cls(
            {column.name: (place, column) for place, column in columns if column.name in SCHEMA.names},
            [place for place, _ in numbers],
            [place for place, _ in texts],
            pd.Index([*(name for _, name in numbers), "lead_id", *(name for _, name in texts)], dtype="object"),
        )


class Sheets:
    """The sheets of an index.

    Parameters
    ----------
    connection : callable
        Gives the connection of the thread that asks, which sees them as ``sheets``.
    """

    def __init__(self, connection: Callable[[], sqlite3.Connection]) -> None:
        self._connection = connection
        # A dossier asks for its lead run after run, and few texts stand in many sheets.
        self._numbers = lru_cache(maxsize=LEADS_KEPT)(self._read)
        self._texts = lru_cache(maxsize=TEXTS_KEPT)(self._look_up)
        known = connection().execute("SELECT place, run_id, name, kind FROM sheets.col ORDER BY place")
        columns = [(place, Column(run_id, name, kind)) for place, run_id, name, kind in known]
        self._n_columns = len(columns)
        self._places = {
            run_id: Places.of([one for one in columns if one[1].run_id == run_id])
            for run_id in {column.run_id for _, column in columns}
        }

    def kept(self, run: ScoreRun, lead_id: str, line: int) -> ScoreRun:
        """A run with what is kept of one of its leads; the run itself where nothing is.

        Parameters
        ----------
        run : ScoreRun
            That of the index, or one before.
        lead_id : str
            Which lead.
        line : int
            Its row in the run of the index.
        """
        places = self._places.get(run.run_id)
        if places is None:
            return run
        return KeptRun(run.path, run.manifest, lead_id, places, self._numbers(line), self._text)

    def _read(self, line: int) -> Floats:
        """The numbers of one lead."""
        sheet = "SELECT first, content FROM sheets.sheet WHERE first <= ? ORDER BY first DESC LIMIT 1"
        first, content = self._connection().execute(sheet, (line,)).fetchone()
        whole = codec().decompress(pa.py_buffer(content), 8 * ROWS * self._n_columns)
        return np.frombuffer(whole, np.float64).reshape(self._n_columns, ROWS)[:, line - first].copy()

    def _text(self, number: float) -> str | None:
        return None if math.isnan(number) else self._texts(int(number))

    def _look_up(self, number: int) -> str:
        (text,) = self._connection().execute("SELECT text FROM sheets.text WHERE id = ?", (number,)).fetchone()
        return str(text)


@dataclass(frozen=True)
class KeptRun(ScoreRun):
    """A run of which one lead is at hand.

    Attributes
    ----------
    lead_id : str
        Which lead.
    places : Places
        Of the columns of this run.
    values : ndarray of shape (n_columns,)
        Numbers of the lead, of all runs.
    text : callable
        Gives the text of a number, None for NaN.
    """

    lead_id: str
    places: Places
    values: Floats
    text: Callable[[float], str | None]

    def lead(self, lead_id: str, columns: Sequence[str] | None = None) -> dict[str, Any] | None:
        """As `ScoreRun.lead`."""
        known = {"lead_id", *self.places.scored}
        if lead_id != self.lead_id or columns is None or not known.issuperset(columns):
            return super().lead(lead_id, columns)
        if not self._is_there:
            return None
        row = {name: self._value(name) for name in columns}
        if any(row.get(name, "") is None for name in NEVER_NULL):
            return super().lead(lead_id, columns)
        return row

    def features(self, lead_ids: Sequence[str]) -> pd.DataFrame:
        """As `ScoreRun.features`."""
        places = self.places
        if list(lead_ids) != [self.lead_id] or not (places.numbers or places.texts) or not self._is_there:
            return super().features(lead_ids)
        texts = [self.lead_id, *(self.text(number) for number in self.values[places.texts].tolist())]
        return frame_of(self.values[None, places.numbers], np.array([texts], dtype=object), places.names)

    @property
    def _is_there(self) -> bool:
        return not math.isnan(self.values[self.places.scored["propensity"][0]])

    def _value(self, name: str) -> Any:
        if name == "lead_id":
            return self.lead_id
        place, column = self.places.scored[name]
        number = float(self.values[place])
        if column.kind == "text":
            return self.text(number)
        if math.isnan(number):
            return None
        return datetime.fromtimestamp(number, UTC) if column.kind == "instant" else number
