"""Voices that were read through the model, kept while they are in use."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from mynah.engine.speaker import Speaker
from mynah.voice.voice import Voice


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """A voice as both networks take it, so that nothing about it is computed twice.

    Attributes:
        codes: (tokens,) semantic tokens of the prompt; empty without known words.
        phones: (phones,) ids of its words.
        bert: (1024, phones) their text features, or None for zeros.
        timbre: (1, channels, 1).
    """

    codes: Tensor
    phones: Tensor
    bert: Tensor | None
    timbre: Tensor

    @property
    def size(self) -> int:
        """Bytes."""
        tensors = (self.codes, self.phones, self.bert, self.timbre)
        return sum(tensor.nbytes for tensor in tensors if tensor is not None)


class Prompts:
    """The most recently used voices as the model takes them.

    Args:
        read: reads a voice through the model.
        size: bytes that are kept.
    """

    def __init__(self, read: Callable[[Voice], Prompt], size: int) -> None:
        self._read = read
        self._size = size
        self._kept: OrderedDict[str, Prompt] = OrderedDict()

    def of(self, speaker: Speaker) -> Prompt:
        """The speaker's prompt, read if it is not kept."""
        prompt = self._kept.pop(speaker.key, None) or self._read(speaker.load())
        self._kept[speaker.key] = prompt
        while sum(kept.size for kept in self._kept.values()) > self._size:
            self._kept.popitem(last=False)
        return prompt
