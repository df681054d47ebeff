"""`mynah serve`."""

import contextlib
import ipaddress
import logging.config
import socket
import sys
from collections.abc import Iterable
from functools import partial

from rich.console import Console

from mynah.cli.welcome import welcome
from mynah.config import Settings
from mynah.engine.loading import load_models
from mynah.engine.local.local_engine import LocalEngine
from mynah.engine.self_test import self_test
from mynah.errors import OptionError
from mynah.runtime.logging import log_config
from mynah.runtime.memory import limit_arenas
from mynah.server.asgi import create_app
from mynah.server.compat.mount import own_ports
from mynah.server.http.server import settle, web_server
from mynah.server.stores import make_server_stores
from mynah.server.voices.stored_voices import StoredVoices


def serve(settings: Settings) -> None:
    """Serve until stopped; a terminal is told what is done, and what to do next.

    Raises:
        OptionError: access would be open to everyone, or a port cannot be used.
        StorageError: its data folder or its database cannot be used.
        CheckpointError: the model cannot be loaded, or cannot speak.
    """
    check_access(settings)
    limit_arenas()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    logging.config.dictConfig(log_config(plain=console.is_terminal))
    # The ports first: an earlier server that still has them still uses the data.
    sockets = take_ports(settings.host, [settings.port, *own_ports(settings)])
    stores = make_server_stores(settings)
    with _doing(console, "loading the model"):
        engine = LocalEngine(
            load_models(settings.model, settings.precision, settings.device),
            StoredVoices(stores.blobs, stores.weights),
            size=settings.queue_size,
            deadline=settings.speech_seconds,
            prompt_bytes=settings.kept_voice_bytes,
            version_bytes=settings.kept_version_bytes,
        )
        app = create_app(stores, engine)
    keys = bool(stores.keys.all())
    if not (settings.no_auth or keys or console.is_terminal):
        hint = "mynah: there are no keys yet, so nobody can call; run `mynah keys create`"
        print(hint, file=sys.stderr)  # noqa: T201
    with _doing(console, "having it speak a sentence of each language"):
        _test(engine)
        settle(app)
    port = sockets[0].getsockname()[1]
    greet = partial(_greet, console, welcome(settings, port, keys=keys))
    with contextlib.suppress(KeyboardInterrupt):
        web_server(app, greet).run(sockets)


def _test(engine: LocalEngine) -> None:
    try:
        self_test(engine)
    except BaseException:
        engine.close()  # threads at work while Python ends would abort the process
        raise


def _doing(console: Console, what: str) -> contextlib.AbstractContextManager[object]:
    """Show in a terminal what is being done."""
    return console.status(f"{what} …") if console.is_terminal else contextlib.nullcontext()


def _greet(console: Console, lines: Iterable[str]) -> None:
    if console.is_terminal:
        console.print("", *lines, "", sep="\n", markup=False)


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
