"""`mynah serve`."""

import contextlib
import ipaddress
import logging.config
import socket
import sys
from collections.abc import Iterable

from mynah.config import Settings
from mynah.engine.loading import load_models
from mynah.engine.local.local_engine import LocalEngine
from mynah.engine.self_test import self_test
from mynah.errors import OptionError
from mynah.runtime.logging import log_config
from mynah.server.asgi import create_app
from mynah.server.compat.mount import own_ports
from mynah.server.http.server import settle, web_server
from mynah.server.stores import make_server_stores
from mynah.server.voices.stored_voices import StoredVoices


def serve(settings: Settings) -> None:
    """Serve until stopped.

    Raises:
        OptionError: access would be open to everyone, or a port cannot be used.
        StorageError: its data folder or its database cannot be used.
        CheckpointError: the model cannot be loaded, or cannot speak.
    """
    check_access(settings)
    logging.config.dictConfig(log_config())
    # The ports first: an earlier server that still has them still uses the data.
    sockets = take_ports(settings.host, [settings.port, *own_ports(settings)])
    stores = make_server_stores(settings)
    engine = LocalEngine(
        load_models(settings.model, settings.precision, settings.device),
        StoredVoices(stores.blobs, stores.weights),
        size=settings.queue_size,
        deadline=settings.speech_seconds,
        prompt_bytes=settings.kept_voice_bytes,
        version_bytes=settings.kept_version_bytes,
    )
    app = create_app(stores, engine)
    if not settings.no_auth and not stores.keys.all():
        hint = "mynah: there are no keys yet, so nobody can call; run `mynah keys create`"
        print(hint, file=sys.stderr)  # noqa: T201
    self_test(engine)
    settle(app)
    with contextlib.suppress(KeyboardInterrupt):
        web_server(app).run(sockets)


def check_access(settings: Settings) -> None:
    """Refuse to serve other machines without keys, unless the settings say so explicitly.

    Raises:
        OptionError: that is what the settings ask for.
    """
    keyless = settings.no_auth or settings.gpt_sovits_no_auth
    if keyless and not settings.trust_network and not _is_loopback(settings.host):
        raise OptionError(
            f"Without keys everyone who reaches {settings.host} could use the server; drop "
            "--no-auth and MYNAH_GPT_SOVITS_NO_AUTH, or add --trust-network if you want that."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
