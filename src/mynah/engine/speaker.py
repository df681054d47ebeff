"""Who speaks, as the engine is told: names and ways to get at things, and nothing of any model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mynah.voice.voice import Voice


@dataclass(frozen=True, slots=True, eq=False)
class TrainedWeights:
    """The weights of one version of a voice.

    Attributes:
        key: names voice and version; what it names never changes.
        fetch: gives a local folder with their files; called only when they are not at hand.
    """

    key: str
    fetch: Callable[[], Path]


@dataclass(frozen=True, slots=True, eq=False)
class Speaker:
    """One version of a voice, and how to get at what it speaks with.

    Attributes:
        key: names voice and version; what it names never changes.
        load: reads the recordings; called only when the voice is not at hand.
        weights: that were trained for it; None if the model's own speak.
    """

    key: str
    load: Callable[[], Voice]
    weights: TrainedWeights | None = None
