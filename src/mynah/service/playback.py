"""Whether a stream keeps up with somebody who plays it as it comes."""

import time


class Playback:
    """An imagined listener who begins with the first chunk and plays without a pause."""

    def __init__(self) -> None:
        self._until: float | None = None

    def comes_late(self, asked_at: float, seconds: float) -> bool:
        """Whether a chunk that has just come leaves a gap after the one before it.

        Args:
            asked_at: when it was asked for, by `time.perf_counter`. If the listener had heard
                everything by then, it is the caller who takes chunks too slowly.
            seconds: its duration.
        """
        now = time.perf_counter()
        late = self._until is not None and asked_at <= self._until < now
        self._until = max(now, self._until or now) + seconds
        return late
