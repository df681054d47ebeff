"""Clients that send slowly, or too much, before anything of theirs can be answered."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest
from training_jobs import wait_until

TRICKLED = b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-slow: "


@contextlib.contextmanager
def connected(server) -> Iterator[socket.socket]:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        yield connection


def trickle(connection: socket.socket, begun: bytes, byte: bytes, seconds: float) -> bytes:
    """Sends a byte now and then until the server ends the connection; what it answered."""
    connection.settimeout(0.05)
    until, answer = time.monotonic() + seconds, b""
    with contextlib.suppress(ConnectionError):
        connection.sendall(begun)
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                data = connection.recv(65536)
                answer += data
                if not data:
                    return answer
            connection.sendall(byte)
        pytest.fail(f"still connected after {seconds} s: {answer[:100]!r}")
    return answer


def speech_request(server, asked: dict[str, str]) -> bytes:
    body = json.dumps(asked | {"voice": "ljspeech"}).encode()
    head = (
        "POST /v1/audio/speech HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {server.secret}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def told(answer: bytes) -> dict[str, str]:
    """The error of an answer, of which the head and the envelope are checked."""
    head, _, body = answer.partition(b"\r\n\r\n")
    error = json.loads(body)["error"]
    assert error.keys() == {"type", "code", "message", "param", "request_id"}
    assert f"x-request-id: {error['request_id']}".encode() in head
    assert b"connection: close" in head
    assert f"content-length: {len(body)}".encode() in head
    return error


def test_headers_that_trickle_are_given_up(start):
    server = start(head_seconds=0.3)
    with connected(server) as connection:
        answer = trickle(connection, TRICKLED, b"a", 3)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert told(answer)["code"] == "request_timeout"
    assert 'mynah_errors_total{code="request_timeout"} 1.0' in metrics(server)
    assert 'mynah_requests_total{call="none",status="408"} 1.0' in metrics(server)


def metrics(server) -> str:
    return server.client().get("/metrics").text


def test_a_second_request_has_no_longer_than_the_first(start):
    server = start(head_seconds=0.3)
    with connected(server) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        time.sleep(0.4)  # without a request there is no hurry
        answer = trickle(connection, TRICKLED, b"a", 3)
    assert b"HTTP/1.1 408 " in answer


def test_who_asks_for_nothing_is_not_kept(start):
    server = start(head_seconds=0.2)
    with connected(server) as connection:
        assert connection.recv(100) == b""


def test_line_ends_between_requests_do_not_keep_a_connection(start):
    server = start(head_seconds=0.3)
    with connected(server) as connection:
        begun = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
        assert trickle(connection, begun, b"\r\n", 3).startswith(b"HTTP/1.1 200")


def test_a_body_that_nobody_reads_does_not_keep_a_connection(start):
    server = start(head_seconds=0.3, body_seconds=60)
    begun = b"POST /v1/nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n"
    with connected(server) as connection:
        assert trickle(connection, begun, b"a", 3).startswith(b"HTTP/1.1 404")


def test_headers_without_end_are_refused(server):
    with connected(server) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(TRICKLED)
            for _ in range(100):
                connection.sendall(b"a" * 65536)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while data := connection.recv(65536):
                answer += data
    # A client that is still sending may lose the answer with the connection.
    if answer:
        assert told(answer)["code"] == "headers_too_large"
    assert server.client().get("/health/live").status_code == 200


def test_headers_somewhat_too_large_are_told_so(server):
    with connected(server) as connection:
        connection.sendall(TRICKLED)
        for _ in range(5):
            time.sleep(0.02)
            connection.sendall(b"a" * 14_000)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert told(answer)["code"] == "headers_too_large"


def test_large_headers_that_are_allowed_are_read(server):
    with connected(server) as connection:
        connection.sendall(TRICKLED + b"a" * 40_000 + b"\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_what_is_not_http_gets_the_envelope(server):
    with connected(server) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert told(answer)["code"] == "bad_request"


def test_an_answer_under_way_is_whole_whatever_follows_its_request(start):
    server = start(head_seconds=0.3)
    asked = speech_request(server, {"input": "Here I am. A slow end."})
    with connected(server) as connection:
        connection.sendall(asked + TRICKLED)
        time.sleep(0.6)
        server.model.gate.set()
        answer = b""
        while data := connection.recv(65536):
            answer += data
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n0\r\n\r\n")
    assert b"408" not in answer[:20]


def test_who_does_not_read_is_left(start):
    server = start(unread_seconds=0.3)
    asked = speech_request(server, {"input": "Here I am. " * 370, "response_format": "wav"})
    with connected(server) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(asked)
        wait_until(lambda: server.model.hummed)
        wait_until(lambda: "mynah_queue_requests 0.0" in metrics(server), seconds=10)
    assert len(server.model.hummed) < 370
