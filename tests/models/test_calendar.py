"""Working time beside an oracle that counts minutes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import UseError
from models.calendar import WorkCalendar

MINUTE = 60


@st.composite
def calendars(draw):
    edges = draw(st.lists(st.integers(0, 400), min_size=2, max_size=12, unique=True).map(sorted))
    edges = edges[: len(edges) // 2 * 2]
    return [(a * MINUTE, b * MINUTE) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@given(calendars(), st.integers(-10, 450), st.integers(1, 300))
def test_a_delay_is_over_after_as_many_open_minutes(intervals, start, minutes):
    calendar = WorkCalendar.of(intervals)
    begin, seconds = start * MINUTE, minutes * MINUTE
    open_ = [m for m in range(-20, 500) if any(a <= m * MINUTE < b for a, b in intervals)]
    later = [m for m in open_ if m >= start]
    due = calendar.after([begin], [seconds])[0]
    if len(later) < minutes:
        assert np.isnan(due)
    else:
        assert due == (later[minutes - 1] + 1) * MINUTE
        assert calendar.between([begin], [due])[0] == seconds
        assert any(a < due <= b for a, b in intervals)
    assert calendar.elapsed([begin])[0] == MINUTE * sum(m < start for m in open_)


@pytest.mark.parametrize("intervals", [[], [(10, 5)], [(0, 10), (5, 20)], [(20, 30), (0, 10)]])
def test_opening_times_that_cannot_be_are_refused(intervals):
    with pytest.raises(UseError, match="calendar: expected opening times"):
        WorkCalendar.of(intervals)
