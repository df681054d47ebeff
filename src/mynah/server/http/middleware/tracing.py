"""Middleware that traces each call."""

from opentelemetry.sdk.trace import TracerProvider
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mynah.server.tracing import traced_call


class TracingMiddleware:
    """Trace each call."""

    def __init__(self, app: ASGIApp, provider: TracerProvider) -> None:
        self._app = app
        self._provider = provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the next app."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        with traced_call(self._provider, Headers(scope=scope)) as call:
            try:
                await self._app(scope, receive, send)
            finally:
                call.update_name(getattr(scope.get("endpoint"), "__name__", "none"))
