"""The local engine: a bounded queue, with chunks that arrive on an event loop."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Self

from mynah.audio.recording import Recording
from mynah.engine.engine import EngineStats
from mynah.engine.local.active_request import ActiveRequest
from mynah.engine.local.scheduler import PROMPT_BYTES, VERSION_BYTES, Scheduler
from mynah.engine.request import (
    AudioChunk,
    SynthesisRequest,
    VoiceEmbedding,
    VoiceRef,
    WordTime,
)
from mynah.engine.speech_model import SpeechModel
from mynah.engine.voice_source import VoiceSource
from mynah.engine.word_times import word_times
from mynah.errors import DeadlineError
from mynah.options import SpeechOptions
from mynah.runtime.threads import run_in_temporary_thread
from mynah.text.sentence import Sentence


class LocalChunkStream:
    """See `ChunkStream`."""

    def __init__(
        self,
        scheduler: Scheduler,
        request: SynthesisRequest,
        voices: VoiceSource,
        deadline: float,
    ) -> None:
        self._scheduler = scheduler
        self._loop = asyncio.get_running_loop()
        self._outbox: asyncio.Queue[AudioChunk | Exception | None] = asyncio.Queue()
        self._request = ActiveRequest(request, voices, self._deliver)
        self._first_chunk: float | None = None
        scheduler.admit(self._request)
        self._timer = self._loop.call_later(deadline, self._expire, deadline)

    @property
    def waited_seconds(self) -> float:
        return self._request.waited or 0.0

    @property
    def first_chunk_seconds(self) -> float:
        return self._first_chunk or 0.0

    @property
    def busy_seconds(self) -> float:
        return self._request.busy

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AudioChunk:
        item = await self._outbox.get()
        if not isinstance(item, AudioChunk):
            self.close()
            raise item or StopAsyncIteration
        if item.last:
            self.close()
        else:
            # Only when the caller has done what it does with the chunk: that needs the cores, too.
            self._loop.call_soon(self._scheduler.chunk_taken, self._request)
        return item

    def close(self) -> None:
        self._timer.cancel()
        self._scheduler.end(self._request)
        self._outbox.put_nowait(None)

    def _deliver(self, item: AudioChunk | Exception) -> None:
        if self._first_chunk is None:
            self._first_chunk = time.perf_counter() - self._request.admitted_at
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._outbox.put_nowait, item)

    def _expire(self, deadline: float) -> None:
        late = f"The speech was not finished within {deadline:g} s; send a shorter text."
        self._outbox.put_nowait(DeadlineError(late))
        self.close()


class LocalEngine:
    """An `Engine` whose stages are threads of this process.

    Args:
        model: that speaks.
        voices: where the voices of requests are read.
        size: most requests that are admitted at a time.
        deadline: seconds that a request may take from its admission to its last chunk.
        prompt_bytes: memory for voices that stay ready to speak.
        version_bytes: memory for trained versions of them; see `LoadedVersions`.
    """

    def __init__(
        self,
        model: SpeechModel,
        voices: VoiceSource,
        *,
        size: int = 64,
        deadline: float = 300.0,
        prompt_bytes: int = PROMPT_BYTES,
        version_bytes: int = VERSION_BYTES,
    ) -> None:
        self.size = size
        self._model = model
        self._voices = voices
        self._deadline = deadline
        self._scheduler = Scheduler(
            model, size=size, prompt_bytes=prompt_bytes, version_bytes=version_bytes
        )

    @property
    def sample_rate(self) -> int:
        return self._model.acoustic.sample_rate

    @property
    def warnings(self) -> Sequence[str]:
        return self._model.warnings

    def resolve(self, options: SpeechOptions) -> SpeechOptions:
        return self._model.resolve(options)

    @property
    def alive(self) -> bool:
        return self._scheduler.alive

    def submit(self, request: SynthesisRequest) -> LocalChunkStream:
        return LocalChunkStream(self._scheduler, request, self._voices, self._deadline)

    async def embed(self, voice: VoiceRef) -> VoiceEmbedding:
        """See `Engine`."""
        return await asyncio.to_thread(run_in_temporary_thread, self._embed, voice)

    def _embed(self, voice: VoiceRef) -> VoiceEmbedding:
        return self._model.embed(self._voices.voice(voice))

    async def align(self, speech: Recording, sentence: Sentence) -> Sequence[WordTime]:
        """See `Engine`."""
        aligner = self._model.aligner
        return await asyncio.to_thread(
            run_in_temporary_thread, word_times, aligner, speech, sentence
        )

    def stats(self) -> EngineStats:
        return self._scheduler.stats()

    def close(self) -> None:
        self._scheduler.close()
