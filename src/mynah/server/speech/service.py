"""The desk where every family of the API orders speech: from text and a voice to encoded audio."""

import time
from dataclasses import dataclass, replace
from functools import partial

from fastapi.concurrency import run_in_threadpool

from mynah.audio.encoding import AudioFormat
from mynah.engine.engine import Engine
from mynah.engine.request import SynthesisRequest, VoiceRef
from mynah.options import SpeechOptions
from mynah.runtime.tracing import span
from mynah.server.access.keys import Caller
from mynah.server.access.limits import Limits
from mynah.server.access.screen import Screen
from mynah.server.metrics import Metrics
from mynah.server.response_headers import add_server_timing, set_response_headers
from mynah.server.speech.audio_stream import AudioStream, SpokenAudio
from mynah.server.speech.cache import CacheKey, SpeechCache
from mynah.server.speech.outcome_tracking import OutcomeTracker
from mynah.server.versions.router import ResolvedVoice, VersionRouter
from mynah.server.voices.resolver import VoiceSelection
from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A piece of speech that a caller wants.

    Attributes:
        caller: who.
        text: what is to be said.
        voice: whose, or a speaker whom nobody has stored.
        options: language, speed and the rest.
        form: how the sound is written.
        cacheable: whether equal orders may be answered with equal bytes.
        user: for whom, if the caller serves others; the same one hears the same version.
    """

    caller: Caller
    text: str
    voice: VoiceSelection | VoiceRef
    options: SpeechOptions
    form: AudioFormat
    cacheable: bool = False
    user: str | None = None


class SpeechService:
    """Takes orders.

    Args:
        casting: which version of a voice they hear.
        tracker: counts how it does.
        engine: that speaks.
        metrics: told how it goes.
        limits: how much each caller may have spoken.
        screen: what may not be spoken, if anything.
        cache: speech that was ordered before, if it is kept.
    """

    def __init__(
        self,
        casting: VersionRouter,
        tracker: OutcomeTracker,
        engine: Engine,
        metrics: Metrics,
        limits: Limits,
        screen: Screen | None,
        cache: SpeechCache | None,
    ) -> None:
        self._casting = casting
        self._tracker = tracker
        self._engine = engine
        self._metrics = metrics
        self._limits = limits
        self._screen = screen
        self._cache = cache

    @property
    def sample_rate(self) -> int:
        """Samples per second of all speech, before a format asks for others."""
        return self._engine.sample_rate

    async def open(self, order: SpeechRequest) -> AudioStream:
        """Starts on an order.

        Returns:
            Its audio, of which the first part is ready.

        Raises:
            VoiceNotFoundError, VoiceVersionNotFoundError, ReferenceNotFoundError: of the voice.
            TextError, LanguageError, OptionError: of the text and how it is to be said.
            ScreenedError, RateLimitError: it may not be spoken, or not now.
            UnavailableError, DeadlineError: there is no place for it, or it took too long.
        """
        began = time.perf_counter()
        if self._engine.warnings:
            set_response_headers(x_model_warning="; ".join(self._engine.warnings))
        audio = await self._open(order)
        self._metrics.first_audio.observe(time.perf_counter() - began)
        return audio

    async def _open(self, order: SpeechRequest) -> AudioStream:
        order = replace(order, options=self._engine.resolve(order.options))
        part, sentences = await run_in_threadpool(self._prepare, order)
        await self._limits.count_characters(order.caller, len(order.text))
        leave = self._limits.enter_stream(order.caller)
        try:
            audio = await self._perform(order, part, sentences)
        except BaseException:
            leave()
            raise
        audio.at_close(leave)
        return audio

    def close(self) -> None:
        """Leaves the cache."""
        if self._cache:
            self._cache.close()

    def _prepare(self, order: SpeechRequest) -> tuple[ResolvedVoice | VoiceRef, list[Sentence]]:
        part = self._cast(order)
        began = time.perf_counter()
        with span("text"):
            sentences = self._read(order)
        add_server_timing("text", time.perf_counter() - began)
        return part, sentences

    def _cast(self, order: SpeechRequest) -> ResolvedVoice | VoiceRef:
        if isinstance(order.voice, VoiceRef):
            return order.voice
        return self._casting.cast(order.voice, order.caller, order.user)

    async def _perform(
        self, order: SpeechRequest, part: ResolvedVoice | VoiceRef, sentences: list[Sentence]
    ) -> AudioStream:
        if isinstance(part, VoiceRef):
            return await self._audio(order, part, sentences)
        opening = self._audio(order, part.ref, sentences)
        return await self._tracker.watch(part, order.caller, opening)

    def _read(self, order: SpeechRequest) -> list[Sentence]:
        options = order.options
        read = partial(analyse, language=options.language, split=options.split)
        if self._screen is None:
            return read(order.text)
        return self._screen.read(order.caller, order.text, read)

    async def _audio(
        self, order: SpeechRequest, voice: VoiceRef, sentences: list[Sentence]
    ) -> AudioStream:
        speak = partial(self._speak, order, voice, sentences)
        if not (self._cache and order.cacheable):
            return await speak()
        sounding = CacheKey(voice.key, sentences, order.options, order.form)
        audio, hit = await self._cache.open(sounding, speak)
        result = "hit" if hit else "miss"
        self._metrics.cache.labels(result).inc()
        set_response_headers(x_cache=result)
        return audio

    async def _speak(
        self, order: SpeechRequest, voice: VoiceRef, sentences: list[Sentence]
    ) -> SpokenAudio:
        stream = self._engine.submit(
            SynthesisRequest(order.caller.id, tuple(sentences), voice, order.options)
        )
        audio = SpokenAudio(
            stream, order.form.encoder(self._engine.sample_rate), sentences, self._metrics
        )
        try:
            await audio.begin()
        except BaseException:
            audio.close()
            raise
        add_server_timing("engine", stream.first_chunk_seconds)
        return audio
