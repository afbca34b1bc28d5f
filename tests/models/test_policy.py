"""The definition beside an oracle that decides one lead at a time, and what it promises whatever the leads."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.policy import FLAGS, QUALIFICATIONS, Policy, Scores, Standing, evidence, qualify

points = st.floats(-20, 20).map(lambda value: round(value, 2))
maybe = st.none()
lead = st.fixed_dictionaries(
    {
        "propensity": st.floats(0, 1),
        "threshold": st.sampled_from([0.05, 0.3, float("nan")]),
        "fit": points,
        "engagement": points,
        "intent": points,
        "product": points,
        "band": st.sampled_from("ABCD"),
        "override": maybe | st.sampled_from(["hand_over", "nurture", "disqualify"]),
        "disqualified": maybe | maybe | st.sampled_from(["student", "competitor"]),
        "refusal": maybe | maybe | st.sampled_from(["no_budget", "duplicate"]),
        "stage": maybe | maybe | st.sampled_from(["sal", "sql"]),
        "criteria": maybe | maybe | st.just("bant"),
        "first_call": st.booleans(),
    }
)
policies = st.builds(Policy, st.integers(1, 3), st.sampled_from([0.0, 0.1, 0.4, 1.0]), st.sampled_from([0.2, 0.5, 1.0]))
REFERENCE = 0.04


def oracle(one, policy):  # noqa: C901, PLR0911 (one sentence after the other)
    """Status, rule and decision of one lead, by the sentences of the documentation."""
    reached = one["propensity"] >= one["threshold"]
    usual = "hand_over" if reached else "disqualify" if one["band"] == "D" else "nurture"
    if one["override"]:
        status = {"hand_over": "mql", "nurture": None, "disqualify": "disqualified"}[one["override"]]
        return status, "override", one["override"]
    if one["disqualified"]:
        return "disqualified", f"disqualify:{one['disqualified']}", "disqualify"
    if one["refusal"]:
        for_good = one["refusal"] == "duplicate"
        status, decision = ("disqualified", "disqualify") if for_good else ("refused", "nurture")
        return status, f"refusal:{one['refusal']}", decision
    if one["stage"] == "sql":
        return "sql", "stage:sql", usual
    if one["criteria"]:
        return "sql", f"answers:{one['criteria']}", usual
    if one["stage"] == "sal":
        return "sal", "stage:sal", usual
    if not reached:
        return None, "threshold", usual
    if one["first_call"]:
        return "prospect", "first_call", "hand_over"
    families = {family: one[family] for family in FLAGS}
    lift = sum(value for value in families.values() if value > 0)
    if one["product"] > 0 and one["product"] >= policy.product_share * lift:
        return "pql", "product_use", "hand_over"
    proof = [family for family, value in families.items() if value > 0 and value >= policy.evidence_share * lift]
    if len(proof) >= policy.least_families or one["propensity"] <= REFERENCE:
        return "mql", "families", "hand_over"
    return FLAGS[proof[0]] if len(proof) == 1 else "incomplete", "families", "nurture"


def table(leads):
    column = {name: [one[name] for one in leads] for name in leads[0]}
    propensity, threshold = np.array(column["propensity"]), np.array(column["threshold"])
    band = np.array(column["band"])
    usual = np.where(propensity >= threshold, "hand_over", np.where(band == "D", "disqualify", "nurture"))
    texts = {name: np.array(column[name], dtype=object) for name in ("override", "disqualified", "refusal", "stage")}
    standing = Standing(
        **texts,
        for_good=texts["refusal"] == "duplicate",
        criteria=np.array(column["criteria"], dtype=object),
        first_call=np.array(column["first_call"]),
    )
    frame = pd.DataFrame({name: column[name] for name in FLAGS})
    reference = np.full(len(leads), REFERENCE)
    return Scores(propensity, reference, threshold, frame, np.array(column["product"]), usual), standing


@settings(max_examples=60)
@given(st.lists(lead, min_size=1, max_size=20), policies)
def test_every_lead_gets_what_the_sentences_say_and_nobody_is_handed_over_against_a_rule(leads, policy):
    scores, standing = table(leads)
    found = qualify(scores, standing, policy)
    got = list(zip(found.qualification, found.rule, found.decision, strict=True))
    assert got == [oracle(one, policy) for one in leads]
    for one, (status, rule, decision), open_ in zip(leads, got, found.open_to_lottery, strict=True):
        assert status is None or status in QUALIFICATIONS
        if decision == "hand_over" and rule != "override":
            assert one["propensity"] >= one["threshold"]
        if open_:
            assert rule in ("threshold", "families", "product_use", "first_call")


@pytest.mark.parametrize("n", [0, 1])
def test_nobody_and_a_lead_of_which_nothing_is_known_are_no_exceptions(n):
    one = dict.fromkeys(("override", "disqualified", "refusal", "stage", "criteria"))
    one |= {"propensity": 0.01, "threshold": 0.3, "fit": 0.0, "engagement": 0.0, "intent": 0.0, "product": 0.0}
    scores, _ = table([{**one, "band": "D", "first_call": False}])
    scores = Scores(*(part[:n] for part in vars(scores).values()))
    found = qualify(scores, Standing.unknown(n), Policy())
    assert found.qualification.tolist() == [None] * n
    assert found.decision.tolist() == ["disqualify"] * n


def test_a_family_that_lifts_a_lead_by_less_than_a_point_is_evidence_all_the_same():
    points = pd.DataFrame({"fit": [0.6, 0.0], "engagement": [0.3, 0.9], "intent": [-2.0, 0.1]})
    assert evidence(points, 0.1).to_numpy().tolist() == [[True, True, False], [False, True, True]]
