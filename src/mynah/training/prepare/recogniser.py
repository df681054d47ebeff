"""Speech recognition of recordings without text, where a recogniser is installed."""

from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mynah.audio.recording import Recording
from mynah.errors import TextError
from mynah.runtime.cores import compute_threads
from mynah.text.languages.registry import language_code
from mynah.training.prepare.alignment import lines
from mynah.training.prepare.frames import SAMPLE_RATE
from mynah.training.prepare.sound import Sound
from mynah.training.trainer import Report
from mynah.voice.tokens import CONTENT_RATE

SIZE = "small"
_TAKEN_AS = {"yue": "zh"}
"""Whisper's smaller models know Cantonese as Chinese."""


class Recogniser(Protocol):
    """Speech recogniser."""

    def __call__(self, samples: NDArray[np.float32], language: str) -> str:
        """Transcribe a 16 kHz waveform (S,) in a language, by its code as `analyse` takes it."""


class FasterWhisper:
    """Whisper by the package faster-whisper, with a model that is already on this machine.

    Raises:
        OSError, ValueError, RuntimeError: there is none, or it cannot be read.
    """

    def __init__(self) -> None:
        self._model = import_module("faster_whisper").WhisperModel(
            SIZE, local_files_only=True, cpu_threads=compute_threads()
        )

    def __call__(self, samples: NDArray[np.float32], language: str) -> str:
        """Transcribe a 16 kHz waveform (S,)."""
        expected = language_code(language).expected
        known = _TAKEN_AS.get(expected[0], expected[0]) if len(expected) == 1 else None
        segments, _ = self._model.transcribe(samples, language=known)
        return " ".join(segment.text.strip() for segment in segments)


def installed_recogniser(report: Report | None = None) -> Recogniser | None:
    """The recogniser of this machine; None without one. A missing model is reported."""
    try:
        return FasterWhisper() if find_spec("faster_whisper") else None
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        if report is not None:
            report.message(
                f"faster-whisper is installed and its model {SIZE!r} is not ({reason}); recordings "
                "without words teach only the acoustic stage until it is."
            )
        return None


def recognised(sound: Sound, language: str, recogniser: Recogniser | None) -> str | None:
    """The transcript of a recording; None without a usable one."""
    if recogniser is None:
        return None
    text = recogniser(Recording(sound.samples, SAMPLE_RATE).at(CONTENT_RATE).samples, language)
    try:
        return text if lines(text, language) else None
    except TextError:
        return None
