"""Dependencies of the routes: the services, and credentials of a connection."""

import asyncio
import contextlib
from typing import Annotated, cast

from fastapi import Depends, WebSocket
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect

from mynah.server.errors import AuthenticationError
from mynah.server.services import Services


# Not a plain function: FastAPI would call that in a thread, for each request.
async def _services(connection: HTTPConnection) -> Services:
    return cast(Services, connection.app.state.services)


ServicesOf = Annotated[Services, Depends(_services)]
"""Parameter type of an endpoint that takes the services of its app."""
SUBPROTOCOL = "mynah.v1"
_KEY = "mynah.key."
_POLICY_VIOLATION = 1008
"""Code that closes a WebSocket (RFC 6455, 7.4.1)."""
_CLOSE_SECONDS = 1.0


def bearer_secret(headers: Headers) -> str | None:
    """The key of `Authorization: Bearer`; None without such a header."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return (secret.strip() or None) if scheme.lower() == "bearer" else None


def secret_of(socket: WebSocket) -> str | None:
    """The key of a WebSocket: `Authorization: Bearer`, or a subprotocol as browsers can send.

    The protocols are then `mynah.v1` and `mynah.key.<key>`; only the first is answered.
    """
    if secret := bearer_secret(socket.headers):
        return secret
    offered: list[str] = socket.scope["subprotocols"]
    keys = [name.removeprefix(_KEY) for name in offered if name.startswith(_KEY)]
    return keys[0] if keys else None


async def close_unauthenticated(socket: WebSocket, error: AuthenticationError) -> None:
    """Close a WebSocket whose key has ended, with the reason in one clause."""
    reason, _, _ = str(error).partition(";")
    with contextlib.suppress(TimeoutError, WebSocketDisconnect):
        # A client that reads nothing must not hold it open.
        async with asyncio.timeout(_CLOSE_SECONDS):
            await socket.close(_POLICY_VIOLATION, reason)
