"""Middleware that adds the headers which were set while a response was made."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mynah.server.response_headers import collect


class ResponseHeadersMiddleware:
    """Add the collected headers to each response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the next app."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        collected = collect()

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(collected)
            await send(message)

        await self._app(scope, receive, with_headers)
