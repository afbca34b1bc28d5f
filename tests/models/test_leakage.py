"""Leakage probes find what was filled in after the decision, and leave honest columns alone."""

import numpy as np
import pandas as pd
import pytest

from features.specification import Feature
from models.leakage import suspects

RNG = np.random.default_rng(3)
LABEL = (RNG.random(2000) < 0.2).astype(int)


def _found(values: object, dtype: str) -> list[str]:
    feature = Feature("fit__x", "fit", dtype, "x", "unknown", 0, {})  # type: ignore[arg-type]
    return [suspect.code for suspect in suspects(pd.DataFrame({"fit__x": values}), LABEL, [feature])]


def test_a_number_that_copies_the_outcome_is_suspect() -> None:
    assert _found(LABEL * 10.0 + RNG.normal(0, 1, 2000), "number") == ["too_good"]


def test_a_number_that_runs_against_the_outcome_is_suspect_too() -> None:
    assert _found(-10.0 * LABEL + RNG.normal(0, 1, 2000), "number") == ["too_good"]


def test_a_category_that_copies_the_outcome_is_suspect() -> None:
    assert _found(np.where(LABEL == 1, "signed", RNG.choice(["a", "b"], 2000)), "category") == ["too_good"]


@pytest.mark.parametrize("n_levels", [1, 2, 30, 2000])
def test_an_honest_category_is_no_suspect_however_many_levels(n_levels: int) -> None:
    assert _found([f"level {k % n_levels}" for k in range(2000)], "category") == []


def test_a_column_filled_only_for_won_leads_is_suspect() -> None:
    assert _found(np.where(LABEL == 1, RNG.normal(0, 1, 2000), np.nan), "number") == ["filled_after"]


def test_nothing_can_be_said_of_one_outcome() -> None:
    feature = Feature("fit__x", "fit", "number", "x", "unknown", 0, {})
    assert suspects(pd.DataFrame({"fit__x": [1.0, 2.0]}), [0, 0], [feature]) == ()
