"""Time in frames of 20 ms: the content encoder's frame, and half a semantic token."""

from dataclasses import dataclass

SAMPLE_RATE = 32_000
SAMPLES = 640
PER_SECOND = SAMPLE_RATE // SAMPLES
PER_TOKEN = 2


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The frames from `start` up to, but without, `end`."""

    start: int
    end: int

    @property
    def frames(self) -> int:
        """The number of frames."""
        return self.end - self.start

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.frames / PER_SECOND

    @property
    def samples(self) -> slice:
        """The slice of 32 kHz samples."""
        return slice(self.start * SAMPLES, self.end * SAMPLES)
