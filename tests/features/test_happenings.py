"""Timelines in words: every declared type has its sentence, no type is shown bare."""

import pytest

from features.catalogue import DECLARED
from features.happenings import happening

TYPES = sorted(
    {
        (type_, feature.recipe.source)
        for feature in DECLARED
        if feature.recipe and feature.recipe.measure == "count" and feature.recipe.source in ("events", "signals")
        for type_ in feature.recipe.types
    }
)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("type_", "source"), TYPES)
def test_every_declared_type_is_told_once_and_many_times(type_, source, language):
    once, often = (happening(type_, source, n, DECLARED, language) for n in (1, 4))
    assert "_" not in once + often
    assert once[0].isupper() or once[0] in "“«"
    assert "4" in often
    assert len(often) < 120


def test_the_words_are_those_of_the_narrowest_fact():
    assert happening("demo_request", "events", 1, DECLARED, "en") == "Requested a demo"
    assert happening("demo_request", "events", 2, DECLARED, "fr") == "A demandé une démo 2 fois"
    assert happening("job_change", "signals", 2, DECLARED, "en") == "2 job changes at the company"


@pytest.mark.parametrize(("type_", "shown"), [("booth_visit", "“booth visit”"), ("<b>", "“‹b›”"), ("=1+1", "“=1+1”")])
def test_a_type_that_nobody_declared_is_quoted_and_harmless(type_, shown):
    assert happening(type_, "events", 1, DECLARED, "en") == shown
