"""The desk where every family of the API orders speech: from text and a voice to encoded audio."""

import logging
from dataclasses import dataclass
from typing import Self

import numpy as np
from fastapi.concurrency import run_in_threadpool

from mynah.engine.queue import SpeechQueue, SpeechRequest, SpeechStream
from mynah.options import SpeechOptions
from mynah.service.containers import AudioFormat, Encoder
from mynah.service.keys import Caller
from mynah.service.voices import Voices
from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence

TOKENS_PER_SECOND = 25

_PIECE = 1 << 14
"""Samples that are encoded at once: the first bytes leave before a long chunk is encoded."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SpeechOrder:
    """A piece of speech that a caller wants.

    Attributes:
        caller: who.
        text: what is to be said.
        voice: id or name of the voice.
        options: language, speed and the rest.
        form: how the sound is written.
    """

    caller: Caller
    text: str
    voice: str
    options: SpeechOptions
    form: AudioFormat


class AudioStream:
    """The bytes of one piece of speech as they are ready; whoever stops early must `close` it.

    Args:
        stream: its sound.
        encoder: writes it.
        sentences: what is said.
    """

    def __init__(self, stream: SpeechStream, encoder: Encoder, sentences: list[Sentence]) -> None:
        self._stream = stream
        self._encoder = encoder
        self._sentences = sentences
        self._samples = np.zeros(0, np.float32)
        self._ready = b""
        self._ended = False
        self._seconds = 0.0

    @property
    def phonemes(self) -> int:
        """Phonemes that are said."""
        return sum(len(sentence.phones) for sentence in self._sentences)

    @property
    def semantic_tokens(self) -> int:
        """Semantic tokens that were spoken so far, pauses included."""
        return round(self._seconds * TOKENS_PER_SECOND)

    async def begin(self) -> None:
        """Waits for the first sound, so that an answer that begins is one that speaks.

        Raises:
            MynahError: whatever speaking raised.
        """
        self._ready = self._encoder.header() + await self._next()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """More bytes, never none."""
        while not self._ready:
            if self._ended:
                raise StopAsyncIteration
            self._ready = await self._next()
        ready, self._ready = self._ready, b""
        return ready

    def close(self) -> None:
        """Stops the work on it."""
        self._stream.close()

    async def _next(self) -> bytes:
        if not len(self._samples):
            chunk = await anext(self._stream, None)
            if chunk is None:
                self._ended = True
                self._tell()
                return await run_in_threadpool(self._encoder.finish)
            self._seconds += chunk.seconds
            self._samples = chunk.samples
        piece, self._samples = self._samples[:_PIECE], self._samples[_PIECE:]
        return await run_in_threadpool(self._encoder.encode, piece)

    def _tell(self) -> None:
        facts = {
            "sentences": len(self._sentences),
            "audio_seconds": round(self._seconds, 3),
            "waited_seconds": round(self._stream.waited_seconds, 4),
            "busy_seconds": round(self._stream.busy_seconds, 4),
        }
        _log.info("spoken", extra=facts)


class SpeechDesk:
    """Takes orders.

    Args:
        voices: whom callers speak with.
        queue: the engine.
    """

    def __init__(self, voices: Voices, queue: SpeechQueue) -> None:
        self._voices = voices
        self._queue = queue

    async def open(self, order: SpeechOrder) -> AudioStream:
        """Starts on an order.

        Returns:
            Its audio, of which the first part is ready.

        Raises:
            VoiceNotFoundError, TextError, LanguageError, OptionError: the order is wrong.
            UnavailableError, DeadlineError: there is no place for it, or it took too long.
        """
        speaker = await run_in_threadpool(self._voices.speaker, order.voice)
        sentences = await run_in_threadpool(
            analyse, order.text, order.options.language, order.options.split
        )
        stream = self._queue.submit(
            SpeechRequest(order.caller.id, sentences, speaker, order.options)
        )
        audio = AudioStream(stream, order.form.encoder(self._queue.sample_rate), sentences)
        try:
            await audio.begin()
        except BaseException:
            audio.close()
            raise
        return audio
