"""What a caller asks of the engine."""

from dataclasses import dataclass

from mynah.engine.speaker import Speaker
from mynah.options import SpeechOptions
from mynah.text.sentence import Sentence


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What is to be spoken, how, and for whom.

    Attributes:
        caller: callers take turns, whatever the number of their requests.
        sentences: at least one.
        speaker: the voice.
        options: language, speed and the rest.
    """

    caller: str
    sentences: list[Sentence]
    speaker: Speaker
    options: SpeechOptions
