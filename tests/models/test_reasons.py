import numpy as np
import pandas as pd
import pytest

from features.declare import activity, strength, text_words
from features.specification import Did, Feature, Text
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


def chosen(features, contributions, frame, **options):
    """Codes and points of every row."""
    table = top_reasons(features, np.array(contributions), frame, **options)
    return [
        [(features[column].code, round(points, 9)) for column, points in table.of(i)]
        for i in range(len(table.start) - 1)
    ]


def test_near_duplicates_become_one_reason_shown_by_the_strongest():
    assert chosen(FEATURES, [[0.02, 0.03, -0.01, 0.0]], FRAME) == [
        [("ENGAGEMENT.VIEWS_COUNT_30D", 5.0), ("FIT.SOURCE", -1.0)]
    ]


def test_a_reason_is_shown_by_a_member_that_pushes_its_way():
    assert chosen(FEATURES, [[0.03, -0.02, 0.0, 0.0]], FRAME) == [[("ENGAGEMENT.VIEWS_COUNT_7D", 1.0)]]
    three = (*FEATURES[:2], Feature("engagement__views_recency", "engagement", "number", "views", "never"))
    assert chosen(three, [[0.03, -0.02, -0.025]], FRAME) == [[("ENGAGEMENT.VIEWS_RECENCY", -1.5)]]


def test_one_fact_of_two_families_is_two_reasons_since_points_belong_to_families():
    two = (FEATURES[0], Feature("intent__views_count_30d", "intent", "number", "views", "0 if none"))
    assert len(chosen(two, [[0.03, 0.02]], FRAME)[0]) == 2


def test_negligible_reasons_are_left_out_and_each_side_has_its_number():
    contributions = [[0.02, 0.0, 0.0004, -0.003]]
    (reasons,) = chosen(FEATURES, contributions, FRAME)
    assert [code for code, _ in reasons] == ["ENGAGEMENT.VIEWS_COUNT_7D", "INTENT.DEMO_COUNT_30D"]
    assert chosen(FEATURES, contributions, FRAME, n_up=0) == [reasons[1:]]
    assert chosen(FEATURES, np.zeros((1, 4)), FRAME) == [[]]
    assert chosen(FEATURES, np.zeros((0, 4)), FRAME[:0]) == []


def test_reasons_that_are_tiny_beside_the_strongest_are_left_out_on_both_sides():
    contributions = [[0.12, 0.0, -0.001, 0.004], [0.0, 0.0, -0.001, 0.004]]
    beside_twelve, alone = chosen(FEATURES, contributions, FRAME.iloc[[0, 0]])
    assert [points for _, points in beside_twelve] == [12.0, 0.4]
    assert [points for _, points in alone] == [0.4, -0.1]
    everything = chosen(FEATURES, contributions, FRAME.iloc[[0, 0]], least_share=0.0)[0]
    assert [points for _, points in everything] == [12.0, 0.4, -0.1]
    # A share of the strongest, however weak that is.
    (half,) = chosen(FEATURES, contributions[1:], FRAME, least_share=0.5)
    assert [points for _, points in half] == [0.4]


def test_the_same_reasons_to_the_last_bit_whatever_stands_in_the_block():
    features = [Feature(f"fit__x{k}", "fit", "number", f"x{k % 20}", "") for k in range(30)]
    contributions = np.random.default_rng(3).normal(0, 0.01, (64, 30))
    frame = pd.DataFrame({feature.name: np.zeros(64) for feature in features})
    together = top_reasons(features, contributions, frame)
    for size in (1, 2, 7):
        apart = [
            part.of(i)
            for at in range(0, 64, size)
            for part in [top_reasons(features, contributions[at : at + size], frame[at : at + size])]
            for i in range(len(part.start) - 1)
        ]
        assert apart == [together.of(i) for i in range(64)]


