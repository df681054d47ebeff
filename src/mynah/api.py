"""The Python interface: `speak`, `stream`, and a synthesizer of any model."""

import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from queue import SimpleQueue
from typing import Any

import numpy as np

from mynah.audio.speech import Speech
from mynah.engine.loading import load_models
from mynah.engine.local.active_request import ActiveRequest
from mynah.engine.local.scheduler import Scheduler
from mynah.engine.request import AudioChunk, SynthesisRequest, VoiceRef
from mynah.engine.speech_model import SpeechModel
from mynah.engine.voice_source import HeldVoices, VoiceSource
from mynah.options import SpeechOptions
from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence
from mynah.voice.samples import bundled_voice
from mynah.voice.voice import Voice


class Synthesizer:
    """Speech with one model; safe to call from any number of threads."""

    def __init__(self, models: SpeechModel) -> None:
        self._models = models
        self._scheduler = Scheduler(models)
        weakref.finalize(self, self._scheduler.close)

    @property
    def sample_rate(self) -> int:
        """Samples per second of its audio."""
        return self._models.acoustic.sample_rate

    def speak(self, text: str, voice: Voice | str, options: SpeechOptions | None = None) -> Speech:
        """Synthesise a text, each sentence as a whole; see `stream`."""
        whole = replace(options or SpeechOptions(), whole_sentences=True)
        chunks = list(self.stream(text, voice, whole))
        samples = np.concatenate([chunk.samples for chunk in chunks])
        return Speech(samples, self.sample_rate, text)

    def stream(
        self, text: str, voice: Voice | str, options: SpeechOptions | None = None
    ) -> Iterator[Speech]:
        """Synthesise a text chunk by chunk.

        Args:
            text: in languages of the model.
            voice: the voice to clone, or the name of a bundled one.
            options: all of them the defaults if not given.

        Yields:
            Audio as soon as it is ready: about a third of a second first, then longer chunks. A
            sentence's first chunk has its text, its last one ends with the pause after it.

        Raises:
            TextError, LanguageError, OptionError: before any audio is made.
            VoiceNotFoundError: there is no bundled voice of this name.
        """
        options = options or SpeechOptions()
        sentences = analyse(text, options.language, options.split)
        voice = bundled_voice(voice) if isinstance(voice, str) else voice
        ref = VoiceRef(voice.key)
        return self.stream_sentences(sentences, ref, HeldVoices({ref.key: voice}), options)

    def stream_sentences(
        self,
        sentences: Sequence[Sentence],
        voice: VoiceRef,
        voices: VoiceSource,
        options: SpeechOptions,
    ) -> Iterator[Speech]:
        """Synthesise analysed sentences in any voice that `voices` can read; see `stream`."""
        chunks: SimpleQueue[AudioChunk | Exception] = SimpleQueue()
        asked = SynthesisRequest("", tuple(sentences), voice, options)
        request = ActiveRequest(asked, voices, chunks.put)
        self._scheduler.admit(request)
        try:
            last = False
            while not last:
                item = chunks.get()
                if isinstance(item, Exception):
                    raise item
                last = item.last
                self._scheduler.chunk_taken(request)
                yield Speech(item.samples, item.sample_rate, item.text)
        finally:
            self._scheduler.end(request)


def speak(text: str, *, voice: Voice | str, **options: Any) -> Speech:  # noqa: ANN401
    """Synthesise a text with the starter model.

    Args:
        text: Mandarin, English or both.
        voice: the voice to clone, or the name of a bundled one, such as `ljspeech`.
        options: fields of `SpeechOptions`.

    Raises:
        MynahError: the text, the voice or an option cannot be used; the message says why.
    """
    return _starter().speak(text, voice, SpeechOptions(**options))


def stream(
    text: str,
    *,
    voice: Voice | str,
    **options: Any,  # noqa: ANN401
) -> Iterator[Speech]:
    """Synthesise a text with the starter model, chunk by chunk; see `Synthesizer.stream`."""
    return _starter().stream(text, voice, SpeechOptions(**options))


@cache
def _starter() -> Synthesizer:
    return Synthesizer(load_models())
