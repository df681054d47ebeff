"""Both stages together: how soon and how fast several callers are answered at a time."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.speed.subject import hum
from mynah.engine.local.local_engine import LocalEngine
from mynah.engine.models import Models
from mynah.engine.request import SynthesisRequest, VoiceRef
from mynah.engine.voice_source import HeldVoices
from mynah.options import SpeechOptions
from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence

TEXT = "今天天气真的很好，我们一起去公园散步好吗？"
"""Twenty-one characters."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Measurements of concurrent callers.

    Attributes:
        first: seconds until the first sound, the median of the callers.
        slowest: the same of the last.
        factor: seconds for a second of all callers' sound.
    """

    first: float
    slowest: float
    factor: float


def answered(models: Models, callers: int, sentences: Sequence[Sentence] = ()) -> Answered:
    """Run a number of callers with the same text at the same time, each with its own seed.

    Args:
        models: what speaks.
        callers: how many.
        sentences: what they say; `TEXT` if none are given.
    """
    said = list(sentences) or analyse(TEXT, SpeechOptions().language, split="cut0")
    engine = LocalEngine(models, HeldVoices({"hum": hum()}))
    try:
        return asyncio.run(_answered(engine, callers, said))
    finally:
        engine.close()


async def _answered(engine: LocalEngine, callers: int, said: list[Sentence]) -> Answered:
    await _say(engine, said, "warm", 0)  # the voice is read once
    began = time.perf_counter()
    heard = await asyncio.gather(*(_say(engine, said, f"caller {n}", n) for n in range(callers)))
    elapsed = time.perf_counter() - began
    firsts = [first for first, _ in heard]
    return Answered(median(firsts), max(firsts), elapsed / sum(seconds for _, seconds in heard))


async def _say(
    engine: LocalEngine, said: list[Sentence], caller: str, seed: int
) -> tuple[float, float]:
    """Seconds to the first sound, and of sound."""
    began = time.perf_counter()
    request = SynthesisRequest(caller, tuple(said), VoiceRef("hum"), SpeechOptions(seed=seed))
    stream = engine.submit(request)
    first, seconds = 0.0, 0.0
    async for chunk in stream:
        first = first or time.perf_counter() - began
        seconds += chunk.seconds
    return first, seconds
