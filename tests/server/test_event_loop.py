"""No input of one caller holds the event loop, on which all others wait."""

import base64
import contextlib
import json
import socket
import struct
import time
import zlib

import pytest
from loop_work import LoopWork, longest_callback
from raw_http import connected, head
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

MOST_SECONDS = 0.05
"""CPU time of one callback; wall time would be longer on a busy machine."""
MEBIBYTE = 1 << 20
JSON = {"content-type": "application/json"}
MULTIPART = {"content-type": "multipart/form-data; boundary=x"}
SPEECH = {"voice": "ljspeech", "input": "Hello there."}


@pytest.fixture(scope="module")
def warm(server):
    """The server, when what it makes once for all callers is made."""
    for base in ("", "/elevenlabs", "/gpt-sovits"):
        assert server.client().get(f"{base}/openapi.json").is_success
    assert server.client().post("/v1/audio/speech", json=SPEECH).is_success
    return server


def assert_short(work: LoopWork) -> None:
    assert 0 < work.seconds < MOST_SECONDS, work.callback


def test_lag_is_measured(server):
    client = server.client()

    def samples() -> float:
        lines = client.get("/metrics").text.splitlines()
        (line,) = [line for line in lines if line.startswith("mynah_event_loop_lag_seconds_count")]
        return float(line.split()[1])

    before, until = samples(), time.monotonic() + 5
    while samples() < before + 2:
        assert time.monotonic() < until


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def many(count: int) -> dict[str, int]:
    return {f"k{number}": 1 for number in range(count)}


def part(name: str, data: bytes, file: str = "") -> bytes:
    named = f'; filename="{file}"' if file else ""
    lines = f'--x\r\ncontent-disposition: form-data; name="{name}"{named}\r\n\r\n'
    return lines.encode() + data + b"\r\n"


BODIES = {
    "unknown fields": ("/v1/audio/speech", compact({**SPEECH, **many(80_000)})),
    "references": ("/v1/audio/speech", compact({**SPEECH, "references": ["a"] * 200_000})),
    "numbers": ("/v1/audio/speech", compact({**SPEECH, "references": [1] * 400_000})),
    "lists": ("/v1/audio/speech", b"[" + b"[]," * 300_000 + b"0]"),
    "nesting": ("/v1/audio/speech", b"[" * 900_000),
    "digits": ("/v1/audio/speech", b'{"input":' + b"1" * 900_000 + b"}"),
    "escapes": ("/v1/audio/speech", b'{"input":"' + b"\\u0041" * 150_000 + b'"}'),
    "a voice of fields": ("/v1/audio/speech", compact({**SPEECH, "voice": many(80_000)})),
    "ids": ("/elevenlabs/v1/text-to-speech/x", compact({"previous_request_ids": [1] * 400_000})),
    "parameters": ("/gpt-sovits/tts", compact(many(80_000))),
}
FORMS = {
    "parts": part("name", b"") * 20_000,
    "files": part("recordings", b"", "a") * 20_000,
    "line ends": part("recordings", b"\r" * 2 * MEBIBYTE, "a"),
    "half boundaries": part("recordings", b"\r\n--" * 500_000, "a"),
    "labels": part("name", b"a")
    + part("recordings", b"a", "a")
    + part("labels", compact(many(9000))),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_large_body_is_refused_in_passing(warm, name):
    path, body = BODIES[name]
    client = warm.client()
    with longest_callback() as work:
        answer = client.post(path, content=body, headers={**JSON, "xi-api-key": warm.secret})
    assert answer.status_code in (400, 422)
    assert_short(work)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_read_in_passing(warm, name):
    client = warm.client()
    with longest_callback() as work:
        answer = client.post("/v1/voices", content=FORMS[name] + b"--x--\r\n", headers=MULTIPART)
    assert answer.status_code == 400
    assert_short(work)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/voices?" + "a&" * 20_000, {}),
        ("/v1/audio/x?" + "".join(f"{number:x}=&" for number in range(8000)), {}),
        ("/v1/voices", {"cookie": "a=b;" * 10_000}),
        ("/metrics", {}),
        ("/openapi.json", {}),
    ],
)
def test_a_head_is_read_in_passing(warm, path, headers):
    client = warm.client()
    with longest_callback() as work:
        client.get(path, headers=headers)
    assert_short(work)


