"""Behaviour of every call: ids, limits of bodies, health, the API's description."""

import contextlib
import json
import logging
import socket
import time

import openai
import pytest

from mynah.runtime.logging import JsonFormatter, log_config
from mynah.storage.blobs import FileBlobs

BODY = {"input": "How are you today?", "voice": "ljspeech"}


def raw(server, *parts: bytes, wait: float = 0) -> bytes:
    """Sends bytes as they are, and reads until the server ends the connection or falls silent."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        with contextlib.suppress(ConnectionError):  # the server may not wait for all of it
            for part in parts:
                connection.sendall(part)
                time.sleep(wait)
        connection.settimeout(1)
        answer = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while data := connection.recv(65536):
                answer += data
    return answer


def head(
    server, *lines: str, path: str = "/v1/audio/speech", kind: str = "application/json"
) -> bytes:
    given = [
        f"POST {path} HTTP/1.1",
        "host: x",
        f"authorization: Bearer {server.secret}",
        f"content-type: {kind}",
        *lines,
    ]
    return "\r\n".join([*given, "", ""]).encode()


def test_an_answer_carries_the_id_that_the_caller_gave(client, error_of):
    answer = client.get("/v1/voices/none", headers={"x-request-id": "mine-1"})
    assert error_of(answer)["request_id"] == "mine-1"


@pytest.mark.parametrize("given", ["a b", "x" * 129, "{}", ""])
def test_an_unsound_id_is_replaced(client, given):
    answer = client.get("/v1/models", headers={"x-request-id": given})
    assert answer.headers["x-request-id"].startswith("req_")


def test_every_request_has_another_id(client):
    ids = {client.get("/health/live").headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


def test_unknown_paths_and_methods_get_the_envelope(client, error_of):
    assert error_of(client.get("/v2/nothing"))["code"] == "not_found"
    assert error_of(client.put("/v1/voices"))["code"] == "method_not_allowed"


def test_a_large_body_is_refused_by_its_header_or_while_it_is_read(start, error_of):
    server = start(body_bytes=1000)
    large = json.dumps(BODY | {"input": "a" * 2000}).encode()
    kind = {"content-type": "application/json"}
    told = server.client().post("/v1/audio/speech", content=large, headers=kind)
    chunked = server.client().post(
        "/v1/audio/speech", content=iter([large[:900], large[900:]]), headers=kind
    )
    for answer in (told, chunked):
        assert answer.status_code == 413
        assert error_of(answer)["code"] == "content_too_large"
    assert server.client().post("/v1/audio/speech", json=BODY).status_code == 200


def test_a_large_upload_is_refused_while_it_is_read(start, error_of):
    server = start(upload_bytes=100_000, upload_recordings=1)
    files = {"recordings": ("a.wav", b"\0" * 3_000_000, "audio/wav")}
    answer = server.client().post("/v1/voices", data={"name": "x"}, files=files)
    assert answer.status_code == 413
    within = {"recordings": ("a.wav", b"\0" * 200_000, "audio/wav")}
    answer = server.client().post("/v1/voices", data={"name": "x"}, files=within)
    assert error_of(answer)["code"] == "invalid_recording"


def test_a_length_that_lies_harms_nobody(server, client):
    body = json.dumps(BODY).encode()
    less = raw(server, head(server, "content-length: 5") + body)
    assert less.startswith(b"HTTP/1.1 400")
    raw(server, head(server, f"content-length: {len(body) + 500}") + body)
    for length in ("-1", "9" * 30, "x"):
        answer = raw(server, head(server, f"content-length: {length}") + body)
        assert answer.split(b" ")[1:2] in ([b"400"], [b"413"]), answer
    assert client.post("/v1/audio/speech", json=BODY).status_code == 200


def test_a_body_that_trickles_is_given_up(start):
    server = start(body_seconds=0.3)
    answer = raw(server, head(server, "content-length: 100"), b"{", b" ", b" ", wait=0.15)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request_timeout" in answer


def test_an_upload_that_trickles_is_given_up(start, recording):
    server = start(body_seconds=0.3)
    form = b"\r\n".join(
        [b"--x", b'content-disposition: form-data; name="recordings"; filename="a.wav"', b"", b""]
    )
    begun = head(
        server,
        "content-length: 200000",
        path="/v1/voices",
        kind="multipart/form-data; boundary=x",
    )
    sound = recording()
    answer = raw(server, begun + form, sound[:1000], sound[1000:1001], sound[1001:1002], wait=0.15)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request_timeout" in answer
    # The file that was begun is not a voice's, and the next caller is served.
    assert server.client().get("/v1/voices/none").status_code == 404


def test_many_slow_bodies_keep_nobody_else_waiting(start):
    server = start(body_seconds=1)
    host, port = server.url.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port)), timeout=5) for _ in range(50)]
    try:
        for connection in slow:
            connection.sendall(head(server, "content-length: 100") + b"{")
        assert server.client().post("/v1/audio/speech", json=BODY).status_code == 200
        for connection in slow:
            connection.settimeout(5)
            assert connection.recv(100).startswith(b"HTTP/1.1 408")
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.parametrize(
    ("path", "root", "code"),
    [
        ("/v1/audio/speech", "mynah", lambda told: told["error"]["code"]),
        ("/elevenlabs/v1/text-to-speech/x", "mynah", lambda told: told["detail"]["status"]),
        ("/gpt-sovits/tts", "mynah", lambda told: told["Exception"]),
        ("/v1/text-to-speech/x", "elevenlabs", lambda told: told["detail"]["status"]),
        ("/mynah/v1/audio/speech", "elevenlabs", lambda told: told["error"]["code"]),
        ("/tts", "gpt-sovits", lambda told: told["Exception"]),
    ],
)
def test_errors_outside_a_family_have_its_form(start, path, root, code):
    server = start(root=root, body_bytes=1000)
    client = server.client()
    large = client.post(path, json={"text": "a" * 2000})
    assert (large.status_code, code(large.json())) == (413, "content_too_large")
    unsound = client.post(path, json={}, headers={"idempotency-key": "a b"})
    assert (unsound.status_code, code(unsound.json())) == (400, "invalid_request")


def test_health_needs_no_key_and_tells_when_the_engine_is_gone(start, error_of):
    server = start()
    client = server.client("")
    assert client.get("/health/live").json() == {"status": "ok"}
    assert client.get("/health/ready").status_code == 200
    server.services.engine.close()
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert error_of(answer)["code"] == "unavailable"


def test_models_and_languages_are_listed(client, server):
    models = server.openai().models
    assert "mynah" in {model.id for model in models.list()}
    assert models.retrieve("tts-1").id == "tts-1"
    with pytest.raises(openai.NotFoundError):
        models.retrieve("gpt-9")
    assert {"zh", "en", "auto"} <= {
        row["code"] for row in client.get("/v1/languages").json()["data"]
    }


def test_open_webui_finds_models_and_voices(client):
    models = client.get("/v1/audio/models").json()["models"]
    assert "mynah" in {model["id"] for model in models}
    voices = client.get("/v1/audio/voices").json()["voices"]
    assert {"id": "ljspeech", "name": "ljspeech"} in voices


def test_a_text_is_told_as_it_will_be_spoken(client, error_of):
    body = {"input": "我有3只猫。", "language": "zh"}
    (sentence,) = client.post("/v1/text/phonemes", json=body).json()["sentences"]
    assert sentence["normalised"].startswith("我有三只猫")
    assert {"text": "猫", "language": "zh", "phonemes": ["m", "ao1"]} in sentence["words"]
    wrong = client.post("/v1/text/phonemes", json={"input": "a", "lang": "zh"})
    assert error_of(wrong)["param"] == "lang"


def test_pages_of_allowed_origins_may_call(start):
    server = start(cors_origins=["https://app.example"])
    asked = {"origin": "https://app.example", "access-control-request-method": "POST"}
    answer = server.client("").options("/v1/audio/speech", headers=asked)
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    other = server.client("").options("/v1/audio/speech", headers=asked | {"origin": "https://b"})
    assert "access-control-allow-origin" not in other.headers


def test_the_description_has_examples_and_its_page_needs_no_other_host(client):
    api = client.get("/openapi.json").json()
    assert api["components"]["schemas"]["SpeechBody"]["examples"]
    assert "422" not in json.dumps(api)
    for path, method in (("/v1/voices", "post"), ("/v1/voices/{voice}", "delete")):
        headers = [each["name"] for each in api["paths"][path][method]["parameters"]]
        assert "Idempotency-Key" in headers
    page = client.get("/docs")
    assert page.status_code == 200
    assert "cdn" not in page.text
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200


def test_log_lines_are_json_with_whatever_was_added():
    record = logging.makeLogRecord({"msg": "answered", "levelno": 20, "levelname": "INFO"})
    record.status = 200
    line = json.loads(JsonFormatter().format(record))
    assert (line["event"], line["level"], line["status"]) == ("answered", "info", 200)
    assert {"time", "request_id", "logger"} <= line.keys()
    assert log_config()["version"] == 1


def test_the_end_of_each_request_is_logged(client, caplog):
    caplog.set_level("INFO")
    client.get("/v1/voices/none", headers={"x-request-id": "seen"})
    limit = time.monotonic() + 5
    while not (lines := [vars(each) for each in caplog.records if each.msg == "answered"]):
        assert time.monotonic() < limit
        time.sleep(0.01)
    (line,) = lines
    assert (line["status"], line["call"]) == (404, "get_voice")


def test_storage_stays_in_its_folder(tmp_path):
    storage = FileBlobs(tmp_path / "audio")
    storage.put("a/b.flac", b"1")
    assert storage.get("a/b.flac") == b"1"
    storage.delete("a/b.flac")
    storage.delete("a/b.flac")
    with pytest.raises(FileNotFoundError):
        storage.get("a/b.flac")
    for key in ("../x", "/etc/passwd", "a/../../x"):
        with pytest.raises(ValueError):
            storage.put(key, b"1")
