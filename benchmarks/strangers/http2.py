"""A long gRPC message by HTTP/2 itself, since gRPC's own client keeps all of it in memory."""

import asyncio
import contextlib
import struct

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_WINDOW, _INITIAL_WINDOW = 65_535, 4
_FRAME_BYTES = 1 << 14


class EndlessMessage:
    """A stream on which a message is sent as far as the server's flow control allows.

    Args:
        reader, writer: of the connection.
        method: full path of the gRPC method.
        size: bytes of the message.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, size: int
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._method = method
        self._size = size
        self._windows = {0: _WINDOW, 1: _WINDOW}
        self._initial = _WINDOW
        self._changed = asyncio.Event()
        self._over = False

    async def send(self) -> int:
        """Send until all is sent or the server has had enough; the bytes that went out."""
        self._writer.write(_PREFACE + _frame(_SETTINGS, 0, 0, b"") + self._headers())
        reading = asyncio.create_task(self._read())
        sent = await self._send_data()
        self._writer.transport.abort()
        await asyncio.gather(reading, return_exceptions=True)
        return sent

    async def _send_data(self) -> int:
        data = struct.pack("!BI", 0, self._size)
        sent = 0
        while sent < self._size and not self._over:
            size = min(_FRAME_BYTES, *self._windows.values())
            if size <= 0:
                self._changed.clear()
                await self._changed.wait()
                continue
            data = (data + b"\0" * size)[:size]
            self._windows = {stream: left - size for stream, left in self._windows.items()}
            self._writer.write(_frame(_DATA, 0, 1, data))
            data = b""
            sent += size
            try:
                await self._writer.drain()
            except ConnectionError:
                break
        return sent

    async def _read(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while not self._over:
                head = await self._reader.readexactly(9)
                size, kind, flags = int.from_bytes(head[:3]), head[3], head[4]
                stream = int.from_bytes(head[5:])
                self._take(kind, flags, stream, await self._reader.readexactly(size))
        self._over = True
        self._changed.set()

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _SETTINGS and not flags & _ACK:
            settings = dict(struct.iter_unpack("!HI", payload))
            # Windows of streams that are open change with it (RFC 9113, section 6.9.2).
            initial = settings.get(_INITIAL_WINDOW, self._initial)
            self._windows[1] += initial - self._initial
            self._initial = initial
            self._writer.write(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            self._writer.write(_frame(_PING, _ACK, 0, payload))
        elif kind == _WINDOW_UPDATE and stream in self._windows:
            self._windows[stream] += int.from_bytes(payload)
        ended = kind == _HEADERS and flags & _END_STREAM
        self._over = self._over or bool(ended) or kind in (_RST_STREAM, _GOAWAY)
        self._changed.set()

    def _headers(self) -> bytes:
        fields = {
            ":method": "POST",
            ":scheme": "http",
            ":path": self._method,
            ":authority": "x",
            "content-type": "application/grpc",
            "te": "trailers",
        }
        # Literal header fields without indexing (RFC 7541, section 6.2.2).
        block = b"".join(b"\0" + _text(name) + _text(value) for name, value in fields.items())
        return _frame(_HEADERS, _END_HEADERS, 1, block)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def _text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()
