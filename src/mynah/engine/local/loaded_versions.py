"""Trained versions: those that speak now, and the last of those that did."""

import threading

from mynah.engine.local.active_request import ActiveRequest
from mynah.engine.local.sized_lru import SizedLRU
from mynah.engine.speech_model import SpeechModel


class LoadedVersions:
    """Gives each talk the model that speaks it; one thread asks, any may release.

    What is loaded may be more than `size` by one version: nobody knows how large one is before.

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

    def holds(self, talk: ActiveRequest) -> bool:
        """Whether a talk's version stays in memory for it; the model itself always does."""
        return talk.request.voice.weights is None or talk in self._speaking

    def room_for(self, talk: ActiveRequest) -> bool:
        """Whether a talk's version is at hand, or may be loaded."""
        weights = talk.request.voice.weights
        at_hand = weights is None or weights in self._kept
        return at_hand or self._kept.bytes_in_use < self._size

    def hold(self, talk: ActiveRequest) -> None:
        """From now on a talk's version stays, until `release`; with the lock held."""
        weights = talk.request.voice.weights
        if weights is not None:
            self._speaking[talk] = weights

    def release(self, talk: ActiveRequest) -> None:
        """A talk is over; with the lock held."""
        self._speaking.pop(talk, None)

    def model_of(self, talk: ActiveRequest) -> SpeechModel:
        """What speaks a talk, loaded if it is not at hand.

        Raises:
            CheckpointError: the version's files cannot be used.
        """
        voice, voices = talk.request.voice, talk.voices
        if voice.weights is None:
            return self._model
        return self._kept.get(voice.weights, lambda: self._model.trained(voices.weights(voice)))

    def _speaks(self, key: str) -> bool:
        with self._changed:
            return key in self._speaking.values()
