"""A voice as both networks take it."""

from dataclasses import dataclass

from torch import Tensor

from mynah.voice.timbre import Timbre


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """A voice that was read through the model, so that nothing about it is computed twice.

    Attributes:
        codes: (tokens,) semantic tokens of the prompt; empty without known words.
        phones: (phones,) ids of its words.
        bert: (1024, phones) their text features, or None for zeros.
        timbre: of one row.
    """

    codes: Tensor
    phones: Tensor
    bert: Tensor | None
    timbre: Timbre

    @property
    def size(self) -> int:
        """Bytes."""
        parts = (self.codes, self.phones, self.bert, self.timbre)
        return sum(part.nbytes for part in parts if part is not None)
