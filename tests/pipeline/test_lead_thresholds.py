"""Score rows and served answers of a model in which each lead has its own threshold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.amount import AmountModel
from models.worth import Economics
from pipeline.office import work_calendar
from pipeline.owner_thresholds import LeadThresholds
from pipeline.policy_facts import PolicyFacts
from pipeline.score_rows import NONE_BEFORE, RunFacts, score_block
from pipeline.served_model import answer
from pipeline.settings import Settings
from pipeline.tracking import Version

VERSION = Version(3, ("champion",), 0, "run", {}, {}, "")


@pytest.fixture
def model(small_model):
    """Contacts of the trade show cost twice as much; deals bring twice the average margin."""
    own = Economics(1000.0, 300.0, margin_rate=0.5, contact_costs={"salon": 600.0})
    amount = AmountModel((), 4000.0, 0.5, 2.0, {"mean": 4000.0})
    return replace(small_model, threshold=replace(small_model.threshold, own=own), amount=amount)


def rows_of(model, frame, **facts):
    block = pd.concat([pd.DataFrame({"lead_id": [f"L{k}" for k in range(len(frame))], "cutoff": 5}), frame], axis=1)
    settings = Settings(limits={"threads": 1}, policy={"least_families": 1})
    calendar = work_calendar(settings, 5, 5)
    run_ = RunFacts("run", 6, 5, model, VERSION, settings, PolicyFacts(), calendar, NONE_BEFORE, **facts)
    return score_block(block, run_).to_pandas()


def test_a_row_holds_the_threshold_of_its_own_lead_and_the_decision_follows_it(model, small_frame):
    rows = rows_of(model, small_frame)
    at_the_show = (small_frame["fit__source"] == "salon").to_numpy()
    assert rows["threshold"].to_numpy() == pytest.approx(np.where(at_the_show, 0.3, 0.15))
    handed = rows["decision"] == "hand_over"
    assert handed.equals(rows["propensity"] >= rows["threshold"])
    assert 0 < handed.sum() < len(rows)
    assert (rows["expected_value"] == rows["propensity"] * 4000).all()
    assert answer(model, small_frame)["decision"].tolist() == rows["decision"].tolist()
    assert answer(model, small_frame, explain=False)["decision"].tolist() == rows["decision"].tolist()


def test_the_threshold_of_an_owner_wins_where_there_is_one(small_model, small_frame):
    of_owners = LeadThresholds(pd.Series([1.0, 0.0], index=["L0", "L1"]), {})
    rows = rows_of(small_model, small_frame, owner_thresholds=of_owners)
    assert rows["threshold"].tolist()[:3] == [1.0, 0.0, 0.4]
    assert rows["decision"].tolist()[0] != "hand_over"
    assert rows["decision"].tolist()[1] == "hand_over"
    without = replace(small_model, threshold=replace(small_model.threshold, threshold=None))
    assert rows_of(without, small_frame, owner_thresholds=of_owners)["threshold"].isna().all()


def test_a_model_without_amounts_or_channel_keeps_the_average_margin_and_cost(model, small_frame):
    bare = replace(
        model, amount=None, threshold=replace(model.threshold, own=Economics(1000.0, 300.0, None, {"x": 1.0}))
    )
    assert set(bare.thresholds(small_frame.drop(columns="fit__source"))) == {0.3}
