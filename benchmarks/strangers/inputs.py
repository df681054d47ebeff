"""Inputs of a caller with a key that once held the event loop, or would."""

import json
from collections.abc import Callable, Sequence

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from benchmarks.load.server import VOICE, Served

Send = Callable[[Served], None]


def _speech(served: Served, **fields: object) -> None:
    body = json.dumps({"voice": VOICE, "input": "Hello.", **fields}, separators=(",", ":"))
    _post(served, "/v1/audio/speech", body.encode(), "application/json")


def _post(served: Served, path: str, body: bytes, kind: str) -> None:
    headers = {"authorization": f"Bearer {served.secret}", "content-type": kind}
    httpx.post(f"{served.url}{path}", content=body, headers=headers, timeout=60)


def _pieces(served: Served, pieces: Sequence[str]) -> None:
    """Send text in parts over a WebSocket, until its context ends."""
    url = f"{served.url}/v1/audio/speech/stream".replace("http", "ws", 1)
    first = {"voice": VOICE, "response_format": "pcm"}
    with connect(url, additional_headers={"authorization": f"Bearer {served.secret}"}) as socket:
        for piece in pieces:
            socket.send(json.dumps({**first, "input": piece, "continue": True}))
            first = {}
        socket.send(json.dumps({"input": "Done.", "continue": False}))
        kind = ""
        while kind not in ("speech.audio.done", "error"):
            kind = json.loads(socket.recv(timeout=60))["type"]


def _message(served: Served, message: str) -> None:
    url = f"{served.url}/v1/audio/speech/stream".replace("http", "ws", 1)
    with connect(url, additional_headers={"authorization": f"Bearer {served.secret}"}) as socket:
        try:
            socket.send(message)
            socket.recv(timeout=60)
        except ConnectionClosed:
            pass


def _form(served: Served, part: bytes) -> None:
    _post(served, "/v1/voices", part + b"--x--\r\n", "multipart/form-data; boundary=x")


_PART = b'--x\r\ncontent-disposition: form-data; name="recordings"; filename="a"\r\n\r\n%s\r\n'

INPUTS: dict[str, Send] = {
    "line breaks and empty pieces": lambda to: _pieces(to, ["\n" * 4000] * 11 + [""] * 1000),
    "a letter and line breaks": lambda to: _pieces(to, ["a", *["\n" * 4000] * 11]),
    "5,000 short pieces": lambda to: _pieces(to, ["\n"] * 5000),
    "a message of 40,000 lists": lambda to: _message(to, "[" + "[]," * 40_000 + "0]"),
    "a message of 10 MiB, compressed": lambda to: _message(to, " " * (10 << 20)),
    "80,000 unknown fields": lambda to: _speech(to, **{f"k{n}": 1 for n in range(80_000)}),
    "200,000 references": lambda to: _speech(to, references=["a"] * 200_000),
    "a query of 20,000 values": lambda to: _post(to, "/v1/voices?" + "a&" * 20_000, b"", "a/b"),
    "a form of 20,000 files": lambda to: _form(to, _PART % b"" * 20_000),
    "a file of 4 MiB of line ends": lambda to: _form(to, _PART % (b"\r" * (4 << 20))),
}