def test_they_are_the_strongest_of_all_facts_against_sorting_by_hand():
    rng = np.random.default_rng(4)
    features = [Feature(f"fit__x{k}", "fit", "number", f"x{k}", "") for k in range(12)]
    contributions = rng.normal(0, 0.01, (200, 12))
    table = top_reasons(features, contributions, pd.DataFrame(index=range(200)), least_points=0.0, least_share=0.0)
    for i, row in enumerate(contributions):
        order = [int(k) for k in np.argsort(-row)]
        expected = {k for k in order[:3] if row[k] > 0} | {k for k in order[-2:] if row[k] < 0}
        found = table.of(i)
        assert {column for column, _ in found} == expected
        assert [abs(points) for _, points in found] == sorted((100 * abs(row[k]) for k in expected), reverse=True)


def did(done):
    return {"en": Did(done, f"{done} events"), "fr": Did(done, f"{done} events")}


# Anything, and two kinds of it.
NEWS = (
    *activity("any", "engagement", days=(30,), types=(), **did("Was active")),
    *activity("click", "engagement", days=(30,), **did("Clicked")),
    *activity("reply", "engagement", days=(30,), **did("Replied")),
)


def news(any_, click, reply):
    """Features of one lead from the days since each was last seen; counts are not looked at."""
    since = {"any": any_, "click": click, "reply": reply}
    return pd.DataFrame({f"engagement__{name}_recency_days": [value] for name, value in since.items()}, dtype="float64")


def test_of_who_did_nothing_one_reason_says_so():
    (reasons,) = chosen(NEWS, [[-0.01, -0.01, -0.01, -0.01, -0.01, -0.01]], news(None, None, None))
    assert reasons == [("ENGAGEMENT.ANY_RECENCY_DAYS", -6.0)]


def test_the_last_action_is_told_once_by_its_own_name():
    (reasons,) = chosen(NEWS, [[0.0, 0.03, 0.0, 0.01, 0.0, -0.005]], news(2.0, 2.0, None))
    assert reasons == [("ENGAGEMENT.CLICK_RECENCY_DAYS", 4.0), ("ENGAGEMENT.REPLY_RECENCY_DAYS", -0.5)]
    # The count of all actions says something else than the last click: it may speak for both.
    (reasons,) = chosen(NEWS, [[0.05, 0.03, 0.0, 0.01, 0.0, 0.0]], news(2.0, 2.0, None))
    assert reasons == [("ENGAGEMENT.ANY_COUNT_30D", 9.0)]


def test_an_older_click_stays_a_fact_of_its_own():
    (reasons,) = chosen(NEWS, [[0.0, 0.03, 0.0, 0.01, 0.0, 0.0]], news(2.0, 9.0, None))
    assert [code for code, _ in reasons] == ["ENGAGEMENT.ANY_RECENCY_DAYS", "ENGAGEMENT.CLICK_RECENCY_DAYS"]


@pytest.mark.parametrize(
    ("count", "shown"), [(0.02, "INTENT.SIGNALS_COUNT_90D"), (0.005, "INTENT.SIGNALS_STRENGTH_90D")]
)
def test_a_plain_measure_speaks_before_an_abstract_one_unless_it_hardly_matters(count, shown):
    text = Text("Strength {x}", "None", "Not known", "Strength")
    features = (
        *activity("signals", "intent", days=(90,), types=(), source="signals", **did("Signalled")),
        *strength("signals", "intent", days=(90,), en=text, fr=text),
    )
    assert text_words(text, text)["form"] == "text"
    frame = pd.DataFrame({"intent__signals_recency_days": [1.0]})
    ((code, _),) = chosen(features, [[count, 0.0, 0.04]], frame)[0]
    assert code == shown


def test_reasons_of_a_trained_model_are_summed_contributions(trained, world):
    frame, model = world.frame[:40], trained.model
    found = model.contributions(frame)
    views = [j for j, feature in enumerate(model.features) if feature.fact == "views"]
    table = top_reasons(model.features, found.on_propensity, frame)
    for i in range(40):
        for column, points in table.of(i):
            if column in views:
                assert np.isclose(points, 100 * found.on_propensity[i, views].sum())
