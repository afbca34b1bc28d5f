"""What one declaration stands for: whole features, beside those written out by hand."""

from dataclasses import asdict

import pytest

from features.declare import ALL, NULL_COUNT, about, activity, count, decay, distinct, recency, share, strength, trend
from features.language import NARROW, NBSP
from features.specification import Did, Feature, Level, Recipe, Tally, Text
from features.statements import answers, attribute, column_words, criterion

EN, FR = Did("Asked", "Questions", "No question", "Has not asked"), Did("A demandé", "Demandes")
TALLY = {"en": Tally("thing", "things", "No thing"), "fr": Tally("chose", "choses", "Aucune chose")}
TEXT = {"en": Text("{x} of it", "None", "Not known", "It"), "fr": Text("{x} de cela", "Rien", "Inconnu", "Cela")}
LEVEL = {"en": Level("Visits", "No visit"), "fr": Level("Visites", "Aucune visite")}
YEAR = 365


def words(form, pair, days, **more):
    return {"form": form, "days": days, "en": asdict(pair["en"]), "fr": asdict(pair["fr"]), **more}


def text(number, days):
    return words("text", TEXT, days, number=number)


DID = {"en": EN, "fr": FR}


@pytest.mark.parametrize("source", ["events", "signals", "colleagues", "answers"])
def test_a_count_is_one_feature_per_window(source):
    made = count("demo", "intent", days=(7, 90), types=("demo", "call"), source=source, direction=1, **DID)
    assert made == tuple(
        Feature(
            f"intent__demo_count_{days}d",
            "intent",
            "number",
            "demo",
            NULL_COUNT[source],
            1,
            words("count", DID, days),
            Recipe(source, "count", days, ("demo", "call")),
        )
        for days in (7, 90)
    )


def test_recency_looks_back_a_year_and_answers_a_hundred():
    (seen,), (asked,) = recency("demo", "fit", **DID), recency("need", "intent", types="n", source="answers", **DID)
    assert seen == Feature(
        "fit__demo_recency_days",
        "fit",
        "number",
        "demo",
        "not in the last 365 days",
        0,
        words("recency", DID, YEAR),
        Recipe("events", "recency", YEAR, ("demo",)),
    )
    assert asked == Feature(
        "intent__need_recency_days",
        "intent",
        "number",
        "need",
        "never",
        0,
        words("recency", DID, 100 * YEAR),
        Recipe("answers", "recency", 100 * YEAR, ("n",)),
    )


def test_an_activity_is_its_counts_and_its_recency():
    given = {"types": ("a",), "source": "signals", **DID}
    made = activity("demo", "intent", days=(7, 30), direction=-1, **given)
    assert made == (
        *count("demo", "intent", days=(7, 30), direction=-1, **given),
        *recency("demo", "intent", **given),
    )


def test_different_days_types_and_sessions_are_counted_of_everything_unless_told_otherwise():
    (made,) = distinct("active_days", "engagement", of="days", days=(30,), **TALLY)
    assert made == Feature(
        "engagement__active_days_30d",
        "engagement",
        "number",
        "active_days",
        NULL_COUNT["events"],
        0,
        words("count", TALLY, 30),
        Recipe("events", "days", 30, ALL),
    )
    (team,) = distinct("team", "engagement", of="count", days=(9,), types="view", source="colleagues", **TALLY)
    assert (team.recipe, team.null) == (Recipe("colleagues", "count", 9, ("view",)), NULL_COUNT["colleagues"])
    assert [feature.fact for feature in about("activity", (made, team))] == ["activity", "activity"]


def test_a_decay_names_its_half_life_and_a_trend_both_its_windows():
    (faded,) = decay("activity", "engagement", half_life=14, **TEXT)
    assert faded == Feature(
        "engagement__activity_decay_14d",
        "engagement",
        "number",
        "activity",
        NULL_COUNT["events"],
        0,
        text("number", 0),
        Recipe("events", "decay", YEAR, ALL, half_life_days=14.0),
    )
    (moved,) = trend("visits", "engagement", days=30, against=90, types="visit", **LEVEL)
    assert moved == Feature(
        "engagement__visits_trend_30d",
        "engagement",
        "number",
        "visits_trend",
        "no row in the last 90 days",
        0,
        words("trend", LEVEL, 30, longer_days=90),
        Recipe("events", "trend", 30, ("visit",), longer_days=90),
    )


