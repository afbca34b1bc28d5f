import numpy as np
import pandas as pd

from features.specification import Feature
from features.words import sentence
from models.reasons import top_reasons

FEATURES = (
    Feature("engagement__views_count_7d", "engagement", "number", "views", "0 if none"),
    Feature("engagement__views_count_30d", "engagement", "number", "views", "0 if none"),
    Feature("fit__source", "fit", "category", "source", "not known"),
    Feature("intent__demo_count_30d", "intent", "number", "demo", "0 if none"),
)
FRAME = pd.DataFrame(
    {"engagement__views_count_7d": [3.0], "engagement__views_count_30d": [5.0], "fit__source": ["web"]}
)


def test_near_duplicates_become_one_reason_shown_by_the_strongest():
    (reasons,) = top_reasons(FEATURES, np.array([[0.02, 0.03, -0.01, 0.0]]), FRAME)
    assert [(reason.code, round(reason.points, 9)) for reason in reasons] == [
        ("ENGAGEMENT.VIEWS_COUNT_30D", 5.0),
        ("FIT.SOURCE", -1.0),
    ]
    assert reasons[0].text == sentence(FEATURES[1], 5.0, "en")
    assert reasons[1].family == "fit"


def test_a_reason_is_shown_by_a_member_that_pushes_its_way():
    contributions = np.array([[0.03, -0.02, 0.0, 0.0]])
    assert top_reasons(FEATURES, contributions, FRAME)[0][0].code == "ENGAGEMENT.VIEWS_COUNT_7D"
    three = (*FEATURES[:2], Feature("engagement__views_recency", "engagement", "number", "views", "never"))
    (reasons,) = top_reasons(three, np.array([[0.03, -0.02, -0.025]]), FRAME)
    assert reasons[0].code == "ENGAGEMENT.VIEWS_RECENCY"
    assert reasons[0].points < 0


def test_negligible_reasons_are_left_out_and_each_side_has_its_number():
    contributions = np.array([[0.02, 0.0, 0.0004, -0.003]])
    (reasons,) = top_reasons(FEATURES, contributions, FRAME)
    assert [reason.code for reason in reasons] == ["ENGAGEMENT.VIEWS_COUNT_7D", "INTENT.DEMO_COUNT_30D"]
    assert top_reasons(FEATURES, contributions, FRAME, n_up=0)[0] == reasons[1:]
    assert top_reasons(FEATURES, contributions * 0, FRAME) == [()]


def test_reasons_that_are_tiny_beside_the_strongest_are_left_out_on_both_sides():
    contributions = np.array([[0.12, 0.0, -0.001, 0.004], [0.0, 0.0, -0.001, 0.004]])
    beside_twelve, alone = top_reasons(FEATURES, contributions, FRAME.iloc[[0, 0]])
    assert [round(reason.points, 9) for reason in beside_twelve] == [12.0, 0.4]
    assert [round(reason.points, 9) for reason in alone] == [0.4, -0.1]
    everything = top_reasons(FEATURES, contributions, FRAME.iloc[[0, 0]], least_share=0.0)[0]
    assert [round(reason.points, 9) for reason in everything] == [12.0, 0.4, -0.1]


def test_points_are_the_same_to_the_last_bit_whatever_stands_in_the_block():
    features = [Feature(f"fit__x{k}", "fit", "number", "x", "") for k in range(30)]
    contributions = np.random.default_rng(3).normal(0, 0.01, (64, 30))
    frame = pd.DataFrame({feature.name: np.zeros(64) for feature in features})
    together = top_reasons(features, contributions, frame, None)
    for size in (1, 2, 7):
        apart = [
            row
            for at in range(0, 64, size)
            for row in top_reasons(features, contributions[at : at + size], frame[at : at + size], None)
        ]
        assert apart == together


def test_the_sentence_holds_the_fact_of_the_row_in_both_languages_or_is_left_out():
    contributions = np.array([[0.02, 0.0, 0.01, 0.03]])
    for language in ("en", "fr"):
        for reason in top_reasons(FEATURES, contributions, FRAME, language)[0]:
            assert reason.text
            assert "__" not in reason.text
    texts = [reason.text for reason in top_reasons(FEATURES, contributions, FRAME, "en")[0]]
    assert texts[0] == sentence(FEATURES[3], None, "en")
    assert [reason.text for reason in top_reasons(FEATURES, contributions, FRAME, None)[0]] == ["", "", ""]


def test_reasons_of_a_trained_model_are_summed_contributions(trained, world):
    frame, model = world.frame[:40], trained.model
    found = model.contributions(frame)
    views = [j for j, feature in enumerate(model.features) if feature.fact == "views"]
    for i, reasons in enumerate(top_reasons(model.features, found.on_propensity, frame, "fr")):
        points = [abs(reason.points) for reason in reasons]
        assert points == sorted(points, reverse=True)
        for reason in reasons:
            if reason.family == "engagement":
                assert np.isclose(reason.points, 100 * found.on_propensity[i, views].sum())
