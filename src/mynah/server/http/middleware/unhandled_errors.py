"""Outermost middleware: an unexpected exception is logged and answered with 500."""

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from mynah.runtime.logging import log_unexpected
from mynah.server.http.errors import ErrorWriterAt

_INTERNAL_ERROR = 1011
"""Code that closes a WebSocket (RFC 6455, 7.4.1)."""


class UnhandledErrorMiddleware:
    """Respond 500 without details; a response that has begun is aborted, never ended."""

    def __init__(self, app: ASGIApp, write_at: ErrorWriterAt) -> None:
        self._app = app
        self._write_at = write_at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the next app."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:
            log_unexpected(error)
            if not begun:
                await self._answer(error, scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": _INTERNAL_ERROR})

    async def _answer(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        response = self._write_at(scope.get("path", ""))(error)
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(response)
        else:
            await response(scope, receive, send)
