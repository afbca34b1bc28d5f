import json

import numpy as np
import pytest

from features.errors import DataError
from models.lead_model import LeadModel
from models.threshold import ThresholdChoice


def test_a_loaded_model_gives_the_same_bits(trained, world):
    model, loaded = trained.model, LeadModel.load(trained.model.dump())
    assert np.array_equal(loaded.propensity(world.frame), model.propensity(world.frame))
    mine, theirs = model.contributions(world.frame[:99]), loaded.contributions(world.frame[:99])
    assert np.array_equal(theirs.on_propensity, mine.on_propensity)
    assert np.array_equal(theirs.reference_propensity, mine.reference_propensity)
    assert set(mine.reference_propensity) == {model.reference.propensity}
    assert loaded.dump() == model.dump()
    assert (loaded.bands, loaded.threshold, loaded.calibration) == (model.bands, model.threshold, model.calibration)


def test_threads_and_extra_columns_and_column_order_change_no_bit(trained, world):
    frame = world.frame[:200]
    other = frame[frame.columns[::-1]].assign(unused="x")
    assert np.array_equal(trained.model.propensity(other, num_threads=2), trained.model.propensity(frame))


def test_unknown_values_missing_columns_and_no_rows_are_scored(trained, world):
    strange = world.frame[:3].assign(fit__source="never seen", fit__employees=np.inf)
    assert np.isfinite(trained.model.propensity(strange)).all()
    bare = world.frame[["fit__noise"]][:3]
    assert np.isfinite(trained.model.contributions(bare).on_propensity).all()
    assert trained.model.propensity(world.frame[:0]).shape == (0,)
    assert trained.model.contributions(world.frame[:0]).on_propensity.shape == (0, len(trained.model.names))


def test_decisions_follow_threshold_and_bands(trained):
    model = trained.model
    least = model.threshold.threshold
    decided = model.decide([least, np.nextafter(least, 0), model.bands.c / 2])
    assert decided["decision"].tolist() == ["hand_over", "nurture", "disqualify"]
    assert decided["band"].tolist() == ["B", "C", "D"]


def test_without_a_threshold_nobody_is_handed_over(trained):
    files = trained.model.dump()
    data = json.loads(files["model.json"])
    data["threshold"] = ThresholdChoice("precision", None, (), 0, "none", "aucun").to_dict()
    model = LeadModel.load({**files, "model.json": json.dumps(data).encode()})
    assert set(model.decide([0.999, 0.5, 0.001])["decision"]) == {"nurture", "disqualify"}


def _altered(files, **change):
    return {**files, "model.json": json.dumps({**json.loads(files["model.json"]), **change}).encode()}


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: {k: v for k, v in f.items() if k != "model.json"}, "expected a file model.json"),
        (lambda f: {k: v for k, v in f.items() if k != "booster_0.txt"}, "booster_0.txt is missing"),
        (lambda f: {**f, "booster_1.txt": f["booster_1.txt"] + b" "}, "booster_1.txt is not the file that was saved"),
        (
            lambda f: {**f, "pattern_tables.bin": f["pattern_tables.bin"][:-8]},
            "pattern_tables.bin is not the file that",
        ),
        (lambda f: {**f, "model.json": b"{"}, "not readable as JSON"),
        (lambda f: {**f, "model.json": b"\xff"}, "not readable as JSON"),
        (lambda f: {**f, "model.json": b"[]"}, "expected an object, found list"),
        (lambda f: _altered(f, format=99), "expected format 3, found 99"),
        (lambda f: _altered(f, schema_hash="0"), "do not match their hash"),
    ],
)
def test_an_altered_model_is_refused_in_plain_words(trained, break_it, message):
    with pytest.raises(DataError, match=message) as refused:
        LeadModel.load(break_it(trained.model.dump()))
    assert str(refused.value).endswith(("fetch the model again.", "train again, or use that version."))
