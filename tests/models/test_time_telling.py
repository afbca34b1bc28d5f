import numpy as np
import pytest

from models.time_telling import MOSTLY, tells_time

TIME = np.arange(6000)


def test_what_follows_the_calendar_tells_time():
    rng = np.random.default_rng(0)
    rate = np.repeat(rng.normal(size=12), 500)
    month = (TIME // 500).astype(float)
    assert tells_time(rate, TIME, None) > MOSTLY
    assert tells_time(month, TIME, [str(k) for k in range(12)]) > 0.98


def test_noise_tells_nothing_however_many_its_levels():
    rng = np.random.default_rng(1)
    many = rng.integers(0, 900, len(TIME)).astype(float)
    assert abs(tells_time(many, TIME, [str(k) for k in range(900)])) < 0.05
    assert abs(tells_time(rng.normal(size=len(TIME)), TIME, None)) < 0.05


def test_a_column_filled_only_lately_tells_time_by_its_nulls():
    late = np.where(TIME < 3000, np.nan, np.random.default_rng(2).normal(size=len(TIME)))
    assert tells_time(late, TIME, None) == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize(("values", "time"), [(TIME * 1.0, np.zeros(6000)), (np.full(6000, np.nan), TIME)])
def test_without_time_or_values_there_is_nothing_to_tell(values, time):
    assert tells_time(values, time, None) == pytest.approx(0.0)
