"""What moved a lead between two nights: exact, only facts that changed, the model's part apart."""

from dataclasses import replace

import numpy as np
import pytest

from features.matrix import ColumnSchema, MatrixSchema
from features.specification import Feature
from models.moves import moves
from models.reasons import ReasonTable


def test_facts_and_the_rest_lead_from_one_propensity_to_the_next(trained, world):
    model = trained.model
    for i in range(0, 60, 2):
        then, now = world.frame[i : i + 1], world.frame[i + 1 : i + 2]
        published = float(model.propensity(then)[0]) - 0.013
        found = moves(model, then, now, published, "en")
        total = found.propensity + (found.model_points + sum(f.points for f in found.facts) + found.others) / 100
        assert total == pytest.approx(float(model.propensity(now)[0]), abs=1e-12)
        assert found.model_points == pytest.approx(1.3)


def test_only_facts_that_changed_are_named_and_what_they_were_is_said(trained, world):
    model = trained.model
    then = world.frame[:1].assign(engagement__views_count_30d=0.0, fit__source="ads", fit__employees=50.0)
    now = then.assign(engagement__views_count_30d=9.0)
    found = moves(model, then, now, float(model.propensity(then)[0]), "en")
    assert [fact.code for fact in found.facts] == ["ENGAGEMENT.VIEWS_COUNT_30D"]
    assert found.facts[0].points > 0
    both = moves(model, then, now.assign(fit__source="partner"), 0.1, "fr")
    assert {fact.code for fact in both.facts} == {"ENGAGEMENT.VIEWS_COUNT_30D", "FIT.SOURCE"}
    assert any("(avant\u00a0: ads)" in fact.text for fact in both.facts)


def test_a_change_that_rounding_hides_is_told_once(trained, world, monkeypatch):
    model = trained.model
    column = model.names.index("fit__employees")
    only = ReasonTable(np.array([0, 1]), np.array([column]), np.array([1.5]))
    monkeypatch.setattr("models.moves.top_reasons", lambda *_, **__: only)
    then = world.frame[:1].assign(fit__employees=1000.2)
    (same,) = moves(model, then, then.assign(fit__employees=1000.4), 0.1, "en").facts
    (other,) = moves(model, then, then.assign(fit__employees=2000.0), 0.1, "en").facts
    assert (same.text, other.text) == ("Employees: 1,000", "Employees: 2,000 (before: 1,000)")


def test_a_night_without_news_moves_nothing(trained, world):
    then = world.frame[:1]
    found = moves(trained.model, then, then, float(trained.model.propensity(then)[0]), "en")
    assert (found.facts, found.others, found.model_points) == ((), 0.0, 0.0)


@pytest.mark.parametrize(("points", "told"), [(0.5, "Called 64 days ago"), (-0.5, "No call for 64 days")])
def test_what_is_in_favour_is_told_as_done_however_little_it_moves(small_model, small_frame, monkeypatch, points, told):
    words = {"form": "recency", "days": 365, "en": {"done": "Called", "noun": "calls", "none": "No call"}}
    called = Feature("engagement__call_recency_days", "engagement", "number", "call", "never", words=words)
    schema = MatrixSchema((ColumnSchema(called, None), small_model.schema.columns[1]))
    model = replace(small_model, schema=schema)
    only = ReasonTable(np.array([0, 1]), np.array([0]), np.array([points]))
    monkeypatch.setattr("models.moves.top_reasons", lambda *_, **__: only)
    now = small_frame[:1].rename(columns={small_frame.columns[0]: called.name}).assign(**{called.name: 64.0})
    then = now.assign(**{called.name: 2.0})
    (fact,) = moves(model, then, now, 0.1, "en").facts
    assert (fact.text, fact.code, fact.family, fact.points) == (
        f"{told} (before: 2 days)",
        "ENGAGEMENT.CALL_RECENCY_DAYS",
        "engagement",
        points,
    )
