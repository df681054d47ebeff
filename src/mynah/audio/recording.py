"""Decoded audio."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Recording:
    """Mono samples between -1 and 1 of shape (samples,), and their rate in hertz."""

    samples: NDArray[np.float32]
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / self.sample_rate

    def at(self, sample_rate: int) -> "Recording":
        """Resample to another rate."""
        if sample_rate == self.sample_rate:
            return self
        import soxr  # noqa: PLC0415  # a machine that only computes reads no files

        resampled = soxr.resample(self.samples, self.sample_rate, sample_rate)
        return Recording(resampled.astype(np.float32), sample_rate)

    def between(self, start: float, end: float) -> "Recording":
        """The part from `start` to `end` seconds."""
        first, last = (max(0, int(t * self.sample_rate)) for t in (start, end))
        return Recording(self.samples[first:last], self.sample_rate)
