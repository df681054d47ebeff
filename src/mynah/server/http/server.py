"""The HTTP server: uvicorn, configured for Mynah."""

import gc
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from starlette.routing import Mount

from mynah.runtime.memory import return_freed_memory
from mynah.server.http.bounded_socket import MESSAGE_BYTES, BoundedSocket
from mynah.server.http.connection import Connection
from mynah.server.services import Services

KEEP_ALIVE_SECONDS = 75


def settle(app: FastAPI) -> None:
    """Do work that would delay callers, once everything is loaded and before the first call."""
    for each in (app, *_families(app)):
        each.openapi()
    return_freed_memory()
    # Collecting garbage among these objects would stop all threads for a quarter of a second.
    gc.freeze()


def _families(app: FastAPI) -> Iterator[FastAPI]:
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            yield route.app


class Server(uvicorn.Server):
    """uvicorn's server, which calls a function once it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        if self.started:
            self._listening()


def web_server(app: FastAPI, listening: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """Create the server of an app; `run` it with the sockets to listen on.

    Args:
        app: to serve.
        listening: called once calls are answered.
    """
    services: Services = app.state.services
    settings = services.settings
    config = uvicorn.Config(
        app,
        http=cast(Any, partial(Connection, settings, services.metrics)),
        log_config=None,
        access_log=False,
        server_header=False,
        ws=BoundedSocket,
        ws_max_size=min(settings.body_bytes, MESSAGE_BYTES),
        # Longer than clients' own, so that no call meets a connection that is closing.
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    return Server(config, listening)
