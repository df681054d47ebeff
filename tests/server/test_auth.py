"""Authentication and scopes."""

import time

import pytest

from mynah.errors import OptionError
from mynah.server.errors import KeyNotFoundError

BODY = {"input": "How are you today?", "voice": "ljspeech"}


def refused(server, error_of, secret: str) -> dict:
    answer = server.client(secret).post("/v1/audio/speech", json=BODY)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    return error_of(answer)


@pytest.mark.parametrize(
    "secret", ["", "mynah_wrong", "x" * 5000, "mynah_ü".encode().decode("latin-1")]
)
def test_without_a_good_key_nothing_is_answered(server, error_of, secret):
    error = refused(server, error_of, secret.encode("ascii", "replace").decode())
    assert error["type"] == "authentication_error"
    assert "mynah keys create" in error["message"]


def test_another_scheme_is_no_key(server):
    client = server.client("")
    answer = client.get("/v1/voices", headers={"authorization": f"Basic {server.secret}"})
    assert answer.status_code == 401


def test_a_revoked_key_is_refused_from_the_next_call_on(server, error_of):
    key, secret = server.services.stores.keys.create("lent", ["speak"])
    assert server.client(secret).get("/v1/models").status_code == 200
    server.services.stores.keys.revoke(key.id)
    assert "revoked" in refused(server, error_of, secret)["message"]


def test_an_expired_key_is_refused(server, error_of, monkeypatch):
    secret = server.key("speak", days=1)
    assert server.client(secret).get("/v1/models").status_code == 200
    tomorrow = int(time.time()) + 86_401
    monkeypatch.setattr("mynah.server.access.keys.now", lambda: tomorrow)
    assert "expired" in refused(server, error_of, secret)["message"]


def test_a_scope_opens_what_it_names_and_nothing_else(server, error_of):
    speak, train = server.client(server.key("speak")), server.client(server.key("train"))
    assert speak.get("/v1/voices").status_code == 200
    answer = speak.delete("/v1/voices/mandarin")
    assert answer.status_code == 403
    assert error_of(answer)["code"] == "missing_scope"
    assert train.post("/v1/audio/speech", json=BODY).status_code == 403
    assert server.client(server.key("speak", "train")).get("/v1/models").status_code == 200


def test_every_call_of_v1_asks_for_a_key(server):
    paths = server.client().get("/openapi.json").json()["paths"]
    stranger = server.client("")
    asked = 0
    for path, calls in paths.items():
        for method in calls if path.startswith("/v1/") else ():
            if (method, path) == ("get", "/v1/audio/{audio_id}"):  # its link is its key
                continue
            answer = stranger.request(method, path.replace("{voice}", "mandarin"))
            assert answer.status_code == 401, (method, path)
            asked += 1
    assert asked >= 10


def test_a_server_told_so_runs_without_keys(start):
    server = start(no_auth=True)
    assert server.client("").post("/v1/audio/speech", json=BODY).status_code == 200
    assert server.client("").delete("/v1/voices/mandarin").status_code == 403


def test_the_secret_is_not_in_the_database(server):
    keys = server.services.stores.keys
    key, secret = keys.create("hidden", ["speak"])
    assert key in keys.all()
    stored = b"".join(path.read_bytes() for path in server.services.settings.data.glob("mynah.db*"))
    assert key.id.encode() in stored
    assert secret.encode() not in stored
    assert secret.removeprefix("mynah_").encode() not in stored


def test_a_key_with_wrong_scopes_or_no_time_is_not_made(server):
    keys = server.services.stores.keys
    for scopes, days in ((["fly"], None), ([], None), (["speak"], 0), (["speak"], -1)):
        with pytest.raises(OptionError):
            keys.create("wrong", scopes, days)
    with pytest.raises(KeyNotFoundError):
        keys.revoke("key_none")
