"""What a points grid is right about, and opportunities beside deals, each beside what is counted by hand."""

import numpy as np
import pandas as pd
import pytest

from features.matrix import ColumnSchema, MatrixSchema
from features.specification import Feature
from models.points import PointsGrid, PointsRule
from models.points_verdict import judge_rules
from models.sample import Sample
from models.swap_set import swap_set
from pipeline.grid_words import verdict_sentences
from pipeline.language import fixed

N = 2000
RNG = np.random.default_rng(4)
DEMO, NOISE, COUNTRY = RNG.random(N) < 0.3, RNG.random(N) < 0.5, RNG.choice(["FR", "US"], N)
Y = (RNG.random(N) < np.where(DEMO, 0.4, 0.1) * np.where(COUNTRY == "FR", 1.0, 0.3)).astype(float)
FRAME = pd.DataFrame({"demo": DEMO.astype(float), "noise": NOISE.astype(float), "country": COUNTRY})
SAMPLE = Sample(np.arange(N), np.zeros(N), np.where(DEMO, 0.4, 0.1) + RNG.random(N) / 100, Y, np.ones(N))
RULES = (
    PointsRule("demo", 20, at_least=1),
    PointsRule("demo", -10, at_least=1),
    PointsRule("noise", 15, at_least=1),
    PointsRule("country", -10, equals=("FR",), outside=True),
    PointsRule("demo", 5, at_least=7),
)


def test_rules_are_right_wrong_or_unproven_as_their_leads_convert():
    found = judge_rules(PointsGrid(RULES, 20), FRAME, SAMPLE)
    assert [one["verdict"] for one in found] == ["right", "wrong", "unproven", "right", "unproven"]
    assert found[0]["n"] == DEMO.sum()
    assert found[0]["conversion"] == pytest.approx(Y[DEMO].mean())
    assert found[0]["others"] == pytest.approx(Y[~DEMO].mean())
    assert found[-1]["conversion"] is None


def test_opportunities_are_counted_at_the_passage_as_deals_are():
    points = PointsGrid(RULES[2:3], 15).points(FRAME)
    same = swap_set(SAMPLE, points, 15, 20, 0, Y)
    assert same["opportunities"] == {name: same["wins"][name] for name in ("model", "points")}
    everybody = swap_set(SAMPLE, points, 15, 20, 0, np.ones(N))["opportunities"]
    assert everybody["model"] == pytest.approx(NOISE.sum())
    assert everybody["points"] == NOISE.sum()
    assert swap_set(SAMPLE, points, 15, 20, 0)["opportunities"] is None
    assert swap_set(SAMPLE, points, 99, 20, 0, Y)["opportunities"] is None


@pytest.mark.parametrize(
    ("language", "right", "wrong", "alone"),
    [
        (
            "en",
            "Where your points grid is right",
            "Where your points grid is wrong",
            "leads that only your points grid",
        ),
        ("fr", "Là où votre grille de points a raison", "a tort", "leads que seule votre grille de points"),
    ],
)
def test_a_reader_learns_where_the_grid_is_right_and_what_only_it_finds(language, right, wrong, alone):
    words = {
        "en": {"label": "Demo requests"},
        "fr": {"label": "Demandes de démo"},
        "form": "attribute",
    }
    feature = Feature("demo", "intent", "number", "demo", "none", 0, words)
    schema = MatrixSchema((ColumnSchema(feature, None),))
    grid = PointsGrid(RULES, 20)
    swap = swap_set(SAMPLE, grid.points(FRAME), 15, 20, 0)
    told = verdict_sentences(
        {"name": "settings", "rules": judge_rules(grid, FRAME, SAMPLE), "swap_set": swap}, schema, language
    )
    assert [sentence.startswith(start) for sentence, start in zip(told, (right,), strict=False)] == [True]
    assert wrong in told[1]
    assert "+20 " in told[0]
    assert "−10 " in told[1]
    assert alone in told[2]
    assert fixed(swap["out_by_model"]["n"], language) in told[2]
    assert verdict_sentences({"name": "settings", "swap_set": None}, schema, language) == []
