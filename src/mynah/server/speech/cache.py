"""Speech cache: equal requests are synthesised once, at a time or one after the other.

Only complete audio is cached, under a key of everything that its bytes depend on, so that no
entry is ever out of date.
"""

import asyncio
import hashlib
import json
import logging
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass

from fastapi.concurrency import run_in_threadpool

from mynah.audio.encoding import AudioFormat
from mynah.options import SpeechOptions
from mynah.server.speech.audio_stream import AudioStream
from mynah.storage.result_cache import ResultCache
from mynah.text.sentence import Sentence

AHEAD = 4
"""Chunks that are taken from the engine before the fastest reader has asked for them."""

_PREFIX = "mynah:speech:3:"
"""The number is of the form of `_packed`, and of what a key is made of."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CacheKey:
    """Everything that the bytes of a speech depend on.

    Attributes:
        owner: of the caller; nobody may learn from a cache what another owner had said.
        speaker: identifies voice and version.
        sentences: of the text.
        options: of the speech.
        form: audio format.
    """

    owner: str
    speaker: str
    sentences: Sequence[Sentence]
    options: SpeechOptions
    form: AudioFormat

    def key(self, model: str) -> str:
        """Key in the store; `model` identifies the weights."""
        said = [(each.normalised, each.phones, each.before, each.after) for each in self.sentences]
        facts = [model, self.owner, self.speaker, said, asdict(self.options), asdict(self.form)]
        return _PREFIX + hashlib.sha256(json.dumps(facts).encode()).hexdigest()


class SharedAudio(AudioStream):
    """One reader's view of audio that others may read too."""

    def __init__(self, flight: "_SingleFlight", sentences: Sequence[Sentence]) -> None:
        super().__init__(sentences)
        self._flight = flight
        self._at = 0
        flight.join()
        self.at_close(flight.leave)

    @property
    def chunk_seconds(self) -> Sequence[float]:
        """See `AudioStream`; of what is synthesised, read or not."""
        return self._flight.chunk_seconds

    async def begin(self) -> None:
        """Wait for the first sound, as `SpokenAudio.begin` does."""
        await self._flight.chunk(0)

    async def more(self) -> bytes | None:
        chunk = await self._flight.chunk(self._at)
        self._at += 1
        return chunk


class SpeechCache:
    """Answers equal requests with equal bytes.

    Args:
        store: of finished audio. If it fails, speech goes on without it.
        model: id of the weights.
    """

    def __init__(self, store: ResultCache, model: str) -> None:
        self._store = store
        self._model = model
        self._flights: dict[str, _SingleFlight] = {}

    async def open(
        self, cache_key: CacheKey, speak: Callable[[], Awaitable[AudioStream]]
    ) -> tuple[SharedAudio, bool]:
        """Audio from the store, from an equal request in flight, or newly synthesised.

        Args:
            cache_key: of the audio.
            speak: synthesises it if need be.

        Returns:
            Audio whose first chunk is ready, and true if this request cost no synthesis.

        Raises:
            MynahError: whatever speaking raised.
        """
        key = cache_key.key(self._model)
        in_flight = key in self._flights
        flight = self._flights.get(key) or self._start(key, speak)
        audio = SharedAudio(flight, cache_key.sentences)
        try:
            await audio.begin()
        except BaseException:
            audio.close()
            raise
        return audio, in_flight or flight.hit

    def close(self) -> None:
        """Disconnect from the store."""
        self._store.close()

    def _start(self, key: str, speak: Callable[[], Awaitable[AudioStream]]) -> "_SingleFlight":
        def over() -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]

        flight = _SingleFlight(key, self._store, speak, over)
        self._flights[key] = flight
        return flight


class _SingleFlight:
    """Single-flight audio: read from the store or synthesised once, shared by all its readers.

    It is cancelled when the last reader leaves, and waits when the fastest does not ask for more.
    """

    def __init__(
        self,
        key: str,
        store: ResultCache,
        speak: Callable[[], Awaitable[AudioStream]],
        over: Callable[[], None],
    ) -> None:
        self.chunk_seconds: Sequence[float] = ()
        self.hit = False
        self._key = key
        self._store = store
        self._speak = speak
        self._over = over
        self._chunks: list[bytes] = []
        self._wanted = 0
        self._readers = 0
        self._ended = False
        self._error: Exception | None = None
        self._changed = asyncio.Condition()
        self._task = asyncio.create_task(self._fly())

    def join(self) -> None:
        """Add a reader."""
        self._readers += 1

    def leave(self) -> None:
        """Remove a reader; without readers the work is cancelled."""
        self._readers -= 1
        if not self._readers and not self._ended:
            self._task.cancel()
            self._over()

    async def chunk(self, number: int) -> bytes | None:
        """A chunk of the bytes as soon as it is there; None after the last."""
        async with self._changed:
            if number > self._wanted:
                self._wanted = number
                self._changed.notify_all()
            await self._changed.wait_for(lambda: number < len(self._chunks) or self._ended)
        if number < len(self._chunks):
            return self._chunks[number]
        if self._error:
            raise self._error
        return None

    async def _fly(self) -> None:
        try:
            await self._fetch_or_speak()
        except Exception as error:  # it belongs to the readers
            self._error = error
        await self._end()
        if not self.hit and not self._error:
            # Before the flight is over: an equal request finds one or the other, never neither.
            value = _packed(self.chunk_seconds, b"".join(self._chunks))
            await _attempt(self._store.put, self._key, value)
        self._over()

    async def _fetch_or_speak(self) -> None:
        value = await _attempt(self._store.get, self._key)
        if value is not None:
            self.hit = True
            self.chunk_seconds, whole = _unpacked(value)
            self._chunks.append(whole)
            return
        with closing(await self._speak()) as audio:
            self.chunk_seconds = audio.chunk_seconds
            async for chunk in audio:
                await self._add(chunk)

    async def _add(self, chunk: bytes) -> None:
        async with self._changed:
            self._chunks.append(chunk)
            self._changed.notify_all()
            await self._changed.wait_for(lambda: len(self._chunks) < self._wanted + AHEAD)

    async def _end(self) -> None:
        async with self._changed:
            self._ended = True
            self._changed.notify_all()


async def _attempt(use: Callable[..., bytes | None], *arguments: str | bytes) -> bytes | None:
    """Use the store; a failure counts as a miss."""
    try:
        return await run_in_threadpool(use, *arguments)
    except Exception as error:  # each client has exceptions of its own
        _log.warning("cache failed", extra={"error": type(error).__name__})
        return None


def _packed(chunk_seconds: Sequence[float], audio: bytes) -> bytes:
    count = len(chunk_seconds)
    return struct.pack(f"<I{count}d", count, *chunk_seconds) + audio


def _unpacked(value: bytes) -> tuple[Sequence[float], bytes]:
    (count,) = struct.unpack_from("<I", value)
    chunk_seconds = struct.unpack_from(f"<{count}d", value, 4)
    return chunk_seconds, value[4 + 8 * count :]
