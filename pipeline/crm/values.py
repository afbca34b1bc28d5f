"""Score rows as the CRM is to hold them: rounded, in UTC seconds, cut to length, or refused by name before sending."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.segments import ALL
from pipeline.crm.fields import DIGITS, PERCENTAGES, Field, Value
from pipeline.language import whole_lines

Integers = npt.NDArray[np.int64]
# What no CRM stores as it is: control characters but for tab and line ends, and halves of characters.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
SEGMENT = "segment"


@dataclass(frozen=True)
class Block:
    """Some score rows, normalised.

    Attributes
    ----------
    lead_ids : ndarray of n str
    columns : list of ndarray
        One per field: floats (NaN is null) or objects (None is null); the column of the reasons is empty until their
        sentences are made.
    reasons : ndarray of n int64
        The same for rows with the same reasons in the same direction, whatever their order.
    bands : ndarray of n str
    fingerprint : ndarray of n int64
        Of all that can be a change. Equal values have equal fingerprints; it only saves a comparison.
    faults : mapping of int to str
        Rows that must not be sent, and why.
    """

    lead_ids: npt.NDArray[np.object_]
    columns: list[npt.NDArray[Any]]
    reasons: Integers
    bands: npt.NDArray[np.object_]
    fingerprint: Integers
    faults: Mapping[int, str]

    def values(self, field: int, rows: Integers) -> list[Value]:
        """One field of some rows as plain values."""
        column = self.columns[field][rows]
        if column.dtype != np.float64:
            return list(column)
        return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124 (NaN)


def normalise(table: pa.Table, fields: Sequence[Field], *, certified: Mapping[str, bool], longest: int) -> Block:
    """Bring score rows into the form in which they are sent and compared.

    Parameters
    ----------
    table : pyarrow.Table
        ``lead_id``, ``band`` and the mapped columns.
    certified : mapping of str to bool
        By segment, whether percentages may be read as such; where not, their fields are emptied, for what stands there
        would be read as one. A segment that is not named goes with ``all``; an empty mapping certifies everything.
    longest : int
        Characters that a field of the CRM takes.
    """
    n = table.num_rows
    faults: dict[int, str] = {}
    trusted = _trusted(table, certified)
    lead_ids = _texts(table, "lead_id", longest, faults)
    bands = _texts(table, "band", longest, faults)
    hashes, columns = [_hash(bands)], []
    reasons = _signature(table.column("reasons")) if "reasons" in table.column_names else np.zeros(n, np.int64)
    for field in fields:
        if field.kind == "reasons":
            column: npt.NDArray[Any] = np.full(n, None, dtype=object)
            hashes.append(reasons)
        elif field.is_number or field.kind == "instant":
            column = _numbers(table, field, trusted, faults)
        else:
            column = _texts(table, field.ours, longest, faults)
        columns.append(column)
        if not field.is_stamp and field.kind != "reasons":
            hashes.append(_hash(column))
    fingerprint = np.zeros(n, np.int64)
    for part in hashes:
        fingerprint = fingerprint * np.int64(1_000_003) + part
    return Block(lead_ids, columns, reasons, bands, fingerprint, faults)


def _trusted(table: pa.Table, certified: Mapping[str, bool]) -> npt.NDArray[np.bool_]:
    default = certified.get(ALL, True)
    if SEGMENT not in table.column_names:
        return np.full(table.num_rows, default)
    found: npt.NDArray[np.bool_] = np.array(
        [certified.get(name, default) for name in table.column(SEGMENT).to_pylist()]
    )
    return found


def _numbers(
    table: pa.Table, field: Field, trusted: npt.NDArray[np.bool_], faults: dict[int, str]
) -> npt.NDArray[np.float64]:
    column = table.column(field.ours)
    if field.kind == "instant":
        return np.asarray(column.cast(pa.int64()).to_pandas(), dtype=np.float64)
    values = np.array(column.to_pandas(), dtype=np.float64)
    if field.ours in PERCENTAGES:
        values[~trusted] = np.nan
    for i in np.flatnonzero(np.isinf(values)):
        faults.setdefault(int(i), f"{field.ours}: expected a number, found infinity.")
    with np.errstate(invalid="ignore"):
        return np.round(values, DIGITS[field.kind]) + 0.0


def _texts(table: pa.Table, name: str, longest: int, faults: dict[int, str]) -> npt.NDArray[np.object_]:
    column = pc.dictionary_encode(table.column(name).combine_chunks())
    levels = np.append(column.dictionary.to_numpy(zero_copy_only=False), [None])
    values: npt.NDArray[np.object_] = levels[column.indices.fill_null(-1).to_numpy()]
    if told := {text: why for text in _suspects(levels[:-1], longest) if (why := fault(text, longest))}:
        faults.update({i: f"{name}: {told[text]}" for i, text in enumerate(values) if text in told and i not in faults})
    return values


def _suspects(texts: npt.NDArray[np.object_], longest: int) -> Sequence[str]:
    """All of them, where one is too long or the whole cannot be stored; looking at each is what costs."""
    is_sound = max(map(len, texts), default=0) <= longest and not UNSTORABLE.search("\n".join(texts))
    return () if is_sound else list(texts)


def fault(text: str, longest: int) -> str:
    r"""Say why a text cannot be stored; empty where it can. The text itself is never told.

    Examples
    --------
    >>> fault("Zoé 🙂\n=cmd", 100), fault("a\x00", 100)
    ('', 'expected text, found a control character that no CRM stores.')
    """
    if len(text) > longest:
        return f"expected at most {longest:,} characters, found {len(text):,}."
    if UNSTORABLE.search(text):
        return "expected text, found a control character that no CRM stores."
    return ""


def _hash(values: npt.NDArray[Any]) -> Integers:
    if values.dtype == np.float64:
        return pd.util.hash_array(values).astype(np.int64)
    codes, levels = pd.factorize(values)
    hashed = pd.util.hash_array(np.asarray(levels, dtype=object)).astype(np.int64)
    found: Integers = np.append(hashed, 0)[codes]
    return found


def _signature(column: pa.ChunkedArray) -> Integers:
    """Sum the hashes of codes and directions, row by row: the order of near equals changes from night to night."""
    lists = column.combine_chunks()
    parts = lists.flatten()
    codes = _hash(np.asarray(parts.field("code").to_pandas(), dtype=object))
    up = np.where(np.asarray(parts.field("points")) > 0, np.int64(3), np.int64(5))
    totals = np.concatenate([[np.int64(0)], np.cumsum(codes * up, dtype=np.int64)])
    ends = np.cumsum(np.asarray(lists.value_lengths().fill_null(0), dtype=np.int64))
    found: Integers = np.diff(totals[np.concatenate([[0], ends])])
    return found


def sentences(reasons: Sequence[Mapping[str, Any]], longest: int) -> str:
    r"""Write reasons one a line, for before against, and leave out the last ones where they are too long.

    Examples
    --------
    >>> sentences([{"text": "Small firm", "points": -2.0}, {"text": "Asked for a demo", "points": 1.0}], 100)
    '▲ Asked for a demo\n▼ Small firm'
    >>> sentences([{"text": "Asked for a demo", "points": 1.0}, {"text": "Small firm", "points": -1.0}], 25)
    '▲ Asked for a demo …'
    """
    # No sign that a spreadsheet takes for the start of a formula.
    lines = [f"▲ {reason['text']}" for reason in reasons if reason["points"] > 0]
    lines += [f"▼ {reason['text']}" for reason in reasons if reason["points"] <= 0]
    return whole_lines(lines, longest)


def payload(values: Sequence[Value], reasons: int, band: str | None) -> str:
    """Write accepted values for the ledger: those of the fields, then what is compared of the reasons, and the band."""
    return json.dumps([*values, reasons, band], ensure_ascii=False, separators=(",", ":"))


def payloads(columns: Sequence[Sequence[Value]], reasons: Sequence[int], bands: Sequence[str | None]) -> list[str]:
    """Write many rows as `payload` does, column by column.

    Examples
    --------
    >>> payloads([[0.25, None], ["é", "é"]], [7, 8], ["A", "B"])
    ['[0.25,"é",7,"A"]', '[null,"é",8,"B"]']
    """
    parts = [_json_cells(column) for column in (*columns, reasons, bands)]
    return [f"[{','.join(cells)}]" for cells in zip(*parts, strict=True)]


def _json_cells(column: Sequence[Value]) -> list[str]:
    if len(column) and not isinstance(column[0], str) and None not in column:
        return list(map(repr, column))
    known = {value: json.dumps(value, ensure_ascii=False) for value in set(column)}
    return [known[value] for value in column]
