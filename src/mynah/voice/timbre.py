"""A timbre: how a person sounds, whatever is said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Timbre:
    """How persons sound, one a row.

    Attributes:
        vector: what the networks are conditioned on, (batch, channels, 1).
        colour: what is made of rendered mels, (batch, 80, 81), see `Colouring`; None in models that
            do not colour, as released ones.
    """

    vector: Tensor
    colour: Tensor | None = None

    @classmethod
    def joined(cls, timbres: Sequence[Self]) -> Self:
        """Timbres of one model as the rows of one."""
        colours = [timbre.colour for timbre in timbres if timbre.colour is not None]
        vectors = torch.cat([timbre.vector for timbre in timbres])
        return cls(vectors, torch.cat(colours) if colours else None)

    @property
    def nbytes(self) -> int:
        """Bytes."""
        return self.vector.nbytes + (0 if self.colour is None else self.colour.nbytes)
