"""Facts: what is joined keeps its sum, and only what is the same news is joined."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import DECLARED
from models.facts import Facts

FACTS = Facts.of(DECLARED)
NAMES = [feature.name for feature in DECLARED]
RECENCIES = [name for name in NAMES if name.endswith("_recency_days")]


def fact_of(name):
    (k,) = [k for k, columns in enumerate(FACTS.members) if NAMES.index(name) in columns]
    return k


@given(st.integers(0, 2**32 - 1))
def test_joining_keeps_the_sum_of_every_row_and_of_every_family(seed):
    rng = np.random.default_rng(seed)
    contributions = rng.normal(size=(20, len(NAMES)))
    values = pd.DataFrame({name: rng.choice([1.0, 2.0, np.nan], 20) for name in RECENCIES})
    sums = FACTS.points(contributions, values, NAMES).sums
    for family in ("fit", "engagement", "intent"):
        columns = [j for j, feature in enumerate(DECLARED) if feature.family == family]
        facts = [k for k, members in enumerate(FACTS.members) if DECLARED[members[0]].family == family]
        assert np.allclose(sums[:, facts].sum(axis=1), contributions[:, columns].sum(axis=1), rtol=0, atol=1e-12)


def test_every_column_is_a_member_of_exactly_one_fact():
    assert sorted(np.concatenate(FACTS.members).tolist()) == list(range(len(DECLARED)))


def test_without_a_discovery_call_all_its_criteria_are_one_fact():
    contributions = np.ones((1, len(NAMES)))
    found = FACTS.points(contributions, pd.DataFrame(index=[0]), NAMES)
    criteria = [fact_of(f"intent__{name}_answer") for name in ("budget", "need", "champion")]
    assert (found.sums[0, criteria] == 0).all()
    assert found.nothing[0, fact_of("intent__discovery_recency_days")]
    called = FACTS.points(contributions, pd.DataFrame({"intent__discovery_recency_days": [3.0]}), NAMES)
    assert (called.sums[0, criteria] == 1).all()


def test_days_sessions_and_kinds_of_activity_are_the_fact_of_activity():
    members = FACTS.members[fact_of("engagement__activity_count_30d")]
    names = {NAMES[j] for j in members}
    assert {"engagement__active_days_30d", "engagement__sessions_90d", "engagement__activity_types_90d"} <= names


def test_facts_of_another_table_or_family_are_never_covered():
    for wider in FACTS.wider:
        recipe = DECLARED[wider.recency].recipe
        for fact in wider.covered:
            first = DECLARED[FACTS.members[fact][0]]
            assert first.recipe.source == recipe.source
            assert first.family == DECLARED[wider.recency].family
