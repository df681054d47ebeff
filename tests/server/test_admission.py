"""No body is read before its caller is known, and none that is larger than its route takes."""

import tempfile
import time
from pathlib import Path

import pytest
from raw_http import connected, head, status, to_the_end
from training_jobs import wait_until

from mynah.server.http.admission import admitting_router

MULTIPART = "content-type: multipart/form-data; boundary=x"
JSON = "content-type: application/json"
FILE = b'--x\r\ncontent-disposition: form-data; name="recordings"; filename="a.wav"\r\n\r\n'
CHUNK = b"400\r\n" + b" " * 1024 + b"\r\n"


def calls(server) -> list[tuple[str, str]]:
    """Method and path of every call that the descriptions of the API know."""
    found = []
    for base in ("", "/elevenlabs", "/gpt-sovits"):
        paths = server.client().get(f"{base}/openapi.json").json()["paths"]
        for path, methods in paths.items():
            found += [(method.upper(), base + path.replace("{", "").replace("}", ""))
                      for method in methods]  # fmt: skip
    return found


def answer_to_endless(server, method: str, path: str, *lines: str) -> bytes:
    """The answer to a body that begins and does not end."""
    with connected(server) as connection:
        connection.sendall(head(method, path, "transfer-encoding: chunked", *lines) + CHUNK)
        return to_the_end(connection)


@pytest.mark.parametrize("kind", [JSON, MULTIPART])
def test_no_call_waits_for_the_body_of_a_stranger(server, kind):
    asked = 0
    for method, path in calls(server):
        if method == "GET":
            continue
        answer = answer_to_endless(server, method, path, kind)
        assert status(answer) == 401, (method, path, answer[:200])
        assert b"\r\nconnection: close\r\n" in answer, (method, path)
        asked += 1
    assert asked >= 20


def test_no_call_waits_for_the_body_of_a_caller_who_may_not(server):
    keys = {"speak": server.key("speak"), "train": server.key("train")}
    refused = set()
    for method, path in calls(server):
        if method == "GET":
            continue
        for scope, key in keys.items():
            lines = (JSON, f"authorization: Bearer {key}", f"xi-api-key: {key}")
            with connected(server, timeout=0.5) as connection:
                sent = head(method, path, "transfer-encoding: chunked", *lines) + CHUNK
                connection.sendall(sent)
                try:
                    answer = to_the_end(connection)
                except TimeoutError:  # this key may, and the body is waited for
                    continue
            if status(answer) == 403:
                refused.add((scope, method, path))
    assert ("speak", "POST", "/v1/voices") in refused
    assert ("train", "POST", "/v1/audio/speech") in refused
    assert ("speak", "POST", "/elevenlabs/v1/voices/add") in refused
    assert len(refused) >= 15


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/v1/nothing", 404),
        ("PUT", "/v1/voices", 405),
        ("POST", "/elevenlabs/v9", 404),
        ("POST", "/health/live", 405),
        ("GET", "/health/live", 200),
        ("GET", "/metrics", 200),
        ("GET", "/v1/audio/none?expires=1&signature=x", 404),
    ],
)
def test_a_body_that_nothing_takes_is_not_waited_for(server, method, path, expected):
    answer = answer_to_endless(server, method, path)
    assert status(answer) == expected
    assert b"\r\nconnection: close\r\n" in answer


def test_an_idempotency_key_opens_no_body(server):
    answer = answer_to_endless(server, "POST", "/v1/voices", MULTIPART, "idempotency-key: a")
    assert status(answer) == 401


def test_a_stranger_who_asks_first_is_not_told_to_go_on(server):
    lines = ("content-length: 100000000", MULTIPART, "expect: 100-continue")
    with connected(server) as connection:
        connection.sendall(head("POST", "/v1/voices", *lines))
        assert to_the_end(connection).startswith(b"HTTP/1.1 401 ")


def test_a_refused_client_that_is_still_sending_can_read_why(server):
    client = server.client("")
    for size in (1000, 3_000_000):
        answer = client.post("/v1/voices", files={"recordings": ("a.wav", b"\0" * size)})
        assert answer.status_code == 401
        assert answer.headers["connection"] == "close"


