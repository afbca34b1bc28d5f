"""Nobody sees what is not theirs, nothing foreign is believed, and nothing is told that should not be."""

import base64
import json
import re

import pytest

from features.errors import UseError
from pipeline import reviews
from pipeline.page.access import RefusedError, check_binding
from pipeline.page.guard import CSP
from pipeline.page.queue import View, fetch
from pipeline.page_settings import PageSettings
from tests.demos import DEMO_NOW
from tests.served import copied, site

USERS = {"ana@example.com": {"role": "manager"}}
EVERYBODY = "0.0.0.0"  # noqa: S104 (to be refused)
PROXY = {"sign_in": "proxy", "users": USERS, "proxy_addresses": ["10.0.0.0/24"]}


@pytest.fixture(scope="module")
def here(page_made):
    return site(page_made.workspace, page_made.settings)


@pytest.fixture(scope="module")
def owners(here):
    return [text for _, text, _ in here.index.choices["owner"] if "<" not in text][:2]


@pytest.fixture(scope="module")
def behind(page_made, owners):
    """The same behind a proxy: a manager, and two reps."""
    users = {**USERS, "luc": {"role": "rep", "owner": owners[0]}, owners[1]: {"role": "rep"}}
    return site(page_made.workspace, page_made.settings, **{**PROXY, "users": users})


def as_user(behind, name, **headers):
    return behind.client("10.0.0.9", **{"X-Forwarded-User": name.encode().decode("latin-1"), **headers})


PAGES = ("/", "/model", "/model/evidence", "/leads.csv", "/newest", "/lead/{key}", "/lead/{key}/history")


def test_without_a_sign_in_there_is_nothing_to_see(here):
    key = fetch(here.index, View(), DEMO_NOW).rows[0]["key"].hex()
    for path in PAGES:
        answer = here.client().get(path.format(key=key))
        assert answer.status_code == 401
        assert "tamis serve" in answer.text
    assert here.client().post(f"/lead/{key}/review", data={"decision": "accepted"}).status_code == 401
    assert here.client().get("/oidc/begin").status_code == 404
    assert here.client().get("/oidc/back?code=1").status_code == 404
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert here.client().get(path).status_code == 404


def test_the_link_serves_once_and_a_wrong_one_never(here):
    token = here.page.access.new_token()
    client = here.client()
    assert client.get("/enter?token=" + "x" * len(token)).status_code == 401
    assert client.get("/enter").status_code == 401
    assert client.get("/enter?token=é").status_code == 401
    assert client.get(f"/enter?token={token}").status_code == 303
    assert client.get("/").status_code == 200
    assert here.client().get(f"/enter?token={token}").status_code == 401
    old = here.page.access.new_token()
    here.page.access.new_token()
    assert here.client().get(f"/enter?token={old}").status_code == 401


def test_a_session_that_was_forged_or_is_over_is_worth_nothing(page_made):
    clock = [DEMO_NOW]
    here = site(page_made.workspace, page_made.settings, now=lambda: clock[0])
    client = here.manager()
    cookie = client.cookies["tamis"]
    assert here.client(cookie=f"tamis={cookie}").get("/").status_code == 200
    assert here.client(cookie=f"tamis={cookie[:-2]}xx").get("/").status_code == 401
    forged = base64.b64encode(json.dumps({"user": "tester", "at": DEMO_NOW, "csrf": "x"}).encode()).decode()
    assert here.client(cookie=f"tamis={forged}.{cookie.partition('.')[2]}").get("/").status_code == 401
    clock[0] += 13 * 3600
    assert client.get("/").status_code == 401


def test_a_cookie_is_not_for_scripts_nor_for_other_sites(here, page_made):
    answer = here.client().get(f"/enter?token={here.page.access.new_token()}")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    secure = site(page_made.workspace, page_made.settings, **PROXY, url="https://leads.example.com")
    answer = as_user(secure, "ana@example.com").get("/")
    assert answer.headers["set-cookie"].startswith("__Host-tamis=")
    assert "secure" in answer.headers["set-cookie"].lower()
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_proxy_is_believed_by_its_address_and_nobody_else_is(behind):
    assert as_user(behind, "ana@example.com").get("/").status_code == 200
    for peer in ("127.0.0.1", "10.0.1.9", "testclient", "::1"):
        answer = behind.client(peer, **{"X-Forwarded-User": "ana@example.com"}).get("/")
        assert answer.status_code == 403
    forwarded = {"X-Forwarded-User": "ana@example.com", "X-Forwarded-For": "10.0.0.9", "Forwarded": "for=10.0.0.9"}
    assert behind.client("192.0.2.1", **forwarded).get("/").status_code == 403
    assert behind.client("10.0.0.9").get("/").status_code == 401
    assert as_user(behind, " ").get("/").status_code == 401
    twice = [("X-Forwarded-User", "luc"), ("X-Forwarded-User", "ana@example.com")]
    assert behind.client("10.0.0.9").get("/", headers=twice).status_code == 401
    assert as_user(behind, "eve@example.com").get("/").status_code == 403
    assert behind.client("10.0.0.9").get("/enter?token=").status_code == 401


