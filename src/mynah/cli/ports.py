"""Ports to serve on."""

import socket
from collections.abc import Iterable

from mynah.errors import OptionError


def take_ports(host: str, ports: Iterable[int]) -> list[socket.socket]:
    """Sockets bound to ports on every address of a host, and not listening yet.

    Raises:
        OptionError: the host is unknown, or a port is taken.
    """
    return [taken for port in ports for taken in _sockets(host, port)]


def _sockets(host: str, port: int) -> list[socket.socket]:
    try:
        addresses = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )
        return [_bound(family, address) for family, _, _, _, address in addresses]
    except OSError as error:
        raise OptionError(
            f"Port {port} of {host} cannot be taken ({error.strerror}); choose another."
        ) from None


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is named.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        # IPv4 has a socket of its own.
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    bound.bind(address)
    return bound
