"""Equal orders are spoken once: from a store of finished audio, or along with whoever asked first.

Only whole audio is kept, under a key of everything that it sounds by, so that nothing in a store
is ever out of date.
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
"""Pieces that are taken from the engine before the fastest reader has asked for them."""

_PREFIX = "mynah:speech:1:"
"""The number is of the form of `_packed`."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CacheKey:
    """Everything that the bytes of a piece of speech depend on.

    Attributes:
        speaker: names voice and version.
        sentences: what is said.
        options: how.
        form: how the sound is written.
    """

    speaker: str
    sentences: Sequence[Sentence]
    options: SpeechOptions
    form: AudioFormat

    def key(self, model: str) -> str:
        """The same for equal sound of a version of the weights, and for no other."""
        said = [(sentence.normalised, sentence.phones) for sentence in self.sentences]
        facts = [model, self.speaker, said, asdict(self.options), asdict(self.form)]
        return _PREFIX + hashlib.sha256(json.dumps(facts).encode()).hexdigest()


class SharedAudio(AudioStream):
    """One reader's view of audio that others may read too.

    Args:
        flight: what is read.
        sentences: what is said.
    """

    def __init__(self, flight: "_SingleFlight", sentences: Sequence[Sentence]) -> None:
        super().__init__(sentences)
        self._flight = flight
        self._at = 0
        flight.join()
        self.at_close(flight.leave)

    @property
    def chunk_seconds(self) -> Sequence[float]:
        """See `AudioStream`; of what has been spoken, read or not."""
        return self._flight.chunk_seconds

    async def begin(self) -> None:
        """Waits for the first sound, as `SpokenAudio.begin` does."""
        await self._flight.piece(0)

    async def more(self) -> bytes | None:
        """See `AudioStream`."""
        piece = await self._flight.piece(self._at)
        self._at += 1
        return piece


class SpeechCache:
    """Answers equal orders with equal bytes.

    Args:
        store: where finished audio is kept. If it fails, speech goes on without it.
        model: version of the weights.
    """

    def __init__(self, store: ResultCache, model: str) -> None:
        self._store = store
        self._model = model
        self._flights: dict[str, _SingleFlight] = {}

    async def open(
        self, sounding: CacheKey, speak: Callable[[], Awaitable[AudioStream]]
    ) -> tuple[SharedAudio, bool]:
        """Audio from the store, from an equal order under way, or newly spoken.

        Args:
            sounding: what is wanted.
            speak: makes it, if nobody has and nobody does.

        Returns:
            Audio whose first part is ready, and whether this order cost no speaking.

        Raises:
            MynahError: whatever speaking raised.
        """
        key = sounding.key(self._model)
        under_way = key in self._flights
        flight = self._flights.get(key) or self._start(key, speak)
        audio = SharedAudio(flight, sounding.sentences)
        try:
            await audio.begin()
        except BaseException:
            audio.close()
            raise
        return audio, under_way or flight.kept

    def close(self) -> None:
        """Leaves the store."""
        self._store.close()

    def _start(self, key: str, speak: Callable[[], Awaitable[AudioStream]]) -> "_SingleFlight":
        def over() -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]

        flight = _SingleFlight(key, self._store, speak, over)
        self._flights[key] = flight
        return flight


class _SingleFlight:
    """Audio that is fetched or made once while any number of readers hear it.

    It ends early when the last reader leaves, and waits when the fastest does not ask for more.
    """

    def __init__(
        self,
        key: str,
        store: ResultCache,
        speak: Callable[[], Awaitable[AudioStream]],
        over: Callable[[], None],
    ) -> None:
        self.chunk_seconds: Sequence[float] = ()
        self.kept = False
        self._key = key
        self._store = store
        self._speak = speak
        self._over = over
        self._pieces: list[bytes] = []
        self._wanted = 0
        self._readers = 0
        self._ended = False
        self._error: Exception | None = None
        self._changed = asyncio.Condition()
        self._task = asyncio.create_task(self._fly())

    def join(self) -> None:
        """One more reader."""
        self._readers += 1

    def leave(self) -> None:
        """One reader less; without readers there is no work."""
        self._readers -= 1
        if not self._readers and not self._ended:
            self._task.cancel()
            self._over()

    async def piece(self, number: int) -> bytes | None:
        """A piece of the bytes as soon as it is there; None after the last."""
        async with self._changed:
            if number > self._wanted:
                self._wanted = number
                self._changed.notify_all()
            await self._changed.wait_for(lambda: number < len(self._pieces) or self._ended)
        if number < len(self._pieces):
            return self._pieces[number]
        if self._error:
            raise self._error
        return None

    async def _fly(self) -> None:
        try:
            await self._fetch_or_make()
        except Exception as error:  # it belongs to the readers
            self._error = error
        await self._end()
        if not self.kept and not self._error:
            # Before the flight is over: an equal order finds one or the other, never neither.
            value = _packed(self.chunk_seconds, b"".join(self._pieces))
            await _attempt(self._store.put, self._key, value)
        self._over()

    async def _fetch_or_make(self) -> None:
        value = await _attempt(self._store.get, self._key)
        if value is not None:
            self.kept = True
            self.chunk_seconds, whole = _unpacked(value)
            self._pieces.append(whole)
            return
        with closing(await self._speak()) as audio:
            self.chunk_seconds = audio.chunk_seconds
            async for piece in audio:
                await self._add(piece)

    async def _add(self, piece: bytes) -> None:
        async with self._changed:
            self._pieces.append(piece)
            self._changed.notify_all()
            await self._changed.wait_for(lambda: len(self._pieces) < self._wanted + AHEAD)

    async def _end(self) -> None:
        async with self._changed:
            self._ended = True
            self._changed.notify_all()


async def _attempt(use: Callable[..., bytes | None], *arguments: str | bytes) -> bytes | None:
    """Uses the store; one that fails is one that keeps nothing."""
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
