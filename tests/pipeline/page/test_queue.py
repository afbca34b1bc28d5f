"""Views: the right leads in the right order, page after page, whatever is asked."""

import itertools

import pytest

from pipeline.page.library import Library
from pipeline.page.queue import Place, View, colleagues, everything, fetch, lead, match
from pipeline.reviews import Review, record
from tests.demos import DEMO_NOW
from tests.served import copied

NOW = DEMO_NOW + 24 * 3600


@pytest.fixture(scope="module")
def index(page_made):
    return Library(page_made.workspace, 36).current()


@pytest.fixture(scope="module")
def table(index):
    return [dict(row) for row in index.connection.execute("SELECT * FROM lead")]


def walked(index, view, size=7):
    """All leads of a view, page by page forwards, then the same backwards."""
    pages, place = [], None
    while True:
        page = fetch(index, view, NOW, place, size)
        pages.append(page)
        if page.after is None:
            break
        place = Place.read(page.after.write(), view.order)
    back, place = [pages[-1]], pages[-1].before
    while place is not None:
        page = fetch(index, view, NOW + 5, Place.read(place.write(), view.order), size)
        back.append(page)
        place = page.before
    forwards = [row["place"] for page in pages for row in page.rows]
    assert [row["place"] for page in reversed(back) for row in page.rows] == forwards
    return forwards


@pytest.mark.parametrize("sort", ["value", "propensity", "due"])
def test_pages_hold_every_lead_to_call_once_the_late_ones_first(index, table, sort):
    orders = {
        "value": lambda row: row["place"],
        "propensity": lambda row: (row["rank"], row["place"]),
        "due": lambda row: (row["due"], row["place"]),
    }
    calls = [row for row in table if row["decision"] == 0]
    middle = sorted(row["due"] for row in calls)[len(calls) // 2]
    expected = sorted(calls, key=lambda row: (row["due"] >= NOW, orders[sort](row)))
    assert walked(index, View(sort=sort)) == [row["place"] for row in expected]
    assert min(row["due"] for row in calls) <= middle
    page = fetch(index, View(sort=sort), NOW)
    assert (page.n, page.n_late) == (len(calls), sum(row["due"] < NOW for row in calls))


def test_filters_are_and(index, table):
    for names in itertools.combinations(("owner", "band", "family", "channel"), 2):
        chosen = {name: index.choices[name][0][1] for name in names}
        numbers = {name: index.number(name, text) for name, text in chosen.items()}
        expected = {
            row["place"] for row in table if row["decision"] == 0 and all(row[k] == v for k, v in numbers.items())
        }
        assert set(walked(index, View(filters=chosen), size=20)) == expected
    assert fetch(index, View(filters={"owner": "nobody"}), NOW).rows == []


def test_all_leads_are_ordered_by_propensity_too(index, table):
    places = walked(index, View(show="all", sort="propensity"), size=100)
    assert places == [row["place"] for row in sorted(table, key=lambda row: (row["rank"], row["place"]))]
    assert [row["place"] for row in everything(index, index.connection, View(show="all"), NOW)] == sorted(places)


def test_search_needs_no_accents_and_finds_beginnings_of_names_companies_and_numbers(index, table):
    accented = next(row for row in table if row["name"] and "é" in row["name"] and row["company"])
    plain = accented["name"].replace("é", "e").replace("ë", "e").lower()
    found = fetch(index, View(show="all", search=plain), NOW).rows
    assert accented["place"] in {row["place"] for row in found}
    start = accented["company"].split()[1][:4]
    assert accented["place"] in walked(index, View(show="all", search=start), size=50)
    assert [row["lead_id"] for row in fetch(index, View(show="all", search=accented["lead_id"]), NOW).rows] == [
        accented["lead_id"]
    ]
    places = walked(index, View(show="all", search="e"), size=50)
    assert places == sorted(places)


@pytest.mark.parametrize(
    "search", ['"', "* OR *", "name:x", "NEAR(a b)", "a AND", "'; DROP TABLE lead; --", "(", "\x00", "é" * 500, "!!"]
)
def test_no_search_is_taken_for_an_order(index, search):
    assert fetch(index, View(show="all", search=search), NOW).rows == [] or match(search) != '""'


def test_an_owner_sees_nothing_of_others(index, table):
    owner = index.choices["owner"][0][1]
    number = index.number("owner", owner)
    mine = {row["place"] for row in table if row["owner"] == number}
    assert set(walked(index, View(show="all", owner=owner), size=60)) == mine
    other = index.choices["owner"][1][1]
    assert set(walked(index, View(show="all", owner=owner, filters={"owner": other}), size=60)) == mine
    theirs = next(row for row in table if row["owner"] != number)
    assert lead(index, theirs["key"].hex(), owner) is None
    assert lead(index, theirs["key"].hex(), None)["lead_id"] == theirs["lead_id"]
    assert lead(index, theirs["key"].hex(), "nobody at all") is None
    assert lead(index, theirs["lead_id"], None) is None


def test_colleagues_of_other_owners_are_counted_only(index, table):
    by_account = {}
    for row in table:
        by_account.setdefault(row["account"], []).append(row)
    account, rows = max(((a, r) for a, r in by_account.items() if a), key=lambda item: len(item[1]))
    assert len(rows) > 1
    shown, n_more = colleagues(index, rows[0], None)
    assert {row["place"] for row in shown} == {row["place"] for row in rows if row["place"] != rows[0]["place"]}
    assert n_more == 0
    assert account == rows[0]["account"]
    shown, n_more = colleagues(index, rows[0], "nobody")
    assert shown == []
    assert n_more == len(rows) - 1


def test_a_refused_lead_leaves_the_queue_and_comes_back_when_it_is_accepted(page_made, tmp_path):
    made = copied(page_made, tmp_path)
    index = Library(made.workspace, 36).current()
    first, second = fetch(index, View(), NOW, size=2).rows
    said = Review(first["lead_id"], NOW, "ana", "refused", "no_need", index.run["run_id"], "1", 0.4, 0.1)
    record(made.workspace, said)
    page = fetch(index, View(), NOW, size=2)
    assert page.rows[0]["place"] == second["place"]
    assert [row["place"] for row in fetch(index, View(show="refused"), NOW).rows] == [first["place"]]
    assert fetch(index, View(show="all", search=first["lead_id"]), NOW).rows[0]["decided"] == "refused"
    record(made.workspace, Review(first["lead_id"], NOW, "ana", "accepted", None, "r", "1", 0.4, 0.1))
    assert fetch(index, View(), NOW, size=2).rows[0]["decided"] == "accepted"
    assert fetch(index, View(show="refused"), NOW).rows == []
    assert [row["place"] for row in fetch(index, View(show="accepted"), NOW).rows] == [first["place"]]


@pytest.mark.parametrize("text", ["", "n-1", "n-1-2-3", "x-1-0-3", "n-1-0-3-4", "n-1-0-9999999999999", "n--1-0-3"])
def test_a_place_that_is_none_is_the_first_page(text):
    assert Place.read(text, "value") is None
