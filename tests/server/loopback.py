"""Real Redis, Memcached and PostgreSQL servers on loopback, while tests need them."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def redis(folder, port: int | None = None) -> Iterator[str]:
    port = port or free_port()
    command = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with _running("redis-server", "redis-server", [*command, "--appendonly", "no"], port):
        yield f"redis://127.0.0.1:{port}"


@contextmanager
def memcached() -> Iterator[str]:
    port = free_port()
    command = ["-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "16", "-u", "nobody"]
    with _running("memcached", "memcached", command, port):
        yield f"memcached://127.0.0.1:{port}"


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'psycopg[binary]'")
    if shutil.which("initdb") is None:
        pytest.skip("initdb is not installed: apt-get install postgresql")
    # PostgreSQL refuses to run as root; its package brings a user along.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder:
        if as_user:
            shutil.chown(folder, "postgres")
        port = free_port()
        initdb = ["initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "mynah", "--no-sync"]
        subprocess.run([*as_user, *initdb], check=True, stdout=subprocess.DEVNULL)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        control = [*as_user, "pg_ctl", "-D", f"{folder}/data", "-w", "-s"]
        subprocess.run([*control, "-l", f"{folder}/log", "-o", options, "start"], check=True)
        try:
            yield f"postgresql+psycopg://mynah@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True)


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
