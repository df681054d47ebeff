"""The engine: many callers' requests on their way through the stages, all at once.

A request is read, its sentences are drawn as tokens in the semantic stage, and pieces of them
decoded in the acoustic one while the next tokens are drawn. Each stage has a thread and serves
callers in turns; one lock guards everything that they share.
"""

import math
import threading

import numpy as np
import torch
from numpy.typing import NDArray

from mynah.engine.engine import EngineStats
from mynah.engine.local.acoustic_stage import AcousticStage
from mynah.engine.local.active_request import ActiveRequest, ActiveSentence
from mynah.engine.local.loaded_versions import LoadedVersions
from mynah.engine.local.preparation_stage import PreparationStage
from mynah.engine.local.semantic_stage import SemanticStage
from mynah.engine.local.service_time import ServiceTime
from mynah.engine.local.sized_lru import SizedLRU
from mynah.engine.request import AudioChunk
from mynah.engine.speech_model import SpeechModel
from mynah.errors import QueueFullError, UnavailableError
from mynah.runtime.wait_policy import WaitPolicy
from mynah.voice.prompt import Prompt

PROMPT_BYTES = 64 << 20
"""Memory for voices that stay ready to speak."""

VERSION_BYTES = 512 << 20
"""Memory for trained versions of voices that stay ready to speak."""


class Scheduler:
    """Speaks for many callers with one model and its trained versions.

    Args:
        model: what speaks.
        size: most talks at a time.
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
        self._talks: set[ActiveRequest] = set()
        self._tempo = ServiceTime()
        self._open = True
        self._changed = changed = threading.Condition()
        versions, prompts = (
            LoadedVersions(model, version_bytes, changed),
            SizedLRU[Prompt](prompt_bytes),
        )
        self._waiting = waiting = WaitPolicy(torch.get_num_threads())
        self._reading = PreparationStage(
            versions, prompts, changed, waiting, self._prepared, self._failed
        )
        self._semantic = SemanticStage(model, changed, waiting, self._move, self._failed)
        self._acoustic = AcousticStage(
            model.together, changed, waiting, self._sounded, self._failed
        )
        self._stages = (self._reading, self._semantic, self._acoustic)
        for stage in self._stages:
            stage.start()

    @property
    def alive(self) -> bool:
        """Whether talks are worked on."""
        return self._open and all(stage.alive for stage in self._stages)

    def begin(self, talk: ActiveRequest) -> None:
        """Admits a talk.

        Raises:
            QueueFullError: there are as many as are admitted; it says when to come back.
            UnavailableError: the pipeline is closed.
        """
        with self._changed:
            if not self._open:
                raise _stopping()
            if len(self._talks) >= self._size:
                raise QueueFullError(
                    f"{self._size} requests are being spoken, and no more fit; try again shortly.",
                    self._tempo.seconds_to_a_place([talk.left for talk in self._talks]),
                )
            if not self._talks:
                self._waiting.resume()
            self._talks.add(talk)
            self._move(talk)

    def taken(self, talk: ActiveRequest) -> None:
        """The caller took a chunk, so that the next may be made."""
        with self._changed:
            talk.ahead -= 1
            talk.silent = False
            self._move(talk)
            self._changed.notify_all()

    def leave(self, talk: ActiveRequest) -> None:
        """The caller wants no more; what is in the works for it is thrown away."""
        with self._changed:
            talk.over = True
            if self._talks == {talk}:
                self._waiting.pause()
            self._talks.discard(talk)
            for stage in self._stages:
                stage.withdraw(talk)
            # A stream and its talk know each other, so only the collector would free the weights.
            talk.utterances.clear()
            self._changed.notify_all()

    def stats(self) -> EngineStats:
        """What is in the works now."""
        with self._changed:
            return EngineStats(
                requests=len(self._talks),
                sentences=sum(talk.left for talk in self._talks),
                drawn=self._semantic.drawn,
                sounding=sum(talk.sounding for talk in self._talks),
                seconds_per_sentence=self._tempo.seconds_per_sentence,
            )

    def close(self) -> None:
        """Ends the stages after their present rounds; talks that are not finished fail."""
        self._open = False
        for stage in self._stages:
            stage.close()
        self._waiting.close()
        with self._changed:
            for talk in list(self._talks):
                talk.deliver(_stopping())
                self.leave(talk)

    def _move(self, talk: ActiveRequest) -> None:
        """Has a talk go on wherever it may; with the lock held."""
        if talk.failed and talk.error:
            talk.deliver(talk.error)
            self.leave(talk)
        if talk.may_sound:
            self._acoustic.submit(talk)
        if talk.may_read:
            self._reading.submit(talk)

    def _prepared(self, utterance: ActiveSentence) -> None:
        talk = utterance.talk
        with self._changed:
            talk.reading = False
            talk.prepared += 1
            if not (talk.over or talk.error):
                talk.utterances.append(utterance)
                self._semantic.submit(utterance)

    def _sounded(
        self, utterance: ActiveSentence, wave: NDArray[np.float32], seconds: float
    ) -> None:
        talk = utterance.talk
        with self._changed:
            talk.busy += seconds
            utterance.busy += seconds
            if not utterance.wanted:
                return
            talk.deliver(self._chunk(talk, utterance, wave))
            talk.ahead += 1
            self._changed.notify_all()
            if not talk.left:
                self.leave(talk)
            self._move(talk)

    def _chunk(
        self, talk: ActiveRequest, utterance: ActiveSentence, wave: NDArray[np.float32]
    ) -> AudioChunk:
        """A piece as the caller gets it; the last one of a sentence ends with the pause."""
        rate, text = self._model.sample_rate, "" if utterance.heard else utterance.sentence.text
        utterance.heard = True
        if utterance.passage.done:
            talk.utterances.popleft()
            talk.spoken += 1
            self._tempo.note(utterance.busy)
            if talk.left:
                pause = np.zeros(int(talk.request.options.pause * rate), np.float32)
                wave = np.concatenate([wave, pause])
        return AudioChunk(wave, rate, text, last=not talk.left)

    def _failed(
        self, talk: ActiveRequest, error: Exception, utterance: ActiveSentence | None = None
    ) -> None:
        """Ends a talk at an utterance, or before the next; those before it are spoken first."""
        with self._changed:
            talk.error = talk.error or error
            while utterance in talk.utterances:
                talk.utterances.pop()
            self._move(talk)


def _stopping() -> UnavailableError:
    return UnavailableError("The server is stopping; try again in a moment.")
