"""The matrix that a model is fitted on and applied to: columns in fixed order, of fixed type, with fixed levels."""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.specification import Feature
from features.words import OTHER

MANY_LEVELS = 20
_IDENTIFIER_SHARE = 0.5
_UNIQUE_SHARE = 0.99
_FEWEST_FOR_NUMBERS = 50
_FEW = 32
_ID_NAME = re.compile(
    r"(?:^|_)(?:id|ids|uuid|guid|key|number|nr|no|num|numero|phone|tel|telephone|mobile|siren|siret|row|index)$"
)


@dataclass(frozen=True)
class ColumnSchema:
    """One column of the matrix: its feature and, for a category, its levels in the order of their codes."""

    feature: Feature
    levels: tuple[str, ...] | None


@dataclass(frozen=True)
class MatrixSchema:
    """The columns of a matrix.

    Attributes
    ----------
    columns : tuple of ColumnSchema
        In the order of the matrix.
    """

    columns: tuple[ColumnSchema, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.feature.name for column in self.columns)

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """Features of the columns, in order."""
        return tuple(column.feature for column in self.columns)

    @cached_property
    def hash(self) -> str:
        """SHA-256, in hexadecimal, of what changes a number of the matrix: names, types, levels, recipes; not words."""
        columns = self.to_dict()["columns"]
        parts = [
            {k: v for k, v in column["feature"].items() if k not in {"words", "null"}} | {"levels": column["levels"]}
            for column in columns
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return the schema as JSON-able data."""
        return {
            "columns": [
                {"feature": x.feature.to_dict(), "levels": None if x.levels is None else list(x.levels)}
                for x in self.columns
            ]
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote, straight or through JSON."""
        return cls(
            tuple(
                ColumnSchema(Feature.from_dict(x["feature"]), None if x["levels"] is None else tuple(x["levels"]))
                for x in data["columns"]
            )
        )


@dataclass(frozen=True)
class Dropped:
    """A feature that is not in the matrix.

    Attributes
    ----------
    name : str
        Its name.
    reason : {"constant", "identifier", "too_many_levels", "excluded", "leak"}
        Why, as a code.
    detail : str
        Why, with figures.
    """

    name: str
    reason: str
    detail: str


def fit_schema(
    frame: pd.DataFrame,
    features: Sequence[Feature],
    *,
    groups: npt.ArrayLike | None = None,
    max_levels: int = 1000,
    min_level_rows: int = 5,
) -> tuple[MatrixSchema, tuple[Dropped, ...]]:
    """Choose columns and levels on the rows that a model will be fitted on.

    Parameters
    ----------
    frame : DataFrame, shape (n, p)
        Raw features, as computed.
    features : sequence of Feature
        Candidates, in the order of the matrix.
    groups : array of shape (n,), optional
        The lead of each row. A level in many snapshots of one lead is still one lead: with groups, rows mean leads.
    max_levels : int
        A category with more frequent levels than this is dropped.
    min_level_rows : int
        A level with fewer rows is rare. Rare levels together become ``(other)`` if they have that many rows, else null.

    Returns
    -------
    MatrixSchema
        What is kept.
    tuple of Dropped
        What is not: constant (one value or nothing but nulls), identifier-like (text that nearly never repeats; whole
        numbers that never do and count rows or are named like an identifier), too many levels.

    Examples
    --------
    >>> source, ref = (Feature(f"fit__{x}", "fit", "category", x, "not known") for x in ("source", "ref"))
    >>> frame = pd.DataFrame({"fit__source": ["web"] * 30 + ["fair"] * 30, "fit__ref": [f"r{i}" for i in range(60)]})
    >>> schema, dropped = fit_schema(frame, [source, ref])
    >>> schema.columns[0].levels, dropped[0].reason
    (('fair', 'web'), 'identifier')
    """
    owner = np.arange(len(frame)) if groups is None else pd.factorize(np.asarray(groups))[0]
    kept: list[ColumnSchema] = []
    dropped: list[Dropped] = []
    for feature in features:
        if feature.name not in frame:
            dropped.append(Dropped(feature.name, "constant", "no value in any row"))
            continue
        values = frame[feature.name]
        chosen = (
            _category(feature, values, owner, max_levels, min_level_rows)
            if feature.dtype == "category"
            else _number(feature, values, owner)
        )
        if isinstance(chosen, Dropped):
            dropped.append(chosen)
        else:
            kept.append(chosen)
    return MatrixSchema(tuple(kept)), tuple(dropped)


def to_matrix(frame: pd.DataFrame, schema: MatrixSchema) -> pd.DataFrame:
    """Apply a schema to raw features.

    Parameters
    ----------
    frame : DataFrame, shape (n, q)
        Raw features; other columns are ignored, missing ones are all null.
    schema : MatrixSchema
        As fitted.

    Returns
    -------
    DataFrame, shape (n, p)
        float64 (NaN for null and for what is not finite) and categories with exactly the schema's levels; a rare or
        unseen level is ``(other)`` if the schema has it, else null. The index is that of ``frame``.

    Examples
    --------
    >>> feature = Feature("fit__source", "fit", "category", "source", "not known")
    >>> schema = MatrixSchema((ColumnSchema(feature, ("(other)", "web")),))
    >>> to_matrix(pd.DataFrame({"fit__source": ["web", "tv", None]}), schema)["fit__source"].to_list()
    ['web', '(other)', nan]
    """
    columns: dict[str, Any] = {}
    for column in schema.columns:
        name, levels = column.feature.name, column.levels
        if levels is not None:
            columns[name] = _coded(frame.get(name), levels, len(frame))
        elif name in frame:
            columns[name] = _finite(frame[name])
        else:
            columns[name] = np.full(len(frame), np.nan)
    return pd.DataFrame(columns, index=frame.index, copy=False)


def _finite(values: pd.Series | pd.DataFrame) -> npt.NDArray[np.float64]:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(numbers)
    return np.where(infinite, np.nan, numbers) if infinite.any() else numbers


def to_array(frame: pd.DataFrame, schema: MatrixSchema) -> npt.NDArray[np.float64]:
    """Apply a schema to raw features and write the result as plain numbers.

    Parameters
    ----------
    frame, schema : DataFrame of shape (n, q), MatrixSchema
        As for `to_matrix`.

    Returns
    -------
    ndarray of shape (n, p)
        Numbers of `to_matrix`; a level as its position; NaN for null. Columns lie one behind the other.

    Examples
    --------
    >>> feature = Feature("fit__source", "fit", "category", "source", "not known")
    >>> schema = MatrixSchema((ColumnSchema(feature, ("(other)", "web")),))
    >>> to_array(pd.DataFrame({"fit__source": ["web", "tv", None]}), schema).tolist()
    [[1.0], [0.0], [nan]]
    """
    by_column = np.full((len(schema.columns), len(frame)), np.nan)
    out = by_column.T
    if len(frame) <= _FEW:
        # Cell by cell: pandas needs some tenths of a millisecond to begin with a column.
        cells = dict(zip(frame.columns, frame.to_numpy(dtype=object).T, strict=True))
        for j, column in enumerate(schema.columns):
            out[:, j] = [_cell(x, column) for x in cells.get(column.feature.name, ())] or np.nan
        return out
    there = frozenset(frame.columns)
    present = [(j, column) for j, column in enumerate(schema.columns) if column.feature.name in there]
    numbers = [j for j, column in present if column.levels is None]
    by_column[numbers] = _finite(frame[[schema.names[j] for j in numbers]]).T
    for j, column in present:
        if column.levels is not None:
            codes = _codes(frame[column.feature.name], column.levels)
            by_column[j] = np.where(codes < 0, np.nan, codes)
    return out


def _cell(value: Any, column: ColumnSchema) -> float:
    """A raw feature of one row as a number; NaN for null and for what is not finite."""
    if pd.isna(value):
        return np.nan
    if column.levels is None:
        return float(value) if math.isfinite(value) else np.nan
    place = _places(column.levels)
    return place.get(str(value), place.get(OTHER, np.nan))


def _coded(values: "pd.Series | None", levels: tuple[str, ...], n: int) -> pd.Categorical:
    codes = np.full(n, -1) if values is None else _codes(values, levels)
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(levels)))


