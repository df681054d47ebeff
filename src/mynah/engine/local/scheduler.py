"""The local engine's scheduler: requests of many owners on their way through the stages.

A sentence is prepared, decoded to tokens in the semantic stage, and chunks of it to sound in the
acoustic stage while the next tokens come. Each stage has a thread and serves owners in turns. One
lock guards everything that they share. Whatever happens changes states and counts; `schedule`
reads these and says what may be done next.
"""

import math
import threading
from collections import Counter
from collections.abc import Collection

import numpy as np
import torch
from numpy.typing import NDArray

from mynah.engine.engine import EngineStats
from mynah.engine.local.acoustic_stage import AcousticStage
from mynah.engine.local.active_request import (
    ActiveRequest,
    ActiveSentence,
    PreparedSentence,
    SentenceState,
)
from mynah.engine.local.loaded_versions import LoadedVersions
from mynah.engine.local.preparation_stage import PreparationStage
from mynah.engine.local.schedule import Limits, has_place, schedule
from mynah.engine.local.semantic_stage import SemanticStage
from mynah.engine.local.service_time import ServiceTime
from mynah.engine.local.sized_lru import SizedLRU
from mynah.engine.request import AudioChunk, SynthesisRequest
from mynah.engine.speech_model import SpeechModel
from mynah.errors import QueueFullError, UnavailableError
from mynah.runtime.wait_policy import WaitPolicy
from mynah.voice.prompt import PreparedVoice

PROMPT_BYTES = 64 << 20
"""Memory for voices that stay ready to speak."""

VERSION_BYTES = 512 << 20
"""Memory for trained versions of voices that stay ready to speak."""


