"""Each form of words with as few as it needs: what is said at its edges, in both languages."""

import pytest

from features.language import NBSP
from features.specification import Feature
from features.words import LONGEST, before, comparison, label, sentence, with_remark


def spoken(form, number="", days=0, **words):
    """A feature with few words, the same in both languages."""
    told = {"form": form, "number": number, "days": days, "longer_days": 90, "en": words, "fr": words}
    return Feature("fit__x", "fit", "number", "x", "not known", words=told)


SEATS = spoken("attribute", label="Seats", unit="seats", unit_one="seat")
BARE = Feature("fit__lead_score", "fit", "number", "lead_score", "not known")


@pytest.mark.parametrize(
    ("feature", "value", "english", "french"),
    [
        # Without words of its own for it, what is not known is said of the name.
        (spoken("attribute", label="size"), None, "Size: not known", f"Size{NBSP}: information absente"),
        (spoken("levels", label="size", levels={}), None, "Size: not known", f"Size{NBSP}: information absente"),
        (spoken("count", noun="visits"), None, "Visits: not known", f"Visits{NBSP}: information absente"),
        (spoken("count", many="visits"), None, "Visits: not known", f"Visits{NBSP}: information absente"),
        (spoken("date", label="Trial"), None, "Trial: not known", f"Trial{NBSP}: information absente"),
        (BARE, None, "Lead score: not known", f"Lead score{NBSP}: information absente"),
        (BARE, float("nan"), "Lead score: not known", f"Lead score{NBSP}: information absente"),
        (BARE, "(other)", "Lead score: other", f"Lead score{NBSP}: autre"),
        # One thing has a unit of its own; in French so has none.
        (SEATS, 1.0, "Seats: 1 seat", f"Seats{NBSP}: 1 seat"),
        (SEATS, 0.0, "Seats: 0 seats", f"Seats{NBSP}: 0 seat"),
        (SEATS, 2.0, "Seats: 2 seats", f"Seats{NBSP}: 2 seats"),
        (spoken("attribute", label="Seats"), 2.0, "Seats: 2", f"Seats{NBSP}: 2"),
        (spoken("attribute", "percent", label="Churn"), 0.125, "Churn: 12.5%", f"Churn{NBSP}: 12,5{NBSP}%"),
        (spoken("text", "percent", some="{x} of it", zero="none", unknown="?"), 0.5, "50% of it", f"50{NBSP}% of it"),
        (spoken("text", "days", some="{x} old", zero="new", unknown="?"), 3.0, "3 days old", "3 jours old"),
        (spoken("text", "number", some="{x} old", zero="", unknown="?"), 0.0, "0 old", "0 old"),
        (spoken("text", days=7, some="{x} {window}"), 2.0, "2 in the last 7 days", "2 ces 7 derniers jours"),
    ],
)  # fmt: skip
def test_whatever_a_feature_says_of_itself_is_enough_for_a_sentence(feature, value, english, french):
    assert (sentence(feature, value, "en"), sentence(feature, value, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (0.8, "Visits stable over the last 30 days", "Visits stable sur les 30 derniers jours"),
        (1.25, "Visits stable over the last 30 days", "Visits stable sur les 30 derniers jours"),
        (
            1.26,
            "Visits up: about 1.3 times the level of the 60 days before",
            f"Visits en hausse{NBSP}: environ 1,3 fois le niveau des 60 jours précédents",
        ),
        (
            0.79,
            "Visits down: about 79% of the level of the 60 days before",
            f"Visits en baisse{NBSP}: environ 79{NBSP}% du niveau des 60 jours précédents",
        ),
        (None, "No visit in the last 90 days", "No visit ces 90 derniers jours"),
    ],
)
def test_a_trend_is_stable_within_a_fifth_down_and_a_quarter_up(value, english, french):
    feature = spoken("trend", days=30, noun="Visits", none="No visit")
    assert (sentence(feature, value, "en"), sentence(feature, value, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("days", "value", "in_favour", "english", "french"),
    [
        (365, 30.9, False, "No call for 30 days", "No call depuis 30 jours"),
        (365, 30.0, False, "Called 30 days ago", "Called il y a 30 jours"),
        (365, 30.9, True, "Called 30 days ago", "Called il y a 30 jours"),
        (365, None, False, "No call in the last 12 months", "No call ces 12 derniers mois"),
        (10_001, None, False, "No call yet", "No call à ce jour"),
        (10_000, None, False, "No call in the last 10000 days", "No call ces 10000 derniers jours"),
    ],
)
def test_what_happened_more_than_a_month_ago_is_told_as_missing_since(days, value, in_favour, english, french):
    feature = spoken("recency", days=days, done="Called", noun="calls", none="No call")
    told = [sentence(feature, value, language, in_favour=in_favour) for language in ("en", "fr")]
    assert told == [english, french]


@pytest.mark.parametrize(
    ("feature", "name", "nom"),
    [
        (spoken("count", days=30, noun="visits"), "Visits, last 30 days", "Visits, 30 derniers jours"),
        (spoken("text", days=7, label="share"), "Share, last 7 days", "Share, 7 derniers jours"),
        (spoken("count", noun="visits"), "Visits", "Visits"),
        (spoken("recency", days=365, noun="visits"), "Visits, days since the last", "Visits, jours écoulés"),
        (spoken("trend", days=30, noun="visits"), "Visits, trend", "Visits, tendance"),
        (spoken("date", label="trial"), "Trial (days)", "Trial (jours)"),
        (spoken("attribute", days=30, label="size"), "Size", "Size"),
        (spoken("count", many="things"), "Things", "Things"),
        (spoken("levels", label="size", noun="other"), "Size", "Size"),
        (BARE, "Lead score", "Lead score"),
    ],
)
def test_a_feature_is_named_by_its_label_its_noun_or_its_plural_and_by_what_it_measures(feature, name, nom):
    assert (label(feature, "en"), label(feature, "fr")) == (name, nom)


@pytest.mark.parametrize(
    ("feature", "value", "english", "french"),
    [
        (spoken("count"), 3.0, "before: 3", f"avant{NBSP}: 3"),
        (spoken("recency"), 14.2, "before: 14 days", f"avant{NBSP}: 14 jours"),
        (spoken("date"), 1.0, "before: 1 day", f"avant{NBSP}: 1 jour"),
        (spoken("text", "days"), 2.0, "before: 2 days", f"avant{NBSP}: 2 jours"),
        (spoken("attribute", "percent"), 0.5, "before: 50%", f"avant{NBSP}: 50{NBSP}%"),
        (spoken("levels", levels={"yes": "Yes to it"}), "yes", "before: yes to it", f"avant{NBSP}: yes to it"),
        (spoken("attribute"), "trade_show", "before: trade show", f"avant{NBSP}: trade show"),
        (spoken("trend"), 2.0, "", ""),
        (spoken("count"), None, "", ""),
        (spoken("count"), float("nan"), "", ""),
        (BARE, 5.0, "before: 5", f"avant{NBSP}: 5"),
    ],
)
def test_what_a_value_was_is_told_in_its_own_unit(feature, value, english, french):
    assert (before(feature, value, "en"), before(feature, value, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("feature", "average", "english", "french"),
    [
        (spoken("count"), 0.44, "your average lead: 0.4", f"votre lead moyen{NBSP}: 0,4"),
        (spoken("count"), 0.1, "your average lead: 0.1", f"votre lead moyen{NBSP}: 0,1"),
        (spoken("count"), 0.09, "your average lead: under 0.1", f"votre lead moyen{NBSP}: moins de 0,1"),
        (spoken("text", "percent"), 0.087, "your average lead: 9%", f"votre lead moyen{NBSP}: 9{NBSP}%"),
        (spoken("text", "number"), 2.0, "your average lead: 2", f"votre lead moyen{NBSP}: 2"),
        (spoken("text", "days"), 2.0, "", ""),
        (spoken("recency"), 2.0, "", ""),
        (spoken("attribute"), 2.0, "", ""),
        (spoken("count"), None, "", ""),
        (BARE, 2.0, "", ""),
    ],
)
def test_counts_and_shares_are_told_beside_the_average_lead(feature, average, english, french):
    assert (comparison(feature, average, "en"), comparison(feature, average, "fr")) == (english, french)


def test_a_remark_stands_where_the_line_holds_it():
    text = "x" * (LONGEST - 7)
    assert with_remark(text, "abcd") == f"{text} (abcd)"
    assert with_remark(text, "abcde") == text
    long = spoken("text", some="y" * 200, zero="", unknown="?")
    assert sentence(long, 1.0, "en") == "y" * (LONGEST - 1) + "…"
    assert sentence(spoken("text", some="y" * LONGEST, zero="", unknown="?"), 1.0, "en") == "y" * LONGEST
    assert sentence(BARE, "z" * 61, "en") == f"Lead score: {'z' * 59}…"
    assert sentence(BARE, "z" * 60, "en") == f"Lead score: {'z' * 60}"