def test_a_request_is_counted_once(start):
    server = start(limit_requests="5/hour")
    left = [
        server.client()
        .post("/v1/text/phonemes", json={"input": "Hello."})
        .headers["ratelimit-remaining"]
        for _ in range(2)
    ]
    assert left == ["4", "3"]


def test_a_refused_scope_is_not_counted(start):
    server = start(limit_requests="5/hour")
    speaker = server.client(server.key("speak"))
    assert speaker.post("/v1/voices", data={"name": "x"}).status_code == 403
    assert speaker.get("/v1/models").headers["ratelimit-remaining"] == "4"


def test_a_call_that_takes_json_takes_no_upload(start, error_of):
    server = start(body_bytes=1000)
    lines = {"content-type": "multipart/form-data; boundary=x"}
    answer = server.client().post("/v1/audio/speech", content=b" " * 5000, headers=lines)
    assert answer.status_code == 413
    assert error_of(answer)["code"] == "content_too_large"


@pytest.mark.parametrize(
    "parts",
    [
        {"files": [("recordings", ("a.wav", b"a"))] * 30, "data": {"name": "x"}},
        {"files": [("recordings", ("a.wav", b"a"))], "data": {"name": ["x"] * 100}},
        {"files": [("recordings", ("a.wav", b"a"))], "data": {"name": "x" * 200_000}},
    ],
)
def test_a_form_has_no_more_parts_than_a_voice_needs(client, error_of, parts):
    answer = client.post("/v1/voices", **parts)
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "bad_request"


def open_files() -> set[str]:
    """Temporary files of this process, which have no name."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith(tempfile.gettempdir()) and "deleted" in target:
            found.add(target)
    return found


def test_an_upload_that_breaks_off_leaves_no_file(server):
    before = open_files()
    key = f"authorization: Bearer {server.secret}"
    with connected(server) as connection:
        connection.sendall(head("POST", "/v1/voices", "content-length: 9000000", MULTIPART, key))
        connection.sendall(FILE + b"\0" * 3_000_000)
        wait_until(lambda: open_files() != before)
    wait_until(lambda: open_files() <= before)


def test_a_large_upload_keeps_its_bytes(server, recording):
    sound = recording(seconds=60, rate=48_000)
    assert len(sound) > 5_000_000
    answer = server.client().post(
        "/v1/voices", data={"name": "long"}, files={"recordings": ("a.wav", sound)}
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("text", ["A%20slow%20one.", "Hello%20there.%20A%20slow%20end."])
def test_work_stops_for_a_caller_whose_needless_body_does_not_end(start, recording, text):
    server = start(body_seconds=1)
    folder = server.services.settings.references
    folder.mkdir()
    (folder / "a.wav").write_bytes(recording())
    asked = f"text={text}&text_lang=en&ref_audio_path=a.wav&prompt_lang=en&streaming_mode=1"
    lines = ("transfer-encoding: chunked", f"authorization: Bearer {server.secret}")
    with connected(server) as connection:
        connection.sendall(head("GET", f"/gpt-sovits/tts?{asked}", *lines) + CHUNK)
        answer = to_the_end(connection)
    assert status(answer) in (200, 408)
    assert not answer.endswith(b"\r\n0\r\n\r\n")
    wait_until(lambda: server.services.engine.stats().requests == 0)


def test_a_route_that_takes_a_body_from_anybody_cannot_be_written():
    router = admitting_router()

    def take(body: dict[str, str]) -> None:
        raise AssertionError(body)

    with pytest.raises(TypeError, match="anybody"):
        router.post("/open")(take)


def test_an_honest_body_in_many_packets_is_read(server):
    body = b'{"input": "Hello there.", "language": "en"}'
    key = f"authorization: Bearer {server.secret}"
    with connected(server) as connection:
        connection.sendall(
            head("POST", "/v1/text/phonemes", JSON, key, f"content-length: {len(body)}")
        )
        for at in range(len(body)):
            connection.sendall(body[at : at + 1])
            time.sleep(0.001)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
