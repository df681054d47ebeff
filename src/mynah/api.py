"""The Python door: `speak`, `stream`, and a synthesizer of any model."""

import weakref
from collections.abc import Iterator
from functools import cache
from queue import SimpleQueue
from typing import Any

import numpy as np

from mynah.audio.speech import Speech
from mynah.engine.loading import load_models
from mynah.engine.local.active_request import ActiveRequest
from mynah.engine.local.scheduler import Scheduler
from mynah.engine.models import Models
from mynah.engine.request import SynthesisRequest, VoiceRef
from mynah.options import SpeechOptions
from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence
from mynah.voice.voice import Voice


class Synthesizer:
    """Speaks with one model; any number of threads may ask it to at a time.

    Args:
        models: its networks.
    """

    def __init__(self, models: Models) -> None:
        self._models = models
        self._pipeline = Scheduler(models)
        weakref.finalize(self, self._pipeline.close)

    @property
    def sample_rate(self) -> int:
        """Samples per second of everything it speaks."""
        return self._models.sample_rate

    def speak(self, text: str, voice: Voice, options: SpeechOptions | None = None) -> Speech:
        """The whole text as one piece of sound; see `stream`."""
        chunks = list(self.stream(text, voice, options))
        samples = np.concatenate([chunk.samples for chunk in chunks])
        return Speech(samples, self.sample_rate, text)

    def stream(
        self, text: str, voice: Voice, options: SpeechOptions | None = None
    ) -> Iterator[Speech]:
        """Speaks a text chunk by chunk.

        Args:
            text: what to say.
            voice: whom to sound like.
            options: language, speed and the rest.

        Yields:
            Sound as soon as it is ready: about half a second first, then longer chunks. A
            sentence's first chunk has its text, its last one ends with the pause after it.

        Raises:
            TextError, LanguageError, OptionError: before any sound is made.
        """
        options = options or SpeechOptions()
        sentences = analyse(text, options.language, options.split)
        return self.stream_sentences(sentences, VoiceRef(voice.key, lambda: voice), options)

    def stream_sentences(
        self, sentences: list[Sentence], speaker: VoiceRef, options: SpeechOptions
    ) -> Iterator[Speech]:
        """Has any speaker say sentences that were analysed before; see `stream`."""
        outbox: SimpleQueue[Speech | Exception | None] = SimpleQueue()
        talk = ActiveRequest(SynthesisRequest("", sentences, speaker, options), outbox.put)
        self._pipeline.begin(talk)
        try:
            while (item := outbox.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                self._pipeline.taken(talk)
                yield item
        finally:
            self._pipeline.leave(talk)


def speak(text: str, *, voice: Voice, **options: Any) -> Speech:  # noqa: ANN401
    """Speaks a text with the starter model.

    Args:
        text: Mandarin, English or both.
        voice: whom to sound like.
        options: fields of `SpeechOptions`.

    Raises:
        MynahError: the text, the voice or an option cannot be used; the message says why.
    """
    return _starter().speak(text, voice, SpeechOptions(**options))


def stream(text: str, *, voice: Voice, **options: Any) -> Iterator[Speech]:  # noqa: ANN401
    """Speaks a text with the starter model, chunk by chunk; see `Synthesizer.stream`."""
    return _starter().stream(text, voice, SpeechOptions(**options))


@cache
def _starter() -> Synthesizer:
    return Synthesizer(load_models())
