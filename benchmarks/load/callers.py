"""Callers: each requests speech, reads all of it, and requests again."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.load.server import VOICE, Served

TEXTS = (
    "今天天气很好，我们一起去公园散步怎么样？",
    "请把门关上，外面的风实在是太大太冷了。",
    "The train is at nine.",
    "See you on Thursday!",
)
"""Of about 20 characters each, one or two seconds of speech."""

SPOKEN = "200"
BUSY = ("429", "503")
"""Statuses of an overloaded server."""

WAV_HEADER = 44
"""Bytes before the first sample."""
BYTES_PER_SECOND = 2 * 32_000

_PATIENCE = 360.0
_LEAST_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Heard:
    """Measurements of one call.

    Attributes:
        outcome: status of HTTP and what was wrong with the answer, if anything; or the name of
            what broke the call off.
        first_audio: seconds until the first sound, if there was any.
        whole: seconds until the end.
        sound: bytes of the audio, 16 bits a sample.
    """

    outcome: str
    first_audio: float | None
    whole: float
    sound: int


async def crowd(served: Served, number: int, seconds: float) -> list[Heard]:
    """Run a number of callers that request speech at once, until the seconds are over."""
    until = time.monotonic() + seconds
    limits = httpx.Limits(max_connections=None)
    async with connection(served, limits) as client:
        heard = await asyncio.gather(*[_caller(client, who, until) for who in range(number)])
    return [each for calls in heard for each in calls]


def connection(served: Served, limits: httpx.Limits | None = None) -> httpx.AsyncClient:
    """A client of the server, with its key."""
    return httpx.AsyncClient(
        base_url=served.url,
        headers={"authorization": f"Bearer {served.secret}"},
        timeout=_PATIENCE,
        limits=limits or httpx.Limits(),
    )


async def hear(client: httpx.AsyncClient, text: str, **options: Any) -> Heard:  # noqa: ANN401
    """Request speech, and read the response to its end."""
    began, first, sound = time.perf_counter(), None, b""
    body = {"input": text, "voice": VOICE, "response_format": "wav", **options}
    try:
        async with client.stream("POST", "/v1/audio/speech", json=body) as answer:
            outcome = str(answer.status_code)
            if outcome != SPOKEN:
                await answer.aread()
                outcome += _form(answer)
            else:
                async for data in answer.aiter_raw():
                    first = first or time.perf_counter() - began
                    sound += data
                outcome += _flaw(sound)
    except httpx.HTTPError as error:
        outcome = type(error).__name__
    return Heard(outcome, first, time.perf_counter() - began, max(0, len(sound) - WAV_HEADER))


def _flaw(wav: bytes) -> str:
    """Empty if it is speech; that it came to its end is what the protocol tells."""
    samples = wav[WAV_HEADER:]
    if not wav.startswith(b"RIFF") or wav[WAV_HEADER - 8 : WAV_HEADER - 4] != b"data":
        return " without a header"
    if len(samples) % 2:
        return " with half a sample"
    if len(samples) < _LEAST_SECONDS * BYTES_PER_SECOND:
        return " with too little speech"
    return "" if any(samples) else " with silence"


def _form(answer: httpx.Response) -> str:
    """Empty if an error has the right body."""
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError):
        return " without the envelope"
    if error.keys() != {"type", "code", "message", "param", "request_id"}:
        return " in an incomplete envelope"
    busy = answer.status_code in (429, 503)
    return " without Retry-After" if busy and "retry-after" not in answer.headers else ""


async def _caller(client: httpx.AsyncClient, who: int, until: float) -> Sequence[Heard]:
    calls: list[Heard] = []
    while time.monotonic() < until:
        calls.append(await hear(client, TEXTS[(who + len(calls)) % len(TEXTS)]))
        if calls[-1].outcome != SPOKEN:
            await asyncio.sleep(1)  # as long as a server asks for at least
    return calls