def test_a_share_is_written_as_a_percentage_and_a_strength_as_a_number():
    (part,) = share("pricing", "intent", types="pricing", of=["pricing", "blog"], days=(90,), **TEXT)
    assert part == Feature(
        "intent__pricing_share_90d",
        "intent",
        "number",
        "pricing_share",
        "no row in the last 90 days",
        0,
        text("percent", 90),
        Recipe("events", "share", 90, ("pricing",), of=("pricing", "blog")),
    )
    (strong,) = strength("signals", "intent", days=(30,), **TEXT)
    assert strong == Feature(
        "intent__signals_strength_30d",
        "intent",
        "number",
        "signals",
        NULL_COUNT["signals"],
        0,
        text("number", 30),
        Recipe("signals", "strength", 30, ALL),
    )


def test_an_answer_has_a_sentence_for_each_level_in_both_languages():
    (made,) = criterion("budget", en="budget", fr="budget", ask=("Which?", "Lequel ?"), types="money")
    assert made == Feature(
        "intent__budget_answer",
        "intent",
        "category",
        "budget",
        "not asked, or answers are not tracked",
        0,
        {
            "form": "levels",
            "en": {
                "label": "Budget",
                "unknown": "Budget not discussed yet",
                "ask": "Which?",
                "levels": {
                    "yes": "Yes about the budget",
                    "no": "No about the budget",
                    "unclear": "Budget discussed without a clear answer",
                },
            },
            "fr": {
                "label": "Budget",
                "unknown": f"Budget{NBSP}: sujet non abordé",
                "ask": f"Lequel{NARROW}?",
                "levels": {
                    "yes": f"Budget{NBSP}: oui",
                    "no": f"Budget{NBSP}: non",
                    "unclear": f"Budget{NBSP}: sujet abordé sans réponse claire",
                },
            },
        },
        Recipe("answers", "criterion", types=("money",)),
    )
    own = {"confirmed": ("Has it", "En a"), "refused": ("Has none", "N'en a pas")}
    (said,) = criterion("budget", en="budget", fr="budget", ask=("", ""), **own)
    assert [said.words[language]["levels"]["yes"] for language in ("en", "fr")] == ["Has it", "En a"]
    assert [said.words[language]["levels"]["no"] for language in ("en", "fr")] == ["Has none", "N'en a pas"]
    assert said.recipe.types == ("budget",)


@pytest.mark.parametrize(("of", "fact"), [("answered", "discovery"), ("confirmed", "criteria_confirmed")])
def test_criteria_are_counted(of, fact):
    assert answers(of, **TALLY) == (
        Feature(
            f"intent__criteria_{of}_count",
            "intent",
            "number",
            fact,
            NULL_COUNT["answers"],
            0,
            words("count", TALLY, 0),
            Recipe("answers", of),
        ),
    )


def test_an_attribute_is_a_category_called_after_its_first_column_unless_told_otherwise():
    told = column_words({"label": "Size"}, {"label": "Taille"})
    assert told == {"form": "attribute", "en": {"label": "Size"}, "fr": {"label": "Taille"}}
    assert column_words({}, {}, "date")["form"] == "date"
    plain = attribute("fit__size", "fit", ["leads.size", "accounts.size"], "value", told)
    both = ("leads.size", "accounts.size")
    assert plain == Feature(
        "fit__size", "fit", "category", "leads.size", "not known", 0, told, Recipe("attributes", "value", columns=both)
    )
    own = attribute("fit__size", "fit", both[:1], "date", told, dtype="number", fact="size", null="never")
    assert (own.dtype, own.fact, own.null, own.recipe.measure) == ("number", "size", "never", "date")
