from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from features.specification import Feature
from models.blend import BLEND, RECENT, SHRUNK, TREES, Choice, Unseen, choose
from models.learner_notes import learner_notes
from tests.prose import faults_of


def _block(n, slope, *, seed, shift=0.0, error=1.0, free=1.0, recent=3.0, shrunk=3.0):
    """Trees that err by a noise of their own, regressions that err by others."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1, 1, n)
    y = (rng.random(n) < expit(truth)).astype(float)
    members = np.column_stack(
        [
            truth + error * rng.normal(size=n),
            *(slope * truth + size * rng.normal(size=n) for size in (free, recent, shrunk)),
        ]
    )
    members += shift
    return Unseen(members, np.arange(n), y, np.ones(n))


def test_two_that_err_apart_are_better_together():
    found = choose([_block(4000, 1.0, seed=1), _block(4000, 1.0, seed=2)])
    assert found.mix == BLEND
    assert found.blend < min(found.trees, found.logistic) - found.noise


def test_the_regression_that_forgets_is_taken_where_it_errs_less():
    found = choose([_block(4000, 1.0, seed=1, recent=0.5), _block(4000, 1.0, seed=2, recent=0.5)])
    assert found.mix == RECENT
    assert found.best_blend == found.recent < found.blend < found.trees


def test_the_shrunk_regression_is_taken_only_where_no_free_one_helps():
    alone = choose([_block(4000, 1.0, seed=1, free=3.0, shrunk=0.5)])
    assert alone.mix == SHRUNK
    assert alone.best_blend == alone.shrunk < alone.trees - alone.noise < min(alone.blend, alone.recent)
    # The shrunk one errs less here too, but the free one is shown to help.
    both = choose([_block(4000, 1.0, seed=1, shrunk=0.5)])
    assert both.mix == BLEND
    assert both.shrunk < both.blend == both.best_blend < both.trees - both.noise


def test_a_gain_within_its_noise_is_no_reason_to_blend():
    found = choose([_block(60, 1.0, seed=6, error=0.7)])
    assert 0 < found.trees - found.blend < found.noise
    assert found.mix == TREES


def test_the_level_of_conversion_decides_nothing():
    here, shifted = (choose([_block(3000, 1.0, seed=3, shift=shift)]) for shift in (0.0, 2.0))
    assert shifted.trees == pytest.approx(here.trees, abs=1e-3)
    assert shifted.mix == here.mix


def test_weights_act_as_repetitions_in_the_losses():
    block = _block(500, 1.0, seed=4)
    twice = Unseen(np.repeat(block.members, 2, axis=0), np.repeat(block.lead, 2), np.repeat(block.y, 2), np.ones(1000))
    heavy = choose([replace(block, w=np.full(500, 2.0))])
    assert heavy.trees == pytest.approx(choose([twice]).trees, abs=1e-3)


def test_rows_of_one_lead_are_no_new_evidence():
    block = _block(500, 1.0, seed=4)
    repeated = Unseen(*(np.repeat(part, 9, axis=0) for part in (block.members, block.lead, block.y, block.w)))
    assert choose([repeated]).noise == pytest.approx(choose([block]).noise, rel=0.02)


MONTH = Feature("fit__month", "fit", "category", "month", "not known")


@pytest.mark.parametrize(
    ("choice", "telling", "codes"),
    [
        (Choice(TREES, 0.30, 0.31, 0.30, 0.31, 0.30, 0.01), (), []),
        (Choice(TREES, 0.30, 0.29, 0.295, 0.31, 0.30, 0.01), (), ["logistic_ahead"]),
        (Choice(BLEND, 0.30, 0.29, 0.28, 0.31, 0.30, 0.01), (MONTH,), ["logistic_ahead", "tells_time"]),
        (Choice(BLEND, 0.30, 0.31, 0.28, 0.31, 0.30, 0.01), (), ["blended"]),
        (Choice(RECENT, 0.30, 0.31, 0.29, 0.28, 0.30, 0.01), (), ["blended"]),
        (Choice(SHRUNK, 0.30, 0.31, 0.30, 0.31, 0.27, 0.01), (), ["blended"]),
        (Choice(TREES, 0.30, 0.31, 0.30, 0.31, 0.30, 0.01), (MONTH,), ["tells_time"]),
    ],
)
def test_the_notes_say_who_was_ahead_and_what_was_done(choice, telling, codes):
    notes = learner_notes(choice, telling, forward=True)
    assert [note.code for note in notes] == codes
    for note in notes:
        assert note.en != note.fr
        assert "0." not in note.fr
        assert faults_of(note.en) + faults_of(note.fr) == []
    random = learner_notes(choice, telling, forward=False)
    assert all("later leads" not in note.en and "plus récents" not in note.fr for note in random)
    assert [fault for note in random for fault in faults_of(note.en) + faults_of(note.fr)] == []
