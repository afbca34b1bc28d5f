"""What cannot be known is said in both languages, and only what applies."""

import numpy as np
import pandas as pd
import pytest

from models.contacted import Decided, weigh
from pipeline.unknown_words import LOUD, unknown

NEVER = np.nan
BEFORE, ABOVE, CLOSED, SPARED = (NEVER, 0, 0, 0, NEVER), (9, 1, 1, 1, NEVER), (9, 0, 0, 0, NEVER), (9, 0, 0, 1, NEVER)
DRAWN, LEFT, CALLED = (9, 1, 0.1, 1, NEVER), (9, 0, 0.1, 1, NEVER), (9, 0, 0.1, 1, 12)


def said(*groups):
    """Codes and notes for (row, how many leads, how many of them won)."""
    log = [row for row, n, _ in groups for _ in range(n)]
    label = [int(i < won) for _, n, won in groups for i in range(n)]
    at, handed, p, could, contacted = (np.array(column, dtype=float) for column in zip(*log, strict=True))
    found = Decided(at, handed == 1, p, could == 1, contacted, np.full(len(log), 99.0))
    rows = pd.DataFrame({"lead_id": [f"L{i}" for i in range(len(log))], "label": label})
    notes = unknown(weigh(rows, found).facts)
    for note in notes:
        assert not {"{", "}"} & set(note.en + note.fr)
        assert note.en != note.fr
    return [note.code for note in notes], {note.code: note for note in notes}


@pytest.mark.parametrize(
    ("groups", "codes"),
    [
        ([(BEFORE, 5, 1)], ["chosen_by_people"]),
        ([(ABOVE, 5, 1)], []),
        ([(ABOVE, 5, 1), (CLOSED, 5, 0)], ["closed_loop"]),
        ([(CLOSED, 5, 0), (LEFT, 40, 0)], ["too_few_explored"]),
        ([(CLOSED, 5, 0), (DRAWN, 29, 3), (LEFT, 40, 0)], ["too_few_explored"]),
        ([(CLOSED, 5, 0), (DRAWN, 30, 3), (LEFT, 40, 0)], ["closed_aside", "explored"]),
        ([(DRAWN, 30, 3), (LEFT, 900, 8)], ["explored", "left_aside_few_won"]),
        ([(DRAWN, 30, 3), (LEFT, 900, 10)], ["explored", "left_aside_won"]),
        ([(DRAWN, 30, 3), (LEFT, 40, 0), (CALLED, 2, 0)], ["explored", "contacted_anyway"]),
        ([(BEFORE, 1, 0), (SPARED, 7, 0)], ["chosen_by_people", "spared"]),
    ],
)
def test_only_what_applies_is_said(groups, codes):
    assert said(*groups)[0] == codes


def test_sentences_hold_the_figures():
    _, closed = said((ABOVE, 250, 20), (CLOSED, 750, 0))
    assert "75% of the snapshots (750)" in closed["closed_loop"].en
    assert "75\u00a0% des observations (750)" in closed["closed_loop"].fr
    assert "closed_loop" in LOUD
    _, explored = said((DRAWN, 50, 5), (LEFT, 950, 0))
    assert "50 leads below the threshold" in explored["explored"].en
    assert "5 were won (10%, 95% interval 4.3% to 21.4%)" in explored["explored"].en
    assert "They stand for 950 leads left aside" in explored["explored"].en
    assert (
        "a snapshot weighs 10 at most, lest a few decide for all, and all together are worth 50 of equal weight"
        in explored["explored"].en
    )
    assert "explored" not in LOUD