class Scheduler:
    """Schedules the requests of many callers on one model and its trained versions.

    Args:
        model: that speaks.
        size: most requests at a time; see `has_place`.
        prompt_bytes: memory for voices that stay ready to speak.
        version_bytes: memory for trained versions of them; see `LoadedVersions`.
    """

    def __init__(
        self,
        model: SpeechModel,
        *,
        size: float = math.inf,
        prompt_bytes: int = PROMPT_BYTES,
        version_bytes: int = VERSION_BYTES,
    ) -> None:
        self._model = model
        self._size = size
        self._limits = Limits()
        self._requests: set[ActiveRequest] = set()
        self._service_time = ServiceTime()
        self._open = True
        self._changed = changed = threading.Condition()
        self._versions = LoadedVersions(model, version_bytes, changed)
        self._waiting = waiting = WaitPolicy(torch.get_num_threads())
        prompts = SizedLRU[PreparedVoice](prompt_bytes)
        self._preparation = PreparationStage(
            self._versions, prompts, changed, waiting, self._prepared, self._failed
        )
        self._semantic = SemanticStage(model, changed, waiting, self._advance, self._failed)
        self._acoustic = AcousticStage(
            model.acoustic.batch_size, changed, waiting, self._chunk_decoded, self._failed
        )
        self._stages = (self._preparation, self._semantic, self._acoustic)
        for stage in self._stages:
            stage.start()

    @property
    def alive(self) -> bool:
        """True while requests are worked on."""
        return self._open and all(stage.alive for stage in self._stages)

    def admit(self, request: ActiveRequest) -> None:
        """Take a request.

        Raises:
            QueueFullError: there are as many as are admitted; it says when to come back.
            UnavailableError: the scheduler is closed.
        """
        with self._changed:
            if not self._open:
                raise _stopping()
            if not has_place(self._owners(), request.request.owner, self._size):
                raise QueueFullError(
                    f"{self._size} requests are being spoken, and no more fit; try again shortly.",
                    self._service_time.seconds_to_a_place(
                        [len(each.sentences) for each in self._requests]
                    ),
                )
            if not self._requests:
                self._waiting.resume()
            self._requests.add(request)
            self._advance([request])

    def _owners(self) -> Counter[str]:
        return Counter(each.request.owner for each in self._requests)

    def chunk_taken(self, request: ActiveRequest) -> None:
        """Note that the caller took a chunk, so that the next may be made."""
        with self._changed:
            request.chunks_ahead -= 1
            request.chunks_taken += 1
            self._advance([request])
            self._changed.notify_all()

    def end(self, request: ActiveRequest) -> None:
        """Forget a request that is finished, has failed or is cancelled, and drop its sentences."""
        with self._changed:
            if self._requests == {request}:
                self._waiting.pause()
            self._requests.discard(request)
            # A stream and its request know each other, so only the collector would free the
            # weights: no sentence stays.
            self._drop(request, 0)
            self._versions.release(request)
            self._changed.notify_all()

    def stats(self) -> EngineStats:
        """The load now."""
        with self._changed:
            return EngineStats(
                requests=len(self._requests),
                sentences=sum(len(request.sentences) for request in self._requests),
                decoding_tokens=self._semantic.batch_size,
                decoding_chunks=sum(request.chunks_decoding for request in self._requests),
                seconds_per_sentence=self._service_time.seconds_per_sentence,
            )

    def close(self) -> None:
        """End the stages after their present rounds; requests that are not finished fail."""
        self._open = False
        for stage in self._stages:
            stage.close()
        self._waiting.close()
        with self._changed:
            for request in list(self._requests):
                request.deliver(_stopping())
                self.end(request)

    def _advance(self, requests: Collection[ActiveRequest]) -> None:
        """Do what may be done next for requests; with the lock held."""
        actions = schedule((each for each in requests if each in self._requests), self._limits)
        for request in actions.fail:
            if request.error:
                request.deliver(request.error)
            self.end(request)
        for sentence in actions.decode:
            self._acoustic.submit(sentence)
        for sentence in actions.prefill:
            self._semantic.submit(sentence)
        for sentence in actions.prepare:
            sentence.enter(SentenceState.PREPARING)
            self._preparation.submit(sentence)

    def _prepared(self, sentence: ActiveSentence, prepared: PreparedSentence) -> None:
        with self._changed:
            if sentence.state is SentenceState.DONE:
                return
            sentence.prepared, sentence.context = prepared, sentence.request.context.copy()
            sentence.enter(SentenceState.PREFILL)
            self._advance([sentence.request])

    def _chunk_decoded(
        self, sentence: ActiveSentence, wave: NDArray[np.float32], seconds: float
    ) -> None:
        request = sentence.request
        with self._changed:
            request.busy += seconds
            sentence.busy += seconds
            if sentence.state is SentenceState.DONE:
                return
            chunk = self._chunk(sentence, wave)
            request.deliver(chunk)
            request.chunks_ahead += 1
            self._changed.notify_all()
            if chunk.last:
                self.end(request)
            self._advance([request])

    def _chunk(self, sentence: ActiveSentence, wave: NDArray[np.float32]) -> AudioChunk:
        """A chunk as the caller gets it; the last one of a sentence ends with the pause."""
        request, rate = sentence.request.request, self._model.acoustic.sample_rate
        text = "" if sentence.chunks else sentence.sentence.text
        is_last_sentence = sentence.number + 1 == len(request.sentences)
        if not (sentence.chunks or sentence.number):
            wave = np.concatenate([_silence(sentence.sentence.before or 0.0, rate), wave])
        sentence.chunks += 1
        spoken = sentence.prepared.stream.done
        if spoken:
            sentence.enter(SentenceState.DONE)
            sentence.request.sentences.popleft()
            self._service_time.note(sentence.busy)
        if spoken:
            wave = np.concatenate([wave, _silence(_pause_after(request, sentence.number), rate)])
        return AudioChunk(wave, rate, text, ends_sentence=spoken, last=spoken and is_last_sentence)

    def _failed(self, sentence: ActiveSentence, error: Exception) -> None:
        """End a request at a sentence; those before it are spoken first."""
        request = sentence.request
        with self._changed:
            if sentence.state is SentenceState.DONE:
                return
            request.error = request.error or error
            self._drop(request, request.sentences.index(sentence))
            self._advance([request])

    def _drop(self, request: ActiveRequest, first: int) -> None:
        """Give up the sentences of a request from one on; with the lock held."""
        while len(request.sentences) > first:
            sentence = request.sentences.pop()
            if sentence.state is not SentenceState.WAITING:
                for stage in self._stages:
                    stage.withdraw(sentence)
            sentence.enter(SentenceState.DONE)


def _pause_after(request: SynthesisRequest, number: int) -> float:
    """Seconds of silence after a sentence: those that the text asks for, or else the options."""
    if number + 1 == len(request.sentences):
        return request.sentences[number].after
    asked = request.sentences[number + 1].before
    return request.options.pause if asked is None else asked


def _silence(seconds: float, rate: int) -> NDArray[np.float32]:
    return np.zeros(int(seconds * rate), np.float32)


def _stopping() -> UnavailableError:
    return UnavailableError("The server is stopping; try again in a moment.")
