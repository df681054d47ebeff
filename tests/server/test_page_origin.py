"""Web pages of other origins, and names that are not the server's own, where no key is needed."""

import contextlib

import httpx
import pytest
import raw_http
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from mynah.server.errors import OriginError
from mynah.server.http.middleware.page_origin import OriginRules

SPEECH = {"input": "How are you?", "voice": "ljspeech"}
PAGE = "https://evil.example"


@pytest.fixture(scope="module")
def keyless(serve_in, tmp_path_factory):
    server = serve_in(
        tmp_path_factory.mktemp("keyless"),
        no_auth=True,
        cors_origins=["https://app.example"],
        allowed_hosts=["voices.example"],
        public_url="https://speech.example/api",
    )
    server.model.gate.set()
    return server


def speak(server, **headers) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.client("").post("/v1/audio/speech", json=SPEECH, headers=sent)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": PAGE},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "chrome-extension://abc"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"},
        {"host": "evil.example"},
        {"host": "evil.example:8000", "origin": "http://evil.example:8000"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost.evil.example"},
    ],
)
def test_pages_and_foreign_names_are_refused(keyless, error_of, headers):
    answer = speak(keyless, **headers)
    assert answer.status_code == 403
    assert error_of(answer)["code"] == "origin_not_allowed"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://app.example"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        *({"host": host} for host in (
            "localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "192.168.1.20:8000",
            "mynah", "box.local", "mynah.voices.svc.cluster.local", "Voices.Example:443",
            "speech.example",
        )),
        {"host": "192.168.1.20:8000", "origin": "http://192.168.1.20:8000"},
    ],
)  # fmt: skip
def test_programs_own_pages_and_listed_origins_speak(keyless, headers):
    assert speak(keyless, **headers).status_code == 200


def test_a_link_leads_to_the_documentation_and_not_to_a_call(keyless):
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    client = keyless.client("")
    assert client.get("/docs", headers=followed).status_code == 200
    assert client.get("/v1/voices", headers=followed).status_code == 403


def test_errors_have_the_format_of_the_api_that_is_called(keyless):
    answer = keyless.client("").get("/elevenlabs/v1/voices", headers={"origin": PAGE})
    assert answer.json()["detail"]["status"] == "origin_not_allowed"
    assert answer.status_code == 403


def test_a_request_without_a_host_is_one_by_a_program(keyless):
    with raw_http.connected(keyless) as connection:
        connection.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
        assert raw_http.status(raw_http.to_the_end(connection)) == 200


@pytest.mark.parametrize(
    "path", ["/v1/audio/speech/stream", "/elevenlabs/v1/text-to-speech/x/stream-input"]
)
def test_with_a_key_pages_open_no_sockets_and_call_as_others_do(server, path):
    key = {"authorization": f"Bearer {server.secret}", "xi-api-key": server.secret}
    with contextlib.suppress(InvalidStatus):
        connect(server.url.replace("http", "ws", 1) + path, origin=PAGE, additional_headers=key)
        pytest.fail("a page of another origin opened a socket")
    body = dict(SPEECH)
    answer = server.client().post("/v1/audio/speech", json=body, headers={"origin": PAGE})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@given(
    st.text(st.characters(codec="latin-1"), max_size=40), st.text(st.characters(codec="latin-1"))
)
def test_any_headers_are_judged(host, origin):
    rules = OriginRules(origins=[], hosts=[], keyless=True)
    headers = [(b"host", host.encode("latin-1")), (b"origin", origin.encode("latin-1"))]
    with contextlib.suppress(OriginError):
        rules.check({"type": "http", "path": "/", "headers": headers})
        assert origin.endswith(host)
