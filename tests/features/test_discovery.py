"""What to ask next: what has no clear answer, in the order that sales knows."""

import pytest

from features.catalogue import FeatureOptions, catalogue
from features.discovery import open_questions
from features.intent import FEATURES as INTENT
from features.language import NARROW

BANT = ("budget", "authority", "need", "timing")


def test_a_company_that_tracks_nothing_is_asked_bant():
    questions = open_questions({}, [], (), "en")
    assert questions == [
        "What budget is planned for this project?",
        "Who decides, and who else has a say?",
        "Which problem do they want to solve, and for whom?",
        "By when should it be in place?",
    ]


@pytest.mark.parametrize(
    ("answer", "is_open"),
    [("yes", False), ("no", False), ("50k", False), ("Pas de budget", False), ("tbd", True), ("", True), ("?", True)],
)
def test_yes_no_and_a_sum_are_answers_and_the_rest_is_asked_again(answer, is_open):
    asked = "What budget is planned for this project?" in open_questions({"Budget ": answer}, BANT, (), "en")
    assert asked == is_open


def test_synonyms_are_one_criterion():
    assert open_questions({"échéance": "T3"}, ["échéance", "autorité"], (), "fr") == [
        f"Qui décide, et qui d'autre a son mot à dire{NARROW}?"
    ]


def test_a_criterion_of_the_company_itself_is_asked_after_the_known_ones(crm):
    rows = {name: [] for name in ("leads", "accounts", "events", "signals", "answers", "changes")}
    features = catalogue(crm.make_tables(rows, "polars"), FeatureOptions(criteria=("Security_review",)))
    questions = open_questions({}, ["security_review", "need"], features, "en")
    assert questions[1:] == ["What is the answer to “security review”?"]
    assert len(questions) == 2


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_criterion_has_its_question(language):
    for feature in INTENT:
        if feature.recipe.measure == "criterion":
            assert feature.words[language]["ask"].endswith("?")
            assert len(feature.words[language]["ask"]) < 80
