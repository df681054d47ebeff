"""Which caller a request comes from, and whether they may do what it asks."""

from fastapi import WebSocket
from starlette.datastructures import Headers

from mynah.config import Settings
from mynah.errors import OriginError
from mynah.service.keys import ANYONE, Caller
from mynah.service.services import Services

SUBPROTOCOL = "mynah.v1"
_KEY = "mynah.key."


async def authenticate(services: Services, secret: str | None, scope: str) -> Caller:
    """The caller who holds a secret, however their protocol carries it.

    Raises:
        AuthenticationError: nobody holds it.
        ScopeError: they may not do this.
        RateLimitError: they have asked too often.
    """
    caller = await caller_of(services, secret)
    caller.require(scope)
    await services.limits.count_request(caller)
    return caller


async def caller_of(services: Services, secret: str | None) -> Caller:
    """The caller who holds a secret, whatever they may do.

    Raises:
        AuthenticationError: nobody holds it.
    """
    if services.settings.no_auth:
        return ANYONE
    return await services.callers.holder(secret)


def bearer_secret(headers: Headers) -> str | None:
    """The key of `Authorization: Bearer`; None if there is no such header."""
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


def check_origin(socket: WebSocket, settings: Settings) -> None:
    """Refuses web pages of other origins, which browsers let open any WebSocket.

    Raises:
        OriginError: the page may not.
    """
    origin = socket.headers.get("origin")
    own = f"//{socket.headers.get('host', '')}"
    allowed = origin is None or origin.endswith(own) or "*" in settings.cors_origins
    if not allowed and origin not in settings.cors_origins:
        raise OriginError(f"Pages of {origin:.80} may not call; add it to MYNAH_CORS_ORIGINS.")
