"""A voice as both networks take it."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """A voice that was read through the model, so that nothing about it is computed twice.

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
