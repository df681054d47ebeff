"""The interface of recognisers: transcribe a recording."""

from collections.abc import Iterator
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import soxr

Array: TypeAlias = npt.NDArray[np.float32]

SAMPLE_RATE = 16_000
WINDOW_SECONDS = 30


class Recogniser(Protocol):
    """A listener."""

    def transcribe(self, samples: Array, sample_rate: int, language: str) -> str:
        """Transcribe a recording.

        Args:
            samples: Mono waveform, shape (samples,).
            sample_rate: Its rate in Hz.
            language: What is spoken: `zh` or `en`.

        Raises:
            LanguageError: This recogniser does not know the language.
        """
        ...


def resampled(samples: Array, sample_rate: int) -> Array:
    """A waveform at the rate that all recognisers hear, `SAMPLE_RATE`."""
    return np.asarray(soxr.resample(samples, sample_rate, SAMPLE_RATE), dtype=np.float32)


def windows(samples: Array, sample_rate: int) -> Iterator[Array]:
    """A recording at `SAMPLE_RATE` in parts of 30 s, the input length of the transformers."""
    audio = resampled(samples, sample_rate)
    length = WINDOW_SECONDS * SAMPLE_RATE
    return (audio[at : at + length] for at in range(0, len(audio), length))
