"""Trained versions in memory: those that speak now, and those that spoke last."""

import threading

from mynah.engine.local.active_request import ActiveRequest
from mynah.engine.local.sized_lru import SizedLRU
from mynah.engine.speech_model import SpeechModel


class LoadedVersions:
    """Loads the model of each request; one thread asks, any may release.

    One version more than `size` may be loaded: its size is known only afterwards.

    Args:
        model: speaks for voices for which nothing is trained.
        size: bytes of versions that are loaded; what speaks stays, and further ones wait.
        changed: the engine's lock.
    """

    def __init__(self, model: SpeechModel, size: int, changed: threading.Condition) -> None:
        self._model = model
        self._size = size
        self._changed = changed
        self._speaking: dict[ActiveRequest, str] = {}
        self._kept: SizedLRU[SpeechModel] = SizedLRU(size, self._speaks)

    def holds(self, request: ActiveRequest) -> bool:
        """True if a request's version stays in memory for it; the model itself always does."""
        return request.request.voice.weights is None or request in self._speaking

    def room_for(self, request: ActiveRequest) -> bool:
        """True if a request's version is in memory, or may be loaded."""
        weights = request.request.voice.weights
        at_hand = weights is None or weights in self._kept
        return at_hand or self._kept.bytes_in_use < self._size

    def hold(self, request: ActiveRequest) -> None:
        """Keep a request's version until `release`; with the lock held."""
        weights = request.request.voice.weights
        if weights is not None:
            self._speaking[request] = weights

    def release(self, request: ActiveRequest) -> None:
        """Let a request's version go; with the lock held."""
        self._speaking.pop(request, None)

    def model_of(self, request: ActiveRequest) -> SpeechModel:
        """The model that speaks a request, loaded if it is not in memory.

        Raises:
            CheckpointError: the version's files cannot be used.
        """
        voice, voices = request.request.voice, request.voices
        if voice.weights is None:
            return self._model
        return self._kept.get(voice.weights, lambda: self._model.trained(voices.weights(voice)))

    def _speaks(self, key: str) -> bool:
        with self._changed:
            return key in self._speaking.values()