def _codes(values: pd.Series, levels: tuple[str, ...]) -> npt.NDArray[np.int32]:
    """Position of each value among the levels; -1 for null."""
    place = _places(levels)
    other = place.get(OTHER, -1)
    codes, found = pd.factorize(values)
    # The last entry is where factorize's -1, null, falls.
    table = np.array([*(place.get(str(x), other) for x in found), -1], dtype=np.int32)
    return table[codes]


@lru_cache(maxsize=4096)
def _places(levels: tuple[str, ...]) -> Mapping[str, int]:
    return {level: i for i, level in enumerate(levels)}


def _number(feature: Feature, values: pd.Series, owner: npt.NDArray[np.intp]) -> ColumnSchema | Dropped:
    numbers = _finite(values)
    known = numbers[~np.isnan(numbers)]
    if known.size == 0 or (known.size == numbers.size and known.min() == known.max()):
        found = "no value" if known.size == 0 else f"{known[0]:g}"
        return Dropped(feature.name, "constant", f"{found} in all {numbers.size} rows")
    if _counts_rows(feature, numbers, owner):
        return Dropped(
            feature.name, "identifier", f"{np.unique(known).size} different whole numbers in {known.size} rows"
        )
    return ColumnSchema(feature, None)


def _counts_rows(feature: Feature, numbers: npt.NDArray[np.float64], owner: npt.NDArray[np.intp]) -> bool:
    recipe = feature.recipe
    if recipe is not None and (recipe.source != "attributes" or recipe.measure != "value"):
        return False
    known = ~np.isnan(numbers)
    values, leads = numbers[known], np.unique(owner[known]).size
    if leads < _FEWEST_FOR_NUMBERS or not np.array_equal(values, np.floor(values)):
        return False
    distinct = np.unique(values)
    if distinct.size < _UNIQUE_SHARE * leads:
        return False
    return bool(_ID_NAME.search(feature.name)) or bool(distinct[-1] - distinct[0] < 2 * leads)


