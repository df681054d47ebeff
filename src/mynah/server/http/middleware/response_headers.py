"""Middleware that adds the headers which were set while a response was made."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mynah.server.response_headers import collect


class ResponseHeadersMiddleware:
    """Adds to each answer what was told while it was made."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the app inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = collect()

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        await self._app(scope, receive, telling)
