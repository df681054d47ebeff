"""One caller at a time: how soon the first sound comes, and how much of that is the gateway's."""

import time
from pathlib import Path
from statistics import median

from benchmarks.load.callers import TEXTS, connection, hear
from benchmarks.load.server import Served
from mynah.engine.models import load_models
from mynah.engine.synthesizer import Synthesizer
from mynah.options import SpeechOptions
from mynah.voice.samples import samples

TEXT = TEXTS[0]
_WARM_UP = 3


async def through_the_gateway(served: Served, rounds: int) -> list[float]:
    """Seconds to the first sound over HTTP, for each of the seeds from 0."""
    async with connection(served) as client:
        for _ in range(_WARM_UP):
            await hear(client, TEXT)
        heard = [await hear(client, TEXT, seed=seed, cache=False) for seed in range(rounds)]
    return [each.first_audio for each in heard if each.first_audio is not None]


def from_the_engine(model: Path | None, rounds: int) -> list[float]:
    """Seconds to the first sound of the bare engine, for the same text and seeds."""
    synthesizer = Synthesizer(load_models(model))
    (sample,) = (each for each in samples() if each.name == "mandarin")
    voice = sample.voice()

    def seconds(seed: int) -> float:
        began = time.perf_counter()
        chunks = synthesizer.stream(TEXT, voice, SpeechOptions(seed=seed))
        next(chunks)
        took = time.perf_counter() - began
        for _ in chunks:
            pass
        return took

    for _ in range(_WARM_UP):
        seconds(0)
    return [seconds(seed) for seed in range(rounds)]


def overhead(gateway: list[float], engine: list[float]) -> float:
    """Seconds that the gateway adds: the median over the seeds."""
    return median(over - bare for over, bare in zip(gateway, engine, strict=True))
