"""A model for a few rows at once: the same numbers without the tables of a night."""

from dataclasses import replace

import numpy as np
import pytest

from features.specification import Feature
from models.few_rows import for_few_rows
from models.segment_models import Correction, SegmentModels
from models.segments import Wanted, resolve


def test_it_explains_as_the_model_does_trees_of_segments_included(small_model, small_frame):
    source = small_frame.columns[1]
    feature = Feature(source, "fit", "category", "source", "unknown")
    segments = resolve({"web": {source: Wanted(("web",))}}, (feature,))
    correction = Correction(0.5, 0.3, small_model.tables.booster_texts[:1])
    model = replace(small_model, by_segment=SegmentModels(segments, {"web": correction}))
    few = for_few_rows(model)
    assert few.tables.few_rows
    assert few.by_segment.corrections["web"].few_rows
    assert few.by_segment.segments == segments
    assert (few.schema, few.calibration, few.metadata) == (model.schema, model.calibration, model.metadata)
    said, told = model.contributions(small_frame), few.contributions(small_frame)
    assert told.on_propensity == pytest.approx(said.on_propensity, abs=1e-12)
    assert told.propensity == pytest.approx(said.propensity, abs=1e-12)
    assert np.ptp(said.base) > 0.1
