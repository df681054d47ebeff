"""The desk where every family of the API orders speech: from text and a voice to encoded audio."""

import time
from dataclasses import dataclass
from functools import partial

from fastapi.concurrency import run_in_threadpool

from mynah.engine.prompts import Speaker
from mynah.engine.queue import SpeechQueue, SpeechRequest
from mynah.options import SpeechOptions
from mynah.service.answer_headers import tell
from mynah.service.audio import AudioStream, SpokenAudio
from mynah.service.cache import Sounding, SpeechCache
from mynah.service.containers import AudioFormat
from mynah.service.keys import Caller
from mynah.service.limits import Limits
from mynah.service.metrics import Metrics
from mynah.service.screen import Screen
from mynah.service.voices import Voices
from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence
from mynah.tracing import span


@dataclass(frozen=True, slots=True)
class SpeechOrder:
    """A piece of speech that a caller wants.

    Attributes:
        caller: who.
        text: what is to be said.
        voice: id or name of the voice, or a speaker whom nobody has stored.
        options: language, speed and the rest.
        form: how the sound is written.
        cacheable: whether equal orders may be answered with equal bytes.
    """

    caller: Caller
    text: str
    voice: str | Speaker
    options: SpeechOptions
    form: AudioFormat
    cacheable: bool = False


class SpeechDesk:
    """Takes orders.

    Args:
        voices: whom callers speak with.
        queue: the engine.
        metrics: told how it goes.
        limits: how much each caller may have spoken.
        screen: what may not be spoken, if anything.
        cache: speech that was ordered before, if it is kept.
    """

    def __init__(
        self,
        voices: Voices,
        queue: SpeechQueue,
        metrics: Metrics,
        limits: Limits,
        screen: Screen | None,
        cache: SpeechCache | None,
    ) -> None:
        self._voices = voices
        self._queue = queue
        self._metrics = metrics
        self._limits = limits
        self._screen = screen
        self._cache = cache

    @property
    def sample_rate(self) -> int:
        """Samples per second of all speech, before a format asks for others."""
        return self._queue.sample_rate

    async def open(self, order: SpeechOrder) -> AudioStream:
        """Starts on an order.

        Returns:
            Its audio, of which the first part is ready.

        Raises:
            VoiceNotFoundError, TextError, LanguageError, OptionError: the order is wrong.
            ScreenedError, RateLimitError: it may not be spoken, or not now.
            UnavailableError, DeadlineError: there is no place for it, or it took too long.
        """
        began = time.perf_counter()
        audio = await self._open(order)
        self._metrics.first_audio.observe(time.perf_counter() - began)
        return audio

    async def _open(self, order: SpeechOrder) -> AudioStream:
        speaker = await run_in_threadpool(self._speaker, order.voice)
        with span("text"):
            sentences = await run_in_threadpool(self._read, order)
        await self._limits.count_characters(order.caller, len(order.text))
        leave = self._limits.enter_stream(order.caller)
        try:
            audio = await self._audio(order, speaker, sentences)
        except BaseException:
            leave()
            raise
        audio.at_close(leave)
        return audio

    def close(self) -> None:
        """Leaves the cache."""
        if self._cache:
            self._cache.close()

    def _speaker(self, voice: str | Speaker) -> Speaker:
        return self._voices.speaker(voice) if isinstance(voice, str) else voice

    def _read(self, order: SpeechOrder) -> list[Sentence]:
        options = order.options
        read = partial(analyse, language=options.language, split=options.split)
        if self._screen is None:
            return read(order.text)
        return self._screen.read(order.caller, order.text, read)

    async def _audio(
        self, order: SpeechOrder, speaker: Speaker, sentences: list[Sentence]
    ) -> AudioStream:
        speak = partial(self._speak, order, speaker, sentences)
        if not (self._cache and order.cacheable):
            return await speak()
        sounding = Sounding(speaker.key, sentences, order.options, order.form)
        audio, hit = await self._cache.open(sounding, speak)
        result = "hit" if hit else "miss"
        self._metrics.cache.labels(result).inc()
        tell(x_cache=result)
        return audio

    async def _speak(
        self, order: SpeechOrder, speaker: Speaker, sentences: list[Sentence]
    ) -> SpokenAudio:
        stream = self._queue.submit(
            SpeechRequest(order.caller.id, sentences, speaker, order.options)
        )
        audio = SpokenAudio(
            stream, order.form.encoder(self._queue.sample_rate), sentences, self._metrics
        )
        try:
            await audio.begin()
        except BaseException:
            audio.close()
            raise
        return audio
