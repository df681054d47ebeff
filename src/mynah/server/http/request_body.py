"""Body of an HTTP request: sealed until its caller is admitted, then read in bounded chunks."""

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

_SCOPE_KEY = "mynah.request_body"
_CLOSE = {"connection": "close"}
_PIECE_BYTES = 1 << 14
"""Most bytes that a parser gets before the event loop turns to other connections."""


class RequestBody:
    """The receiving end of one request, as an ASGI application calls it.

    Nothing is read before `admit`; an application that reads earlier is a defect. A response that
    begins before the body has been read closes the connection, so that the rest is never received.

    Args:
        receive: of the server.
        scope: of the request; `body_of` finds this object in it.
        seconds: time for the body to arrive, from its admission on.
    """

    def __init__(self, receive: Receive, scope: Scope, seconds: float) -> None:
        self._receive = receive
        self._seconds = seconds
        self._declared = _declared_bytes(scope)
        self._complete = self._declared == 0
        self._limit: int | None = None
        self._until = 0.0
        self._bytes = 0
        self._pending = b""
        self._pending_is_last = False
        scope[_SCOPE_KEY] = self

    def admit(self, limit: int, seconds: float | None = None) -> None:
        """Allow the body to be read, up to a limit; the first admission decides.

        Args:
            limit: bytes.
            seconds: time for it to arrive; None takes that of the constructor.

        Raises:
            HTTPException: 413, its header declares more.
        """
        if self._limit is None:
            self._limit = limit
            self._until = asyncio.get_running_loop().time() + (seconds or self._seconds)
        self.check_declared(limit)

    def check_declared(self, limit: int) -> None:
        """Refuse a body whose header declares more than a limit.

        Raises:
            HTTPException: 413.
        """
        if self._declared is not None and self._declared > limit:
            raise _too_large(limit)

    async def receive(self) -> Message:
        """Return the next chunk of the body, or the end of the connection.

        Raises:
            HTTPException: 413, it is too large; 408, it is too slow.
        """
        if self._complete:
            return await self._receive()
        if self._limit is None:
            raise RuntimeError("A body is read before its caller is admitted; use AdmittingRoute.")
        if not self._pending:
            message = await self._next()
            if message["type"] != "http.request":
                return message
            self._take(message)
        else:
            await asyncio.sleep(0)
        return self._cut()

    def answering(self, send: Send) -> Send:
        """A sender that closes the connection after a response to a body which was not read."""

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and not self._complete:
                message.setdefault("headers", [])
                MutableHeaders(scope=message).update(_CLOSE)
            await send(message)

        return closing

    def _take(self, message: Message) -> None:
        assert self._limit is not None
        self._pending = message.get("body", b"")
        self._pending_is_last = not message.get("more_body", False)
        self._bytes += len(self._pending)
        if self._bytes > self._limit:
            raise _too_large(self._limit)

    def _cut(self) -> Message:
        piece, self._pending = self._pending[:_PIECE_BYTES], self._pending[_PIECE_BYTES:]
        self._complete = self._pending_is_last and not self._pending
        return {"type": "http.request", "body": piece, "more_body": not self._complete}

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout_at(self._until):
                return await self._receive()
        except TimeoutError:
            late = "The body did not arrive in time; send it without pauses."
            raise HTTPException(408, late, _CLOSE) from None


def body_of(scope: Scope) -> RequestBody:
    """The body of the request with this scope."""
    body = scope[_SCOPE_KEY]
    assert isinstance(body, RequestBody)
    return body


def _declared_bytes(scope: Scope) -> int | None:
    """Bytes that the head of a request declares; None for a body of any length."""
    headers = Headers(scope=scope)
    if "transfer-encoding" in headers:
        return None
    declared = headers.get("content-length", "0")
    return int(declared) if declared.isdigit() else None


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"The body is larger than {limit} bytes; send a smaller one.", _CLOSE)