def _category(
    feature: Feature, values: pd.Series, owner: npt.NDArray[np.intp], max_levels: int, min_level_rows: int
) -> ColumnSchema | Dropped:
    codes, found = pd.factorize(values)
    known = codes >= 0
    if len(found) == 0 or (len(found) == 1 and known.all()):
        shown = "no value" if len(found) == 0 else "one level"
        return Dropped(feature.name, "constant", f"{shown} in all {len(values)} rows")
    pairs = np.unique(codes[known].astype(np.int64) * (int(owner.max()) + 1) + owner[known])
    rows = np.bincount(pairs // (int(owner.max()) + 1), minlength=len(found))
    leads = int(np.unique(owner[known]).size)
    if len(found) > MANY_LEVELS and len(found) > _IDENTIFIER_SHARE * leads:
        return Dropped(feature.name, "identifier", f"{len(found)} levels in {leads} leads")
    frequent = [str(level) for level, n in zip(found, rows, strict=True) if n >= min_level_rows]
    if len(frequent) > max_levels:
        return Dropped(feature.name, "too_many_levels", f"{len(frequent)} levels; at most {max_levels}")
    rare = int(rows[rows < min_level_rows].sum())
    levels = sorted({*frequent, OTHER} if rare >= min_level_rows else frequent)
    if not levels or (len(levels) == 1 and known.all()):
        return Dropped(feature.name, "constant", f"no two levels with {min_level_rows} rows among {len(found)}")
    return ColumnSchema(feature, tuple(levels))
