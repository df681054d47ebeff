"""Streams of encoded audio, and tracking of their underruns."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Self

import numpy as np
from fastapi.concurrency import run_in_threadpool

from mynah.audio.encoding import Encoder
from mynah.engine.engine import ChunkStream
from mynah.server.metrics import Metrics
from mynah.server.speech.sentence_timing import SentenceTiming
from mynah.storage.database import new_id
from mynah.text.sentence import Sentence


class UnderrunTracker:
    """A simulated player that starts with the first chunk and plays without a pause."""

    def __init__(self) -> None:
        self._until: float | None = None

    def comes_late(self, asked_at: float, seconds: float) -> bool:
        """True if a chunk that has just come leaves a gap after the one before it.

        Args:
            asked_at: time of the request for it, by `time.perf_counter`. If everything was
                played by then, it is the caller who takes chunks too slowly.
            seconds: its duration.
        """
        now = time.perf_counter()
        late = self._until is not None and asked_at <= self._until < now
        self._until = max(now, self._until or now) + seconds
        return late


TOKENS_PER_SECOND = 25
_FIRST_BLOCK = 1 << 12
_BLOCK = 1 << 14
"""Samples that are encoded at once: the first bytes leave before a long chunk is encoded."""
_log = logging.getLogger(__name__)


class AudioStream(ABC):
    """Encoded speech as it is ready; a reader that stops early must `close` it.

    Attributes:
        id: unique.
        sentences: of the text.
        timings: of the sentences that are spoken so far, if the request asked for them.
    """

    def __init__(
        self, sentences: Sequence[Sentence], timings: Sequence[SentenceTiming] = ()
    ) -> None:
        self.id = new_id("audio")
        self.sentences = sentences
        self.timings = timings
        self._at_failure: list[Callable[[Exception], None]] = []
        self._at_close = ExitStack()

    @property
    @abstractmethod
    def chunk_seconds(self) -> Sequence[float]:
        """Duration of each chunk, pauses included, as far as they are spoken."""

    @property
    def phonemes(self) -> int:
        """Phonemes that are said."""
        return sum(len(sentence.phones) for sentence in self.sentences)

    @property
    def semantic_tokens(self) -> int:
        """Semantic tokens that were spoken so far, pauses included."""
        return round(sum(self.chunk_seconds) * TOKENS_PER_SECOND)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """More bytes, never none.

        Raises:
            MynahError: whatever speaking raised.
        """
        try:
            more = await self.more()
        except Exception as error:
            for call in self._at_failure:
                call(error)
            raise
        if more is None:
            self.close()
            raise StopAsyncIteration
        return more

    @abstractmethod
    async def more(self) -> bytes | None:
        """More bytes; None after the last.

        Raises:
            MynahError: whatever speaking raised.
        """

    def at_close(self, call: Callable[[], None]) -> None:
        """Register a callback for the end of the stream, or its close if that is earlier."""
        self._at_close.callback(call)

    def at_failure(self, call: Callable[[Exception], None]) -> None:
        """Register a callback for a failure after the first sound."""
        self._at_failure.append(call)

    def close(self) -> None:
        """Stop the work on it."""
        self._at_close.close()


class SpokenAudio(AudioStream):
    """Chunks of the engine, encoded as they come."""

    def __init__(
        self,
        stream: ChunkStream,
        encoder: Encoder,
        sentences: Sequence[Sentence],
        metrics: Metrics,
        timings: Sequence[SentenceTiming] = (),
    ) -> None:
        super().__init__(sentences, timings)
        self._metrics = metrics
        self._underruns = UnderrunTracker()
        self._stream = stream
        self._encoder = encoder
        self._samples = np.zeros(0, np.float32)
        self._block = _FIRST_BLOCK
        self._ready = b""
        self._ended = False
        self._chunk_seconds: list[float] = []
        self.at_close(stream.close)

    @property
    def chunk_seconds(self) -> Sequence[float]:
        return self._chunk_seconds

    async def begin(self) -> None:
        """Wait for the first sound, so that an answer that begins has sound.

        Raises:
            MynahError: whatever speaking raised.
        """
        self._ready = self._encoder.header() + await self._next()

    async def more(self) -> bytes | None:
        while not self._ready:
            if self._ended:
                return None
            self._ready = await self._next()
        ready, self._ready = self._ready, b""
        return ready

    async def _next(self) -> bytes:
        if not len(self._samples):
            asked_at = time.perf_counter()
            chunk = await anext(self._stream, None)
            if chunk is None:
                self._ended = True
                self._report()
                return await run_in_threadpool(self._encoder.finish)
            if self._underruns.comes_late(asked_at, chunk.seconds):
                self._metrics.underruns.inc()
            self._chunk_seconds.append(chunk.seconds)
            self._samples = chunk.samples
        block, self._samples = self._samples[: self._block], self._samples[self._block :]
        self._block = _BLOCK
        if self._encoder.quick:
            return self._encoder.encode(block)
        return await run_in_threadpool(self._encoder.encode, block)

    def _report(self) -> None:
        seconds = sum(self._chunk_seconds)
        self._metrics.audio.inc(seconds)
        self._metrics.queue_wait.observe(self._stream.waited_seconds)
        if seconds:
            self._metrics.real_time_factor.observe(self._stream.busy_seconds / seconds)
        facts = {
            "sentences": len(self.sentences),
            "audio_seconds": round(seconds, 3),
            "waited_seconds": round(self._stream.waited_seconds, 4),
            "busy_seconds": round(self._stream.busy_seconds, 4),
        }
        _log.info("spoken", extra=facts)
