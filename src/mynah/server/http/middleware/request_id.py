"""Request ids: in the response headers, in errors and in log lines."""

import logging
import time
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mynah.runtime.logging import new_request_id

HEADER = "x-request-id"
_BEGINNINGS = ("http.response.start", "websocket.accept", "websocket.http.response.start")
_log = logging.getLogger(__name__)


class RequestIdMiddleware:
    """Set an id for each request, and log its end in one line without anything of its contents."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the next app."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        name = new_request_id(Headers(scope=scope).get(HEADER))
        line: dict[str, Any] = {"method": scope.get("method", "WEBSOCKET"), "status": None}
        began = time.perf_counter()

        async def named(message: Message) -> None:
            if message["type"] in _BEGINNINGS:
                line["status"] = message.get("status", HTTPStatus.SWITCHING_PROTOCOLS)
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            # The call's name, not its path, in which there may be the name of a person.
            call = getattr(scope.get("endpoint"), "__name__", None)
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            _log.info("answered", extra=line | {"call": call, "milliseconds": milliseconds})
