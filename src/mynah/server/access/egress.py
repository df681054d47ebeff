"""Egress policy for hosts named by callers: public addresses only, against SSRF.

A host's name is resolved once, every address is checked, and the caller of `address` connects to
that very one: a name that resolves differently a moment later has no effect.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All that IANA gives out of IPv6: what is elsewhere is local, or translated to such."""
_RESERVED = [ipaddress.ip_network(each) for each in ("192.0.0.0/24", "3fff::/20")]
"""Networks for protocols and (RFC 9637) for documentation, which Python takes for public."""
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class HostError(Exception):
    """An unknown or forbidden host."""


class UnknownHostError(HostError):
    """The name does not resolve."""


class PrivateHostError(HostError):
    """The name resolves to an address that is not public."""


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Allowed addresses: public ones, and `networks` such as `10.1.0.0/16`."""

    networks: Sequence[str]

    def __post_init__(self) -> None:
        """Refuse invalid networks.

        Raises:
            ValueError: naming one.
        """
        for network in self.networks:
            ipaddress.ip_network(network)

    def allows(self, address: str) -> bool:
        """True if an address is public, or in an allowed network."""
        given = ipaddress.ip_address(address.partition("%")[0])
        if any(given in ipaddress.ip_network(network) for network in self.networks):
            return True
        return _is_public(_embedded(given) or given)

    async def address(self, host: str) -> str:
        """Resolve a host, all of whose addresses must be allowed.

        Raises:
            UnknownHostError: it has none.
            PrivateHostError: one of them is not allowed.
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


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    reserved = address.is_multicast or any(address in network for network in _RESERVED)
    return address.is_global and not reserved


def _embedded(address: _Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address embedded in an IPv6 one; None if there is none."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