def test_a_session_of_one_user_does_not_serve_another(behind, owners):
    client = as_user(behind, "ana@example.com")
    client.get("/")
    client.headers["X-Forwarded-User"] = "luc"
    shown = client.get("/leads.csv?show=all").text
    assert owners[0] in shown
    assert owners[1] not in shown


def test_a_rep_sees_own_leads_in_every_way_and_no_other(behind, owners):
    table = [dict(row) for row in behind.index.connection.execute("SELECT * FROM lead WHERE decision = 0")]
    number = behind.index.number("owner", owners[0])
    theirs = [row for row in table if row["owner"] != number]
    mine = next(row for row in table if row["owner"] == number)
    rep, manager = as_user(behind, "luc"), as_user(behind, "ana@example.com")
    for row in theirs[:5]:
        for path in (f"/lead/{row['key'].hex()}", f"/lead/{row['key'].hex()}/history"):
            assert rep.get(path).status_code == 404
            assert manager.get(path).status_code == 200
        assert row["key"].hex() not in rep.get(f"/?q={row['lead_id']}").text
        assert row["key"].hex() in manager.get(f"/?q={row['lead_id']}").text
    assert rep.get(f"/lead/{mine['key'].hex()}").status_code == 200
    assert rep.get(f"/lead/{mine['lead_id']}").status_code == 404
    for query in ("", "?show=all", f"?show=all&owner={owners[1]}", "?show=refused", "?owner="):
        assert owners[1] not in rep.get("/" + query).text.replace(f"owner={owners[1]}", "")
        assert owners[1] not in rep.get("/leads.csv" + query).text
    assert rep.get("/model/evidence").status_code == 404
    assert manager.get("/model/evidence").status_code == 200
    token = re.search(r'name="csrf" value="([^"]+)"', rep.get("/").text)[1]
    said = {"csrf": token, "decision": "accepted"}
    assert rep.post(f"/lead/{theirs[0]['key'].hex()}/review", data=said).status_code == 404
    assert reviews.read(behind.workspace) == []


def test_a_write_needs_the_token_of_its_session_and_our_own_site(page_made, tmp_path):
    here = site(copied(page_made, tmp_path).workspace, page_made.settings)
    client, other = here.manager(), here.manager()
    row = fetch(here.index, View(), DEMO_NOW).rows[0]
    path = f"/lead/{row['key'].hex()}/review"
    token, foreign = (re.search(r'name="csrf" value="([^"]+)"', who.get("/").text)[1] for who in (client, other))
    said = {"decision": "refused", "reason": "no_need"}
    for form in (said, {**said, "csrf": ""}, {**said, "csrf": "é"}, {**said, "csrf": foreign}):
        assert client.post(path, data=form).status_code == 403
    whole = {**said, "csrf": token}
    assert client.post(path, data=whole, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post(path, data=whole, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.post(path, data=whole, headers={"origin": "null"}).status_code == 403
    assert client.post(path, content=json.dumps(whole)).status_code == 403
    assert client.get(path).status_code in (404, 405)
    for wrong in ({"decision": "refused"}, {"decision": "refused", "reason": "because"}, {"decision": "gone"}, {}):
        assert client.post(path, data={"csrf": token, **wrong}).status_code == 400
    assert client.post("/language", data={"language": "fr"}).status_code == 403
    assert client.post("/leave").status_code == 403
    assert reviews.read(here.workspace) == []
    assert client.post(path, data=whole, headers={"origin": "http://127.0.0.1:8765"}).status_code == 303
    (kept,) = reviews.read(here.workspace)
    assert (kept.lead_id, kept.actor, kept.reason, kept.at) == (
        row["lead_id"],
        "tester",
        "no_need",
        DEMO_NOW + 8 * 3600,
    )
    assert kept.propensity == row["propensity"]
    assert kept.run_id == here.index.run["run_id"]
    nurtured = here.index.connection.execute("SELECT key FROM lead WHERE decision <> 0").fetchone()["key"].hex()
    assert client.post(f"/lead/{nurtured}/review", data={"csrf": token, "decision": "accepted"}).status_code == 400
    assert client.post("/leave", data={"csrf": token}).status_code == 303
    assert client.get("/").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2f..%2fcli.py",
        "/lead/../../etc/passwd",
        "/lead/%2e%2e%2f%2e%2e",
        "/lead/" + "0" * 32,
        "/lead/" + "g" * 32,
        "/lead/1",
        "/lead/L0000001",
        "//etc/passwd",
        "/.tamis/reviews.db",
        "/tamis.toml",
        "/lead/%00",
    ],
)
def test_tricks_with_paths_lead_nowhere(here, path):
    answer = here.manager().get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_a_script_in_every_text_of_a_lead_stays_text(here, page_made):
    client = here.manager()
    (key,) = here.index.connection.execute("SELECT key FROM lead WHERE lead_id = ?", (page_made.hostile,)).fetchone()
    pages = [
        "/?show=all&sort=propensity",
        "/?q=script",
        "/?q=alert",
        f"/lead/{key.hex()}",
        f"/lead/{key.hex()}/history",
    ]
    pages += [
        "/?q=<script>alert(1)</script>",
        "/?owner=<script>alert(1)</script>",
        '/?band="><script>alert(1)</script>',
    ]
    told = []
    for language in ("en", "fr"):
        client.headers["accept-language"] = language
        for path in pages:
            answer = client.get(path)
            assert answer.status_code == 200
            assert "<script>alert" not in answer.text
            assert "<img" not in answer.text
            assert answer.headers["content-security-policy"] == CSP
            assert not re.search(r"\sstyle=|\son[a-z]+=\"", answer.text)
            assert re.findall(r"<script(?! src=\"/static/page.js\" defer>)", answer.text) == []
            told.append(answer.text)
    assert "&lt;script&gt;alert(&#39;display_name&#39;)" in told[0] + told[3]
    assert client.get("/leads.csv?show=all").headers["content-type"].startswith("text/csv")


