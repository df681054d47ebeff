"""Bodies that are too large or too slow are refused while they arrive."""

import asyncio
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mynah.service.errors import WriteAt

_HEADERS = {"connection": "close"}


@dataclass(frozen=True, slots=True)
class BodyRules:
    """What a body may be.

    Attributes:
        plain_bytes: largest one without files.
        multipart_bytes: largest one with files.
        seconds: time for it to arrive.
    """

    plain_bytes: int
    multipart_bytes: int
    seconds: float

    def limit(self, headers: Headers) -> int:
        """Largest body under these headers."""
        multipart = headers.get("content-type", "").startswith("multipart/form-data")
        return self.multipart_bytes if multipart else self.plain_bytes


class BodyLimitMiddleware:
    """Counts a body as it arrives, whatever its headers say of its length.

    Args:
        app: inside.
        rules: what a body may be.
        write_at: makes the answer to one that may not be.
    """

    def __init__(self, app: ASGIApp, rules: BodyRules, write_at: WriteAt) -> None:
        self._app = app
        self._rules = rules
        self._write_at = write_at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the app inside with a body that ends or fails in time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = self._rules.limit(headers)
        declared = headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > limit:
            await self._write_at(scope["path"])(_too_large(limit))(scope, receive, send)
            return
        await self._app(scope, _Measured(receive, limit, self._rules.seconds), send)


class _Measured:
    """What a request sends; an app that reads it may meet 413 or 408."""

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self._limit = limit
        self._until = asyncio.get_running_loop().time() + seconds
        self._bytes = 0
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()
        message = await self._next()
        self._bytes += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._bytes > self._limit:
            raise _too_large(self._limit)
        return message

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout_at(self._until):
                return await self._receive()
        except TimeoutError:
            late = "The body did not arrive in time; send it without pauses."
            raise HTTPException(408, late, _HEADERS) from None


def _too_large(limit: int) -> HTTPException:
    return HTTPException(
        413, f"The body is larger than {limit} bytes; send a smaller one.", _HEADERS
    )
