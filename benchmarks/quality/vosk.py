"""Vosk as a listener to Mandarin: it had no part in training the starter.

Kaldi's recogniser (Povey et al. 2016, "Purely sequence-trained neural networks for ASR
based on lattice-free MMI") with the small models of https://alphacephei.com/vosk/models.
Its words come from a fixed list, so a rare name is always written as other words. Kaldi adds
faint noise (dither) from a generator that runs on through the process: a clip may be heard a
character differently after other clips, while the same run gives the same figures again.
"""

import json
from pathlib import Path

import vosk

from benchmarks.quality.recogniser import SAMPLE_RATE, Array, resampled
from mynah.errors import LanguageError

_ERRORS_ONLY = -1


class Vosk:
    """One Kaldi model a language.

    Args:
        folder: Holds a folder for each language, named `zh` and so on, with `am/final.mdl`
            and the other files of a Vosk model.
    """

    def __init__(self, folder: Path) -> None:
        vosk.SetLogLevel(_ERRORS_ONLY)
        homes = (home.parent.parent for home in folder.glob("*/am/final.mdl"))
        self._models = {home.name: vosk.Model(str(home)) for home in homes}

    def transcribe(self, samples: Array, sample_rate: int, language: str) -> str:
        """Transcribe a recording of any length, words apart.

        Raises:
            LanguageError: There is no model of the language.
        """
        if language not in self._models:
            known = " or ".join(sorted(self._models)) or "a folder with models"
            raise LanguageError(f"Vosk has no model of {language!r}: use {known}.")
        listener = vosk.KaldiRecognizer(self._models[language], SAMPLE_RATE)
        listener.AcceptWaveform(pcm16(resampled(samples, sample_rate)))
        return str(json.loads(listener.FinalResult())["text"])


def pcm16(audio: Array) -> bytes:
    """Samples as little-endian 16-bit integers; those beyond full scale are clipped."""
    return (audio.clip(-1.0, 1.0) * 32767.0).astype("<i2").tobytes()
