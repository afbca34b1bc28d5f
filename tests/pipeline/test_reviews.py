"""Reviews: added, never changed; a refusal has a reason of the list."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from features.errors import OutsideError, UseError
from pipeline import reviews
from pipeline.refusals import REFUSAL_REASONS, WORDS, refusal
from pipeline.reviews import Review
from pipeline.workspace import Workspace

SAID = Review("L1", 1_791_000_000, "Agnès", "refused", "no_budget", "20261003T000000Z-1", "3", 0.42, 0.2)


@pytest.fixture
def empty(tmp_path):
    return Workspace(tmp_path)


def test_reviews_come_back_in_the_order_in_which_they_were_made(empty):
    assert reviews.read(empty) == []
    assert reviews.latest(empty) == {}
    first = reviews.record(empty, SAID)
    other = reviews.record(empty, replace(SAID, lead_id="L2", threshold=None))
    mind_changed = reviews.record(empty, replace(SAID, decision="accepted", reason=None, at=1))
    assert reviews.read(empty) == [first, other, mind_changed]
    assert [kept.review_id for kept in (first, other, mind_changed)] == [1, 2, 3]
    assert replace(first, review_id=None) == SAID
    assert reviews.latest(empty) == {"L1": mind_changed, "L2": other}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"reason": None}, "found none"),
        ({"reason": ""}, "found none"),
        ({"reason": "he said <b>no</b>"}, "found another"),
        ({"decision": "accepted"}, "an acceptance has no reason"),
        ({"decision": "forgotten"}, "expected accepted or refused"),
    ],
)
def test_what_is_no_review_is_refused_and_nothing_is_kept(empty, changed, told):
    with pytest.raises(UseError, match=told) as caught:
        reviews.record(empty, replace(SAID, **changed))
    assert "he said" not in str(caught.value)
    assert reviews.read(empty) == []


def test_a_company_may_have_its_own_list(empty):
    kept = reviews.record(empty, replace(SAID, reason="merger_under_way"), reasons=("merger_under_way",))
    assert reviews.read(empty) == [kept]
    with pytest.raises(UseError):
        reviews.record(empty, SAID, reasons=("merger_under_way",))


def test_nobody_rewrites_a_review(empty):
    reviews.record(empty, SAID)
    with sqlite3.connect(reviews.database(empty)) as connection, pytest.raises(sqlite3.IntegrityError, match="stay"):
        connection.execute("UPDATE review SET decision = 'accepted', reason = NULL")
    connection.close()
    assert reviews.read(empty)[0].decision == "refused"


def test_people_who_decide_at_once_lose_nothing(empty):
    reviews.prepare(empty)
    assert reviews.read(empty) == []
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda n: reviews.record(empty, replace(SAID, lead_id=f"L{n}")), range(60)))
    assert {review.review_id for review in kept} == set(range(1, 61))
    assert sorted(reviews.latest(empty)) == sorted(f"L{n}" for n in range(60))


def test_a_file_that_is_no_database_is_told(empty):
    empty.home.mkdir()
    reviews.database(empty).write_text("no database at all, but long enough to be read as one")
    with pytest.raises(OutsideError, match=r"\.tamis/reviews\.db: expected a database of reviews"):
        reviews.read(empty)


def test_every_reason_has_words_in_both_languages():
    assert all(set(words) == {"en", "fr"} for words in WORDS.values())
    for language in ("en", "fr"):
        told = [refusal(code, language) for code in REFUSAL_REASONS]
        assert len(set(told)) == len(REFUSAL_REASONS) == 11
        assert not any("_" in words for words in told)
