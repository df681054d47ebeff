"""A request for speech, and the voice that it names."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mynah.options import SpeechOptions
from mynah.text.sentence import Sentence
from mynah.voice.voice import Voice


@dataclass(frozen=True, slots=True, eq=False)
class WeightsRef:
    """The weights of one version of a voice.

    Attributes:
        key: names voice and version; what it names never changes.
        fetch: gives a local folder with their files; called only when they are not at hand.
    """

    key: str
    fetch: Callable[[], Path]


@dataclass(frozen=True, slots=True, eq=False)
class VoiceRef:
    """One version of a voice, and how to get at what it speaks with.

    Attributes:
        key: names voice and version; what it names never changes.
        load: reads the recordings; called only when the voice is not at hand.
        weights: that were trained for it; None if the model's own speak.
    """

    key: str
    load: Callable[[], Voice]
    weights: WeightsRef | None = None


@dataclass(frozen=True, slots=True)
class SynthesisRequest:
    """What is to be spoken, how, and for whom.

    Attributes:
        caller: callers take turns, whatever the number of their requests.
        sentences: at least one.
        speaker: the voice.
        options: language, speed and the rest.
    """

    caller: str
    sentences: list[Sentence]
    speaker: VoiceRef
    options: SpeechOptions
