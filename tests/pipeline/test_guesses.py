"""What column names usually mean: every synonym leads back to its column, and only to that of its table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.tables import SCHEMA
from pipeline.guesses import (
    LOST_WORDS,
    OWN_KEY,
    SYNONYMS,
    WON_WORDS,
    canonical,
    family,
    fold,
    is_personal,
    matching,
    outcome_words,
)


def test_synonyms_stand_for_canonical_columns_and_are_folded() -> None:
    columns = {column for table in SCHEMA.values() for column in table}
    assert set(SYNONYMS) <= columns
    assert all(fold(name) == name for names in SYNONYMS.values() for name in names)
    assert all(fold(word) == word for word in (*WON_WORDS, *LOST_WORDS))
    assert not set(WON_WORDS) & set(LOST_WORDS)


@pytest.mark.parametrize("table", SCHEMA)
def test_each_synonym_alone_finds_its_column(table: str) -> None:
    for column in SCHEMA[table]:
        for name in (column, column.upper(), *SYNONYMS.get(column, ())):
            found = canonical([column], ["something", name], OWN_KEY.get(table, ""))
            assert found == {column: name}


def test_each_table_calls_its_own_key_plainly_id() -> None:
    assert canonical(SCHEMA["leads"], ["ID", "Account ID"]) == {"lead_id": "ID", "account_id": "Account ID"}
    assert canonical(SCHEMA["accounts"], ["ID"], "account_id") == {"account_id": "ID"}
    assert canonical(SCHEMA["stages"], ["ID"], "") == {}


def test_a_spelling_of_ours_wins_over_a_synonym_and_no_header_serves_twice() -> None:
    headers = ["Contact ID", "Lead_ID", "Date"]
    found = canonical(SCHEMA["events"], headers, "event_id")
    assert found == {"lead_id": "Lead_ID", "occurred_at": "Date"}


@given(st.lists(st.text(max_size=12), max_size=8), st.sampled_from(sorted(SCHEMA)))
def test_any_headers_are_matched_one_to_one(headers: list[str], table: str) -> None:
    found = canonical(SCHEMA[table], headers)
    assert len(set(found.values())) == len(found)
    assert set(found.values()) <= set(headers)


@given(st.text())
def test_folding_twice_changes_nothing(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Secteur d'activité", None),
        ("Domaine d’activité", None),
        ("Dernière activité", "engagement"),
        ("Demographic group", None),
        ("Demo booked", "intent"),
        ("Demande de devis", "intent"),
        ("pricing_page_views", "intent"),
        ("Ouvertures e-mail", "engagement"),
        ("CA", None),
    ],
)
def test_the_family_follows_from_the_words_of_the_name(header: str, kind: str | None) -> None:
    assert family(header) == kind


@pytest.mark.parametrize(
    ("header", "values", "personal"),
    [
        ("Prénom", [], True),
        ("Adresse e-mail 2", [], True),
        ("Date de naissance", ["1980"], True),
        ("Commentaires", [], True),
        ("Commentaires", ["3", "12"], False),
        ("Mobile", ["0612345678"], True),
        ("x", ["+33 (0)6 12 34 56 78", "06-12-34-56-78", ""], True),
        ("x", ["2025-01-01 10:00", "2025-02-01 11:00"], False),
        ("x", ["0", "01", "123456789"], False),
        ("x", ["one two three four five six"] * 9, False),
        ("x", [f"{n} two three four five six" for n in range(9)], True),
        ("x", ["", " "], False),
    ],
)
def test_names_contact_details_and_free_text_are_personal(header: str, values: list[str], personal: bool) -> None:
    assert is_personal(header, values) == personal


def test_a_word_is_matched_exactly_before_it_is_matched_loosely() -> None:
    assert matching("Gagne", ["gagné", "GAGNE"]) == ("GAGNE",)
    assert matching("Gagne", ["gagné", "perdu"]) == ("gagné",)
    assert matching("1", ["-1", "1.0", "1,00"]) == ("1.0", "1,00")
    assert matching("x", ["y"]) == ()


@given(st.lists(st.text(min_size=1), unique=True, min_size=1, max_size=6), st.data())
def test_every_value_of_the_outcome_means_exactly_one_thing(values: list[str], data: st.DataObject) -> None:
    won = data.draw(st.lists(st.sampled_from(values), unique=True))
    sorted_out = outcome_words(values, won)
    assert sorted(value for kind in sorted_out for value in kind) == sorted(values)
    assert set(won) <= set(sorted_out[0])
