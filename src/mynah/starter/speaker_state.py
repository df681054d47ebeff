"""State of a speaker beside the timbre, read from recordings."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from mynah.starter.residual_bank import ResidualBank


@dataclass(frozen=True, slots=True, eq=False)
class StarterSpeakerState:
    """The state of one speaker for the post-filter.

    Attributes:
        transform: of mels, (1, 80, 81); see `MelPostfilter.transform`.
        bank: of the recordings' frames; None in training and without a content encoder.
    """

    transform: Tensor
    bank: ResidualBank | None = None

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        return type(self)(self.transform.to(device), self.bank and self.bank.to(device))

    @property
    def nbytes(self) -> int:
        """Bytes."""
        return self.transform.nbytes + (self.bank.nbytes if self.bank else 0)
