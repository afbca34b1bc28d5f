"""Which lead is in which segment, and what settings may not ask."""

import json

import pandas as pd
import pytest

from features.errors import UseError
from features.specification import Feature, Recipe
from features.statements import attribute
from models.segments import Segment, Wanted, assign, resolve

COUNTRY = attribute("fit__country", "fit", ["leads.country", "accounts.country"], "value", {})
DIRECTION = attribute("fit__direction", "fit", ["leads.direction"], "value", {})
SIZE = attribute("fit__employees", "fit", ["accounts.employees"], "value", {}, dtype="number")
SENIORITY = attribute("fit__seniority", "fit", ["leads.job_title"], "seniority", {})
VISITS = Feature("engagement__visits_30d", "engagement", "number", "visits", "0", recipe=Recipe("events", "count"))
FEATURES = (COUNTRY, DIRECTION, SIZE, SENIORITY, VISITS)
FRAME = pd.DataFrame(
    {
        "fit__country": ["DE", "FR", "DE", None, "AT", "DE"],
        "fit__direction": ["outbound", "outbound", "inbound", None, "inbound", None],
        "fit__employees": [10.0, 250.0, 249.9, None, 5000.0, 50.0],
    }
)


def test_the_first_segment_that_fits_wins_and_null_fits_nothing():
    filters = {
        "outbound": {"direction": Wanted(("outbound",))},
        "german": {"country": Wanted(("DE", "AT"))},
        "all_sizes": {"employees": Wanted((), 0)},
    }
    segments = resolve(filters, FEATURES)
    assert assign(segments, FRAME).tolist() == ["outbound", "outbound", "german", "all", "german", "german"]
    turned = assign(tuple(reversed(segments)), FRAME).tolist()
    assert turned == ["all_sizes", "all_sizes", "all_sizes", "all", "all_sizes", "all_sizes"]


def test_every_filter_of_a_segment_must_hold_and_limits_are_half_open():
    both = {"german_sme": {"country": Wanted(("DE",)), "fit__employees": Wanted((), 50, 250)}}
    assert assign(resolve(both, FEATURES), FRAME).tolist() == ["all", "all", "german_sme", "all", "all", "german_sme"]
    small = {"small": {"employees": Wanted((), None, 50)}}
    assert assign(resolve(small, FEATURES), FRAME).tolist() == ["small", "all", "all", "all", "all", "all"]


def test_without_segments_rows_or_columns_everybody_is_of_the_whole():
    segments = resolve({"outbound": {"direction": Wanted(("outbound",))}}, FEATURES)
    assert assign((), FRAME).tolist() == ["all"] * 6
    assert assign(segments, FRAME[:0]).tolist() == []
    assert assign(segments, FRAME[["fit__country"]]).tolist() == ["all"] * 6


def test_a_segment_survives_json():
    filters = {
        "a": {"country": Wanted(("DE", "é")), "employees": Wanted((), 50, 250), "fit__seniority": Wanted(("vp",))}
    }
    (segment,) = resolve(filters, FEATURES)
    again = Segment.from_dict(json.loads(json.dumps(segment.to_dict())))
    assert again == segment
    assert [condition.feature.name for condition in again.conditions] == [
        "fit__country",
        "fit__employees",
        "fit__seniority",
    ]


def test_all_faults_are_told_at_once_and_a_derived_column_is_no_column():
    filters = {
        "a": {"contry": Wanted(("DE",)), "employees": Wanted(("9",))},
        "b": {"direction": Wanted((), 1.0), "job_title": Wanted(("CEO",))},
    }
    with pytest.raises(UseError) as caught:
        resolve(filters, FEATURES)
    said = str(caught.value)
    assert said.startswith("segments: 4 faults in tamis.toml:")
    assert "[segments.a] contry: expected a feature, or a column of leads or accounts" in said
    assert "Did you mean 'country'?" in said
    assert "[segments.a] employees: expected limits such as" in said
    assert "[segments.b] direction: expected texts such as" in said
    assert "[segments.b] job_title: expected a feature" in said
