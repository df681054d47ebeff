"""Speech service of all protocols: from text and a voice to encoded audio."""

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from mynah.audio.encoding import AudioFormat
from mynah.engine.engine import ChunkStream, Engine
from mynah.engine.request import SynthesisRequest, VoiceRef
from mynah.options import SpeechOptions
from mynah.runtime.fair_executor import FairExecutor
from mynah.runtime.tracing import span
from mynah.server.access.keys import Caller
from mynah.server.access.limits import Limits
from mynah.server.access.screen import Screen
from mynah.server.metrics import Metrics
from mynah.server.response_headers import add_server_timing, set_response_headers
from mynah.server.speech.audio_stream import AudioStream, SpokenAudio
from mynah.server.speech.cache import CacheKey, SpeechCache
from mynah.server.speech.outcome_tracking import OutcomeTracker
from mynah.server.speech.sentence_timing import SentenceTiming, TimedSentences
from mynah.server.versions.router import ResolvedVoice, VersionRouter
from mynah.server.voices.resolver import VoiceSelection
from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence

SHORT_CHARACTERS = 1000
"""Longest text that is prepared before an owner's longer ones."""


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A request for speech.

    Attributes:
        caller: that asks for it.
        text: to be spoken.
        voice: a stored voice, or recordings that are not stored.
        options: language, speed and the rest.
        form: audio format.
        cacheable: true if equal requests may be answered with equal bytes.
        user: the caller's own user, if any; the same user gets the same version.
        timed: true to get the times of words; each sentence is then sent when it is whole.
    """

    caller: Caller
    text: str
    voice: VoiceSelection | VoiceRef
    options: SpeechOptions
    form: AudioFormat
    cacheable: bool = False
    user: str | None = None
    timed: bool = False

    def whole(self) -> Self:
        """The same request with each sentence decoded at once."""
        return replace(self, options=replace(self.options, whole_sentences=True))


class SpeechService:
    """Checks a request, routes it to a version of its voice, synthesises and encodes.

    Args:
        router: chooses the version of a voice.
        tracker: counts outcomes of versions.
        engine: that speaks.
        metrics: of the server.
        limits: of each caller.
        screen: of words that may not be spoken, if there is one.
        cache: of finished speech, if there is one.
        texts: threads that prepare texts.
    """

    def __init__(
        self,
        router: VersionRouter,
        tracker: OutcomeTracker,
        engine: Engine,
        metrics: Metrics,
        limits: Limits,
        screen: Screen | None,
        cache: SpeechCache | None,
        texts: FairExecutor,
    ) -> None:
        self._router = router
        self._tracker = tracker
        self._engine = engine
        self._metrics = metrics
        self._limits = limits
        self._screen = screen
        self._cache = cache
        self._texts = texts

    @property
    def sample_rate(self) -> int:
        """Samples per second of all speech, before a format asks for others."""
        return self._engine.sample_rate

    async def open(self, request: SpeechRequest) -> AudioStream:
        """Start on a request.

        Returns:
            Its audio, of which the first chunk is ready.

        Raises:
            VoiceNotFoundError, VoiceVersionNotFoundError, ReferenceNotFoundError: of the voice.
            TextError, LanguageError, OptionError: of the text and its options.
            ScreenedError, RateLimitError: it may not be spoken, or not now.
            UnavailableError, DeadlineError: the engine is full or closed, or it took too long.
        """
        began = time.perf_counter()
        if self._engine.warnings:
            set_response_headers(x_model_warning="; ".join(self._engine.warnings))
        audio = await self._open(request)
        self._metrics.first_audio.observe(time.perf_counter() - began)
        return audio

    async def _open(self, request: SpeechRequest) -> AudioStream:
        request = replace(request, options=self._engine.resolve(request.options))
        if request.timed:
            request = request.whole()
        voice, sentences = await self._texts.run(
            request.caller.owner,
            partial(self._prepare, request),
            urgent=len(request.text) <= SHORT_CHARACTERS,
        )
        await self._limits.count_characters(request.caller, len(request.text))
        leave = self._limits.enter_stream(request.caller)
        try:
            audio = await self._counted(request, voice, sentences)
        except BaseException:
            leave()
            raise
        audio.at_close(leave)
        return audio

    def close(self) -> None:
        """Disconnect from the cache."""
        if self._cache:
            self._cache.close()

    def _prepare(self, request: SpeechRequest) -> tuple[ResolvedVoice | VoiceRef, list[Sentence]]:
        voice = self._resolve(request)
        began = time.perf_counter()
        with span("text"):
            sentences = self._analyse(request)
        add_server_timing("text", time.perf_counter() - began)
        return voice, sentences

    def _resolve(self, request: SpeechRequest) -> ResolvedVoice | VoiceRef:
        if isinstance(request.voice, VoiceRef):
            return request.voice
        return self._router.resolve(request.voice, request.caller, request.user)

    async def _counted(
        self, request: SpeechRequest, voice: ResolvedVoice | VoiceRef, sentences: list[Sentence]
    ) -> AudioStream:
        if isinstance(voice, VoiceRef):
            return await self._audio(request, voice, sentences)
        opening = self._audio(request, voice.ref, sentences)
        return await self._tracker.watch(voice, request.caller, opening)

    def _analyse(self, request: SpeechRequest) -> list[Sentence]:
        options = request.options
        read = partial(analyse, language=options.language, split=options.split)
        if self._screen is None:
            return read(request.text)
        return self._screen.read(request.caller, request.text, read)

    async def _audio(
        self, request: SpeechRequest, voice: VoiceRef, sentences: list[Sentence]
    ) -> AudioStream:
        speak = partial(self._speak, request, voice, sentences)
        if not (self._cache and request.cacheable and not request.timed):
            return await speak()
        key = CacheKey(request.caller.owner, voice.key, sentences, request.options, request.form)
        audio, hit = await self._cache.open(key, speak)
        result = "hit" if hit else "miss"
        self._metrics.cache.labels(result).inc()
        set_response_headers(x_cache=result)
        return audio

    async def _speak(
        self, request: SpeechRequest, voice: VoiceRef, sentences: list[Sentence]
    ) -> SpokenAudio:
        stream: ChunkStream = self._engine.submit(
            SynthesisRequest(request.caller.owner, tuple(sentences), voice, request.options)
        )
        timings: list[SentenceTiming] = []
        if request.timed:
            stream = TimedSentences(stream, self._engine, sentences, timings)
        encoder = request.form.encoder(self._engine.sample_rate)
        audio = SpokenAudio(stream, encoder, sentences, self._metrics, timings)
        try:
            await audio.begin()
        except BaseException:
            audio.close()
            raise
        add_server_timing("engine", stream.first_chunk_seconds)
        return audio
