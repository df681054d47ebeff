"""WebSocket that parses no more input than the application has asked for.

uvicorn stops reading when a message has come, but parses all frames of what it has read: a
quarter of a megabyte can hold forty thousand empty messages, or, compressed, gigabytes. Here bytes
wait unparsed, before the handshake is answered and while a message waits to be taken.
"""

from typing import Any

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

MESSAGE_BYTES = 1 << 17
"""Largest message: one of 4,096 characters fits in any spelling of JSON."""

_PIECE_BYTES = 1 << 10
"""Bytes that are parsed in one go."""


class BoundedSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, which parses its input in small chunks."""

    def __init__(self, *args: Any, **given: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **given)
        self._waiting = bytearray()
        self._parsing = False

    def data_received(self, data: bytes) -> None:
        """Receive bytes of the client."""
        if not self.handshake_initiated:
            head, end, frames = data.partition(b"\r\n\r\n")
            super().data_received(head + end)
            data = frames
        self._waiting += data
        self._go_on()

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next message, and parse more."""
        message = await super().receive()
        self._go_on()
        return message

    async def send(self, message: Any) -> None:  # noqa: ANN401
        """Send a message; the one that accepts the socket starts the parsing of frames."""
        await super().send(message)
        self._go_on()

    def handle_cont(self, event: Frame) -> None:
        """Handle a part of a message; an empty one would only cost memory."""
        if event.data or event.fin:
            super().handle_cont(event)

    def _go_on(self) -> None:
        """Schedule a parse on the event loop if one is allowed and there is input."""
        if self._waiting and not self._parsing and self._may_parse():
            self._parsing = True
            self.loop.call_soon(self._parse)
        if self._waiting and not self.transport.is_closing():
            self.transport.pause_reading()

    def _may_parse(self) -> bool:
        accepted = self.handshake_complete and self.initial_response is None
        return accepted and not self.read_paused and not self.transport.is_closing()

    def _parse(self) -> None:
        self._parsing = False
        if not self._may_parse():
            return
        piece = bytes(self._waiting[:_PIECE_BYTES])
        del self._waiting[:_PIECE_BYTES]
        super().data_received(piece)
        self._go_on()
        if not self._waiting and not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()
