"""Where this server may connect to when a caller names a host: public addresses, and no others.

A server that calls what callers name is a way into its own network. So a host's name is resolved
once, every address is looked at, and the caller of `address` connects to that very one: a name
that means something else a moment later gains nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class HostError(Exception):
    """There is no such host, or it may not be reached; whoever asked tells their caller."""


class UnknownHostError(HostError):
    """The name leads nowhere."""


class PrivateHostError(HostError):
    """The name leads to an address that is not public."""


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What may be connected to.

    Attributes:
        networks: that may be although they are not public, such as `10.1.0.0/16`.
    """

    networks: Sequence[str]

    def __post_init__(self) -> None:
        """Refuses networks that are none.

        Raises:
            ValueError: naming one.
        """
        for network in self.networks:
            ipaddress.ip_network(network)

    def allows(self, address: str) -> bool:
        """Whether an address is public, or in a network that may be reached."""
        told = ipaddress.ip_address(address.partition("%")[0])
        if any(told in ipaddress.ip_network(network) for network in self.networks):
            return True
        meant = _embedded(told) or told
        return meant.is_global and not meant.is_multicast

    async def address(self, host: str) -> str:
        """An address of a host, all of whose addresses may be connected to.

        Raises:
            UnknownHostError: it has none.
            PrivateHostError: one of them may not be.
        """
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, None, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError):
            raise UnknownHostError from None
        addresses = [str(place[0]) for *_, place in found]
        if not addresses:
            raise UnknownHostError
        if not all(map(self.allows, addresses)):
            raise PrivateHostError
        return addresses[0]


def _embedded(address: _Address) -> ipaddress.IPv4Address | None:
    """The address of version 4 that one of version 6 stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
