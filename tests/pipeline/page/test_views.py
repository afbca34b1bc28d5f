"""What people read on the page: leads, dossiers, the model, in their language and in every state."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from markupsafe import escape

from models.certificate_words import sentence
from pipeline import monitor
from pipeline.console import Console
from pipeline.page import page_words, worth
from pipeline.page.app import local
from pipeline.page.person import dossier_of, steps
from pipeline.page.queue import View, fetch
from pipeline.page.sheets import SHEETS
from pipeline.report.dossier import render
from pipeline.reviews import Review, record
from tests.demos import DEMO_NOW
from tests.served import copied, site

TEMPLATES = Path(page_words.__file__).parent / "templates"


@pytest.fixture(scope="module")
def here(page_made):
    return site(page_made.workspace, page_made.settings)


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_every_word_exists_in_both_languages_and_every_template_finds_its_words():
    for key, pair in page_words.WORDS.items():
        assert len(pair) == 2, key
        assert all(pair), key
        assert sorted(re.findall(r"{(\w+)}", pair[0])) == sorted(re.findall(r"{(\w+)}", pair[1])), key
    for path in TEMPLATES.iterdir():
        for key in re.findall(r'say\("(\w+)"[,)]', path.read_text(encoding="utf-8")):
            assert key in page_words.WORDS or key in page_words.REPORT, (path.name, key)


def test_the_queue_shows_whom_to_call_why_and_by_when(here):
    client = here.manager()
    told = words(client.get("/").text)
    page = fetch(here.index, View(), DEMO_NOW + 8 * 3600)
    teller = here.page._tellers[here.index, "en"]
    assert f"{page.n} leads" in told or "1,000+" in told
    for row in page.rows[:10]:
        line = teller.line(row)
        if "<" in line["name"] + line["company"]:
            continue
        for part in (line["name"], line["company"], line["standing"], line["due"], line["owner"], *line["facts"]):
            assert str(escape(part)) in told
    assert "late" in told
    french = words(client.get("/", headers={"accept-language": "fr-FR,fr;q=0.9"}).text)
    assert "Leads à appeler" in french
    assert "en retard" in french


def test_language_is_chosen_over_the_browser_over_the_settings(here):
    client = here.manager()
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/").text)[1]
    assert 'lang="en"' in client.get("/", headers={"accept-language": "de"}).text
    assert 'lang="fr"' in client.get("/", headers={"accept-language": "de,fr;q=0.5,en;q=0.2"}).text
    answer = client.post("/language", data={"csrf": token, "language": "fr", "back": "/model"})
    assert answer.headers["location"] == "/model"
    assert '<html lang="fr">' in client.get("/", headers={"accept-language": "en"}).text
    answer = client.post("/language", data={"csrf": token, "language": "xx", "back": "https://evil.example"})
    assert answer.headers["location"] == "/"
    assert local("/a\r\nset-cookie: x") == "/"


def test_a_dossier_is_the_one_of_the_terminal_and_more(here, page_made, tmp_path):
    made = copied(page_made, tmp_path)
    here = site(made.workspace, made.settings)
    client = here.manager()
    row = fetch(here.index, View(), DEMO_NOW).rows[1]
    key = row["key"].hex()
    shown = client.get(f"/lead/{key}").text
    told = dossier_of(here.page.library, here.settings, here.index, row, "en")
    alone = words(render(told, "en"))
    text = words(shown)
    for reason in told.reasons:
        assert words(reason.text).replace("'", "&#39;") in text
        assert words(reason.text).replace("'", "&#39;") in alone
    assert told.moves is not None
    passed = steps(here.page.library, here.index, row, "fr")
    assert len(passed) == 2
    assert passed[0].propensity == row["propensity"]
    assert passed[1].propensity == row["previous"]
    moved = passed[0].moved
    rise = sum(fact.points for fact in moved.facts) + moved.others + moved.model_points
    assert rise == pytest.approx(100 * (row["propensity"] - row["previous"]))
    assert "The facts that moved it" in text
    assert client.get(f"/lead/{key}/history").status_code == 200
    assert "Accept" in text
    assert shown.count("<svg") == 2
    assert "&lt;svg" not in shown
    record(made.workspace, Review(row["lead_id"], DEMO_NOW, "Ana", "refused", "bad_timing", "r", "1", 0.3, 0.1))
    assert "Refused on 2026-10-03 by Ana: not now" in words(client.get(f"/lead/{key}").text)
    french = client.get(f"/lead/{key}", headers={"accept-language": "fr"}).text
    assert "Refusé le 03/10/2026 par Ana : pas le bon moment" in words(french)
    model = words(client.get("/model").text)
    assert "Not now 1" in model
    shutil.rmtree(made.workspace.scores / here.index.run["run_id"] / "features")
    # Its sheet still has it; whoever has no sheet reads the run.
    assert client.get(f"/lead/{key}").status_code == 200
    (here.index.path / SHEETS).unlink()
    answer = site(made.workspace, made.settings).manager().get(f"/lead/{key}")
    assert answer.status_code == 500
    assert "tamis score" in answer.text


def test_a_lead_is_opened_after_a_decision(here, page_made, tmp_path):
    made = copied(page_made, tmp_path)
    here = site(made.workspace, made.settings)
    client = here.manager()
    key = fetch(here.index, View(), DEMO_NOW).rows[0]["key"].hex()
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/").text)[1]
    client.post(f"/lead/{key}/review", data={"csrf": token, "decision": "accepted"})
    shown = client.get("/").text
    assert "Accepted. The decision is kept." in shown
    assert f'href="/lead/{key}">Open this lead again' in shown
    assert "The decision is kept." not in client.get("/").text


def test_the_model_page_says_what_the_scores_are_worth(here, demo_made):
    client = here.manager()
    told = words(client.get("/model").text)
    model = demo_made.model
    for segment in model.certificate.verdicts:
        assert sentence(model.certificate, "en", segment) in told
    assert "Points grid" in told
    bands = model.bands.measured
    assert all(f"{bands[letter]['n']:,}" in told for letter in "ABCD")
    french = client.get("/model", headers={"accept-language": "fr"}).text
    assert "Ce que valent les scores" in french
    assert french.count("<svg") >= 5
    answer = client.get("/model/evidence")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
    assert 'lang="en"' in answer.text
    assert 'lang="fr"' in client.get("/model/evidence", headers={"accept-language": "fr"}).text


def test_the_model_page_says_what_the_monitor_found(page_made, tmp_path):
    made = copied(page_made, tmp_path)
    here = site(made.workspace, made.settings)
    assert "The watch looked" not in here.manager().get("/model").text
    monitor.run(made.workspace.root, now=DEMO_NOW, console=Console(as_json=True))
    path = made.workspace.monitor / f"{here.index.run['run_id']}.json"
    found = json.loads(path.read_text())
    is_calm = not found["alarms"] and not here.index.run["alarms"]
    shown = words(here.manager().get("/model").text)
    assert ("found nothing out of the ordinary" if is_calm else "The watch looked at") in shown
    told = {"what": "Half of <b>them</b> are gone.", "cause": "A form.", "action": "Ask."}
    alarm = {"told": {"en": told, "fr": {**told, "what": "La moitié manque."}}}
    path.write_text(json.dumps({**found, "alarms": [alarm]}))
    shown = here.manager().get("/model").text
    assert "Half of &lt;b&gt;them&lt;/b&gt; are gone." in shown
    assert "La moitié manque." in here.manager().get("/model", headers={"accept-language": "fr"}).text
    path.write_text("{")
    assert here.manager().get("/model").status_code == 200


def test_an_export_opens_in_the_spreadsheet_of_its_language(here, page_made):
    client = here.manager()
    english = client.get("/leads.csv?show=all").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(english)))
    assert len(rows) == here.index.run["n_leads"]
    assert rows[0]["owner"]
    values = [float(row["expected_value"]) for row in rows if row["expected_value"]]
    assert values == sorted(values, reverse=True)
    french = client.get("/leads.csv?show=all", headers={"accept-language": "fr"}).content.decode("utf-8-sig")
    other = list(csv.DictReader(io.StringIO(french), delimiter=";"))
    assert [row["lead_id"] for row in other] == [row["lead_id"] for row in rows]
    assert "," in other[0]["propensity"]
    assert not any(
        cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values() if not cell[1:2].isdigit()
    )
    some = client.get("/leads.csv?band=A").text.count("\r\n") - 1
    assert some == fetch(here.index, View(filters={"band": "A"}), DEMO_NOW, size=10_000).n


def test_a_model_without_a_certificate_shows_ranks_and_no_percentage(page_made, tmp_path, monkeypatch):
    made = copied(page_made, tmp_path)
    monkeypatch.setattr("models.lead_model.LeadModel.certified", lambda _self, _segment="all": False)
    here = site(made.workspace, made.settings)
    client = here.manager()
    row = fetch(here.index, View(), DEMO_NOW).rows[1]
    told = dossier_of(here.page.library, here.settings, here.index, row, "en")
    facts = {reason.text for reason in (*told.reasons, *told.moves[1].facts)}
    for path in ("/?sort=propensity", f"/lead/{row['key'].hex()}", f"/lead/{row['key'].hex()}/history"):
        shown = client.get(path).text
        body = words(shown[shown.index("<main") :])
        for fact in facts:
            body = body.replace(fact.replace("'", "&#39;"), "")
        found = re.findall(r"[^·]{0,60}\d%", re.sub(r"Growth of staff in a year[^·]*?(\)|%)", "", body))
        assert path.startswith("/?") or found == [], path
        assert f"{100 * row['propensity']:.1f}%" not in body
    assert "1st" in words(client.get("/?sort=propensity&show=all").text)
    rows = list(csv.DictReader(io.StringIO(client.get("/leads.csv").content.decode("utf-8-sig"))))
    assert {row["propensity"] for row in rows} == {""}
    assert all(row["rank"] for row in rows)


def test_a_page_without_scores_says_what_to_do(workspace, demo_made):
    here = site(workspace, demo_made.settings)
    client = here.manager()
    for path in ("/", "/model"):
        assert "tamis score" in client.get(path).text
    assert "Il n&#39;y a pas encore de scores" in client.get("/", headers={"accept-language": "fr"}).text
    assert client.get("/leads.csv").status_code == 404
    assert client.get("/lead/" + "0" * 32).status_code == 404
    assert client.get("/newest").json() == {"run": ""}


def test_old_scores_and_empty_views_say_what_to_do(page_made):
    late = site(page_made.workspace, page_made.settings, now=lambda: DEMO_NOW + 72 * 3600)
    client = late.manager()
    assert "These leads were scored 3 days ago." in client.get("/").text
    assert "No lead matches." in client.get("/?q=nobody+at+all").text
    assert "No lead matches." in client.get("/?show=refused").text
    users = {"luc": {"role": "rep", "owner": "Nobody"}}
    behind = site(page_made.workspace, page_made.settings, sign_in="proxy", users=users)
    shown = behind.client("127.0.0.1", **{"X-Forwarded-User": "luc"}).get("/").text
    assert "No lead of yours waits." in shown


def test_small_sentences():
    assert worth.drift([{"mean_propensity": 0.04}], "en").startswith("One run so far")
    assert "stayed near 4%" in worth.drift([{"mean_propensity": 0.04}, {"mean_propensity": 0.0401}], "en")
    curves = {"tamis": [{"share": 0.2, "gain": 0.6}]}
    assert worth.gain_in_words(curves, "en") == "Calling the best 10% first finds 30% of the deals."
    assert set(worth.gain_table(curves)) == {"share", "tamis"}