def test_a_content_type_is_read_in_passing(warm):
    kind = {"content-type": 'multipart/form-data; boundary=x; "' + ";" * 40_000}
    client = warm.client()
    with longest_callback() as work:
        assert client.post("/v1/voices", content=b"--x--\r\n", headers=kind).status_code == 400
    assert_short(work)


def speak(connection: ClientConnection, pieces: list[str]) -> None:
    """Says pieces of text in one context, and waits for its end."""
    first = {"voice": "ljspeech", "response_format": "pcm"}
    for piece in pieces:
        connection.send(json.dumps({**first, "input": piece, "continue": True}))
        first = {}
    connection.send(json.dumps({"input": " The end.", "continue": False}))
    kind = ""
    while kind not in ("speech.audio.done", "error"):
        kind = json.loads(connection.recv(timeout=30))["type"]


@pytest.fixture
def opened(warm):
    url = f"{warm.url}/v1/audio/speech/stream".replace("http", "ws", 1)
    with connect(url, additional_headers={"authorization": f"Bearer {warm.secret}"}) as connection:
        yield connection


@pytest.mark.parametrize(
    "pieces",
    [
        ["\n" * 4000] * 11 + [""] * 1000,
        ["a", *["\n" * 4000] * 11],
        [". " * 2000] * 5,
        ["x" * 4000] * 5,
        [", " * 2000] * 5,
        ["Dr. " * 1000] * 5,
        ["\n"] * 5000,
        [""] * 5000,
    ],
    ids=["lines", "a letter", "dots", "letters", "commas", "abbreviations", "short", "empty"],
)
def test_text_in_pieces_is_read_in_passing(opened, pieces):
    with longest_callback() as work:
        speak(opened, pieces)
    assert_short(work)


@pytest.mark.parametrize(
    "message",
    [
        compact({**SPEECH, **many(9_000)}).decode(),
        "[" + "[]," * 40_000 + "0]",
        " " * 10 * MEBIBYTE,
    ],
    ids=["unknown fields", "lists", "too large"],
)
def test_a_large_message_is_refused_in_passing(opened, message):
    with longest_callback() as work:
        try:
            opened.send(message)
            assert json.loads(opened.recv(timeout=10))["type"] == "error"
        except ConnectionClosed as closed:
            assert closed.rcvd.code == 1009
    assert_short(work)


def frame(opcode: int, data: bytes = b"", first: int = 0x80) -> bytes:
    length = (
        bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack("!H", len(data))
    )
    return bytes([first | opcode]) + length + b"\0\0\0\0" + data


def deflated(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -12)
    return (packer.compress(b" " * size) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


FLOODS = {
    "empty messages": frame(1) * 200_000,
    "pings": frame(9) * 200_000,
    "empty parts": frame(1, first=0) + frame(0, first=0) * 200_000,
    "compressed blanks": frame(1, deflated(120_000), 0xC0) * 5000,
}


def offer(*lines: str) -> bytes:
    key = base64.b64encode(b"x" * 16).decode()
    return head(
        "GET",
        "/v1/audio/speech/stream",
        "connection: upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
        "sec-websocket-extensions: permessage-deflate",
        f"sec-websocket-key: {key}",
        *lines,
    )


@pytest.mark.parametrize("name", FLOODS)
@pytest.mark.parametrize("stranger", [False, True])
def test_frames_are_parsed_in_passing(warm, name, stranger):
    lines = () if stranger else (f"authorization: Bearer {warm.secret}",)
    with longest_callback() as work, connected(warm, timeout=1) as connection:
        connection.sendall(offer(*lines))
        with contextlib.suppress(OSError):  # it is not read without end
            connection.sendall(FLOODS[name])
            connection.shutdown(socket.SHUT_WR)
        assert warm.client().get("/health/live").is_success
    assert_short(work)


def test_a_callback_that_holds_the_loop_is_seen(warm, monkeypatch):
    def hold() -> None:
        until = time.thread_time() + 2 * MOST_SECONDS
        while time.thread_time() < until:
            pass

    count = warm.services.limits.count_request

    async def slow(caller) -> None:
        hold()
        await count(caller)

    monkeypatch.setattr(warm.services.limits, "count_request", slow)
    with longest_callback() as work:
        assert warm.client().get("/v1/models").is_success
    assert work.seconds > MOST_SECONDS
