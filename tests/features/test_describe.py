"""Every declared feature, on every engine, against a computation by hand."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from features.catalogue import FeatureOptions, catalogue

OPTIONS = FeatureOptions(
    event_types=("badge_scan", "email_open"), signal_types=("ipo",), criteria=("security", "budget")
)


def differences(got: Any, want: Any) -> list[str]:
    """Name what differs; sums of decayed counts and strengths are fixed-point, equal to 1e-5."""
    found = []
    for key, values in want.items():
        for name, value in values.items():
            other = got[key][name]
            close = isinstance(value, float) and other is not None and abs(other - value) < 1e-5
            if not close and other != value:
                found.append(f"{key} {name}: {other!r}, expected {value!r}")
    return found


@pytest.mark.parametrize(("engine", "examples"), [("polars", 30), ("duckdb", 6), ("pandas", 6)])
def test_every_feature_equals_the_computation_by_hand(engine: str, examples: int, crm: Any, snapshots: Any) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(crm.crms())
    def check(rows: Any) -> None:
        features = catalogue(crm.make_tables(rows, "pandas"), OPTIONS)
        oracle = crm.Oracle(rows)
        want = {k: {f.name: oracle.value(*k, f) for f in features} for k in snapshots}
        assert differences(crm.computed(rows, snapshots, features, engine), want) == []

    check()
