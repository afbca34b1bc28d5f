"""Facts: what is joined keeps its sum, and only what is the same news is joined."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import DECLARED
from features.declare import activity, count
from features.specification import Did
from features.statements import attribute
from models.facts import Facts, Wider

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


DID = {"en": Did("Did it", "Times"), "fr": Did("L'a fait", "Fois")}
# Anything, two kinds of it, a measure without recency, another family, and an attribute.
SMALL = (
    *activity("any", "engagement", days=(30,), types=(), **DID),
    *activity("click", "engagement", days=(7, 30), **DID),
    *activity("reply", "engagement", days=(30,), **DID),
    *count("open", "engagement", days=(30,), **DID),
    *activity("demo", "intent", days=(30,), **DID),
    attribute("fit__source", "fit", ["leads.source"], "value", {}),
)
SMALL_NAMES = [feature.name for feature in SMALL]


def test_the_widest_fact_covers_the_kinds_of_its_family_and_knows_when_they_were_last():
    found = Facts.of(SMALL)
    assert [columns.tolist() for columns in found.members] == [[0, 1], [2, 3, 4], [5, 6], [7], [8, 9], [10]]
    # A count without recency is covered too; of another family or table nothing is.
    assert found.wider == (Wider(0, 1, (1, 2, 3), ((1, 4), (2, 6))),)


def news(*rows):
    columns = ("any", "click", "reply")
    names = [f"engagement__{name}_recency_days" for name in columns]
    return pd.DataFrame([*rows], columns=names, dtype="float64")


def test_sums_of_each_row_by_hand():
    values = news((np.nan, np.nan, np.nan), (2, 2, 9), (2, 9, 2), (2, 2, 2), (2, 9, 9), (2, np.nan, np.nan))
    contributions = np.tile(2.0 ** np.arange(11), (6, 1))
    found = Facts.of(SMALL).points(contributions, values, SMALL_NAMES)
    any_, click, reply, open_, demo, source = 3.0, 28.0, 96.0, 128.0, 768.0, 1024.0
    assert found.sums.tolist() == [
        # Who did nothing neither clicked, nor replied, nor opened.
        [any_ + click + reply + open_, 0.0, 0.0, 0.0, demo, source],
        # The last thing was a click, or a reply; of both at once, the first that is declared.
        [0.0, click + any_, reply, open_, demo, source],
        [0.0, click, reply + any_, open_, demo, source],
        [0.0, click + any_, reply, open_, demo, source],
        # Neither of them.
        [any_, click, reply, open_, demo, source],
        [any_, click, reply, open_, demo, source],
    ]
    assert found.nothing[:, 0].tolist() == [True, False, False, False, False, False]
    assert not found.nothing[:, 1:].any()
    assert found.joined[:, :3].tolist() == [[-1] * 3, [-1, 0, -1], [-1, -1, 0], [-1, 0, -1], [-1] * 3, [-1] * 3]


def test_a_night_of_many_rows_says_of_each_what_a_few_rows_say():
    rng = np.random.default_rng(5)
    contributions = rng.normal(size=(100, len(NAMES)))
    values = pd.DataFrame({name: rng.choice([1.0, 2.0, np.nan], 100) for name in RECENCIES[1:]})
    many = FACTS.points(contributions, values, NAMES)
    few = [FACTS.points(contributions[at : at + 10], values[at : at + 10], NAMES) for at in range(0, 100, 10)]
    for name in ("sums", "joined", "nothing"):
        assert getattr(many, name).tolist() == np.concatenate([getattr(part, name) for part in few]).tolist()
