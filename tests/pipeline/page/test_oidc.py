"""Sign in with OpenID Connect, against a provider that stands in this process."""

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.served import ORIGIN, site

CLIENT, SECRET = "tamis", "s3cr3t"


class Provider:
    """Signs what it is told to, and remembers what it was asked."""

    def __init__(self):
        self.key = RSAKey.generate_key(2048, parameters={"kid": "1"})
        self.signer = self.key
        self.claims = {}
        self.asked = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer(
                    provider.metadata()
                    if "well-known" in self.path
                    else {"keys": [provider.key.as_dict(private=False)]}
                )

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                provider.asked = {name: values[0] for name, values in parse_qs(body).items()}
                self._answer({"access_token": "a", "token_type": "Bearer", "id_token": provider.token()})

            def _answer(self, data):
                body = json.dumps(data).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_given):
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def metadata(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def token(self):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 60, **self.claims}
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signer)


@pytest.fixture(scope="module")
def provider():
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def here(page_made, provider):
    return site(
        page_made.workspace,
        page_made.settings,
        sign_in="oidc",
        oidc_issuer=provider.issuer,
        oidc_client=CLIENT,
        oidc_secret=SECRET,
        url=ORIGIN,
        users={"ana@example.com": {"role": "manager"}},
    )


def begun(here):
    """A browser that was sent to the provider, and what it carries there."""
    client = here.client()
    answer = client.get("/oidc/begin")
    assert answer.status_code == 302
    return client, {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def test_somebody_signs_in_and_sees_the_leads(here, provider):
    shown = here.client().get("/")
    assert shown.status_code == 401
    assert 'href="/oidc/begin"' in shown.text
    client, sent = begun(here)
    assert sent["redirect_uri"] == f"{ORIGIN}/oidc/back"
    assert sent["code_challenge_method"] == "S256"
    provider.claims = {"nonce": sent["nonce"], "email": "ana@example.com", "email_verified": True}
    answer = client.get(f"/oidc/back?code=c&state={sent['state']}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    digest = hashlib.sha256(provider.asked["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == sent["code_challenge"]
    assert client.get("/").status_code == 200
    assert client.get(f"/oidc/back?code=c&state={sent['state']}").status_code == 401


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"email_verified": False}, 403),
        ({"email_verified": None}, 403),
        ({"email": "eve@example.com"}, 403),
        ({"email": None}, 403),
        ({"nonce": "another"}, 401),
        ({"aud": "another"}, 401),
        ({"iss": "https://another.example"}, 401),
        ({"exp": 1}, 401),
    ],
)
def test_whoever_the_provider_does_not_vouch_for_stays_outside(here, provider, changed, status):
    client, sent = begun(here)
    provider.claims = {"nonce": sent["nonce"], "email": "ana@example.com", "email_verified": True, **changed}
    assert client.get(f"/oidc/back?code=c&state={sent['state']}").status_code == status
    assert client.get("/").status_code == 401


def test_an_answer_that_nobody_asked_for_is_refused(here, provider):
    client, sent = begun(here)
    provider.claims = {"nonce": sent["nonce"], "email": "ana@example.com", "email_verified": True}
    assert client.get("/oidc/back?code=c&state=forged").status_code == 401
    assert here.client().get(f"/oidc/back?code=c&state={sent['state']}").status_code == 401
    assert client.get("/oidc/back?error=access_denied").status_code == 401
    client, sent = begun(here)
    provider.claims = {"nonce": sent["nonce"], "email": "ana@example.com", "email_verified": True}
    provider.signer = RSAKey.generate_key(2048, parameters={"kid": "1"})
    try:
        assert client.get(f"/oidc/back?code=c&state={sent['state']}").status_code == 401
    finally:
        provider.signer = provider.key
