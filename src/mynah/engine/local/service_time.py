"""Service time of the engine, for its answer when it is full."""

import math
from collections.abc import Sequence

_LONGEST_RETRY_SECONDS = 60
_SMOOTHING = 0.1


class ServiceTime:
    """Running mean of the stages' work on a sentence."""

    def __init__(self) -> None:
        self.seconds_per_sentence = 0.0

    def note(self, seconds: float) -> None:
        """Add the work on one more sentence."""
        known = self.seconds_per_sentence or seconds
        self.seconds_per_sentence = known + _SMOOTHING * (seconds - known)

    def seconds_to_a_place(self, left: Sequence[int]) -> int:
        """Seconds until the first of some requests is finished, by the sentences they have left."""
        seconds = math.ceil(min(left) * len(left) * self.seconds_per_sentence)
        return min(max(seconds, 1), _LONGEST_RETRY_SECONDS)
