"""Attacks of one owner: each holds as much of a server as a key lets it, until it is cancelled."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from benchmarks.load.callers import connection, hear
from benchmarks.load.server import VOICE, Served

FRACTIONS = "They are 98765/43219 and 87654/32197, then 76543/21987. " * 70
"""Of few characters and very many phonemes."""
LONG = "It was late, and the rain had not stopped since the morning of that day. " * 56
_UNREAD_BUFFER = 1 << 12
_PAUSE = 0.2


async def fractions(served: Served, number: int) -> None:
    """Speak texts whose preparation is long, a number of them at a time."""
    await _repeat(served, number, FRACTIONS)


async def long_texts(served: Served, number: int) -> None:
    """Speak long texts, a number of them at a time."""
    await _repeat(served, number, LONG)


async def unread(served: Served, number: int) -> None:
    """Ask for long texts, and read nothing of what comes."""
    with contextlib.ExitStack() as held:
        for seed in range(number):
            held.enter_context(_ask(served, seed))
            await asyncio.sleep(0)
        await asyncio.Event().wait()


async def sockets(served: Served, number: int) -> None:
    """Open WebSockets with sixteen contexts each, and speak in all of them."""
    await asyncio.gather(*[_converse(served, seed) for seed in range(number)])


Attack = Callable[[Served, int], Awaitable[None]]
ATTACKS: dict[str, tuple[Attack, int]] = {
    "texts of fractions": (fractions, 40),
    "unread streams": (unread, 64),
    "WebSockets of 16 contexts": (sockets, 300),
    "long texts": (long_texts, 64),
}
"""By name: the attack, and its usual number."""


async def _repeat(served: Served, number: int, text: str) -> None:
    async def one(client: httpx.AsyncClient, seed: int) -> None:
        while True:
            heard = await hear(client, text, seed=seed, cache=False)
            await asyncio.sleep(_PAUSE if heard.first_audio is None else 0)

    async with connection(served, httpx.Limits(max_connections=None)) as client:
        await asyncio.gather(*[one(client, seed) for seed in range(number)])


def _ask(served: Served, seed: int) -> socket.socket:
    where = urlsplit(served.url)
    body = {"input": LONG, "voice": VOICE, "response_format": "wav", "seed": seed}
    content = json.dumps(body).encode()
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD_BUFFER)
    asking.connect((where.hostname, where.port))
    asking.sendall(
        b"POST /v1/audio/speech HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n%s"
        % (served.secret.encode(), len(content), content)
    )
    return asking


async def _converse(served: Served, seed: int) -> None:
    url = f"{served.url}/v1/audio/speech/stream".replace("http", "ws", 1)
    headers = {"authorization": f"Bearer {served.secret}"}
    while True:
        with contextlib.suppress(WebSocketException, OSError):
            async with connect(url, additional_headers=headers, max_size=None) as opened:
                for name in range(16):
                    first = {"context_id": str(name), "voice": VOICE, "seed": seed}
                    await opened.send(json.dumps({**first, "input": LONG, "continue": False}))
                async for _ in opened:
                    pass
        await asyncio.sleep(_PAUSE)
