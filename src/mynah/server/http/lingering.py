"""Closing of a connection whose client is still sending, so that it can read the response.

Closing a socket with unread bytes resets the connection, and many clients lose a response that was
on its way. As RFC 9112, section 9.6 has it, the server first ends its own side and then discards
a little of what still comes.
"""

import asyncio
from collections.abc import Callable

LINGER_SECONDS = 1.0
"""Longest time between the end of the response and that of the connection."""
LINGER_BYTES = 1 << 18
"""Most bytes discarded meanwhile."""


class LingeringTransport(asyncio.Transport):
    """The transport of one response; closing it leaves the client time to read."""

    def __init__(
        self,
        transport: asyncio.Transport,
        is_unread: Callable[[], bool],
        read: Callable[["LingeringTransport"], None],
    ) -> None:
        super().__init__()
        self._transport = transport
        self._is_unread = is_unread
        self._read = read
        self._discarded = 0
        self._timer: asyncio.TimerHandle | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes of the response."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """True if nothing more can be sent."""
        return self._timer is not None or self._transport.is_closing()

    def close(self) -> None:
        """End the response, and soon the connection."""
        if self.is_closing() or not self._is_unread() or not self._transport.can_write_eof():
            self._transport.close()
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(LINGER_SECONDS, self._transport.close)
        self._transport.write_eof()
        self._read(self)

    def discard(self, number: int) -> None:
        """Count discarded bytes."""
        self._discarded += number
        if self._discarded > LINGER_BYTES:
            self._transport.close()
