"""A timbre: how a person sounds, whatever is said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from mynah.acoustic.exemplars import Exemplars


@dataclass(frozen=True, slots=True, eq=False)
class Timbre:
    """How persons sound, one a row.

    Attributes:
        vector: what the networks are conditioned on, (batch, channels, 1).
        colour: what is made of rendered mels, (batch, 80, 81), see `Colouring`; None in models that
            do not colour, as released ones.
        exemplars: of each row, what recordings tell beside, see `Exemplars`; none of any row if
            empty.
    """

    vector: Tensor
    colour: Tensor | None = None
    exemplars: Sequence[Exemplars | None] = ()

    @classmethod
    def joined(cls, timbres: Sequence[Self]) -> Self:
        """Timbres of one model as the rows of one."""
        colours = [timbre.colour for timbre in timbres if timbre.colour is not None]
        vectors = torch.cat([timbre.vector for timbre in timbres])
        exemplars = [own for timbre in timbres for own in timbre.exemplars or (None,)]
        return cls(vectors, torch.cat(colours) if colours else None, exemplars)

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        colour = None if self.colour is None else self.colour.to(device)
        exemplars = [own and own.to(device) for own in self.exemplars]
        return type(self)(self.vector.to(device), colour, exemplars)

    @property
    def nbytes(self) -> int:
        """Bytes."""
        parts = (self.vector, self.colour, *self.exemplars)
        return sum(part.nbytes for part in parts if part is not None)
