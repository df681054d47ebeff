"""Real Redis and Memcached servers on loopback, for as long as a test run needs them."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def redis(folder) -> Iterator[str]:
    port = _free_port()
    command = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with _running("redis-server", "redis-server", [*command, "--appendonly", "no"], port):
        yield f"redis://127.0.0.1:{port}"


@contextmanager
def memcached() -> Iterator[str]:
    port = _free_port()
    command = ["-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "16", "-u", "nobody"]
    with _running("memcached", "memcached", command, port):
        yield f"memcached://127.0.0.1:{port}"


@contextmanager
def _running(binary: str, package: str, arguments: list[str], port: int) -> Iterator[None]:
    found = shutil.which(binary)
    if found is None:
        pytest.skip(f"{binary} is not installed: apt-get install {package}")
    process = subprocess.Popen(
        [found, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen) -> None:
    limit = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < limit
            time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
