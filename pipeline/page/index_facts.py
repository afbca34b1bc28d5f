"""The two facts that speak most for each lead, as numbers: they are put into words when somebody looks."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.lead_model import LeadModel

SHOWN = 2
Ints = npt.NDArray[np.int64]


def first_facts(reasons: pa.ListArray, read: Callable[[Sequence[str]], pa.Table], model: LeadModel) -> pa.Table:
    """Take the strongest facts in favour out of the reasons of some leads.

    Parameters
    ----------
    reasons : pyarrow.ListArray of length n
        Of score rows.
    read : callable
        Given names of features, reads those of the same leads, in the same order; one that is not there is left out.
    model : LeadModel
        What scored them.

    Returns
    -------
    pyarrow.Table of n rows
        ``fact1`` (column of the model), ``points1``, ``number1`` or ``text1`` (the feature's value), and the same of
        the second; null where there is none.
    """
    n, start = len(reasons), reasons.offsets.to_numpy().astype(np.int64)
    flat = reasons.flatten()
    known = pa.array([feature.code for feature in model.features])
    code = pc.fill_null(pc.index_in(flat.field("code"), known), -1).to_numpy()
    points = flat.field("points").to_numpy()
    of = np.repeat(np.arange(n), np.diff(start))
    kept = np.flatnonzero((points > 0) & (code >= 0))
    # Reasons of a lead stand together, the strongest first.
    nth = np.arange(len(kept)) - np.searchsorted(of[kept], of[kept], side="left")
    places = []
    columns: dict[str, pa.Array] = {}
    for k in range(SHOWN):
        chosen = kept[nth == k]
        place, strength = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
        place[of[chosen]], strength[of[chosen]] = code[chosen], points[chosen]
        places.append(place)
        columns[f"fact{k + 1}"] = pa.array(place, mask=place < 0)
        columns[f"points{k + 1}"] = pa.array(strength, from_pandas=True)
    used = np.unique(np.concatenate(places))
    features = read([model.names[place] for place in used if place >= 0])
    for k, place in enumerate(places, start=1):
        columns[f"number{k}"], columns[f"text{k}"] = _values(place, features, model)
    return pa.table(columns)


def _values(place: Ints, features: pa.Table, model: LeadModel) -> tuple[pa.Array, pa.Array]:
    """The value of each lead's fact: a number or a text."""
    number, text = np.full(len(place), np.nan), np.full(len(place), None, dtype=object)
    for column in np.unique(place[place >= 0]):
        name, rows = model.names[column], np.flatnonzero(place == column)
        if name not in features.column_names:
            continue
        values = features.column(name).combine_chunks().take(pa.array(rows))
        if model.features[column].dtype == "category":
            text[rows] = values.cast(pa.string()).to_pylist()
        else:
            number[rows] = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return pa.array(number, from_pandas=True), pa.array(text, pa.string())
