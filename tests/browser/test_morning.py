"""A sales manager's morning in real Chromium: find, read, decide, change the language, print, by keyboard alone."""

import unicodedata

import pytest
from axe_playwright_python.sync_playwright import Axe

from pipeline import reviews
from pipeline.page.queue import View, fetch
from tests.demos import DEMO_NOW

NOW = DEMO_NOW + 8 * 3600


def unaccented(text):
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign)).lower()


def calls(served):
    """Leads to call whose name has accents and is borne by nobody else."""
    rows = fetch(served.index, View(), NOW, size=2000).rows
    names = [row["name"] for row in rows]
    return [
        row
        for row in rows
        if row["name"] and unaccented(row["name"]) != row["name"].lower() and names.count(row["name"]) == 1
    ]


def test_find_a_lead_without_its_accents_read_why_refuse_it_and_see_it_leave(page, served):
    row = calls(served)[0]
    page.get_by_role("searchbox").fill(unaccented(row["name"]))
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("link", name=row["name"]).first.click()
    assert page.get_by_role("heading", level=1).inner_text() == row["name"]
    facts = served.page.teller(_asked(served), served.index).facts(row)
    shown = page.locator("main").inner_text()
    assert all(fact in shown for fact in facts)
    assert "What speaks for this lead" in shown
    page.get_by_role("button", name="Refuse").click()
    assert page.url.endswith(row["key"].hex())  # the browser asks for the reason first
    page.get_by_label("Reason of the refusal").select_option(label="No budget")
    page.get_by_role("button", name="Refuse").click()
    assert "Refused, and gone from the leads to call." in page.get_by_role("status").first.inner_text()
    assert row["key"].hex() not in page.locator("main").inner_html()
    assert reviews.latest(served.workspace)[row["lead_id"]].reason == "no_budget"
    page.locator("select[name=show]").select_option(label="Refused")
    page.get_by_role("button", name="Apply").click()
    assert page.get_by_role("link", name=row["name"]).count() == 1


def _asked(served):
    class Asked:
        language = "en"

    del served
    return Asked


def test_filters_pages_and_the_way_back(page, served):
    page.locator("select[name=owner]").select_option(index=1)
    page.get_by_role("button", name="Apply").click()
    owner = page.locator("select[name=owner]").input_value()
    owners = page.locator("td.owner").all_inner_texts()
    assert owners
    assert {text.splitlines()[0] for text in owners} == {owner}
    page.get_by_role("link", name="Reset").click()
    first = page.locator("td.lead > a").all_inner_texts()
    page.get_by_role("link", name="Next").click()
    assert page.locator("td.lead > a").all_inner_texts() != first
    page.get_by_role("link", name="Previous").click()
    assert page.locator("td.lead > a").all_inner_texts() == first


def test_switch_to_french_and_back(page):
    page.get_by_role("button", name="Français").click()
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.get_by_role("heading", level=1).inner_text() == "Leads à appeler"
    page.get_by_role("link", name="Modèle").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Ce que valent les scores"
    page.get_by_role("button", name="English").click()
    assert page.get_by_role("heading", level=1).inner_text() == "What the scores are worth"


def test_a_dossier_prints_on_few_pages_without_what_is_only_for_the_screen(page, served):
    page.goto(page.url + f"lead/{calls(served)[1]['key'].hex()}")
    page.emulate_media(media="print")
    for hidden in (page.locator("header.top"), page.get_by_role("button", name="Accept"), page.locator(".skip")):
        assert not hidden.first.is_visible()
    assert page.get_by_role("heading", level=1).is_visible()
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF-")
    assert 1 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page/") <= 4


def test_by_keyboard_alone(page, served):
    rows = fetch(served.index, View(), NOW).rows
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.getAttribute('href')") == f"/lead/{rows[1]['key'].hex()}"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "reason":
            break
    page.keyboard.type("Not n")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert reviews.latest(served.workspace)[rows[1]["lead_id"]].reason == "bad_timing"
    page.keyboard.press("/")
    page.keyboard.type(rows[3]["lead_id"])
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == rows[3]["name"]


SIGHTS = [("light", 1280), ("dark", 1280), ("light", 390)]


@pytest.mark.parametrize(("scheme", "width"), SIGHTS)
def test_axe_finds_no_serious_violation_and_nothing_scrolls_sideways(page, served, page_made, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    hostile = served.index.connection.execute("SELECT key FROM lead WHERE lead_id = ?", (page_made.hostile,)).fetchone()
    lead = f"lead/{calls(served)[2]['key'].hex()}"
    origin = page.url
    for path in (
        "",
        "?show=all&sort=propensity",
        "?q=nobody",
        lead,
        f"{lead}/history",
        "model",
        f"lead/{hostile['key'].hex()}",
    ):
        page.goto(origin + path)
        found = Axe().run(page).response["violations"]
        assert [
            (item["id"], item["nodes"][0]["html"]) for item in found if item["impact"] in ("serious", "critical")
        ] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_works_without_scripts(browser, served):
    context = browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{served.settings.page.port}/enter?token={served.page.access.new_token()}")
    page.locator("td.lead > a").nth(3).click()
    name = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("button", name="Accepter").click()
    assert "Accepté" in page.get_by_role("status").first.inner_text()
    assert page.get_by_role("link", name=name).count() >= 1
    context.close()
