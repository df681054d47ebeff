"""Clients that offer HTTP/2 in clear text (h2c) are answered by HTTP/1.1, and lose nothing."""

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from raw_http import connected, head, status
from websockets.sync.client import connect

OFFER = (
    "connection: Upgrade, HTTP2-Settings",
    "upgrade: h2c",
    "http2-settings: AAMAAABkAAQAoAAAAAIAAAAA",
)
BODY = json.dumps({"input": "Hello there.", "language": "en"}).encode()
JAVA_CLIENT = Path(__file__).parents[1] / "clients" / "JavaClient.java"


def request(server, *lines: str, body: bytes = BODY) -> bytes:
    key = f"authorization: Bearer {server.secret}"
    kind = "content-type: application/json"
    if "transfer-encoding: chunked" in lines:
        half = len(body) // 2
        body = b"".join(
            b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:], b"")
        )
    else:
        lines = (*lines, f"content-length: {len(body)}")
    return head("POST", "/v1/text/phonemes", key, kind, *lines) + body


def answers(connection: socket.socket, number: int) -> list[tuple[int, bytes]]:
    """Status and body of so many answers."""
    found, data = [], b""
    while len(found) < number:
        received = connection.recv(65536)
        assert received, (found, data)
        data += received
        while b"\r\n\r\n" in data:
            top, _, rest = data.partition(b"\r\n\r\n")
            (length,) = [
                int(line[15:]) for line in top.split(b"\r\n") if line[:15] == b"content-length:"
            ]
            if len(rest) < length:
                break
            found.append((status(top), rest[:length]))
            data = rest[length:]
    assert not data
    return found


@pytest.mark.parametrize("framing", [(), ("transfer-encoding: chunked",)])
@pytest.mark.parametrize("packets", [1, 2, 7, 10_000])
def test_an_offer_of_another_protocol_costs_nothing(server, framing, packets):
    sent = request(server, *OFFER, *framing)
    size = max(1, len(sent) // packets)
    with connected(server) as connection:
        for at in range(0, len(sent), size):
            connection.sendall(sent[at : at + size])
            if packets > 1:
                time.sleep(0.0005)
        ((code, body),) = answers(connection, 1)
    assert code == 200, body
    assert json.loads(body)["sentences"][0]["text"] == "Hello there."


@pytest.mark.parametrize("framing", [(), ("transfer-encoding: chunked",)])
def test_requests_that_follow_an_offer_are_answered_in_their_order(server, framing):
    other = json.dumps({"input": "Good night.", "language": "en"}).encode()
    plain = head("GET", "/health/live")
    offered = head("GET", "/health/live", *OFFER)
    sent = (
        request(server, *OFFER, *framing)
        + offered
        + request(server, *OFFER, *framing, body=other)
        + plain
        + request(server, *framing)
    )
    with connected(server) as connection:
        connection.sendall(sent)
        found = answers(connection, 5)
    assert [code for code, _ in found] == [200] * 5
    assert b"Hello there." in found[0][1]
    assert b"Good night." in found[2][1]


def test_an_offer_with_a_wrong_body_is_told_so(server):
    with connected(server) as connection:
        connection.sendall(request(server, *OFFER, body=b"{"))
        ((code, body),) = answers(connection, 1)
    assert (code, json.loads(body)["error"]["code"]) == (400, "invalid_json")


@pytest.mark.parametrize("offer", ["h2c", "TLS/1.0", "h2c, websocket", "foo/2"])
def test_any_protocol_may_be_offered(server, offer):
    with connected(server) as connection:
        connection.sendall(request(server, "connection: keep-alive, Upgrade", f"upgrade: {offer}"))
        ((code, _),) = answers(connection, 1)
    assert code == 200


def test_what_is_smuggled_behind_an_offer_stays_a_body(server):
    hidden = head("DELETE", "/v1/voices/mandarin")
    with connected(server) as connection:
        connection.sendall(request(server, *OFFER, body=hidden) + head("GET", "/health/live"))
        found = answers(connection, 2)
    assert [code for code, _ in found] == [400, 200]


def test_a_web_socket_is_still_opened(server):
    url = f"{server.url}/v1/audio/speech/stream".replace("http", "ws", 1)
    key = {"authorization": f"Bearer {server.secret}"}
    with connect(url, additional_headers=key) as socket_:
        socket_.send(json.dumps({"voice": "ljspeech", "input": "Hello there."}))
        assert json.loads(socket_.recv(timeout=5))["type"] == "speech.audio.delta"


def test_curl_offers_and_is_answered(server):
    curl = shutil.which("curl")
    if curl is None or "HTTP2" not in subprocess.check_output([curl, "--version"], text=True):
        pytest.skip("curl with HTTP/2 is not installed")
    command = [curl, "-s", "--http2", "-H", f"authorization: Bearer {server.secret}"]
    command += ["-H", "content-type: application/json", "-d", BODY.decode()]
    told = subprocess.check_output([*command, f"{server.url}/v1/text/phonemes"], timeout=30)
    assert json.loads(told)["sentences"][0]["text"] == "Hello there."


def test_java_offers_and_is_answered(server):
    java = shutil.which("java")
    if java is None:
        pytest.skip("java is not installed")
    command = [
        java,
        str(JAVA_CLIENT),
        f"{server.url}/v1/text/phonemes",
        server.secret,
        BODY.decode(),
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if "HttpClient" in run.stderr or "compile" in run.stderr:
        pytest.skip("java has no java.net.http, or no compiler")
    assert run.stdout.split() == ["HTTP_1_1", "200", "HTTP_1_1", "200"], run.stderr
