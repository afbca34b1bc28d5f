"""Numbers and delays at the edges where their writing changes, in both languages."""

import pytest

from features.language import NARROW, NBSP, ago, lower_first, number, percent, quoted, span, times, window


@pytest.mark.parametrize(
    ("value", "en", "fr"),
    [
        (0.99994, "0.9999", "0,9999"),
        (1.004, "1", "1"),
        (99.994, "99.99", "99,99"),
        (100.04, "100", "100"),
        (100.06, "100.1", "100,1"),
        (999.94, "999.9", "999,9"),
        (1000.4, "1,000", f"1{NARROW}000"),
        (-0.00001, "0", "0"),
        (-1234.5, "-1,234", f"-1{NARROW}234"),
        (1_250_000.0, "1,250,000", f"1{NARROW}250{NARROW}000"),
    ],
)
def test_numbers_have_three_figures_at_least(value, en, fr):
    assert (number(value, "en"), number(value, "fr")) == (en, fr)


def test_thousands_are_apart_wherever_a_number_is_written():
    assert (times(1200, "en"), times(1200, "fr")) == ("1,200 times", f"1{NARROW}200 fois")
    assert (times(2, "fr"), times(1, "fr")) == ("2 fois", "une fois")
    assert (percent(12.5, "en"), percent(12.5, "fr")) == ("1,250%", f"1{NARROW}250{NBSP}%")
    assert (span(800_000, "en"), span(800_000, "fr")) == ("2,190 years", f"2{NARROW}190 ans")


@pytest.mark.parametrize(
    ("days", "en", "fr"),
    [
        (0.99, "less than a day", "moins d'un jour"),
        (1.0, "1 day", "1 jour"),
        (2.0, "2 days", "2 jours"),
        (730.9, "730 days", "730 jours"),
        (731.0, "2 years", "2 ans"),
        (1095.0, "2 years", "2 ans"),
        (1096.0, "3 years", "3 ans"),
    ],
)
def test_a_duration_is_told_in_days_and_from_two_years_on_in_years(days, en, fr):
    assert (span(days, "en"), span(days, "fr")) == (en, fr)


def test_what_is_less_than_a_day_ago_may_be_read_tomorrow():
    assert (ago(0.99, "en"), ago(0.99, "fr")) == ("in the last 24 hours", "ces dernières 24 heures")
    assert (ago(1, "en"), ago(1, "fr")) == ("1 day ago", "il y a 1 jour")


def test_years_of_a_window_are_told_in_months():
    assert (window(365, "en"), window(730, "fr")) == ("in the last 12 months", "ces 24 derniers mois")
    assert (window(364, "en"), window(1, "en")) == ("in the last 364 days", "in the last 24 hours")
    assert (window(90, "fr"), window(1, "fr")) == ("ces 90 derniers jours", "ces dernières 24 heures")


def test_an_acronym_keeps_its_capitals():
    assert (lower_first("CRM exports"), lower_first("Exports")) == ("CRM exports", "exports")


def test_what_is_of_the_source_is_quoted_as_the_language_does():
    assert (quoted("a", "en"), quoted("a", "fr")) == ("“a”", f"«{NBSP}a{NBSP}»")
