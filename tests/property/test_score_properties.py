"""Score rows, whatever the blocks, the run before and the wishes of the leads."""

import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.calendar import HOUR_S, WorkCalendar
from pipeline.policy_facts import PolicyFacts
from pipeline.score_rows import STABLE, Previous, RunFacts, score_block
from pipeline.score_runs import SCHEMA
from pipeline.settings import Settings
from pipeline.tracking import Version

CUTOFF = 1_790_000_000
VERSION = Version(3, ("champion",), 0, "run", {}, {}, "")
ALWAYS_OPEN = WorkCalendar.of([(0, 2 * CUTOFF)])
rows = st.integers(0, 199)
previous = st.dictionaries(
    rows,
    st.tuples(st.floats(0, 1), st.none() | st.integers(CUTOFF - 10**6, CUTOFF + 10**6)),
    max_size=60,
)


def facts(model, barred=(), before=None, language="en"):
    known = sorted((before or {}).items())
    named = Previous(
        pd.Index([f"L{row:03d}" for row, _ in known], dtype="str"),
        np.array([propensity for _, (propensity, _) in known], dtype=float),
        np.array([np.nan if due is None else due for _, (_, due) in known], dtype=float),
    )
    chosen = Settings(output={"language": language}, limits={"threads": 1}, policy={"least_families": 1})
    reasons = {f"L{row:03d}": "student" for row in sorted(barred)}
    policy = PolicyFacts(disqualified=pd.Series(reasons, index=pd.Index(list(reasons), dtype="str"), dtype="object"))
    return RunFacts("run", CUTOFF + 5, CUTOFF, model, VERSION, chosen, policy, ALWAYS_OPEN, named)


def block(frame):
    keys = pd.DataFrame({"lead_id": [f"L{row:03d}" for row in range(len(frame))], "cutoff": CUTOFF})
    return pd.concat([keys, frame], axis=1)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(1, 199), max_size=6, unique=True),
    barred=st.sets(rows, max_size=20),
    before=previous,
    language=st.sampled_from(["en", "fr"]),
)
def test_rows_are_the_same_to_the_last_bit_wherever_the_blocks_are_cut(
    small_model, small_frame, cuts, barred, before, language
):
    run_, everything = facts(small_model, barred, before, language), block(small_frame)
    ends = [0, *sorted(cuts), len(everything)]
    parts = [score_block(everything[start:end].reset_index(drop=True), run_) for start, end in itertools.pairwise(ends)]
    assert pa.concat_tables(parts).equals(score_block(everything, run_))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(barred=st.sets(rows, max_size=40), before=previous)
def test_every_row_keeps_the_promises_of_a_score_row(small_model, small_frame, barred, before):
    table = score_block(block(small_frame), facts(small_model, barred, before))
    assert table.schema.equals(SCHEMA)
    found = table.to_pandas()
    points = found["fit_points"] + found["engagement_points"] + found["intent_points"]
    assert (found["reference_propensity"] + points / 100 - found["propensity"]).abs().max() < 1e-9
    assert np.array_equal(found["propensity"], small_model.propensity(small_frame))
    due = table.column("due_at").cast(pa.int64()).to_pylist()
    for row, (_, line) in enumerate(found.iterrows()):
        handed = row not in barred and line["propensity"] >= small_model.threshold.threshold
        assert (line["decision"] == "hand_over") == handed == (line["qualification"] == "mql")
        was = before.get(row)
        fresh = CUTOFF + 48 * HOUR_S
        assert due[row] == (None if not handed else fresh if was is None or was[1] is None else was[1])
        if row in barred:
            assert (line["decision"], line["rule"]) == ("disqualify", "disqualify:student")
            assert line["qualification"] == "disqualified"
        if was is None:
            assert (line["trend"], np.isnan(line["previous_propensity"])) == ("new", True)
        else:
            assert line["previous_propensity"] == was[0]
            move = line["propensity"] - was[0]
            assert line["trend"] == ("up" if move > STABLE else "down" if move < -STABLE else "stable")
