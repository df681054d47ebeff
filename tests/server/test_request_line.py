"""Texts in URLs that nobody has percent-encoded, as curl and plug-ins of GPT-SoVITS send them."""

import json
import time
from urllib.parse import quote

import pytest
from raw_http import connected, head, status, to_the_end

PATH = "/gpt-sovits/set_refer_audio?refer_audio_path="


@pytest.fixture(scope="module")
def names(server, recording):
    """A recording whose name is Chinese."""
    folder = server.services.settings.references
    folder.mkdir()
    (folder / "你好 é.wav").write_bytes(recording())


def answer(server, *parts: bytes) -> bytes:
    with connected(server) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.05)  # so that the server reads each part by itself
        return to_the_end(connection)


def request(server, target: bytes) -> bytes:
    authorized = head("GET", "*", f"authorization: Bearer {server.secret}", "connection: close")
    return authorized.replace(b"*", target, 1)


@pytest.mark.parametrize(
    "name",
    [
        "你好%20é.wav".encode(),
        "%E4%BD%A0好+é.wav".encode(),
        quote("你好 é.wav").encode(),
        b"%e4%bd%a0" + "好%20%C3".encode() + b"\xa9.wav",
    ],
)
def test_a_text_in_a_url_may_be_utf_8_as_it_is(server, names, name):
    told = answer(server, request(server, PATH.encode() + name))
    assert status(told) == 200, told


def test_the_line_may_come_in_parts(server, names):
    whole = b"\r\n" + request(server, PATH.encode() + "你好%20é.wav".encode())
    begun = whole.index("好".encode()) + 1
    parts = (whole[:begun], whole[begun : begun + 8], whole[begun + 8 :])
    assert status(answer(server, *parts)) == 200


def test_only_the_first_line_is_encoded(server, names):
    body = json.dumps({"input": "你好。", "voice": "nobody"}, ensure_ascii=False).encode()
    with connected(server) as connection:
        connection.sendall(
            head(
                "POST",
                "/v1/audio/speech",
                f"authorization: Bearer {server.secret}",
                "content-type: application/json",
                "x-name: 你好",
                f"content-length: {len(body)}",
            )
            + body
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 404")
        connection.sendall(request(server, PATH.encode() + "你好%20é.wav".encode()))
        assert b"HTTP/1.1 200" in to_the_end(connection)


@pytest.mark.parametrize("name", ["你好".encode("gbk"), quote("你好".encode("gbk")).encode()])
@pytest.mark.parametrize("path", [PATH, "/gpt-sovits/tts?text=", "/v1/voices?after="])
def test_what_is_not_utf_8_is_refused(server, names, path, name):
    told = answer(server, request(server, path.encode() + name))
    assert status(told) == 400
    assert b"UTF-8" in told


def test_the_path_may_hold_it_too(server):
    told = answer(server, request(server, "/v1/voices/没有".encode()))
    assert status(told) == 404
    assert "没有".encode() in told
