"""Who of the young teaches, with what label and weight, in a company of two bands of propensity."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from models.learning import Taught
from models.young import Young, teachers
from tests.prose import faults_of

N = 200


@pytest.fixture(scope="module")
def made():
    """Of the cold half deals come evenly over 90 days, of the hot half all on the tenth."""
    hot = np.arange(N) % 2 == 1
    won = np.arange(N) % 4 < 2
    after = np.where(hot, 10.0, np.linspace(1, 90, N, endpoint=False))
    rows = pd.DataFrame(
        {
            "lead_id": [f"M{k}" for k in range(N)],
            "won_after_days": np.where(won, after, np.nan),
            "followed_days": 90.0,
            "is_open": 0,
            "weight": 1.0,
        }
    )
    margin = np.where(hot, 1.0, -1.0) + np.arange(N) * 1e-6
    first = SimpleNamespace(unseen_margin=lambda: margin, margin=lambda frame: frame["x"].to_numpy())
    frame = pd.DataFrame({"x": [-1.0, -1.0, -1.0, 2.0, 2.0, -1.0]}, index=[9, 8, 7, 6, 5, 4])
    waiting = pd.DataFrame(
        {
            "lead_id": list("abcdef"),
            "weight": [1.0, 1.0, 1.0, 5.0, 1.0, 1.0],
            "followed_days": [60.0, 60.0, 60.0, 20.0, 5.0, 5.0],
            "won_after_days": [30.0, np.nan, np.nan, 10.0, np.nan, np.nan],
            "is_open": [0, 1, 0, 1, 1, 1],
        }
    )
    return teachers(first, rows, frame, waiting), first, rows, frame, waiting


def test_wins_of_a_slow_band_stand_for_those_to_come_and_those_of_a_fast_one_for_themselves(made):
    young, _, rows, frame, _ = made
    # Fifty deals in each band; of the cold two thirds are in after 60 days, of the hot all after ten.
    cold = rows["won_after_days"][np.arange(N) % 4 == 0]
    seen = float((cold < 60).mean())
    assert seen == pytest.approx(2 / 3, abs=0.02)
    assert young.taught.lead.tolist() == list("abcd")
    assert young.taught.frame.equals(frame.iloc[:4])
    assert young.taught.y.tolist() == [1.0, 0.0, 0.0, 1.0]
    assert young.taught.w == pytest.approx([1 / seen, 1 - (1 / seen - 1), 1.0, 5.0])
    # After five days one in ten of neither is known.
    assert young.n_left_out == 2
    assert young.curve == [
        {"n_won": 50, "half_days": pytest.approx(float(cold.median())), "n_rows": 3},
        {"n_won": 50, "half_days": 10.0, "n_rows": 1},
    ]


def test_nobody_old_enough_is_nobody(made):
    _, first, rows, frame, waiting = made
    assert teachers(first, rows, frame[4:], waiting[4:]) is None


def test_who_taught_is_told_in_figures_and_words():
    taught = Taught(pd.DataFrame(), np.array([]), np.array([1.0, 0.0] * 600), np.tile([2.5, 0.5], 600))
    young = Young(taught, [{"n_won": 3}], 7)
    assert young.to_dict() == {
        "n_rows": 1200,
        "n_won": 600,
        "weight": 1800.0,
        "weight_won": 1500.0,
        "n_left_out": 7,
        "curve": [{"n_won": 3}],
    }
    note = young.note()
    assert note.code == "young_taught"
    assert note.en.startswith(
        "1,200 snapshots that are not mature taught the deployed trees too, with a total weight of 1,800: the 600 won "
        "so far stand for 1,500."
    )
    assert note.fr.replace("\u202f", " ").startswith(
        "1 200 observations encore immatures ont aussi servi à apprendre, pour un poids total de 1 800 : les 600 déjà "
        "gagnées comptent pour 1 500."
    )
    assert faults_of(note.en) + faults_of(note.fr) == []