def test_what_is_too_long_is_refused_before_anybody_looks_at_it(here):
    client = here.manager()
    assert here.asked_raw(query=b"q=" + b"a" * 10_000_000) == 414
    assert client.get("/" + "a" * 10_000).status_code == 414
    assert client.post("/language", content=b"a" * 10_000_000).status_code == 413

    async def unending():
        for _ in range(100):
            yield b"a" * 10_000

    assert client.post("/language", content=unending()).status_code == 413
    assert client.get("/", headers={"content-length": "-1"}).status_code == 413
    for host in ("evil.example", "leads.evil.example:8765", "127.0.0.1.evil.example"):
        assert client.get("/", headers={"host": host}).status_code == 421
    assert client.get("/", headers={"host": "localhost:1"}).status_code in (200, 401)


def test_who_asks_too_often_waits(page_made):
    here = site(page_made.workspace, page_made.settings, requests_per_minute=10)
    client = here.manager()
    codes = [client.get("/newest").status_code for _ in range(14)]
    assert codes[0] == 200
    assert codes[-1] == 429
    assert [here.client().get("/health").status_code for _ in range(40)][-1] == 429


def test_the_log_tells_what_happened_and_of_nobody(page_made, here):
    client = here.manager()
    row = dict(here.index.connection.execute("SELECT * FROM lead WHERE name LIKE '%é%'").fetchone())
    here.log.clear()
    client.get(f"/lead/{row['key'].hex()}")
    client.get(f"/?q={row['name']}")
    client.get(f"/nowhere/{row['lead_id']}")
    client.get("/enter?token=secret-token")
    client.request("BREW", "/")
    told = json.dumps(here.log, ensure_ascii=False)
    for secret in (
        row["key"].hex(),
        row["name"],
        row["name"].split()[0],
        row["lead_id"],
        "secret-token",
        "tester",
        "BREW",
    ):
        assert secret not in told
    assert [line["route"] for line in here.log][:2] == ["/lead/{key}", "/"]
    assert {line["status"] for line in here.log} >= {200, 404, 401}
    assert {"method", "route", "status", "ms", "user"} == set(here.log[0])


def test_a_bug_shows_no_trace_and_logs_no_data(here, monkeypatch):
    client = here.manager()

    def broken(*_given, **_named):
        raise ValueError("Zoé Lefèvre, zoe@example.com")

    monkeypatch.setattr("pipeline.page.views.fetch", broken)
    here.log.clear()
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    told = json.dumps([answer.text, here.log], ensure_ascii=False)
    assert "Zo" not in told
    assert here.log[0]["error"] == "ValueError"
    assert answer.headers["content-security-policy"] == CSP


def test_a_page_for_everybody_needs_somebody_at_the_door():
    for host in (EVERYBODY, "192.168.1.4", "::", ""):
        with pytest.raises(UseError, match="loopback"):
            check_binding(PageSettings(host=host))
    for host in ("127.0.0.1", "localhost", "::1"):
        check_binding(PageSettings(host=host))
    with pytest.raises(UseError, match="at least one person"):
        check_binding(PageSettings(host=EVERYBODY, sign_in="proxy"))
    check_binding(PageSettings.model_validate({"host": EVERYBODY, **PROXY}))
    oidc = {"sign_in": "oidc", "users": USERS, "oidc_issuer": "https://id.example.com", "oidc_client": "tamis"}
    with pytest.raises(ValueError, match="found one of them empty"):
        PageSettings.model_validate(oidc)
    with pytest.raises(UseError, match="OIDC_SECRET"):
        check_binding(PageSettings.model_validate({**oidc, "url": "https://leads.example.com"}))
    with pytest.raises(UseError, match="https"):
        check_binding(
            PageSettings.model_validate(
                {**oidc, "url": "http://leads.example.com", "host": EVERYBODY, "oidc_secret": "x"}
            )
        )
    for wrong in ({"url": "leads.example.com"}, {"proxy_addresses": ["proxy.local"]}, {"proxy_header": "X: y"}):
        with pytest.raises(ValueError, match=r"expected|pattern"):
            PageSettings.model_validate(wrong)


def test_a_name_without_rights_is_refused_after_any_sign_in(here):
    with pytest.raises(RefusedError):
        site(here.workspace, here.settings, **PROXY).page.access.user("eve")
