"""`python -m benchmarks.strangers.floods`: connections without a key that send without end.

Each sends 100 MiB or until the server closes it, pauses for a second and connects anew.
"""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Awaitable, Callable

from benchmarks.strangers.http2 import EndlessMessage

CONNECTIONS = 64
BYTES = 100 << 20
_PAUSE = 1.0
_PIECE = b"\0" * (1 << 16)
_OFFER = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
_SOCKET_KEY = "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
_FRAME = b"\x82\xff" + (len(_PIECE)).to_bytes(8) + b"\0\0\0\0"
_FORM = b'--x\r\ncontent-disposition: form-data; name="recordings"; filename="a.wav"\r\n\r\n'


async def main() -> None:
    """Flood a server and prints how many bytes went out."""
    options = _options()
    until = time.monotonic() + options.seconds
    sent = await asyncio.gather(*[_repeat(options, until) for _ in range(CONNECTIONS)])
    print(sum(sent))


async def _repeat(options: argparse.Namespace, until: float) -> int:
    flood: Callable[[argparse.Namespace], Awaitable[int]]
    flood = _rpc if options.kind in _METHODS else _raw
    sent = 0
    while time.monotonic() < until:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + 30):
                sent += await flood(options)
        await asyncio.sleep(_PAUSE)
    return sent


async def _raw(options: argparse.Namespace) -> int:
    """Send over TCP until all is sent or the server has had enough."""
    reader, writer = await asyncio.open_connection("127.0.0.1", options.port)
    head, first, frame = _RAW[options.kind]
    closed = asyncio.create_task(reader.read(-1))
    sent = 0
    try:
        writer.write(head.encode() + first)
        while sent < BYTES and not closed.done():
            writer.write(frame + _PIECE + (b"\r\n" if frame == _CHUNK else b""))
            await writer.drain()
            sent += len(_PIECE)
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
        await asyncio.gather(closed, return_exceptions=True)
    return sent


async def _rpc(options: argparse.Namespace) -> int:
    """Send one message of gRPC."""
    reader, writer = await asyncio.open_connection("127.0.0.1", options.grpc)
    return await EndlessMessage(reader, writer, _METHODS[options.kind], BYTES).send()


def _head(path: str, *lines: str) -> str:
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: x", *lines, "", ""])


_LENGTH = f"content-length: {BYTES}"
_CHUNKED = "transfer-encoding: chunked"
_JSON, _MULTIPART = (
    "content-type: application/json",
    "content-type: multipart/form-data; boundary=x",
)
_CHUNK = b"%x\r\n" % len(_PIECE)
_RAW = {
    "multipart": (_head("/v1/voices", _LENGTH, _MULTIPART), _FORM, b""),
    "json": (_head("/v1/audio/speech", _CHUNKED, _JSON), b"", _CHUNK),
    "chunked": (_head("/v1/voices", _CHUNKED, _MULTIPART), b"", _CHUNK),
    "websocket": (
        f"GET /v1/audio/speech/stream HTTP/1.1\r\nhost: x\r\n{_OFFER}{_SOCKET_KEY}\r\n",
        b"",
        _FRAME,
    ),
}
_METHODS = {
    "grpc": "/mynah.v1.Speech/CreateVoice",
    "grpc-health": "/grpc.health.v1.Health/Check",
}
KINDS = [*_RAW, *_METHODS]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.strangers.floods", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--grpc", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
