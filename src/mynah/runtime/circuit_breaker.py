"""Circuit breaker: a dependency that did not answer is left alone for a moment."""

import time


class CircuitBreaker:
    """Lets no caller wait for a dependency that kept another one waiting just now.

    Args:
        seconds: for which the dependency is left alone.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    @property
    def open(self) -> bool:
        """True while nobody should ask the dependency."""
        return time.monotonic() < self._until

    def trip(self) -> None:
        """Note that it did not answer."""
        self._until = time.monotonic() + self._seconds
