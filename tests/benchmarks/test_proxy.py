"""The proxy passes on, stops, stalls and slows what goes through it."""

import socket
import threading
import time

import pytest
from benchmarks.dependencies.proxy import SLOW_SECONDS, Fault, Proxy


@pytest.fixture
def proxy():
    """A proxy before a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        with Proxy(listening.getsockname()[1]) as between:
            yield between


def serve(listening):
    while True:
        try:
            connected, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=echo, args=(connected,), daemon=True).start()


def echo(connected):
    while part := connected.recv(100):
        connected.sendall(part)


def connect(proxy) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3)
    connected.sendall(b"one")
    assert connected.recv(3) == b"one"
    return connected


def ended(connected) -> bool:
    try:
        return connected.recv(3) == b""
    except ConnectionResetError:
        return True


def test_it_stops_what_there_is_and_refuses_what_comes(proxy):
    connected = connect(proxy)
    proxy.fail(Fault.STOPPED)
    assert ended(connected)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3)
    proxy.fail(Fault.NONE)
    connect(proxy).close()


def test_it_stalls_and_then_passes(proxy):
    connected = connect(proxy)
    proxy.fail(Fault.STALLED)
    connected.sendall(b"two")
    with pytest.raises(TimeoutError):
        connected.recv(3)
    proxy.fail(Fault.NONE)
    assert connected.recv(3) == b"two"


def test_it_slows_each_way(proxy):
    connected = connect(proxy)
    connected.settimeout(5)
    proxy.fail(Fault.SLOW)
    began = time.monotonic()
    connected.sendall(b"two")
    assert connected.recv(3) == b"two"
    assert time.monotonic() - began >= 2 * SLOW_SECONDS
