"""What a served model answers: a frame of features in, propensity, decision and contributions out.

``pipeline.tracking`` wraps it for ``mlflow.pyfunc``, ``mlflow models serve`` and ``spark_udf``.
"""

from importlib import metadata

import numpy as np
import numpy.typing as npt
import pandas as pd
from packaging.requirements import Requirement

from models.lead_model import LeadModel

Floats = npt.NDArray[np.float64]
POINTS = "points."
# MLflow's names of types; a null is allowed in both.
TYPES = {"number": "double", "category": "string"}


def answer(model: LeadModel, frame: pd.DataFrame, *, explain: bool = True) -> pd.DataFrame:
    """Score rows.

    Parameters
    ----------
    model : LeadModel
        What answers.
    frame : pandas.DataFrame of n rows
        Raw features, columns by name; others are ignored.
    explain : bool
        Without, the contributions are left out, which is several times faster.

    Returns
    -------
    pandas.DataFrame of n rows, index of ``frame``
        ``propensity`` (0 to 1), ``raw_score`` (log-odds), ``band``, ``decision``, ``segment`` (``all``
        for none), ``scored_by`` (the segment whose correction is in the score; ``all`` where the model of all leads
        scores alone); with ``explain`` also ``reference_propensity`` and one column ``points.<feature>`` each
        (percentage points): ``reference_propensity + points.sum(axis=1) / 100 = propensity`` to 1e-9.
    """
    if not explain:
        margin = model.margin(frame)
        return _scores(model, frame, margin, model.calibration(margin))
    parts = model.contributions(frame)
    scores = _scores(model, frame, parts.margin, parts.propensity)
    scores["reference_propensity"] = parts.reference_propensity
    names = [POINTS + name for name in parts.names]
    points = pd.DataFrame(100.0 * parts.on_propensity, columns=names, index=frame.index)
    return pd.concat([scores, points], axis=1)


def inputs(model: LeadModel) -> dict[str, str]:
    """Columns that a served model expects: name -> MLflow type."""
    return {feature.name: TYPES[feature.dtype] for feature in model.inputs}


def outputs(model: LeadModel) -> dict[str, str]:
    """Columns that `answer` gives with ``explain``: name -> MLflow type."""
    numbers, texts = ("propensity", "raw_score"), ("band", "decision", "segment", "scored_by")
    scores = {**dict.fromkeys(numbers, "double"), **dict.fromkeys(texts, "string")}
    points = {POINTS + name: "double" for name in model.names}
    return {**scores, "reference_propensity": "double", **points}


def requirements() -> list[str]:
    """Every package that Tamis runs on, pinned to the version installed here; Tamis itself is in no index.

    Examples
    --------
    >>> [pin.partition("==")[0] for pin in requirements() if pin.startswith("lightgbm")]
    ['lightgbm']
    """
    declared = [Requirement(text) for text in metadata.requires("tamis") or ()]
    names = [item.name for item in declared if item.marker is None or item.marker.evaluate({"extra": ""})]
    return [f"{name}=={metadata.version(name)}" for name in sorted(names)]


def _scores(model: LeadModel, frame: pd.DataFrame, margin: Floats, propensity: Floats) -> pd.DataFrame:
    decided = model.decide(propensity, model.thresholds(frame))
    columns = {"propensity": propensity, "raw_score": margin, "band": decided["band"].to_numpy()}
    segments = {"segment": model.by_segment.of(frame), "scored_by": model.by_segment.made_by(frame)}
    columns |= {"decision": decided["decision"].to_numpy(), **segments}
    return pd.DataFrame(columns, index=frame.index)
