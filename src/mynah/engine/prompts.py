"""Voices that were read through the model, kept while they are in use."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from mynah.voice.prompt import VoicePrompt
from mynah.voice.voice import Voice


@dataclass(frozen=True, slots=True, eq=False)
class Speaker:
    """One version of a voice, and how to get at its recordings.

    Attributes:
        key: names voice and version; what it names never changes.
        load: reads the recordings; called only when the voice is not at hand.
    """

    key: str
    load: Callable[[], Voice]


class Prompts:
    """The most recently used voices as the model takes them.

    Args:
        read: reads a voice through the model.
        size: number of voices kept.
    """

    def __init__(self, read: Callable[[Voice], VoicePrompt], size: int) -> None:
        self._read = read
        self._size = size
        self._kept: OrderedDict[str, VoicePrompt] = OrderedDict()

    def of(self, speaker: Speaker) -> VoicePrompt:
        """The speaker's prompt, read if it is not kept."""
        if speaker.key not in self._kept:
            self._kept[speaker.key] = self._read(speaker.load())
        self._kept.move_to_end(speaker.key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return self._kept[speaker.key]
