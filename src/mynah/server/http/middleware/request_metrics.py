"""Metrics of requests, for all API layers."""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mynah.server.metrics import Metrics
from mynah.server.problems import counting


class RequestMetricsMiddleware:
    """Count calls by name and status, and errors by code."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the next app."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "websocket.accept":
                status = HTTPStatus.SWITCHING_PROTOCOLS
            elif message["type"].endswith("http.response.start"):
                status = message["status"]
            await send(message)

        try:
            with counting(self._count_error):
                await self._app(scope, receive, watched)
        finally:
            # Names of endpoints are few; paths are whatever callers write.
            call = getattr(scope.get("endpoint"), "__name__", "none")
            self._metrics.requests.labels(call, str(status)).inc()

    def _count_error(self, code: str) -> None:
        self._metrics.errors.labels(code).inc()
