"""The two facts that speak most for each lead, as numbers: they are put into words when somebody looks."""

import numpy as np
import pandas as pd
import pyarrow as pa

from models.lead_model import LeadModel

SHOWN = 2


def first_facts(rows: pa.Table, features: pd.DataFrame, model: LeadModel) -> pa.Table:
    """Take the strongest facts in favour out of score rows.

    Parameters
    ----------
    rows : pyarrow.Table of n rows
        Score rows, with their reasons.
    features : pandas.DataFrame of n rows
        What the model read of the same leads, in the same order.
    model : LeadModel
        What scored them.

    Returns
    -------
    pyarrow.Table of n rows
        ``fact1`` (column of the model), ``points1``, ``number1`` or ``text1`` (the feature's value), and the same of
        the second; null where there is none.
    """
    reasons = rows.column("reasons").combine_chunks()
    start = reasons.offsets.to_numpy().astype(np.int64)
    flat = reasons.flatten()
    code = pd.Index([feature.code for feature in model.features]).get_indexer(flat.field("code").to_pandas())
    points = flat.field("points").to_numpy()
    of = np.repeat(np.arange(rows.num_rows), np.diff(start))
    kept = np.flatnonzero((points > 0) & (code >= 0))
    # Reasons of a lead stand together, the strongest first.
    nth = np.arange(len(kept)) - np.searchsorted(of[kept], of[kept], side="left")
    columns = {}
    for k in range(SHOWN):
        chosen = kept[nth == k]
        place, strength = np.full(rows.num_rows, -1, dtype=np.int64), np.full(rows.num_rows, np.nan)
        place[of[chosen]], strength[of[chosen]] = code[chosen], points[chosen]
        columns[f"fact{k + 1}"] = pa.array(place, mask=place < 0)
        columns[f"points{k + 1}"] = pa.array(strength, from_pandas=True)
        columns[f"number{k + 1}"], columns[f"text{k + 1}"] = _values(place, features, model)
    return pa.table(columns)


def _values(place: np.ndarray, features: pd.DataFrame, model: LeadModel) -> tuple[pa.Array, pa.Array]:
    """The value of each lead's fact: a number or a text."""
    number, text = np.full(len(place), np.nan), np.full(len(place), None, dtype=object)
    for column in np.unique(place[place >= 0]):
        name, rows = model.names[column], np.flatnonzero(place == column)
        if name not in features:
            continue
        values = features[name].iloc[rows]
        if model.features[column].dtype == "category":
            text[rows] = values.astype(object).where(values.notna(), None)
        else:
            number[rows] = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return pa.array(number, from_pandas=True), pa.array(text, pa.string())
