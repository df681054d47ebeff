"""The load benchmark's judgement of memory, responses and pairs."""

import asyncio
import struct

import httpx
import numpy as np
import pytest
from benchmarks.load.alone import FirstSound, overhead, silence
from benchmarks.load.callers import BYTES_PER_SECOND, hear
from benchmarks.load.memory import Reading, growth, is_flat, read_memory

MIB = 1 << 20
HEADER = (
    b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", 16) + bytes(16) + b"data\xff\xff\xff\xff"
)
SPEECH = (np.sin(np.arange(32_000)) * 9_000).astype("<i2").tobytes()
ENVELOPE = {
    "error": {"type": "t", "code": "c", "message": "m", "param": None, "request_id": "r"},
}


def readings(*mebibytes: float) -> list[Reading]:
    return [Reading(second, int(each * MIB)) for second, each in enumerate(mebibytes)]


def test_memory_that_fills_at_first_and_stays_is_flat():
    steady = readings(600, 800, 900, 1000, 1001, 1000, 1002, 1001)
    assert growth(steady) == pytest.approx(1 * MIB, abs=MIB)
    assert is_flat(steady)


def test_memory_that_goes_on_growing_is_not():
    leaking = readings(*range(600, 1200, 25))
    assert growth(leaking) > 100 * MIB
    assert not is_flat(leaking)


def test_one_high_reading_is_no_growth():
    assert is_flat(readings(*[1000] * 23, 1300))


def test_memory_is_read_until_the_work_is_done():
    async def read() -> list[Reading]:
        work = asyncio.create_task(asyncio.sleep(0.2))
        return await read_memory(lambda: MIB, 0.05, work)

    taken = asyncio.run(read())
    assert 3 <= len(taken) <= 5
    assert all(each.resident == MIB for each in taken)


def test_the_overhead_is_the_median_of_differences():
    # The difference of the medians would be 0.2.
    measured = [FirstSound(*each, 0.0) for each in ((1.1, 1.0), (1.3, 1.0), (9.0, 8.9))]
    assert overhead(measured) == pytest.approx(0.1)


def test_a_break_is_what_a_player_waits_for_more():
    half = BYTES_PER_SECOND // 2
    assert silence([(0.3, half), (0.7, half), (0.9, half)]) == pytest.approx(0)
    assert silence([(0.3, half), (1.0, half), (1.4, half), (2.1, half)]) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("status", "answer", "outcome"),
    [
        (200, {"stream": httpx.ByteStream(HEADER + SPEECH)}, "200"),
        (200, {"stream": httpx.ByteStream(SPEECH)}, "200 without a header"),
        (200, {"stream": httpx.ByteStream(HEADER + SPEECH[:-1])}, "200 with half a sample"),
        (200, {"stream": httpx.ByteStream(HEADER + SPEECH[:1000])}, "200 with too little speech"),
        (200, {"stream": httpx.ByteStream(HEADER + bytes(32_000))}, "200 with silence"),
        (204, {}, "204 without the envelope"),
        (503, {"json": ENVELOPE, "headers": {"retry-after": "1"}}, "503"),
        (503, {"json": ENVELOPE}, "503 without Retry-After"),
        (429, {"text": "slow down"}, "429 without the envelope"),
        (503, {"json": {"error": {"code": "c"}}}, "503 in an incomplete envelope"),
    ],
)
def test_every_answer_is_looked_at(status, answer, outcome):
    transport = httpx.MockTransport(lambda _: httpx.Response(status, **answer))

    async def call() -> str:
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return (await hear(client, "Hello.")).outcome

    assert asyncio.run(call()) == outcome
