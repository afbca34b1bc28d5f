"""What a rollback returns to."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.promotions import Promotion, former


def promote(history: list[Promotion], number: int) -> None:
    previous = history[-1].number if history else None
    if previous != number:
        history.append(Promotion(number, previous, len(history), "ana", "because"))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.data())
def test_rollbacks_walk_back_through_every_champion_in_the_order_they_were_promoted(numbers, data):
    history: list[Promotion] = []
    for number in numbers:
        promote(history, number)
    champions = [move.number for move in history]
    for expected in reversed(champions[:-1]):
        now = history[-1].number
        target = former(history, now, set(numbers))
        assert target == expected
        history.append(Promotion(target, now, len(history), "luc", "undo", is_rollback=True))
    assert former(history, history[-1].number, set(numbers)) is None


def test_a_promotion_after_a_rollback_forgets_what_was_undone():
    history: list[Promotion] = []
    promote(history, 1)
    promote(history, 2)
    history.append(Promotion(1, 2, 2, "luc", "undo", is_rollback=True))
    promote(history, 3)
    assert former(history, 3, {1, 2, 3}) == 1


def test_an_alias_moved_by_hand_is_undone_to_the_last_champion_on_record():
    history: list[Promotion] = []
    promote(history, 1)
    promote(history, 2)
    assert former(history, 9, {1, 2, 9}) == 2


def test_a_promotion_over_an_alias_moved_by_hand_keeps_that_champion_as_the_former_one():
    history = [Promotion(1, None, 0, "ana", "first"), Promotion(3, 9, 1, "ana", "better")]
    assert former(history, 3, {1, 3, 9}) == 9
    assert former(history, 3, {1, 3}) == 1


@given(st.text(), st.text())
def test_a_record_survives_its_own_text(by, why):
    move = Promotion(2, 1, 1_790_000_000, by, why)
    assert Promotion.load(move.dump()) == move
