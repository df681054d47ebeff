"""HTTP by hand, for what no client library would send."""

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit


@contextlib.contextmanager
def connected(server, timeout: float = 10) -> Iterator[socket.socket]:
    to = urlsplit(server.url)
    with socket.create_connection((to.hostname, to.port), timeout=timeout) as connection:
        yield connection


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "host: x", *lines, "", ""]).encode()


def to_the_end(connection: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while data := connection.recv(65536):
            answer += data
    return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])
